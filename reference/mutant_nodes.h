// What the interpreter does in a build of mutants (ir/mutant_flip.h); nothing of it is in other
// builds.
#ifndef BNSYN_REFERENCE_MUTANT_NODES_H_
#define BNSYN_REFERENCE_MUTANT_NODES_H_

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/mutant.h"
#include "reference/evaluate.h"

namespace bnsyn::reference {

// Evaluate() without mutants.
void EvaluatePlain(const ir::Node& node, const EvaluationPoint& point,
                   absl::Span<const ArrayView> operands, Array& result);

// Evaluate() with the mutant that is chosen.
void EvaluateFlipped(const ir::Node& node, const EvaluationPoint& point,
                     absl::Span<const ArrayView> operands, Array& result);

// The value of a function of R2; under the mutant "R2.NAME" it is some places less exact, in the
// sequence that all engines share. F is a double, or a node that stands for one.
template <typename F>
F ValueOfFunction(absl::string_view name, F value) {
  if constexpr (kMutants) {
    if (Mutant(absl::StrCat("R2.", name))) return value * (1 + 0x1p-46);
  }
  return value;
}

// Flips the lowest bit of every element.
void FlipLowestBits(Array& result);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_MUTANT_NODES_H_
