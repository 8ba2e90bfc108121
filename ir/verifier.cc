#include "ir/verifier.h"

#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ir/access.h"
#include "ir/builder.h"
#include "ir/symbols.h"
#include "ir/text.h"
#include "ir/violation.h"

namespace bnsyn::ir {
namespace {

using Result = std::optional<Violation>;

// Sets of kinds of blocks.
constexpr uint8_t kInInit = 1;
constexpr uint8_t kInConnect = 2;
constexpr uint8_t kInSynaptic = 4;  // on_pre, on_step and on_post
constexpr uint8_t kInOnPre = 128;   // of these, on_pre and on_step
constexpr uint8_t kInNow = 8;
constexpr uint8_t kInStep = 16;  // and kernels
constexpr uint8_t kInLoop = 32;  // and kernels of several passes
constexpr uint8_t kInClock = 64;
constexpr uint8_t kOfSynapses = kInConnect | kInSynaptic | kInNow;
constexpr uint8_t kAnywhere = kInInit | kOfSynapses | kInStep | kInLoop | kInClock;

// The blocks in which an op may stand that reads or writes more than its operands, or that belongs
// to a synapse. Other pure ops may stand anywhere.
struct Place {
  Op op;
  uint8_t blocks;
};
constexpr Place kPlaces[] = {
    {Op::kLoad, kAnywhere},
    {Op::kStore, kAnywhere},
    {Op::kCheck, kInSynaptic | kInStep | kInClock},
#define BNSYN_EXPECT(name, ...) {Op::k##name, kInInit | kInSynaptic | kInStep | kInClock},
#include "ir/ops.def"
    {Op::kLoadPre, kOfSynapses},
    {Op::kLoadPost, kOfSynapses},
    {Op::kGather, kInSynaptic | kInStep},
    {Op::kPast, kInSynaptic | kInStep | kInLoop},
    {Op::kDelay, kInOnPre},
    {Op::kIndexPre, kOfSynapses},
    {Op::kIndexPost, kOfSynapses},
    {Op::kWeight, kOfSynapses},
    {Op::kSetProbability, kInConnect},
    {Op::kSetWeight, kInConnect},
    {Op::kSetDelay, kInConnect},
    {Op::kAccumulate, kInSynaptic},
    {Op::kAccumulatePre, kInSynaptic},
    {Op::kTake, kInStep},
    {Op::kHeld, kInStep},
    {Op::kScale, kInStep},
    {Op::kSpike, kInStep},
    {Op::kRun, kInStep},
    {Op::kPass, kInLoop},
    {Op::kUntil, kInLoop},
    {Op::kRunOnStep, kInStep},
    {Op::kDeliver, kInStep},
    {Op::kCount, kInStep | kInClock},
    {Op::kReduce, kInStep | kInClock},
    {Op::kTotal, kInStep | kInClock},
};

uint8_t SetOf(BlockKind kind) {
  switch (kind) {
    case BlockKind::kInit:
      return kInInit;
    case BlockKind::kConnect:
      return kInConnect;
    case BlockKind::kOnPre:
    case BlockKind::kOnStep:
      return kInSynaptic | kInOnPre;
    case BlockKind::kOnPost:
      return kInSynaptic;
    case BlockKind::kLoop:
      return kInLoop;
    case BlockKind::kClock:
      return kInClock;
    case BlockKind::kNow:
      return kInNow;
    case BlockKind::kStep:
    case BlockKind::kKernel:
      return kInStep;
  }
  return 0;
}

bool MayStand(Op op, BlockKind kind) {
  for (const Place& place : kPlaces) {
    if (place.op == op) return (place.blocks & SetOf(kind)) != 0;
  }
  // An op with an effect must have a row above.
  return Info(op).effect == Effect::kPure;
}

bool IsSynaptic(BlockKind kind) {
  return kind == BlockKind::kOnPre || kind == BlockKind::kOnStep || kind == BlockKind::kOnPost;
}

// True for a block whose nodes run more than once in a step.
bool HasPasses(const Block& block) {
  return block.kind == BlockKind::kLoop || (block.kind == BlockKind::kKernel && block.times != 1);
}

// True for a clock, and for a kernel that is made of one.
bool IsOfAClock(const Block& block) {
  return block.kind == BlockKind::kClock || (block.kind == BlockKind::kKernel && block.HasClock());
}

class Blocks {
 public:
  explicit Blocks(const Program& program)
      : program_(program), delivers_(program.Delivers()), held_(program.states.size()) {
    for (InputId id = 0; id < program.inputs.size(); ++id) {
      const Accumulator& accumulator = program.inputs[id].accumulator;
      if (!accumulator.decays() || accumulator.state >= held_.size()) continue;
      if (!held_[accumulator.state]) held_[accumulator.state] = id;
    }
    for (const Block& block : program.step) {
      for (const Node& node : block.nodes) {
        if (node.op == Op::kSpike) spiking_.insert(node.attr);
      }
    }
  }

