// Mutated programs.
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "ir/op.h"
#include "ir/symbols.h"
#include "ir/type.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/mutator.h"

namespace bnsyn::fuzz {
namespace {

// "f64[exc]" as its two names; the domain is empty for the network.
struct NamedType {
  std::string element;
  std::string domain;

  std::string text() const {
    return domain.empty() ? element : absl::StrCat(element, "[", domain, "]");
  }
};

// The type behind the last " : " of a line, if there is one.
std::optional<NamedType> TypeOf(const std::string& line) {
  const size_t colon = line.rfind(" : ");
  if (colon == std::string::npos) return std::nullopt;
  const std::string text = line.substr(colon + 3, line.find_first_of(" =", colon + 3) - colon - 3);
  const std::vector<std::string> parts = absl::StrSplit(text, absl::ByAnyChar("[]"));
  return NamedType{parts[0], parts.size() > 1 ? parts[1] : ""};
}

// What a new node in some place may refer to.
struct Surroundings {
  std::vector<std::pair<std::string, NamedType>> values;    // above it in its block
  std::map<std::string, std::vector<std::string>> symbols;  // by "state", "input", ...
  std::map<std::string, NamedType> types;                   // of symbols
  std::vector<NamedType> all_types;
};

class ProgramMutator : public Mutator {
 public:
  using Mutator::Mutator;

  // Another op, mostly one that takes the same operands.
  void ReplaceOp() {
    ChangeToken([](const Token& token) { return ir::OpFromName(token.text).has_value(); },
                [&](Token& token) {
                  const ir::OpInfo& old = ir::Info(*ir::OpFromName(token.text));
                  const bool any = random_.OneIn(4);
                  std::vector<std::string> others;
                  for (const ir::OpInfo& info : ir::AllOps()) {
                    const bool alike =
                        info.arity == old.arity && info.attr == old.attr && info.rule == old.rule;
                    if (any || alike) others.emplace_back(info.name);
                  }
                  token.text = random_.Pick(others);
                });
  }

  // Another value, or a literal, in place of an operand.
  void ReplaceOperand() {
    static const std::vector<std::string> literals = {"0",
                                                      "1",
                                                      "-1.5",
                                                      "nan",
                                                      "inf",
                                                      "true",
                                                      "false",
                                                      "0i32",
                                                      "-1i32",
                                                      "7u32",
                                                      "3i64",
                                                      "1e308",
                                                      "-9223372036854775808i64",
                                                      "18446744073709551615u64",
                                                      "0.5f32",
                                                      "1e-320"};
    const auto is_value = [](const Token& token) { return absl::StartsWith(token.text, "%"); };
    std::string other = random_.Pick(literals);
    if (!random_.OneIn(4)) ChangeToken(is_value, [&](Token& token) { other = token.text; });
    ChangeToken(is_value, [&](Token& token) { token.text = other; });
  }

  void ReplaceElement() {
    ChangeToken([](const Token& token) { return ir::ElementFromName(token.text).has_value(); },
                [&](Token& token) {
                  const size_t other = random_.Below(std::size(ir::kElements));
                  token.text = std::string(ir::ElementName(ir::kElements[other]));
                });
  }

  // Exchanges the name of a population, state, ... for another of its kind, or of any.
  void ReplaceSymbol() {
    const Surroundings all = Before(0);
    std::vector<std::string> names;
    for (const auto& [kind, symbols] : all.symbols) {
      for (const std::string& symbol : symbols) names.push_back(symbol);
    }
    if (names.empty()) return;
    ChangeToken([&](const Token& token) { return absl::c_linear_search(names, token.text); },
                [&](Token& token) {
                  std::vector<std::string> others = names;
                  for (const auto& [kind, symbols] : all.symbols) {
                    if (absl::c_linear_search(symbols, token.text)) others = symbols;
                  }
                  token.text = random_.Pick(random_.OneIn(4) ? names : others);
                });
  }

  // Copies a line of a block to another place, with a value of its own.
  void CopyNode() {
    ChangeLines([&](Lines& lines) {
      std::vector<std::string> nodes;
      for (const std::string& line : lines) {
        if (absl::StartsWith(line, "  ")) nodes.push_back(line);
      }
      if (nodes.empty()) return;
      std::string node = random_.Pick(nodes);
      const size_t value = node.find(" = ");
      if (absl::StartsWith(node, "  %") && value != std::string::npos) {
        node = absl::StrCat("  ", NewValue(), node.substr(value));
      }
      lines.insert(lines.begin() + At(lines), node);
    });
  }

  // Adds a node: any op, with operands, symbol and type that mostly fit.
  void InsertNode() {
    const ir::OpInfo& info = ir::AllOps()[random_.Below(ir::AllOps().size())];
    ChangeLines([&](Lines& lines) {
      const ptrdiff_t at = At(lines);
      const std::string node = NewNode(info, Before(static_cast<size_t>(at)));
      if (!node.empty()) lines.insert(lines.begin() + at, node);
    });
  }

