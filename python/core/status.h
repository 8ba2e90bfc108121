// From absl::Status to the exceptions of the package.
#ifndef BNSYN_PYTHON_CORE_STATUS_H_
#define BNSYN_PYTHON_CORE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bnsyn::python {

// Raises the exception of bnsyn/errors.py for an error, with its message.
[[noreturn]] void Raise(const absl::Status& error);

inline void Check(const absl::Status& status) {
  if (!status.ok()) Raise(status);
}

// The value, or the exception.
template <typename T>
T Take(absl::StatusOr<T> result) {
  Check(result.status());
  return *std::move(result);
}

}  // namespace bnsyn::python

#endif  // BNSYN_PYTHON_CORE_STATUS_H_
