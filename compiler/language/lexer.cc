#include "compiler/language/lexer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsNameStart(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

// Longest first. '^' is allowed in units alone; the parser says so elsewhere.
constexpr const char* kSymbols[] = {
    "**=", "//=", "**", "//", "+=", "-=", "*=", "/=", "<=", ">=", "==", "!=", "+",
    "-",   "*",   "/",  "%",  "<",  ">",  "=",  "(",  ")",  ",",  ":",  "^"};

// Symbols of other languages, and what to write instead.
struct Advice {
  const char* text;
  const char* note;
};
constexpr Advice kAdvice[] = {
    {"&", "write 'and'"},
    {"|", "write 'or'"},
    {"!", "write 'not'"},
    {"?", "write a choice as: a if condition else b"},
    {"[", "use round brackets"},
    {"{", "use round brackets"},
    {"\xC2\xB5", "write u for micro, as in uM"},
    {"\xCE\xBC", "write u for micro, as in uM"},
    {"\xE2\x88\x92", "write the minus sign as '-'"},
};

class Lexer {
 public:
  explicit Lexer(const ir::SourceText& source) : source_(source), text_(source.text) {}

  absl::StatusOr<std::vector<Token>> Run() {
    while (position_ < text_.size()) {
      BNSYN_RETURN_IF_ERROR(Next());
    }
    Add(TokenKind::kEnd, 0);
    return std::move(tokens_);
  }

 private:
  char At(size_t offset) const {
    return position_ + offset < text_.size() ? text_[position_ + offset] : '\0';
  }

  void Add(TokenKind kind, size_t length) {
    tokens_.push_back(
        {kind, {position_, std::max<size_t>(length, 1)}, text_.substr(position_, length)});
    position_ += length;
  }

  absl::Status Next() {
    const char c = At(0);
    if (c == ' ' || c == '\t' || c == '\r') {
      ++position_;
    } else if (c == '#') {
      position_ = std::min(text_.find('\n', position_), text_.size());
    } else if (c == '\n') {
      if (open_brackets_ > 0) {
        ++position_;
      } else {
        Add(TokenKind::kNewline, 1);
      }
    } else if (c == ';') {
      Add(TokenKind::kNewline, 1);
    } else if (c == '\\') {
      return Continuation();
    } else if (IsDigit(c) || (c == '.' && IsDigit(At(1)))) {
      return Number();
    } else if (IsNameStart(c)) {
      Name();
    } else {
      return Symbol();
    }
    return absl::OkStatus();
  }

  // A backslash, blanks, and the end of the line.
  absl::Status Continuation() {
    const size_t end = text_.find_first_not_of(" \t\r", position_ + 1);
    if (end != absl::string_view::npos && text_[end] != '\n') {
      return ir::ErrorAt(source_, {position_, 1},
                         "a backslash continues a line, and must be the last character in it");
    }
    position_ = std::min(end, text_.size() - 1) + 1;
    return absl::OkStatus();
  }

  absl::Status Number() {
    size_t end = 0;
    while (IsDigit(At(end))) ++end;
    if (At(end) == '.') {
      ++end;
      while (IsDigit(At(end))) ++end;
    }
    if (At(end) == 'e' || At(end) == 'E') {
      const size_t sign = At(end + 1) == '+' || At(end + 1) == '-' ? 1 : 0;
      if (IsDigit(At(end + 1 + sign))) {
        end += 1 + sign;
        while (IsDigit(At(end))) ++end;
      }
    }
    if (At(end) == '.') {
      return ir::ErrorAt(source_, {position_, end + 1}, "a number has one decimal point");
    }
    Add(TokenKind::kNumber, end);
    return absl::OkStatus();
  }

  // Letters, digits and underscores; a point joins names ("exc.V").
  void Name() {
    size_t end = 1;
    while (IsNamePart(At(end)) || (At(end) == '.' && IsNameStart(At(end + 1)))) ++end;
    Add(TokenKind::kName, end);
  }

  absl::Status Symbol() {
    const absl::string_view rest = text_.substr(position_);
    for (const char* symbol : kSymbols) {
      if (!absl::StartsWith(rest, symbol)) continue;
      if (symbol[0] == '(') ++open_brackets_;
      if (symbol[0] == ')' && open_brackets_ > 0) --open_brackets_;
      Add(TokenKind::kSymbol, absl::string_view(symbol).size());
      return absl::OkStatus();
    }
    for (const Advice& advice : kAdvice) {
      if (!absl::StartsWith(rest, advice.text)) continue;
      return ir::ErrorAt(source_, {position_, absl::string_view(advice.text).size()},
                         absl::StrCat("'", advice.text, "' has no meaning here"), advice.note);
    }
    const auto byte = static_cast<unsigned char>(rest[0]);
    if (absl::ascii_isprint(byte)) {
      return ir::ErrorAt(source_, {position_, 1},
                         absl::StrCat("'", rest.substr(0, 1), "' has no meaning here"));
    }
    return ir::ErrorAt(source_, {position_, 1},
                       absl::StrFormat("the byte 0x%02x is not part of the language", byte),
                       "names and operators are written in ASCII");
  }

  const ir::SourceText& source_;
  absl::string_view text_;
  size_t position_ = 0;
  int open_brackets_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

absl::StatusOr<std::vector<Token>> Lex(const ir::SourceText& source) { return Lexer(source).Run(); }

bool IsKeyword(absl::string_view word) {
  return word == "if" || word == "else" || word == "and" || word == "or" || word == "not" ||
         word == "true" || word == "false" || word == "True" || word == "False";
}

}  // namespace bnsyn::compiler
