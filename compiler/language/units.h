// Physical dimensions, units and quantities.
//
// Inside a program all numbers are in one coherent system: ms, mV, pA, and from them nS = pA/mV,
// pF = pA*ms/mV; lengths in um and amounts such that mM is 1. A Quantity keeps its value in that
// system.
#ifndef BNSYN_COMPILER_LANGUAGE_UNITS_H_
#define BNSYN_COMPILER_LANGUAGE_UNITS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bnsyn {

// Exponents of a dimension stay below this; products and powers beyond saturate here, which callers
// that take users' input refuse.
inline constexpr int kMaxDimensionExponent = 60;

// Exponents of the SI base units m, kg, s, A, K, mol, cd, counted in halves: noise has the
// dimension second**-0.5.
struct Dimension {
  std::array<int8_t, 7> halves = {};

  bool dimensionless() const { return *this == Dimension{}; }
  friend bool operator==(const Dimension&, const Dimension&) = default;
  friend Dimension operator*(const Dimension& a, const Dimension& b);
  friend Dimension operator/(const Dimension& a, const Dimension& b);
  Dimension Power(int n) const;
  // To the power n/2: PowerOfHalves(1) is that of a square root. nullopt where an exponent would
  // not be a whole number of halves.
  std::optional<Dimension> PowerOfHalves(int n) const;
};

namespace dimension {
extern const Dimension kTime, kVoltage, kCurrent, kConductance, kCapacitance, kResistance,
    kFrequency, kLength, kConcentration, kWhiteNoise;
}  // namespace dimension

// In words a person uses: "volt", "volt/second", "siemens", "a number without unit".
std::string DescribeDimension(const Dimension& dimension);

// A unit: its dimension, and the power of ten that takes it to the internal system ("mV" is 0, "V"
// is 3, "Hz" is -3).
struct Unit {
  Dimension dimension;
  int exponent = 0;
  bool root_ten = false;  // times the square root of ten, as in sqrt(second)
};
// "mV", "nS", "Hz", "volt", "siemens", "1", and products, powers and square roots of them: "mV/ms",
// "uF/cm**2", "volt/sqrt(second)", "second**-0.5". Powers have one digit, and ".5" at most after
// it. nullopt when it is no unit.
std::optional<Unit> ParseUnit(absl::string_view text);
// A single unit symbol with optional prefix, for the expression parser.
std::optional<Unit> UnitSymbol(absl::string_view symbol);
// All symbols, for did-you-mean.
std::vector<std::string> UnitSymbols();

// The decimal number `text` ("2.5", ".1", "3e-4", without sign) times 10^exponent, rounded once;
// nullopt when it is none or is beyond the range of a double.
std::optional<double> ScaledDecimal(absl::string_view text, int exponent);

// A number with a dimension. `value` is in the internal system.
struct Quantity {
  double value = 0;
  Dimension dimension;

  Quantity() = default;
  Quantity(double number) : value(number) {}  // NOLINT: a plain number is a quantity
  Quantity(double number, const Unit& unit);  // one rounding, two with root_ten
  // The number of `unit`s this is; the dimensions must agree.
  double In(const Unit& unit) const;

  // For -70_mV.
  friend Quantity operator-(Quantity quantity) {
    quantity.value = -quantity.value;
    return quantity;
  }
};

// The unit people would print for a dimension: "mV" for a voltage, "nS" for a conductance; "" for
// none.
std::string DisplayUnit(const Dimension& dimension);

namespace literals {
Quantity operator""_ms(long double v);
Quantity operator""_ms(unsigned long long v);
Quantity operator""_s(long double v);
Quantity operator""_s(unsigned long long v);
Quantity operator""_mV(long double v);
Quantity operator""_mV(unsigned long long v);
Quantity operator""_nS(long double v);
Quantity operator""_nS(unsigned long long v);
Quantity operator""_pF(long double v);
Quantity operator""_pF(unsigned long long v);
Quantity operator""_pA(long double v);
Quantity operator""_pA(unsigned long long v);
Quantity operator""_nA(long double v);
Quantity operator""_nA(unsigned long long v);
Quantity operator""_Hz(long double v);
Quantity operator""_Hz(unsigned long long v);
}  // namespace literals

}  // namespace bnsyn

#endif  // BNSYN_COMPILER_LANGUAGE_UNITS_H_