  Result Check() {
    if (program_.init) {
      if (program_.init->kind != BlockKind::kInit) return Kind(*program_.init);
      if (auto v = CheckBlock(*program_.init)) return v;
    }
    for (const Block& block : program_.connect) {
      if (block.kind != BlockKind::kConnect) return Kind(block);
      if (auto v = OverSynapses(block)) return v;
    }
    if (auto v = InOrder(program_.connect)) return v;
    for (const Block& block : program_.synaptic) {
      if (!IsSynaptic(block.kind)) return Kind(block);
      if (auto v = OverSynapses(block)) return v;
      if (auto v = Pathway(block)) return v;
    }
    if (auto v = InOrder(program_.synaptic)) return v;
    for (const Block& block : program_.loops) {
      if (block.kind != BlockKind::kLoop && block.kind != BlockKind::kClock) return Kind(block);
      if (auto v = Loop(block)) return v;
      if (auto v = CheckBlock(block)) return v;
    }
    for (const Block& block : program_.now) {
      if (block.kind != BlockKind::kNow) return Kind(block);
      if (auto v = OverSynapses(block)) return v;
    }
    if (auto v = InOrder(program_.now)) return v;
    uint32_t phase = 0;
    for (const Block& block : program_.step) {
      if (block.kind != BlockKind::kKernel &&
          (block.kind != BlockKind::kStep || program_.step.size() != 1)) {
        return Kind(block);
      }
      if (block.kind == BlockKind::kKernel) {
        if (auto v = Kernel(block)) return v;
        if (block.phase < phase) {
          return Fail(absl::StrCat("kernel '", block.name,
                                   "' is of an earlier phase than the one "
                                   "before it"));
        }
        phase = block.phase;
      }
      if (auto v = CheckBlock(block)) return v;
    }
    return HistoriesStored();
  }

 private:
  Violation Fail(std::string message, std::string note = "") const {
    return {.message = std::move(message),
            .note = std::move(note),
            .symbol = block_ == nullptr ? "" : block_->name,
            .block = block_,
            .node = node_};
  }

  Result Kind(const Block& block) {
    block_ = &block;
    return Fail(absl::StrCat("a block of kind ", BlockKindName(block.kind), " cannot stand here"),
                "a program has one step block, or kernels");
  }

  Result OverSynapses(const Block& block) {
    block_ = &block;
    node_ = kNoNode;
    const absl::string_view word = BlockKindName(block.kind);
    const auto domain = static_cast<size_t>(block.domain);
    const bool of_projection = domain < program_.domains.size() &&
                               program_.domains[domain].kind == DomainKind::kProjection;
    if (!of_projection || program_.DomainName(block.domain) != block.name) {
      return Fail(absl::StrCat(word, " is of a projection, and '", block.name, "' is none"));
    }
    // A projection may have any number of on_step blocks with clocks.
    const bool one_of_many = block.kind == BlockKind::kOnStep;
    if (!one_of_many && !over_synapses_.insert({block.kind, block.name, block.pathway}).second) {
      const std::string which =
          block.pathway.empty() ? "" : absl::StrCat(" of the pathway '", block.pathway, "'");
      return Fail(absl::StrCat("there are two ", word, " blocks", which, " of '", block.name, "'"));
    }
    return CheckBlock(block);
  }

