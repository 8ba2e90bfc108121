// Errors that point into a text. Network files, equations, IR text and tables share one form:
//
//   balanced.toml:14:29: error: dV/dt has the dimension volt/second, but the right side is volt
//     dV/dt = (E_L - V) + I/C_m : volt
//             ^~~~~~~~~
//     note: divide by a time constant, as in (E_L - V)/tau_m
#ifndef BNSYN_IR_DIAGNOSTIC_H_
#define BNSYN_IR_DIAGNOSTIC_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bnsyn/source_text.h"

namespace bnsyn::ir {

using bnsyn::SourceText;

// A range within a SourceText: byte offset and length (at least 1 is underlined).
struct SourceRange {
  size_t offset = 0;
  size_t length = 1;
};

// An InvalidArgument status with the rendered diagnostic as its message. `note` says what to do
// next; empty for none. No trailing newline.
absl::Status ErrorAt(const SourceText& source, SourceRange range, absl::string_view message,
                     absl::string_view note = "");

// " (did you mean 'tau_m'?)" for the candidate nearest to `name` by edit distance, when one is near
// enough to be a likely slip; else "". Ties go to the first candidate.
std::string DidYouMean(absl::string_view name, const std::vector<std::string>& candidates);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_DIAGNOSTIC_H_
