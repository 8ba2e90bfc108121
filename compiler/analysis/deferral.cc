#include "compiler/analysis/deferral.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "compiler/analysis/value_range.h"
#include "ir/access.h"
#include "ir/levels.h"

namespace bnsyn::compiler {
namespace {

using ir::AttrKind;
using ir::BlockKind;
using ir::Level;
using ir::Op;

// Clocks that tick more often let rows fall behind by too little for deferral to pay.
constexpr uint32_t kLeastClock = 100;

bool MovesInStep(const ir::Program& program, ir::StateId state) {
  const auto stores = [state](const ir::Node& node) {
    return node.op == Op::kStore && node.attr == state;
  };
  const auto any = [&](const ir::Block& block) { return absl::c_any_of(block.nodes, stores); };
  return absl::c_any_of(program.step, any) || absl::c_any_of(program.loops, any) ||
         program.FindInputHeldBy(state).has_value();
}

// The code of arrivals that stores a state of neurons, or null.
const ir::Block* StoredByArrivals(const ir::Program& program, ir::StateId state) {
  for (const ir::Block& block : program.synaptic) {
    for (const ir::Node& node : block.nodes) {
      if (node.attr == state && ir::StoresNeuron(node)) return &block;
    }
  }
  return nullptr;
}

std::vector<ir::NodeId> Captured(const ir::Program& program, const ir::Block& block) {
  const std::vector<bool> deferred = DeferredNodes(program, block);
  std::vector<bool> captured(block.nodes.size());
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    if (!deferred[id]) continue;
    for (const ir::NodeId operand : block.nodes[id].inputs()) {
      captured[operand] = !deferred[operand] && !IsAtHand(block, operand);
    }
  }
  std::vector<ir::NodeId> nodes;
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    if (captured[id]) nodes.push_back(id);
  }
  return nodes;
}

class Decision {
 public:
  Decision(const ir::Program& program, ir::ProjectionId id)
      : program_(program),
        domain_(program.projections[id].domain),
        blocks_(program.SynapticOf(id)),
        first_(static_cast<size_t>(blocks_.data() - program.synaptic.data())) {}

