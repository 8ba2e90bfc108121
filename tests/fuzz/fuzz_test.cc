// Whole networks and programs against both backends: mutated ones, which are refused with a clear
// error or run, and random ones, of which nearly all run and spike. Runs have any number of
// threads, width, layout and passes, and are cut at a random step; digests or faults are equal.
// Nothing crashes, hangs, or is an internal error.
//
//   BNSYN_FUZZ_COUNT=10000 build/release/bin/fuzz_test       so many of each sort
//   BNSYN_FUZZ_SEED=17 BNSYN_FUZZ_COUNT=1 ...                 prints the input of one seed as well
//   BNSYN_FUZZ_JOBS=4 ...                                     so many processes at a time
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/harness.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/random_network.h"
#include "tests/fuzz/random_plastic.h"
#include "tests/fuzz/random_tables.h"
#include "tests/fuzz/shrink.h"
#include "tests/fuzz/trial.h"
#include "tests/sanitized.h"

namespace bnsyn::fuzz {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  uint64_t number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

using Make = std::function<std::string(uint64_t seed)>;
using Try = Verdict (*)(const std::string&, uint64_t);

// What is tried of each sort: so many mutated texts, and random networks in all.
constexpr uint64_t kMutated = 2000;
constexpr uint64_t kRandom = 300;
// Kinds of random networks, which share their number.
constexpr uint64_t kMakers = 3;

// BNSYN_FUZZ_COUNT, or `otherwise`, and a tenth of that in builds that take longer.
uint64_t CountOr(uint64_t otherwise) {
  return FromEnvironment("BNSYN_FUZZ_COUNT", kSanitized ? otherwise / 10 : otherwise);
}

// What two failures of one fault have in common: the first two lines, without their numbers.
std::string KindOf(const std::string& reason) {
  std::string kind;
  int lines = 0;
  for (const char c : reason) {
    if (c == '\n' && ++lines == 2) break;
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) kind.push_back(c);
  }
  return kind;
}

// The shortest text that fails as that of `seed` does, and what to do with it.
std::string Shortened(const std::string& text, const Failure& failure, Try attempt) {
  const std::string shrunk = Shrunk(text, [&](const std::string& shorter) {
    const Report report =
        RunTrials(failure.seed, 1, [&](uint64_t seed) { return attempt(shorter, seed); });
    return !report.failures.empty() && KindOf(report.failures[0].reason) == KindOf(failure.reason);
  });
  return absl::StrCat("the shortest text that fails so:\n", shrunk,
                      "\nAdd it to tests/cases when it is mended: to errors/ if it is to be "
                      "refused, to truth/ if it is to run, or a program to networks/.\n");
}

// Tries the texts of `count` seeds, prints what came of them, and tells each failure, the first
// three shrunk.
Report Fuzz(const char* what, uint64_t count, const Make& make, Try attempt) {
  const uint64_t first = FromEnvironment("BNSYN_FUZZ_SEED", 0);
  const auto jobs = static_cast<int>(FromEnvironment("BNSYN_FUZZ_JOBS", 1));
  Report report = RunTrials(first, count, [&](uint64_t seed) { return attempt(make(seed), seed); },
                            {.processor_seconds = kSanitized ? 120u : 30u, .jobs = jobs});
  std::printf("%s", Summary(what, report).c_str());
  if (count == 1) std::printf("%s\n", make(first).c_str());
  // At once, because to shrink a text may take long.
  for (const Failure& failure : report.failures) {
    std::printf("failed: seed %s\n", absl::StrCat(failure.seed).c_str());
  }
  std::fflush(stdout);
  int shrunk = 0;
  for (const Failure& failure : report.failures) {
    const std::string text = make(failure.seed);
    ADD_FAILURE() << what << ", seed " << failure.seed << ": " << failure.reason << "\n"
                  << (shrunk++ < 3 ? Shortened(text, failure, attempt) : text);
  }
  return report;
}

