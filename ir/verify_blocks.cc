#include "ir/verify_blocks.h"

#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ir/program.h"
#include "ir/symbols.h"
#include "ir/violation.h"

namespace bnsyn::ir {
namespace {

bool IsSynaptic(BlockKind kind) {
  return kind == BlockKind::kOnPre || kind == BlockKind::kOnStep || kind == BlockKind::kOnPost;
}

class Blocks {
 public:
  explicit Blocks(const Program& program)
      : program_(program), delivers_(program.Delivers()), nodes_(program), order_(program) {}

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
      if (auto v = FindInPathway(program_, block, delivers_)) return Placed(*std::move(v));
      if (auto v = FindInSums(program_, block)) return Placed(*std::move(v));
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
    if (auto v = order_.HistoriesStored()) {
      block_ = program_.step.empty() ? nullptr : &program_.step.back();
      node_ = kNoNode;
      return Placed(*std::move(v));
    }
    return std::nullopt;
  }

 private:
  Violation Fail(std::string message, std::string note = "") const {
    return Placed(ir::Fail(std::move(message), std::move(note)));
  }

  // The violation in the block that is checked.
  Violation Placed(Violation violation) const {
    if (block_ != nullptr) violation.symbol = block_->name;
    violation.block = block_;
    violation.node = node_;
    return violation;
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
    if (auto v = FindPathwayOfNone(block)) return Placed(*std::move(v));
    if (!block.code.empty() && !IsName(block.code)) {
      return Fail(absl::StrCat("'", block.code, "' cannot name code"));
    }
    if (block.times != 1 && !HasPasses(block)) {
      return Fail("only loops and kernels have passes", "leave out times=");
    }
    if (block.times == 0 || block.times > kMostPasses) {
      return Fail(absl::StrCat("there are from 1 to ", kMostPasses, " passes, not ", block.times));
    }
    if (block.sums.has_value() && block.kind != BlockKind::kOnStep) {
      return Placed(*FindInSums(program_, block));
    }
    if (block.every == 0) return Fail("a block runs every step or more rarely: every=1 or more");
    const bool may_have_clock = block.kind == BlockKind::kClock ||
                                block.kind == BlockKind::kKernel ||
                                block.kind == BlockKind::kOnStep;
    if (block.HasClock() && !may_have_clock) {
      return Fail("only clocks, on_step blocks and kernels run in some steps alone",
                  "leave out every= and offset=");
    }
    const bool may_be_deferred =
        block.kind == BlockKind::kOnPost || (block.kind == BlockKind::kOnStep && !block.HasClock());
    if (block.deferred && !may_be_deferred) {
      return Fail("only on_post blocks, and on_step blocks without a clock, are deferred",
                  "leave out the word deferred");
    }
    for (const Slot& slot : block.slots) {
      if (slot.kind == AttrKind::kStream) continue;  // any number is a stream
      if (slot.index >= SymbolCount(program_, slot.kind)) return Fail("a slot has no symbol");
    }
    for (size_t i = 0; i < block.nodes.size(); ++i) {
      node_ = static_cast<NodeId>(i);
      if (auto v = nodes_.Check(block, node_)) return Placed(*std::move(v));
      if (auto v = order_.Check(block, block.nodes[i])) return Placed(*std::move(v));
      if (block.nodes[i].op == Op::kTake && IsOfAClock(block)) {
        if (auto v = FindInClockedTake(program_, block, block.nodes[i])) {
          return Placed(*std::move(v));
        }
      }
    }
    return std::nullopt;
  }

  const Domain& DomainOf(DomainId domain) const {
    return program_.domains[static_cast<size_t>(domain)];
  }

  const Program& program_;
  const bool delivers_;
  NodeRules nodes_;
  StepOrder order_;
  const Block* block_ = nullptr;  // being checked
  NodeId node_ = kNoNode;
  std::set<std::tuple<BlockKind, std::string, std::string>> over_synapses_;  // with the pathway
  std::set<std::string> kernels_;
  std::set<std::string> loops_;
};

}  // namespace

std::optional<Violation> FindInBlocks(const Program& program) { return Blocks(program).Check(); }

}  // namespace bnsyn::ir
