#include "ir/attributes.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace bnsyn::ir {
namespace {

template <typename Declaration>
void ExpectSoundRows() {
  std::set<std::string> keys;
  for (const Attribute<Declaration>& attribute : AttributesOf<Declaration>()) {
    EXPECT_TRUE(keys.insert(std::string(attribute.key)).second) << attribute.key;
    EXPECT_FALSE(attribute.meaning.empty()) << attribute.key;
    EXPECT_TRUE(attribute.read && attribute.text) << attribute.key;
  }
  EXPECT_FALSE(keys.empty());
}

TEST(Attributes, HaveKeysAndMeanings) {
  ExpectSoundRows<Program>();
  ExpectSoundRows<Population>();
  ExpectSoundRows<Param>();
  ExpectSoundRows<State>();
  ExpectSoundRows<Input>();
  ExpectSoundRows<Projection>();
  ExpectSoundRows<Events>();
}

TEST(Attributes, ArePrintedWhereTheyAreNotTheDefault) {
  const Program program;
  State state;
  EXPECT_EQ(AttributesText(program, state), "");
  state.upper = 50;
  state.lower = -100;
  state.unit = "mV";
  EXPECT_EQ(AttributesText(program, state), " bounds=[-100, 50] unit=\"mV\"");
  Param param;
  param.tunable = true;
  EXPECT_EQ(AttributesText(program, param), " tunable");
  Projection projection;
  EXPECT_EQ(AttributesText(program, projection), " rule=all_to_all weight=1 delay=1");
  projection.rule.kind = RuleKind::kFixedTotal;
  projection.rule.count = 7;
  projection.rule.self = false;
  projection.rule.stream = 3;
  EXPECT_EQ(AttributesText(program, projection),
            " rule=fixed_total n=7 self=false stream=3 weight=1 delay=1");
}

TEST(Attributes, BrokenOnesAreFound) {
  const Program program;
  State state;
  EXPECT_FALSE(FindInAttributes(program, state).has_value());
  state.lower = 1;
  state.upper = 0;
  EXPECT_TRUE(FindInAttributes(program, state).has_value());
}

}  // namespace
}  // namespace bnsyn::ir
