// Runs the networks of tests/cases/truth on every engine. Comments in a file say what is right:
//
//   # expect dst.x = 1.01, 2.01          all elements at the end, to 2^-24 of each
//   # expect at 0.1 ms p.s = 42          the same after a time; times must ascend
//   # exactly post.g = 0.3               like expect, but to the bit
//   # spikes p = 12                      spikes until the end
//   # times p = 3, 8                     the times of the spikes until the end, in ms
//   # each dt = 0.1 ms, 0.5 ms           all of this holds for each of these steps
//   # error at_build is not a unit       the network is refused, with these words
//   # fault p.w of synapse 0             the run stops, with these words
//
// All engines must give equal digests, or equal messages. Values are in the internal system of ms,
// mV, nS, pF and pA.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bnsyn/bnsyn.h"
#include "ir/status_macros.h"
#include "runtime/delivery/layout.h"
#include "tests/engines/cases.h"

namespace bnsyn::testing {
namespace {

constexpr double kTolerance = 0x1p-24;

struct Expectation {
  int line = 0;
  std::optional<double> time;  // ms; nullopt for the end
  std::string state;
  std::vector<std::string> values;
  bool exact = false;
};

struct TruthCase {
  std::vector<Expectation> states;
  std::vector<std::pair<std::string, uint64_t>> spikes;
  std::vector<std::pair<std::string, std::vector<double>>> times;
  std::vector<std::string> each_dt;  // empty for that of the network alone
  std::string error;                 // words of it; empty if the network compiles
  std::string fault;                 // words of it; empty if it runs to the end

