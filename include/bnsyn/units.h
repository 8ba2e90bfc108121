// Quantities: numbers with a physical dimension, and the literals and units that make them.
//
//   using namespace bnsyn::literals;
//   bnsyn::Quantity threshold = -50_mV;
//   bnsyn::Quantity density(1, *bnsyn::ParseUnit("uF/cm**2"));
//   double volts = threshold.In(*bnsyn::ParseUnit("V"));  // -0.05
//
// All values inside bnsyn are in one coherent system: ms, mV, pA, and the units that follow from
// them, nS = pA/mV and pF = pA*ms/mV. Lengths are in um, and amounts are such that mM is 1.
#ifndef BNSYN_UNITS_H_
#define BNSYN_UNITS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace [[gnu::visibility("default")]] bnsyn {

// A physical dimension: the exponents of the SI base units m, kg, s, A, K, mol and cd, counted in
// halves, because the noise `xi` has the dimension second**-0.5.
struct Dimension {
  std::array<int8_t, 7> halves = {};

  bool dimensionless() const { return *this == Dimension{}; }
  friend bool operator==(const Dimension&, const Dimension&) = default;
  friend Dimension operator*(const Dimension& a, const Dimension& b);
  friend Dimension operator/(const Dimension& a, const Dimension& b);
  Dimension Power(int n) const;
  // To the power n/2: PowerOfHalves(1) is the dimension of a square root. nullopt if an exponent
  // would not be a whole number of halves.
  std::optional<Dimension> PowerOfHalves(int n) const;
};

namespace dimension {
extern const Dimension kTime, kVoltage, kCurrent, kConductance, kCapacitance, kResistance,
    kFrequency, kLength, kConcentration, kWhiteNoise;
}  // namespace dimension

// A unit: its dimension, and the power of ten that converts it to the internal system: 0 for "mV",
// 3 for "V", -3 for "Hz".
struct Unit {
  Dimension dimension;
  int exponent = 0;
  bool root_ten = false;  // times the square root of ten, as in sqrt(second)
  double factor = 1;      // times this, as in minute; 1 for units of the SI
};

// The unit that a text names: "mV", "nS", "Hz", "volt", "siemens", "minute", "1", and products,
// powers and square roots of such: "mV/ms", "uF/cm**2", "volt/sqrt(second)", "second**-0.5". The
// exponent of a power has one digit, and may have ".5" after it. nullopt if the text names no unit.
std::optional<Unit> ParseUnit(absl::string_view text);

// A number with a dimension.
struct Quantity {
  double value = 0;  // in the internal system
  Dimension dimension;

  Quantity() = default;
  Quantity(double number) : value(number) {}  // NOLINT: a plain number is a quantity
  // `number` of `unit`: Quantity(-70, *ParseUnit("mV")).
  Quantity(double number, const Unit& unit);
  // The quantity as a number of `unit`, which must have the same dimension.
  double In(const Unit& unit) const;

  // For -70_mV.
  friend Quantity operator-(Quantity quantity) {
    quantity.value = -quantity.value;
    return quantity;
  }
};

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

#endif  // BNSYN_UNITS_H_
