// The command as a process: killed and interrupted at any moment, on a full disk, and several on
// one empty cache.
//
//   BNSYN_FAULTS=500 build/release/bin/faults_test --gtest_filter='Processes*'   so many moments
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/faults/scenarios.h"
#include "tests/fuzz/random.h"

namespace bnsyn::faults {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMostSeconds = 120;

uint64_t Moments() {
  const char* const text = std::getenv("BNSYN_FAULTS");
  uint64_t number = 0;
  if (text != nullptr && absl::SimpleAtoi(text, &number)) return std::max<uint64_t>(number, 1);
  return text != nullptr ? 500 : 4;
}

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Starts `bnsyn WORDS`, with what it prints in a file, after `before` in the new process.
pid_t Start(
    std::vector<std::string> words, const std::string& output,
    const std::function<void()>& before = [] {}) {
  words.insert(words.begin(), BNSYN_BINARY_DIR "/bin/bnsyn");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  std::FILE* const printed = std::freopen(output.c_str(), "w", stdout);
  if (printed != nullptr) ::dup2(STDOUT_FILENO, STDERR_FILENO);
  ::alarm(kMostSeconds);
  before();
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(pointers[0], pointers.data());
  ::_exit(127);
}

// The exit code of a process, or minus the signal that ended it.
int Await(pid_t child) {
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0) return -1000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

class Processes : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "bnsyn_processes_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string Path(const std::string& name) const { return absl::StrCat(directory_, "/", name); }
  std::string Printed() const { return ReadText(Path("output")); }
  int Run(const std::vector<std::string>& words) const {
    return Await(Start(words, Path("output")));
  }
  // Runs it, and sends a signal after a time from nothing to a bit more than it takes.
  int RunAndSignal(const std::vector<std::string>& words, int signal) {
    const auto microseconds = static_cast<int64_t>(random_.Below(static_cast<size_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(takes_ * 1.1).count())));
    const pid_t child = Start(words, Path("output"));
    std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
    ::kill(child, signal);
    return Await(child);
  }
  // Runs it to the end, and notes how long it takes.
  void Time(const std::vector<std::string>& words) {
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(Run(words), 0) << Printed();
    takes_ = std::chrono::steady_clock::now() - start;
  }

  std::string directory_;
  fuzz::Random random_{1};
  std::chrono::duration<double> takes_{};
};

// With a full cache while the results are written, and with an empty one.
TEST_F(Processes, KilledAtAnyMoment) {
  const Scenario scenario = RunCommand(directory_);
  std::map<std::string, int> outcomes;
  for (const bool cached : {true, false}) {
    scenario.prepare();
    Time(scenario.words);
    Time(scenario.words);
    for (uint64_t moment = 0; moment < Moments(); ++moment) {
      scenario.prepare();
      if (!cached) fs::remove_all(::getenv("BNSYN_CACHE"));
      const int code = RunAndSignal(scenario.words, SIGKILL);
      ASSERT_TRUE(code == 0 || code == -SIGKILL) << code << Printed();
      ++outcomes[code == 0 ? "ended before" : scenario.is_right() ? "all written" : "killed"];
      ASSERT_EQ(scenario.check(/*killed=*/true), "");
      ASSERT_EQ(Run(scenario.words), 0) << Printed();
      EXPECT_FALSE(absl::StrContains(Printed(), "note: ")) << Printed();
      ASSERT_TRUE(scenario.is_right());
    }
  }
  for (const auto& [name, count] : outcomes) {
    std::printf("kill -9: %4d %s, and the next run right\n", count, name.c_str());
  }
}

// What was computed until then is written, whole, and is what a run of that length computes.
TEST_F(Processes, InterruptedAtAnyMoment) {
  const Scenario scenario = RunCommand(directory_);
  std::vector<std::string> words = scenario.words;
  words.insert(words.end(), {"--duration", "500ms"});
  const auto results = fs::path(*(std::find(words.begin(), words.end(), "--out") + 1));
  Time(words);
  Time(words);
  const std::string whole = ReadText(results / "exc.v.csv");
  std::map<std::string, int> outcomes;
  for (uint64_t moment = 0; moment < Moments(); ++moment) {
    fs::remove_all(results);
    const int code = RunAndSignal(words, moment % 2 == 0 ? SIGINT : SIGTERM);
    if (code == 0 || code == -SIGINT || code == -SIGTERM) {
      // It had ended, or had not begun to listen.
      ++outcomes[code == 0 ? "ended before" : "not begun"];
      ASSERT_TRUE(code == 0 || !fs::exists(results));
      continue;
    }
    ASSERT_EQ(code, 1) << Printed();
    ASSERT_TRUE(absl::StrContains(Printed(), "interrupted: ")) << Printed();
    const auto report = nlohmann::json::parse(ReadText(results / "report.json"));
    ASSERT_TRUE(report.at("interrupted"));
    const std::string recorded = ReadText(results / "exc.v.csv");
    ASSERT_TRUE(absl::StartsWith(whole, recorded));
    const uint64_t steps = report.at("steps");
    ++outcomes[steps == 0 ? "before the first step" : "between steps"];
    const std::string spikes = ReadText(results / "spikes.csv");
    if (steps == 0) {
      EXPECT_EQ(spikes, "population,neuron,step,time_ms\n");
      continue;
    }
    std::vector<std::string> part = scenario.words;
    part.insert(part.end(), {"--duration", absl::StrCat(static_cast<double>(steps) / 10, "ms")});
    ASSERT_EQ(Run(part), 0) << Printed();
    const auto again = nlohmann::json::parse(ReadText(results / "report.json"));
    EXPECT_EQ(again.at("digest"), report.at("digest"));
    EXPECT_EQ(ReadText(results / "spikes.csv"), spikes);
  }
  for (const auto& [name, count] : outcomes) {
    std::printf("interrupted: %4d %s\n", count, name.c_str());
  }
}

