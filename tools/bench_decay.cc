// The price of letting conductances decay, which fusion hides in the update of a population.
//
// They are found by their role in the program and left out: the price is the difference between two
// programs that are alike but for it.

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/passes/rewrite.h"
#include "ir/status_macros.h"
#include "tools/bench_parts.h"

namespace bnsyn::tools {
namespace {

// Where a step lets a state decay: a float of each neuron whose next value is made of itself, of
// what arrives, of draws and of uniform values, by a product with a uniform value.
struct Decay {
  ir::StateId state = 0;
  ir::NodeId stored = ir::kNoNode;
  ir::NodeId left = ir::kNoNode;     // the same before small numbers become 0 (R9)
  ir::NodeId arrived = ir::kNoNode;  // the same before it decays
};

class DecayFinder {
 public:
  DecayFinder(const ir::Program& program, const ir::Block& step) : program_(program), step_(step) {}

  std::vector<Decay> Find() const {
    std::vector<Decay> decays;
    for (const ir::Node& store : step_.nodes) {
      if (store.op != ir::Op::kStore) continue;
      const auto state = static_cast<ir::StateId>(store.attr);
      const ir::Type type = program_.states[state].type;
      if (type.uniform() || !ir::IsFloat(type.element)) continue;
      const ir::NodeId left = BeforeFlush(store.operands[0]);
      const ir::NodeId arrived = BeforeDecay(left);
      if (arrived == ir::kNoNode || !IsOwn(arrived, state)) continue;
      decays.push_back({state, store.operands[0], left, arrived});
    }
    return decays;
  }

 private:
  const ir::Node& node(ir::NodeId id) const { return step_.nodes[id]; }
  bool Uniform(ir::NodeId id) const { return node(id).type().uniform(); }

  // What a value was before a choice made a 0 of small ones.
  ir::NodeId BeforeFlush(ir::NodeId id) const {
    const ir::Node& n = node(id);
    return n.op == ir::Op::kSelect && Uniform(n.operands[1]) ? n.operands[2] : id;
  }

  // What a value was before it was multiplied by a uniform one; with the addition and subtraction
  // by which small numbers vanish, if there is that.
  ir::NodeId BeforeDecay(ir::NodeId id) const {
    const ir::Node* n = &node(id);
    if (n->op == ir::Op::kSub && Uniform(n->operands[1])) n = &node(n->operands[0]);
    const bool product =
        n->op == ir::Op::kMul || (n->op == ir::Op::kFma && Uniform(n->operands[2]));
    if (!product || Uniform(n->operands[0]) == Uniform(n->operands[1])) return ir::kNoNode;
    return Uniform(n->operands[0]) ? n->operands[1] : n->operands[0];
  }

  // True if a value is made of this state of its neuron and of no other.
  bool IsOwn(ir::NodeId id, ir::StateId state) const {
    bool reads_itself = false;
    std::vector<bool> needed(id + size_t{1});
    needed[id] = true;
    for (ir::NodeId i = id + 1; i-- > 0;) {
      if (!needed[i] || Uniform(i)) continue;
      const ir::Node& n = node(i);
      if (ir::Info(n.op).attr == ir::AttrKind::kState) {
        if (n.op != ir::Op::kLoad || n.attr != state) return false;
        reads_itself = true;
      }
      for (const ir::NodeId operand : n.inputs()) needed[operand] = true;
    }
    return reads_itself;
  }