void FuzzMutated(const char* what, const Corpus& corpus,
                 std::string (*mutate)(const Corpus&, uint64_t), Try attempt) {
  const Report report = Fuzz(
      what, CountOr(kMutated), [&](uint64_t seed) { return mutate(corpus, seed); }, attempt);
  const uint64_t valid = Valid(report);
  if (valid < 100) return;
  EXPECT_GT(Count(report, Outcome::kRefused), 0u);
  EXPECT_GT(Count(report, Outcome::kFaulted), 0u);
  // A run without spikes is vacuous. Half of what runs spikes: many cases of the corpus are silent.
  EXPECT_GT(Count(report, Outcome::kSpiking), valid / 4);
}

TEST(Fuzz, NetworkFiles) {
  FuzzMutated("mutated network files", NetworkCorpus(), &MutatedNetwork, &TryNetwork);
}

TEST(Fuzz, Programs) {
  FuzzMutated("mutated programs", ProgramCorpus(NetworkCorpus()), &MutatedProgram, &TryProgram);
}

// What is wanted of random networks of one maker.
struct Wanted {
  double refused = 0;  // at most this part of all
  double silent = 0;   // at most this part of those that ran
  double plastic = 0;  // at least this part of those that ran
  size_t kinds = 0;    // at least so many kinds of what networks may use
};

void FuzzMade(const char* what, RandomNetwork (*make)(uint64_t), Try attempt,
              const Wanted& wanted) {
  const uint64_t count = (CountOr(kRandom) + kMakers - 1) / kMakers;
  const Report report = Fuzz(
      what, count, [make](uint64_t seed) { return make(seed).text; }, attempt);
  const uint64_t first = FromEnvironment("BNSYN_FUZZ_SEED", 0);
  std::map<std::string, int> kinds;
  for (uint64_t seed = first; seed < first + std::min<uint64_t>(count, 1000); ++seed) {
    for (const std::string& kind : make(seed).kinds) ++kinds[kind];
  }
  std::printf("%d kinds of what networks use:", static_cast<int>(kinds.size()));
  for (const auto& [kind, number] : kinds) std::printf(" %s (%d);", kind.c_str(), number);
  std::printf("\n");
  if (count < 100) return;
  const auto part = [](double part, uint64_t all) { return part * static_cast<double>(all); };
  const auto number = [&](Outcome outcome) { return static_cast<double>(Count(report, outcome)); };
  EXPECT_LE(number(Outcome::kRefused), part(wanted.refused, count));
  const uint64_t valid = Valid(report);
  EXPECT_LE(number(Outcome::kSilent), part(wanted.silent, valid)) << "too many runs are vacuous";
  EXPECT_GE(static_cast<double>(report.learned), part(wanted.plastic, valid));
  EXPECT_GE(kinds.size(), wanted.kinds);
}

// The makers of these two write networks that all spike.
TEST(Fuzz, RandomNetworks) {
  FuzzMade("random networks", &MakeRandomNetwork, &TryNetwork,
           {.refused = 0, .silent = 0.02, .plastic = 0.5, .kinds = 12});
}

TEST(Fuzz, PlasticNetworks) {
  FuzzMade("plastic networks", &MakePlasticNetwork, &TryPlastic,
           {.refused = 0, .silent = 0.02, .plastic = 0.75, .kinds = 16});
}

// What the tables of the language list does not always fit together: an eighth is refused. One in
// twenty is silent, where all neurons are of models of the library that are hard to excite.
TEST(Fuzz, NetworksOfTables) {
  FuzzMade("networks of all tables", &MakeTableNetwork, &TryNetwork,
           {.refused = 0.25, .silent = 0.12, .plastic = 0.5, .kinds = 130});
}

// The same networks, cut and continued by other engines. Their runs are shorter, so that more of
// them are silent.
TEST(Fuzz, ContinuedRandomNetworks) {
  FuzzMade("continued random networks", &MakeRandomNetwork, &TryContinuation,
           {.refused = 0, .silent = 0.5, .plastic = 0, .kinds = 12});
}

