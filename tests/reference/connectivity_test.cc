#include "reference/connectivity.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "reference/functions.h"
#include "reference/machine.h"
#include "reference/philox.h"
#include "reference/rule_draws.h"
#include "reference/sampling.h"
#include "reference/synapse_table.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {
namespace {

// Populations a and b, and a projection between two of them.
ir::Program Pair(uint32_t a, uint32_t b, const std::string& projection, uint64_t seed = 7) {
  return ParseProgram(absl::StrCat("program pair dt=0.1 seed=", seed, "\npopulation a size=", a,
                                   "\npopulation b size=", b, "\nprojection p : ", projection,
                                   "\nstep {\n}\n"));
}

// The synapses of projection 0, built once for each range of targets that is asked for.
class Rows {
 public:
  explicit Rows(const ir::Program& program)
      : program_(program), states_(InitialStates(program).value()) {
    absl::StatusOr<Connectivity> connectivity = Connectivity::Create(program, 0, states_);
    EXPECT_TRUE(connectivity.ok()) << connectivity.status().message();
    connectivity_.emplace(*std::move(connectivity));
  }

  double ExpectedSynapses() const { return connectivity_->ExpectedSynapses(); }
  const SynapseRows& Built(uint32_t begin, uint32_t end) const {
    const auto known = built_.find({begin, end});
    if (known != built_.end()) return known->second;
    absl::StatusOr<SynapseRows> rows = connectivity_->Build(begin, end);
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    return built_[{begin, end}] = *std::move(rows);
  }
  const SynapseRows& All() const {
    return Built(0, program_.populations[program_.projections[0].target].size);
  }

