#include "ir/selection.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/text.h"

namespace bnsyn::ir {
namespace {

TEST(Selection, TakesTheRangesThatAReaderWouldWrite) {
  const auto text = [](const std::vector<uint32_t>& numbers) {
    return Selection::Of(numbers).Text();
  };
  EXPECT_EQ(text({7}), "[7]");
  EXPECT_EQ(text({3, 4}), "[3:5]");
  EXPECT_EQ(text({0, 1, 2, 3}), "[0:4]");
  EXPECT_EQ(text({3, 5, 8}), "[3, 5, 8]");
  EXPECT_EQ(text({0, 2, 4, 10}), "[0:5:2, 10]");
  EXPECT_EQ(text({0, 3, 4, 5, 6, 100}), "[0, 3:7, 100]");
}

// Against a walk over all neurons.
TEST(Selection, RanksAndNumbersAreInverse) {
  const std::vector<Selection> selections = {
      Selection(),
      Selection({{0, 10, 1}}),
      Selection({{5, 6, 1}}),
      Selection({{2, 99, 7}}),
      Selection({{0, 3, 1}, {3, 40, 4}, {50, 51, 1}, {98, 100, 1}}),
  };
  constexpr uint32_t kSize = 100;
  for (const Selection& selection : selections) {
    const SelectedNeurons selected(selection, kSize);
    uint32_t rank = 0;
    for (uint32_t n = 0; n < kSize; ++n) {
      bool expected = selection.all();
      for (const NumberRange& range : selection.ranges()) {
        expected |= n >= range.begin && n < range.end && (n - range.begin) % range.stride == 0;
      }
      EXPECT_EQ(selected.RankOf(n), rank) << n;
      ASSERT_EQ(selected.Has(n), expected) << n;
      if (!expected) continue;
      EXPECT_EQ(selected[rank], n);
      ++rank;
    }
    EXPECT_EQ(selected.size(), rank);
    EXPECT_EQ(selected.RankOf(kSize), rank);
    for (const Selection& other : selections) {
      const SelectedNeurons others(other, kSize);
      uint32_t common = 0;
      for (uint32_t n = 0; n < kSize; ++n) common += selected.Has(n) && others.Has(n) ? 1 : 0;
      EXPECT_EQ(CountCommon(selected, others), common);
    }
  }
}

std::string Program(const std::string& selections, const std::string& rule = "all_to_all") {
  return absl::StrCat("program p dt=0.1 seed=1\npopulation a size=100\npopulation b size=50\n",
                      "group left : a neurons=[0:40, 60:99:2]\n", "projection ab : a -> b",
                      selections, " rule=", rule, " weight=1 delay=1\nstep {\n}\n");
}

TEST(Selection, IsPrintedAsItIsRead) {
  const std::string text = Program(" sources=[3, 5, 8:20] targets=[0:49:2]");
  const auto program = Parse(text, "p.ir");
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_EQ(Print(*program), text);
  EXPECT_EQ(program->SourcesOf(0).size(), 14u);
  EXPECT_EQ(program->TargetsOf(0).size(), 25u);
  EXPECT_EQ(program->SizesOf(0).pairs, 14 * 25);
  ASSERT_NE(program->FindGroup("left"), nullptr);
  EXPECT_EQ(program->FindGroup("left")->neurons.ranges().size(), 2u);
}

TEST(Selection, WrongOnesAreErrors) {
  const auto error = [](const std::string& text) {
    const auto program = Parse(text, "p.ir");
    return program.ok() ? std::string() : std::string(program.status().message());
  };
  EXPECT_EQ(error(Program(" sources=[0:100]")), "");
  for (const auto& [selections, part] :
       {std::pair(" sources=[0:101]", "there is no neuron 100 among 100"),
        {" targets=[50]", "there is no neuron 50 among 50"},
        {" sources=[5:5]", "this range has no numbers"},
        {" sources=[5:9:0]", "this range has no numbers"},
        {" sources=[5, 4]", "the numbers of neurons ascend"},
        {" sources=[0:10, 9]", "the numbers of neurons ascend"},
        {" sources=[]", "expected a whole number"}}) {
    EXPECT_NE(error(Program(selections)).find(part), std::string::npos)
        << selections << "\n"
        << error(Program(selections));
  }
  EXPECT_NE(error(Program(" sources=[0:10]", "one_to_one")).find("as many sources as targets"),
            std::string::npos);
  EXPECT_EQ(error(Program(" sources=[0:10] targets=[5, 10:19]", "one_to_one")), "");
}

}  // namespace
}  // namespace bnsyn::ir