  // The pathway, the delay and the spikes of a synaptic block.
  Result Pathway(const Block& block) {
    node_ = kNoNode;
    if (block.kind == BlockKind::kOnStep) return std::nullopt;
    if (!block.pathway.empty() && !IsName(block.pathway)) {
      return Fail(absl::StrCat("'", block.pathway, "' cannot name a pathway"));
    }
    if (block.delay == 0u && !delivers_) {
      return Fail("the delay is 0 steps",
                  "a spike takes at least one step to arrive, unless deliver stands in the step");
    }
    if (!block.spikes.has_value()) return std::nullopt;
    if (*block.spikes >= program_.populations.size()) return Fail("these are spikes of nothing");
    const Projection& projection = program_.projections[program_.ProjectionOf(block)];
    const bool on_post = block.kind == BlockKind::kOnPost;
    const PopulationId end = on_post ? projection.target : projection.source;
    if (program_.populations[*block.spikes].domain == program_.populations[end].domain) {
      return std::nullopt;
    }
    return Fail(absl::StrCat("the spikes are not of the ", on_post ? "target" : "source"),
                absl::StrCat("they are those of ", program_.populations[end].name,
                             ", or of another kind of event of its neurons"));
  }

  // Only blocks that spikes run have a pathway.
  Result NoPathway(const Block& block) const {
    const bool arrives = block.kind == BlockKind::kOnPre || block.kind == BlockKind::kOnPost;
    if (arrives || (block.pathway.empty() && !block.delay && !block.spikes)) return std::nullopt;
    return Fail(absl::StrCat(BlockKindName(block.kind), " has no pathway, delay or spikes"),
                "on_pre and on_post blocks have");
  }

  // A search for the block of a projection needs this order.
  Result InOrder(const std::vector<Block>& blocks) {
    for (size_t i = 1; i < blocks.size(); ++i) {
      if (blocks[i - 1].domain <= blocks[i].domain) continue;
      block_ = &blocks[i];
      node_ = kNoNode;
      return Fail("blocks over synapses stand in the order of their projections");
    }
    return std::nullopt;
  }

  Result Kernel(const Block& block) { return Named(block, kernels_); }

  Result Loop(const Block& block) {
    if (auto v = Named(block, loops_)) return v;
    if (DomainOf(block.domain).kind == DomainKind::kProjection) {
      return Fail(absl::StrCat("a ", BlockKindName(block.kind),
                               " runs over a population or the network, not over synapses"),
                  block.kind == BlockKind::kClock ? "an on_step block may have a clock: on_step "
                                                    "ee every=10 offset=0"
                                                  : "");
    }
    if (block.kind == BlockKind::kLoop && block.times < 2)
      return Fail("a loop has at least two passes", "as in times=10");
    return std::nullopt;
  }

  // A kernel or a loop, with a name that is not in `names` yet.
  Result Named(const Block& block, std::set<std::string>& names) {
    block_ = &block;
    node_ = kNoNode;
    const absl::string_view word = BlockKindName(block.kind);
    if (!IsName(block.name) || !names.insert(block.name).second) {
      return Fail(absl::StrCat("'", block.name, "' cannot name a ", word, ", or names two"));
    }
    if (static_cast<size_t>(block.domain) >= program_.domains.size()) {
      return Fail(absl::StrCat("this ", word, " has no domain"));
    }
    return std::nullopt;
  }

