// Conversion of host values to elements.
#include "runtime/conversion.h"

#include <gtest/gtest.h>

namespace bnsyn {
namespace {

TEST(Conversion, RoundsFloatsAndKeepsIntegersExact) {
  EXPECT_EQ(ToDouble(ir::Element::kF32, *FromDouble(ir::Element::kF32, 0.1, "x")), 0.1f);
  EXPECT_EQ(ToDouble(ir::Element::kI32, *FromDouble(ir::Element::kI32, -7, "x")), -7);
  EXPECT_EQ(ToDouble(ir::Element::kU64, *FromDouble(ir::Element::kU64, 0x1p63, "x")), 0x1p63);
  // Doubles are exact integers up to 2^53.
  EXPECT_EQ(*FromDouble(ir::Element::kI64, 0x1p53, "n"), uint64_t{1} << 53);
  EXPECT_FALSE(FromDouble(ir::Element::kI64, 0x1p53 + 2, "n").ok());
  EXPECT_EQ(*ToExactDouble(ir::Element::kI64, uint64_t{1} << 53, "n"), 0x1p53);
  EXPECT_EQ(ToExactDouble(ir::Element::kI64, (uint64_t{1} << 53) + 1, "p.n").status().message(),
            "p.n holds the integer 9007199254740993, and doubles are exact up to 2^53 alone: ask "
            "for State<int64_t>");
  EXPECT_FALSE(FromDouble(ir::Element::kU32, -1, "x").ok());
  EXPECT_FALSE(FromDouble(ir::Element::kI32, 0x1p31, "x").ok());
  EXPECT_FALSE(FromDouble(ir::Element::kI64, 0.5, "x").ok());
  EXPECT_FALSE(FromDouble(ir::Element::kF32, 1e39, "x").ok());
}

}  // namespace
}  // namespace bnsyn