  std::vector<BlockDeferral> Run() {
    FindObstacles();
    // Nothing is gained where some code visits all synapses of a step, or of a spike, anyway.
    std::string whole;
    for (size_t i = 0; i < blocks_.size() && whole.empty(); ++i) {
      if (!obstacle_[i].empty()) whole = absl::StrCat(Named(blocks_[i]), " ", obstacle_[i]);
    }
    if (whole.empty()) whole = ObstacleOfOrder();
    std::vector<BlockDeferral> decided;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      const ir::Block& block = blocks_[i];
      if (block.kind == BlockKind::kOnPre || block.sums.has_value()) continue;
      BlockDeferral result = {first_ + i, false, obstacle_[i]};
      if (result.reason.empty()) {
        if (!VisitsSynapses(program_, block)) {
          result.reason = "only stores variables of neurons, and visits no synapse";
        } else if (block.HasClock()) {
          result.reason = absl::StrCat("has a clock that ticks every ", block.every, " steps");
        } else if (!whole.empty()) {
          result.reason = absl::StrCat("could be deferred, but ", whole);
        } else {
          result.deferred = true;
          result.reason = "reads and writes nothing but what its synapses have";
        }
      }
      decided.push_back(std::move(result));
    }
    return decided;
  }

 private:
  static std::string Named(const ir::Block& block) {
    const std::string kind(ir::BlockKindName(block.kind));
    if (!block.pathway.empty()) return absl::StrCat(kind, " of pathway ", block.pathway);
    return block.HasClock() ? absl::StrCat(kind, " every=", block.every) : kind;
  }

  void FindObstacles() {
    for (const ir::Block& block : blocks_) {
      obstacle_.emplace_back();
      // Sums are taken where they are asked for, of rows that are up to date.
      if (block.kind == BlockKind::kOnPre || block.sums.has_value()) continue;
      if (!VisitsSynapses(program_, block)) continue;
      if (block.HasClock()) {
        if (block.every < kLeastClock) {
          obstacle_.back() =
              absl::StrCat("ticks every ", block.every, " steps, which is less than ", kLeastClock);
        }
        continue;
      }
      const std::vector<bool> deferred = DeferredNodes(program_, block);
      for (ir::NodeId id = 0; id < block.nodes.size() && obstacle_.back().empty(); ++id) {
        if (deferred[id]) obstacle_.back() = Obstacle(block.nodes[id]);
      }
    }
  }

  // Why code with this node cannot wait; empty if it can.
  std::string Obstacle(const ir::Node& node) const {
    const auto state = static_cast<ir::StateId>(node.attr);
    const auto name = [&] { return program_.states[state].name; };
    switch (node.op) {
      case Op::kAccumulate:
        return absl::StrCat("adds to its target (", program_.inputs[node.attr].name, ")");
      case Op::kAccumulatePre:
        return absl::StrCat("adds to its source (", program_.inputs[node.attr].name, ")");
      case Op::kPast:
        return absl::StrCat("reads the past of ", name());
      case Op::kLoadPre:
      case Op::kLoadPost:
      case Op::kGather:
        break;
      default:
        return "";
    }
    if (MovesInStep(program_, state)) {
      return absl::StrCat("reads ", name(), ", which moves in every step");
    }
    const ir::Block* const stored = StoredByArrivals(program_, state);
    const bool of_own_arrivals = stored != nullptr && stored->domain == domain_ &&
                                 stored->kind == BlockKind::kOnPre && node.op == Op::kLoadPre;
    if (stored != nullptr && !of_own_arrivals) {
      return absl::StrCat("reads ", name(), ", which changes when spikes arrive by ", stored->name);
    }
    return "";
  }

  // Why the order of the blocks does not allow to defer any; empty if it does.
  std::string ObstacleOfOrder() const {
    std::optional<size_t> post;
    std::optional<size_t> step;
    bool pre_before = false, pre_after = false;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      const ir::Block& block = blocks_[i];
      if (block.kind == BlockKind::kOnPre) (post.has_value() ? pre_after : pre_before) = true;
      if (block.sums.has_value() || !VisitsSynapses(program_, block)) continue;
      if (block.kind == BlockKind::kOnPost) {
        if (post.has_value()) return "there are two on_post pathways that visit synapses";
        post = i;
      }
      if (block.kind != BlockKind::kOnStep) continue;
      if (step.has_value()) return "code of every step stands before other code of steps";
      if (!block.HasClock()) step = i;
    }
    if (post.has_value() && pre_before && pre_after) {
      return "on_post stands between on_pre pathways in the order";
    }
    if (step.has_value() && !StepsBeforeDelivery()) {
      return "spikes arrive before the equations of synapses move";
    }
    return "";
  }

  // True if the on_step code of a step runs on the same side of the arrivals as Deferral says.
  bool StepsBeforeDelivery() const {
    bool delivered = false;
    for (const ir::Block& block : program_.step) {
      for (const ir::Node& node : block.nodes) {
        if (node.op == Op::kDeliver) delivered = true;
        const bool runs =
            node.op == Op::kRunOnStep && program_.projections[node.attr].domain == domain_;
        if (runs) return !delivered;
      }
    }
    return true;
  }

  const ir::Program& program_;
  const ir::DomainId domain_;
  const absl::Span<const ir::Block> blocks_;
  const size_t first_;
  std::vector<std::string> obstacle_;  // by block
};

// The block with what is never negative made visible: the time since a step that a state keeps
// becomes a step.
ir::Block WithElapsedAsStep(const ir::Program& program, const ir::Block& block) {
  // The step, as an integer of any kind.
  const auto is_step = [](const ir::Block& of, ir::NodeId id) {
    const ir::Node& node = of.nodes[id];
    const bool converted = node.op == Op::kConvert && !ir::IsFloat(node.element);
    return of.nodes[converted ? node.operands[0] : id].op == Op::kStep;
  };
  const auto keeps_step = [&](ir::StateId state) {
    const auto only_steps = [&](const ir::Block& other) {
      return absl::c_all_of(other.nodes, [&](const ir::Node& node) {
        const bool stores = ir::Info(node.op).effect == ir::Effect::kWrite && node.attr == state &&
                            ir::Info(node.op).attr == AttrKind::kState && node.op != Op::kCheck;
        return !stores || is_step(other, node.operands[0]);
      });
    };
    return !program.IsVariable(state) && program.states[state].initial == 0 &&
           absl::c_all_of(program.synaptic, only_steps) &&
           absl::c_all_of(program.step, only_steps) && absl::c_all_of(program.loops, only_steps);
  };
  ir::Block result = block;
  for (ir::Node& node : result.nodes) {
    if (node.op != Op::kSub || !is_step(block, node.operands[0])) continue;
    const ir::Node& since = block.nodes[node.operands[1]];
    const bool load = since.op == Op::kLoad || since.op == Op::kLoadPre;
    if (!load || !keeps_step(static_cast<ir::StateId>(since.attr))) continue;
    node.op = Op::kStep;
    absl::c_fill(node.operands, ir::kNoNode);
  }
  return result;
}

// True if a check or an expectation of deferred code is left.
bool HasChecks(const ir::Program& program, const ir::Block& block) {
  const std::vector<bool> deferred = DeferredNodes(program, block);
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    const Op op = block.nodes[id].op;
    if (deferred[id] && (op == Op::kCheck || ir::IsExpectation(op))) return true;
  }
  return false;
}

}  // namespace