  Result CheckBlock(const Block& block) {
    block_ = &block;
    node_ = kNoNode;
    if (auto v = NoPathway(block)) return v;
    if (!block.code.empty() && !IsName(block.code)) {
      return Fail(absl::StrCat("'", block.code, "' cannot name code"));
    }
    if (block.times != 1 && !HasPasses(block)) {
      return Fail("only loops and kernels have passes", "leave out times=");
    }
    if (block.times == 0 || block.times > kMostPasses) {
      return Fail(absl::StrCat("there are from 1 to ", kMostPasses, " passes, not ", block.times));
    }
    if (block.every == 0) return Fail("a block runs every step or more rarely: every=1 or more");
    const bool may_have_clock = block.kind == BlockKind::kClock ||
                                block.kind == BlockKind::kKernel ||
                                block.kind == BlockKind::kOnStep;
    if (block.HasClock() && !may_have_clock) {
      return Fail("only clocks, on_step blocks and kernels run in some steps alone",
                  "leave out every= and offset=");
    }
    for (const Slot& slot : block.slots) {
      if (slot.kind == AttrKind::kStream) continue;  // any number is a stream
      if (slot.index >= SymbolCount(program_, slot.kind)) return Fail("a slot has no symbol");
    }
    for (size_t i = 0; i < block.nodes.size(); ++i) {
      node_ = static_cast<NodeId>(i);
      if (auto v = CheckNode(block.nodes[i])) return v;
    }
    return std::nullopt;
  }

  const Domain& DomainOf(DomainId domain) const {
    return program_.domains[static_cast<size_t>(domain)];
  }

  Result CheckNode(const Node& node) {
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
    if (auto v = CheckDomain(node)) return v;
    return CheckOrder(node);
  }

