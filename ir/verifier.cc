#include "ir/verifier.h"

#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "ir/builder.h"
#include "ir/symbols.h"
#include "ir/text.h"
#include "ir/violation.h"

namespace bnsyn::ir {
namespace {

using Result = std::optional<Violation>;

// The blocks in which an op may stand that reads or writes more than its operands, or that belongs
// to a synapse. Other pure ops may stand anywhere.
struct Place {
  Op op;
  bool init;
  bool connect;
  bool synaptic;
  bool step;  // and kernels
};
constexpr Place kPlaces[] = {
    {Op::kLoad, true, true, true, true},
    {Op::kStore, true, true, true, true},
    {Op::kCheck, false, false, true, true},
    {Op::kLoadPre, false, true, true, false},
    {Op::kLoadPost, false, true, true, false},
    {Op::kIndexPre, false, true, true, false},
    {Op::kIndexPost, false, true, true, false},
    {Op::kWeight, false, true, true, false},
    {Op::kSetProbability, false, true, false, false},
    {Op::kSetWeight, false, true, false, false},
    {Op::kSetDelay, false, true, false, false},
    {Op::kAccumulate, false, false, true, false},
    {Op::kTake, false, false, false, true},
    {Op::kHeld, false, false, false, true},
    {Op::kScale, false, false, false, true},
    {Op::kSpike, false, false, false, true},
    {Op::kRunOnStep, false, false, false, true},
    {Op::kRunOnPost, false, false, false, true},
    {Op::kCount, false, false, false, true},
    {Op::kReduce, false, false, false, true},
    {Op::kTotal, false, false, false, true},
};

bool MayStand(Op op, BlockKind kind) {
  for (const Place& place : kPlaces) {
    if (place.op != op) continue;
    switch (kind) {
      case BlockKind::kInit:
        return place.init;
      case BlockKind::kConnect:
        return place.connect;
      case BlockKind::kOnPre:
      case BlockKind::kOnStep:
      case BlockKind::kOnPost:
        return place.synaptic;
      case BlockKind::kStep:
      case BlockKind::kKernel:
        return place.step;
    }
  }
  // An op with an effect must have a row above.
  return Info(op).effect == Effect::kPure;
}

bool IsSynaptic(BlockKind kind) {
  return kind == BlockKind::kOnPre || kind == BlockKind::kOnStep || kind == BlockKind::kOnPost;
}

bool Runs(Op op) { return op == Op::kRunOnStep || op == Op::kRunOnPost; }

class Blocks {
 public:
  explicit Blocks(const Program& program) : program_(program) {}

  Result Check() {
    if (program_.init) {
      if (program_.init->kind != BlockKind::kInit) return Kind(*program_.init);
      if (auto v = CheckBlock(*program_.init)) return v;
    }
    for (const Block& block : program_.connect) {
      if (block.kind != BlockKind::kConnect) return Kind(block);
      if (auto v = OverSynapses(block)) return v;
    }
    for (const Block& block : program_.synaptic) {
      if (!IsSynaptic(block.kind)) return Kind(block);
      if (auto v = OverSynapses(block)) return v;
    }
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
    return std::nullopt;
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
    const auto projection = program_.FindProjection(block.name);
    const absl::string_view word = BlockKindName(block.kind);
    if (!projection || program_.projections[*projection].domain != block.domain) {
      return Fail(absl::StrCat(word, " is of a projection, and '", block.name, "' is none"));
    }
    if (!over_synapses_.insert({block.kind, block.name}).second) {
      return Fail(absl::StrCat("there are two ", word, " blocks of '", block.name, "'"));
    }
    return CheckBlock(block);
  }

  Result Kernel(const Block& block) {
    block_ = &block;
    node_ = kNoNode;
    if (!IsName(block.name) || !kernels_.insert(block.name).second) {
      return Fail(absl::StrCat("'", block.name, "' cannot name a kernel, or names two"));
    }
    if (static_cast<size_t>(block.domain) >= program_.domains.size()) {
      return Fail("this kernel has no domain");
    }
    return std::nullopt;
  }

