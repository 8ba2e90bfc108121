// The tokens of the IR's text.
#ifndef BNSYN_IR_LEXER_H_
#define BNSYN_IR_LEXER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ir/diagnostic.h"

namespace bnsyn::ir {

enum class TokenKind : uint8_t {
  kWord,    // a name or keyword: exc.V
  kNumber,  // -0.5f32, 42, 0x0123
  kValue,   // %3
  kString,  // "in \"quotes\"", as written
  kPunctuation,
  kNewline,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  SourceRange range;
  uint32_t line = 1;
};

// The tokens of a text, without white space and comments, kEnd at the end.
absl::StatusOr<std::vector<Token>> Lex(const SourceText& source);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_LEXER_H_
