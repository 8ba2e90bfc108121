// Splits the text of a network file or of a program into tokens, which mutations change.
#ifndef BNSYN_TESTS_FUZZ_TOKENS_H_
#define BNSYN_TESTS_FUZZ_TOKENS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bnsyn::fuzz {

enum class TokenKind {
  kWord,    // g_ex_post, exc.V, %12
  kNumber,  // 5, 0.1e-3, 3i32
  kSign,    // one character of punctuation
  kSpace,   // blanks, newlines, comments
};

struct Token {
  TokenKind kind = TokenKind::kSpace;
  std::string text;
};

// The tokens of a text. Joined they are the text again. Quotes are signs, so that the expressions
// within the strings of a network file are split too.
std::vector<Token> Tokenise(absl::string_view text);
std::string Join(const std::vector<Token>& tokens);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_TOKENS_H_
