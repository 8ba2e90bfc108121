// Functions of this process that compiled code may call.
#ifndef BNSYN_COMPILER_EMISSION_EXTERNAL_FUNCTIONS_H_
#define BNSYN_COMPILER_EMISSION_EXTERNAL_FUNCTIONS_H_

#include <string>
#include <vector>

#include "ir/op.h"

namespace bnsyn::compiler {

// The symbol of the oracle's own function of an op (a function of R2 or a draw of R3).
std::string OracleSymbol(ir::Op op);

struct ExternalFunction {
  std::string symbol;
  const void* address;
};
// The oracle's functions, and what LLVM itself calls where the machine lacks an instruction.
std::vector<ExternalFunction> ExternalFunctions();

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_EXTERNAL_FUNCTIONS_H_
