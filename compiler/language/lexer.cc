#include "compiler/language/lexer.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

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
    "**=", "//=", "**", "//", "+=", "-=", "*=", "/=", "<=", ">=", "==", "!=", "+", "-",
    "*",   "/",   "%",  "<",  ">",  "=",  "(",  ")",  "[",  "]",  ",",  ":",  "^", "."};

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
    {"{", "use round brackets"},
    {"@", "a product is written '*'"},
    {"$", "names are letters, digits and '_'"},
    {"`", "names stand without quotes"},
    {"'", "names stand without quotes, and a derivative is written dv/dt"},
    {"\"", "names stand without quotes"},
    {"~", "write 'not'"},
};

// Characters beyond ASCII that texts bring along, what Unicode calls them, and what to write.
struct Character {
  uint32_t code_point;
  const char* name;
  const char* note;
};
constexpr const char* kSpace = "type an ordinary space";
constexpr const char* kProduct = "write a product with '*'";
constexpr const char* kMinus = "write '-'";
constexpr const char* kQuote = "names stand without quotes, and TOML has straight ones";
constexpr const char* kMicro = "write u for micro, as in uM";
constexpr const char* kOhm = "write ohm, as in Mohm";
constexpr Character kCharacters[] = {
    {0x00A0, "no-break space", kSpace},
    {0x2002, "en space", kSpace},
    {0x2003, "em space", kSpace},
    {0x2007, "figure space", kSpace},
    {0x2009, "thin space", kSpace},
    {0x200A, "hair space", kSpace},
    {0x202F, "narrow no-break space", kSpace},
    {0x3000, "ideographic space", kSpace},
    {0x200B, "zero width space", "delete it: it cannot be seen"},
    {0x200C, "zero width non-joiner", "delete it: it cannot be seen"},
    {0x200D, "zero width joiner", "delete it: it cannot be seen"},
    {0x2060, "word joiner", "delete it: it cannot be seen"},
    {0xFEFF, "byte order mark", "delete it: it cannot be seen"},
    {0x00AD, "soft hyphen", "delete it, or write '-'"},
    {0x00B7, "middle dot", kProduct},
    {0x22C5, "dot operator", kProduct},
    {0x2219, "bullet operator", kProduct},
    {0x2022, "bullet", kProduct},
    {0x00D7, "multiplication sign", kProduct},
    {0x2217, "asterisk operator", kProduct},
    {0x00F7, "division sign", "write a quotient with '/'"},
    {0x2044, "fraction slash", "write a quotient with '/'"},
    {0x2215, "division slash", "write a quotient with '/'"},
    {0x2212, "minus sign", kMinus},
    {0x2010, "hyphen", kMinus},
    {0x2011, "non-breaking hyphen", kMinus},
    {0x2013, "en dash", kMinus},
    {0x2014, "em dash", kMinus},
    {0xFE63, "small hyphen-minus", kMinus},
    {0xFF0D, "fullwidth hyphen-minus", kMinus},
    {0x2018, "left single quotation mark", kQuote},
    {0x2019, "right single quotation mark", kQuote},
    {0x201C, "left double quotation mark", kQuote},
    {0x201D, "right double quotation mark", kQuote},
    {0x201E, "double low-9 quotation mark", kQuote},
    {0x00AB, "left-pointing double angle quotation mark", kQuote},
    {0x00BB, "right-pointing double angle quotation mark", kQuote},
    {0x2032, "prime", "a derivative is written dx/dt"},
    {0x00B5, "micro sign", kMicro},
    {0x03BC, "Greek small letter mu", kMicro},
    {0x03A9, "Greek capital letter omega", kOhm},
    {0x2126, "ohm sign", kOhm},
    {0x00B2, "superscript two", "write a power as **2"},
    {0x00B3, "superscript three", "write a power as **3"},
    {0x00B9, "superscript one", "write a power as **"},
    {0x207B, "superscript minus", "write a power as **-1"},
    {0x00B1, "plus-minus sign", "write both cases, with '+' and '-'"},
    {0x221A, "square root", "write sqrt(x)"},
    {0x221E, "infinity", "write inf"},
    {0x03C0, "Greek small letter pi", "write pi"},
    {0x2264, "less-than or equal to", "write <="},
    {0x2265, "greater-than or equal to", "write >="},
    {0x2260, "not equal to", "write !="},
    {0x2227, "logical and", "write 'and'"},
    {0x2228, "logical or", "write 'or'"},
    {0x00AC, "not sign", "write 'not'"},
    {0x00B0, "degree sign", "temperatures are in kelvin"},
    {0x2202, "partial differential", "a derivative is written dx/dt"},
    {0x2026, "horizontal ellipsis", "write out what it stands for"},
    {0xFF08, "fullwidth left parenthesis", "use round brackets"},
    {0xFF09, "fullwidth right parenthesis", "use round brackets"},
    {0xFF0C, "fullwidth comma", "write ','"},
    {0xFF1A, "fullwidth colon", "write ':'"},
};

