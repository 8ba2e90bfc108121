// Makes a text of the corpus wrong, or another right one.
#ifndef BNSYN_TESTS_FUZZ_MUTATE_H_
#define BNSYN_TESTS_FUZZ_MUTATE_H_

#include <cstdint>
#include <string>

#include "tests/fuzz/corpus.h"

namespace bnsyn::fuzz {

// A text of the corpus with one to four changes: lines that move, go, come twice or come from
// another text; numbers, units, words and signs that are others; values that nest; bytes that are
// none of these. The same for the same corpus and seed.
std::string MutatedNetwork(const Corpus& corpus, uint64_t seed);
// The same of programs, whose ops, operands and types are exchanged as well.
std::string MutatedProgram(const Corpus& corpus, uint64_t seed);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_MUTATE_H_
