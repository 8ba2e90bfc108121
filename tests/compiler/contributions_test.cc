// What synapses and events may add, found from the text of programs.
#include "compiler/analysis/contributions.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "gtest/gtest.h"
#include "ir/text.h"

namespace bnsyn::compiler {
namespace {

// Two populations and the projection p from a (100 neurons) to b (50), with this code.
ir::Program Joined(const std::string& projection, const std::string& blocks,
                   const std::string& more = "") {
  const absl::StatusOr<ir::Program> program =
      ir::Parse(absl::Substitute(R"(program joined dt=1 seed=1
population a size=100
population b size=50
table list columns=[pre, post, weight] values=[0, 1, -3, 1, 2, 5, 3, 4, 0.5]
table late columns=[step, index, value] values=[1, 0, 2, 2, 1, -7]
param fixed : f64 = 3
param free : f64 = 1 tunable
state b.x : f64[b] = 2 bounds=[-1, 4]
state p.s : f64[p] = 1
input b.g : b
projection p : a -> b $0 delay=1
$2$1step {
  %0 = take b.g : f64[b]
  store b.x, %0
}
)",
                                 projection, blocks, more),
                "test.ir", ".");
  EXPECT_TRUE(program.ok()) << program.status();
  return program.ok() ? *program : ir::Program();
}

std::string OnPre(const std::string& nodes, const std::string& added) {
  return absl::StrCat("on_pre p {\n", nodes, "  accumulate b.g, ", added, "\n}\n");
}

constexpr char kAll[] = "rule=all_to_all weight=0.5";
constexpr char kListed[] = "rule=list table=list weight=list.weight";

TEST(Contributions, KnowsWhatIsStatic) {
  struct Case {
    const char* projection;
    const char* nodes;
    const char* added;
    bool is_static;
    std::optional<double> value;
  };
  for (const Case& c : {
           Case{kAll, "  %0 = weight : f64[p]\n", "%0", true, 0.5},
           Case{kAll,
                "  %0 = weight : f64[p]\n  %1 = param fixed : f64\n  %2 = mul %0, %1 : f64[p]\n",
                "%2", true, 1.5},
           Case{kAll, "", "-7", true, -7},
           Case{kAll, "  %0 = param free : f64\n", "%0", false, std::nullopt},
           Case{kAll, "  %0 = load_post b.x : f64[p]\n", "%0", false, std::nullopt},
           Case{kAll, "  %0 = load p.s : f64[p]\n", "%0", false, std::nullopt},
           Case{kListed, "  %0 = weight : f64[p]\n", "%0", true, std::nullopt},
       }) {
    const ir::Program program = Joined(c.projection, OnPre(c.nodes, c.added));
    const std::vector<Contribution> all = FindContributions(program);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].is_static, c.is_static) << c.nodes;
    EXPECT_EQ(all[0].value, c.value) << c.nodes;
    EXPECT_EQ(all[0].block, 0u);
    EXPECT_EQ(FindContributions(program, 0).size(), 1u);
  }
}

TEST(Contributions, RangesHoldWhatIsAdded) {
  struct Case {
    const char* why;
    const char* projection;
    std::string blocks;
    double least;
    double greatest;
  };
  const std::string weight = "  %0 = weight : f64[p]\n";
  const std::string drawn =
      "connect p {\n  %0 = uniform stream=1 draw=0 : f64[p]\n  set_weight %0\n}\n";
  const std::string grows =
      "on_pre p {\n  %0 = load p.s : f64[p]\n  accumulate b.g, %0\n  store p.s, 9\n}\n";
  for (const Case& c : {
           Case{"one weight", kAll, OnPre(weight, "%0"), 0.5, 0.5},
           Case{"a list", kListed, OnPre(weight, "%0"), -3, 5},
           // Weights one by one, where the range of the product of two would be [-15, 25].
           Case{"a list, squared", kListed,
                OnPre(weight + "  %1 = neg %0 : f64[p]\n  %2 = mul %0, %1 : f64[p]\n", "%2"), -25,
                -0.25},
           Case{"drawn", "rule=all_to_all weight=0.5", drawn + OnPre(weight, "%0"), 0, 1},
           Case{"a bounded state", kAll, OnPre("  %0 = load_post b.x : f64[p]\n", "%0"), -1, 4},
           Case{"a state of the synapses, as it begins and is stored", kAll, grows, 1, 9},
       }) {
    const ir::Program program = Joined(c.projection, c.blocks);
    const std::vector<Range> ranges = FindContributionRanges(program, FindContributions(program));
    ASSERT_EQ(ranges.size(), 1u) << c.why;
    EXPECT_NEAR(ranges[0].least, c.least, 1e-9) << c.why;
    EXPECT_NEAR(ranges[0].greatest, c.greatest, 1e-9) << c.why;
  }
  const ir::Program free = Joined(kAll, OnPre("  %0 = param free : f64\n", "%0"));
  EXPECT_FALSE(FindContributionRanges(free, FindContributions(free))[0].bounded());
}

