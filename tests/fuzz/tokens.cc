#include "tests/fuzz/tokens.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace bnsyn::fuzz {
namespace {

bool InWord(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.';
}
bool BeginsWord(char c) {
  return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '%';
}
bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsSpace(char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }

// The end of the token that begins at `begin`, and its kind.
size_t TokenEnd(absl::string_view text, size_t begin, TokenKind& kind) {
  size_t end = begin + 1;
  const char first = text[begin];
  const bool value = first != '%' || (end < text.size() && IsDigit(text[end]));
  if (IsDigit(first)) {
    kind = TokenKind::kNumber;
    while (end < text.size() &&
           (InWord(text[end]) ||
            ((text[end] == '-' || text[end] == '+') &&
             absl::ascii_tolower(static_cast<unsigned char>(text[end - 1])) == 'e'))) {
      ++end;
    }
  } else if (BeginsWord(first) && value) {
    kind = TokenKind::kWord;
    while (end < text.size() && InWord(text[end])) ++end;
  } else if (IsSpace(first)) {
    kind = TokenKind::kSpace;
    while (end < text.size() && IsSpace(text[end])) ++end;
  } else if (first == '#') {
    kind = TokenKind::kSpace;
    while (end < text.size() && text[end] != '\n') ++end;
  } else {
    kind = TokenKind::kSign;
  }
  return end;
}

}  // namespace

std::vector<Token> Tokenise(absl::string_view text) {
  std::vector<Token> tokens;
  for (size_t begin = 0; begin < text.size();) {
    Token token;
    const size_t end = TokenEnd(text, begin, token.kind);
    token.text = std::string(text.substr(begin, end - begin));
    tokens.push_back(std::move(token));
    begin = end;
  }
  return tokens;
}

std::string Join(const std::vector<Token>& tokens) {
  std::string text;
  for (const Token& token : tokens) absl::StrAppend(&text, token.text);
  return text;
}

}  // namespace bnsyn::fuzz
