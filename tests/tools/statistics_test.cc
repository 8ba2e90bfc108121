// Statistics of variables over time, and synapses written to be read again.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace bnsyn {
namespace {

using Json = nlohmann::json;

std::pair<int, std::string> Bnsyn(const std::string& arguments) {
  const std::string command = BNSYN_BINARY_DIR "/bin/bnsyn " + arguments + " 2>&1";
  std::FILE* const pipe = popen(command.c_str(), "r");
  std::string output;
  char buffer[4096];
  while (const size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

std::vector<std::string> Lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// An empty directory, and a file in it.
std::string Directory(const std::string& name) {
  const std::string directory = ::testing::TempDir() + "/" + name;
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return directory;
}
std::string Written(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  return path;
}

constexpr char kValues[] = R"toml(
network = { dt = "1 ms", duration = "2 ms" }
[models.value]
equations = "v : 1"
[populations]
cells = { model = "value", size = 7, initial = { v = 'file("values.csv", "v")' } }
)toml";

TEST(Statistics, AreThoseOfTheValues) {
  const std::string directory = Directory("bnsyn_statistics");
  Written(directory + "/values.csv", "v\n0\n0.1\n0.3\n0.5\n1\n-2\n1\n");
  const std::string network = Written(directory + "/values.toml", kValues);
  const auto [code, output] =
      Bnsyn("run " + network + " --statistics 'cells.v, 0, 1, 10' --json --no-hint");
  ASSERT_EQ(code, 0) << output;
  const Json all = Json::parse(output)["statistics"][0];
  EXPECT_EQ(all["variable"], "cells.v");
  EXPECT_EQ(all["count"], 7);
  EXPECT_NEAR(all["mean"], 0.9 / 7, 1e-16);
  EXPECT_NEAR(all["deviation"], std::sqrt(6.35 / 7 - 0.81 / 49), 1e-15);
  EXPECT_EQ(all["least"], -2);
  EXPECT_EQ(all["greatest"], 1);
  EXPECT_EQ(all["at_low"], 2);
  EXPECT_EQ(all["at_high"], 2);
  // An edge belongs to the bin that begins with it, and the last edge to the last bin.
  EXPECT_EQ(all["bins"], (std::vector<int>{1, 1, 0, 1, 0, 1, 0, 0, 0, 2}));
}

TEST(Statistics, EqualValuesHaveNoDeviation) {
  const std::string directory = Directory("bnsyn_equal");
  Written(directory + "/values.csv", "v\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n0.1\n");
  const std::string network = Written(directory + "/values.toml", kValues);
  const auto [code, output] = Bnsyn("run " + network + " --statistics cells.v --json --no-hint");
  ASSERT_EQ(code, 0) << output;
  const Json all = Json::parse(output)["statistics"][0];
  EXPECT_EQ(all["mean"], 0.1);
  EXPECT_EQ(all["deviation"], 0);
  EXPECT_FALSE(all.contains("bins"));
}

// Neurons that spike in turn, whose weights drift.
constexpr char kLearning[] = R"toml(
network = { dt = "0.1 ms", duration = "100 ms", seed = 3 }
[models.cell]
equations = "v : 1"
update = "v += 0.01*(1 + i/N)"
threshold = "v > 1"
reset = "v = 0"
[populations]
cells = { model = "cell", size = 20, initial = { v = "rand()" } }
[projections.ee]
source = "cells"
target = "cells"
rule = { type = "bernoulli", p = 0.3 }
weight = "1 mV"
delay = "uniform(1 ms, 3 ms)"
equations = """
w : volt
seen : 1
"""
bounds = { w = ["0 mV", "3 mV"] }
on_pre = "v_post += 0*w/(1 mV); seen += 1; w = clip(w + 0.1 mV*randn(), 0 mV, 3 mV)"
)toml";

// The weights that a run has learned are those with which another one begins.
constexpr char kLearned[] = R"toml(
network = { dt = "0.1 ms", duration = "1 ms", seed = 3 }
[models.cell]
equations = "v : 1"
threshold = "v > 1"
[populations]
cells = { model = "cell", size = 20, initial = { v = "2 if i == 0 else 0" } }
[projections.ee]
source = "cells"
target = "cells"
rule = { type = "list", file = "out/ee.synapses.csv" }
weight = "1 mV"
equations = "w : volt"
on_pre = "v_post += 0*w/(1 mV)"
)toml";

