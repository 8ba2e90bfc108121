// The rules of sums over synapses: what an on_step block with sums= may do, and what a clock may
// take.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ir/access.h"
#include "ir/program.h"
#include "ir/symbols.h"
#include "ir/verify_blocks.h"
#include "ir/violation.h"

namespace bnsyn::ir {

Result FindInSums(const Program& program, const Block& block) {
  if (!block.sums.has_value()) return std::nullopt;
  if (block.kind != BlockKind::kOnStep) {
    return Fail(absl::StrCat(BlockKindName(block.kind), " does not sum for run_sums"),
                "an on_step block may have sums=");
  }
  if (*block.sums >= program.inputs.size()) return Fail("this block sums into no input");
  if (program.FindSums(*block.sums) != &block) {
    return Fail(absl::StrCat("two blocks have sums=", program.inputs[*block.sums].name));
  }
  bool adds = false;
  for (const Node& node : block.nodes) {
    if (node.op == Op::kStore || node.op == Op::kCheck) {
      return Fail(absl::StrCat("a block that sums cannot ", Info(node.op).name),
                  "it sees synapses as they are, and leaves them so");
    }
    adds = adds || (Accumulates(node) && node.attr == *block.sums);
  }
  if (adds) return std::nullopt;
  return Fail(absl::StrCat("this block never adds to ", program.inputs[*block.sums].name));
}

// Between two takes an input must not receive more than in one step, which is proven to fit (R6).
Result FindInClockedTake(const Program& program, const Block& clock, const Node& take) {
  const auto adds = [&](const Block& block) {
    return std::any_of(block.nodes.begin(), block.nodes.end(), [&](const Node& node) {
      return Accumulates(node) && node.attr == take.attr;
    });
  };
  const auto is_input = [&](const Events& events) { return events.input == take.attr; };
  bool alike = std::none_of(program.events.begin(), program.events.end(), is_input);
  for (const Block& block : program.synaptic) {
    if (!adds(block)) continue;
    alike = alike && block.kind == BlockKind::kOnStep && block.every == clock.every &&
            block.offset == clock.offset;
  }
  if (alike) return std::nullopt;
  return Fail(absl::StrCat("a clock takes ", program.inputs[take.attr].name,
                           ", to which more is added than in its own steps"),
              "on_step blocks with the same every= and offset= may add to it");
}

}  // namespace bnsyn::ir
