// Literals as the IR's text writes them (see PrintLiteral in ir/text.h).
#ifndef BNSYN_IR_LITERAL_H_
#define BNSYN_IR_LITERAL_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "ir/type.h"

namespace bnsyn::ir {

struct Literal {
  Element element = Element::kF64;
  Bits bits = 0;
};

// The literal that is the whole of `text`; nullopt when it is none, or when its number does not fit
// its element.
std::optional<Literal> ParseLiteral(absl::string_view text);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_LITERAL_H_
