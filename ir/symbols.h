// The named things of a program, by the kind of attribute that refers to them.
#ifndef BNSYN_IR_SYMBOLS_H_
#define BNSYN_IR_SYMBOLS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "ir/program.h"

namespace bnsyn::ir {

// True for the kinds whose attribute is the index of a symbol.
constexpr bool IsSymbol(AttrKind kind) {
  return kind >= AttrKind::kState && kind <= AttrKind::kProjection;
}

// The word that declares symbols of the kind: "state", "param", "input", ...; and back.
absl::string_view SymbolWord(AttrKind kind);
std::optional<AttrKind> SymbolKindFromWord(absl::string_view word);

size_t SymbolCount(const Program& program, AttrKind kind);
// "?" when there is no such symbol, so that broken programs can be drawn.
absl::string_view SymbolName(const Program& program, AttrKind kind, uint64_t index);
std::optional<uint32_t> FindSymbol(const Program& program, AttrKind kind, absl::string_view name);
std::vector<std::string> SymbolNames(const Program& program, AttrKind kind);

// The domain of that name ("network", a population, a projection), or nullopt.
std::optional<DomainId> FindDomain(const Program& program, absl::string_view name);

// Program::DomainName, but "?" for a domain that is none.
absl::string_view SafeDomainName(const Program& program, DomainId domain);

// "f64[exc]", or "f64" for a uniform type.
std::string TypeName(const Program& program, Type type);

// Names are letters, digits and underscores, in parts joined by dots, beginning with a letter or
// underscore.
bool IsName(absl::string_view name);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_SYMBOLS_H_
