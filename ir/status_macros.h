// The two helpers that Abseil of this age lacks.
#ifndef BNSYN_IR_STATUS_MACROS_H_
#define BNSYN_IR_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expr` from the enclosing function unless it is OK.
#define BNSYN_RETURN_IF_ERROR(expr)                                   \
  do {                                                                \
    if (absl::Status status_ = (expr); !status_.ok()) return status_; \
  } while (false)

#define BNSYN_CONCAT_INNER(a, b) a##b
#define BNSYN_CONCAT(a, b) BNSYN_CONCAT_INNER(a, b)
// `lhs` may be a declaration, which takes no parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)
#define BNSYN_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                \
  if (!tmp.ok()) return tmp.status();               \
  lhs = std::move(tmp).value()
// NOLINTEND(bugprone-macro-parentheses)

// Assigns the value of the StatusOr `expr` to `lhs` (a declaration or an lvalue), or returns its
// status from the enclosing function.
#define BNSYN_ASSIGN_OR_RETURN(lhs, expr) \
  BNSYN_ASSIGN_OR_RETURN_IMPL(BNSYN_CONCAT(statusor_, __LINE__), lhs, expr)

#endif  // BNSYN_IR_STATUS_MACROS_H_
