// Counts how often this test program allocates memory.
#ifndef BNSYN_TESTS_RUNTIME_ALLOCATIONS_H_
#define BNSYN_TESTS_RUNTIME_ALLOCATIONS_H_

#include <cstdint>

namespace bnsyn {

// Calls of operator new so far, on all threads.
uint64_t Allocations();

}  // namespace bnsyn

#endif  // BNSYN_TESTS_RUNTIME_ALLOCATIONS_H_