bool VisitsSynapses(const ir::Program& program, const ir::Block& block) {
  const std::vector<Level> levels = ir::LevelsOf(program, block);
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    const ir::Node& node = block.nodes[id];
    if (ir::Accumulates(node)) return true;
    if (!ir::HasResult(node.op) && levels[id] == Level::kSynapse) return true;
  }
  return false;
}

std::vector<bool> DeferredNodes(const ir::Program& program, const ir::Block& block) {
  // Deferred code runs over rows by source, where what is of the source is read at any time.
  const Level captured = block.kind == BlockKind::kOnPost ? Level::kSpike : Level::kOnce;
  const std::vector<Level> levels = ir::LevelsOf(program, block);
  std::vector<bool> deferred;
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    const ir::Node& node = block.nodes[id];
    // A delay is that of the row at hand.
    bool of_synapse = levels[id] > captured || ir::Accumulates(node) || node.op == Op::kDelay;
    for (const ir::NodeId operand : node.inputs()) of_synapse |= deferred[operand];
    deferred.push_back(of_synapse);
  }
  return deferred;
}

bool IsAtHand(const ir::Block& block, ir::NodeId id) {
  const ir::Node& node = block.nodes[id];
  if (node.op == Op::kConvert) return IsAtHand(block, node.operands[0]);
  return node.op == Op::kLiteral || node.op == Op::kStep || node.op == Op::kIndexPost ||
         node.op == Op::kWeight;
}

std::vector<ir::NodeId> ProvenChecks(const ir::Program& program, const ir::Block& block) {
  std::vector<Range> states;
  for (const ir::State& state : program.states) states.push_back({state.lower, state.upper});
  const std::vector<Range> ranges =
      FindRanges(program, WithElapsedAsStep(program, block), {.states = states});
  const std::vector<bool> deferred = DeferredNodes(program, block);
  std::vector<ir::NodeId> proven;
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    const ir::Node& node = block.nodes[id];
    if (!deferred[id] || node.op != Op::kCheck) continue;
    const ir::State& state = program.states[node.attr];
    const Range& range = ranges[id];
    if (!range.nan && range.least >= state.lower && range.greatest <= state.upper) {
      proven.push_back(id);
    }
  }
  return proven;
}

std::vector<BlockDeferral> DecideDeferral(const ir::Program& program, ir::ProjectionId projection) {
  return Decision(program, projection).Run();
}

std::string ExplainDeferral(const ir::Program& program) {
  std::string text;
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    for (const BlockDeferral& decided : DecideDeferral(program, id)) {
      const ir::Block& block = program.synaptic[decided.block];
      const bool eager = decided.deferred && !block.deferred;
      absl::StrAppend(&text, "# ", ir::BlockKindName(block.kind), " ", block.name,
                      block.pathway.empty() ? "" : " pathway=", block.pathway,
                      block.deferred ? " is deferred: it " : " runs when it is due: it ",
                      eager ? "may wait, but runs over synapses so few that caches hold them"
                            : decided.reason,
                      "\n");
    }
  }
  return text;
}

std::vector<Deferral> FindDeferrals(const ir::Program& program) {
  std::vector<Deferral> found;
  const bool delivers = program.Delivers();
  for (size_t b = 0; b < program.synaptic.size(); ++b) {
    const ir::Block& block = program.synaptic[b];
    if (!block.deferred) continue;
    const ir::ProjectionId id = program.ProjectionOf(block);
    if (found.empty() || found.back().projection != id) {
      Deferral& fresh = found.emplace_back();
      fresh.projection = id;
      fresh.delivers = delivers;
    }
    Deferral& deferral = found.back();
    deferral.checks |= HasChecks(program, block);
    if (block.kind == BlockKind::kOnStep) {
      deferral.step = b;
      deferral.step_captured = Captured(program, block);
      continue;
    }
    deferral.post = b;
    deferral.post_captured = Captured(program, block);
    deferral.posts_first = true;
    for (size_t before = 0; before < b; ++before) {
      const ir::Block& other = program.synaptic[before];
      if (other.domain == block.domain && other.kind == BlockKind::kOnPre) {
        deferral.posts_first = false;
      }
    }
  }
  return found;
}

bool NeedsRowsByTarget(const ir::Program& program, ir::ProjectionId projection) {
  return absl::c_any_of(program.SynapticOf(projection), [&](const ir::Block& block) {
    return block.kind == BlockKind::kOnPost && !block.deferred && VisitsSynapses(program, block);
  });
}

}  // namespace bnsyn::compiler
