#include "reference/connectivity.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <iterator>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/program.h"
#include "reference/functions.h"
#include "reference/philox.h"
#include "tests/reference/connectivity_testing.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

TEST(Connectivity, R8_AllToAllAndOneToOne) {
  const ir::Program all = Pair(3, 3, "a -> a rule=all_to_all weight=2 delay=1");
  EXPECT_EQ(Targets(Rows(all), 1, 0, 3), (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(Rows(all).ExpectedSynapses(), 9);

  const ir::Program others = Pair(3, 3, "a -> a rule=all_to_all self=false weight=-2 delay=1");
  EXPECT_EQ(Targets(Rows(others), 1, 0, 3), (std::vector<uint32_t>{0, 2}));
  EXPECT_EQ(Rows(others).ExpectedSynapses(), 6);

  // Neurons of equal number in two populations are different neurons.
  const ir::Program across = Pair(3, 3, "a -> b rule=all_to_all self=false weight=2 delay=1");
  EXPECT_EQ(Targets(Rows(across), 1, 0, 3), (std::vector<uint32_t>{0, 1, 2}));

  const ir::Program one = Pair(3, 3, "a -> b rule=one_to_one weight=2 delay=1");
  EXPECT_EQ(Targets(Rows(one), 1, 0, 3), (std::vector<uint32_t>{1}));
  EXPECT_EQ(Targets(Rows(one), 1, 2, 3), (std::vector<uint32_t>{}));
  EXPECT_EQ(Rows(one).ExpectedSynapses(), 3);
}

TEST(Connectivity, R8_ProbabilitiesZeroAndOneAreExact) {
  const ir::Program none = Pair(10, 9000, "a -> b rule=bernoulli p=0 stream=1 weight=1 delay=1");
  const ir::Program all = Pair(10, 9000, "a -> b rule=bernoulli p=1 stream=1 weight=1 delay=1");
  const Rows no_rows(none);
  const Rows all_rows(all);
  for (uint32_t source = 0; source < 10; ++source) {
    EXPECT_TRUE(Targets(no_rows, source, 0, 9000).empty());
    EXPECT_EQ(Targets(all_rows, source, 0, 9000).size(), 9000u);
  }
}

// A row from the words of SEMANTICS.md, in another way: the number of targets passed over is
// counted, and compared by its definition with the logarithm of the draw.
std::vector<uint32_t> RowByHand(uint64_t seed, uint32_t stream, double p, uint32_t source,
                                uint32_t targets) {
  std::vector<uint32_t> row;
  for (uint32_t block = 0; block * 4096 < targets; ++block) {
    uint32_t draw = 0;
    uint64_t next = block * 4096;
    const uint64_t end = std::min(targets, block * 4096 + 4096);
    while (next < end) {
      const auto words =
          Philox4x32({draw / 2, source, block, stream},
                     {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
      const double u = 1 - UniformFromBits(words[draw % 2 * 2], words[draw % 2 * 2 + 1]);
      ++draw;
      const double quotient = Log(u) / Log1p(-p);
      uint64_t skip = 0;
      while (static_cast<double>(skip + 1) <= quotient && next + skip < end) ++skip;
      next += skip;
      if (next < end) row.push_back(static_cast<uint32_t>(next));
      ++next;
    }
  }
  return row;
}

TEST(Connectivity, R8_ABernoulliRowIsMadeOfItsOwnDraws) {
  const ir::Program program =
      Pair(20, 10000, "a -> b rule=bernoulli p=0.01 stream=9 weight=1 delay=1", 0xfedcba9876543210);
  const Rows rows(program);
  for (uint32_t source = 0; source < 20; ++source) {
    EXPECT_EQ(Targets(rows, source, 0, 10000),
              RowByHand(0xfedcba9876543210, 9, 0.01, source, 10000));
  }
}

TEST(Connectivity, R8_AnyPartitionGivesTheSameNetwork) {
  for (const char* rule :
       {"bernoulli p=0.03 self=false stream=2", "bernoulli p=1 self=false stream=2",
        "all_to_all self=false", "one_to_one", "fixed_in_degree n=5 self=false stream=2",
        "fixed_in_degree n=5 multiple=true stream=2", "fixed_out_degree n=40 stream=2",
        "fixed_total n=30000 self=false stream=2", "fixed_total n=30000 multiple=true stream=2"}) {
    const ir::Program program =
        Pair(9001, 1, absl::StrCat("a -> a rule=", rule, " weight=1 delay=1"));
    const Rows rows(program);
    for (const uint32_t source : {0u, 17u, 4096u, 9000u}) {
      const std::vector<uint32_t> whole = Targets(rows, source, 0, 9001);
      for (const uint32_t part : {640u, 1000u, 4096u, 5000u}) {
        std::vector<uint32_t> joined;
        for (uint32_t begin = 0; begin < 9001; begin += part) {
          const std::vector<uint32_t> piece =
              Targets(rows, source, begin, std::min(begin + part, 9001u));
          joined.insert(joined.end(), piece.begin(), piece.end());
        }
        EXPECT_EQ(joined, whole) << rule << ", source " << source << ", parts of " << part;
      }
    }
  }
}

TEST(Connectivity, R8_StreamsSeedsAndSourcesAreIndependent) {
  const auto row = [](uint64_t seed, uint32_t stream, uint32_t source) {
    const ir::Program program = Pair(
        100, 2000, absl::StrCat("a -> b rule=bernoulli p=0.1 stream=", stream, " weight=1 delay=1"),
        seed);
    return Targets(Rows(program), source, 0, 2000);
  };
  const std::vector<uint32_t> one = row(1, 1, 1);
  for (const std::vector<uint32_t>& other :
       {row(2, 1, 1), row(1, 2, 1), row(1, 1, 2), row(1 + (uint64_t{1} << 32), 1, 1)}) {
    std::vector<uint32_t> common;
    std::set_intersection(one.begin(), one.end(), other.begin(), other.end(),
                          std::back_inserter(common));
    // About 2000*p^2 = 20 of 200 are common to independent rows; 5 standard deviations.
    EXPECT_NEAR(static_cast<double>(common.size()), 20, 5 * std::sqrt(20.0));
  }
}

TEST(Connectivity, R8_BernoulliDegreesAndTargetsHaveTheRightStatistics) {
  constexpr uint32_t kSources = 2000;
  constexpr uint32_t kTargets = 10000;  // three blocks
  constexpr double kP = 0.05;
  const ir::Program program =
      Pair(kSources, kTargets, "a -> b rule=bernoulli p=0.05 stream=4 weight=1 delay=1");
  const Rows rows(program);
  std::vector<double> in_degree(kTargets);
  double sum = 0, sum_of_squares = 0, neighbours = 0;
  for (uint32_t source = 0; source < kSources; ++source) {
    const std::vector<uint32_t> row = Targets(rows, source, 0, kTargets);
    ASSERT_TRUE(std::adjacent_find(row.begin(), row.end(), std::greater_equal<>()) == row.end());
    for (size_t i = 0; i < row.size(); ++i) {
      in_degree[row[i]] += 1;
      neighbours += i > 0 && row[i] == row[i - 1] + 1 ? 1 : 0;
    }
    sum += static_cast<double>(row.size());
    sum_of_squares += static_cast<double>(row.size()) * static_cast<double>(row.size());
  }
  // All tolerances are 5 standard deviations of the statistic.
  const double pairs = double{kSources} * kTargets;
  EXPECT_NEAR(sum, pairs * kP, 5 * std::sqrt(pairs * kP * (1 - kP)));
  EXPECT_NEAR(rows.ExpectedSynapses(), pairs * kP, 1e-6);
  const double mean = sum / kSources;
  const double variance = sum_of_squares / kSources - mean * mean;
  const double expected_variance = kTargets * kP * (1 - kP);
  EXPECT_NEAR(variance, expected_variance, 5 * expected_variance * std::sqrt(2.0 / kSources));
  // In-degrees: chi-square over the targets, with kTargets degrees of freedom.
  double chi_square = 0;
  for (const double degree : in_degree) {
    chi_square += (degree - kSources * kP) * (degree - kSources * kP) / (kSources * kP * (1 - kP));
  }
  EXPECT_NEAR(chi_square, kTargets, 5 * std::sqrt(2.0 * kTargets));
  // Neighbouring targets are joined independently.
  EXPECT_NEAR(neighbours, pairs * kP * kP, 5 * std::sqrt(pairs * kP * kP));
}

TEST(Connectivity, R8_WithoutSelfOnlyTheDiagonalIsDropped) {
  const auto make = [](const char* self) {
    return Pair(500, 1,
                absl::StrCat("a -> a rule=bernoulli p=0.2", self, " stream=4 weight=1 delay=1"));
  };
  const ir::Program with = make("");
  const ir::Program without = make(" self=false");
  const Rows with_rows(with);
  const Rows without_rows(without);
  int dropped = 0;
  for (uint32_t source = 0; source < 500; ++source) {
    std::vector<uint32_t> expected = Targets(with_rows, source, 0, 500);
    dropped += static_cast<int>(std::erase(expected, source));
    EXPECT_EQ(Targets(without_rows, source, 0, 500), expected);
  }
  EXPECT_GT(dropped, 0);
}

TEST(Connectivity, R8_FullRulesJoinEveryPairOnce) {
  for (const char* rule : {"fixed_in_degree n=30", "fixed_out_degree n=20", "fixed_total n=600"}) {
    const ir::Program program =
        Pair(30, 20, absl::StrCat("a -> b rule=", rule, " stream=1 weight=1 delay=1"));
    const Rows rows(program);
    std::vector<uint32_t> every(20);
    std::iota(every.begin(), every.end(), 0u);
    for (uint32_t source = 0; source < 30; ++source) {
      EXPECT_EQ(Targets(rows, source, 0, 20), every) << rule;
    }
  }
}

TEST(Connectivity, R8_ListsAreSortedStablyAndKeepMultipleSynapses) {
  ir::Program program = Pair(3, 4, "a -> b rule=all_to_all weight=1 delay=1");
  UseList(program, 0, {2, 0, 2, 0, 2}, {1, 3, 0, 3, 1}, {0.1, 0.2, 0.3, -0.4, 0.5});
  const Rows rows(program);
  const SynapseRows& all = rows.Built(0, 4);
  EXPECT_EQ(Targets(rows, 2, 0, 4), (std::vector<uint32_t>{0, 1, 1}));
  EXPECT_EQ(RowOf(all, all.weights, 2), (std::vector<double>{0.3, 0.1, 0.5}));
  EXPECT_EQ(Targets(rows, 0, 0, 4), (std::vector<uint32_t>{3, 3}));
  EXPECT_EQ(RowOf(all, all.weights, 0), (std::vector<double>{0.2, -0.4}));
  const SynapseRows& part = rows.Built(1, 4);
  EXPECT_EQ(Targets(rows, 2, 1, 4), (std::vector<uint32_t>{1, 1}));
  EXPECT_EQ(RowOf(part, part.weights, 2), (std::vector<double>{0.1, 0.5}));
  EXPECT_TRUE(Targets(rows, 1, 0, 4).empty());
  EXPECT_EQ(rows.ExpectedSynapses(), 5);
}

std::string Error(const ir::Program& program) {
  const absl::StatusOr<Connectivity> connectivity = Connectivity::Create(program, 0, {});
  EXPECT_EQ(connectivity.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(connectivity.status().message());
}

TEST(Connectivity, ListErrorsNameTheRow) {
  const auto error = [](std::vector<double> pre, std::vector<double> post,
                        std::vector<double> weight) {
    ir::Program program = Pair(3, 4, "a -> b rule=all_to_all weight=1 delay=1");
    UseList(program, 0, std::move(pre), std::move(post), std::move(weight));
    return Error(program);
  };
  EXPECT_EQ(error({0, 3}, {0, 0}, {1, 1}),
            "list.csv: row 2: pre is 3, but the neurons of population a are 0 to 2");
  EXPECT_EQ(error({0, 1}, {0, 1.5}, {1, 1}),
            "list.csv: row 2: post is 1.5, but the neurons of population b are 0 to 3");
  EXPECT_EQ(error({-1}, {0}, {1}),
            "list.csv: row 1: pre is -1, but the neurons of population a are 0 to 2");
  ir::Program nameless = Pair(3, 4, "a -> b rule=all_to_all weight=1 delay=1");
  UseList(nameless, 0, {0}, {0}, {1});
  nameless.tables[0].columns[1] = "target";
  EXPECT_EQ(Error(nameless), "list.csv: no column 'post'; its header line must name one");
}

}  // namespace
}  // namespace bnsyn::reference
