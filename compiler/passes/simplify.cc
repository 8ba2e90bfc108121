// simplify: folds constants by the oracle, shares common nodes, replaces loads of stored values,
// and removes nodes that are not used. It never reassociates.
#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/passes/identities.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"
#include "ir/mutant.h"
#include "ir/text.h"
#include "reference/known_bits.h"

namespace bnsyn::compiler {
namespace {

// One sweep over one block.
class Simplifier {
 public:
  Simplifier(const ir::Program& program, const ir::Block& block)
      : program_(program), block_(block) {}

  std::optional<ir::Value> operator()(Rewriter& rewriter, ir::NodeId id) {
    const ir::Node& node = block_.nodes[id];
    if (node.op == ir::Op::kLoad) return Load(rewriter, id);
    if (node.op == ir::Op::kStore) return Store(rewriter, id);
    if (node.op == ir::Op::kRun && !Mutant("pass.simplify.loops_store")) Forget(node);
    if (ir::IsExpectation(node.op)) return Expectation(rewriter, id);
    if (ir::Info(node.op).effect != ir::Effect::kPure) return std::nullopt;

    ir::Builder& builder = rewriter.builder();
    ir::Node now = node;
    for (size_t i = 0; i < node.inputs().size(); ++i) {
      now.operands[i] = rewriter.Operand(id, i).id;
    }
    if (const auto bits = reference::FoldLiterals(builder.block().nodes, now)) {
      return builder.Literal(node.element, *bits);
    }
    return ApplyIdentity(builder, now);
  }

 private:
  // Replaces a load of a state whose value is known. A uniform value that was stored into a state
  // of elements stays uniform: every element has it.
  std::optional<ir::Value> Load(Rewriter& rewriter, ir::NodeId id) {
    const auto [known, fresh] = known_.try_emplace(block_.nodes[id].attr);
    if (fresh) known->second = rewriter.Copy(id);
    return known->second;
  }

  // Removes a store of the value that the state has already.
  std::optional<ir::Value> Store(Rewriter& rewriter, ir::NodeId id) {
    const ir::Value value = rewriter.Operand(id, 0);
    const auto [known, fresh] = known_.try_emplace(block_.nodes[id].attr, value);
    if (!fresh && known->second == value) return ir::Value{};
    if (Mutant("pass.simplify.stored_value")) return std::nullopt;
    known->second = value;
    return std::nullopt;
  }

  // Removes an expectation that cannot fail: its condition is never true. Its operands may have
  // become uniform, and a kernel of a population has no uniform effects.
  std::optional<ir::Value> Expectation(Rewriter& rewriter, ir::NodeId id) {
    const bool never = IsLiteral(rewriter.builder(), rewriter.Operand(id, 0), 0);
    if (never && !Mutant("pass.simplify.expects_nothing")) return ir::Value{};
    return std::nullopt;
  }

  // A loop changes the states that it stores.
  void Forget(const ir::Node& run) {
    for (const ir::Access& access : AccessesOf(program_, run)) {
      if (access.write) known_.erase(access.symbol);
    }
  }

  const ir::Program& program_;
  const ir::Block& block_;
  std::map<uint64_t, ir::Value> known_;  // what each state holds at this point, where known
};

// The block without stores that another store overwrites before any node reads them, or whose
// temporary nothing reads up to the end of the step.
ir::Block WithoutDeadStores(const ir::Program& program, const ir::Block& block) {
  std::vector<bool> dead(block.nodes.size(), false);
  std::set<uint64_t> overwritten;
  for (ir::StateId state = 0; state < program.states.size(); ++state) {
    const bool ends = block.kind == ir::BlockKind::kStep &&
                      (program.states[state].temporary || Mutant("pass.simplify.last_store"));
    if (ends) overwritten.insert(state);
  }
  for (size_t i = block.nodes.size(); i-- > 0;) {
    const ir::Node& node = block.nodes[i];
    for (const ir::Access& access : AccessesOf(program, node)) {
      if (Mutant("pass.simplify.stores_that_are_read")) continue;
      if (access.kind == ir::AttrKind::kState && !access.write) overwritten.erase(access.symbol);
    }
    if (node.op == ir::Op::kStore) dead[i] = !overwritten.insert(node.attr).second;
  }
  return RewriteBlock(program, block, [&](Rewriter&, ir::NodeId id) -> std::optional<ir::Value> {
    if (dead[id]) return ir::Value{};
    return std::nullopt;
  });
}

bool SameNodes(const ir::Block& a, const ir::Block& b) {
  if (a.nodes.size() != b.nodes.size()) return false;
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    const ir::Node& x = a.nodes[i];
    const ir::Node& y = b.nodes[i];
    if (x.op != y.op || x.type() != y.type() || x.attr != y.attr || x.inputs() != y.inputs()) {
      return false;
    }
  }
  return true;
}

// Removes the temporaries that no code names, of those behind all other states: these keep their
// numbers, by which engines and hosts know them.
void RemoveUnusedTemporaries(ir::Program& program) {
  const auto for_each_state = [&](const auto& visit) {
    for (std::vector<ir::Block>* const list : {&program.loops, &program.step}) {
      for (ir::Block& block : *list) {
        for (ir::Node& node : block.nodes) {
          if (ir::Info(node.op).attr == ir::AttrKind::kState) visit(node.attr);
        }
      }
    }
  };
  std::vector<bool> used(program.states.size());
  size_t first = used.size();
  while (first > 0 && program.states[first - 1].temporary) --first;
  std::fill_n(used.begin(), first, true);
  for_each_state([&](uint64_t state) { used[state] = true; });
  std::vector<ir::State> kept;
  std::vector<ir::StateId> number(used.size());
  for (ir::StateId state = 0; state < used.size(); ++state) {
    number[state] = static_cast<ir::StateId>(kept.size());
    if (used[state]) kept.push_back(program.states[state]);
  }
  for_each_state([&](uint64_t& state) { state = number[state]; });
  program.states = std::move(kept);
}

}  // namespace

// Sweeps until nothing changes: a node that one sweep removes may let the next one fold another.
ir::Block SimplifyBlock(const ir::Program& program, const ir::Block& block) {
  ir::Block current = block;
  while (true) {
    Simplifier simplifier(program, current);
    ir::Block next = RewriteBlock(program, current, [&](Rewriter& rewriter, ir::NodeId id) {
      return simplifier(rewriter, id);
    });
    next = WithoutDeadNodes(program, next);
    next = WithoutDeadStores(program, next);
    if (SameNodes(current, next)) return current;
    current = std::move(next);
  }
}

absl::StatusOr<ir::Program> Simplify(const ir::Program& program, const CompileOptions&) {
  ir::Program result =
      RewriteCode(program, [&](const ir::Block& block) { return SimplifyBlock(program, block); });
  // Kernels that are already there have numbered their slots.
  if (StepOf(result) != nullptr) RemoveUnusedTemporaries(result);
  return result;
}

absl::Status CheckSimplify(const ir::Program& program) {
  for (const ir::Block* block : CodeBlocks(program)) {
    const std::vector<bool> live = LiveNodes(*block);
    for (ir::NodeId id = 0; id < block->nodes.size(); ++id) {
      const ir::Node& node = block->nodes[id];
      if (node.op == ir::Op::kLiteral) continue;
      if (!live[id]) {
        return absl::InternalError(
            absl::StrCat("'", ir::PrintNode(program, *block, id), "' is not used"));
      }
      if (reference::FoldLiterals(block->nodes, node).has_value()) {
        return absl::InternalError(
            absl::StrCat("'", ir::PrintNode(program, *block, id), "' could be folded"));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
