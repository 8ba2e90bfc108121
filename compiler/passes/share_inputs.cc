// share_inputs: where code adds 0.7*w to one input whenever it adds 0.3*w to another, both become
// one input of w.
//
//   accumulate b.x.in, 0.7*w                 accumulate b.x.y.in, w
//   accumulate b.y.in, 0.3*w
//   x = take b.x.in + load b.x        ->     taken = take b.x.y.in
//   y = take b.y.in + load b.y               x = fma 0.7, taken, load b.x
//                                            y = fma 0.3, taken, load b.y
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/passes/prepare.h"
#include "compiler/passes/rewrite.h"
#include "ir/builder.h"
#include "ir/mutant.h"

namespace bnsyn::compiler {
namespace {

// factor*base, with a factor that is a number.
struct Multiple {
  double factor = 1;
  ir::NodeId base = ir::kNoNode;
};

Multiple AsMultiple(const ir::Block& block, ir::NodeId id) {
  const ir::Node& node = block.nodes[id];
  if (node.op != ir::Op::kMul) return {1, id};
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const ir::Node& factor = block.nodes[node.operands[i]];
    if (factor.op == ir::Op::kLiteral) return {ir::F64OfBits(factor.attr), node.operands[1 - i]};
  }
  return {1, id};
}

// What all code adds to an input, in its order.
struct Additions {
  std::vector<std::pair<size_t, ir::NodeId>> bases;  // the block and the node there
  std::optional<double> factor;                      // of all; none where they differ
};

class InputSharer {
 public:
  InputSharer(const ir::Program& program, const ProgramFacts& facts)
      : program_(program),
        facts_(facts),
        shares_(program.inputs.size()),
        receivers_(program.domains.size()),
        added_(program.inputs.size()) {
    std::unordered_map<std::string, ir::InputId> ids;
    for (ir::InputId id = 0; id < program.inputs.size(); ++id) ids[program.inputs[id].name] = id;
    for (const Receiver& receiver : facts.receivers) {
      const auto found = ids.find(receiver.input);
      if (found == ids.end()) continue;
      added_[found->second] = receiver.state.has_value();
      receivers_[DomainOf(found->second)].push_back(found->second);
    }
  }

  ir::Program Run() {
    FindAdditions();
    for (const std::vector<ir::InputId>& receivers : receivers_) {
      for (const ir::InputId id : receivers) FindSharers(id);
    }
    ir::Program result = program_;
    result.inputs.clear();
    for (ir::InputId id = 0; id < program_.inputs.size(); ++id) {
      moved_.push_back(static_cast<ir::InputId>(result.inputs.size()));
      if (!IsReplaced(id)) result.inputs.push_back(Renamed(id));
    }
    if (result.inputs.size() == program_.inputs.size()) return result;
    for (ir::Events& events : result.events) events.input = moved_[events.input];
    for (ir::Block& block : result.synaptic) block = RewrittenSynapses(result, block);
    for (ir::Block& block : result.loops) block = RewrittenStep(result, block);
    for (ir::Block& block : result.step) block = RewrittenStep(result, block);
    return result;
  }

 private:
  // The part of an input in a group of inputs that become one.
  struct Share {
    ir::InputId kept = 0;             // the input that stands for the group
    double factor = 1;                // of what is taken from that
    std::vector<std::string> others;  // the variables of the other inputs, where this one is kept
  };

  bool IsReplaced(ir::InputId id) const { return shares_[id] && shares_[id]->kept != id; }

  void FindAdditions() {
    additions_.resize(program_.inputs.size());
    for (size_t b = 0; b < program_.synaptic.size(); ++b) {
      const ir::Block& block = program_.synaptic[b];
      for (const ir::Node& node : block.nodes) {
        if (node.op == ir::Op::kAccumulatePre) to_sources_.insert(node.attr);
        if (node.op != ir::Op::kAccumulate) continue;
        Additions& all = additions_[node.attr];
        const Multiple added = AsMultiple(block, node.operands[0]);
        if (all.bases.empty()) {
          all.factor = added.factor;
        } else if (all.factor != added.factor) {
          all.factor.reset();
        }
        all.bases.emplace_back(b, added.base);
      }
    }
  }

  // Of one population.
  bool CanShare(ir::InputId one, ir::InputId other) const {
    // The user chose the resolution of one of them.
    if (to_sources_.contains(one) || to_sources_.contains(other)) return false;
    if (facts_.FindResolution(program_.inputs[one].name) != nullptr ||
        facts_.FindResolution(program_.inputs[other].name) != nullptr) {
      return false;
    }
    const auto is_usable = [](const std::optional<double>& factor) {
      return factor.has_value() && std::isfinite(*factor) && *factor != 0;
    };
    const Additions& a = additions_[one];
    const Additions& b = additions_[other];
    const bool same = a.bases == b.bases || Mutant("pass.share_inputs.bases");
    return same && is_usable(a.factor) && is_usable(b.factor);
  }

