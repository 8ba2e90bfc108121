// The digest of a run: 128 bits that are equal exactly when two runs are.
#ifndef BNSYN_DIGEST_H_
#define BNSYN_DIGEST_H_

#include <cstdint>
#include <string>

namespace [[gnu::visibility("default")]] bnsyn {

// A hash of all state, of the spikes so far and of those still on their way (R11 in
// reference/SEMANTICS.md). The same network and seed give the same digest on both backends, any
// number of threads, any vector width and any machine.
struct Digest {
  uint64_t high = 0;
  uint64_t low = 0;

  std::string ToString() const;  // 32 hexadecimal digits
  friend bool operator==(const Digest&, const Digest&) = default;
};

}  // namespace bnsyn

#endif  // BNSYN_DIGEST_H_
