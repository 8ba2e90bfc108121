// Computes each plain op for one element, by a function of the op's name: ops::Fma(a, b, c). Each
// rounds at most once (R1) and has a result for every operand, so that no result depends on the
// compiler or the machine.
// Functions (R2) are in functions.h, draws (R3) there and in philox.h.
#ifndef BNSYN_REFERENCE_OPS_H_
#define BNSYN_REFERENCE_OPS_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "ir/mutant.h"

namespace bnsyn::reference::ops {

// Integers wrap: they are computed as unsigned numbers of the same width, where C++ defines that.
template <typename T>
using Unsigned = std::make_unsigned_t<T>;

template <typename T>
T Add(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) + static_cast<Unsigned<T>>(b));
  } else {
    return a + b;
  }
}

template <typename T>
T Sub(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) - static_cast<Unsigned<T>>(b));
  } else {
    return a - b;
  }
}

template <typename T>
T Mul(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) * static_cast<Unsigned<T>>(b));
  } else {
    return a * b;
  }
}

// The least integer divided by -1 wraps, like any other op.
template <typename T>
T Div(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return Mutant("R1.quotient_by_zero") ? a : T{0};
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return Sub(T{0}, a);
  }
  return a / b;
}

// C's remainder of floats is exact: it has a result for every operand, and no rounding.
template <typename T>
T Rem(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0 && Mutant("R1.remainder_by_zero")) return a;
    if (b == 0 || (std::is_signed_v<T> && b == static_cast<T>(-1))) return 0;
    return static_cast<T>(a % b);
  } else {
    return std::fmod(a, b);
  }
}

template <typename T>
T Fma(T a, T b, T c) {
  return Mutant("R1.fma_is_fused") ? a * b + c : std::fma(a, b, c);
}

template <typename T>
T Neg(T a) {
  if constexpr (std::is_integral_v<T>) {
    return Sub(T{0}, a);
  } else {
    if (Mutant("R1.neg_flips_the_sign_of_zero")) return 0 - a;
    return std::copysign(a, std::signbit(a) ? T{1} : T{-1});
  }
}

template <typename T>
T Abs(T a) {
  return std::copysign(a, T{1});
}

template <typename T>
T Sqrt(T a) {
  return std::sqrt(a);
}

template <typename T>
T Min(T a, T b) {
  return b < a ? b : a;
}

template <typename T>
T Max(T a, T b) {
  return a < b ? b : a;
}

template <typename T>
T Floor(T a) {
  return std::floor(a);
}

template <typename T>
T Ceil(T a) {
  return std::ceil(a);
}

// The rounding mode is never changed, so it is to nearest, ties to even.
template <typename T>
T Rint(T a) {
  return Mutant("R1.ties_to_even") ? std::round(a) : std::nearbyint(a);
}

template <typename T>
bool Eq(T a, T b) {
  return a == b;
}

template <typename T>
bool Ne(T a, T b) {
  if (Mutant("R1.ne_of_nan")) return a < b || b < a;
  return !(a == b);
}

template <typename T>
bool Lt(T a, T b) {
  return a < b;
}

template <typename T>
bool Le(T a, T b) {
  return a <= b;
}

template <typename T>
bool Gt(T a, T b) {
  return a > b;
}

template <typename T>
bool Ge(T a, T b) {
  return a >= b;
}

template <typename T>
T And(T a, T b) {
  return static_cast<T>(a & b);
}

template <typename T>
T Or(T a, T b) {
  return static_cast<T>(a | b);
}

template <typename T>
T Xor(T a, T b) {
  return static_cast<T>(a ^ b);
}

template <typename T>
T Not(T a) {
  if constexpr (std::is_same_v<T, bool>) {
    return !a;
  } else {
    return static_cast<T>(~a);
  }
}

// The count b is read as an unsigned number, so that a negative one is beyond any width.
template <typename T>
T Shl(T a, T b) {
  const auto count = static_cast<Unsigned<T>>(b);
  if (count >= std::numeric_limits<Unsigned<T>>::digits) {
    return Mutant("R1.shl_beyond_the_width") ? a : T{0};
  }
  return static_cast<T>(static_cast<Unsigned<T>>(a) << count);
}

template <typename T>
T Shr(T a, T b) {
  constexpr int width = std::numeric_limits<Unsigned<T>>::digits;
  const auto count = static_cast<Unsigned<T>>(b);
  if (count >= width && Mutant("R1.shr_beyond_the_width")) return 0;
  if (count >= width) return a < 0 ? static_cast<T>(-1) : T{0};
  return static_cast<T>(a >> count);  // of a signed number, arithmetic in C++20
}

template <typename T>
T Select(bool a, T b, T c) {
  return a ? b : c;
}

template <typename To, typename From>
To Convert(From a) {
  if constexpr (std::is_same_v<To, bool>) {
    if (Mutant("R1.nan_is_true")) return a < From{0} || a > From{0};
    return !(a == From{0});
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // 2^digits, exact in either float type, is the first number above the range of To.
    const From limit = std::ldexp(From{1}, std::numeric_limits<To>::digits);
    if (std::isnan(a))
      return Mutant("R1.nan_becomes_zero") ? std::numeric_limits<To>::max() : To{0};
    if (a >= limit) return Mutant("R1.convert_saturates") ? To{0} : std::numeric_limits<To>::max();
    if (std::is_signed_v<To> ? a < -limit : a < 0) return std::numeric_limits<To>::min();
    return static_cast<To>(a);
  } else {
    return static_cast<To>(a);
  }
}

}  // namespace bnsyn::reference::ops

#endif  // BNSYN_REFERENCE_OPS_H_