 private:
  const ir::Program& program_;
  std::vector<Array> states_;
  std::optional<Connectivity> connectivity_;
  mutable std::map<std::pair<uint32_t, uint32_t>, SynapseRows> built_;
};

template <typename T>
std::vector<T> RowOf(const SynapseRows& rows, const std::vector<T>& values, uint32_t source) {
  return {values.begin() + static_cast<ptrdiff_t>(rows.begin[source]),
          values.begin() + static_cast<ptrdiff_t>(rows.begin[source + size_t{1}])};
}

std::string Error(const ir::Program& program) {
  const absl::StatusOr<Connectivity> connectivity = Connectivity::Create(program, 0, {});
  EXPECT_EQ(connectivity.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(connectivity.status().message());
}

std::vector<uint32_t> Targets(const Rows& rows, uint32_t source, uint32_t begin, uint32_t end) {
  const SynapseRows& built = rows.Built(begin, end);
  return RowOf(built, built.targets, source);
}

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
      for (const uint32_t part : {64u, 1000u, 4096u, 5000u}) {
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

// Counts of sources and targets, and of synapses that join a pair that another joins too.
struct Degrees {
  std::vector<double> out;
  std::vector<double> in;
  double self = 0;
  double repeated = 0;
};

Degrees DegreesOf(const SynapseRows& rows, uint32_t sources, uint32_t targets) {
  Degrees degrees{std::vector<double>(sources), std::vector<double>(targets)};
  for (uint32_t source = 0; source < sources; ++source) {
    const std::vector<uint32_t> row = RowOf(rows, rows.targets, source);
    EXPECT_TRUE(std::is_sorted(row.begin(), row.end()));
    degrees.out[source] = static_cast<double>(row.size());
    for (size_t i = 0; i < row.size(); ++i) {
      degrees.in[row[i]] += 1;
      degrees.self += row[i] == source ? 1 : 0;
      degrees.repeated += i > 0 && row[i] == row[i - 1] ? 1 : 0;
    }
  }
  return degrees;
}

// Chi-square of counts that should be alike, each of the given mean and variance, stays within 5
// standard deviations of its expectation, the number of counts.
void ExpectAlike(const std::vector<double>& counts, double mean, double variance) {
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - mean) * (count - mean) / variance;
  const auto n = static_cast<double>(counts.size());
  EXPECT_NEAR(chi_square, n, 5 * std::sqrt(2 * n));
}

TEST(Connectivity, R8_FixedInDegreeGivesEveryTargetItsSources) {
  for (const bool multiple : {false, true}) {
    for (const bool self : {false, true}) {
      const ir::Program program =
          Pair(1000, 1,
               absl::StrCat("a -> a rule=fixed_in_degree n=50 stream=3", self ? "" : " self=false",
                            multiple ? " multiple=true" : "", " weight=1 delay=1"));
      const Rows rows(program);
      EXPECT_EQ(rows.ExpectedSynapses(), 50000);
      const Degrees degrees = DegreesOf(rows.All(), 1000, 1000);
      for (const double in : degrees.in) ASSERT_EQ(in, 50);
      // A source is taken by each target with probability n/N, or 50 times with 1/N.
      ExpectAlike(degrees.out, 50, multiple ? 50 * (1 - 1.0 / 1000) : 50 * (1 - 50.0 / 1000));
      const double loops = self ? 50 : 0;
      EXPECT_NEAR(degrees.self, loops, 5 * std::sqrt(loops));
      // Of 50 draws, 50*49/2 pairs are equal with 1/N each.
      const double repeats = multiple ? 1000 * 50 * 49 / 2 / 1000.0 : 0;
      EXPECT_NEAR(degrees.repeated, repeats, 0.05 * repeats + 5 * std::sqrt(repeats));
    }
  }
}

TEST(Connectivity, R8_FixedOutDegreeGivesEverySourceItsTargets) {
  for (const bool multiple : {false, true}) {
    const ir::Program program =
        Pair(800, 2000,
             absl::StrCat("a -> b rule=fixed_out_degree n=100 stream=3",
                          multiple ? " multiple=true" : "", " weight=1 delay=1"));
    const Rows rows(program);
    EXPECT_EQ(rows.ExpectedSynapses(), 80000);
    const Degrees degrees = DegreesOf(rows.All(), 800, 2000);
    for (const double out : degrees.out) ASSERT_EQ(out, 100);
    ExpectAlike(degrees.in, 40, multiple ? 40 * (1 - 1.0 / 2000) : 40 * (1 - 100.0 / 2000));
    EXPECT_EQ(degrees.repeated > 0, multiple);
  }
}

TEST(Connectivity, R8_FixedTotalIsExactAndSpreadEvenly) {
  for (const bool multiple : {false, true}) {
    for (const bool self : {false, true}) {
      const ir::Program program =
          Pair(700, 1,
               absl::StrCat("a -> a rule=fixed_total n=49000 stream=3", self ? "" : " self=false",
                            multiple ? " multiple=true" : "", " weight=1 delay=1"));
      const Rows rows(program);
      EXPECT_EQ(rows.ExpectedSynapses(), 49000);
      EXPECT_EQ(rows.All().size(), 49000u);
      const Degrees degrees = DegreesOf(rows.All(), 700, 700);
      // Each of 49000 falls on a target with 1/700; without repetition fewer pairs are left.
      const double left = multiple ? 1 : 1 - 49000.0 / (700.0 * (self ? 700 : 699));
      ExpectAlike(degrees.in, 70, 70 * (1 - 1.0 / 700) * left);
      ExpectAlike(degrees.out, 70, 70 * (1 - 1.0 / 700) * left);
      EXPECT_EQ(degrees.self > 0, self);
      EXPECT_EQ(degrees.repeated > 0, multiple);
    }
  }
}

// Sources on a line and targets at their places; k = (s % 4) (1 + t % 3), of which a quarter is 0.
ir::Program Weighted(uint32_t sources, uint32_t targets, absl::string_view rule,
                     absl::string_view kernel = "mul %5, %9") {
  return ParseProgram(absl::StrCat("program pair dt=0.1 seed=7\npopulation a size=", sources,
                                   "\npopulation b size=", targets,
                                   "\nprojection p : a -> b rule=weighted_total stream=5 ", rule,
                                   R"( weight=1 delay=1
connect p {
  %0 = index_pre : u32[p]
  %1 = convert %0 : i32[p]
  %2 = and %1, 3i32 : i32[p]
  %5 = convert %2 : f64[p]
  %6 = index_post : u32[p]
  %7 = convert %6 : f64[p]
  %8 = div %7, 3 : f64[p]
  %10 = floor %8 : f64[p]
  %11 = fma %10, -3, %7 : f64[p]
  %9 = add %11, 1 : f64[p]
  %12 = )",
                                   kernel, R"( : f64[p]
  set_probability %12
}
step {
}
)"));
}

// Numbers of synapses by s % 4, t % 3 and the half of the sources are those of the kernel.
TEST(Connectivity, R8_WeightedTotalFollowsItsKernel) {
  constexpr uint32_t kSources = 400, kTargets = 300;
  constexpr double kAll = 2400;  // few of the pairs, so that the share of each hardly shrinks
  for (const bool multiple : {false, true}) {
    const ir::Program program =
        Weighted(kSources, kTargets, multiple ? "n=2400 multiple=true" : "n=2400");
    const Rows rows(program);
    EXPECT_EQ(rows.ExpectedSynapses(), kAll);
    ASSERT_EQ(rows.All().size(), kAll);
    std::vector<double> found(24);
    std::vector<double> by_target(kTargets);
    for (uint32_t s = 0; s < kSources; ++s) {
      for (const uint32_t t : Targets(rows, s, 0, kTargets)) {
        ++found[(s < kSources / 2 ? 0 : 12) + s % 4 * 3 + t % 3];
        ++by_target[t];
      }
    }
    double squares = 0;
    for (uint32_t kind = 0; kind < 24; ++kind) {
      const double expected = kAll / 2 * (kind % 12 / 3) * (1 + kind % 3) / 36;
      if (expected == 0) {
        EXPECT_EQ(found[kind], 0) << kind;
      } else {
        squares += (found[kind] - expected) * (found[kind] - expected) / expected;
      }
    }
    EXPECT_LT(squares, 41) << "chi-squared of 17 degrees of freedom: 0.1 % lie above 40.8";
    EXPECT_GT(*std::max_element(by_target.begin(), by_target.end()), 12);
    EXPECT_EQ(DegreesOf(rows.All(), kSources, kTargets).repeated > 0, multiple);
  }
}

TEST(Connectivity, R8_WeightedTotalIsTheSameInParts) {
  for (const char* rule : {"n=500", "n=500 multiple=true", "n=0", "n=0 multiple=true"}) {
    const ir::Program program = Weighted(60, 50, rule);
    const Rows rows(program);
    for (uint32_t s = 0; s < 60; ++s) {
      std::vector<uint32_t> parts;
      for (const auto& [begin, end] : {std::pair(0u, 7u), {7u, 8u}, {8u, 41u}, {41u, 50u}}) {
        for (const uint32_t t : Targets(rows, s, begin, end)) parts.push_back(t);
      }
      EXPECT_EQ(Targets(rows, s, 0, 50), parts) << rule;
      EXPECT_TRUE(std::is_sorted(parts.begin(), parts.end()));
    }
  }
  // Every pair with a weight.
  EXPECT_EQ(Rows(Weighted(60, 50, "n=2250")).All().size(), 2250u);
}

TEST(Connectivity, R8_WeightedTotalNamesWhatItCannotDraw) {
  const auto error = [](absl::string_view rule, absl::string_view kernel) {
    const ir::Program program = Weighted(60, 50, rule, kernel);
    const std::vector<Array> states = InitialStates(program).value();
    const auto connectivity = Connectivity::Create(program, 0, states);
    return std::string(connectivity->Build(3, 9).status().message());
  };
  EXPECT_EQ(error("n=2251", "mul %5, %9"),
            "projection p: n = 2251 synapses are to be drawn, but 2250 pairs have a relative "
            "probability above 0\n  note: multiple = true lets a pair be joined more than once");
  EXPECT_EQ(error("n=1 multiple=true", "mul %5, 0"),
            "projection p: n = 1 synapses are to be drawn, but no pairs have a relative "
            "probability above 0");
  EXPECT_EQ(error("n=1", "sub %5, 1"),
            "projection p: from neuron 0 of a to neuron 0 of b the relative probability is -1\n"
            "  note: it must be finite and at least 0");
  EXPECT_EQ(error("n=1 multiple=true", "mul %5, 5e307"),
            "projection p: the relative probabilities add up to infinity");
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

constexpr char kConnected[] = R"(program connected dt=0.1 seed=7
population a size=400
population b size=500
state a.x : f64[a] = 0
state b.x : f64[b] = 0
projection p : a -> b rule=bernoulli p=1 stream=1 weight=3 delay=[2, 30]
init {
  %0 = index : u32[a]
  %1 = convert %0 : f64[a]
  %2 = mul %1, 0.0025 : f64[a]
  store a.x, %2
  %3 = uniform stream=9 draw=0 : f64[b]
  store b.x, %3
}
connect p {
  %0 = load_pre a.x : f64[p]
  %1 = load_post b.x : f64[p]
  %2 = sub %0, %1 : f64[p]
  %3 = abs %2 : f64[p]
  %4 = sub 1, %3 : f64[p]
  set_probability %4
  %5 = weight : f64[p]
  %6 = normal stream=4 draw=0 : f64[p]
  %7 = fma %6, 0.5, %5 : f64[p]
  set_weight %7
  %8 = uniform stream=5 draw=0 : f64[p]
  %9 = fma %8, 28, 2 : f64[p]
  %10 = rint %9 : f64[p]
  %11 = convert %10 : i64[p]
  set_delay %11
}
step {
}
)";

TEST(Connectivity, R8_ConnectBlocksSetProbabilityWeightAndDelay) {
  const ir::Program program = ParseProgram(kConnected);
  const std::vector<Array> states = InitialStates(program).value();
  const Rows rows(program);
  const SynapseRows& all = rows.All();
  ASSERT_EQ(all.weights.size(), all.size());
  ASSERT_EQ(all.delays.size(), all.size());
  double expected = 0, variance = 0;
  std::vector<double> near(4), pairs(4);
  for (uint32_t source = 0; source < 400; ++source) {
    std::vector<bool> joined(500);
    for (const uint32_t target : RowOf(all, all.targets, source)) joined[target] = true;
    for (uint32_t target = 0; target < 500; ++target) {
      const double p =
          1 - std::fabs(states[0].as<double>()[source] - states[1].as<double>()[target]);
      expected += p;
      variance += p * (1 - p);
      const auto bin = static_cast<size_t>(4 * (1 - p));
      pairs[bin] += p;
      near[bin] += joined[target] ? 1 : 0;
    }
  }
  EXPECT_NEAR(static_cast<double>(all.size()), expected, 5 * std::sqrt(variance));
  for (size_t bin = 0; bin < 4; ++bin)
    EXPECT_NEAR(near[bin], pairs[bin], 5 * std::sqrt(pairs[bin]));
  // Weights are normal around that of the projection, delays uniform over 2 to 30 steps with half
  // of its neighbours' share at either end.
  const auto n = static_cast<double>(all.size());
  double mean = 0, square = 0;
  for (const double weight : all.weights) mean += weight / n;
  for (const double weight : all.weights) square += (weight - mean) * (weight - mean) / n;
  EXPECT_NEAR(mean, 3, 5 * 0.5 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(square), 0.5, 5 * 0.5 / std::sqrt(2 * n));
  std::vector<double> counts(31);
  for (const uint32_t delay : all.delays) counts.at(delay) += 1;
  EXPECT_NEAR(counts[2], n / 56, 5 * std::sqrt(n / 56));
  EXPECT_NEAR(counts[30], n / 56, 5 * std::sqrt(n / 56));
  ExpectAlike(std::vector<double>(counts.begin() + 3, counts.begin() + 30), n / 28, n / 28);

  // Any range gives its part of this.
  const SynapseRows& part = rows.Built(100, 333);
  size_t found = 0;
  for (uint32_t source = 0; source < 400; ++source) {
    size_t at = part.begin[source];
    for (size_t i = all.begin[source]; i < all.begin[source + size_t{1}]; ++i) {
      if (all.targets[i] < 100 || all.targets[i] >= 333) continue;
      ASSERT_LT(at, part.size());
      ASSERT_EQ(part.targets[at], all.targets[i]);
      ASSERT_EQ(part.weights[at], all.weights[i]);
      ASSERT_EQ(part.delays[at++], all.delays[i]);
      ++found;
    }
  }
  EXPECT_EQ(found, part.size());

  // A table has all of it, by delay and in order.
  const SynapseTable table(program, 0, all);
  EXPECT_EQ(table.size(), all.size());
  EXPECT_EQ(table.All().size(), all.size());
  for (uint32_t source = 0; source < 400; ++source) {
    size_t of_row = 0;
    for (const uint32_t delay : table.delays()) {
      const absl::Span<const uint64_t> synapses = table.Of(source, delay);
      of_row += synapses.size();
      for (size_t i = 0; i < synapses.size(); ++i) {
        if (i > 0) {
          ASSERT_LT(synapses[i - 1], synapses[i]);
        }
        ASSERT_EQ(table.source(synapses[i]), source);
        ASSERT_EQ(table.target(synapses[i]), all.targets[synapses[i]]);
        ASSERT_EQ(table.weight(synapses[i]), all.weights[synapses[i]]);
        ASSERT_EQ(table.delay(synapses[i]), delay);
      }
    }
    EXPECT_EQ(of_row, all.begin[source + size_t{1}] - all.begin[source]);
  }
}

TEST(Connectivity, R8_WhatConnectSetsMustBeInRange) {
  const auto error = [](const char* from, const char* to) {
    const ir::Program program = ParseProgram(absl::StrReplaceAll(kConnected, {{from, to}}));
    const std::vector<Array> states = InitialStates(program).value();
    const auto connectivity = Connectivity::Create(program, 0, states);
    return std::string(connectivity->Build(0, 500).status().message());
  };
  EXPECT_NE(error("set_probability %4", "set_probability 1.5")
                .find("projection p: from neuron 0 of a to neuron 0 of b the probability is 1.5"),
            std::string::npos);
  EXPECT_NE(error("fma %6, 0.5, %5", "div %6, 0").find("the weight is"), std::string::npos);
  EXPECT_NE(error("fma %8, 28, 2", "fma %8, 28, 3").find("the delay is 3 ms, that is 30 steps"),
            std::string::npos);
}

// The numbers of things on the left have mean n*p and the variance of their distribution.
TEST(Sampling, CountsOnTheLeftHaveTheRightMoments) {
  for (const bool repeat : {false, true}) {
    for (const auto& [count, left, right] : {std::tuple{10ull, 30ull, 70ull},
                                             {5000ull, 4000ull, 9000ull},
                                             {7ull, 5ull, 2ull},
                                             {1000000ull, 3000000ull, 2000000ull}}) {
      RuleDraws draws(5, 1, static_cast<uint32_t>(left), 9);
      constexpr int kTrials = 4000;
      const auto n = static_cast<double>(count);
      const double p = static_cast<double>(left) / static_cast<double>(left + right);
      const double correction =
          repeat ? 1
                 : (static_cast<double>(left + right) - n) / static_cast<double>(left + right - 1);
      const double variance = n * p * (1 - p) * correction;
      double sum = 0, squares = 0;
      for (int i = 0; i < kTrials; ++i) {
        const uint64_t on_left = CountOnLeft(count, static_cast<double>(left),
                                             static_cast<double>(right), repeat, draws.Next());
        ASSERT_LE(on_left, count);
        if (!repeat) {
          ASSERT_LE(on_left, left);
          ASSERT_LE(count - on_left, right);
        }
        const double deviation = static_cast<double>(on_left) - n * p;
        sum += deviation;
        squares += deviation * deviation;
      }
      EXPECT_NEAR(sum / kTrials, 0, 5 * std::sqrt(variance / kTrials) + 1e-9);
      EXPECT_NEAR(squares / kTrials, variance, 0.15 * variance + 1e-9);
    }
  }
}

TEST(Sampling, DistinctNumbersAreEverySetAlike) {
  std::map<std::vector<uint32_t>, double> seen;
  for (uint32_t trial = 0; trial < 20000; ++trial) {
    RuleDraws draws(1, 2, trial, 3);
    std::vector<uint32_t> sample;
    Sample(3, 6, /*repeat=*/false, draws, sample);
    seen[sample] += 1;
  }
  ASSERT_EQ(seen.size(), 20u);
  std::vector<double> counts;
  for (const auto& [sample, count] : seen) counts.push_back(count);
  ExpectAlike(counts, 1000, 950);
}

}  // namespace
}  // namespace bnsyn::reference
