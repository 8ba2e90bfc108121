#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/builder.h"
#include "ir/levels.h"
#include "ir/program.h"
#include "ir/rule.h"
#include "ir/symbols.h"
#include "ir/verify_blocks.h"
#include "ir/violation.h"

namespace bnsyn::ir {

NodeRules::NodeRules(const Program& program)
    : program_(program), delivers_(program.Delivers()), held_(program.states.size()) {
  for (InputId id = 0; id < program.inputs.size(); ++id) {
    const Accumulator& accumulator = program.inputs[id].accumulator;
    if (!accumulator.decays() || accumulator.state >= held_.size()) continue;
    if (!held_[accumulator.state]) held_[accumulator.state] = id;
  }
}

Result NodeRules::Check(const Block& block, NodeId id) {
  block_ = &block;
  node_ = id;
  const Node& node = block.nodes[id];
  const OpInfo& info = Info(node.op);
  const BlockKind kind = HasPasses(*block_)    ? BlockKind::kLoop
                         : IsOfAClock(*block_) ? BlockKind::kClock
                                               : block_->kind;
  if (!MayStand(node.op, kind)) {
    return Fail(absl::StrCat(info.name, " cannot stand in ", BlockKindName(kind)),
                absl::StrCat(info.name, ": ", info.meaning));
  }
  if (IsSymbol(info.attr) && node.attr >= SymbolCount(program_, info.attr)) {
    return Fail(absl::StrCat(info.name, " refers to no ", SymbolWord(info.attr)));
  }
  if (auto v = CheckDecay(node)) return v;
  if (auto v = CheckHistory(node)) return v;
  if (node.op == Op::kLookup && program_.tables[node.attr].rows() == 0) {
    return Fail("lookup has nothing to find in a table without rows");
  }
  if (static_cast<size_t>(node.domain) >= program_.domains.size()) {
    return Fail("this node has no domain");
  }
  if (auto v = CheckType(node)) return v;
  return CheckDomain(node);
}

// A state with a history is stored once in a step, and read by `past` alone.
Result NodeRules::CheckHistory(const Node& node) const {
  if (Info(node.op).attr != AttrKind::kState) return std::nullopt;
  const State& state = program_.states[node.attr];
  const absl::string_view name = Info(node.op).name;
  if (node.op == Op::kGather && DomainOf(state.type.domain).kind != DomainKind::kPopulation) {
    return Fail("gather reads a state of a population");
  }
  if (node.op == Op::kPast && state.history == 0) {
    return Fail(absl::StrCat("past reads a state with a history, and ", state.name, " has none"),
                "declare it with history=");
  }
  if (state.history == 0 || node.op == Op::kPast || node.op == Op::kStore) return std::nullopt;
  return Fail(absl::StrCat(name, " cannot be of a state with a history"),
              "store gives it the value of a step, and past reads those of earlier steps");
}

// Only some ops can stand for decaying inputs and the states that hold their sums.
Result NodeRules::CheckDecay(const Node& node) const {
  const OpInfo& info = Info(node.op);
  if (info.attr == AttrKind::kInput) {
    const bool decays = program_.inputs[node.attr].accumulator.decays();
    const bool needed = node.op == Op::kHeld || node.op == Op::kScale;
    if (needed && !decays) return Fail(absl::StrCat(info.name, " is of a decaying input"));
    if (decays && node.op == Op::kTake) {
      return Fail("take cannot be of a decaying input", "held leaves it what it holds");
    }
    if (decays && node.op == Op::kAccumulate && block_->kind != BlockKind::kOnPre) {
      return Fail("only on_pre adds to a decaying input");
    }
    if (decays && node.op == Op::kAccumulatePre) {
      return Fail("accumulate_pre cannot add to a decaying input");
    }
    if (decays && node.op == Op::kAccumulate && delivers_) {
      return Fail("what arrives at a decaying input arrives before the step",
                  "leave out deliver, or the decay of the input");
    }
  }
  if (info.attr != AttrKind::kState || block_->kind == BlockKind::kInit ||
      block_->kind == BlockKind::kConnect) {
    return std::nullopt;
  }
  const std::optional<InputId> held = held_[node.attr];
  if (!held) return std::nullopt;
  return Fail(
      absl::StrCat(info.name, " cannot be of a state that holds the sum of a decaying input"),
      absl::StrCat("it is what ", program_.inputs[*held].name, " holds: held times scale"));
}

Result NodeRules::CheckType(const Node& node) const {
  const OpInfo& info = Info(node.op);
  Type operands[3];
  for (int i = 0; i < info.arity; ++i) {
    const NodeId operand = node.operands[i];
    if (operand >= node_) return Fail("an operand is not defined before its use");
    if (!HasResult(block_->nodes[operand].op)) return Fail("an operand yields no value");
    operands[i] = block_->nodes[operand].type();
  }
  const absl::StatusOr<Type> type = ResultType(
      program_, *block_, node.op, absl::MakeConstSpan(operands, static_cast<size_t>(info.arity)),
      node.attr, node.type());
  if (!type.ok()) return Fail(std::string(type.status().message()));
  if (*type != node.type()) {
    return Fail(absl::StrCat(info.name, " gives ", TypeName(program_, *type), " here, not ",
                             TypeName(program_, node.type())));
  }
  if (node.op == Op::kLiteral) {
    const int bytes = ElementBytes(node.element);
    if ((bytes < 8 && node.attr >> (8 * bytes) != 0) ||
        (node.element == Element::kBool && node.attr > 1)) {
      return Fail(absl::StrCat("a literal does not fit ", ElementName(node.element)));
    }
  }
  return std::nullopt;
}

// The domain whose elements a node may have in this block.
Result NodeRules::CheckDomain(const Node& node) const {
  const bool uniform = node.domain == DomainId::kNetwork;
  const bool own = node.domain == block_->domain;
  switch (block_->kind) {
    case BlockKind::kInit:
    case BlockKind::kStep:
      return StepNode(node);
    case BlockKind::kConnect:
    case BlockKind::kOnPre:
    case BlockKind::kOnStep:
    case BlockKind::kOnPost:
    case BlockKind::kNow:
      if (!uniform && !own) {
        return Fail(absl::StrCat(BlockKindName(block_->kind), " ", block_->name,
                                 " has no elements of ", program_.DomainName(node.domain)),
                    "it runs over synapses: load_pre and load_post read the states of their "
                    "neurons");
      }
      return SynapseNode(node);
    case BlockKind::kLoop:
    case BlockKind::kClock:
    case BlockKind::kKernel:
      if (!uniform && !own) {
        return Fail(absl::StrCat("a ", BlockKindName(block_->kind), " over ",
                                 program_.DomainName(block_->domain), " has no elements of ",
                                 program_.DomainName(node.domain)));
      }
      // A population's threads would all write it.
      if (!own && Info(node.op).effect == Effect::kWrite) {
        return Fail(absl::StrCat("a ", BlockKindName(block_->kind), " over ",
                                 program_.DomainName(block_->domain), " cannot ",
                                 Info(node.op).name, " a uniform state"),
                    "one over network can");
      }
      return StepNode(node);
  }
  return std::nullopt;
}

// Only blocks of synapses act on synapses; the step may run such blocks.
Result NodeRules::StepNode(const Node& node) const {
  const bool of_synapses = DomainOf(node.domain).kind == DomainKind::kProjection;
  if (node.op == Op::kDeliver) {
    if (block_->domain != DomainId::kNetwork) {
      return Fail("a kernel that delivers runs over the network");
    }
    if (block_->kind == BlockKind::kKernel && block_->nodes.size() != 1) {
      return Fail("a kernel that delivers does nothing else");
    }
    return std::nullopt;
  }
  if (node.op == Op::kRunSums) {
    if (program_.FindSums(static_cast<InputId>(node.attr)) == nullptr) {
      return Fail(
          absl::StrCat("there is no on_step block with sums=", program_.inputs[node.attr].name));
    }
  } else if (node.op == Op::kRunOnStep) {
    const auto id = static_cast<ProjectionId>(node.attr);
    if (program_.FindSynaptic(BlockKind::kOnStep, id) == nullptr) {
      return Fail(absl::StrCat("there is no on_step block of ", program_.DomainName(node.domain)));
    }
  } else if (of_synapses) {
    return Fail(absl::StrCat(BlockKindName(block_->kind), " has no elements of ",
                             program_.DomainName(node.domain)),
                "connect, on_pre, on_step and on_post blocks run over synapses");
  } else if (DomainOf(block_->domain).kind == DomainKind::kProjection) {
    return Fail("a kernel over synapses only runs their blocks", "with run_on_step or run_sums");
  }
  return std::nullopt;
}

Result NodeRules::SynapseNode(const Node& node) const {
  const DomainId domain = block_->domain;
  const Projection& projection = program_.projections[DomainOf(domain).index];
  const DomainId source = program_.populations[projection.source].domain;
  const DomainId target = program_.populations[projection.target].domain;
  if (node.op == Op::kLoadPre && program_.states[node.attr].type.domain != source) {
    return Fail(absl::StrCat("load_pre reads a state of ", program_.DomainName(source)));
  }
  if (node.op == Op::kLoadPost && program_.states[node.attr].type.domain != target) {
    return Fail(absl::StrCat("load_post reads a state of ", program_.DomainName(target)));
  }
  if (node.op == Op::kAccumulatePre && program_.inputs[node.attr].population != source) {
    return Fail(absl::StrCat("accumulate_pre adds to an input of ", program_.DomainName(source)));
  }
  if (node.op == Op::kAccumulate && program_.inputs[node.attr].population != target) {
    return Fail(absl::StrCat("accumulate adds to an input of ", program_.DomainName(target)));
  }
  if (ActsOnNeuron(program_, *block_, node)) return NodeOfNeuron(node);
  if ((node.op == Op::kStore || node.op == Op::kCheck) && node.domain != domain) {
    return Fail(absl::StrCat(BlockKindName(block_->kind), " cannot ", Info(node.op).name,
                             " a uniform state"),
                "synapses run in any order: only a state of the projection is one synapse's own");
  }
  if (block_->kind == BlockKind::kConnect && node.op == Op::kLoad && node.domain == domain) {
    return Fail("connect cannot load a state of the synapses", "it stores what they begin with");
  }
  if (node.op == Op::kSetDelay && projection.max_delay == 0) {
    return Fail("set_delay needs bounds in the declaration", "as in delay=[1, 80]");
  }
  const RuleTraits& rule = TraitsOf(projection.rule.kind);
  if (node.op == Op::kSetProbability && rule.pair_numbers == PairNumbers::kNone) {
    return Fail(absl::StrCat("rule=", rule.name, " has no set_probability"),
                "rule=bernoulli gives each pair a probability");
  }
  if (Info(node.op).attr == AttrKind::kStream && block_->kind == BlockKind::kNow) {
    return Fail("no random numbers are drawn in now", "it only brings variables to the present");
  }
  return std::nullopt;
}

// What acts on the neuron whose spike arrives: each such state is one neuron's own, and all
// synapses of the neuron see the same value.
Result NodeRules::NodeOfNeuron(const Node& node) const {
  const ProjectionId id = program_.ProjectionOf(*block_);
  const bool of_target = block_->kind == BlockKind::kOnPost;
  const Projection& projection = program_.projections[id];
  const DomainId neurons =
      program_.populations[of_target ? projection.target : projection.source].domain;
  const State& state = program_.states[node.attr];
  const absl::string_view name = Info(node.op).name;
  if (state.type.domain != neurons) {
    return Fail(absl::StrCat(name, " in ", BlockKindName(block_->kind), " is of a state of ",
                             program_.DomainName(neurons)));
  }
  if (node.op == Op::kCheck) {
    const bool stores = std::any_of(block_->nodes.begin(), block_->nodes.end(), [&](const Node& n) {
      return StoresNeuron(n) && n.attr == node.attr;
    });
    if (!stores) {
      return Fail(absl::StrCat("the block checks ", state.name, ", which it does not store"),
                  "check stands with store_pre or store_post of the same state");
    }
  } else if (state.temporary || state.repeats) {
    return Fail(absl::StrCat(
        name, " cannot be of ", state.name,
        state.temporary ? ", which lives within a step" : ", which says how often neurons spike"));
  }
  if (LevelsOf(program_, *block_, node_)[node.operands[0]] == Level::kSynapse) {
    return Fail(absl::StrCat(name, " needs one value for all synapses of the neuron, and this ",
                             "differs from synapse to synapse"),
                absl::StrCat("it may depend on ", of_target ? "load_post" : "load_pre",
                             ", and on what the network has"));
  }
  const bool reads_delay = std::any_of(block_->nodes.begin(), block_->nodes.end(),
                                       [](const Node& n) { return n.op == Op::kDelay; });
  const bool many = block_->kind == BlockKind::kOnPre && program_.HasOwnDelays(id);
  if (many && (!block_->delay.has_value() || reads_delay)) {
    return Fail(absl::StrCat(name, " acts once for a spike, but synapses have delays of their own"),
                "the pathway needs one delay, as in on_pre ee delay=3, and cannot read others");
  }
  return std::nullopt;
}

}  // namespace bnsyn::ir
