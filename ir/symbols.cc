#include "ir/symbols.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace bnsyn::ir {
namespace {

constexpr AttrKind kSymbolKinds[] = {
    AttrKind::kState,      AttrKind::kParam,     AttrKind::kTable,     AttrKind::kInput,
    AttrKind::kPopulation, AttrKind::kReduction, AttrKind::kLoop,      AttrKind::kProjection};

// Calls `use` with the program's symbols of a kind.
template <typename Use>
auto WithSymbols(const Program& program, AttrKind kind, Use use) {
  switch (kind) {
    case AttrKind::kState:
      return use(program.states);
    case AttrKind::kParam:
      return use(program.params);
    case AttrKind::kTable:
      return use(program.tables);
    case AttrKind::kInput:
      return use(program.inputs);
    case AttrKind::kPopulation:
      return use(program.populations);
    case AttrKind::kReduction:
      return use(program.reductions);
    case AttrKind::kLoop:
      return use(program.loops);
    case AttrKind::kProjection:
      return use(program.projections);
    case AttrKind::kNone:
    case AttrKind::kLiteral:
    case AttrKind::kStream:
      break;
  }
  return use(std::vector<Population>());
}

}  // namespace

absl::string_view SymbolWord(AttrKind kind) {
  switch (kind) {
    case AttrKind::kState:
      return "state";
    case AttrKind::kParam:
      return "param";
    case AttrKind::kTable:
      return "table";
    case AttrKind::kInput:
      return "input";
    case AttrKind::kPopulation:
      return "population";
    case AttrKind::kReduction:
      return "reduction";
    case AttrKind::kLoop:
      return "loop";
    case AttrKind::kProjection:
      return "projection";
    case AttrKind::kNone:
    case AttrKind::kLiteral:
    case AttrKind::kStream:
      break;
  }
  return "?";
}

std::optional<AttrKind> SymbolKindFromWord(absl::string_view word) {
  for (const AttrKind kind : kSymbolKinds) {
    if (SymbolWord(kind) == word) return kind;
  }
  return std::nullopt;
}

size_t SymbolCount(const Program& program, AttrKind kind) {
  return WithSymbols(program, kind, [](const auto& symbols) { return symbols.size(); });
}

absl::string_view SymbolName(const Program& program, AttrKind kind, uint64_t index) {
  if (index >= SymbolCount(program, kind)) return "?";
  return WithSymbols(program, kind, [index](const auto& symbols) {
    return absl::string_view(symbols[index].name);
  });
}

std::optional<uint32_t> FindSymbol(const Program& program, AttrKind kind, absl::string_view name) {
  return WithSymbols(program, kind, [name](const auto& symbols) -> std::optional<uint32_t> {
    for (size_t i = 0; i < symbols.size(); ++i) {
      if (symbols[i].name == name) return static_cast<uint32_t>(i);
    }
    return std::nullopt;
  });
}

std::vector<std::string> SymbolNames(const Program& program, AttrKind kind) {
  return WithSymbols(program, kind, [](const auto& symbols) {
    std::vector<std::string> names;
    for (const auto& symbol : symbols) names.push_back(symbol.name);
    return names;
  });
}

std::optional<uint32_t> SymbolIndex::Find(const Program& program, AttrKind kind,
                                          absl::string_view name) {
  Names& names = names_[kind];
  WithSymbols(program, kind, [&](const auto& symbols) {
    for (size_t& i = known_[kind]; i < symbols.size(); ++i) {
      names.emplace(symbols[i].name, static_cast<uint32_t>(i));
    }
  });
  const auto found = names.find(std::string(name));
  return found == names.end() ? std::nullopt : std::optional<uint32_t>(found->second);
}

std::optional<DomainId> FindDomain(const Program& program, SymbolIndex& index,
                                   absl::string_view name) {
  if (name == "network") return DomainId::kNetwork;
  if (const auto id = index.Find(program, AttrKind::kPopulation, name)) {
    return program.populations[*id].domain;
  }
  if (const auto id = index.Find(program, AttrKind::kProjection, name)) {
    return program.projections[*id].domain;
  }
  return std::nullopt;
}

absl::string_view SafeDomainName(const Program& program, DomainId domain) {
  return static_cast<size_t>(domain) < program.domains.size() ? program.DomainName(domain) : "?";
}

std::string TypeName(const Program& program, Type type) {
  if (type.uniform()) return std::string(ElementName(type.element));
  return absl::StrCat(ElementName(type.element), "[", SafeDomainName(program, type.domain), "]");
}

bool IsName(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) return false;
  char previous = '.';
  for (const char c : name) {
    const bool word = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
    if (!word && (c != '.' || previous == '.')) return false;
    previous = c;
  }
  return previous != '.';
}

}  // namespace bnsyn::ir
