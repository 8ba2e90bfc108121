// Parses expressions from tokens. Statements and equations are parsed with its help.
#ifndef BNSYN_COMPILER_LANGUAGE_PARSER_H_
#define BNSYN_COMPILER_LANGUAGE_PARSER_H_

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/language/expression.h"
#include "compiler/language/lexer.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {

// A recursive-descent parser over the tokens of one source, precedence climbing for the operators.
class Parser {
 public:
  // The source must outlive the parser.
  static absl::StatusOr<Parser> Create(const ir::SourceText& source);

  const Token& current() const { return tokens_[position_]; }
  const Token& Advance() {
    return tokens_[position_ + 1 < tokens_.size() ? position_++ : position_];
  }
  bool AtSymbol(absl::string_view symbol) const;
  bool AtWord(absl::string_view word) const;
  bool AtEnd() const { return current().kind == TokenKind::kEnd; }
  bool AtLineEnd() const { return AtEnd() || current().kind == TokenKind::kNewline; }
  void SkipNewlines();

  absl::StatusOr<Expr> Expression();

  // "expected WHAT, found 'x'" at the current token.
  absl::Status Expected(absl::string_view what, absl::string_view note = "") const;
  absl::Status Error(ir::SourceRange range, absl::string_view message,
                     absl::string_view note = "") const {
    return ir::ErrorAt(source_, range, message, note);
  }
  // An error unless the line ends here; it suggests what may have been meant.
  absl::Status ExpectLineEnd() const;

 private:
  Parser(const ir::SourceText& source, std::vector<Token> tokens)
      : source_(source), tokens_(std::move(tokens)) {}

  absl::StatusOr<Expr> Binary(int lowest);
  absl::StatusOr<Expr> Not();
  absl::StatusOr<Expr> Unary();
  absl::StatusOr<Expr> Power();
  absl::StatusOr<Expr> Primary();
  absl::StatusOr<Expr> Number();
  absl::StatusOr<Expr> Call();
  absl::StatusOr<Expr> File();
  // The arguments of a call, up to its closing bracket, whose place is `close`.
  absl::StatusOr<std::vector<Expr>> Arguments(ir::SourceRange& close);
  absl::StatusOr<Expr> Bracketed();
  // base[...], as often as it follows, and .name behind it.
  absl::StatusOr<Expr> Subscripts(Expr base);
  absl::StatusOr<Expr> Subscript(Expr base);
  // Consumes the bracket that closes the one at `open`.
  absl::StatusOr<ir::SourceRange> Close(ir::SourceRange open, absl::string_view bracket = ")");
  absl::StatusOr<Expr> Make(ExprKind kind, ir::SourceRange range, absl::string_view name,
                            std::vector<Expr> children) const;

  const ir::SourceText& source_;
  std::vector<Token> tokens_;
  size_t position_ = 0;
  int depth_ = 0;
};

// From the beginning of `first` to the end of `last`.
ir::SourceRange Span(ir::SourceRange first, ir::SourceRange last);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LANGUAGE_PARSER_H_
