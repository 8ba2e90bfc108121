// Proves before running that no input can overflow (R6), as far as contributions are static.
#ifndef BNSYN_REFERENCE_INPUT_PROOF_H_
#define BNSYN_REFERENCE_INPUT_PROOF_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "ir/program.h"

namespace bnsyn::reference {

// The operand of the `accumulate` node `node` of a synaptic block for a synapse of this weight, if
// it is static (R6): if it depends on nothing but the weight, literals and parameters that are not
// tunable. nullopt otherwise.
std::optional<double> StaticContribution(const ir::Program& program, const ir::Block& block,
                                         ir::NodeId node, double weight);

// The contributions of the on_pre block of a projection, for synapses of any weight.
class OnPreTerms {
 public:
  // Without terms if `block` is null.
  OnPreTerms(const ir::Program& program, const ir::Block* block);

  struct Term {
    ir::NodeId node = 0;  // an accumulate
    ir::InputId input = 0;
    // The last weight asked for and the answer, since most projections have one weight.
    std::optional<std::pair<double, std::optional<int64_t>>> last;
  };
  size_t size() const { return terms_.size(); }
  ir::InputId input(size_t term) const { return terms_[term].input; }
  // The quanta that the term adds, or nullopt if it is not static.
  std::optional<int64_t> Quanta(size_t term, double weight);
  // True if all terms are static.
  bool AllStatic();

 private:
  const ir::Program& program_;
  const ir::Block* block_;
  std::vector<Term> terms_;
};

// Bounds the sum of each element of each input in one step. Disjoint sets of targets may have
// proofs of their own.
class InputProof {
 public:
  explicit InputProof(const ir::Program& program);

  // Adds a synapse of `projection`, which has the terms given. InvalidArgument if the static part
  // of a sum could exceed 2^51 quanta, if a static contribution exceeds 2^40, or if a target has so
  // many synapses that are not static that 64 bits could overflow before the check.
  absl::Status Add(ir::ProjectionId projection, uint32_t target, double weight, OnPreTerms& terms);

 private:
  struct Bound {
    int64_t known = 0;     // sum of |quanta| of static contributions
    int64_t possible = 0;  // the same, and 2^40 for each of the others
  };
  const ir::Program& program_;
  std::vector<std::vector<Bound>> bounds_;  // by input and element
  std::vector<int64_t> most_;               // that `known` may be, by input
};

// InvalidArgument unless all contributions to decaying inputs are static.
absl::Status CheckDecayingInputs(const ir::Program& program);

// True if an InputProof of all synapses bounds every sum while running: all contributions are
// static, and no events add to inputs.
bool SumsAreProven(const ir::Program& program);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_INPUT_PROOF_H_