TEST(Fuzz, ContinuedPlasticNetworks) {
  FuzzMade("continued plastic networks", &MakePlasticNetwork, &TryContinuation,
           {.refused = 0, .silent = 0.5, .plastic = 0, .kinds = 16});
}

TEST(Fuzz, ContinuedNetworksOfTables) {
  FuzzMade("continued networks of all tables", &MakeTableNetwork, &TryContinuation,
           {.refused = 0.35, .silent = 0.5, .plastic = 0, .kinds = 130});
}

// The harness itself: what ends a process is a failure of its seed, and the others run.
TEST(Harness, TellsCrashesAndHangs) {
  const auto trial = [](uint64_t seed) -> Verdict {
    if (seed == 11) std::abort();
    while (seed == 12) ::getppid();
    if (seed == 13) return {Outcome::kFailure, "wrong"};
    return {Outcome::kRefused, "unknown"};
  };
  const Report report = RunTrials(10, 5, trial, {.processor_seconds = 1});
  ASSERT_EQ(report.failures.size(), 3u);
  const char* reasons[] = {"a crash: Aborted", "a hang: 1 s of processor time", "wrong"};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(report.failures[i].seed, 11 + i);
    EXPECT_EQ(report.failures[i].reason, reasons[i]);
  }
  EXPECT_EQ(Count(report, Outcome::kRefused), 2u);
  EXPECT_EQ(Valid(report), 3u);
  EXPECT_EQ(Summary("numbers", report),
            "                           valid  refused  too large  faulted  spiking  silent  "
            "failure  plastic\n"
            "numbers                        3        2          0        0        0       0  "
            "      3        0\n"
            "refused for 1 reasons, most often:\n      2 unknown\n");

  const auto wait = [](uint64_t) -> Verdict {
    ::sleep(100);
    return {};
  };
  const Report waited = RunTrials(0, 1, wait, {.wall_seconds = 1});
  ASSERT_EQ(waited.failures.size(), 1u);
  EXPECT_EQ(waited.failures[0].reason, "a hang: 1 s");
}

// Several children at a time give what one gives.
TEST(Harness, RunsSeveralChildren) {
  const auto trial = [](uint64_t seed) -> Verdict {
    if (seed % 150 == 7) std::abort();
    return {seed % 3 == 0 ? Outcome::kSpiking : Outcome::kSilent, "", seed % 2 == 0};
  };
  const Report one = RunTrials(0, 1000, trial);
  const Report four = RunTrials(0, 1000, trial, {.jobs = 4});
  EXPECT_EQ(one.outcomes, four.outcomes);
  EXPECT_EQ(one.learned, four.learned);
  ASSERT_EQ(one.failures.size(), 7u);
  ASSERT_EQ(four.failures.size(), 7u);
  for (size_t i = 0; i < 7; ++i) EXPECT_EQ(four.failures[i].seed, 7 + 150 * i);
}

TEST(Shrunk, KeepsWhatFails) {
  const std::string text =
      "[network]\nseed = 1\n[models.a]\nx = \"1; bad; 2\"\ny = 2\n[b]\nz = 3\n";
  int asked = 0;
  const auto fails = [&](const std::string& shorter) {
    ++asked;
    return absl::StrContains(shorter, "[models.a]") && absl::StrContains(shorter, "bad");
  };
  EXPECT_EQ(Shrunk(text, fails), "[models.a]\n bad;");
  EXPECT_LT(asked, 60);
  EXPECT_EQ(Shrunk(text, fails, 0), text);
}

TEST(Mutations, AreTheSameForTheSameSeed) {
  const Corpus corpus = NetworkCorpus();
  EXPECT_EQ(MutatedNetwork(corpus, 7), MutatedNetwork(corpus, 7));
  EXPECT_NE(MutatedNetwork(corpus, 7), MutatedNetwork(corpus, 8));
}

}  // namespace
}  // namespace bnsyn::fuzz
