// What the expectations of integer code ask (R10), and the words for one that fails.
#ifndef BNSYN_REFERENCE_EXPECTATION_H_
#define BNSYN_REFERENCE_EXPECTATION_H_

#include <string>

#include "ir/op.h"
#include "ir/type.h"

namespace bnsyn::reference {

// True if the arithmetic has a result: `a` and `b` are the operands of the expectation `op` behind
// its bool; `b` is not read where it has one alone.
bool Holds(ir::Op op, ir::Bits a, ir::Bits b);

// Why it does not hold, and what to do:
// "9223372036854775807 + 1 is beyond the integers of 64 bits".
std::string DescribeExpectation(ir::Op op, ir::Bits a, ir::Bits b);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_EXPECTATION_H_
