// What a program declares of the synapses of a projection, found by ranges of values: their delays
// and the greatest probability.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/contributions.h"
#include "compiler/analysis/value_range.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/emit.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/input_proof.h"

namespace bnsyn::compiler {
namespace {

using Description = Network::ProjectionDescription;

class ProjectionBounds {
 public:
  ProjectionBounds(const Description& description, ir::ProjectionId id,
                   const std::vector<Range>& initial, ir::Program& program)
      : program_(program),
        description_(description),
        projection_(program.projections[id]),
        initial_(initial) {}

  absl::Status Run(ir::ProjectionId id) {
    const ir::Block* const connect = program_.FindConnect(id);
    if (connect == nullptr) return absl::OkStatus();
    const ir::Block& block = *connect;
    const std::vector<Range> ranges = FindConnectRanges(program_, id, initial_);
    for (const ir::Node& node : block.nodes) {
      if (node.op == ir::Op::kSetProbability) {
        BNSYN_RETURN_IF_ERROR(Probability(ranges[node.operands[0]]));
      }
      if (node.op == ir::Op::kSetDelay) {
        // The range of the whole number of steps, before it becomes an integer.
        const ir::Node& steps = block.nodes[node.operands[0]];
        BNSYN_RETURN_IF_ERROR(Delay(ranges[steps.operands[0]]));
      }
    }
    return absl::OkStatus();
  }

  // The memory that a run needs is planned with the most that it can be. Single values out of range
  // are found when they are computed.
  absl::Status Probability(const Range& range) {
    if (range.least > 1 || range.greatest < 0) {
      const Setting& p = description_.rule.p;
      return ErrorIn(TextOf(p, absl::StrCat(description_.name, ".p")),
                     absl::StrCat("a probability is from 0 to 1, and this is ",
                                  range.least > 1 ? "always more than 1" : "always less than 0"));
    }
    projection_.rule.p = std::clamp(range.greatest, 0.0, 1.0);
    return absl::OkStatus();
  }

  // The range is that of the delays of the program, from the steps of spikes on.
  absl::Status Delay(Range steps) {
    const uint32_t lag = program_.spike_lag();
    if (steps.least >= lag && steps.greatest <= kLongestDelay + lag) {
      projection_.delay = static_cast<uint32_t>(steps.least);
      projection_.max_delay = static_cast<uint32_t>(steps.greatest);
      return absl::OkStatus();
    }
    const std::string what = absl::StrCat("the delay of ", description_.name);
    const ir::SourceText text = TextOf(*description_.options.delay, what);
    const double dt = program_.dt;
    steps.least -= lag;
    steps.greatest -= lag;
    std::string message;
    if (!(steps.least >= 0)) {
      message = std::isfinite(steps.least)
                    ? absl::StrCat(what, " can be as short as ", steps.least * dt,
                                   " ms, but no spike arrives before it happens")
                    : absl::StrCat(what, " has no least value; it must be at least 0 ms");
    } else {
      message = std::isfinite(steps.greatest)
                    ? absl::StrCat(what, " can be as long as ", steps.greatest * dt,
                                   " ms; at most ", kLongestDelay, " steps are allowed")
                    : absl::StrCat(what, " has no greatest value, which must be known before ",
                                   "running");
    }
    return ErrorIn(text, message,
                   absl::StrCat("keep it within bounds: clip(", text.text, ", 0 ms, 10 ms)"));
  }

  ir::Program& program_;
  const Description& description_;
  ir::Projection& projection_;
  const std::vector<Range>& initial_;
};

// The code of a synaptic block.
const ir::SourceText& TextOfBlock(const ConnectOptions& options, const ir::Block& block) {
  for (const Pathway& pathway : options.pathways) {
    if (pathway.name == block.pathway) return pathway.code;
  }
  if (block.kind == ir::BlockKind::kOnPre) return options.on_pre;
  return block.kind == ir::BlockKind::kOnPost ? options.on_post : options.equations;
}

// Fails if a static contribution is not finite, and names the weight for which it is not.
absl::Status CheckFinite(const Network& network, const ir::Program& program,
                         const Contribution& contribution) {
  const ir::ProjectionId id = contribution.projection;
  const ir::Block& block = program.synaptic[contribution.block];
  for (const double weight : ListedWeights(program, id)) {
    const double value = *reference::StaticContribution(program, block, contribution.node, weight);
    if (std::isfinite(value)) continue;
    const Description& description = network.projections[id];
    return ErrorIn(TextOfBlock(description.options, block),
                   absl::StrCat("with the weight ", weight, ", projection '", description.name,
                                "' would add ", value));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status BoundProjections(const Network& network, ir::Program& program) {
  const std::vector<Range> initial = InitialRanges(program);
  for (ir::ProjectionId id = 0; id < network.projections.size(); ++id) {
    BNSYN_RETURN_IF_ERROR(ProjectionBounds(network.projections[id], id, initial, program).Run(id));
  }
  return absl::OkStatus();
}

absl::Status CheckContributions(const Network& network, const ir::Program& program) {
  for (const Contribution& contribution : FindContributions(program)) {
    if (contribution.is_static) BNSYN_RETURN_IF_ERROR(CheckFinite(network, program, contribution));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
