// unroll: writes the passes of short loops out, one behind the other. A loop is a kernel of its
// own, so that what it shares with the code around it goes through memory; that is much beside a
// short one. How much is written out has a limit, whatever the number of passes.
#include <algorithm>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"
#include "ir/mutant.h"

namespace bnsyn::compiler {
namespace {

// The most nodes of all passes of a loop that is written out.
constexpr size_t kMostWritten = 1000;

// A loop whose passes may end early is not written out: it seldom runs them all.
bool IsShort(const ir::Block& loop) {
  const bool ends = std::any_of(loop.nodes.begin(), loop.nodes.end(),
                                [](const ir::Node& node) { return node.op == ir::Op::kUntil; });
  if (ends && !Mutant("pass.unroll.passes_that_end")) return false;
  if (loop.kind == ir::BlockKind::kClock) return false;
  const auto nodes = std::count_if(loop.nodes.begin(), loop.nodes.end(), [](const ir::Node& node) {
    return node.op != ir::Op::kLiteral;
  });
  return loop.times * static_cast<size_t>(nodes) <= kMostWritten;
}

// Writes one pass of a loop.
void WritePass(const ir::Block& loop, uint32_t pass, ir::Builder& builder) {
  std::vector<ir::Value> values;
  for (ir::Node node : loop.nodes) {
    absl::InlinedVector<ir::Value, 3> operands;
    for (const ir::NodeId operand : node.inputs()) operands.push_back(values[operand]);
    // Each pass draws two numbers on (R3).
    if (ir::Info(node.op).attr == ir::AttrKind::kStream) {
      node.attr += Mutant("pass.unroll.draws_of_a_pass") ? 0 : 2 * uint64_t{pass};
    }
    const uint32_t number = Mutant("pass.unroll.number_of_a_pass") ? 0 : pass;
    values.push_back(node.op == ir::Op::kPass ? builder.Literal(node.element, number)
                                              : EmitLike(builder, node, operands));
  }
}

}  // namespace

absl::StatusOr<ir::Program> Unroll(const ir::Program& program, const CompileOptions&) {
  const ir::Block* const step = StepOf(program);
  if (step == nullptr) return program;
  ir::Program result = program;
  result.loops.clear();
  std::vector<std::optional<ir::LoopId>> number;  // by old number, of those that stay
  for (const ir::Block& loop : program.loops) {
    number.emplace_back();
    // As it is when all passes have run.
    if (IsShort(SimplifyBlock(program, loop))) continue;
    number.back() = static_cast<ir::LoopId>(result.loops.size());
    result.loops.push_back(loop);
  }
  result.step[0] = RewriteBlock(
      result, *step, [&](Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
        const ir::Node& node = step->nodes[id];
        if (node.op != ir::Op::kRun) return std::nullopt;
        const ir::Block& loop = program.loops[node.attr];
        if (number[node.attr]) {
          return rewriter.builder().Emit(ir::Op::kRun, {}, *number[node.attr]);
        }
        for (uint32_t pass = Mutant("pass.unroll.first_pass") ? 1 : 0; pass < loop.times; ++pass) {
          WritePass(loop, pass, rewriter.builder());
        }
        return ir::Value{};
      });
  return result;
}

absl::Status CheckUnroll(const ir::Program& program) {
  for (const ir::Block& loop : program.loops) {
    if (StepOf(program) == nullptr || !IsShort(loop)) continue;
    return absl::InternalError(
        absl::StrCat("the ", loop.times, " passes of ", loop.name, " are not written out"));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