  Result CheckBlock(const Block& block) {
    block_ = &block;
    node_ = kNoNode;
    if (!block.code.empty() && !IsName(block.code)) {
      return Fail(absl::StrCat("'", block.code, "' cannot name code"));
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
    if (!MayStand(node.op, block_->kind)) {
      return Fail(absl::StrCat(info.name, " cannot stand in ", BlockKindName(block_->kind)),
                  absl::StrCat(info.name, ": ", info.meaning));
    }
    if (IsSymbol(info.attr) && node.attr >= SymbolCount(program_, info.attr)) {
      return Fail(absl::StrCat(info.name, " refers to no ", SymbolWord(info.attr)));
    }
    if (auto v = CheckDecay(node)) return v;
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
    }
    if (info.attr != AttrKind::kState || block_->kind == BlockKind::kInit ||
        block_->kind == BlockKind::kConnect) {
      return std::nullopt;
    }
    const std::optional<InputId> held = program_.FindInputHeldBy(static_cast<StateId>(node.attr));
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
        if (!uniform && !own) {
          return Fail(absl::StrCat(BlockKindName(block_->kind), " ", block_->name,
                                   " has no elements of ", program_.DomainName(node.domain)),
                      "it runs over synapses: load_pre and load_post read the states of their "
                      "neurons");
        }
        return SynapseNode(node);
      case BlockKind::kKernel:
        if (!uniform && !own) {
          return Fail(absl::StrCat("a kernel over ", program_.DomainName(block_->domain),
                                   " has no elements of ", program_.DomainName(node.domain)));
        }
        // A population's threads would all write it.
        if (!own && Info(node.op).effect == Effect::kWrite) {
          return Fail(absl::StrCat("a kernel over ", program_.DomainName(block_->domain),
                                   " cannot ", Info(node.op).name, " a uniform state"),
                      "a kernel over network can");
        }
        return StepNode(node);
    }
    return std::nullopt;
  }

  // Only blocks of synapses act on synapses; the step may run such blocks.
  Result StepNode(const Node& node) {
    const bool of_synapses = DomainOf(node.domain).kind == DomainKind::kProjection;
    if (Runs(node.op)) {
      const BlockKind kind = node.op == Op::kRunOnStep ? BlockKind::kOnStep : BlockKind::kOnPost;
      if (program_.FindSynaptic(kind, static_cast<ProjectionId>(node.attr)) == nullptr) {
        return Fail(absl::StrCat("there is no ", BlockKindName(kind), " block of ",
                                 program_.DomainName(node.domain)));
      }
    } else if (of_synapses) {
      return Fail(absl::StrCat(BlockKindName(block_->kind), " has no elements of ",
                               program_.DomainName(node.domain)),
                  "connect, on_pre, on_step and on_post blocks run over synapses");
    } else if (DomainOf(block_->domain).kind == DomainKind::kProjection) {
      return Fail("a kernel over synapses only runs their blocks",
                  "with run_on_step and run_on_post");
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
    if (Info(node.op).attr == AttrKind::kStream && block_->kind != BlockKind::kConnect) {
      return Fail(absl::StrCat("synapses draw random numbers in connect only, not in ",
                               BlockKindName(block_->kind)),
                  "draw in the source or the target, and read it by load_pre or load_post");
    }
    return std::nullopt;
  }

  // Ops that stand once in a program, or after others.
  Result CheckOrder(const Node& node) {
    const OpInfo& info = Info(node.op);
    const bool stepping = block_->kind == BlockKind::kStep || block_->kind == BlockKind::kKernel;
    const std::pair<Op, uint64_t> key = {node.op, node.attr};
    if (info.attr == AttrKind::kState && program_.states[node.attr].temporary) {
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
    const bool once =
        node.op == Op::kTake || node.op == Op::kSpike || node.op == Op::kReduce || Runs(node.op);
    if (once && done_.contains(key)) {
      return Fail(absl::StrCat(info.name, " ", SymbolName(program_, info.attr, node.attr),
                               " stands twice in a step"));
    }
    if (stepping) done_.insert(key);
    return std::nullopt;
  }

  const Program& program_;
  const Block* block_ = nullptr;  // being checked
  NodeId node_ = kNoNode;
  std::set<std::pair<BlockKind, std::string>> over_synapses_;
  std::set<std::string> kernels_;
  std::set<std::tuple<const Block*, Op, uint64_t>> set_;  // what connect blocks have set
  std::set<std::pair<Op, uint64_t>> done_;                // ops on symbols so far in a step
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
  return FindInBlocks(program);
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
