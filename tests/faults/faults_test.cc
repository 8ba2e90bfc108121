// Each call that can fail does so once: every allocation, open, read, write, fsync, close, rename,
// mmap and mkdir, the first, the second, and so on until none fails. What follows is a clear error
// or the right result: no crash, hang, leak, half file or wrong digest, and the next run is right.
//
//   BNSYN_FAULTS=1000 build/release/bin/faults_test    so many calls of each kind, in place of 4
//   BNSYN_FAULTS=all                                   all of them
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "tests/faults/scenarios.h"
#include "tests/faults/trials.h"
#include "tests/sanitized.h"

namespace bnsyn::faults {
namespace {

uint64_t MostTrials() {
  const char* const text = std::getenv("BNSYN_FAULTS");
  if (text == nullptr) return kSanitized ? 2 : 4;
  if (absl::string_view(text) == "all") return UINT64_MAX / 4;
  uint64_t number = 0;
  return absl::SimpleAtoi(text, &number) && number >= 2 ? number : 2;
}

std::vector<Fault> AllFaults() {
  return {
      {.call = Call::kNew, .error = ENOMEM},
      {.call = Call::kNew, .lasting = true, .error = ENOMEM},
      {.call = Call::kMalloc, .error = ENOMEM},
      {.call = Call::kMalloc, .lasting = true, .error = ENOMEM},
      {.call = Call::kMap, .error = ENOMEM},
      {.call = Call::kMap, .lasting = true, .error = ENOMEM},
      {.call = Call::kOpen, .error = EACCES},
      {.call = Call::kOpen, .error = EMFILE},
      {.call = Call::kOpen, .lasting = true, .error = EMFILE},
      {.call = Call::kOpen, .effect = Effect::kKills},
      {.call = Call::kRead, .error = EIO},
      {.call = Call::kRead, .effect = Effect::kIsShort},
      {.call = Call::kRead, .effect = Effect::kInterrupted},
      {.call = Call::kWrite, .error = EIO},
      {.call = Call::kWrite, .lasting = true, .error = ENOSPC},
      {.call = Call::kWrite, .effect = Effect::kIsShort},
      {.call = Call::kWrite, .effect = Effect::kInterrupted},
      {.call = Call::kWrite, .effect = Effect::kKills},
      {.call = Call::kSync, .error = EIO},
      {.call = Call::kSync, .lasting = true, .error = ENOSPC},
      {.call = Call::kSync, .effect = Effect::kKills},
      {.call = Call::kClose, .error = EIO},
      {.call = Call::kClose, .effect = Effect::kKills},
      {.call = Call::kRename, .error = EIO},
      {.call = Call::kRename, .effect = Effect::kKills},
      {.call = Call::kMakeDirectory, .error = EACCES},
      {.call = Call::kMakeDirectory, .lasting = true, .error = ENOSPC},
  };
}

class FaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "bnsyn_faults_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // Tries all faults and prints the table. What compiles takes long, and is tried a quarter as
  // often.
  void TryAll(const Scenario& scenario, bool compiles = false) {
    const uint64_t most = compiles ? std::max<uint64_t>(MostTrials() / 4, 2) : MostTrials();
    std::vector<Row> rows;
    for (const Fault& fault : AllFaults()) {
      if (!CanFail(fault.call)) continue;
      Row row = Try(scenario, fault, most);
      for (size_t i = 0; i < row.failures.size() && i < kMostShown; ++i) {
        ADD_FAILURE() << row.failures[i];
      }
      if (row.calls > 0 || !row.failures.empty()) rows.push_back(std::move(row));
    }
    std::printf("%s\n", Table(rows).c_str());
  }

  static constexpr size_t kMostShown = 3;
  std::string directory_;
};

TEST_F(FaultsTest, Reference) { TryAll(Reference(directory_)); }
TEST_F(FaultsTest, AcceleratedCached) { TryAll(Accelerated(directory_, /*cached=*/true)); }
TEST_F(FaultsTest, AcceleratedCompiled) {
  TryAll(Accelerated(directory_, /*cached=*/false), /*compiles=*/true);
}
TEST_F(FaultsTest, ClosedLoop) { TryAll(ClosedLoop(directory_)); }
TEST_F(FaultsTest, RunCommand) { TryAll(RunCommand(directory_)); }
TEST_F(FaultsTest, DumpCommand) { TryAll(DumpCommand(directory_), /*compiles=*/true); }

}  // namespace
}  // namespace bnsyn::faults
