// sin, cos and tan of any finite argument.
#ifndef BNSYN_REFERENCE_SEQUENCES_TRIG_H_
#define BNSYN_REFERENCE_SEQUENCES_TRIG_H_

#include "reference/sequences.h"

namespace bnsyn::reference::sequences {

// |x| = q pi/2 + r + low with |r| <= pi/4, modulo 2 pi; q is integral, 0 <= |q| < 2^8.
template <class A>
struct Angle {
  typename A::F quadrant;
  typename A::F r;
  typename A::F low;
};

// The reduction of Payne and Hanek: |x|/(2 pi) modulo 1 is the sum of the products of x with the
// bits of 1/(2 pi) that are significant at the magnitude of x. No double lies nearer to a multiple
// of pi/2 than about 2^-61, so bits down to 2^-118 have to be right.
template <class A>
Angle<A> ReduceAngle(A& m, typename A::F size) {
  // 1/(2 pi) in words of 48 bits: word j weighs 2^(-48 j).
  constexpr size_t kWords = 25;
  constexpr double kWordBits = 48;
  static constexpr double kInverse[kWords] = {
      0x1.45f306dc9c880p-3, 0x1.529fc2757d000p-6, 0x1.f534ddc0db600p-2, 0x1.4acc9e21c8200p-1,
      0x1.fe5163abdeb80p-2, 0x1.e2b0db92371c0p-1, 0x1.2126e97003240p-1, 0x1.2eea09d1921c0p-2,
      0x1.fc3bd63962500p-3, 0x1.a73ee88235f40p-2, 0x1.2ebb4484e99c0p-2, 0x1.c09ad17df9000p-4,
      0x1.3991d63983500p-2, 0x1.9cfa4e422fc40p-1, 0x1.defc941d8ffc0p-1, 0x1.2fffbc0b30180p-3,
      0x1.f79788c5ad040p-1, 0x1.368fb69b3f660p-1, 0x1.93e584dba7a20p-1, 0x1.1fb34f2ff5160p-1,
      0x1.7527bac7ebe40p-2, 0x1.f17b3d0739f40p-2, 0x1.c529497535fc0p-1, 0x1.afd88fc6ae840p-1,
      0x1.580cc11bf1e00p-4};

  // Words before `first` only add whole turns: their last bit times the last bit of x is at least
  // 1. The half keeps the quotient off the integers, where its rounding would matter.
  const auto bits = m.ToBits(size);
  const auto exponent = m.FromBits((bits >> 52) | kTwo52Bits) - (0x1p52 + kExponentBias);
  const auto first = m.Max(m.Floor((exponent - 51.5) * (1 / kWordBits)), 0.0);

  // Five words from `first` on, shifted to the front by powers of two.
  typename A::F words[kWords] = {};
  for (size_t j = 0; j < kWords; ++j) words[j] = kInverse[j];
  auto position = first;
  for (size_t shift = 16; shift > 0; shift /= 2) {
    const double distance = static_cast<double>(shift);
    const auto moves = position >= distance;
    // Later shifts add up to less than this one, and end in five words.
    for (size_t j = 0; j < shift + 4 && j + shift < kWords; ++j) {
      words[j] = m.Select(moves, words[j + shift], words[j]);
    }
    position = m.Select(moves, position - distance, position);
  }

  // x without the weight of the first word, below 2^101, or below 2^52 when that is word 0.
  const auto weight = m.ToBits(m.Fma(first, kWordBits, kRounder)) << 52;
  const auto x0 = m.FromBits(bits - weight);
  const auto x1 = x0 * 0x1p-48;
  const auto x2 = x0 * 0x1p-96;
  const auto x3 = x0 * 0x1p-144;
  const auto x4 = x0 * 0x1p-192;
  const auto p0 = TwoProduct(m, x0, words[0]);
  const auto p1 = TwoProduct(m, x1, words[1]);  // below 2^53
  const auto p2 = TwoProduct(m, x2, words[2]);  // below 2^5
  const auto p3 = TwoProduct(m, x3, words[3]);  // below 2^-43
  const auto p4 = x4 * words[4];                // below 2^-91

  // Without whole turns every sum is exact, except for the last terms, of about 2^-91.
  const auto turn0 = p0.high - m.Rint(p0.high);
  const auto turn0_low = p0.low - m.Rint(p0.low);
  const auto s0 = TwoSum<A>(turn0, turn0_low);
  const auto s1 = TwoSum<A>(s0.high, p1.high - m.Rint(p1.high));
  const auto s2 = TwoSum<A>(s1.high, p1.low);
  const auto s3 = TwoSum<A>(s2.high, p2.high);
  const auto quadrant = m.Rint(s3.high * 4.0);
  const auto head = m.Fma(quadrant, -0.25, s3.high);  // exact
  const auto t0 = TwoSum<A>(p3.high, s3.low);
  const auto t1 = TwoSum<A>(t0.high, p2.low);
  const auto t2 = TwoSum<A>(t1.high, s2.low);
  const auto t3 = TwoSum<A>(t2.high, s1.low);
  const auto t4 = TwoSum<A>(t3.high, s0.low);
  const auto errors = (t0.low + t1.low) + ((t2.low + t3.low) + t4.low);
  const auto turn = TwoSum<A>(head, t4.high);
  const auto turn_low = turn.low + (errors + (p3.low + p4));

  // Times 2 pi.
  constexpr double kTwoPi = 0x1.921fb54442d18p2;
  constexpr double kTwoPiLow = 0x1.1a62633145c07p-52;
  const auto angle = TwoProduct(m, turn.high, kTwoPi);
  const auto angle_low = m.Fma(turn.high, kTwoPiLow, m.Fma(turn_low, kTwoPi, angle.low));
  const auto r = FastTwoSum<A>(angle.high, angle_low);

  // Below pi/4 there is nothing to reduce.
  const auto small = size < 0x1.921fb54442d18p-1;
  return {m.Select(small, 0.0, quadrant), m.Select(small, size, r.high),
          m.Select(small, 0.0, r.low)};
}

// sin(r + low) on |r| <= pi/4, as an unevaluated sum: r + r^3 S(r^2), with a relative error of
// 2^-55.9.
template <class A>
Pair<A> SinOfReduced(A& m, typename A::F r, typename A::F low) {
  static constexpr double kCoefficients[] = {-0x1.5555555555555p-3,  0x1.1111111110c83p-7,
                                             -0x1.a01a019ea134dp-13, 0x1.71de37b1d3398p-19,
                                             -0x1.ae60210e407ffp-26, 0x1.5e11938821a06p-33};
  const auto z = r * r;
  const auto cosine = m.Fma(z, -0.5, 1.0);
  const auto rest = m.Fma(z * r, Polynomial(m, kCoefficients, z), low * cosine);
  return {r, rest};
}

// cos(r + low) on |r| <= pi/4, as an unevaluated sum: 1 - r^2/2 + r^4 C(r^2), with a relative error
// of 2^-60.4.
template <class A>
Pair<A> CosOfReduced(A& m, typename A::F r, typename A::F low) {
  static constexpr double kCoefficients[] = {0x1.5555555555555p-5,  -0x1.6c16c16c168ccp-10,
                                             0x1.a01a019f38b18p-16, -0x1.27e4fa0371482p-22,
                                             0x1.1eeb585601c4dp-29, -0x1.9073d8c03afa7p-37};
  const auto z = r * r;
  const auto sum = FastTwoSum<A>(1.0, z * -0.5);
  // z is r^2, rounded.
  const auto z_low = m.Fma(r, r, -z);
  const auto shift = m.Fma(z_low, -0.5, -(r * low));
  const auto rest = m.Fma(z * z, Polynomial(m, kCoefficients, z), shift);
  return {sum.high, sum.low + rest};
}

// sin (quadrant pi/2 + r + low).
template <class A>
typename A::F SinOfAngle(A& m, typename A::F quadrant, const Angle<A>& angle) {
  const auto bits = m.ToBits(quadrant + kRounder);
  const auto even = m.Equal(bits & uint64_t{1}, uint64_t{0});
  const auto sine = SinOfReduced(m, angle.r, angle.low);
  const auto cosine = CosOfReduced(m, angle.r, angle.low);
  const auto size = m.Select(even, sine.high + sine.low, cosine.high + cosine.low);
  return m.FromBits(m.ToBits(size) ^ ((bits >> 1) << 63));
}

template <class A>
typename A::F Sin(A& m, typename A::F x) {
  const auto size = m.Abs(x);
  const auto angle = ReduceAngle(m, size);
  const auto sine = SinOfAngle(m, angle.quadrant, angle);
  const auto sign = m.ToBits(x) & kSignBit;
  return m.Select(size < kInfinity, m.FromBits(m.ToBits(sine) ^ sign), kNaN);
}

template <class A>
typename A::F Cos(A& m, typename A::F x) {
  const auto size = m.Abs(x);
  const auto angle = ReduceAngle(m, size);
  return m.Select(size < kInfinity, SinOfAngle(m, angle.quadrant + 1.0, angle), kNaN);
}

// sin/cos of the reduced angle where the quadrant is even, else -cos/sin.
template <class A>
typename A::F Tan(A& m, typename A::F x) {
  const auto size = m.Abs(x);
  const auto angle = ReduceAngle(m, size);
  const auto parity = m.ToBits(angle.quadrant + kRounder) & uint64_t{1};
  const auto even = m.Equal(parity, uint64_t{0});
  const auto s = SinOfReduced(m, angle.r, angle.low);
  const auto c = CosOfReduced(m, angle.r, angle.low);
  const auto sine = FastTwoSum<A>(s.high, s.low);
  const auto cosine = FastTwoSum<A>(c.high, c.low);
  const Pair<A> above = {m.Select(even, sine.high, cosine.high),
                         m.Select(even, sine.low, cosine.low)};
  const Pair<A> below = {m.Select(even, cosine.high, sine.high),
                         m.Select(even, cosine.low, sine.low)};
  const auto ratio = Quotient(m, above, below);
  const auto sign = (m.ToBits(x) & kSignBit) ^ (parity << 63);
  return m.Select(size < kInfinity, m.FromBits(m.ToBits(ratio.high + ratio.low) ^ sign), kNaN);
}

}  // namespace bnsyn::reference::sequences

#endif  // BNSYN_REFERENCE_SEQUENCES_TRIG_H_