// Files may grow to a limit only, from nothing up to what the results need.
TEST_F(Processes, FilesThatMayNotGrow) {
  const Scenario scenario = RunCommand(directory_);
  std::map<int, int> codes;
  for (rlim_t most = 0; !codes.contains(0); most = std::max<rlim_t>(2 * most, 500)) {
    scenario.prepare();
    const pid_t child = Start(scenario.words, Path("output"), [most] {
      const rlimit limit = {most, most};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    });
    const int code = Await(child);
    ++codes[code];
    ASSERT_TRUE(code == 0 || code == 2) << "at most " << most << " bytes: " << code;
    ASSERT_EQ(scenario.check(/*killed=*/false), "") << "at most " << most << " bytes";
    ASSERT_EQ(scenario.is_right(), code == 0);
    ASSERT_EQ(Run(scenario.words), 0) << Printed();
    ASSERT_TRUE(scenario.is_right());
  }
  std::printf("files that may not grow: %d times a clear error, then right\n", codes[2]);
  EXPECT_GT(codes[2], 2);
}

// A file system of a few kilobytes, in a process that has mounted it for itself.
TEST_F(Processes, FullDisk) {
  constexpr int kMayNotMount = 50;
  std::map<int, int> codes;
  for (int kilobytes = 4; !codes.contains(0) && kilobytes < 1 << 14; kilobytes *= 2) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string options = absl::StrCat("size=", kilobytes, "k");
      if (::unshare(CLONE_NEWNS) != 0 ||
          ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        ::_exit(kMayNotMount);
      }
      const Scenario scenario = RunCommand(directory_);
      scenario.prepare();
      const fs::path results =
          *(std::find(scenario.words.begin(), scenario.words.end(), "--out") + 1);
      fs::remove_all(results);
      fs::create_directories(results);
      if (::mount("bnsyn", results.c_str(), "tmpfs", 0, options.c_str()) != 0) {
        ::_exit(kMayNotMount);
      }
      const int code = Await(Start(scenario.words, Path("output")));
      const bool fine = scenario.check(/*killed=*/false).empty() &&
                        scenario.is_right() == (code == 0) &&
                        (code == 0 || absl::StrContains(Printed(), "error: cannot write"));
      ::_exit(fine ? code : 100);
    }
    const int code = Await(child);
    if (code == kMayNotMount) {
      std::printf("full disk: NOT TRIED, since this user may not mount\n");
      GTEST_SKIP();
    }
    ASSERT_TRUE(code == 0 || code == 2) << kilobytes << " KB: " << code << "\n" << Printed();
    ++codes[code];
  }
  std::printf("full disk: %d times a clear error\n", codes[2]);
  EXPECT_GT(codes[2], 0);
  EXPECT_EQ(codes[0], 1);
}

TEST_F(Processes, ShareAnEmptyCache) {
  constexpr int kTogether = 3;
  const Scenario scenario = RunCommand(directory_);
  const std::string cache = ::getenv("BNSYN_CACHE");
  std::vector<std::string> words = scenario.words;
  const auto out = std::find(words.begin(), words.end(), "--out") + 1;
  const auto digest_of = [&](const std::string& results) {
    return nlohmann::json::parse(ReadText(results + "/report.json")).at("digest").dump();
  };
  *out = Path("right");
  ASSERT_EQ(Run(words), 0) << Printed();
  const std::string right = digest_of(*out);
  const uint64_t rounds = Moments() / 2 + 1;
  for (uint64_t round = 0; round < rounds; ++round) {
    fs::remove_all(cache);
    std::vector<pid_t> children;
    for (int process = 0; process < kTogether; ++process) {
      *out = Path(absl::StrCat("results", process));
      children.push_back(Start(words, Path(absl::StrCat("output", process))));
    }
    for (int process = 0; process < kTogether; ++process) {
      const std::string printed = Path(absl::StrCat("output", process));
      ASSERT_EQ(Await(children[static_cast<size_t>(process)]), 0) << ReadText(printed);
      EXPECT_FALSE(absl::StrContains(ReadText(printed), "note: ")) << ReadText(printed);
      EXPECT_EQ(digest_of(Path(absl::StrCat("results", process))), right);
    }
    for (const auto& entry : fs::directory_iterator(cache)) {
      EXPECT_EQ(entry.path().extension(), ".o") << entry.path();
    }
    *out = Path("results0");
    ASSERT_EQ(Run(words), 0) << Printed();
    EXPECT_TRUE(absl::StrContains(Printed(), "cache hit")) << Printed();
  }
  std::printf("one empty cache: %d processes, %d times, all digests right\n", kTogether,
              static_cast<int>(rounds));
}

}  // namespace
}  // namespace bnsyn::faults
