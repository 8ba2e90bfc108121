// Runs of the command that are saved on their way, stopped and continued.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/tools/run_command.h"

namespace bnsyn {
namespace {

using Json = nlohmann::json;

const std::string kNetwork = BNSYN_SOURCE_DIR "/examples/networks/bnsyn.toml";

Result Bnsyn(const std::string& arguments) {
  return Shell(BNSYN_BINARY_DIR "/bin/bnsyn run " + kNetwork + " --no-hint " + arguments);
}

std::string EmptyDirectory(const std::string& name) {
  const std::string directory = ::testing::TempDir() + "/bnsyn_checkpoints_" + name;
  std::filesystem::remove_all(directory);
  return directory;
}

Json ReportIn(const std::string& directory) {
  std::ifstream file(directory + "/report.json");
  return Json::parse(file);
}

std::vector<std::string> SpikesIn(const std::string& directory) {
  std::ifstream file(directory + "/spikes.csv");
  std::vector<std::string> lines;
  std::string line;
  std::getline(file, line);  // the header
  while (std::getline(file, line)) lines.push_back(line);
  return lines;
}

TEST(Checkpoints, ARunThatIsContinuedIsTheWholeRun) {
  const std::string whole = EmptyDirectory("whole");
  const std::string first = EmptyDirectory("first");
  const std::string rest = EmptyDirectory("rest");
  ASSERT_EQ(Bnsyn("--duration 100ms --backend accelerated --out " + whole).code, 0);
  const Result began = Bnsyn("--duration 60ms --checkpoint-every 25ms --out " + first);
  ASSERT_EQ(began.code, 0) << began.output;
  EXPECT_TRUE(Contains(began.output, "checkpoints in " + first + "/run.checkpoint: 3 of"))
      << began.output;
  const Result ended = Bnsyn("--duration 100ms --backend accelerated --threads 2 --continue " +
                             first + " --out " + rest);
  ASSERT_EQ(ended.code, 0) << ended.output;
  EXPECT_TRUE(Contains(ended.output, "from step 600")) << ended.output;

  const Json report = ReportIn(rest);
  const Json expected = ReportIn(whole);
  EXPECT_GT(expected["spikes"], 10);
  for (const char* key : {"digest", "spikes", "steps", "rates_hz"}) {
    EXPECT_EQ(report[key], expected[key]) << key;
  }
  EXPECT_EQ(report["checkpoints"]["first_step"], 600);
  EXPECT_EQ(report["receipt"]["digest"], expected["receipt"]["digest"]);
  EXPECT_FALSE(report["receipt"].contains("files"));
  std::vector<std::string> spikes = SpikesIn(first);
  for (const std::string& line : SpikesIn(rest)) spikes.push_back(line);
  std::vector<std::string> all = SpikesIn(whole);
  std::sort(spikes.begin(), spikes.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(spikes, all);

  // A receipt of a continued run is one of the whole run.
  const Result checked = Shell(BNSYN_BINARY_DIR "/bin/bnsyn check " + rest + "/receipt.json");
  EXPECT_EQ(checked.code, 0) << checked.output;
  // With both backends, and to an end that is later.
  const Result both = Bnsyn("--duration 120ms --backend both --continue " + first);
  EXPECT_EQ(both.code, 0) << both.output;
  EXPECT_TRUE(Contains(both.output, "the digests are equal")) << both.output;
}

TEST(Checkpoints, MistakesAreTold) {
  const std::string first = EmptyDirectory("mistakes");
  ASSERT_EQ(Bnsyn("--duration 30ms --checkpoint-every 10ms --out " + first).code, 0);
  const auto refuses = [&](const std::string& arguments, const char* message) {
    const Result result = Bnsyn(arguments);
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_TRUE(Contains(result.output, message)) << result.output;
  };
  refuses("--checkpoint-every 10ms", "--checkpoint-every needs --out DIR");
  refuses("--checkpoint-every 0.05ms --out " + first, "--checkpoint-every");
  refuses("--continue " + first + " --duration 20ms", "which is later than the end");
  refuses("--continue " + first + " --out " + first, "a directory of its own");
  refuses("--continue " + first + " --seed 43", "another network");
  refuses("--continue /nowhere/at/all", "/nowhere/at/all");
  const std::string file = first + "/run.checkpoint";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  refuses("--continue " + first, "not written or copied whole");
}

}  // namespace
}  // namespace bnsyn
