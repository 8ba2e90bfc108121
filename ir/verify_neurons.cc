// States of neurons that arriving spikes store: who else may read and store them.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/levels.h"
#include "ir/program.h"
#include "ir/violation.h"

namespace bnsyn::ir {
namespace {

// Who stores a state.
struct Storing {
  Op op;
  ProjectionId projection;
};

class NeuronStates {
 public:
  explicit NeuronStates(const Program& program)
      : program_(program), storing_(program.states.size()) {}

  Result Check() {
    for (const std::vector<Block>* const blocks : {&program_.synaptic, &program_.now}) {
      for (const Block& block : *blocks) {
        if (auto v = Find(block)) return v;
      }
    }
    for (const std::vector<Block>* const blocks :
         {&program_.synaptic, &program_.now, &program_.loops, &program_.step}) {
      for (const Block& block : *blocks) {
        if (auto v = CheckBlock(block)) return v;
      }
    }
    return std::nullopt;
  }

 private:
  static Violation At(const Block& block, NodeId node, Violation violation) {
    violation.symbol = block.name;
    violation.block = &block;
    violation.node = node;
    return violation;
  }

  Result Find(const Block& block) {
    for (NodeId id = 0; id < block.nodes.size(); ++id) {
      const Node& node = block.nodes[id];
      if (!StoresNeuron(node)) continue;
      const Storing storing = {node.op, program_.ProjectionOf(block)};
      std::optional<Storing>& known = storing_[node.attr];
      for (NodeId before = 0; before < id; ++before) {
        if (!StoresNeuron(block.nodes[before]) || block.nodes[before].attr != node.attr) continue;
        return At(block, id,
                  Fail(absl::StrCat("the block stores ", program_.states[node.attr].name, " twice"),
                       "both act behind the block: leave one out"));
      }
      if (known && (known->op != storing.op || known->projection != storing.projection)) {
        return At(block, id,
                  Fail(absl::StrCat(program_.states[node.attr].name, " is stored by ",
                                    Info(known->op).name, " of ", Name(known->projection)),
                       "the arrivals of one side of one projection store a state"));
      }
      known = storing;
    }
    return std::nullopt;
  }

  Result CheckBlock(const Block& block) const {
    for (NodeId id = 0; id < block.nodes.size(); ++id) {
      const Node& node = block.nodes[id];
      if (Info(node.op).attr != AttrKind::kState || !storing_[node.attr]) continue;
      const Storing& storing = *storing_[node.attr];
      if (May(block, node, storing)) continue;
      const bool of_source = storing.op == Op::kStorePre;
      return At(
          block, id,
          Fail(absl::StrCat(Info(node.op).name, " cannot be of ", program_.states[node.attr].name,
                            ", which ", Info(storing.op).name, " of ", Name(storing.projection),
                            " stores"),
               of_source ? "load_pre in the blocks of that projection reads it"
                         : "load_post in the blocks of that projection reads it, and the "
                           "step may load and store it"));
    }
    return std::nullopt;
  }

  bool May(const Block& block, const Node& node, const Storing& storing) const {
    const bool over_synapses =
        program_.domains[static_cast<size_t>(block.domain)].kind == DomainKind::kProjection;
    if (!over_synapses || block.kind == BlockKind::kKernel) {
      const bool own = node.op == Op::kLoad || node.op == Op::kStore || node.op == Op::kCheck;
      return own && storing.op == Op::kStorePost;
    }
    if (program_.ProjectionOf(block) != storing.projection) return false;
    const Op load = storing.op == Op::kStorePre ? Op::kLoadPre : Op::kLoadPost;
    return node.op == load || node.op == storing.op || node.op == Op::kCheck;
  }

  const std::string& Name(ProjectionId projection) const {
    return program_.projections[projection].name;
  }

  const Program& program_;
  std::vector<std::optional<Storing>> storing_;  // by state
};

}  // namespace

std::optional<Violation> FindInNeuronStates(const Program& program) {
  return NeuronStates(program).Check();
}

}  // namespace bnsyn::ir
