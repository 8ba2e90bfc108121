#include "absl/strings/str_cat.h"
#include "ir/program.h"
#include "ir/symbols.h"
#include "ir/verify_blocks.h"
#include "ir/violation.h"

namespace bnsyn::ir {

Result FindInPathway(const Program& program, const Block& block, bool delivers) {
  if (block.kind == BlockKind::kOnStep) return std::nullopt;
  if (!block.pathway.empty() && !IsName(block.pathway)) {
    return Fail(absl::StrCat("'", block.pathway, "' cannot name a pathway"));
  }
  if (block.delay == 0u && !delivers) {
    return Fail("the delay is 0 steps",
                "a spike takes at least one step to arrive, unless deliver stands in the step");
  }
  if (!block.spikes.has_value()) return std::nullopt;
  if (*block.spikes >= program.populations.size()) return Fail("these are spikes of nothing");
  const Projection& projection = program.projections[program.ProjectionOf(block)];
  const bool on_post = block.kind == BlockKind::kOnPost;
  const PopulationId end = on_post ? projection.target : projection.source;
  if (program.populations[*block.spikes].domain == program.populations[end].domain) {
    return std::nullopt;
  }
  return Fail(absl::StrCat("the spikes are not of the ", on_post ? "target" : "source"),
              absl::StrCat("they are those of ", program.populations[end].name,
                           ", or of another kind of event of its neurons"));
}

Result FindPathwayOfNone(const Block& block) {
  const bool arrives = block.kind == BlockKind::kOnPre || block.kind == BlockKind::kOnPost;
  if (arrives || (block.pathway.empty() && !block.delay && !block.spikes)) return std::nullopt;
  return Fail(absl::StrCat(BlockKindName(block.kind), " has no pathway, delay or spikes"),
              "on_pre and on_post blocks have");
}

}  // namespace bnsyn::ir