  // A state with a history is stored once in a step, and read by `past` alone.
  Result CheckHistory(const Node& node) {
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

  // Each state with a history has a value in each step.
  Result HistoriesStored() {
    for (StateId id = 0; id < program_.states.size(); ++id) {
      if (program_.states[id].history == 0 || done_.contains({Op::kStore, id})) continue;
      block_ = program_.step.empty() ? nullptr : &program_.step.back();
      node_ = kNoNode;
      return Fail(
          absl::StrCat("the step never stores ", program_.states[id].name, ", which has a history"),
          "store its value once in the step");
    }
    return std::nullopt;
  }

  // Only some ops can stand for decaying inputs and the states that hold their sums.
  Result CheckDecay(const Node& node) {
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

  Result CheckType(const Node& node) {
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
  Result CheckDomain(const Node& node) {
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
  Result StepNode(const Node& node) {
    const bool of_synapses = DomainOf(node.domain).kind == DomainKind::kProjection;
    if (node.op == Op::kDeliver) return Deliver();
    if (node.op == Op::kRunOnStep) {
      const auto id = static_cast<ProjectionId>(node.attr);
      if (program_.FindSynaptic(BlockKind::kOnStep, id) == nullptr) {
        return Fail(
            absl::StrCat("there is no on_step block of ", program_.DomainName(node.domain)));
      }
    } else if (of_synapses) {
      return Fail(absl::StrCat(BlockKindName(block_->kind), " has no elements of ",
                               program_.DomainName(node.domain)),
                  "connect, on_pre, on_step and on_post blocks run over synapses");
    } else if (DomainOf(block_->domain).kind == DomainKind::kProjection) {
      return Fail("a kernel over synapses only runs their blocks", "with run_on_step");
    }
    return std::nullopt;
  }

  // The spikes that arrive in the step in which they are found are found before they are delivered.
  Result Deliver() const {
    if (block_->domain != DomainId::kNetwork) {
      return Fail("a kernel that delivers runs over the network");
    }
    if (block_->kind == BlockKind::kKernel && block_->nodes.size() != 1) {
      return Fail("a kernel that delivers does nothing else");
    }
    for (const Block& block : program_.synaptic) {
      if (block.kind == BlockKind::kOnStep || program_.DelayOf(block) != 0) continue;
      const PopulationId spikes = program_.SpikesOf(block);
      if (done_.contains({Op::kSpike, spikes}) || !spiking_.contains(spikes)) continue;
      return Fail(absl::StrCat("the spikes of ", program_.populations[spikes].name,
                               " are found behind deliver, but ", BlockKindName(block.kind), " ",
                               block.name, " has a delay of 0 steps"),
                  "spike stands before deliver, or the delay is at least one step");
    }
    return std::nullopt;
  }

  Result SynapseNode(const Node& node) {
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

  // Ops that stand once in a program, or after others.
  Result CheckOrder(const Node& node) {
    const OpInfo& info = Info(node.op);
    const bool stepping = block_->kind == BlockKind::kStep || block_->kind == BlockKind::kKernel;
    const std::pair<Op, uint64_t> key = {node.op, node.attr};
    if (HasPasses(*block_)) {
      if (auto v = PassNode(node)) return v;
    }
    if (IsOfAClock(*block_)) {
      if (auto v = ClockNode(node)) return v;
    }
    if (block_->kind == BlockKind::kClock) return std::nullopt;
    if (node.op == Op::kRun) {
      if (auto v = Run(node)) return v;
    }
    if (info.attr == AttrKind::kState && program_.states[node.attr].temporary &&
        block_->kind != BlockKind::kLoop) {
      if (!stepping) return Fail("a temporary lives within a step");
      if (node.op == Op::kLoad && !done_.contains({Op::kStore, node.attr})) {
        return Fail("a temporary is read before it is written in the step");
      }
    }
    if (block_->kind == BlockKind::kConnect && info.effect == Effect::kWrite &&
        !set_.insert({block_, node.op, node.attr}).second) {
      return Fail(absl::StrCat(info.name, " stands twice in a block"),
                  "a connect block sets what is so from the beginning, once");
    }
    if (node.op == Op::kTotal && !done_.contains({Op::kReduce, node.attr})) {
      return Fail("a total is read before its reduce in the step");
    }
    if (auto v = Repeats(node)) return v;
    const bool past = node.op == Op::kStore && program_.states[node.attr].history != 0;
    const bool once = past || node.op == Op::kTake || node.op == Op::kSpike ||
                      node.op == Op::kReduce || node.op == Op::kRun || RunsSynapses(node);
    if (node.op == Op::kUntil && &node != &block_->nodes.back()) {
      return Fail("until is the last node of its loop");
    }
    if (once && done_.contains(key)) {
      const std::string symbol =
          IsSymbol(info.attr) ? absl::StrCat(" ", SymbolName(program_, info.attr, node.attr)) : "";
      return Fail(absl::StrCat(info.name, symbol, " stands twice in a step"));
    }
    if (stepping) done_.insert(key);
    return std::nullopt;
  }

  // How often neurons spike is known where they spike, and stays so: it is read after the kernel.
  Result Repeats(const Node& node) const {
    if (node.op == Op::kSpike) {
      const auto state = program_.FindRepeats(static_cast<PopulationId>(node.attr));
      if (state && block_->kind == BlockKind::kStep && !done_.contains({Op::kStore, *state})) {
        return Fail(absl::StrCat("spike is of a population whose neurons spike as often as ",
                                 program_.states[*state].name, " says, which no store has set"));
      }
    }
    if (node.op == Op::kStore && program_.states[node.attr].repeats &&
        done_.contains({Op::kSpike, *program_.states[node.attr].repeats})) {
      return Fail("a neuron has spiked so often already", "the store stands before its spike");
    }
    return std::nullopt;
  }

  // A pass changes temporaries alone, so that the passes of one element need not wait for others.
  Result PassNode(const Node& node) const {
    if (node.op == Op::kUntil &&
        program_.domains[static_cast<size_t>(block_->domain)].kind != DomainKind::kPopulation) {
      return Fail("until stands in loops over a population", "other loops run all their passes");
    }
    if (node.op == Op::kStore &&
        (!program_.states[node.attr].temporary || node.domain != block_->domain)) {
      return Fail("a loop stores temporaries of its own domain alone",
                  "what is behind the loop stores the other states");
    }
    if (Info(node.op).attr == AttrKind::kStream) {
      const uint64_t draws = (node.attr & 0xffffffff) + 2 * uint64_t{block_->times};
      if (draws > 0x10000) return Fail("the passes of this loop need more than 65536 draws");
    }
    return std::nullopt;
  }

  // What a clock leaves must have the values of the step before where it does not run.
  Result ClockNode(const Node& node) const {
    if (Info(node.op).attr == AttrKind::kState && program_.states[node.attr].temporary) {
      return Fail("a clock cannot use a temporary",
                  "a temporary is written in every step, and the clock runs in some");
    }
    if (node.op == Op::kStore && program_.states[node.attr].history != 0) {
      return Fail("a clock cannot store a state that has a history",
                  "each step stores such a state, and the clock runs in some");
    }
    return std::nullopt;
  }

  // The temporaries that a loop reads are written before, by the step or by the pass; and so are
  // the totals that a clock reads.
  Result Run(const Node& run) {
    if (block_->kind != BlockKind::kStep) {
      return Fail("a kernel runs no loop", "a kernel with times= has passes of its own");
    }
    for (const Node& node : program_.loops[run.attr].nodes) {
      if (node.op == Op::kReduce && !done_.insert({Op::kReduce, node.attr}).second) {
        return Fail(absl::StrCat("reduce ", SymbolName(program_, AttrKind::kReduction, node.attr),
                                 " stands twice in a step"));
      }
      if (node.op == Op::kTotal && !done_.contains({Op::kReduce, node.attr})) {
        return Fail("a total is read before its reduce in the step");
      }
      if (Info(node.op).attr != AttrKind::kState || !program_.states[node.attr].temporary) continue;
      if (node.op == Op::kStore) done_.insert({Op::kStore, node.attr});
      if (node.op == Op::kLoad && !done_.contains({Op::kStore, node.attr})) {
        return Fail(absl::StrCat("the loop reads ", program_.states[node.attr].name,
                                 " before it is written in the step"));
      }
    }
    return std::nullopt;
  }

  const Program& program_;
  const bool delivers_;
  const Block* block_ = nullptr;  // being checked
  NodeId node_ = kNoNode;
  std::vector<std::optional<InputId>> held_;  // by state: the input whose decaying sum it holds
  std::set<std::tuple<BlockKind, std::string, std::string>> over_synapses_;  // with the pathway
  std::set<std::string> kernels_;
  std::set<std::string> loops_;
  std::set<std::tuple<const Block*, Op, uint64_t>> set_;  // what connect blocks have set
  std::set<std::pair<Op, uint64_t>> done_;                // ops on symbols so far in a step
  std::set<uint64_t> spiking_;                            // populations that the step lets spike
};

// The block with a caret line below the node: its line is as many lines below the header as there
// are printed nodes before it.
std::string Draw(const Program& program, const Block& block, NodeId node) {
  size_t marked = 0;
  if (node < block.nodes.size()) {
    for (NodeId i = 0; i <= node; ++i) marked += block.nodes[i].op != Op::kLiteral ? 1 : 0;
    // A literal stands in the line of the node that follows it.
    if (block.nodes[node].op == Op::kLiteral) ++marked;
  }
  std::string drawing;
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(PrintBlock(program, block), '\n')) {
    if (line.empty()) continue;
    absl::StrAppend(&drawing, "\n  ", line);
    if (number++ == marked) {
      const size_t indent = line.find_first_not_of(' ');
      absl::StrAppend(&drawing, "\n  ", std::string(indent, ' '), "^",
                      std::string(line.size() - indent - 1, '~'));
    }
  }
  return drawing;
}

}  // namespace

std::optional<Violation> FindInBlocks(const Program& program) { return Blocks(program).Check(); }

std::optional<Violation> FindViolation(const Program& program) {
  if (auto v = FindInDeclarations(program)) return v;
  if (auto v = FindInBlocks(program)) return v;
  return FindInPhases(program);
}

absl::Status Verify(const Program& program) {
  const auto violation = FindViolation(program);
  if (!violation) return absl::OkStatus();
  std::string text = absl::StrCat("error: ", violation->message);
  if (violation->block != nullptr) {
    text += Draw(program, *violation->block, violation->node);
  } else if (!violation->symbol.empty()) {
    absl::StrAppend(&text, "\n  in the declaration of '", violation->symbol, "'");
  }
  if (!violation->note.empty()) absl::StrAppend(&text, "\n  note: ", violation->note);
  return absl::InvalidArgumentError(text);
}

}  // namespace bnsyn::ir
