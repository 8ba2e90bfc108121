// Mutants: a build of its own (the preset `mutants`) in which the environment chooses one place
// where the code is wrong, so that a test must fail. Everywhere else Mutant() is the constant
// false, and nothing of this is left in the code.
//
//   if (Mutant("R7.tree")) return SumFromLeftToRight(values);
//
// tests/mutants/mutants.py finds the names in the sources, and those of ir/mutant_flip.h. It runs
// tests under each name, and says which test failed.
#ifndef BNSYN_IR_MUTANT_H_
#define BNSYN_IR_MUTANT_H_

#include "absl/strings/string_view.h"

namespace bnsyn {

#ifdef BNSYN_MUTANTS
inline constexpr bool kMutants = true;
// The name in $BNSYN_MUTANT; empty for none.
absl::string_view ChosenMutant();
// True if the name is chosen. The first time, this adds it to the file $BNSYN_MUTANT_REACHED.
bool Mutant(absl::string_view name);
#else
inline constexpr bool kMutants = false;
constexpr bool Mutant(absl::string_view) { return false; }
#endif

}  // namespace bnsyn

#endif  // BNSYN_IR_MUTANT_H_
