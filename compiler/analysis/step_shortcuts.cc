#include "compiler/analysis/step_shortcuts.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "absl/algorithm/container.h"

namespace bnsyn::compiler {
namespace {

using ir::Element;
using ir::NodeId;
using ir::Op;
using ir::StateId;

// A falling state falls by less than 2^kFall in a stretch.
constexpr double kFall = 8;
// Fewer steps than these do not pay for a look at the states.
constexpr double kLeastSteps = 16;
constexpr double kMostSteps = 1 << 20;
// A whole multiple of 2^kGrain is 0, or not below what is flushed.
constexpr int kGrain = -960;
// What a number that is 0 or at least 2^e in magnitude is a whole multiple of: 2^(e - these).
constexpr int kBitsBehind = 52;
constexpr int kFloat32BitsBehind = 23;
constexpr int kGrainOfZero = 4000;
// Products may underflow if they are multiples of less.
constexpr int kLeastGrain = -1074;

struct Flush {
  NodeId value;
  double below;
};

class Finder {
 public:
  Finder(const ir::Program& program, const Deferral& deferral)
      : program_(program),
        block_(program.synaptic[*deferral.step]),
        captured_(deferral.step_captured.begin(), deferral.step_captured.end()) {}

  StepShortcuts Run() {
    if (!FindStores()) return {};
    const double most = FindFalling();
    if (most < kLeastSteps) return {};
    FindFlushes();
    FindHeld();
    if (!found_.flushes.empty() || !found_.held.empty()) {
      found_.most_steps = static_cast<uint32_t>(most);
    }
    return std::move(found_);
  }

 private:
  const ir::Node& node(NodeId id) const { return block_.nodes[id]; }
  NodeId Operand(NodeId id, size_t i) const { return node(id).operands[i]; }

  // False where a state is read behind its store, or stored twice.
  bool FindStores() {
    for (NodeId id = 0; id < block_.nodes.size(); ++id) {
      const auto state = static_cast<StateId>(node(id).attr);
      if (node(id).op == Op::kLoad && stores_.contains(state)) return false;
      if (node(id).op == Op::kStore && !stores_.emplace(state, Operand(id, 0)).second) return false;
    }
    return true;
  }

  std::optional<double> Literal(NodeId id) const {
    if (node(id).op != Op::kLiteral || node(id).element != Element::kF64) return std::nullopt;
    const double number = ir::F64OfBits(node(id).attr);
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
  }

  // What lowering writes for R9: the value, or 0 if it is tiny.
  std::optional<Flush> FlushAt(NodeId id) const {
    if (node(id).op != Op::kSelect) return std::nullopt;
    const ir::Node& less = node(Operand(id, 0));
    const std::optional<double> otherwise = Literal(Operand(id, 1));
    if (less.op != Op::kLt || !otherwise || *otherwise != 0 || std::signbit(*otherwise)) {
      return std::nullopt;
    }
    const ir::Node& magnitude = node(less.operands[0]);
    const std::optional<double> below = Literal(less.operands[1]);
    if (!below || magnitude.op != Op::kAbs || magnitude.operands[0] != Operand(id, 2)) {
      return std::nullopt;
    }
    return Flush{Operand(id, 2), *below};
  }

  // The node without conversions between floats.
  NodeId Unconverted(NodeId id) const {
    const bool converts = node(id).op == Op::kConvert && ir::IsFloat(node(id).element) &&
                          ir::IsFloat(node(Operand(id, 0)).element);
    return converts ? Operand(id, 0) : id;
  }
  bool Loads(NodeId id, StateId state) const {
    const ir::Node& load = node(Unconverted(id));
    return load.op == Op::kLoad && load.attr == state;
  }

  // Finds the states that fall, and their flushes; returns for how many steps they fall little.
  double FindFalling() {
    double most = kMostSteps;
    for (const auto& [state, stored] : stores_) {
      const NodeId kept = Unconverted(stored);
      const std::optional<Flush> flush = FlushAt(kept);
      const NodeId product = flush ? flush->value : kept;
      if (node(product).op != Op::kMul) continue;
      for (const size_t side : {0, 1}) {
        const std::optional<double> factor = Literal(Operand(product, side));
        if (!factor || !(*factor > 0 && *factor < 1)) continue;
        if (!Loads(Operand(product, 1 - side), state)) continue;
        found_.falling.push_back(state);
        most = std::min(most, std::floor((kFall - 0.25) / -std::log2(*factor)));
        if (flush && flush->below <= Least(state)) {
          found_.flushes[kept] = product;
          found_.large.push_back(state);
        }
      }
    }
    return most;
  }
  bool Falls(StateId state) const { return absl::c_linear_search(found_.falling, state); }

