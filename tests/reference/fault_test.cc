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
            "above its bound 50 mV; clip(x, low, high) in the code keeps it inside, or widen the "
            "bounds");
  // The step was finished.
  EXPECT_EQ(run->step(), 2u);
  EXPECT_EQ(F64At(*run, "exc.V", 3), 55.5);
  EXPECT_EQ(F64At(*run, "exc.V", 4), -45);
}

TEST(Fault, R10_NotANumberAndInfinityAreNamed) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(kFaulty));
  ASSERT_TRUE(run->SetState(2, 0, ir::BitsOfF64(1e200)).ok());
  EXPECT_EQ(FaultOf(*run),
            "sigma became inf in step 0 (from t = 0 ms): not a finite number, since sigma*sigma = "
            "1e+200*1e+200 is inf; a smaller dt, or clip(x, low, high) in the code, may keep it "
            "finite");
  ASSERT_TRUE(run->SetState(2, 0, ir::BitsOfF64(1)).ok());
  ASSERT_TRUE(run->SetState(3, 4, ir::BitsOfF32(std::numeric_limits<float>::quiet_NaN())).ok());
  EXPECT_EQ(FaultOf(*run),
            "exc.w of element 4 of population exc became nan in step 1 (from t = 0.1 ms): not a "
            "finite number, since w was nan before; a smaller dt, or clip(x, low, high) in the "
            "code, may keep it finite");
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
  EXPECT_FALSE(WithinBounds(state, -100.000001));
  EXPECT_FALSE(WithinBounds(state, std::numeric_limits<double>::quiet_NaN()));
}

TEST(Fault, R10_AnOverwrittenValueIsNamedToo) {
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
            "a.x of element 0 of population a became 2 in step 0 (from t = 0 ms): above its bound "
            "1; clip(x, low, high) in the code keeps it inside, or widen the bounds");
}

// The error of a program with one neuron whose state x begins with `initial`, and whose step has
// `nodes` that make %9 of it.
std::string ErrorOfStep(const std::string& initial, const std::string& nodes) {
  const std::unique_ptr<Interpreter> run = Start(ParseProgram(
      "program cause dt=0.25 seed=1\npopulation a size=1\nparam a.tau : f64 = 0\n"
      "state a.x : f64[a] = " +
      initial + "\nstep {\n  %0 = load a.x : f64[a]\n" + nodes + "  check a.x, %9\n}\n"));
  return FaultOf(*run);
}

TEST(NotFinite, R10_TheFirstPartThatWasNotFiniteIsNamed) {
  struct Case {
    std::string initial;
    std::string nodes;
    std::string cause;
  };
  const Case kCases[] = {
      {"-1", "  %9 = sqrt %0 : f64[a]\n", "sqrt(x) = sqrt(-1) is nan"},
      {"3", "  %1 = param a.tau : f64\n  %9 = div %0, %1 : f64[a]\n", "x/tau = 3/0 is inf"},
      // Products with 1/c are divisions by c in the text.
      {"2e300",
       "  %1 = div 1, 1e-10 : f64\n  %2 = sub %0, 1e300 : f64[a]\n  %9 = mul %2, %1 : f64[a]\n",
       "(x - 1e+300)/1e-10 = 1e+300*1e+10 is inf"},
      // The leftmost operand that is not finite, and what made that.
      {"800", "  %1 = exp %0 : f64[a]\n  %2 = log -1 : f64\n  %9 = fma %1, 0, %2 : f64[a]\n",
       "exp(x) = exp(800) is inf"},
      // The arm that was not taken has no part in it.
      {"800",
       "  %1 = exp %0 : f64[a]\n  %2 = lt %0, 0 : bool[a]\n  %3 = sub 1, %0 : f64[a]\n"
       "  %4 = log %3 : f64[a]\n  %9 = select %2, %1, %4 : f64[a]\n",
       "log(1 - x) = log(-799) is nan"},
      {"1e308", "  %1 = neg %0 : f64[a]\n  %9 = fma %1, 3, -1 : f64[a]\n",
       "-x*3 + -1 = -1e+308*3 + -1 is -inf"},
      // Long parts are left out.
      {"2",
       "  %1 = sub %0, 2 : f64[a]\n  %2 = mul %1, %1 : f64[a]\n  %3 = add %2, %1 : f64[a]\n"
       "  %4 = mul %3, %3 : f64[a]\n  %5 = add %4, %3 : f64[a]\n  %6 = mul %5, %5 : f64[a]\n"
       "  %9 = div %0, %6 : f64[a]\n",
       "x/((...*... + ... + ...)*(...*... + ... + ...)) = 2/0 is inf"},
  };
  for (const Case& c : kCases) {
    const std::string error = ErrorOfStep(c.initial, c.nodes);
    EXPECT_NE(error.find("not a finite number, since " + c.cause + "; "), std::string::npos)
        << error << "\n  expected: " << c.cause;
  }
}

TEST(NotFinite, R10_AnInitialValueIsNamedBeforeTheRun) {
  const absl::StatusOr<std::unique_ptr<Interpreter>> run =
      Interpreter::Create(ParseProgram(R"(program initial dt=1 seed=1
population a size=3
state a.x : f64[a] = 0 unit="mV"
init {
  %0 = index : u32[a]
  %1 = convert %0 : f64[a]
  %2 = sub 1, %1 : f64[a]
  %3 = sqrt %2 : f64[a]
  store a.x, %3
}
step {
  %0 = load a.x : f64[a]
  check a.x, %0
}
)"),
                          Propagation::kCsr);
  ASSERT_FALSE(run.ok());
  EXPECT_EQ(run.status().message(),
            "the initial a.x of element 2 of population a is nan mV: not a finite number, since "
            "sqrt(1 - i) = sqrt(-1) is nan");
}

}  // namespace
}  // namespace bnsyn::reference
