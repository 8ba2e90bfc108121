// What becomes of times between two steps.
#ifndef BNSYN_OFF_GRID_H_
#define BNSYN_OFF_GRID_H_

#include <cstdint>

namespace [[gnu::visibility("default")]] bnsyn {

enum class OffGrid : uint8_t {
  kError,    // such a time is an error
  kNearest,  // the nearest step; of two that are equally near, the earlier
  kUp,       // the next step
  kDown,     // the step before
};

}  // namespace bnsyn

#endif  // BNSYN_OFF_GRID_H_
