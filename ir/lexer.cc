#include "ir/lexer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "ir/status_macros.h"

namespace bnsyn::ir {
namespace {

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsLetter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool IsWord(char c) { return IsLetter(c) || IsDigit(c) || c == '.'; }

class Lexer {
 public:
  explicit Lexer(const SourceText& source) : source_(source), text_(source.text) {}

  absl::StatusOr<std::vector<Token>> Run() {
    uint32_t line = 1;
    while (at_ < text_.size()) {
      const size_t begin = at_;
      BNSYN_ASSIGN_OR_RETURN(const TokenKind kind, Next());
      if (kind != TokenKind::kEnd) tokens_.push_back({kind, {begin, at_ - begin}, line});
      if (kind == TokenKind::kNewline) ++line;
    }
    tokens_.push_back({TokenKind::kEnd, {text_.size(), 1}, line});
    return std::move(tokens_);
  }

 private:
  // The character `ahead` of the present one, NUL behind the end.
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  // Moves past one token and returns its kind; kEnd if no token stands here.
  absl::StatusOr<TokenKind> Next() {
    const size_t begin = at_;
    const char c = text_[at_++];
    switch (c) {
      case ' ':
      case '\t':
      case '\r':
        return TokenKind::kEnd;
      case '#':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return TokenKind::kEnd;
      case '\n':
        return TokenKind::kNewline;
      case '"':
        return String(begin);
      case '%':
        if (!IsDigit(Peek())) {
          return ErrorAt(source_, {begin, 1}, "values are called %0, %1, %2, ...");
        }
        while (IsDigit(Peek())) ++at_;
        return TokenKind::kValue;
      case '=':
      case ':':
      case ',':
      case '^':
      case '[':
      case ']':
      case '{':
      case '}':
        return TokenKind::kPunctuation;
      case '-':
        if (Peek() == '>') {
          ++at_;
          return TokenKind::kPunctuation;
        }
        if (IsWord(Peek())) return Number(begin);
        break;
      case '\0':
        return ErrorAt(source_, {begin, 1}, "this is a binary file, not the text of a program");
      default:
        if (IsLetter(c)) {
          while (IsWord(Peek())) ++at_;
          return TokenKind::kWord;
        }
        if (IsWord(c)) return Number(begin);
        break;
    }
    return ErrorAt(source_, {begin, 1}, "this character has no meaning here");
  }

  TokenKind Number(size_t begin) {
    at_ = begin + 1;
    const bool hexadecimal = text_.substr(begin, 2) == "0x";
    while (IsWord(Peek()) ||
           // The sign of an exponent, as in 1e-05.
           (!hexadecimal && text_[at_ - 1] == 'e' && (Peek() == '-' || Peek() == '+') &&
            IsDigit(Peek(1)))) {
      ++at_;
    }
    return TokenKind::kNumber;
  }

  absl::StatusOr<TokenKind> String(size_t begin) {
    while (Peek() != '"') {
      if (Peek() == '\0' || Peek() == '\n') {
        return ErrorAt(source_, {begin, at_ - begin}, "this string is not closed", "add a '\"'");
      }
      at_ += Peek() == '\\' ? 2 : 1;
    }
    ++at_;
    return TokenKind::kString;
  }

  const SourceText& source_;
  const absl::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

absl::StatusOr<std::vector<Token>> Lex(const SourceText& source) { return Lexer(source).Run(); }

}  // namespace bnsyn::ir
