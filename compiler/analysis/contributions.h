// What the synapses and events of a program may add to its inputs, found before it runs.
#ifndef BNSYN_COMPILER_ANALYSIS_CONTRIBUTIONS_H_
#define BNSYN_COMPILER_ANALYSIS_CONTRIBUTIONS_H_

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "compiler/analysis/value_range.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// How many synapses of a projection end at a neuron, as far as the rule says before they are drawn.
struct InDegree {
  double mean = 0;  // over the targets; an upper bound where the connect block sets probabilities
  // No neuron has more. Where synapses are drawn one by one this fails for one neuron in 10^60; the
  // proof of sums then finds it (runtime/construction/synapse_builder.h).
  double most = 0;
};
InDegree InDegreeOf(const ir::Program& program, ir::ProjectionId id);
// The same of synapses that begin at a neuron.
InDegree OutDegreeOf(const ir::Program& program, ir::ProjectionId id);

// One `accumulate` or `accumulate_pre` of a synaptic block.
struct Contribution {
  ir::ProjectionId projection = 0;
  size_t block = 0;     // in ir::Program::synaptic
  ir::NodeId node = 0;  // in the block
  ir::InputId input = 0;
  bool is_static = false;       // R6
  std::optional<double> value;  // what each synapse adds, where it is static and all have one
                                // weight; may be infinite or NaN
  bool to_source = false;       // it adds to the source of the synapse
  InDegree in_degree;           // how many synapses of the projection add to a neuron
};
// All of a program, in the order of its synaptic blocks and their nodes.
std::vector<Contribution> FindContributions(const ir::Program& program);
// Those of the first on_pre block of a projection; none without that block. Their in-degrees leave
// out what the host may inject where the step delivers.
std::vector<Contribution> FindContributions(const ir::Program& program, ir::ProjectionId id);

// Bounds of what a synapse adds, by contribution; unbounded where nothing is known. States that are
// `constant` keep the values that they begin with for the whole run.
std::vector<Range> FindContributionRanges(const ir::Program& program,
                                          absl::Span<const Contribution> contributions,
                                          absl::Span<const ir::StateId> constant = {});

// The ranges of the nodes of the connect block of a projection, which must have one. `initial` are
// the InitialRanges of the program.
std::vector<Range> FindConnectRanges(const ir::Program& program, ir::ProjectionId id,
                                     const std::vector<Range>& initial);

// The weights that are written down for the synapses of a projection, sorted, each once; empty
// where the connect block sets them.
std::vector<double> ListedWeights(const ir::Program& program, ir::ProjectionId id);

// What spikes add to an input in one step, where every contribution is static and has a finite
// value, and no events arrive.
struct KnownArrivals {
  double least = std::numeric_limits<double>::infinity();  // magnitude that is not 0
  double largest = 0;                                      // magnitude
  double synapses = 0;                                     // of a neuron, in the mean
  double most = 0;  // the greatest magnitude of the sum at one neuron
};
std::optional<KnownArrivals> FindKnownArrivals(const ir::Program& program,
                                               absl::Span<const Contribution> contributions,
                                               ir::InputId input);

// What one contribution, or one table of events, adds to an input.
struct Amount {
  ir::InputId input = 0;
  std::string source;  // the projection, or the events
  bool is_static = true;
  Range range;                 // of one addition
  double beginning = 0;        // the greatest magnitude while states are as they begin
  std::vector<double> values;  // each that there may be, where they are known one by one
  double most = 0;  // additions to one element in one step: no element has more (see InDegree)
  double sum = 0;   // of their magnitudes; infinite where the range has no bounds
};
// Of all contributions, in the order of FindContributions, then of all events. `constant` as above.
std::vector<Amount> FindAmounts(const ir::Program& program,
                                absl::Span<const ir::StateId> constant = {});

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_CONTRIBUTIONS_H_