  const ir::Program& program_;
  const ir::Block& step_;
};

// The program with its decaying states held: a step computes what they become, with or without the
// decay, and stores it elsewhere. So both ways do the same, and no conductance runs away.
ir::Program Held(const ir::Program& program, const std::vector<Decay>& decays, bool decay) {
  ir::Program result = program;
  std::vector<std::optional<ir::StateId>> elsewhere(program.states.size());
  for (const Decay& d : decays) {
    ir::State state = program.states[d.state];
    absl::StrAppend(&state.name, ".held");
    elsewhere[d.state] = static_cast<ir::StateId>(result.states.size());
    result.states.push_back(std::move(state));
  }
  result.step[0] = compiler::RewriteBlock(
      result, program.step[0],
      [&](compiler::Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
        const ir::Node& node = program.step[0].nodes[id];
        for (const Decay& d : decays) {
          if (!decay && (id == d.left || id == d.stored)) return rewriter.At(d.arrived);
          if (node.attr != d.state) continue;
          if (node.op == ir::Op::kCheck) return ir::Value{};
          if (node.op != ir::Op::kStore) continue;
          rewriter.builder().Store(*elsewhere[d.state], rewriter.Operand(id, 0));
          return ir::Value{};
        }
        return std::nullopt;
      });
  return result;
}

// Takes the decaying states of a network that ran for a while.
absl::Status Copy(const std::vector<Decay>& decays, const Simulation& from, Simulation& to) {
  for (const Decay& d : decays) {
    const reference::ArrayView values = RawState(from, d.state);
    std::vector<ir::Bits> bits;
    for (size_t i = 0; i < values.size; ++i) bits.push_back(values.bits(i));
    for (uint32_t i = 0; i < bits.size(); ++i) {
      BNSYN_RETURN_IF_ERROR(SetRawState(to, d.state, i, bits[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DecayPrice> PriceDecay(const BenchArguments& arguments) {
  DecayPrice price;
  price.part.name = "conductance_decay";
  const auto none = [&](const char* why) {
    price.part.missing = why;
    return price;
  };
  if (IsProgramText(arguments.source.path)) {
    return none("the text of a program has lost the roles of states: give the network file");
  }
  compiler::CompileOptions options;
  options.disabled_passes = {"decay_inputs"};
  BNSYN_ASSIGN_OR_RETURN(const Loaded loaded, Load(arguments.source, options));
  const ir::Program& program = loaded.program;
  const std::vector<Decay> decays = program.step.size() == 1
                                        ? DecayFinder(program, program.step[0]).Find()
                                        : std::vector<Decay>();
  if (decays.empty()) return none("no state of neurons only decays and receives");
  std::vector<std::string> states;
  for (const Decay& d : decays) {
    states.push_back(program.states[d.state].name);
    price.part.elements += program.Size(program.states[d.state].type.domain);
  }
  BNSYN_ASSIGN_OR_RETURN(Sample plain, Sample::Start(program, arguments, false));
  BNSYN_RETURN_IF_ERROR(plain.simulation().Step(arguments.warmup));
  BNSYN_ASSIGN_OR_RETURN(Sample with, Sample::Start(Held(program, decays, true), arguments, true));
  BNSYN_ASSIGN_OR_RETURN(Sample without,
                         Sample::Start(Held(program, decays, false), arguments, true));
  for (Sample* const sample : {&with, &without}) {
    BNSYN_RETURN_IF_ERROR(Copy(decays, plain.simulation(), sample->simulation()));
    BNSYN_RETURN_IF_ERROR(sample->simulation().Step(arguments.warmup));
  }
  const uint64_t spikes_with = with.simulation().report().spikes;
  const uint64_t spikes_without = without.simulation().report().spikes;
  BNSYN_RETURN_IF_ERROR(RunInTurn(with, without, arguments));
  if (with.simulation().report().spikes == spikes_with ||
      without.simulation().report().spikes == spikes_without) {
    return none("nothing spikes while conductances are held");
  }
  const Measured one = with.of(KernelKind::kPopulation);
  const Measured other = without.of(KernelKind::kPopulation);
  price.part.ns = {one.least - other.least, one.noise + other.noise};
  price.note = absl::StrCat("conductance_decay: of ", absl::StrJoin(states, ", "),
                            ", as states, by leaving it out of adex_update");
  return price;
}

}  // namespace bnsyn::tools
