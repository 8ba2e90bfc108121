#include "compiler/language/units.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <limits>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/language/unit_dimensions.h"

namespace bnsyn {
namespace {

int8_t Saturate(int halves) {
  return static_cast<int8_t>(std::clamp(halves, -kMaxHalves, kMaxHalves));
}

// 10^n, and sqrt(10) 10^n where there is a root, correctly rounded (the first exact up to 22).
double PowerOfTen(int n, bool root) {
  return *ScaledDecimal(root ? "3.16227766016837933199889354443271853372067247945290" : "1", n);
}

}  // namespace

Dimension operator*(const Dimension& a, const Dimension& b) {
  Dimension product;
  for (size_t i = 0; i < 7; ++i) product.halves[i] = Saturate(a.halves[i] + b.halves[i]);
  return product;
}

Dimension operator/(const Dimension& a, const Dimension& b) { return a * b.Power(-1); }

Dimension Dimension::Power(int n) const {
  Dimension power;
  // Beyond this every exponent but 0 saturates.
  const int bounded = std::clamp(n, -kMaxHalves, kMaxHalves);
  for (size_t i = 0; i < 7; ++i) power.halves[i] = Saturate(halves[i] * bounded);
  return power;
}

std::optional<Dimension> Dimension::PowerOfHalves(int n) const {
  if (n % 2 == 0) return Power(n / 2);
  Dimension power;
  const int bounded = std::clamp(n, -kMaxHalves, kMaxHalves);
  for (size_t i = 0; i < 7; ++i) {
    if (halves[i] % 2 != 0) return std::nullopt;
    power.halves[i] = Saturate(halves[i] / 2 * bounded);
  }
  return power;
}

namespace dimension {
constexpr Dimension kTime = BasePowers(0, 0, 1, 0);
constexpr Dimension kVoltage = BasePowers(2, 1, -3, -1);
constexpr Dimension kCurrent = BasePowers(0, 0, 0, 1);
constexpr Dimension kConductance = BasePowers(-2, -1, 3, 2);
constexpr Dimension kCapacitance = BasePowers(-2, -1, 4, 2);
constexpr Dimension kResistance = BasePowers(2, 1, -3, -2);
constexpr Dimension kFrequency = BasePowers(0, 0, -1, 0);
constexpr Dimension kLength = BasePowers(1, 0, 0, 0);
constexpr Dimension kConcentration = BasePowers(-3, 0, 0, 0, 0, 1);
constexpr Dimension kWhiteNoise = Dimension{{0, 0, -1}};
}  // namespace dimension

std::optional<Quantity> NamedConstant(absl::string_view name) {
  struct Row {
    const char* name;
    const char* number;
    const char* unit;
  };
  // The physical constants and their names are those of brian2.units.constants (CODATA 2018).
  constexpr Row kRows[] = {
      {"pi", "3.14159265358979323846264338327950288", "1"},
      {"e", "2.71828182845904523536028747135266250", "1"},
      {"avogadro_constant", "6.02214076e23", "1/mol"},
      {"boltzmann_constant", "1.380649e-23", "J/K"},
      {"electric_constant", "8.8541878128e-12", "F/m"},
      {"electron_mass", "9.1093837015e-31", "kg"},
      {"elementary_charge", "1.602176634e-19", "C"},
      {"faraday_constant", "96485.3321233100184", "C/mol"},
      {"gas_constant", "8.31446261815324", "J/(mol*K)"},
      {"magnetic_constant", "1.25663706212e-6", "N/A**2"},
      {"molar_mass_constant", "0.99999999965e-3", "kg/mol"},
      {"zero_celsius", "273.15", "K"},
  };
  if (name == "inf") return Quantity(std::numeric_limits<double>::infinity());
  for (const Row& row : kRows) {
    if (name != row.name) continue;
    const Unit unit = *ParseUnit(row.unit);
    Quantity constant(*ScaledDecimal(row.number, unit.exponent));
    constant.dimension = unit.dimension;
    return constant;
  }
  return std::nullopt;
}

std::optional<double> ScaledDecimal(absl::string_view text, int exponent) {
  const size_t e = text.find_first_of("eE");
  const absl::string_view mantissa = text.substr(0, e);
  if (mantissa.find_first_not_of("0123456789.") != absl::string_view::npos) return std::nullopt;
  long written = 0;
  if (e != absl::string_view::npos) {
    absl::string_view digits = text.substr(e + 1);
    if (absl::StartsWith(digits, "+") && !absl::StartsWith(digits, "+-")) digits.remove_prefix(1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), written);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    constexpr long kBeyond = 1000000;
    written = std::clamp(written, -kBeyond, kBeyond);
  }
  const std::string shifted = absl::StrCat(mantissa, "e", written + exponent);
  double value = 0;
  const char* last = shifted.data() + shifted.size();
  const auto [end, error] = std::from_chars(shifted.data(), last, value);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

Quantity::Quantity(double number, const Unit& unit)
    : value(unit.exponent >= 0 || unit.root_ten
                ? number * unit.factor * PowerOfTen(unit.exponent, unit.root_ten)
                : number * unit.factor / PowerOfTen(-unit.exponent, false)),
      dimension(unit.dimension) {}

double Quantity::In(const Unit& unit) const {
  assert(dimension == unit.dimension);
  const double number = unit.exponent >= 0 || unit.root_ten
                            ? value / PowerOfTen(unit.exponent, unit.root_ten)
                            : value * PowerOfTen(-unit.exponent, false);
  return number / unit.factor;
}

namespace literals {
namespace {
Quantity Of(long double v, const char* symbol) {
  return Quantity(static_cast<double>(v), *UnitSymbol(symbol));
}
Quantity Of(unsigned long long v, const char* symbol) {
  return Quantity(static_cast<double>(v), *UnitSymbol(symbol));
}
}  // namespace

Quantity operator""_ms(long double v) { return Of(v, "ms"); }
Quantity operator""_ms(unsigned long long v) { return Of(v, "ms"); }
Quantity operator""_s(long double v) { return Of(v, "s"); }
Quantity operator""_s(unsigned long long v) { return Of(v, "s"); }
Quantity operator""_mV(long double v) { return Of(v, "mV"); }
Quantity operator""_mV(unsigned long long v) { return Of(v, "mV"); }
Quantity operator""_nS(long double v) { return Of(v, "nS"); }
Quantity operator""_nS(unsigned long long v) { return Of(v, "nS"); }
Quantity operator""_pF(long double v) { return Of(v, "pF"); }
Quantity operator""_pF(unsigned long long v) { return Of(v, "pF"); }
Quantity operator""_pA(long double v) { return Of(v, "pA"); }
Quantity operator""_pA(unsigned long long v) { return Of(v, "pA"); }
Quantity operator""_nA(long double v) { return Of(v, "nA"); }
Quantity operator""_nA(unsigned long long v) { return Of(v, "nA"); }
Quantity operator""_Hz(long double v) { return Of(v, "Hz"); }
Quantity operator""_Hz(unsigned long long v) { return Of(v, "Hz"); }
}  // namespace literals

}  // namespace bnsyn
