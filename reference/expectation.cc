#include "reference/expectation.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "reference/columns.h"

namespace bnsyn::reference {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kExactInF64 = int64_t{1} << 53;

int64_t Integer(ir::Bits bits) { return static_cast<int64_t>(bits); }

// "a + b", with a negative b in brackets.
std::string Operation(absl::string_view sign, ir::Bits a, ir::Bits b) {
  const std::string second = absl::StrCat(Integer(b));
  return absl::StrCat(Integer(a), " ", sign, " ",
                      Integer(b) < 0 ? absl::StrCat("(", second, ")") : second);
}

std::string Beyond(const std::string& operation) {
  return absl::StrCat(operation,
                      " is beyond the integers of 64 bits, which go from -2^63 to 2^63 - 1");
}

}  // namespace

bool Holds(ir::Op op, ir::Bits a, ir::Bits b) {
  int64_t ignored = 0;
  switch (op) {
    case ir::Op::kExpectSum:
      return !__builtin_add_overflow(Integer(a), Integer(b), &ignored);
    case ir::Op::kExpectDifference:
      return !__builtin_sub_overflow(Integer(a), Integer(b), &ignored);
    case ir::Op::kExpectProduct:
      return !__builtin_mul_overflow(Integer(a), Integer(b), &ignored);
    case ir::Op::kExpectQuotient:
      if (Mutant("R10.least_quotient")) return Integer(b) != 0;
      return Integer(b) != 0 && !(Integer(a) == kLeast && Integer(b) == -1);
    case ir::Op::kExpectFloat:
      if (Mutant("R10.exact_in_f64")) return -kExactInF64 < Integer(a) && Integer(a) < kExactInF64;
      return -kExactInF64 <= Integer(a) && Integer(a) <= kExactInF64;
    case ir::Op::kExpectInteger:
      if (Mutant("R10.integer_of_a_float")) return std::fabs(ir::F64OfBits(a)) <= ir::F64OfBits(b);
      return std::fabs(ir::F64OfBits(a)) < ir::F64OfBits(b);
    default:
      return true;  // no expectation
  }
}

std::string DescribeExpectation(ir::Op op, ir::Bits a, ir::Bits b) {
  switch (op) {
    case ir::Op::kExpectSum:
      return Beyond(Operation("+", a, b));
    case ir::Op::kExpectDifference:
      return Beyond(Operation("-", a, b));
    case ir::Op::kExpectProduct:
      return Beyond(Operation("*", a, b));
    case ir::Op::kExpectQuotient:
      if (Integer(b) == 0) return absl::StrCat(Integer(a), " is divided by 0");
      return Beyond(Operation("//", a, b));
    case ir::Op::kExpectFloat:
      return absl::StrCat("the integer ", Integer(a),
                          " is needed as a float, which is exact up to 2^53 alone");
    case ir::Op::kExpectInteger: {
      const double value = ir::F64OfBits(a);
      if (!std::isfinite(value)) return absl::StrCat(ShowValue(value), " is no integer");
      return absl::StrCat(ShowValue(value), " is needed as an integer, which is from ",
                          ShowValue(-ir::F64OfBits(b)), " to ", ShowValue(ir::F64OfBits(b)),
                          " here");
    }
    default:
      return "";  // no expectation
  }
}

}  // namespace bnsyn::reference
