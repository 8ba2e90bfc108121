// The symbols of units, and their prefixes.
#include <string>

#include "absl/strings/str_cat.h"
#include "compiler/language/unit_dimensions.h"
#include "compiler/language/units.h"

namespace bnsyn {
namespace {

// Powers of ten from the SI base units to the internal ones. ms, pA and um are chosen; the mass
// (1e-12 kg) follows from mV, the amount (1e-18 mol) from mM.
constexpr int kBaseExponent[7] = {6, 12, 3, 12, 0, 18, 0};

// For a dimension of whole exponents.
constexpr int InternalExponent(const Dimension& dimension) {
  int sum = 0;
  for (size_t i = 0; i < 7; ++i) sum += kBaseExponent[i] * dimension.halves[i];
  return sum / 2;
}

enum class Prefixes { kNone, kUsual, kMetre };

struct SymbolRow {
  const char* symbol;
  Dimension dimension;
  int exponent;  // power of ten from the symbol to the SI unit
  Prefixes prefixes;
  double factor = 1;  // and what is left beside that power
};

// No deci, so that dV, dm and dA stay free for names; centi for the metre alone.
constexpr SymbolRow kSymbols[] = {
    {"V", BasePowers(2, 1, -3, -1), 0, Prefixes::kUsual},
    {"A", BasePowers(0, 0, 0, 1), 0, Prefixes::kUsual},
    {"S", BasePowers(-2, -1, 3, 2), 0, Prefixes::kUsual},
    {"F", BasePowers(-2, -1, 4, 2), 0, Prefixes::kUsual},
    {"s", BasePowers(0, 0, 1, 0), 0, Prefixes::kUsual},
    {"Hz", BasePowers(0, 0, -1, 0), 0, Prefixes::kUsual},
    {"ohm", BasePowers(2, 1, -3, -2), 0, Prefixes::kUsual},
    {"M", BasePowers(-3, 0, 0, 0, 0, 1), 3, Prefixes::kUsual},
    {"m", BasePowers(1, 0, 0, 0), 0, Prefixes::kMetre},
    {"C", kCharge, 0, Prefixes::kUsual},
    {"N", kForce, 0, Prefixes::kUsual},
    {"J", kEnergy, 0, Prefixes::kUsual},
    {"W", kPower, 0, Prefixes::kUsual},
    {"Pa", kPressure, 0, Prefixes::kUsual},
    {"g", kMass, -3, Prefixes::kUsual},
    {"L", kVolume, -3, Prefixes::kUsual},
    {"K", kTemperature, 0, Prefixes::kUsual},
    {"mol", kAmount, 0, Prefixes::kUsual},
    {"cd", kLight, 0, Prefixes::kNone},
    {"volt", BasePowers(2, 1, -3, -1), 0, Prefixes::kUsual},
    {"amp", BasePowers(0, 0, 0, 1), 0, Prefixes::kUsual},
    {"ampere", BasePowers(0, 0, 0, 1), 0, Prefixes::kUsual},
    {"siemens", BasePowers(-2, -1, 3, 2), 0, Prefixes::kUsual},
    {"farad", BasePowers(-2, -1, 4, 2), 0, Prefixes::kUsual},
    {"second", BasePowers(0, 0, 1, 0), 0, Prefixes::kUsual},
    {"hertz", BasePowers(0, 0, -1, 0), 0, Prefixes::kUsual},
    {"molar", BasePowers(-3, 0, 0, 0, 0, 1), 3, Prefixes::kUsual},
    {"metre", BasePowers(1, 0, 0, 0), 0, Prefixes::kMetre},
    {"meter", BasePowers(1, 0, 0, 0), 0, Prefixes::kMetre},
    {"coulomb", kCharge, 0, Prefixes::kUsual},
    {"newton", kForce, 0, Prefixes::kUsual},
    {"joule", kEnergy, 0, Prefixes::kUsual},
    {"watt", kPower, 0, Prefixes::kUsual},
    {"pascal", kPressure, 0, Prefixes::kUsual},
    {"gram", kMass, -3, Prefixes::kUsual},
    {"litre", kVolume, -3, Prefixes::kUsual},
    {"liter", kVolume, -3, Prefixes::kUsual},
    {"kelvin", kTemperature, 0, Prefixes::kUsual},
    {"mole", kAmount, 0, Prefixes::kUsual},
    {"candela", kLight, 0, Prefixes::kNone},
    {"kilogram", kMass, 0, Prefixes::kNone},
    {"radian", Dimension{}, 0, Prefixes::kUsual},
    {"rad", Dimension{}, 0, Prefixes::kUsual},
    {"minute", BasePowers(0, 0, 1, 0), 1, Prefixes::kNone, 6},
    {"min", BasePowers(0, 0, 1, 0), 1, Prefixes::kNone, 6},
    {"hour", BasePowers(0, 0, 1, 0), 2, Prefixes::kNone, 36},
    {"h", BasePowers(0, 0, 1, 0), 2, Prefixes::kNone, 36},
    {"day", BasePowers(0, 0, 1, 0), 2, Prefixes::kNone, 864},
};

struct PrefixRow {
  char letter;
  int exponent;
};
constexpr PrefixRow kPrefixes[] = {{'m', -3}, {'u', -6}, {'n', -9}, {'p', -12}, {'f', -15},
                                   {'k', 3},  {'M', 6},  {'G', 9},  {'c', -2}};

bool Takes(const SymbolRow& row, const PrefixRow& prefix) {
  switch (row.prefixes) {
    case Prefixes::kNone:
      return false;
    case Prefixes::kUsual:
      return prefix.letter != 'c';
    case Prefixes::kMetre:
      return true;
  }
  return false;
}

}  // namespace

std::optional<Unit> UnitSymbol(absl::string_view symbol) {
  for (const SymbolRow& row : kSymbols) {
    const absl::string_view base(row.symbol);
    const int exponent = InternalExponent(row.dimension) + row.exponent;
    if (symbol == base) return Unit{row.dimension, exponent, false, row.factor};
    if (symbol.size() != base.size() + 1 || symbol.substr(1) != base) continue;
    for (const PrefixRow& prefix : kPrefixes) {
      if (symbol[0] == prefix.letter && Takes(row, prefix)) {
        return Unit{row.dimension, exponent + prefix.exponent, false, row.factor};
      }
    }
  }
  return std::nullopt;
}

std::vector<std::string> UnitSymbols() {
  std::vector<std::string> symbols;
  for (const SymbolRow& row : kSymbols) {
    symbols.emplace_back(row.symbol);
    for (const PrefixRow& prefix : kPrefixes) {
      if (Takes(row, prefix))
        symbols.push_back(absl::StrCat(std::string(1, prefix.letter), row.symbol));
    }
  }
  return symbols;
}

std::string LongName(absl::string_view symbol) {
  const std::optional<Unit> unit = UnitSymbol(symbol);
  if (!unit.has_value()) return "";
  for (const SymbolRow& row : kSymbols) {
    const absl::string_view name(row.symbol);
    if (name.size() < 2 || row.dimension != unit->dimension || row.factor != unit->factor ||
        InternalExponent(row.dimension) + row.exponent != unit->exponent) {
      continue;
    }
    return std::string(name);
  }
  return "";
}

}  // namespace bnsyn
