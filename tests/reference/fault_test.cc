#include "reference/fault.h"

#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

constexpr char kFaulty[] = R"(program faulty dt=0.1 seed=1
population exc size=5
state exc.free : f64[exc] = 1e300
state exc.V : f64[exc] = -65 bounds=[-100, 50] unit="mV"
state sigma : f64 = 1
state exc.w : f32[exc] = 0f32
step {
  %0 = load exc.V : f64[exc]
  %1 = add %0, 10 : f64[exc]
  check exc.V, %1
  store exc.V, %1
  %2 = load sigma : f64
  %3 = mul %2, %2 : f64
  check sigma, %3
  store sigma, %3
  %4 = load exc.w : f32[exc]
  check exc.w, %4
  %5 = load exc.free : f64[exc]
  %6 = mul %5, %5 : f64[exc]
  store exc.free, %6
}
)";

std::string FaultOf(Interpreter& run) {
  const absl::Status status = run.Step();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  return std::string(status.message());
}

TEST(Fault, R10_AValueOutOfBoundsIsNamed) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(kFaulty));
  // The state that nothing checks overflows at once, and may.
  ASSERT_TRUE(run->Step().ok());
  ASSERT_TRUE(run->SetState(1, 3, ir::BitsOfF64(45.5)).ok());
  EXPECT_EQ(FaultOf(*run),
            "exc.V of element 3 of population exc became 55.5 mV in step 1 (from t = 0.1 ms): "
            "outside its bounds [-100, 50]");
  // The step was finished.
  EXPECT_EQ(run->step(), 2u);
  EXPECT_EQ(F64At(*run, "exc.V", 3), 55.5);
  EXPECT_EQ(F64At(*run, "exc.V", 4), -45);
}

TEST(Fault, R10_NotANumberAndInfinityAreNamed) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(kFaulty));
  ASSERT_TRUE(run->SetState(2, 0, ir::BitsOfF64(1e200)).ok());
  EXPECT_EQ(FaultOf(*run), "sigma became inf in step 0 (from t = 0 ms): not a finite number");
  ASSERT_TRUE(run->SetState(2, 0, ir::BitsOfF64(1)).ok());
  ASSERT_TRUE(run->SetState(3, 4, ir::BitsOfF32(std::numeric_limits<float>::quiet_NaN())).ok());
  EXPECT_EQ(FaultOf(*run),
            "exc.w of element 4 of population exc became nan in step 1 (from t = 0.1 ms): not a "
            "finite number");
}

TEST(Fault, R10_TheFirstStateAndElementAreNamed) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(kFaulty));
  ASSERT_TRUE(run->SetState(2, 0, ir::BitsOfF64(1e200)).ok());
  ASSERT_TRUE(run->SetState(1, 4, ir::BitsOfF64(49)).ok());
  ASSERT_TRUE(run->SetState(1, 2, ir::BitsOfF64(48)).ok());
  EXPECT_EQ(FaultOf(*run).substr(0, 24), "exc.V of element 2 of po");
}

TEST(Fault, R10_BoundsAreClosed) {
  ir::State state;
  state.lower = -100;
  state.upper = 50;
  EXPECT_TRUE(WithinBounds(state, -100));
  EXPECT_TRUE(WithinBounds(state, 50));
  EXPECT_FALSE(WithinBounds(state, 50.000001));
  EXPECT_FALSE(WithinBounds(state, std::numeric_limits<double>::quiet_NaN()));
}

TEST(Fault, R10_AnOverwrittenFaultStillStopsTheRun) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(R"(program over dt=1 seed=1
population a size=1
state a.x : f64[a] = 0 bounds=[0, 1]
step {
  %0 = load a.x : f64[a]
  %1 = add %0, 2 : f64[a]
  check a.x, %1
  store a.x, 0
}
)"));
  EXPECT_EQ(FaultOf(*run),
            "a checked value was not finite or outside its bounds in step 0 (from t = 0 ms), but "
            "was overwritten within the step");
}

}  // namespace
}  // namespace bnsyn::reference
