// Kernels that differ in numbers alone, made to share code. For use by the place pass alone.
#ifndef BNSYN_COMPILER_PASSES_SHARE_LITERALS_H_
#define BNSYN_COMPILER_PASSES_SHARE_LITERALS_H_

#include "ir/program.h"

namespace bnsyn::compiler {

// Where more kernels than `most` would have code of their own and differ in nothing but the values
// of literals, those literals become parameters, which a kernel takes as arguments. Each function
// takes LLVM about 10 ms, which many populations of one model with parameters of their own would
// cost each; a literal is faster by some per cent of a kernel's time, so that few keep theirs.
//
// Kernels must have their slots; the new parameters are not among them yet.
ir::Program WithLiteralsShared(const ir::Program& program, size_t most);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_SHARE_LITERALS_H_
