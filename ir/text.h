// Programs as text: canonical, one line a node, Print(Parse(t)) == t for what Print wrote.
#ifndef BNSYN_IR_TEXT_H_
#define BNSYN_IR_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ir/program.h"

namespace bnsyn::ir {

// The text of a program. Floats are printed shortest round-trip; nothing but the program's
// contents reaches the text.
std::string Print(const Program& program);
// One block, indented as it stands in the program.
std::string PrintBlock(const Program& program, const Block& block);
// One node without indentation or newline; values are numbered as in the block.
std::string PrintNode(const Program& program, const Block& block, NodeId node);
// A literal with the suffix that names its element: 0.5, 0.5f32, 3i32, 7u64, true, nan, -inf.
std::string PrintLiteral(Element element, Bits bits);

// Reads the text of a program and verifies it. `file` names it in errors; tables are read from
// files relative to `directory`. Errors point at the line.
absl::StatusOr<Program> Parse(absl::string_view text, absl::string_view file,
                              absl::string_view directory = ".");

// The program as a Graphviz digraph, blocks as clusters.
std::string PrintDot(const Program& program);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_TEXT_H_
