// Proves before running that no input can overflow (R6), as far as contributions are static.
#ifndef BNSYN_REFERENCE_INPUT_PROOF_H_
#define BNSYN_REFERENCE_INPUT_PROOF_H_

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/accumulator.h"
#include "reference/coarse.h"
#include "reference/connectivity.h"
#include "reference/event_file.h"
#include "reference/fault.h"

namespace bnsyn::reference {

// The operand of the `accumulate` node `node` of a synaptic block for a synapse of this weight, if
// it depends on nothing but the weight, literals and parameters that are not tunable. nullopt
// otherwise.
std::optional<double> StaticContribution(const ir::Program& program, const ir::Block& block,
                                         ir::NodeId node, double weight);

// True for the blocks whose contributions may be static: the first on_pre block of a projection.
bool MayBeStatic(const ir::Program& program, const ir::Block& block);
// True if a block adds static contributions with an `accumulate` node.
bool AddsStatic(const ir::Program& program, const ir::Block& block, ir::NodeId node);

// The contributions of the first on_pre block of a projection, for synapses of any weight.
class OnPreTerms {
 public:
  // Without terms if `block` is null.
  OnPreTerms(const ir::Program& program, const ir::Block* block);

  // A static contribution.
  struct Known {
    double value = 0;
    reference::Quanta quanta = 0;
  };
  struct Term {
    ir::NodeId node = 0;  // that accumulates
    ir::InputId input = 0;
    bool to_source = false;
    // The last weight asked for and the answer, since most projections have one weight.
    std::optional<std::pair<double, std::optional<Known>>> last;
  };
  size_t size() const { return terms_.size(); }
  ir::InputId input(size_t term) const { return terms_[term].input; }
  // True if it adds to the source of the synapse, not to its target.
  bool to_source(size_t term) const { return terms_[term].to_source; }
  // What the term adds, or nullopt if it is not static.
  std::optional<Known> Find(size_t term, double weight);
  // True if all terms are static.
  bool AllStatic();

 private:
  const ir::Program& program_;
  const ir::Block* block_;
  std::vector<Term> terms_;
};

// An addition for each synapse.
struct OtherAddition {
  ir::InputId input = 0;
  bool to_source = false;  // of the synapse, not to its target
};
// By projection, what a step adds for each of its synapses, apart from its first on_pre block: one
// for each `accumulate` and `accumulate_pre` of its other synaptic blocks.
std::vector<std::vector<OtherAddition>> OtherAdditions(const ir::Program& program);

// By input and element: the most quanta that all events together bring in one step.
using EventBounds = std::vector<std::map<uint32_t, Quanta>>;
// `events` are those of each declaration of the program.
EventBounds BoundEvents(const ir::Program& program, absl::Span<const std::vector<Event>> events);

// Bounds the sum of each element of each input in one step, and counts the coarse contributions.
// Disjoint sets of targets may have proofs of their own.
class InputProof {
 public:
  // InvalidArgument if the sum of events could exceed its limit.
  static absl::StatusOr<InputProof> Create(const ir::Program& program,
                                           absl::Span<const std::vector<Event>> events);

  // Adds a synapse of `projection`, which has the terms given. InvalidArgument if a static
  // contribution or the static part of a sum could exceed its limit, or if a target has so many
  // synapses that are not static that the integer could overflow before the check.
  absl::Status Add(ir::ProjectionId projection, SynapseEnds ends, double weight, OnPreTerms& terms);

  // The coarse contributions of events and, so far, of synapses.
  const CoarseTallies& coarse() const { return coarse_; }

 private:
  struct Bound {
    Quanta known = 0;     // sum of |quanta| of static contributions and of events
    Quanta possible = 0;  // the same, and the limit for each of the others
  };
  explicit InputProof(const ir::Program& program);
  void CountEvents(size_t declaration, absl::Span<const Event> events);
  absl::Status AddKnown(ir::ProjectionId projection, ir::InputId input, uint32_t target,
                        const OnPreTerms::Known& known);
  absl::Status AddPossible(ir::ProjectionId projection, ir::InputId input, uint32_t element,
                           Quanta magnitude);

  // The most times that the first on_pre block of a projection runs for a synapse in a step.
  uint32_t MostArrivals(ir::ProjectionId projection) const;

  const ir::Program* program_;
  bool delivers_;
  std::vector<std::vector<Bound>> bounds_;          // by input and element
  std::vector<SumLimits> limits_;                   // by input
  std::vector<Quanta> most_;                        // that `known` may be, by input
  std::vector<std::vector<OtherAddition>> others_;  // OtherAdditions
  CoarseTallies coarse_;
};

// Adds all synapses of a projection to a proof.
absl::Status Prove(const ir::Program& program, ir::ProjectionId projection, const SynapseRows& rows,
                   OnPreTerms& terms, InputProof& proof);

// InvalidArgument unless all contributions to decaying inputs are static.
absl::Status CheckDecayingInputs(const ir::Program& program);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_INPUT_PROOF_H_