 private:
  std::string NewValue() { return absl::StrCat("%9", random_.Below(1000000)); }

  // The declarations, and the values of the block in which line `at` stands.
  Surroundings Before(size_t at) const {
    Surroundings found;
    const Lines lines = absl::StrSplit(text_, '\n');
    for (size_t i = 0; i < lines.size(); ++i) {
      const std::string& line = lines[i];
      if (absl::StartsWith(line, "}") && i < at) found.values.clear();
      const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipWhitespace());
      if (words.size() < 2) continue;
      const std::optional<NamedType> type = TypeOf(line);
      const bool node = absl::StartsWith(line, "  ");
      if (node && type) found.all_types.push_back(*type);
      if (node && type && i < at) found.values.emplace_back(words[0], *type);
      if (node || !ir::SymbolKindFromWord(words[0])) continue;
      found.symbols[words[0]].push_back(words[1]);
      // "state exc.V : f64[exc] = 0", "input exc.g : exc scale=2^-33"
      if (type && words[0] == "state") found.types[words[1]] = *type;
      if (type && words[0] == "input") found.types[words[1]] = {"f64", type->element};
      if (type && words[0] == "param") found.types[words[1]] = *type;
    }
    return found;
  }

  // A value of that element, or any if there is none or the element is empty.
  const std::pair<std::string, NamedType>& Value(const Surroundings& around,
                                                 const std::string& element) {
    std::vector<size_t> fitting;
    for (size_t i = 0; i < around.values.size(); ++i) {
      if (around.values[i].second.element == element) fitting.push_back(i);
    }
    if (fitting.empty()) return random_.Pick(around.values);
    return around.values[random_.Pick(fitting)];
  }

  std::string NewNode(const ir::OpInfo& info, const Surroundings& around) {
    if (around.values.empty() || around.all_types.empty()) return "";
    NamedType type = random_.Pick(around.all_types);
    std::vector<std::string> arguments;
    if (ir::IsSymbol(info.attr)) {
      const auto symbols = around.symbols.find(std::string(ir::SymbolWord(info.attr)));
      if (symbols == around.symbols.end()) return "";
      arguments.push_back(random_.Pick(symbols->second));
      const auto known = around.types.find(arguments[0]);
      if (known != around.types.end()) type = known->second;
    }
    std::string element = info.rule == ir::TypeRule::kEffect ? type.element : "";
    if (info.rule == ir::TypeRule::kSelect) element = "bool";
    for (int i = 0; i < info.arity; ++i) {
      const auto& [name, of] = Value(around, element);
      arguments.push_back(name);
      element = i == 0 && info.rule == ir::TypeRule::kSelect ? "" : of.element;
      const bool first = i == 0;
      if (first || !of.domain.empty()) type.domain = of.domain;
      if (info.rule != ir::TypeRule::kDeclared && info.rule != ir::TypeRule::kConvert &&
          info.rule != ir::TypeRule::kBitcast) {
        type.element = of.element;
      }
    }
    if (info.rule == ir::TypeRule::kCompare) type.element = "bool";
    std::string node = absl::StrCat(info.name, " ", absl::StrJoin(arguments, ", "));
    if (info.attr == ir::AttrKind::kStream) {
      absl::StrAppend(&node, " stream=", random_.Below(9), " draw=", random_.Below(3));
    }
    if (!ir::HasResult(info.op)) return absl::StrCat("  ", node);
    return absl::StrCat("  ", NewValue(), " = ", node, " : ", type.text());
  }
};

}  // namespace

std::string MutatedProgram(const Corpus& corpus, uint64_t seed) {
  using M = ProgramMutator;
  return Mutate<M>(
      M(corpus, seed), Random(~seed),
      {
          &M::DeleteLine,     &M::RepeatLine,     &M::SwapLines,     &M::SwapNeighbours,
          &M::SwapNeighbours, &M::InsertLine,     &M::ReplaceNumber, &M::ReplaceNumber,
          &M::ReplaceNumber,  &M::ReplaceNumber,  &M::ReplaceWord,   &M::RenameWord,
          &M::ReplaceOp,      &M::ReplaceOp,      &M::ReplaceOp,     &M::ReplaceOperand,
          &M::ReplaceOperand, &M::ReplaceElement, &M::ReplaceSymbol, &M::ReplaceSymbol,
          &M::ReplaceSymbol,  &M::CopyNode,       &M::CopyNode,      &M::InsertNode,
          &M::InsertNode,     &M::InsertNode,     &M::InsertNode,
      },
      {&M::DeleteToken, &M::RepeatToken, &M::ReplaceSign, &M::ReplaceByte, &M::CutOff});
}

}  // namespace bnsyn::fuzz
