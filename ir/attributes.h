// The attributes of declarations: the "key=value" that may follow a declaration in the text of a
// program. One row an attribute; parser, printer and verifier read the same rows:
//
//   state exc.V : f64[exc] = -65 bounds=[-100, 50] unit="mV"
//
// has two attributes of AttributesOf<State>(), "bounds" and "unit".
#ifndef BNSYN_IR_ATTRIBUTES_H_
#define BNSYN_IR_ATTRIBUTES_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ir/parser.h"
#include "ir/program.h"
#include "ir/violation.h"

namespace bnsyn::ir {

template <typename Declaration>
struct Attribute {
  absl::string_view key;
  absl::string_view meaning;
  bool is_flag = false;  // a key alone, without a value

  // Reads the value behind "key=" into the declaration.
  std::function<absl::Status(TokenReader&, const Program&, Declaration&)> read;
  // The value as the text of a program has it; nullopt where it is the default and not printed.
  std::function<std::optional<std::string>(const Program&, const Declaration&)> text;
  // The message and note of the rule that the value breaks; null for an attribute without rules.
  std::function<std::optional<Violation>(const Program&, const Declaration&)> check;
};

// The attributes of Program, Population, Group, Param, State, Input, Projection and Events, in the
// order in which they are printed.
template <typename Declaration>
const std::vector<Attribute<Declaration>>& AttributesOf();

// A text in quotes.
std::string Quoted(absl::string_view text);

// "conn.weight".
std::string ColumnText(const Program& program, const ColumnRef& column);
// The rule that a column breaks which a declaration names.
std::optional<Violation> FindInColumn(const Program& program, const ColumnRef& column);
// True if a column of that name can be written in the text of a program.
bool IsColumnName(const std::string& column);
// The values of a column; null where the table has none of that name, which is then the violation.
const std::vector<double>* FindColumn(const Program& program, TableId table,
                                      absl::string_view name);
Violation MissingColumn(const Program& program, TableId table, absl::string_view name);

// Reads attributes up to the end of the line.
template <typename Declaration>
absl::Status ReadAttributes(TokenReader& reader, const Program& program, Declaration& declaration) {
  std::vector<TokenReader::Key> keys;
  for (const Attribute<Declaration>& attribute : AttributesOf<Declaration>()) {
    keys.push_back({attribute.key, [&] { return attribute.read(reader, program, declaration); },
                    attribute.is_flag});
  }
  return reader.ReadKeys(keys);
}

// " key=value key=value", for those that are not the default.
template <typename Declaration>
std::string AttributesText(const Program& program, const Declaration& declaration) {
  std::string result;
  for (const Attribute<Declaration>& attribute : AttributesOf<Declaration>()) {
    const std::optional<std::string> text = attribute.text(program, declaration);
    if (!text) continue;
    result.append(" ").append(attribute.key.data(), attribute.key.size());
    if (!attribute.is_flag) result.append("=").append(*text);
  }
  return result;
}

// The first rule that an attribute breaks.
template <typename Declaration>
std::optional<Violation> FindInAttributes(const Program& program, const Declaration& declaration) {
  for (const Attribute<Declaration>& attribute : AttributesOf<Declaration>()) {
    if (!attribute.check) continue;
    if (auto violation = attribute.check(program, declaration)) return violation;
  }
  return std::nullopt;
}

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_ATTRIBUTES_H_
