// Receipts, and bnsyn check: what was run can be run again, and what differs is named.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/tools/run_command.h"

namespace bnsyn {
namespace {

using Json = nlohmann::json;

const std::string kCommand = BNSYN_BINARY_DIR "/bin/bnsyn";
const std::string kNetwork = BNSYN_SOURCE_DIR "/examples/networks/bnsyn.toml";
const std::string kDigests = BNSYN_SOURCE_DIR "/tests/digests.json";

Result Bnsyn(const std::string& arguments) { return Shell(kCommand + " " + arguments); }

Json Read(const std::string& path) {
  std::ifstream file(path);
  return Json::parse(file, nullptr, /*allow_exceptions=*/false);
}

// An empty directory, and a network in it that a test may change.
class Check : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    std::filesystem::copy_file(kNetwork, network_);
  }
  void Write(const std::string& name, const Json& json) {
    std::ofstream(directory_ + "/" + name) << json.dump(2);
  }

  const std::string directory_ = ::testing::TempDir() + "/bnsyn_check";
  const std::string network_ = directory_ + "/net.toml";
  const std::string receipt_ = directory_ + "/out/receipt.json";
  const std::string run_ = "run " + network_ + " --duration 60ms --seed 5 --set N=100 --no-hint ";
};

TEST_F(Check, RepeatsARunWithItsRecordings) {
  const Result run = Bnsyn(run_ + "--backend accelerated --threads 2 --out " + directory_ +
                           "/out --record exc.V --record-every 1ms --statistics inh.w "
                           "--synapses exc_exc");
  ASSERT_EQ(run.code, 0) << run.output;
  const Json receipt = Read(receipt_);
  EXPECT_GT(receipt["spikes"], 0);
  EXPECT_EQ(receipt["settings"]["seed"], 5);
  EXPECT_EQ(receipt["settings"]["steps"], 600);
  EXPECT_EQ(receipt["settings"]["threads"], 2);
  EXPECT_EQ(receipt["files"].size(), 4u) << receipt;
  EXPECT_EQ(Read(directory_ + "/out/report.json")["receipt"]["digest"], receipt["digest"]);
  const Result check = Bnsyn("check " + receipt_);
  EXPECT_EQ(check.code, 0) << check.output;
  EXPECT_TRUE(Contains(check.output, "1 of 1 as their receipts say")) << check.output;
  const Result other = Bnsyn("check " + receipt_ + " --backend reference");
  EXPECT_EQ(other.code, 0) << other.output;
}

TEST_F(Check, ReadsWhatRunPrints) {
  const Result run = Bnsyn(run_ + "--json > " + directory_ + "/run.json");
  ASSERT_EQ(run.code, 0) << run.output;
  for (const char* how : {"", " --backend accelerated --width 2",
                          " --backend accelerated --layout "
                          "far --threads 2"}) {
    const Result check = Bnsyn("check " + directory_ + "/run.json" + how);
    EXPECT_EQ(check.code, 0) << check.output;
  }
}

TEST_F(Check, NamesWhatDiffers) {
  ASSERT_EQ(Bnsyn(run_ + "--out " + directory_ + "/out --record sigma").code, 0);
  // The digest alone: the same program gives something else.
  Json receipt = Read(receipt_);
  Json changed = receipt;
  changed["digest"] = "00000000000000000000000000000000";
  Write("digest.json", changed);
  const Result digest = Bnsyn("check " + directory_ + "/digest.json");
  EXPECT_EQ(digest.code, 1);
  EXPECT_TRUE(Contains(digest.output, "the same program gives another result")) << digest.output;
  EXPECT_TRUE(Contains(digest.output, "was 00000000000000000000000000000000")) << digest.output;
  EXPECT_FALSE(Contains(digest.output, "file sigma.csv")) << digest.output;
  // A recording.
  changed = receipt;
  changed["files"]["sigma.csv"] = "00000000000000000000000000000000";
  Write("file.json", changed);
  const Result file = Bnsyn("check " + directory_ + "/file.json --json");
  EXPECT_EQ(file.code, 1);
  EXPECT_EQ(Json::parse(file.output)["differences"][0]["what"], "file sigma.csv");
  // The network.
  ASSERT_EQ(Shell("sed -i 's/tau_w = \"200 ms\"/tau_w = \"201 ms\"/' " + network_).code, 0);
  const Result network = Bnsyn("check " + receipt_);
  EXPECT_EQ(network.code, 1);
  for (const char* part :
       {"program", "the network, what it is lowered to", "digest", "spikes.csv"}) {
    EXPECT_TRUE(Contains(network.output, part)) << part << network.output;
  }
  // The network is gone.
  std::filesystem::remove(network_);
  const Result gone = Bnsyn("check " + receipt_);
  EXPECT_EQ(gone.code, 1);
  EXPECT_TRUE(Contains(gone.output, "FAILED")) << gone.output;
}

TEST_F(Check, Renews) {
  ASSERT_EQ(Bnsyn(run_ + "--json > " + directory_ + "/run.json").code, 0);
  Json receipts = Json::array({Read(directory_ + "/run.json")["receipt"]});
  const std::string digest = receipts[0]["digest"];
  receipts[0]["digest"] = "0";
  receipts[0]["spikes"] = 0;
  Write("all.json", receipts);
  const Result renewed = Bnsyn("check " + directory_ + "/all.json --renew");
  EXPECT_EQ(renewed.code, 0) << renewed.output;
  EXPECT_EQ(Read(directory_ + "/all.json")[0]["digest"], digest);
  EXPECT_EQ(Bnsyn("check " + directory_ + "/all.json").code, 0);
}

TEST_F(Check, SaysWhatIsNoReceipt) {
  std::ofstream(directory_ + "/text.json") << "no JSON";
  const Result text = Bnsyn("check " + directory_ + "/text.json");
  EXPECT_EQ(text.code, 2);
  EXPECT_TRUE(Contains(text.output, "is no JSON")) << text.output;
  Write("empty.json", Json::array());
  EXPECT_EQ(Bnsyn("check " + directory_ + "/empty.json").code, 2);
  ASSERT_EQ(Bnsyn(run_ + "--json > " + directory_ + "/run.json").code, 0);
  Json receipt = Read(directory_ + "/run.json")["receipt"];
  receipt["settings"]["seed"] = "five";
  Write("seed.json", Json::array({receipt}));
  const Result seed = Bnsyn("check " + directory_ + "/seed.json");
  EXPECT_EQ(seed.code, 2);
  EXPECT_TRUE(Contains(seed.output, "seed.json[0]: 'seed' should be a number")) << seed.output;
  const Result nothing = Bnsyn("check " + directory_ + "/nothing.json");
  EXPECT_EQ(nothing.code, 2);
}

// tests/digests.json has every example, and each of its runs spikes.
TEST(Digests, HoldEveryExample) {
  const Json receipts = Read(kDigests);
  ASSERT_TRUE(receipts.is_array());
  std::set<std::string> held;
  for (const Json& receipt : receipts) {
    held.insert(receipt["settings"]["network"]);
    EXPECT_GT(receipt["spikes"], 0) << receipt;
    EXPECT_EQ(receipt["digest"].get<std::string>().size(), 32u) << receipt;
  }
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(BNSYN_SOURCE_DIR "/examples/networks")) {
    if (entry.path().extension() != ".toml") continue;
    const std::string name = std::filesystem::relative(entry.path(), BNSYN_SOURCE_DIR).string();
    EXPECT_EQ(held.count(name), 1u)
        << name << " has no receipt: add the one that `bnsyn run " << name << " --json` prints";
  }
}

}  // namespace
}  // namespace bnsyn
