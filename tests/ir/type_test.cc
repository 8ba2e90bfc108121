#include "ir/type.h"

#include <limits>

#include "gtest/gtest.h"

namespace bnsyn::ir {
namespace {

TEST(TypeTest, ElementNamesGoBothWays) {
  for (const Element element : kElements) {
    EXPECT_EQ(ElementFromName(ElementName(element)), element);
  }
  EXPECT_EQ(ElementFromName("f16"), std::nullopt);
  EXPECT_EQ(ElementFromName(""), std::nullopt);
}

TEST(TypeTest, BitsKeepEveryBit) {
  EXPECT_EQ(BitsOfF64(-0.0), uint64_t{1} << 63);
  EXPECT_EQ(BitsOfF32(1.0f), 0x3f800000u);
  EXPECT_EQ(F64OfBits(BitsOfF64(0.1)), 0.1);
  EXPECT_EQ(F32OfBits(BitsOfF32(0.1f)), 0.1f);
  const double denormal = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(BitsOfF64(denormal), 1u);
  EXPECT_EQ(F64OfBits(1), denormal);
}

}  // namespace
}  // namespace bnsyn::ir