  bool expects_nothing() const {
    return states.empty() && spikes.empty() && times.empty() && error.empty() && fault.empty();
  }
};

absl::StatusOr<Expectation> ReadExpectation(const std::string& text) {
  Expectation expectation;
  const std::vector<std::string> sides = absl::StrSplit(text, absl::MaxSplits('=', 1));
  if (sides.size() != 2) return absl::InvalidArgumentError("no =");
  std::vector<std::string> words = absl::StrSplit(sides[0], ' ', absl::SkipWhitespace());
  if (words.size() == 4 && words[0] == "at" && words[2] == "ms") {
    double time = 0;
    if (!absl::SimpleAtod(words[1], &time)) return absl::InvalidArgumentError("no time");
    expectation.time = time;
    words.erase(words.begin(), words.begin() + 3);
  }
  if (words.size() != 1) return absl::InvalidArgumentError("no name");
  expectation.state = words[0];
  for (const auto& value : absl::StrSplit(sides[1], ',')) {
    expectation.values.emplace_back(absl::StripAsciiWhitespace(value));
  }
  return expectation;
}

absl::StatusOr<TruthCase> ReadTruthCase(const std::string& text) {
  TruthCase result;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    absl::string_view rest = line;
    const bool exact = absl::ConsumePrefix(&rest, "# exactly ");
    if (exact || absl::ConsumePrefix(&rest, "# expect ")) {
      BNSYN_ASSIGN_OR_RETURN(Expectation expectation, ReadExpectation(std::string(rest)));
      expectation.line = number;
      expectation.exact = exact;
      result.states.push_back(std::move(expectation));
    } else if (absl::ConsumePrefix(&rest, "# spikes ")) {
      const std::vector<std::string> sides = absl::StrSplit(rest, " = ");
      uint64_t count = 0;
      if (sides.size() != 2 || !absl::SimpleAtoi(sides[1], &count)) {
        return absl::InvalidArgumentError("malformed line of spikes");
      }
      result.spikes.emplace_back(sides[0], count);
    } else if (absl::ConsumePrefix(&rest, "# times ")) {
      const std::vector<std::string> sides = absl::StrSplit(rest, " = ");
      if (sides.size() != 2) return absl::InvalidArgumentError("malformed line of times");
      std::vector<double>& times =
          result.times.emplace_back(sides[0], std::vector<double>()).second;
      for (const absl::string_view time : absl::StrSplit(sides[1], ',')) {
        if (!absl::SimpleAtod(time, &times.emplace_back())) {
          return absl::InvalidArgumentError("a time that is no number");
        }
      }
    } else if (absl::ConsumePrefix(&rest, "# each dt = ")) {
      result.each_dt = absl::StrSplit(rest, ", ");
    } else if (absl::ConsumePrefix(&rest, "# error ")) {
      result.error = std::string(rest);
    } else if (absl::ConsumePrefix(&rest, "# fault ")) {
      result.fault = std::string(rest);
    }
  }
  if (result.expects_nothing()) {
    return absl::InvalidArgumentError("a case that expects nothing proves nothing");
  }
  return result;
}

// Each backend, one and two threads, narrow and wide vectors, and every layout of synapses.
std::vector<EngineVariant> Variants() {
  std::vector<EngineVariant> variants = {{"reference", {}}};
  for (const int threads : {1, 2}) {
    for (const int width : {1, 4, 8}) {
      EngineOptions options;
      options.backend = Backend::kAccelerated;
      options.threads = threads;
      options.compile.width = width;
      variants.push_back({absl::StrCat(threads, " threads, width ", width), options});
    }
  }
  for (const absl::string_view layout : LayoutNames()) {
    EngineOptions options;
    options.backend = Backend::kAccelerated;
    options.layout = std::string(layout);
    variants.push_back({absl::StrCat("layout ", layout), options});
  }
  return variants;
}

// Integers are compared as such: a double has no room for all of their digits.
void CheckIntegers(const reference::ArrayView& values, const Expectation& expectation,
                   const std::string& where) {
  ASSERT_EQ(values.size, expectation.values.size()) << where;
  for (size_t i = 0; i < values.size; ++i) {
    EXPECT_EQ(absl::StrCat(static_cast<int64_t>(values.bits(i))), expectation.values[i])
        << where << ": element " << i;
  }
}

void CheckValues(const Simulation& simulation, const Expectation& expectation,
                 const std::string& where) {
  const std::optional<ir::StateId> id = ProgramOf(simulation).FindState(expectation.state);
  if (id.has_value() && ir::IsInteger(ProgramOf(simulation).states[*id].type.element)) {
    return CheckIntegers(RawState(simulation, *id), expectation, where);
  }
  const absl::StatusOr<std::vector<double>> values = simulation.StateByName(expectation.state);
  ASSERT_TRUE(values.ok()) << where << ": " << values.status().message();
  ASSERT_EQ(values->size(), expectation.values.size()) << where;
  for (size_t i = 0; i < values->size(); ++i) {
    double expected = 0;
    ASSERT_TRUE(absl::SimpleAtod(expectation.values[i], &expected)) << where;
    const double tolerance = expectation.exact ? 0 : kTolerance * std::fabs(expected);
    EXPECT_LE(std::fabs((*values)[i] - expected), tolerance)
        << where << ": element " << i << " is " << absl::StrFormat("%.17g", (*values)[i])
        << ", expected " << expectation.values[i];
  }
}

// Runs a case on one engine. Returns the digest, or the message of the error or fault.
std::string RunCase(const TruthCase& truth, const Network& network, const EngineVariant& variant,
                    const std::string& file) {
  const std::string where = absl::StrCat(file, " on ", variant.name);
  absl::StatusOr<Simulation> simulation = Compile(network, variant.options);
  if (!simulation.ok()) {
    EXPECT_FALSE(truth.error.empty()) << where << ": " << simulation.status().message();
    return std::string(simulation.status().message());
  }
  EXPECT_TRUE(truth.error.empty()) << where << ": compiles, expected: " << truth.error;
  const absl::StatusOr<uint64_t> steps = DurationSteps(network);
  EXPECT_TRUE(steps.ok()) << where << ": " << steps.status().message();
  absl::Status ran;
  for (const Expectation& expectation : truth.states) {
    const double dt = ProgramOf(*simulation).dt;
    const uint64_t until =
        expectation.time ? static_cast<uint64_t>(std::llround(*expectation.time / dt)) : *steps;
    if (ran.ok()) ran = simulation->Step(until - simulation->step());
    if (!ran.ok()) break;
    CheckValues(*simulation, expectation, absl::StrCat(where, ", line ", expectation.line));
  }
  if (ran.ok()) ran = simulation->Step(*steps - simulation->step());
  if (!ran.ok()) {
    EXPECT_FALSE(truth.fault.empty()) << where << ": " << ran.message();
    return std::string(ran.message());
  }
  EXPECT_TRUE(truth.fault.empty()) << where << ": ends well, expected: " << truth.fault;
  for (const auto& [population, count] : truth.spikes) {
    const absl::StatusOr<PopulationHandle> handle = simulation->Population(population);
    EXPECT_TRUE(handle.ok()) << where << ": " << handle.status().message();
    if (!handle.ok()) continue;
    EXPECT_EQ(simulation->SpikeCount(*handle), count) << where;
  }
  for (const auto& [population, times] : truth.times) {
    const absl::StatusOr<PopulationHandle> handle = simulation->Population(population);
    EXPECT_TRUE(handle.ok()) << where << ": " << handle.status().message();
    if (!handle.ok()) continue;
    const std::vector<double> found = simulation->SpikeTimes(*handle);
    EXPECT_EQ(found.size(), times.size()) << where;
    for (size_t s = 0; s < std::min(found.size(), times.size()); ++s) {
      EXPECT_NEAR(found[s], times[s], 1e-9) << where << ", spike " << s;
    }
  }
  return simulation->Digest().ToString();
}

// Runs a case on every engine. All give the first outcome.
std::string RunOnAll(const TruthCase& truth, const Network& network, const std::string& file) {
  std::string first;
  for (const EngineVariant& variant : Variants()) {
    const std::string outcome = RunCase(truth, network, variant, file);
    if (first.empty()) first = outcome;
    EXPECT_EQ(outcome, first) << file << " on " << variant.name;
  }
  return first;
}

class TruthCases : public ::testing::TestWithParam<std::string> {};

TEST_P(TruthCases, HoldOnEveryEngine) {
  const absl::StatusOr<std::string> text = ReadCaseFile(GetParam());
  ASSERT_TRUE(text.ok()) << text.status();
  const absl::StatusOr<TruthCase> truth = ReadTruthCase(*text);
  ASSERT_TRUE(truth.ok()) << GetParam() << ": " << truth.status();
  const std::string file = GetParam().substr(GetParam().rfind('/') + 1);
  const absl::StatusOr<Network> network = ReadNetwork(GetParam());
  if (!network.ok()) {
    ASSERT_FALSE(truth->error.empty()) << network.status().message();
    EXPECT_TRUE(absl::StrContains(network.status().message(), truth->error))
        << network.status().message();
    return;
  }
  for (const std::string& dt : truth->each_dt) {
    Network other = *network;
    ASSERT_TRUE(other.Set("dt", dt).ok());
    RunOnAll(*truth, other, absl::StrCat(file, " with dt = ", dt));
  }
  const std::string first = RunOnAll(*truth, *network, file);
  for (const std::string& words : {truth->error, truth->fault}) {
    EXPECT_TRUE(absl::StrContains(first, words)) << file << ": " << first;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, TruthCases, ::testing::ValuesIn(CaseFiles("truth", ".toml")),
                         CaseName);

// Networks that are too long for a file: text that grows with a number.
void RunGenerated(const std::string& text, const TruthCase& truth, const std::string& name) {
  const absl::StatusOr<Network> network = ParseNetwork(text, name, ".");
  ASSERT_TRUE(network.ok()) << network.status().message();
  RunOnAll(truth, *network, name);
}

TEST(LongTruthCases, EightThousandTimesOnOneLine) {
  std::string times, index;
  for (int k = 1; k <= 8000; ++k) {
    absl::StrAppend(&times, k == 1 ? "" : ", ", "\"", k / 10, ".", k % 10, " ms\"");
    absl::StrAppend(&index, k == 1 ? "0" : ", 0");
  }
  TruthCase truth;
  truth.spikes.emplace_back("src", 8000);
  RunGenerated(absl::StrCat(R"(
network = { dt = "0.1 ms", duration = "1 s", seed = 1 }
populations.src = { model = "spike_source", size = 1 }
[stimuli.s]
type = "spikes"
target = "src"
on_event = "arrived += w"
times = [)",
                            times, "]\nindex = [", index, "]\n"),
               truth, "one_line.toml");
}

// Each population of a ring joins the next five. They are driven alike, and spike alike.
TEST(LongTruthCases, HundredAndSixtyPopulations) {
  constexpr int kPopulations = 160;
  std::string populations, projections;
  TruthCase truth;
  for (int p = 0; p < kPopulations; ++p) {
    absl::StrAppend(&populations, "p", p,
                    R"( = { model = "lif_exp", size = 20, parameters = { I_e = "400 pA" } })",
                    "\n");
    for (int k = 1; k <= 5; ++k) {
      absl::StrAppend(&projections, "[projections.c", p, "_", k, "]\nsource = \"p", p,
                      "\"\ntarget = \"p", (p + k) % kPopulations,
                      "\"\nrule = { type = \"bernoulli\", p = 0.2 }\nweight = \"", 10 + k,
                      " pA\"\ndelay = \"1 ms\"\non_pre = \"I_ex_post += w\"\n");
    }
    truth.spikes.emplace_back(absl::StrCat("p", p), 20);
  }
  RunGenerated(
      absl::StrCat("network = { dt = \"0.1 ms\", duration = \"30 ms\", seed = 1 }\n[populations]\n",
                   populations, projections),
      truth, "populations.toml");
}

}  // namespace
}  // namespace bnsyn::testing
