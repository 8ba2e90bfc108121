// Threads that run one function and wait at barriers.
#include "runtime/exchange/thread_team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/exchange/thread_settings.h"

namespace bnsyn {
namespace {

TEST(ThreadTeam, EveryThreadRunsAndPassesTheBarrier) {
  for (const int threads : {1, 2, 3, 8}) {
    const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(threads);
    ASSERT_TRUE(team.ok());
    const auto n = static_cast<size_t>(threads);
    // Each round every thread adds one to its cell, and after the barrier sees those of all.
    std::vector<uint64_t> cells[2] = {std::vector<uint64_t>(n), std::vector<uint64_t>(n)};
    std::atomic<int> wrong = 0;
    for (int run = 0; run < 20; ++run) {
      (*team)->Run([&](int thread) {
        for (uint64_t round = 0; round < 50; ++round) {
          std::vector<uint64_t>& now = cells[round & 1];
          now[static_cast<size_t>(thread)] += round + 1;
          (*team)->Barrier(thread);
          for (const uint64_t cell : now) wrong += cell != now[0];
        }
      });
    }
    EXPECT_EQ(wrong, 0) << threads << " threads";
    EXPECT_EQ(cells[0][0] + cells[1][n - 1], 20u * 50 * 51 / 2);
  }
}

TEST(ThreadTeam, MeasuresWorkAndWaiting) {
  const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(2);
  ASSERT_TRUE(team.ok());
  const auto sleep = [&](int thread) {
    if (thread == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    (*team)->Barrier(thread);
  };
  (*team)->Run(sleep);
  EXPECT_GE((*team)->time(1).working_seconds, 0.02);
  // Thread 0 arrives some time before thread 1, unless the machine holds it up.
  EXPECT_GT((*team)->time(0).waiting_seconds + (*team)->time(0).working_seconds, 0.02);
  (*team)->ClearTimes();
  EXPECT_EQ((*team)->time(1).working_seconds, 0);
}

TEST(ThreadTeam, LeavesTheCallersThreadAsItWas) {
  const std::vector<int> before = AllowedCores();
  const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(3, /*pin=*/true);
  ASSERT_TRUE(team.ok());
  std::vector<std::vector<int>> during(3);
  (*team)->Run([&](int thread) { during[static_cast<size_t>(thread)] = AllowedCores(); });
  EXPECT_EQ(AllowedCores(), before);
  if (before.empty()) return;  // the system does not say
  for (size_t thread = 0; thread < during.size(); ++thread) {
    EXPECT_EQ(during[thread], std::vector<int>{before[thread % before.size()]});
  }
}

}  // namespace
}  // namespace bnsyn
