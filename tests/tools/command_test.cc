// What runs of the command do: their files, JSON, exit codes, and that its checks fire.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/tools/run_command.h"

namespace bnsyn {
namespace {

using Json = nlohmann::json;

const std::string kNetwork = BNSYN_SOURCE_DIR "/examples/networks/bnsyn.toml";

Result Bnsyn(const std::string& arguments) {
  return Shell(BNSYN_BINARY_DIR "/bin/bnsyn " + arguments);
}

TEST(Command, RunsBothBackendsWithEqualDigests) {
  const Result result = Bnsyn("run " + kNetwork + " --backend both --duration 50ms --no-cache");
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_TRUE(Contains(result.output, "the digests are equal")) << result.output;
}

TEST(Command, RefusesASilentNetworkAsProof) {
  const Result result = Bnsyn("run " + kNetwork +
                              " --backend both --duration 20ms --no-cache --set adex.ext_rate=0Hz");
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_TRUE(Contains(result.output, "nothing spiked")) << result.output;
}

TEST(Command, TellsWhatBecomesOfEquations) {
  const std::string coba = BNSYN_SOURCE_DIR "/examples/networks/coba.toml";
  const Result result = Bnsyn("dump " + coba + " --stage equations");
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_TRUE(Contains(result.output, "exponential_euler: linear in V")) << result.output;
  const std::string program = BNSYN_SOURCE_DIR "/tests/cases/networks/pair.ir";
  EXPECT_EQ(Bnsyn("dump " + program + " --stage equations").code, 2);
}

TEST(Command, PrintsOneJsonObject) {
  const Result result = Bnsyn(
      "run " + kNetwork + " --backend accelerated --duration 50ms --no-cache --json --set N=400");
  ASSERT_EQ(result.code, 0) << result.output;
  const Json json = Json::parse(result.output);
  for (const char* key : {"network", "backend", "threads", "width", "seed", "dt_ms", "steps",
                          "neurons", "synapses", "spikes", "rates_hz", "wall_s", "real_time_factor",
                          "updates_per_sec", "thread_seconds", "compile_ms", "digest", "uniform"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["neurons"], 400);
  EXPECT_EQ(json["steps"], 500);
  EXPECT_EQ(json["compile_ms"]["cache"], "miss");
  EXPECT_GT(json["spikes"], 0);
  EXPECT_TRUE(json["uniform"].contains("sigma"));
}

TEST(Command, WritesSpikesWholeOrNotAtAll) {
  const std::string directory = ::testing::TempDir() + "/bnsyn_out";
  std::filesystem::remove_all(directory);
  const Result result = Bnsyn("run " + kNetwork + " --duration 50ms --no-hint --out " + directory);
  ASSERT_EQ(result.code, 0) << result.output;
  std::ifstream spikes(directory + "/spikes.csv");
  std::string line;
  size_t lines = 0;
  while (std::getline(spikes, line)) ++lines;
  std::ifstream report(directory + "/report.json");
  const Json json = Json::parse(report);
  EXPECT_EQ(lines, json["spikes"].get<size_t>() + 1);
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    EXPECT_NE(entry.path().extension(), ".part");
    ++files;
  }
  EXPECT_EQ(files, 3u);
}

std::vector<std::string> Lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST(Command, RecordsVariablesAlikeOnBothBackends) {
  const std::string directory = ::testing::TempDir() + "/bnsyn_record";
  std::filesystem::remove_all(directory);
  for (const char* backend : {"reference", "accelerated"}) {
    const Result result = Bnsyn("run " + kNetwork + " --duration 60ms --no-hint --backend " +
                                backend + " --out " + directory + "/" + backend +
                                " --record exc.V --record 'inh.w[3:5]' --record sigma "
                                "--record-every 0.5ms --record-until 55ms");
    ASSERT_EQ(result.code, 0) << result.output;
    EXPECT_TRUE(Contains(result.output, "exc.V.csv, inh.w.csv, sigma.csv")) << result.output;
  }
  for (const char* file : {"exc.V.csv", "inh.w.csv", "sigma.csv"}) {
    const std::vector<std::string> lines = Lines(directory + "/reference/" + file);
    EXPECT_EQ(lines.size(), 112u) << file;  // a header, then 0, 0.5, ... 55 ms
    EXPECT_EQ(lines, Lines(directory + "/accelerated/" + file)) << file;
    EXPECT_EQ(lines.back().substr(0, 3), "55,") << file;
    EXPECT_NE(lines[1].substr(2), lines[111].substr(3)) << file;
  }
  EXPECT_EQ(Lines(directory + "/reference/inh.w.csv")[0], "time_ms,3,4");
  EXPECT_EQ(Lines(directory + "/reference/sigma.csv")[1], "0,1");
}

TEST(Command, SaysWhatCannotBeRecorded) {
  const std::string run = "run " + kNetwork + " --duration 1ms --no-hint ";
  const std::string out = "--out " + ::testing::TempDir() + "/bnsyn_unrecorded ";
  const std::pair<std::string, std::string> cases[] = {
      {run + "--record exc.V", "--record needs --out DIR"},
      {run + out + "--record exc.v", "did you mean 'exc.V'"},
      {run + out + "--record 'exc.V[0:161]'", "161 is past the end of 'exc.V'"},
      {run + out + "--record 'inh.w[i > 40]'", "this condition holds for no neuron"},
      {run + out + "--record 'exc[0:3]'", "these are neurons, and no variable of theirs"},
      {run + out + "--record exc.V --record exc.V", "given twice"},
      {run + out + "--record exc.V --record-every 0.25ms", "0.25"},
      {run + out + "--record exc.V --record-every 0ms", "at least one step"},
      {run + out + "--record-until 1ms", "it is missing"}};
  for (const auto& [command, message] : cases) {
    const Result result = Bnsyn(command);
    EXPECT_EQ(result.code, 2) << command;
    EXPECT_TRUE(Contains(result.output, message)) << result.output;
  }
}

// Every example is short, begins with a comment, spikes, and runs alike on both backends.
TEST(Command, RunsTheExamples) {
  size_t examples = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(BNSYN_SOURCE_DIR "/examples/networks")) {
    if (entry.path().extension() != ".toml") continue;
    const std::string name = entry.path().stem().string();
    const std::vector<std::string> lines = Lines(entry.path().string());
    ASSERT_FALSE(lines.empty());
    EXPECT_EQ(lines[0][0], '#') << name;
    // The BN-Syn network comes with all its physics, and so does the one of three factors; the
    // models are many.
    if (name.rfind("bnsyn", 0) != 0 && name != "models" && name != "three-factor") {
      EXPECT_LT(lines.size(), 60u) << name;
    }
    // Only the memory of the full microcircuit is planned; a tenth of it is an example of its own.
    if (name == "microcircuit") {
      const Result plan = Bnsyn("info " + entry.path().string() + " --backend accelerated --json");
      ASSERT_EQ(plan.code, 0) << plan.output;
      EXPECT_LT(Json::parse(plan.output)["total_bytes"], 2.5e9);
      continue;
    }
    // A tenth of the neurons, each with as many synapses; of those that are plastic, fewer.
    const std::string smaller = name.rfind("coba40k", 0) == 0   ? " --set N=4000 --set p=0.02"
                                : name == "brunel-stdp"         ? " --set N=2000"
                                : name == "brunel-three-factor" ? " --set N=1000"
                                                                : "";
    const Result result = Bnsyn("run " + entry.path().string() +
                                " --backend both --duration 50ms --no-cache" + smaller);
    EXPECT_EQ(result.code, 0) << result.output;
    EXPECT_TRUE(Contains(result.output, "the digests are equal")) << result.output;
    ++examples;
  }
  EXPECT_GE(examples, 9u);
}

TEST(Command, ListsAndPrintsModels) {
  const Result list = Bnsyn("models");
  EXPECT_EQ(list.code, 0);
  EXPECT_TRUE(Contains(list.output, "lif_alpha")) << list.output;
  EXPECT_TRUE(Contains(list.output, "NEST iaf_psc_alpha, PyNN IF_curr_alpha")) << list.output;
  const Result one = Bnsyn("models lif_exp");
  EXPECT_EQ(one.code, 0);
  EXPECT_TRUE(Contains(one.output, "dI_ex/dt = -I_ex/tau_syn_ex : amp")) << one.output;
  const Result missing = Bnsyn("models IF_cond_exp");
  EXPECT_EQ(missing.code, 2);
  EXPECT_TRUE(Contains(missing.output, "PyNN's IF_cond_exp is the model 'lif_cond_exp'"))
      << missing.output;
}

TEST(Command, ErrorsPointIntoTheFile) {
  const Result result =
      Bnsyn("run " BNSYN_SOURCE_DIR "/tests/cases/errors/unit_mismatch_equation.toml");
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(Contains(result.output, "unit_mismatch_equation.toml:")) << result.output;
  EXPECT_TRUE(Contains(result.output, "^")) << result.output;
}

TEST(Command, RefusesANetworkTooLargeForMemory) {
  const Result result = Bnsyn("run " + kNetwork + " --set N=4000000 --backend accelerated");
  EXPECT_EQ(result.code, 2);
  EXPECT_TRUE(Contains(result.output, "memory")) << result.output;
}

TEST(Command, KnowsItsWords) {
  EXPECT_EQ(Bnsyn("run /nowhere.toml").code, 2);
  EXPECT_EQ(Bnsyn("run " + kNetwork + " --set exc.bb=1").code, 2);
  EXPECT_TRUE(Contains(Bnsyn("dump " + kNetwork + " --stage fise").output, "did you mean 'fuse'"));
  EXPECT_EQ(Bnsyn("rum").code, 2);
  EXPECT_EQ(Bnsyn("--help").code, 0);
  for (const char* command :
       {"run", "dump", "verify", "check", "diff", "bench", "models", "ops", "info"}) {
    const Result help = Bnsyn(std::string(command) + " --help");
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_TRUE(Contains(help.output, "Example")) << command;
  }
}

TEST(Command, DiffNamesStepKernelNodeElementAndBits) {
  EXPECT_EQ(Bnsyn("diff " + kNetwork + " --duration 45ms").code, 0);
  const Result result = Bnsyn("diff " + kNetwork + " --corrupt-at 100 --json");
  EXPECT_EQ(result.code, 1);
  const Json json = Json::parse(result.output);
  EXPECT_EQ(json["step"], 100);
  EXPECT_EQ(json["state"], "exc.V");
  EXPECT_EQ(json["element"], 0);
  EXPECT_EQ(json["kernel"][1], "exc.step");
  EXPECT_TRUE(Contains(json["node"][1], "store exc.V")) << result.output;
  EXPECT_NE(json["bits"][0], json["bits"][1]);
}

TEST(Command, EveryDumpedStageRunsWithTheSameDigest) {
  const std::string directory = ::testing::TempDir() + "/bnsyn_stages";
  std::filesystem::remove_all(directory);
  ASSERT_EQ(Bnsyn("dump " + kNetwork + " --all " + directory).code, 0);
  const std::string run = " --duration 45ms --json --no-hint --seed 42";
  const std::string expected = Json::parse(Bnsyn("run " + kNetwork + run).output)["digest"];
  size_t programs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".ir") continue;
    const Result result = Bnsyn("run " + entry.path().string() + run);
    ASSERT_EQ(result.code, 0) << result.output;
    EXPECT_EQ(Json::parse(result.output)["digest"], expected) << entry.path();
    ++programs;
  }
  EXPECT_EQ(programs, 13u);
}

