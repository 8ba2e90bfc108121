// The trials themselves: what is wrong after a fault is a failure, and named.
#include "tests/faults/trials.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

namespace bnsyn::faults {
namespace {

class TrialsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "bnsyn_trials_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ + "/file";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // A program that writes "whole" into a file, part by part. Where it may not open the file it does
  // `instead`, and where a part is not written it goes on.
  Scenario Careless(const std::function<Answer()>& instead) {
    Scenario scenario;
    scenario.name = "careless";
    scenario.prepare = [] {};
    scenario.run = [this, instead]() -> Answer {
      const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      if (file < 0) {
        Answer answer = instead();
        Disarm();
        return answer;
      }
      for (const char* part : {"wh", "ole"}) {
        if (::write(file, part, std::string(part).size()) < 0) continue;
      }
      ::close(file);
      Disarm();
      return {Outcome::kRight, "whole"};
    };
    scenario.check = [this](bool) {
      std::error_code error;
      const auto size = std::filesystem::file_size(path_, error);
      return error || size == 5 ? std::string() : std::string("the file is cut");
    };
    return scenario;
  }

  static void ExpectFailure(const Row& row, Outcome outcome) {
    EXPECT_EQ(row.outcomes.count(outcome), 1u) << Table({row});
    EXPECT_FALSE(row.failures.empty()) << Table({row});
  }

  static constexpr Fault kOpenFails = {.call = Call::kOpen, .error = EMFILE};
  std::string directory_;
  std::string path_;
};

TEST_F(TrialsTest, AClearErrorIsNoFailure) {
  const Row row = Try(Careless([]() -> Answer {
                        return {Outcome::kRefused, "no file"};
                      }),
                      kOpenFails, 4);
  EXPECT_EQ(row.outcomes.count(Outcome::kRefused), 1u) << Table({row});
  EXPECT_TRUE(row.failures.empty()) << row.failures[0];
}

TEST_F(TrialsTest, AnotherResultIsWrong) {
  ExpectFailure(Try(Careless([]() -> Answer {
                      return {Outcome::kWrong, "another digest"};
                    }),
                    kOpenFails, 4),
                Outcome::kWrong);
}

TEST_F(TrialsTest, AnErrorThatSaysNothingIsUnclear) {
  ExpectFailure(Try(Careless([]() -> Answer {
                      return {Outcome::kUnclear, "error"};
                    }),
                    kOpenFails, 4),
                Outcome::kUnclear);
}

TEST_F(TrialsTest, WhatIsNotDeletedIsALeak) {
  ExpectFailure(Try(Careless([]() -> Answer {
                      static const int* lost;
                      lost = new int(1);
                      static_cast<void>(lost);
                      return {Outcome::kRefused, "no file"};
                    }),
                    kOpenFails, 4),
                Outcome::kLeak);
}

TEST_F(TrialsTest, ASignalIsACrash) {
  ExpectFailure(Try(Careless([]() -> Answer {
                      std::raise(SIGKILL);
                      return {Outcome::kRefused, "no file"};
                    }),
                    kOpenFails, 4),
                Outcome::kCrash);
}

TEST_F(TrialsTest, APartThatIsNotWrittenIsAHalfFile) {
  const Scenario careless = Careless([]() -> Answer { return {Outcome::kRefused, "no file"}; });
  ExpectFailure(Try(careless, {.call = Call::kWrite, .error = ENOSPC}, 4), Outcome::kHalfFile);
  ExpectFailure(Try(careless, {.call = Call::kWrite, .effect = Effect::kIsShort}, 4),
                Outcome::kHalfFile);
  ExpectFailure(Try(careless, {.call = Call::kWrite, .effect = Effect::kKills}, 4),
                Outcome::kHalfFile);
}

}  // namespace
}  // namespace bnsyn::faults