// A state that no code changes keeps the range that it begins with.
TEST(Contributions, ConstantStatesStayAsTheyBegin) {
  const ir::Program program = Joined(kAll, OnPre("  %0 = load_post b.x : f64[p]\n", "%0"));
  const ir::StateId x = *program.FindState("b.x");
  const std::vector<Range> ranges =
      FindContributionRanges(program, FindContributions(program), {x});
  EXPECT_EQ(ranges[0].least, 2);
  EXPECT_EQ(ranges[0].greatest, 2);
}

TEST(Contributions, ArrivalsCountSynapses) {
  const std::string weight = "  %0 = weight : f64[p]\n";
  const auto arrivals = [&](const std::string& rule, const std::string& added,
                            const std::string& more = "") {
    const ir::Program program =
        Joined(absl::StrCat(rule, " weight=-0.5"), OnPre(weight, added), more);
    return FindKnownArrivals(program, FindContributions(program), 0);
  };
  const std::optional<KnownArrivals> all = arrivals("rule=all_to_all", "%0");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->synapses, 100);
  EXPECT_EQ(all->most, 50);
  EXPECT_EQ(all->largest, 0.5);
  EXPECT_EQ(all->least, 0.5);
  const std::optional<KnownArrivals> drawn = arrivals("rule=bernoulli p=0.1 stream=1", "%0");
  ASSERT_TRUE(drawn.has_value());
  EXPECT_EQ(drawn->synapses, 10);
  EXPECT_GT(drawn->most, 10);  // ten synapses of one neuron, and room for the draws
  EXPECT_LE(drawn->most, 50);
  EXPECT_EQ(arrivals("rule=fixed_in_degree n=7 stream=1", "%0")->most, 3.5);
  EXPECT_FALSE(arrivals("rule=all_to_all", "%0", "events to_b : b.g table=late\n").has_value());
  const ir::Program computed = Joined(kAll, OnPre("  %0 = load_post b.x : f64[p]\n", "%0"));
  EXPECT_FALSE(FindKnownArrivals(computed, FindContributions(computed), 0).has_value());
}

TEST(Contributions, EventsAddTheirValues) {
  const ir::Program program = Joined(kAll, OnPre("", "1"), "events to_b : b.g table=late\n");
  const std::vector<Amount> amounts = FindAmounts(program);
  ASSERT_EQ(amounts.size(), 2u);
  EXPECT_EQ(amounts[0].source, "p");
  EXPECT_EQ(amounts[0].values, std::vector<double>{1});
  EXPECT_EQ(amounts[0].sum, 100);
  EXPECT_EQ(amounts[1].source, "to_b");
  EXPECT_EQ(amounts[1].values, (std::vector<double>{2, -7}));
  EXPECT_EQ(amounts[1].range.nonzero(), 2);
  EXPECT_EQ(amounts[1].sum, 7);
}

TEST(Contributions, BeginWithWhatStatesBeginWith) {
  const ir::Program program =
      Joined(kAll, OnPre("  %0 = load_post b.x : f64[p]\n  %1 = mul %0, 3 : f64[p]\n", "%1"));
  const std::vector<Amount> amounts = FindAmounts(program);
  ASSERT_EQ(amounts.size(), 1u);
  EXPECT_EQ(amounts[0].beginning, 6);           // b.x begins with 2
  EXPECT_EQ(amounts[0].range.magnitude(), 12);  // and has bounds up to 4
  EXPECT_EQ(amounts[0].range.nonzero(), 0);
  EXPECT_FALSE(amounts[0].is_static);
}

}  // namespace
}  // namespace bnsyn::compiler
