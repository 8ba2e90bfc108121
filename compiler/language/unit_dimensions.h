// Dimensions as constants, for the tables of units.
#ifndef BNSYN_COMPILER_LANGUAGE_UNIT_DIMENSIONS_H_
#define BNSYN_COMPILER_LANGUAGE_UNIT_DIMENSIONS_H_

#include <cstdint>

#include "compiler/language/units.h"

namespace bnsyn {

// Where exponents, which are counted in halves, saturate.
inline constexpr int kMaxHalves = 2 * kMaxDimensionExponent;

// The dimension with these exponents of the SI base units m, kg, s, A, K, mol and cd.
constexpr Dimension BasePowers(int m, int kg, int s, int a, int k = 0, int mol = 0, int cd = 0) {
  return Dimension{{static_cast<int8_t>(2 * m), static_cast<int8_t>(2 * kg),
                    static_cast<int8_t>(2 * s), static_cast<int8_t>(2 * a),
                    static_cast<int8_t>(2 * k), static_cast<int8_t>(2 * mol),
                    static_cast<int8_t>(2 * cd)}};
}

inline constexpr Dimension kCharge = BasePowers(0, 0, 1, 1);
inline constexpr Dimension kMass = BasePowers(0, 1, 0, 0);
inline constexpr Dimension kForce = BasePowers(1, 1, -2, 0);
inline constexpr Dimension kEnergy = BasePowers(2, 1, -2, 0);
inline constexpr Dimension kPower = BasePowers(2, 1, -3, 0);
inline constexpr Dimension kPressure = BasePowers(-1, 1, -2, 0);
inline constexpr Dimension kVolume = BasePowers(3, 0, 0, 0);
inline constexpr Dimension kTemperature = BasePowers(0, 0, 0, 0, 1);
inline constexpr Dimension kAmount = BasePowers(0, 0, 0, 0, 0, 1);
inline constexpr Dimension kLight = BasePowers(0, 0, 0, 0, 0, 0, 1);

}  // namespace bnsyn

#endif  // BNSYN_COMPILER_LANGUAGE_UNIT_DIMENSIONS_H_