TEST(Statistics, AreTheSameOnBothBackends) {
  const std::string directory = Directory("bnsyn_learning");
  const std::string network = Written(directory + "/learning.toml", kLearning);
  std::vector<std::string> first;
  for (const std::string backend : {"reference", "accelerated", "accelerated --threads 2"}) {
    const auto [code, output] =
        Bnsyn("run " + network + " --no-hint --backend " + backend + " --out " + directory +
              "/out --record-every 25ms --statistics ee.w");
    ASSERT_EQ(code, 0) << output;
    EXPECT_NE(output.find("ee.w: "), std::string::npos) << output;
    const std::vector<std::string> lines = Lines(directory + "/out/ee.w.statistics.csv");
    ASSERT_EQ(lines.size(), 6u);  // a header, then 0, 25, ... 100 ms
    EXPECT_EQ(lines[0].substr(0, 67),
              "time_ms,count,mean,deviation,least,greatest,at_low,at_high,from_0,f");
    EXPECT_NE(lines[1].substr(2), lines[5].substr(4)) << "no weight has moved";
    if (first.empty()) first = lines;
    EXPECT_EQ(lines, first) << backend;
  }
}

TEST(Statistics, SynapsesAreReadAgain) {
  const std::string directory = Directory("bnsyn_synapses");
  const std::string network = Written(directory + "/learning.toml", kLearning);
  const auto [code, output] = Bnsyn("run " + network + " --backend accelerated --out " + directory +
                                    "/out --synapses ee --record ee.w --record-every 100ms");
  ASSERT_EQ(code, 0) << output;
  const std::vector<std::string> lines = Lines(directory + "/out/ee.synapses.csv");
  EXPECT_EQ(lines[0], "pre,post,weight,delay,seen");
  const std::string again = Written(directory + "/learned.toml", kLearned);
  const auto [second, told] =
      Bnsyn("run " + again + " --no-hint --out " + directory + "/again --record ee.w");
  ASSERT_EQ(second, 0) << told;
  const std::string learned = Lines(directory + "/out/ee.w.csv").back();
  const std::string begun = Lines(directory + "/again/ee.w.csv")[1];
  EXPECT_EQ(begun.substr(begun.find(',')), learned.substr(learned.find(',')));
}

TEST(Statistics, SayWhatIsWrong) {
  const std::string directory = Directory("bnsyn_wrong");
  const std::string network = Written(directory + "/learning.toml", kLearning);
  const std::pair<std::string, std::string> cases[] = {
      {"--statistics ee.v", "did you mean 'ee.w'?"},
      {"--statistics 'ee.w, 0, 1 mV'", "'0' is a number without unit, but the variable is volt"},
      {"--statistics 'ee.w, 1 mV, 0 mV'", "from a lower to a higher number"},
      {"--statistics 'ee.w, 1 mV'", "expected VARIABLE"},
      {"--statistics 'ee.w, 0 mV, 1 mV, 0'", "from 1 to 10000"},
      {"--statistics ee.w --statistics ee.w", "given twice"},
      {"--record-every 1ms", "it is missing"},
      {"--synapses ee", "--synapses needs --out DIR"},
      {"--out " + directory + "/out --synapses ie", "did you mean 'ee'?"}};
  for (const auto& [arguments, message] : cases) {
    const auto [code, output] = Bnsyn("run " + network + " --no-hint " + arguments);
    EXPECT_EQ(code, 2) << arguments;
    EXPECT_NE(output.find(message), std::string::npos) << output;
  }
}

}  // namespace
}  // namespace bnsyn
