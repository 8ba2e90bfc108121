// What a library answers where the system refuses memory: an error, and no exception.
#ifndef BNSYN_IR_OUT_OF_MEMORY_H_
#define BNSYN_IR_OUT_OF_MEMORY_H_

#include <new>
#include <stdexcept>

#include "absl/status/status.h"

namespace bnsyn::ir {

// The same status each time, which takes memory once in a process only. If that fails too, a status
// without words.
inline absl::Status OutOfMemory() {
  try {
    static const absl::Status& refused = *new absl::Status(absl::ResourceExhaustedError(
        "the system refused memory; make the network smaller or end other programs"));
    return refused;
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("");
  }
}

// What `use` returns, a Status or StatusOr; OutOfMemory where it asks for more than there is. A
// std::logic_error, with which code that finds itself wrong leaves, becomes an Internal error.
template <typename Use>
auto WithinMemory(Use use) -> decltype(use()) {
  try {
    static_cast<void>(OutOfMemory());  // so that it is there when nothing else is
    return use();
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  } catch (const std::length_error&) {
    return OutOfMemory();
  } catch (const std::logic_error& error) {
    return absl::InternalError(error.what());
  }
}

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_OUT_OF_MEMORY_H_
