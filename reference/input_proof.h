// Shows before running that no input can overflow (R6), as far as contributions are known then.
#ifndef BNSYN_REFERENCE_INPUT_PROOF_H_
#define BNSYN_REFERENCE_INPUT_PROOF_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "ir/program.h"

namespace bnsyn::reference {

// What the on_pre block of a projection adds to inputs, for a synapse of any weight.
class Contributions {
 public:
  // `block` may be null: then nothing is added.
  Contributions(const ir::Program& program, const ir::Block* block);

  struct Term {
    ir::NodeId node = 0;  // an accumulate
    ir::InputId input = 0;
    // The last weight asked for and the answer: mostly all synapses have one weight.
    std::optional<std::pair<double, std::optional<int64_t>>> last;
  };
  size_t size() const { return terms_.size(); }
  ir::InputId input(size_t term) const { return terms_[term].input; }
  // In quanta; nullopt unless static (see StaticContribution).
  std::optional<int64_t> Quanta(size_t term, double weight);
  // True when all terms are static for every weight.
  bool AllStatic();

 private:
  const ir::Program& program_;
  const ir::Block* block_;
  std::vector<Term> terms_;
};

// For each element of each input, the largest sum that one step can bring. Sums of disjoint sets of
// targets may be shown by provers of their own.
class InputProof {
 public:
  explicit InputProof(const ir::Program& program);

  // Another synapse of `projection`, whose contributions are given. InvalidArgument when the static
  // part of a sum could exceed 2^51 quanta, a static contribution exceeds 2^40, or so many
  // synapses that are not static meet in a target that 64 bits could overflow before the check.
  absl::Status Add(ir::ProjectionId projection, uint32_t target, double weight,
                   Contributions& contributions);

 private:
  struct Bound {
    int64_t known = 0;     // sum of |quanta| of static contributions
    int64_t possible = 0;  // with 2^40 for each of the others
  };
  const ir::Program& program_;
  std::vector<std::vector<Bound>> bounds_;  // by input and element
  std::vector<int64_t> most_;               // of known contributions, by input
};

// InvalidArgument unless all that synapses add to decaying inputs is static: then it is proven.
absl::Status CheckDecayingInputs(const ir::Program& program);

// Whether an InputProof of all synapses is one of every sum while running: no event of a file adds
// to an input, and all contributions are static.
bool SumsAreProven(const ir::Program& program);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_INPUT_PROOF_H_
