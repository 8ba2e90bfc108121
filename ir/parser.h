// Reads tokens, names, types and values for the parsers of declarations and of blocks. For use in
// ir/ alone; others call Parse in ir/text.h.
#ifndef BNSYN_IR_PARSER_H_
#define BNSYN_IR_PARSER_H_

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/lexer.h"
#include "ir/literal.h"
#include "ir/program.h"
#include "ir/symbols.h"

namespace bnsyn::ir {

// Reads tokens one after another. Errors point at the token that is wrong.
class TokenReader {
 public:
  TokenReader(const SourceText& source, const std::vector<Token>& tokens)
      : source_(source), tokens_(tokens) {}

  const Token& peek() const { return tokens_[at_]; }
  absl::string_view text(const Token& token) const {
    return absl::string_view(source_.text).substr(token.range.offset, token.range.length);
  }
  size_t position() const { return at_; }
  void set_position(size_t at) { at_ = at; }

  // The present token, after which the reader moves on; it stays at the end.
  const Token& Take();
  bool AtPunctuation(absl::string_view punctuation) const;
  bool AtLineEnd() const;
  bool TakePunctuation(absl::string_view punctuation);

  absl::Status Error(const Token& token, absl::string_view message,
                     absl::string_view note = "") const;
  // "expected `what`, not 'x'" at the present token.
  absl::Status Expected(absl::string_view what) const;

  absl::Status ReadPunctuation(absl::string_view punctuation);
  absl::Status ReadLineEnd();
  absl::StatusOr<std::string> ReadWord(absl::string_view what);
  absl::StatusOr<std::string> ReadString();
  absl::StatusOr<int64_t> ReadInteger(int64_t least, int64_t most);
  absl::StatusOr<uint64_t> ReadUnsigned(uint64_t most = std::numeric_limits<uint64_t>::max());
  absl::StatusOr<uint32_t> ReadUnsigned32();
  absl::StatusOr<Literal> ReadLiteral();
  absl::StatusOr<double> ReadDouble();

  // The names of the program that is read.
  SymbolIndex& symbols() { return symbols_; }

  // One "key=value" of a line, or a flag, which is a key alone.
  struct Key {
    absl::string_view name;
    std::function<absl::Status()> read;  // reads the value, behind the '='
    bool flag = false;
  };
  // Reads keys in any order, each at most once, up to the end of the line or punctuation.
  absl::Status ReadKeys(absl::Span<const Key> keys);

 private:
  const SourceText& source_;
  const std::vector<Token>& tokens_;
  size_t at_ = 0;
  SymbolIndex symbols_;
};

// A reader of values into what they are for, as keys need it.
template <typename Target, typename Read>
absl::Status ReadInto(Target& target, Read read) {
  auto value = read();
  if (!value.ok()) return value.status();
  target = *std::move(value);
  return absl::OkStatus();
}

// A symbol of a program whose name is the next word; the error suggests another.
absl::StatusOr<uint32_t> ReadSymbol(TokenReader& reader, const Program& program, AttrKind kind);
absl::StatusOr<DomainId> ReadDomain(TokenReader& reader, const Program& program);
// "f64[exc]"
absl::StatusOr<Type> ReadType(TokenReader& reader, const Program& program);

// The bits of a literal of the element.
absl::StatusOr<Bits> ReadValue(TokenReader& reader, Element element);
absl::StatusOr<TableId> ReadTableName(TokenReader& reader, const Program& program);
// True if a column such as conn.weight stands here, and no literal.
bool AtColumn(const TokenReader& reader);
absl::StatusOr<ColumnRef> ReadColumn(TokenReader& reader, const Program& program);

// A block from its first word to its '}'.
absl::StatusOr<Block> ReadBlock(TokenReader& reader, const Program& program);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_PARSER_H_
