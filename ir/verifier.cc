#include "ir/verifier.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "ir/program.h"
#include "ir/text.h"
#include "ir/violation.h"

namespace bnsyn::ir {
namespace {

// The block with a caret line below the node: its line is as many lines below the header as there
// are printed nodes before it.
std::string Draw(const Program& program, const Block& block, NodeId node) {
  size_t marked = 0;
  if (node < block.nodes.size()) {
    for (NodeId i = 0; i <= node; ++i) marked += block.nodes[i].op != Op::kLiteral ? 1 : 0;
    // A literal stands in the line of the node that follows it.
    if (block.nodes[node].op == Op::kLiteral) ++marked;
  }
  std::string drawing;
  size_t number = 0;
  for (const absl::string_view line : absl::StrSplit(PrintBlock(program, block), '\n')) {
    if (line.empty()) continue;
    absl::StrAppend(&drawing, "\n  ", line);
    if (number++ == marked) {
      const size_t indent = line.find_first_not_of(' ');
      absl::StrAppend(&drawing, "\n  ", std::string(indent, ' '), "^",
                      std::string(line.size() - indent - 1, '~'));
    }
  }
  return drawing;
}

}  // namespace

std::optional<Violation> FindViolation(const Program& program) {
  if (auto v = FindInDeclarations(program)) return v;
  if (auto v = FindInBlocks(program)) return v;
  if (auto v = FindInNeuronStates(program)) return v;
  return FindInPhases(program);
}

absl::Status Verify(const Program& program) {
  const auto violation = FindViolation(program);
  if (!violation) return absl::OkStatus();
  std::string text = absl::StrCat("error: ", violation->message);
  if (violation->block != nullptr) {
    text += Draw(program, *violation->block, violation->node);
  } else if (!violation->symbol.empty()) {
    absl::StrAppend(&text, "\n  in the declaration of '", violation->symbol, "'");
  }
  if (!violation->note.empty()) absl::StrAppend(&text, "\n  note: ", violation->note);
  return absl::InvalidArgumentError(text);
}

}  // namespace bnsyn::ir