  // Below this no state that is not 0 can be within a stretch, if it was not tiny at the beginning.
  double Least(StateId state) const {
    const bool narrow = program_.states[state].type.element == Element::kF32;
    const double tiny = narrow ? kTinyFloat32State : kTinyState;
    return Falls(state) ? std::ldexp(tiny, static_cast<int>(-kFall)) : tiny;
  }

  // Finds the flushes of whole multiples of some number. Those of states that do not fall are first
  // supposed to stay so, as long as what is stored agrees.
  void FindFlushes() {
    for (const auto& [state, stored] : stores_) {
      if (program_.states[state].type.element == Element::kF64 && !Falls(state)) {
        grained_.insert(state);
      }
    }
    bool agrees = false;
    while (!agrees) {
      agrees = true;
      for (const StateId state : std::set(grained_)) {
        const std::optional<int> grain = Grain(stores_.at(state));
        if (grain && *grain >= kGrain && !MayBeMinusZero(stores_.at(state))) continue;
        grained_.erase(state);
        agrees = false;
      }
    }
    for (NodeId id = 0; id < block_.nodes.size(); ++id) {
      const std::optional<Flush> flush = FlushAt(id);
      if (!flush || found_.flushes.contains(id)) continue;
      const std::optional<int> grain = Grain(flush->value);
      if (!grain || std::ldexp(1, *grain) < flush->below || MayBeMinusZero(flush->value)) continue;
      found_.flushes[id] = flush->value;
      found_.large_captured = true;
      for (const ir::Node& load : block_.nodes) {
        const auto state = static_cast<StateId>(load.attr);
        const bool own =
            load.op == Op::kLoad && !load.type().uniform() && ir::IsFloat(load.element);
        if (own && !absl::c_linear_search(found_.large, state)) found_.large.push_back(state);
      }
    }
  }

  bool IsCaptured(NodeId id) const { return captured_.contains(id); }

  // If a value is always a whole multiple of 2^n, such an n.
  std::optional<int> Grain(NodeId id) const {
    if (IsCaptured(id)) {
      if (node(id).element != Element::kF64) return std::nullopt;
      return std::ilogb(kTinyCaptured) - kBitsBehind;
    }
    if (const std::optional<double> number = Literal(id)) return GrainOf(*number);
    std::optional<int> a, b, c;
    const auto of = [&](size_t i) { return Grain(Operand(id, i)); };
    switch (node(id).op) {
      case Op::kLoad:
        return GrainOfState(static_cast<StateId>(node(id).attr));
      case Op::kConvert:
        if (Unconverted(id) == id || node(id).element != Element::kF64) return std::nullopt;
        return of(0);
      case Op::kNeg:
      case Op::kAbs:
        return of(0);
      case Op::kMul:
      case Op::kFma:
        a = of(0), b = of(1);
        if (!a || !b || *a + *b < kLeastGrain) return std::nullopt;
        if (node(id).op == Op::kMul) return *a + *b;
        c = of(2);
        return c ? std::optional(std::min(*a + *b, *c)) : std::nullopt;
      case Op::kAdd:
      case Op::kSub:
      case Op::kMin:
      case Op::kMax:
        a = of(0), b = of(1);
        return a && b ? std::optional(std::min(*a, *b)) : std::nullopt;
      case Op::kSelect:
        a = of(1), b = of(2);
        return a && b ? std::optional(std::min(*a, *b)) : std::nullopt;
      default:
        return std::nullopt;
    }
  }

  static int GrainOf(double number) {
    if (number == 0) return kGrainOfZero;
    int exponent = std::ilogb(number) - kBitsBehind;
    while (std::fmod(number, std::ldexp(1, exponent + 1)) == 0) ++exponent;
    return exponent;
  }

