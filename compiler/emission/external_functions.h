// Lists the functions of this process that compiled code calls, with the addresses to link them to.
#ifndef BNSYN_COMPILER_EMISSION_EXTERNAL_FUNCTIONS_H_
#define BNSYN_COMPILER_EMISSION_EXTERNAL_FUNCTIONS_H_

#include <string>
#include <vector>

#include "ir/op.h"

namespace bnsyn::compiler {

// The symbol of the oracle's function for an op (a function of R2 or a draw of R3).
std::string OracleSymbol(ir::Op op);

// The symbol of reference::CountCoarse.
inline constexpr char kCountCoarseSymbol[] = "bnsyn.count_coarse";

struct ExternalFunction {
  std::string symbol;
  const void* address;
};
// The oracle's functions, what counts coarse contributions, and the functions of libm that LLVM
// calls where the target lacks an instruction.
std::vector<ExternalFunction> ExternalFunctions();

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EXTERNAL_FUNCTIONS_H_
