// The random numbers of the fuzz tests: the same for the same seed on every machine.
#ifndef BNSYN_TESTS_FUZZ_RANDOM_H_
#define BNSYN_TESTS_FUZZ_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bnsyn::fuzz {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // 64 random bits: SplitMix64.
  uint64_t Next() {
    uint64_t x = state_ += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  // A number from 0 to n - 1; n is at least 1.
  size_t Below(size_t n) { return static_cast<size_t>(Next() % n); }
  // True once in `n` times.
  bool OneIn(size_t n) { return Below(n) == 0; }
  // One of `items`, which are not empty.
  template <typename T>
  const T& Pick(const std::vector<T>& items) {
    return items[Below(items.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_RANDOM_H_