  std::optional<int> GrainOfState(StateId state) const {
    const bool narrow = program_.states[state].type.element == Element::kF32;
    if (narrow ? !Falls(state) && stores_.contains(state)
               : program_.states[state].type.element != Element::kF64) {
      return std::nullopt;
    }
    if (Falls(state) || !stores_.contains(state)) {
      return std::ilogb(Least(state)) - (narrow ? kFloat32BitsBehind : kBitsBehind);
    }
    return grained_.contains(state) ? std::optional(kGrain) : std::nullopt;
  }

  // Of a value with a grain, which is no product of numbers that underflows.
  bool MayBeMinusZero(NodeId id) const {
    if (const std::optional<double> number = Literal(id)) {
      return *number == 0 && std::signbit(*number);
    }
    if (IsCaptured(id)) return true;
    const auto of = [&](size_t i) { return MayBeMinusZero(Operand(id, i)); };
    switch (node(id).op) {
      case Op::kLoad:
      case Op::kAbs:
        return false;
      case Op::kConvert:
        return of(0);
      case Op::kMul:
        for (const size_t side : {0, 1}) {
          if (Literal(Operand(id, side)).value_or(0) > 0) return of(1 - side);
        }
        return true;
      // A sum is -0 where both terms are.
      case Op::kAdd:
        return of(0) && of(1);
      case Op::kSub:
        return of(0);
      case Op::kFma:
        return of(2);
      case Op::kMin:
      case Op::kMax:
        return of(0) || of(1);
      case Op::kSelect:
        return of(1) || of(2);
      default:
        return true;
    }
  }

  void FindHeld() {
    for (const ir::Node& of : block_.nodes) {
      if (!ir::HasResult(of.op) && of.op != Op::kStore) return;
    }
    std::map<StateId, NodeId> held;
    for (const auto& [state, stored] : stores_) {
      if (Falls(state)) continue;
      if (!Follow(stored, state)) return;
      held[state] = stored;
    }
    found_.held = std::move(held);
  }

  // Finds how a state gets to a node; false where it does not, or by nodes that may fall with it.
  bool Follow(NodeId id, StateId state) {
    if (Loads(id, state)) return true;
    const auto through = [&](size_t i) {
      found_.held_operand[id] = i;
      return Follow(Operand(id, i), state);
    };
    switch (node(id).op) {
      case Op::kAdd:
        for (const size_t side : {0, 1}) {
          if (HasMagnitude(Operand(id, 1 - side))) return through(side);
        }
        return false;
      case Op::kSub:
        return HasMagnitude(Operand(id, 1)) && through(0);
      case Op::kFma:
        return HasMagnitude(Operand(id, 0)) && HasMagnitude(Operand(id, 1)) && through(2);
      case Op::kMin:
      case Op::kMax:
        return Literal(Operand(id, 1)) && through(0);
      case Op::kSelect:
        return FlushAt(id) && through(2);
      case Op::kConvert:
        return Unconverted(id) != id && through(0);
      default:
        return false;
    }
  }

  bool HasMagnitude(NodeId id) const {
    if (Literal(id)) return true;
    if (IsCaptured(id)) return node(id).element == Element::kF64;
    switch (node(id).op) {
      case Op::kLoad: {
        const auto state = static_cast<StateId>(node(id).attr);
        return ir::IsFloat(node(id).element) && (Falls(state) || !stores_.contains(state));
      }
      case Op::kMul:
      case Op::kFma:
      case Op::kAdd:
      case Op::kSub:
      case Op::kNeg:
      case Op::kAbs:
        return absl::c_all_of(node(id).inputs(), [&](NodeId of) { return HasMagnitude(of); });
      case Op::kConvert:
        return Unconverted(id) != id && HasMagnitude(Operand(id, 0));
      default:
        return false;
    }
  }

  const ir::Program& program_;
  const ir::Block& block_;
  const std::set<NodeId> captured_;
  std::map<StateId, NodeId> stores_;  // by state, what is stored
  std::set<StateId> grained_;         // states that are multiples of 2^kGrain
  StepShortcuts found_;
};

}  // namespace

StepShortcuts FindStepShortcuts(const ir::Program& program, const Deferral& deferral) {
  return Finder(program, deferral).Run();
}

}  // namespace bnsyn::compiler
