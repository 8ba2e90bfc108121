// Any code is emitted or refused, however odd, deep or long it is.
#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/language/code.h"
#include "tests/compiler/code_testing.h"

namespace bnsyn::compiler {
namespace {

// Random programs over the whole language, most of whose values are of the kind and dimension
// needed.
class ProgramWriter {
 public:
  explicit ProgramWriter(uint32_t seed) : random_(seed) {}

  std::string Value(int depth) { return Pick(25) == 0 ? Condition(depth) : Number(depth); }

  std::string Statement() {
    const int depth = static_cast<int>(Pick(5));
    if (Pick(4) == 0) return absl::StrCat("flag = ", Condition(depth));
    return absl::StrCat(Any({"x", "y", "z", "x", "V"}), " ", Any({"=", "+=", "-=", "*=", "/="}),
                        " ", Value(depth));
  }

 private:
  size_t Pick(size_t n) { return random_() % n; }
  std::string Any(std::initializer_list<const char*> choices) {
    return choices.begin()[Pick(choices.size())];
  }

  std::string Number(int depth) {
    if (Pick(100) == 0) return Any({"V", "10 mV", "mV", "s", "nothing", "true", "tau"});
    if (depth == 0) return Any({"x", "y", "k", "0", "1", "2.5", "V/E", "3", "dt/tau", "0.5"});
    const auto next = [&] { return Value(depth - 1); };
    switch (Pick(8)) {
      case 0:
        return absl::StrCat("-", next());
      case 1:
        return absl::StrCat(Any({"exp", "log", "sqrt", "abs", "sign", "tanh", "sin", "cos", "floor",
                                 "ceil", "logistic", "log1p", "expm1", "exprel", "poisson"}),
                            "(", next(), ")");
      case 2:
        return absl::StrCat(Any({"min", "max", "pow", "normal", "uniform"}), "(", next(), ", ",
                            next(), ")");
      case 3:
        return Any({"rand()", "randn()", "exponential()", "count(exc)", "clip(x, y, 1)", "exp()"});
      case 4:
        return absl::StrCat("int(", Condition(depth - 1), ")");
      case 5:
        return absl::StrCat("(", next(), " if ", Condition(depth - 1), " else ", next(), ")");
      default:
        return absl::StrCat("(", next(), Any({" + ", " - ", "*", "/", "**"}), next(), ")");
    }
  }

  std::string Condition(int depth) {
    if (Pick(100) == 0) return Any({"x", "0", "V"});
    if (depth == 0) return Any({"flag", "true", "x > 0", "V < 0", "V >= E"});
    switch (Pick(4)) {
      case 0:
        return absl::StrCat("(not ", Condition(depth - 1), ")");
      case 1:
        return absl::StrCat("(", Condition(depth - 1), Any({" and ", " or ", " == ", " != "}),
                            Condition(depth - 1), ")");
      case 2:
        return absl::StrCat("bernoulli(", Value(depth - 1), ")");
      default:
        return absl::StrCat("(", Value(depth - 1),
                            Any({" < ", " <= ", " > ", " >= ", " == ", " != "}), Value(depth - 1),
                            ")");
    }
  }

  std::mt19937 random_;
};

// None of them trips an internal check: they are emitted or refused with a place.
TEST(RandomCode, AnyProgramIsEmittedOrRefused) {
  ProgramWriter writer(7);
  int emitted = 0;
  int folded = 0;
  constexpr int kPrograms = 4000;
  for (int i = 0; i < kPrograms; ++i) {
    const std::string text = writer.Statement() + "; " + writer.Statement();
    TestScope scope(i % 2 == 0 ? MathMode::kDefault : MathMode::kStrict);
    const absl::Status status = RunCode(text, scope);
    if (status.ok()) {
      ++emitted;
      const absl::Status verified = scope.Verify();
      ASSERT_TRUE(verified.ok()) << text << "\n" << verified.message();
    } else {
      EXPECT_TRUE(absl::StartsWith(std::string(status.message()), "net.toml:1:")) << text;
    }
    const auto constant = EvaluateConstant(
        Source(writer.Value(i % 5)),
        {{"x", 2.0}, {"y", -0.5}, {"k", 1e300}, {"V", Quantity(1, {dimension::kVoltage, 0})}});
    if (constant.ok()) ++folded;
  }
  // Both outcomes are exercised.
  EXPECT_GT(emitted, kPrograms / 4);
  EXPECT_LT(emitted, kPrograms * 3 / 4);
  EXPECT_GT(folded, kPrograms / 50);
}

// The deepest trees the parser lets through are walked without running out of stack.
TEST(RandomCode, DeepTreesAreEmitted) {
  const auto repeated = [](const char* piece, int count, const char* end) {
    std::string text;
    for (int i = 0; i < count; ++i) text += piece;
    return text + end;
  };
  for (const std::string& text :
       {repeated("x + ", 490, "x"), repeated("x*", 490, "x"), repeated("-", 190, "x"),
        repeated("x if flag else ", 190, "y"), repeated("exp(", 190, "x") + repeated(")", 190, ""),
        repeated("min(y, ", 190, "x") + repeated(")", 190, ""), repeated("flag or ", 490, "flag"),
        repeated("not ", 190, "flag")}) {
    TestScope scope;
    const absl::Status status = EmitText(text, scope).status();
    EXPECT_TRUE(status.ok()) << status.message();
  }
}

// Sharing makes the graph of a chain of squares small and its tree huge: nothing may walk the tree.
TEST(RandomCode, LongChainsOfConstantsAreCheap) {
  TestScope scope;
  std::string text = "c0 = k\n";
  for (int i = 0; i < 200; ++i) absl::StrAppend(&text, "c", i + 1, " = c", i, "*c", i, "\n");
  text += "x = y/c200\n";
  EXPECT_TRUE(RunCode(text, scope).ok());
  EXPECT_LT(scope.block().nodes.size(), 210u);
}

}  // namespace
}  // namespace bnsyn::compiler