TEST(Command, BenchPrintsRungsAndKernels) {
  const Result result = Bnsyn("bench " + kNetwork + " --json --warmup 400 --steps 50 --repeats 1");
  ASSERT_EQ(result.code, 0) << result.output;
  const Json json = Json::parse(result.output);
  ASSERT_EQ(json["ladder"].size(), 6u);
  EXPECT_EQ(json["ladder"][0]["name"], "reference, dense matrix");
  for (const Json& rung : json["ladder"]) {
    EXPECT_GT(rung["ns_per_step"], 0);
    EXPECT_EQ(rung["digest"], json["receipt"]["digest"]);
  }
  ASSERT_EQ(json["parts"].size(), 5u);
  for (const Json& part : json["parts"]) EXPECT_TRUE(part.contains("ns_per_step")) << part;
}

// Each kind of measurement tells of runs that can be had again.
TEST(Command, BenchGivesReceipts) {
  const std::string printed = ::testing::TempDir() + "/bench.json";
  const std::string bench =
      "bench " + kNetwork + " --set N=100 --warmup 300 --steps 100 --repeats 1 --json ";
  for (const char* kind : {"--ladder", "--only-kernels", "--plan", "--profile"}) {
    ASSERT_EQ(Bnsyn(bench + kind + " > " + printed).code, 0) << kind;
    std::ifstream file(printed);
    EXPECT_GT(Json::parse(file)["receipt"]["spikes"], 0) << kind;
    const Result check = Bnsyn("check " + printed);
    EXPECT_EQ(check.code, 0) << kind << check.output;
  }
  ASSERT_EQ(Bnsyn(bench + "--vary exc.b=60pA,80pA > " + printed).code, 0);
  const Result check = Bnsyn("check " + printed);
  EXPECT_EQ(check.code, 0) << check.output;
  EXPECT_TRUE(Contains(check.output, "2 of 2 as their receipts say")) << check.output;
  std::ifstream file(printed);
  Json other = Json::parse(file);
  other["costs"][1]["receipt"]["spikes"] = 1;
  std::ofstream(printed) << other;
  EXPECT_EQ(Bnsyn("check " + printed).code, 1);
}

