// Names of functions by an address within them.
#ifndef BNSYN_TESTS_FAULTS_FUNCTION_NAMES_H_
#define BNSYN_TESTS_FAULTS_FUNCTION_NAMES_H_

namespace bnsyn::faults {

// Reads the symbols of this program, which names those functions too that it does not export.
void LoadFunctionNames();

// The mangled name of the function, the path of its library if the library does not export it, or
// "?". Allocates nothing, and calls nothing that a fault could hit.
const char* FunctionName(const void* address);

}  // namespace bnsyn::faults

#endif  // BNSYN_TESTS_FAULTS_FUNCTION_NAMES_H_
