#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "ir/text.h"

namespace bnsyn::ir {
namespace {

std::string Label(absl::string_view text) {
  return absl::StrCat("label=\"", absl::CEscape(text), "\"");
}

void AppendBlock(const Program& program, const Block& block, size_t number, std::string& out) {
  // The header, a line for each node that is not a literal, and the closing brace.
  const std::string text = PrintBlock(program, block);
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  absl::StrAppend(&out, "  subgraph cluster_", number, " {\n    ",
                  Label(absl::StripSuffix(lines[0], " {")), ";\n");
  size_t line = 1;
  for (size_t i = 0; i < block.nodes.size(); ++i) {
    const Node& node = block.nodes[i];
    if (node.op == Op::kLiteral) continue;
    absl::StrAppend(&out, "    n", number, "_", i, " [",
                    Label(absl::StripLeadingAsciiWhitespace(lines[line++])),
                    HasResult(node.op) ? "" : ", style=bold", "];\n");
    for (const NodeId operand : node.inputs()) {
      if (block.nodes[operand].op == Op::kLiteral) continue;
      absl::StrAppend(&out, "    n", number, "_", operand, " -> n", number, "_", i, ";\n");
    }
  }
  absl::StrAppend(&out, "  }\n");
}

}  // namespace

std::string PrintDot(const Program& program) {
  std::string out =
      absl::StrCat("digraph \"", absl::CEscape(program.name), "\" {\n  node [shape=box];\n");
  size_t number = 0;
  if (program.init) AppendBlock(program, *program.init, number++, out);
  for (const Block& block : program.connect) AppendBlock(program, block, number++, out);
  for (const Block& block : program.synaptic) AppendBlock(program, block, number++, out);
  for (const Block& block : program.loops) AppendBlock(program, block, number++, out);
  for (const Block& block : program.now) AppendBlock(program, block, number++, out);
  for (const Block& block : program.step) AppendBlock(program, block, number++, out);
  return out + "}\n";
}

}  // namespace bnsyn::ir