TEST(Command, BenchPricesTheRowsOfPlans) {
  const Result result =
      Bnsyn("bench " + kNetwork + " --plan --json --warmup 400 --steps 50 --repeats 1");
  ASSERT_EQ(result.code, 0) << result.output;
  const Json json = Json::parse(result.output);
  ASSERT_EQ(json["rows"].size(), 7u);
  EXPECT_EQ(json["rows"][0]["without"], "defer_checks");
  EXPECT_EQ(json["rows"][6]["without"], "any row");
  for (const Json& price : json["rows"]) {
    EXPECT_GT(price["update_ns_per_step"], 0);
    EXPECT_GT(price["update_ratio"], 0);
    EXPECT_GT(price["step_ratio"], 0);
  }
  const Result silent = Bnsyn("bench " + kNetwork + " --plan --warmup 0 --steps 1 --repeats 1");
  EXPECT_EQ(silent.code, 2);
  EXPECT_TRUE(Contains(silent.output, "nothing spiked")) << silent.output;
  EXPECT_EQ(Bnsyn("bench " + kNetwork + " --plan --ladder").code, 2);
}

TEST(Command, DumpPrintsPlansAfterEachRow) {
  const std::string coba = BNSYN_SOURCE_DIR "/examples/networks/coba.toml";
  const Result whole = Bnsyn("dump " + coba + " --stage plan");
  EXPECT_EQ(whole.code, 0);
  EXPECT_TRUE(Contains(whole.output, "plan of kernel exc.step\nestimate: ")) << whole.output;
  EXPECT_TRUE(Contains(whole.output, "tail for each spike of exc {")) << whole.output;
  const Result first = Bnsyn("dump " + coba + " --stage plan.defer_checks");
  EXPECT_TRUE(Contains(first.output, "loop over vectors {")) << first.output;
  EXPECT_FALSE(Contains(first.output, "tail for each spike")) << first.output;
  const Result without = Bnsyn("dump " + coba + " --stage plan --disable-pass sink_to_tail");
  EXPECT_FALSE(Contains(without.output, "tail for each spike")) << without.output;
  EXPECT_TRUE(Contains(Bnsyn("dump " + coba + " --disable-pass sink_arm").output,
                       "did you mean 'sink_arms'"));
}

