// What the classes that draw networks have in common: random numbers, and the names of what they
// have used, which the tests count.
#ifndef BNSYN_TESTS_FUZZ_DRAWS_KINDS_H_
#define BNSYN_TESTS_FUZZ_DRAWS_KINDS_H_

#include <cstddef>
#include <set>
#include <string>

#include "tests/fuzz/random.h"

namespace bnsyn::fuzz {

class DrawsKinds {
 protected:
  DrawsKinds(Random& random, std::set<std::string>& kinds) : random_(random), kinds_(kinds) {}

  void Use(const std::string& kind) { kinds_.insert(kind); }
  // True once in `n` times, and the kind is then used.
  bool UseOneIn(size_t n, const std::string& kind) {
    if (!random_.OneIn(n)) return false;
    Use(kind);
    return true;
  }

  Random& random_;
  std::set<std::string>& kinds_;
};

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_DRAWS_KINDS_H_
