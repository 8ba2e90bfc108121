// The named things of a program, by the kind of attribute that refers to them.
#ifndef BNSYN_IR_SYMBOLS_H_
#define BNSYN_IR_SYMBOLS_H_

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
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

// Finds symbols of a program that grows, each in the time of a look into a table.
class SymbolIndex {
 public:
  // Like FindSymbol. Symbols may have been added to the program since the last question, and none
  // removed or renamed.
  std::optional<uint32_t> Find(const Program& program, AttrKind kind, absl::string_view name);

 private:
  using Names = std::unordered_map<std::string, uint32_t>;
  std::map<AttrKind, Names> names_;
  std::map<AttrKind, size_t> known_;  // how many symbols of a kind are in names_
};

// The domain of that name ("network", a population, a projection), or nullopt.
std::optional<DomainId> FindDomain(const Program& program, SymbolIndex& index,
                                   absl::string_view name);

// Program::DomainName, but "?" for a domain that is none.
absl::string_view SafeDomainName(const Program& program, DomainId domain);

// "f64[exc]", or "f64" for a uniform type.
std::string TypeName(const Program& program, Type type);

// Names are letters, digits and underscores, in parts joined by dots, beginning with a letter or
// underscore.
bool IsName(absl::string_view name);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_SYMBOLS_H_