TEST(Command, BenchTellsHowCostGrows) {
  const Result result = Bnsyn("bench " + kNetwork +
                              " --json --vary N=200,400,800 --warmup 400 --steps 50 --repeats 1");
  ASSERT_EQ(result.code, 0) << result.output;
  const Json json = Json::parse(result.output);
  EXPECT_EQ(json["varied"], "N");
  ASSERT_EQ(json["costs"].size(), 3u);
  EXPECT_EQ(json["costs"][2]["neurons"], 800);
  EXPECT_GT(json["costs"][1]["hz"], 0);
  EXPECT_GE(json["exponents"].size(), 3u);
  const Result silent =
      Bnsyn("bench " + kNetwork + " --vary N=200,400 --warmup 0 --steps 1 --repeats 1");
  EXPECT_EQ(silent.code, 2);
  EXPECT_TRUE(Contains(silent.output, "nothing spiked")) << silent.output;
  const Result alone = Bnsyn("bench " + kNetwork + " --vary N=200");
  EXPECT_EQ(alone.code, 2);
  EXPECT_TRUE(Contains(alone.output, "--vary N=1000,10000")) << alone.output;
}

// Of a network whose conductances are found by their role.
TEST(Command, ProfilesTheRolesOfAnyNetwork) {
  const std::string saved = ::testing::TempDir() + "/profile.json";
  const std::string coba = BNSYN_SOURCE_DIR "/examples/networks/coba.toml";
  const std::string bench =
      "bench " + coba + " --set N=1000 --set p=0.08 --profile --steps 50 --repeats 3 ";
  const Result result = Bnsyn(bench + "--json --save " + saved);
  ASSERT_EQ(result.code, 0) << result.output;
  const Json json = Json::parse(result.output);
  std::vector<std::string> names;
  for (const Json& part : json["parts"]) names.push_back(part["name"]);
  EXPECT_EQ(names, (std::vector<std::string>{"full_step", "adex_update", "synapse_propagation",
                                             "conductance_decay", "criticality_estimation"}));
  EXPECT_TRUE(Contains(json["notes"][0], "exc.g_ex, exc.g_in, inh.g_ex, inh.g_in"))
      << json["notes"];
  EXPECT_GT(json["parts"][1]["flops_per_step"], 1000);
  EXPECT_GT(json["roof"]["gflops"], 0);

  // Half the old times, with as little noise, are a change; the same file is not.
  std::ifstream file(saved);
  Json old = Json::parse(file);
  EXPECT_TRUE(old["parts"][4].contains("missing")) << old;
  old["parts"].erase(4);
  for (Json& part : old["parts"]) {
    part["ns_per_step"] = part["ns_per_step"].get<double>() / 100;
    part["noise_ns"] = 0;
  }
  std::ofstream(saved) << old;
  const Result slower = Bnsyn(bench + "--compare " + saved);
  EXPECT_EQ(slower.code, 1) << slower.output;
  EXPECT_TRUE(Contains(slower.output, "slower")) << slower.output;
  for (Json& part : old["parts"]) part["noise_ns"] = 1e15;
  std::ofstream(saved) << old;
  const Result noisy = Bnsyn(bench + "--compare " + saved);
  EXPECT_EQ(noisy.code, 0) << noisy.output;
  EXPECT_TRUE(Contains(noisy.output, "within noise")) << noisy.output;
  EXPECT_EQ(Bnsyn(bench + "--compare " + coba).code, 2);
}

