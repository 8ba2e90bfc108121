// Splits equations and code into tokens.
#ifndef BNSYN_COMPILER_LANGUAGE_LEXER_H_
#define BNSYN_COMPILER_LANGUAGE_LEXER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {

enum class TokenKind : uint8_t {
  kNumber,   // "2.5e-3"
  kName,     // "tau_m", "exc.V", also the words "if", "and", ...
  kString,   // an argument of file(...), with its quotes: "x.csv"
  kSymbol,   // operators, brackets, ',' and ':'
  kNewline,  // the end of a line outside brackets, or ';'
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  ir::SourceRange range;
  absl::string_view text;  // of the source, which must outlive the token
};

// The tokens of `source`, the last one kEnd. Comments and blanks are dropped, and so are line ends
// within brackets or after a backslash.
absl::StatusOr<std::vector<Token>> Lex(const ir::SourceText& source);

// True for words that cannot be names: if, else, and, or, not, true, false.
// What the character beyond ASCII at the beginning of a text is, and what to type in its place; ""
// for any other character.
std::string CharacterNote(absl::string_view text);

bool IsKeyword(absl::string_view word);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LANGUAGE_LEXER_H_
