#include "reference/expectation.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

ir::Bits I(int64_t value) { return static_cast<ir::Bits>(value); }

TEST(Expectation, R10_HoldsWhereThereIsAResult) {
  using ir::Op;
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  const struct {
    Op op;
    int64_t a;
    int64_t b;
    bool holds;
  } cases[] = {
      {Op::kExpectSum, kMax, 0, true},
      {Op::kExpectSum, kMax, 1, false},
      {Op::kExpectSum, kMin, -1, false},
      {Op::kExpectDifference, kMin, 1, false},
      {Op::kExpectDifference, 0, kMin, false},
      {Op::kExpectDifference, -1, kMin, true},
      {Op::kExpectProduct, kMin, -1, false},
      {Op::kExpectProduct, 1 << 30, int64_t{1} << 33, false},
      {Op::kExpectProduct, kMax, -1, true},
      {Op::kExpectQuotient, 1, 0, false},
      {Op::kExpectQuotient, kMin, -1, false},
      {Op::kExpectQuotient, kMin, 1, true},
      {Op::kExpectFloat, int64_t{1} << 53, 0, true},
      {Op::kExpectFloat, (int64_t{1} << 53) + 1, 0, false},
      {Op::kExpectFloat, -(int64_t{1} << 53) - 1, 0, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Holds(c.op, I(c.a), I(c.b)), c.holds)
        << ir::Info(c.op).name << " " << c.a << " " << c.b;
  }
  const ir::Bits limit = ir::BitsOfF64(100);
  EXPECT_TRUE(Holds(Op::kExpectInteger, ir::BitsOfF64(-99.5), limit));
  EXPECT_FALSE(Holds(Op::kExpectInteger, limit, limit));
  EXPECT_FALSE(
      Holds(Op::kExpectInteger, ir::BitsOfF64(std::numeric_limits<double>::quiet_NaN()), limit));
}

TEST(Expectation, R10_NamesElementAndNumbers) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(R"(program over dt=0.1 seed=1
population a size=3
state a.n : i64[a] = 9223372036854775806i64
state a.x : f64[a] = 0 bounds=[-1, 1]
step {
  %0 = load a.n : i64[a]
  %1 = index : u32[a]
  %2 = convert %1 : i64[a]
  expect_sum true, %0, %2
  %3 = add %0, %2 : i64[a]
  store a.n, %3
  %4 = load a.x : f64[a]
  %5 = add %4, 2 : f64[a]
  check a.x, %5
  store a.x, %5
}
)"));
  const absl::Status status = run->Step();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  // It goes before the check that fails too, and the step was finished.
  EXPECT_EQ(
      status.message(),
      "element 2 of population a in step 0 (from t = 0 ms): 9223372036854775806 + 2 is beyond "
      "the integers of 64 bits, which go from -2^63 to 2^63 - 1");
  EXPECT_EQ(run->step(), 1u);
}

TEST(Expectation, R10_OfTheInitBlockIsAnErrorAtTheBeginning) {
  const auto run = Interpreter::Create(ParseProgram(R"(program over dt=1 seed=1
population a size=2
state a.n : i64[a] = 0i64
init {
  %0 = load a.n : i64[a]
  expect_quotient true, 7i64, %0
}
step {
  %0 = load a.n : i64[a]
  store a.n, %0
}
)"), Propagation::kCsr);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.status().message(),
            "element 0 of population a at the beginning: 7 is divided by 0");
}

}  // namespace
}  // namespace bnsyn::reference