// What a network lacks is said, and not measured as 0.
TEST(Command, ProfilesWhatThereIs) {
  const std::string izhikevich = BNSYN_SOURCE_DIR "/examples/networks/izhikevich.toml";
  const std::string saved = ::testing::TempDir() + "/izhikevich.json";
  const std::string bench = "bench " + izhikevich + " --profile --steps 50 --repeats 3 ";
  const Result result = Bnsyn(bench + "--save " + saved);
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_TRUE(Contains(result.output, "conductance_decay       none")) << result.output;
  EXPECT_TRUE(Contains(result.output, "note: no conductance_decay: no state of neurons only"));
  EXPECT_TRUE(Contains(result.output, "note: no criticality_estimation: the network has no code"));
  std::ifstream file(saved);
  Json json = Json::parse(file);
  EXPECT_TRUE(json["parts"][3].contains("missing")) << json;
  for (Json& part : json["parts"]) {
    if (part.contains("noise_ns")) part["noise_ns"] = 1e15;
  }
  std::ofstream(saved) << json;
  const Result again = Bnsyn(bench + "--json --compare " + saved);
  ASSERT_EQ(again.code, 0) << again.output;
  EXPECT_EQ(Json::parse(again.output)["changes"].size(), 3u) << again.output;
}

TEST(Command, RefusesAnUnknownProcessorLevel) {
  const std::string command =
      "run " + kNetwork + " --backend accelerated --duration 1ms --no-cache";
  ASSERT_EQ(setenv("BNSYN_CPU", "x86-64-v9", 1), 0);
  const Result result = Bnsyn(command);
  ASSERT_EQ(unsetenv("BNSYN_CPU"), 0);
  EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_TRUE(Contains(result.output, "there is no processor level 'x86-64-v9'")) << result.output;
}

}  // namespace
}  // namespace bnsyn
