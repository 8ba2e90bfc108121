// specialise: what the cases in tests/cases/passes/specialise cannot say.
#include <gtest/gtest.h>

#include "ir/text.h"
#include "reference/interpreter.h"
#include "tests/compiler/pass_testing.h"

namespace bnsyn::compiler::testing {
namespace {

constexpr char kTunable[] = R"(program p dt=0.1 seed=1
population exc size=2
param fixed : f64 = 2
param free : f64 = 3 tunable
state exc.x : f64[exc] = 0
step {
  %0 = param fixed : f64
  %1 = param free : f64
  %2 = mul %0, %1 : f64
  store exc.x, %2
}
)";

TEST(Specialise, TunableParametersStillChangeWhileRunning) {
  const auto result = RunAlone(PassNamed("specialise"), ParseOrDie(kTunable));
  ASSERT_TRUE(result.ok()) << result.status();
  auto interpreter = reference::Interpreter::Create(*result, reference::Propagation::kCsr);
  ASSERT_TRUE(interpreter.ok()) << interpreter.status();
  ASSERT_TRUE((*interpreter)->Step().ok());
  EXPECT_EQ((*interpreter)->State(0).bits(1), ir::BitsOfF64(6));
  ASSERT_TRUE((*interpreter)->SetParam(1, ir::BitsOfF64(5)).ok());
  ASSERT_TRUE((*interpreter)->Step().ok());
  EXPECT_EQ((*interpreter)->State(0).bits(1), ir::BitsOfF64(10));
}

TEST(Specialise, CheckNamesTheNode) {
  const absl::Status status = CheckSpecialise(ParseOrDie(kTunable));
  EXPECT_EQ(status.message(), "'%0 = param fixed : f64' reads a parameter that cannot change");
}

}  // namespace
}  // namespace bnsyn::compiler::testing
