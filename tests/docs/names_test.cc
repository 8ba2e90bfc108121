// docs/networks.md names every function, unit and constant that the language has.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/language/code_emitter.h"
#include "compiler/language/units.h"

namespace bnsyn::compiler {
namespace {

std::string Networks() {
  std::ifstream file(BNSYN_SOURCE_DIR "/docs/networks.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(NamesInDocuments, AreAllFunctions) {
  const std::string text = Networks();
  ASSERT_GE(FunctionNames().size(), 50u);
  for (const std::string& name : FunctionNames()) {
    EXPECT_TRUE(absl::StrContains(text, absl::StrCat("`", name, "`")) ||
                absl::StrContains(text, absl::StrCat("`", name, "(")))
        << name;
  }
}

TEST(NamesInDocuments, AreAllUnitsAndConstants) {
  const std::string text = Networks();
  int units = 0;
  for (const std::string& symbol : UnitSymbols()) {
    const bool prefixed = symbol.size() > 1 && UnitSymbol(symbol.substr(1)).has_value();
    if (prefixed) continue;
    ++units;
    EXPECT_TRUE(absl::StrContains(text, absl::StrCat("`", symbol, "`"))) << symbol;
  }
  EXPECT_GE(units, 40);
  for (const char* name : {"pi", "e", "inf", "zero_celsius", "gas_constant", "faraday_constant"}) {
    ASSERT_TRUE(NamedConstant(name).has_value());
    EXPECT_TRUE(absl::StrContains(text, absl::StrCat("`", name, "`"))) << name;
  }
}

}  // namespace
}  // namespace bnsyn::compiler
