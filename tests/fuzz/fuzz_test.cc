// Mutated network files and programs: each is refused with a clear error, or runs on both backends
// with equal digests or equal faults. Nothing crashes, hangs, or is an internal error.
//
//   BNSYN_FUZZ_COUNT=10000 build/release/bin/fuzz_test       so many of each, in place of 2,000
//   BNSYN_FUZZ_SEED=17 BNSYN_FUZZ_COUNT=1 ...                 prints the input of one seed as well
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/harness.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/random_network.h"
#include "tests/fuzz/random_plastic.h"
#include "tests/fuzz/trial.h"

namespace bnsyn::fuzz {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  uint64_t number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

using Mutate = std::string (*)(const Corpus&, uint64_t);
using Try = Verdict (*)(const std::string&, uint64_t);

void Fuzz(const char* what, const Corpus& corpus, Mutate mutate, Try attempt) {
  const uint64_t first = FromEnvironment("BNSYN_FUZZ_SEED", 0);
  const uint64_t count = FromEnvironment("BNSYN_FUZZ_COUNT", 2000);
  const Report report =
      RunTrials(first, count, [&](uint64_t seed) { return attempt(mutate(corpus, seed), seed); });
  std::printf("%d mutated %s\n%s", static_cast<int>(count), what, Summary(report).c_str());
  if (count == 1) std::printf("%s\n", mutate(corpus, first).c_str());
  for (const Failure& failure : report.failures) {
    ADD_FAILURE() << what << ", seed " << failure.seed << ": " << failure.reason << "\n"
                  << mutate(corpus, failure.seed);
  }
  if (count < 100) return;
  const auto ran = [&](Outcome outcome) { return report.outcomes.count(outcome) != 0; };
  EXPECT_TRUE(ran(Outcome::kRefused) && ran(Outcome::kFaulted) && ran(Outcome::kSpiking) &&
              ran(Outcome::kSilent))
      << "the mutations are of one kind only";
}

TEST(Fuzz, NetworkFiles) { Fuzz("network files", NetworkCorpus(), &MutatedNetwork, &TryNetwork); }

TEST(Fuzz, Programs) {
  Fuzz("programs", ProgramCorpus(NetworkCorpus()), &MutatedProgram, &TryProgram);
}

// Runs a tenth as many networks that are valid as they are made, and prints what they use.
Report FuzzMade(const char* what, RandomNetwork (*make)(uint64_t), Try attempt,
                size_t least_kinds) {
  const uint64_t first = FromEnvironment("BNSYN_FUZZ_SEED", 0);
  const uint64_t count = (FromEnvironment("BNSYN_FUZZ_COUNT", 2000) + 9) / 10;
  const Report report =
      RunTrials(first, count, [&](uint64_t seed) { return attempt(make(seed).text, seed); });
  std::map<std::string, int> kinds;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    for (const std::string& kind : make(seed).kinds) ++kinds[kind];
  }
  std::printf("%d %s\n%s", static_cast<int>(count), what, Summary(report).c_str());
  for (const auto& [kind, number] : kinds) std::printf("%7d with %s\n", number, kind.c_str());
  if (count == 1) std::printf("%s\n", make(first).text.c_str());
  for (const Failure& failure : report.failures) {
    ADD_FAILURE() << what << ", seed " << failure.seed << ": " << failure.reason << "\n"
                  << make(failure.seed).text;
  }
  if (count < 100) return report;
  const auto spiking = report.outcomes.find(Outcome::kSpiking);
  EXPECT_GT(spiking == report.outcomes.end() ? 0 : spiking->second, count / 2);
  EXPECT_GE(kinds.size(), least_kinds);
  return report;
}

// Nearly all run, and spike.
TEST(Fuzz, RandomNetworks) { FuzzMade("random networks", &MakeRandomNetwork, &TryNetwork, 12); }

// Cut and continued by other engines.
TEST(Fuzz, ContinuedNetworks) {
  FuzzMade("continued networks", &MakeRandomNetwork, &TryContinuation, 12);
}

TEST(Fuzz, ContinuedPlasticNetworks) {
  FuzzMade("continued plastic networks", &MakePlasticNetwork, &TryContinuation, 16);
}

// Nearly all change their weights.
TEST(Fuzz, PlasticNetworks) {
  const Report report = FuzzMade("plastic networks", &MakePlasticNetwork, &TryPlastic, 16);
  uint64_t all = 0;
  for (const auto& [outcome, number] : report.outcomes) all += number;
  std::printf("%7d changed a weight\n", static_cast<int>(report.learned));
  if (all >= 100) {
    EXPECT_GT(report.learned, all * 3 / 4);
  }
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
  EXPECT_EQ(
      Summary(report),
      "      2 refused\n      3 failure\nrefused for 1 reasons, most often:\n      2 unknown\n");

  const auto wait = [](uint64_t) -> Verdict {
    ::sleep(100);
    return {};
  };
  const Report waited = RunTrials(0, 1, wait, {.wall_seconds = 1});
  ASSERT_EQ(waited.failures.size(), 1u);
  EXPECT_EQ(waited.failures[0].reason, "a hang: 1 s");
}

TEST(Mutations, AreTheSameForTheSameSeed) {
  const Corpus corpus = NetworkCorpus();
  EXPECT_EQ(MutatedNetwork(corpus, 7), MutatedNetwork(corpus, 7));
  EXPECT_NE(MutatedNetwork(corpus, 7), MutatedNetwork(corpus, 8));
}

}  // namespace
}  // namespace bnsyn::fuzz