// The character at the beginning of a text in UTF-8, and its length in bytes; nullopt for bytes
// that are none.
struct Decoded {
  uint32_t code_point;
  size_t length;
};
std::optional<Decoded> DecodeCharacter(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : byte(0) >= 0xC0 ? 2 : 1;
  if (length == 1 || byte(0) >= 0xF8 || text.size() < length) return std::nullopt;
  uint32_t code_point = byte(0) & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    code_point = code_point << 6 | (byte(i) & 0x3Fu);
  }
  return Decoded{code_point, length};
}

const Character* FindCharacter(const Decoded& decoded) {
  for (const Character& known : kCharacters) {
    if (known.code_point == decoded.code_point) return &known;
  }
  return nullptr;
}

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
    } else if ((c == '"' || c == '\'') && WithinFile()) {
      return String();
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

  // True behind "file(", and behind a comma after its first argument.
  bool WithinFile() const {
    const size_t count = tokens_.size();
    if (count < 2) return false;
    const absl::string_view last = tokens_[count - 1].text;
    const Token& before = tokens_[count - 2];
    return (last == "(" && before.text == "file") ||
           (last == "," && before.kind == TokenKind::kString);
  }

  absl::Status String() {
    const size_t end =
        text_.find_first_of(absl::StrCat(text_.substr(position_, 1), "\n"), position_ + 1);
    if (end == absl::string_view::npos || text_[end] == '\n') {
      return ir::ErrorAt(source_, {position_, 1}, "this quote is not closed");
    }
    Add(TokenKind::kString, end + 1 - position_);
    return absl::OkStatus();
  }

  absl::Status Symbol() {
    const absl::string_view rest = text_.substr(position_);
    for (const char* symbol : kSymbols) {
      if (!absl::StartsWith(rest, symbol)) continue;
      if (symbol[0] == '(' || symbol[0] == '[') ++open_brackets_;
      if ((symbol[0] == ')' || symbol[0] == ']') && open_brackets_ > 0) --open_brackets_;
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
    if (const std::optional<Decoded> decoded = DecodeCharacter(rest)) return Beyond(*decoded);
    return ir::ErrorAt(source_, {position_, 1},
                       absl::StrFormat("the byte 0x%02x is not part of the language", byte),
                       "names and operators are written in ASCII");
  }

  // A character beyond ASCII.
  absl::Status Beyond(const Decoded& decoded) const {
    const ir::SourceRange range = {position_, decoded.length};
    const std::string text(text_.substr(position_, decoded.length));
    if (const Character* known = FindCharacter(decoded)) {
      return ir::ErrorAt(source_, range,
                         absl::StrFormat("'%s' (%s, U+%04X) has no meaning here", text, known->name,
                                         known->code_point),
                         known->note);
    }
    return ir::ErrorAt(
        source_, range,
        absl::StrFormat("'%s' (U+%04X) is not part of the language", text, decoded.code_point),
        "names and operators are written in ASCII, as tau and alpha");
  }

  const ir::SourceText& source_;
  absl::string_view text_;
  size_t position_ = 0;
  int open_brackets_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

absl::StatusOr<std::vector<Token>> Lex(const ir::SourceText& source) { return Lexer(source).Run(); }

std::string CharacterNote(absl::string_view text) {
  if (text.empty()) return "";
  const std::optional<Decoded> decoded = DecodeCharacter(text);
  const Character* known = decoded.has_value() ? FindCharacter(*decoded) : nullptr;
  if (known == nullptr) return "";
  return absl::StrFormat("'%s' is the character %s, U+%04X: %s", text.substr(0, decoded->length),
                         known->name, known->code_point, known->note);
}

bool IsKeyword(absl::string_view word) {
  return word == "if" || word == "else" || word == "and" || word == "or" || word == "not" ||
         word == "true" || word == "false" || word == "True" || word == "False";
}

}  // namespace bnsyn::compiler
