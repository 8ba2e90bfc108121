// The rules every program keeps, and the stricter ones of later stages.
#ifndef BNSYN_IR_VERIFIER_H_
#define BNSYN_IR_VERIFIER_H_

#include "absl/status/status.h"
#include "ir/program.h"

namespace bnsyn::ir {

// OK, or an error with the offending block printed and a caret line below the node: operands
// defined before use, types by the op's rule, symbols in range, names unique, domains joinable,
// effects where they may stand (take in a step only, and so on), numbers in range (sizes > 0,
// 0 <= p <= 1, delays >= 1, finite weights).
absl::Status Verify(const Program& program);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_VERIFIER_H_
