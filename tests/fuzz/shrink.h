// Makes a text that fails as short as it can be, for a person to read and for a case to keep.
#ifndef BNSYN_TESTS_FUZZ_SHRINK_H_
#define BNSYN_TESTS_FUZZ_SHRINK_H_

#include <string>

#include "absl/functional/function_ref.h"

namespace bnsyn::fuzz {

// Leaves out tables (from "[" at the beginning of a line to the next one), then lines, then what
// stands between two separators of a line, as long as `fails` holds of the rest. `fails` holds of
// `text`, and is asked at most `most` times.
std::string Shrunk(std::string text, absl::FunctionRef<bool(const std::string&)> fails,
                   int most = 300);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_SHRINK_H_
