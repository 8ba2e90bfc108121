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

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The only part file of a recording in a directory that a killed run has left.
std::string PartFile(const std::string& directory, const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string file = entry.path().filename().string();
    if (file.rfind(name + ".", 0) == 0 && file.ends_with(".part")) return entry.path().string();
  }
  return "";
}

// Killed at once when it has written a checkpoint: all spikes and values of before are in its
// files, and the run that goes on from there has the others. Nothing is there twice or lost.
TEST(Checkpoints, AKilledRunGoesOn) {
  const std::string whole = EmptyDirectory("killed_whole");
  const std::string first = EmptyDirectory("killed");
  const std::string rest = EmptyDirectory("killed_rest");
  const std::string record = " --backend accelerated --record 'exc.V[0:3]' ";
  // A run of an hour, which ends by the first checkpoint that the shell sees.
  const Result killed =
      Shell(BNSYN_BINARY_DIR "/bin/bnsyn run " + kNetwork + " --no-hint --duration 1h" + record +
            "--checkpoint-every 50ms --out " + first + " & run=$!; until test -e " + first +
            "/run.checkpoint; do sleep 0.01; done; kill -9 $run; wait $run; true");
  ASSERT_EQ(killed.code, 0) << killed.output;
  // How far it came depends on the machine: it goes on to the first of these times behind that.
  Result ended;
  std::string duration;
  for (int ms = 400; ms < 3600000; ms *= 2) {
    duration = " --duration " + std::to_string(ms) + "ms";
    ended = Bnsyn(duration + " --threads 2" + record + "--continue " + first + " --out " + rest);
    if (ended.code != 2 || !Contains(ended.output, "later than the end")) break;
  }
  ASSERT_EQ(ended.code, 0) << ended.output;
  ASSERT_EQ(Bnsyn(duration + record + "--out " + whole).code, 0);
  const Json report = ReportIn(rest);
  EXPECT_EQ(report["digest"], ReportIn(whole)["digest"]);
  EXPECT_EQ(report["spikes"], ReportIn(whole)["spikes"]);
  EXPECT_GT(report["spikes"], 10);
  const uint64_t step = report["checkpoints"]["first_step"];
  for (const std::string name : {"spikes.csv", "exc.V.csv"}) {
    const std::string part = PartFile(first, name);
    ASSERT_NE(part, "") << name;
    std::vector<std::string> lines = LinesOf(part);
    const std::vector<std::string> others = LinesOf(rest + "/" + name);
    const std::vector<std::string> expected = LinesOf(whole + "/" + name);
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines[0], expected[0]);
    ASSERT_GT(others.size(), 1u);
    // Before the first line of the rest the first part has what the whole has.
    const auto meets = std::find(expected.begin(), expected.end(), others[1]);
    ASSERT_NE(meets, expected.end()) << name << " from step " << step;
    const auto before = static_cast<size_t>(meets - expected.begin());
    ASSERT_GE(lines.size(), before) << name << " lacks lines before the checkpoint";
    lines.resize(before);
    lines.insert(lines.end(), others.begin() + 1, others.end());
    EXPECT_EQ(lines, expected) << name;
  }
}

// Interrupted, it saves where it ends.
TEST(Checkpoints, AnInterruptedRunGoesOn) {
  const std::string first = EmptyDirectory("interrupted");
  // When it records, it knows the signal.
  const Result run =
      Shell(BNSYN_BINARY_DIR "/bin/bnsyn run " + kNetwork +
            " --no-hint --duration 10h --backend accelerated --checkpoint-every 1h --out " + first +
            " & run=$!; until ls " + first +
            "/*.part > /dev/null 2>&1; do sleep 0.01; done; sleep 0.3; kill -TERM $run; wait $run");
  ASSERT_EQ(run.code, 1) << run.output;
  EXPECT_TRUE(Contains(run.output, "interrupted")) << run.output;
  const uint64_t steps = ReportIn(first)["steps"];
  ASSERT_GT(steps, 0u);
  const std::string duration = " --duration " + std::to_string(steps + 100) + "*dt ";
  const Result rest = Bnsyn("--json --backend accelerated --continue " + first + duration);
  const Result whole = Bnsyn("--json --backend accelerated" + duration);
  ASSERT_EQ(rest.code, 0) << rest.output;
  ASSERT_EQ(whole.code, 0) << whole.output;
  EXPECT_EQ(Json::parse(rest.output)["digest"], Json::parse(whole.output)["digest"]);
  EXPECT_EQ(Json::parse(rest.output)["checkpoints"]["first_step"], steps);
}

// Where the file system refuses more bytes, the checkpoint of before stays.
TEST(Checkpoints, AFullDiskLeavesTheCheckpointOfBefore) {
  const std::string first = EmptyDirectory("full");
  ASSERT_EQ(Bnsyn("--duration 30ms --checkpoint-every 10ms --out " + first).code, 0);
  const std::string file = first + "/run.checkpoint";
  const auto bytes = [&] {
    std::ifstream stream(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  const std::string before = bytes();
  ASSERT_GT(before.size(), 4096u);
  // In blocks of 512 or 1024 bytes, as the shell counts: a part of the checkpoint.
  const std::string limit = "ulimit -f " + std::to_string(before.size() / 1100) + "; ";
  const Result full =
      Shell("trap '' XFSZ; " + limit + BNSYN_BINARY_DIR "/bin/bnsyn run " + kNetwork +
            " --no-hint --duration 60ms --checkpoint-every 10ms --out " + first);
  EXPECT_EQ(full.code, 2) << full.output;
  EXPECT_TRUE(Contains(full.output, "File too large")) << full.output;
  EXPECT_TRUE(bytes() == before);
  // Nor does one that is killed by it.
  const Result killed = Shell(limit + BNSYN_BINARY_DIR "/bin/bnsyn run " + kNetwork +
                              " --no-hint --duration 60ms --checkpoint-every 10ms --out " + first);
  EXPECT_NE(killed.code, 0) << killed.output;
  EXPECT_TRUE(bytes() == before);
  EXPECT_EQ(Bnsyn("--duration 60ms --continue " + first).code, 0);
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
  refuses("--continue /nowhere/at/all", "there is no file '/nowhere/at/all'");
  refuses("--continue /nowhere/at/all", "--checkpoint-every TIME --out DIR writes it");
  refuses("--continue " + first + " --set dt=0.05ms", "dt=0.1 seed=42' where this one has '");
  const std::string file = first + "/run.checkpoint";
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  refuses("--continue " + first, "not written or copied whole");
}

}  // namespace
}  // namespace bnsyn