  size_t DomainOf(ir::InputId id) const {
    return static_cast<size_t>(program_.inputs[id].population);
  }

  // Those that can share an input, the first of its group, take that one too.
  void FindSharers(ir::InputId kept) {
    if (shares_[kept]) return;
    for (const ir::InputId id : receivers_[DomainOf(kept)]) {
      if (id == kept || shares_[id] || !CanShare(kept, id)) continue;
      if (!shares_[kept]) shares_[kept] = {kept, *additions_[kept].factor, {}};
      shares_[id] = {kept, *additions_[id].factor, {}};
      shares_[kept]->others.push_back(VariableOf(id));
    }
  }

  // "y" of the input "b.y.in" of population b.
  std::string VariableOf(ir::InputId id) const {
    const ir::Input& input = program_.inputs[id];
    const std::string prefix = absl::StrCat(program_.DomainName(input.population), ".");
    return std::string(absl::StripSuffix(absl::StripPrefix(input.name, prefix), ".in"));
  }

  ir::Input Renamed(ir::InputId id) const {
    ir::Input input = program_.inputs[id];
    if (!shares_[id]) return input;
    for (const std::string& other : shares_[id]->others) {
      input.name =
          absl::StrCat(std::string(absl::StripSuffix(input.name, ".in")), ".", other, ".in");
    }
    input.unit.clear();  // the factors may have units too
    return input;
  }

  // Each addition goes to the input that is now there; those that another stands for go.
  ir::Block RewrittenSynapses(const ir::Program& result, const ir::Block& block) const {
    const ir::Block rewritten = RewriteBlock(
        result, block, [&](Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
          const ir::Node& node = block.nodes[id];
          if (node.op == ir::Op::kAccumulatePre) {
            return rewriter.builder().Emit(node.op, {rewriter.At(node.operands[0])},
                                           moved_[node.attr]);
          }
          if (node.op != ir::Op::kAccumulate) return std::nullopt;
          const auto input = static_cast<ir::InputId>(node.attr);
          if (IsReplaced(input)) return ir::Value{};
          const ir::NodeId added =
              shares_[input] ? AsMultiple(block, node.operands[0]).base : node.operands[0];
          return rewriter.builder().Emit(ir::Op::kAccumulate, {rewriter.At(added)}, moved_[input]);
        });
    ir::Block live = WithoutDeadNodes(result, rewritten);
    if (live.sums.has_value()) live.sums = moved_[*live.sums];
    return live;
  }

  ir::Block RewrittenStep(const ir::Program& result, const ir::Block& block) const {
    std::vector<ir::Value> taken(program_.inputs.size());  // by the input that is kept
    // Products of what is taken that are still to be added to a state, by old node.
    std::vector<std::pair<ir::Value, ir::Value>> products(block.nodes.size());
    return RewriteBlock(
        result, block, [&](Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
          const ir::Node& node = block.nodes[id];
          ir::Builder& builder = rewriter.builder();
          if (node.op == ir::Op::kAdd) {
            for (const size_t i : {size_t{0}, size_t{1}}) {
              const auto& [factor, sum] = products[node.operands[i]];
              if (!sum.valid()) continue;
              return builder.Emit(ir::Op::kFma, {factor, sum, rewriter.At(node.operands[1 - i])});
            }
          }
          if (ir::Info(node.op).attr != ir::AttrKind::kInput) return std::nullopt;
          const auto input = static_cast<ir::InputId>(node.attr);
          if (!shares_[input]) return builder.Emit(node.op, node.type(), {}, moved_[input]);
          ir::Value& sum = taken[shares_[input]->kept];
          if (!sum.valid()) {
            sum = builder.Emit(node.op, node.type(), {}, moved_[shares_[input]->kept]);
          }
          if (shares_[input]->factor == 1) return sum;
          const bool kept = Mutant("pass.share_inputs.factor");
          const ir::Value factor =
              builder.F64(kept ? shares_[shares_[input]->kept]->factor : shares_[input]->factor);
          if (!added_[input]) return builder.Emit(ir::Op::kMul, {factor, sum});
          products[id] = {factor, sum};
          return ir::Value{};
        });
  }

  const ir::Program& program_;
  const ProgramFacts& facts_;
  std::vector<Additions> additions_;          // by input
  std::set<uint64_t> to_sources_;             // inputs to which synapses add as of their sources
  std::vector<std::optional<Share>> shares_;  // by input
  // By domain: the inputs that variables receive, in the order in which the step takes them.
  std::vector<std::vector<ir::InputId>> receivers_;
  std::vector<bool> added_;         // by input: what is taken is only added to a state
  std::vector<ir::InputId> moved_;  // the number that an input has afterwards
};

}  // namespace

absl::StatusOr<ir::Program> ShareInputs(const ir::Program& program, const ProgramFacts& facts) {
  return InputSharer(program, facts).Run();
}

}  // namespace bnsyn::compiler
