#include <algorithm>
#include <charconv>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ir/parser.h"
#include "ir/status_macros.h"
#include "ir/symbols.h"
#include "ir/text.h"

namespace bnsyn::ir {
namespace {

// The whole number that is the whole of `text`, in [least, most].
template <typename T>
std::optional<T> WholeNumber(absl::string_view text, T least, T most) {
  int base = 10;
  if (text.size() > 2 && text.substr(0, 2) == "0x") {
    base = 16;
    text.remove_prefix(2);
  }
  T value = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value, base);
  if (result.ec != std::errc() || result.ptr != end || value < least || value > most) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

const Token& TokenReader::Take() {
  const Token& token = tokens_[at_];
  if (token.kind != TokenKind::kEnd) ++at_;
  return token;
}

bool TokenReader::AtPunctuation(absl::string_view punctuation) const {
  return peek().kind == TokenKind::kPunctuation && text(peek()) == punctuation;
}

bool TokenReader::AtLineEnd() const {
  return peek().kind == TokenKind::kNewline || peek().kind == TokenKind::kEnd;
}

bool TokenReader::TakePunctuation(absl::string_view punctuation) {
  if (!AtPunctuation(punctuation)) return false;
  Take();
  return true;
}

absl::Status TokenReader::Error(const Token& token, absl::string_view message,
                                absl::string_view note) const {
  return ErrorAt(source_, token.range, message, note);
}

absl::Status TokenReader::Expected(absl::string_view what) const {
  const std::string found =
      AtLineEnd() ? "the end of the line" : absl::StrCat("'", text(peek()), "'");
  return Error(peek(), absl::StrCat("expected ", what, ", not ", found));
}

absl::Status TokenReader::ReadPunctuation(absl::string_view punctuation) {
  if (TakePunctuation(punctuation)) return absl::OkStatus();
  return Expected(absl::StrCat("'", punctuation, "'"));
}

absl::Status TokenReader::ReadLineEnd() {
  if (!AtLineEnd()) return Expected("the end of the line");
  Take();
  return absl::OkStatus();
}

absl::StatusOr<std::string> TokenReader::ReadWord(absl::string_view what) {
  if (peek().kind != TokenKind::kWord) return Expected(what);
  return std::string(text(Take()));
}

absl::StatusOr<std::string> TokenReader::ReadString() {
  if (peek().kind != TokenKind::kString) return Expected("a string in quotes");
  const Token& token = Take();
  const absl::string_view quoted = text(token);
  std::string value;
  std::string problem;
  if (!absl::CUnescape(quoted.substr(1, quoted.size() - 2), &value, &problem)) {
    return Error(token, problem);
  }
  return value;
}

absl::StatusOr<int64_t> TokenReader::ReadInteger(int64_t least, int64_t most) {
  const auto value = WholeNumber<int64_t>(text(peek()), least, most);
  if (!value) return Expected(absl::StrCat("a whole number from ", least, " to ", most));
  Take();
  return *value;
}

absl::StatusOr<uint64_t> TokenReader::ReadUnsigned(uint64_t most) {
  const auto value = WholeNumber<uint64_t>(text(peek()), 0, most);
  if (!value) return Expected(absl::StrCat("a whole number from 0 to ", most));
  Take();
  return *value;
}

absl::StatusOr<uint32_t> TokenReader::ReadUnsigned32() {
  BNSYN_ASSIGN_OR_RETURN(const uint64_t value, ReadUnsigned(std::numeric_limits<uint32_t>::max()));
  return static_cast<uint32_t>(value);
}

absl::StatusOr<Literal> TokenReader::ReadLiteral() {
  const auto literal = ParseLiteral(text(peek()));
  if (!literal && peek().kind == TokenKind::kNumber) {
    return Error(peek(),
                 absl::StrCat("'", text(peek()), "' is no number, or does not fit its type"),
                 "numbers are written as -0.5, 1e-3, 0.5f32, 3i32, 3u32, 3i64, 3u64");
  }
  if (!literal) return Expected("a number, true or false");
  Take();
  return *literal;
}

absl::StatusOr<double> TokenReader::ReadDouble() {
  const Token& token = peek();
  BNSYN_ASSIGN_OR_RETURN(const Literal literal, ReadLiteral());
  if (literal.element != Element::kF64) return Error(token, "expected a number without suffix");
  return F64OfBits(literal.bits);
}

absl::Status TokenReader::ReadKeys(absl::Span<const Key> keys) {
  std::vector<absl::string_view> seen;
  while (!AtLineEnd() && peek().kind != TokenKind::kPunctuation) {
    const Token& token = peek();
    const absl::string_view name = text(token);
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [name](const Key& candidate) { return candidate.name == name; });
    if (key == keys.end()) {
      std::vector<std::string> names;
      for (const Key& candidate : keys) names.emplace_back(candidate.name);
      return Error(token,
                   absl::StrCat("'", name, "' has no meaning here", DidYouMean(name, names)));
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      return Error(token, absl::StrCat("'", name, "' is given twice"));
    }
    seen.push_back(name);
    Take();
    if (!key->flag) BNSYN_RETURN_IF_ERROR(ReadPunctuation("="));
    BNSYN_RETURN_IF_ERROR(key->read());
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ReadSymbol(TokenReader& reader, const Program& program, AttrKind kind) {
  const Token& token = reader.peek();
  BNSYN_ASSIGN_OR_RETURN(const std::string name,
                         reader.ReadWord(absl::StrCat("the name of a ", SymbolWord(kind))));
  if (const auto id = reader.symbols().Find(program, kind, name)) return *id;
  return reader.Error(token, absl::StrCat("there is no ", SymbolWord(kind), " '", name, "'",
                                          DidYouMean(name, SymbolNames(program, kind))));
}

absl::StatusOr<Bits> ReadValue(TokenReader& reader, Element element) {
  const Token& token = reader.peek();
  BNSYN_ASSIGN_OR_RETURN(const Literal literal, reader.ReadLiteral());
  if (literal.element == element) return literal.bits;
  return reader.Error(token,
                      absl::StrCat("this value is ", ElementName(literal.element), ", but ",
                                   ElementName(element), " is declared"),
                      absl::StrCat("a value of ", ElementName(element), " is written as ",
                                   PrintLiteral(element, 0)));
}

namespace {

// The table of that name, or an error at the token.
absl::StatusOr<TableId> TableNamed(TokenReader& reader, const Program& program, const Token& token,
                                   const std::string& name) {
  if (const auto id = reader.symbols().Find(program, AttrKind::kTable, name)) return *id;
  std::vector<std::string> names;
  for (const Table& table : program.tables) names.push_back(table.name);
  return reader.Error(token,
                      absl::StrCat("there is no table '", name, "'", DidYouMean(name, names)));
}

}  // namespace

absl::StatusOr<TableId> ReadTableName(TokenReader& reader, const Program& program) {
  const Token& token = reader.peek();
  BNSYN_ASSIGN_OR_RETURN(const std::string name, reader.ReadWord("the name of a table"));
  return TableNamed(reader, program, token, name);
}

bool AtColumn(const TokenReader& reader) {
  return reader.peek().kind == TokenKind::kWord &&
         reader.text(reader.peek()).find('.') != absl::string_view::npos;
}

absl::StatusOr<ColumnRef> ReadColumn(TokenReader& reader, const Program& program) {
  const Token& token = reader.Take();
  const absl::string_view text = reader.text(token);
  const size_t dot = text.rfind('.');
  const std::string name(text.substr(0, dot));
  const std::string column(text.substr(dot + 1));
  BNSYN_ASSIGN_OR_RETURN(const TableId table, TableNamed(reader, program, token, name));
  const std::vector<std::string>& columns = program.tables[table].columns;
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found == columns.end()) {
    return reader.Error(token, absl::StrCat("the table '", name, "' has no column '", column, "'",
                                            DidYouMean(column, columns)));
  }
  return ColumnRef{table, static_cast<uint32_t>(found - columns.begin())};
}

absl::StatusOr<DomainId> ReadDomain(TokenReader& reader, const Program& program) {
  const Token& token = reader.peek();
  BNSYN_ASSIGN_OR_RETURN(const std::string name, reader.ReadWord("a population or projection"));
  if (const auto domain = FindDomain(program, reader.symbols(), name)) return *domain;
  std::vector<std::string> names = SymbolNames(program, AttrKind::kPopulation);
  for (const Projection& projection : program.projections) names.push_back(projection.name);
  return reader.Error(token, absl::StrCat("there is no population or projection '", name, "'",
                                          DidYouMean(name, names)));
}

absl::StatusOr<Type> ReadType(TokenReader& reader, const Program& program) {
  const Token& token = reader.peek();
  BNSYN_ASSIGN_OR_RETURN(const std::string name, reader.ReadWord("a type"));
  const auto element = ElementFromName(name);
  if (!element) {
    std::vector<std::string> names;
    for (const Element candidate : kElements) names.emplace_back(ElementName(candidate));
    return reader.Error(
        token, absl::StrCat("there is no type '", name, "'", DidYouMean(name, names)),
        "types are f64, f32, i32, u32, i64, u64, bool, and of a population f64[exc]");
  }
  Type type = {*element, DomainId::kNetwork};
  if (reader.TakePunctuation("[")) {
    BNSYN_ASSIGN_OR_RETURN(type.domain, ReadDomain(reader, program));
    BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("]"));
  }
  return type;
}

}  // namespace bnsyn::ir
