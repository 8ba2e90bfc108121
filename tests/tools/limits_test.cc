// Whatever the command is given, it answers with a result or an error: within a time, within a
// memory, and with an exit code. Each case runs in a process of its own under both limits.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/sanitized.h"

namespace bnsyn {
namespace {

constexpr rlim_t kMostMemory = rlim_t{4} << 30;
constexpr rlim_t kMostSeconds = 20;  // of processor time; each case takes far less

struct Result {
  int code = -1;  // -1 where a signal ended the command: an abort, a fault, or the limit of time
  std::string output;  // of both streams
};

// Runs `bnsyn ARGUMENTS` under the limits, with its standard streams on these files.
Result Bnsyn(const std::vector<std::string>& arguments, const std::string& input = "/dev/null",
             const std::string& output = "") {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    const rlimit memory = {kMostMemory, kMostMemory};
    const rlimit seconds = {kMostSeconds, kMostSeconds};
    const rlimit no_core = {0, 0};
    if (!kSanitized) setrlimit(RLIMIT_AS, &memory);
    setrlimit(RLIMIT_CPU, &seconds);
    setrlimit(RLIMIT_CORE, &no_core);
    // For what waits and takes no processor time. The alarm outlives the exec.
    alarm(120);
    dup2(open(input.c_str(), O_RDONLY), STDIN_FILENO);
    dup2(output.empty() ? ends[1] : open(output.c_str(), O_WRONLY), STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    close(ends[1]);
    std::vector<std::string> words = {BNSYN_BINARY_DIR "/bin/bnsyn"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  close(ends[1]);
  Result result;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
    result.output.append(buffer, static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
  return result;
}

class LimitsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "bnsyn_limits_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }

  // Running the network gives an error with these words, in a length that a person reads.
  void ExpectError(const std::string& network, const std::string& words) {
    SCOPED_TRACE(network.substr(0, 300));
    ExpectFileError(Write("network.toml", network), words);
  }
  void ExpectFileError(const std::string& path, const std::string& words) {
    const Result result = Bnsyn({"run", path, "--no-hint"});
    EXPECT_EQ(result.code, 2) << result.output.substr(0, 3000);
    EXPECT_NE(result.output.find("error: "), std::string::npos) << result.output.substr(0, 3000);
    EXPECT_NE(result.output.find(words), std::string::npos) << result.output.substr(0, 3000);
    EXPECT_LT(result.output.size(), 6000u);
  }
  void ExpectRuns(const std::string& network) {
    const Result result = Bnsyn({"run", Write("network.toml", network), "--no-hint"});
    EXPECT_EQ(result.code, 0) << result.output.substr(0, 3000);
  }

  std::string directory_;
};

std::string Times(size_t count, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

// Neurons of which each spikes in every step.
std::string Network(const std::string& equations = "dv/dt = 0/ms : 1", const std::string& more = "",
                    const std::string& size = "10") {
  return "network = { dt = \"0.1 ms\", duration = \"1 ms\", seed = 1 }\n"
         "[populations]\np = { model = \"m\", size = " +
         size + " }\n[models.m]\nthreshold = \"v >= 0\"\nequations = '''\n" + equations +
         "\n'''\n" + more;
}

TEST_F(LimitsTest, TheNetworkOfTheTestsSpikes) {
  const Result result =
      Bnsyn({"run", Write("n.toml", Network()), "--backend", "both", "--no-cache"});
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("the digests are equal"), std::string::npos) << result.output;
}

TEST_F(LimitsTest, DeepText) {
  constexpr size_t kDeep = 20000;
  ExpectError(Network() + "a" + Times(kDeep, ".a") + " = 1\n", "more than 32 parts");
  ExpectError(Network() + "[a" + Times(kDeep, ".a") + "]\n", "more than 32 parts");
  ExpectError(Network() + "a = " + Times(kDeep, "[") + Times(kDeep, "]") + "\n", "nested");
  ExpectError(Network() + "a = " + Times(kDeep, "{a=") + "1" + Times(kDeep, "}") + "\n", "nested");
  ExpectError(Network("dv/dt = " + Times(kDeep, "(") + "1" + Times(kDeep, ")") + "/ms : 1"),
              "nested more than");
  ExpectError(Network("dv/dt = (v" + Times(100000, "+v") + ")/ms : 1"), "levels");
  ExpectError(Network("dv/dt = " + Times(kDeep, "exp(") + "v" + Times(kDeep, ")") + "/ms : 1"),
              "nested more than");
  ExpectError(Network("dv/dt = " + Times(kDeep, "-") + "v/ms : 1"), "too many signs");
  ExpectError(Network("dv/dt = v/ms : " + Times(kDeep, "(") + "1" + Times(kDeep, ")")),
              "is no unit");
}

// Equations that read equations.
TEST_F(LimitsTest, ChainsOfEquations) {
  std::string backward = "dv/dt = x9000/ms : 1\nx0 = 1 : 1";
  std::string forward = "dv/dt = x0/ms : 1\nx9000 = 1 : 1";
  for (int i = 0; i < 9000; ++i) {
    const std::string here = "x" + std::to_string(i);
    const std::string next = "x" + std::to_string(i + 1);
    backward += "\n" + next + " = " + here + " + 1 : 1";
    forward += "\n" + here + " = " + next + " + 1 : 1";
  }
  ExpectError(Network(backward), "levels together");
  ExpectError(Network(forward), "levels together");
  ExpectError(Network("dv/dt = 0/ms : 1" + Times(20000, "\na = 1 : 1")), "more than 10000");
  // Each reads the one before it twice, so that they are a million million parts, written out.
  std::string doubling = "dv/dt = (x40 - v)/ms : 1\nx0 = v*1e-20 : 1";
  for (int i = 0; i < 40; ++i) {
    const std::string here = "x" + std::to_string(i);
    doubling += "\nx" + std::to_string(i + 1) + " = " + here + " + " + here + " : 1";
  }
  ExpectRuns(Network(doubling));
}

TEST_F(LimitsTest, LongNames) {
  const std::string name(30000, 'a');
  const std::string other(30000, 'b');
  ExpectError(Network("dv/dt = " + name + "/ms : 1\n" + other + " = 1 : 1"), "unknown name");
  ExpectError(Network() + std::string(1000000, 'k') + " = 1\n", "unknown key");
  ExpectError("[populations]\np = { model = \"" + std::string(1000000, 'm') + "\", size = 1 }\n",
              "there is no model");
}

TEST_F(LimitsTest, OddText) {
  ExpectError("", "no populations");
  ExpectError(Network() + std::string(1, '\0'), "is zero");
  ExpectError(Network() + "# \xe9\n", "utf-8");
  ExpectError(Network() + "a = \"\\ud800\"\n", "surrogates");
  ExpectError(Network() + "a = \"\"\"" + std::string(1000000, 'x'), "end-of-file");
  ExpectError(Network() + Times(100000, "a = 1\n"), "redefine");
  ExpectRuns("\xef\xbb\xbf" + Network());
  std::string lines;
  for (const char c : Network()) lines += c == '\n' ? "\r\n" : std::string(1, c);
  ExpectRuns(lines);
}

TEST_F(LimitsTest, OddNumbers) {
  const auto size = [](const std::string& number) {
    return Network("dv/dt = 0/ms : 1", "", number);
  };
  ExpectError(size("-1"), "at least 1");
  ExpectError(size("0"), "at least 1");
  ExpectError(size("4294967296"), "too large");
  ExpectError(size("9007199254740992"), "too large");
  ExpectError(size("9223372036854775807"), "beyond 2^53");
  ExpectError(size("9223372036854775808"), "64 bits");
  ExpectError(size("nan"), "NaN");
  ExpectError(size("inf"), "infinite");
  ExpectError(size("1e400"), "1e400");
  // More memory than there is, said before it is taken.
  const auto joined = [&](const std::string& number, const std::string& rule) {
    std::string text = Network("dv/dt = 0/ms : 1\nx : 1 (input)", "", number);
    return text + "[projections.q]\nsource = 'p'\ntarget = 'p'\nweight = 1\nrule = " + rule +
           "\non_pre = 'x_post += w'\n";
  };
  ExpectError(joined("4000000", "'all_to_all'"), "of memory");
  ExpectError(joined("10", "{ type = 'fixed_total', n = 1e15, multiple = true }"), "of memory");
  ExpectError(joined("10", "'all_to_all'\ndelay = '1e9 s'"), "the delay");
}

TEST_F(LimitsTest, ManyEvents) {
  std::string events = "events = { e0 = 'v > 0'";
  for (int i = 1; i < 1000; ++i) events += ", e" + std::to_string(i) + " = 'v > 1'";
  ExpectError(Network("dv/dt = 0/ms : 1", events + " }\n"), "at most 256 kinds of event");
}

TEST_F(LimitsTest, ManyPopulations) {
  std::string text = "[populations]\n";
  for (int i = 0; i < 70000; ++i) {
    text += "p" + std::to_string(i) + " = { model = \"lif_exp\", size = 1 }\n";
  }
  ExpectError(text, "at most 65535 together");
}

TEST_F(LimitsTest, WhatIsNoFile) {
  ExpectFileError(directory_, "is a directory, not a file");
  ExpectFileError("/dev/zero", "is a device, not a file");
  ExpectFileError(Path("none.toml"), "there is no file");
  ExpectFileError(Path("none.ir"), "there is no file");
  ASSERT_EQ(mkfifo(Path("pipe.toml").c_str(), 0600), 0);
  ExpectFileError(Path("pipe.toml"), "is a pipe, not a file");
  ASSERT_EQ(mkfifo(Path("pipe.ir").c_str(), 0600), 0);
  ExpectFileError(Path("pipe.ir"), "is a pipe, not a file");
  // A file of a terabyte that takes no space.
  for (const char* name : {"sparse.toml", "sparse.ir", "sparse.csv"}) {
    Write(name, "");
    std::error_code error;
    std::filesystem::resize_file(Path(name), uint64_t{1} << 40, error);
    ASSERT_FALSE(error) << "no sparse files here: " << error.message();
  }
  ExpectFileError(Path("sparse.toml"), "of such a file are read");
  ExpectFileError(Path("sparse.ir"), "of such a file are read");
  for (const std::string file :
       {"/dev/zero", "pipe.toml", "sparse.csv", "/proc", "/proc/self/mem"}) {
    ExpectError(Network() + "[tables.t]\ndt = '1 ms'\nfile = '" + file + "'\n", "error: ");
    ExpectError(Network("dv/dt = 0/ms : 1\nx : 1 (input)") +
                    "[stimuli.s]\ntype = 'file'\ntarget = 'p'\non_event = 'x += w'\nfile = '" +
                    file + "'\n",
                "error: ");
  }
}

TEST_F(LimitsTest, StandardInput) {
  const std::string network = Write("network.toml", Network());
  EXPECT_EQ(Bnsyn({"run", "-", "--no-hint"}, network).code, 0);
  EXPECT_EQ(Bnsyn({"dump", "-", "--all", Path("stages")}, network).code, 0);
  EXPECT_EQ(Bnsyn({"diff", "-", "--duration", "1ms"}, network).code, 0);
  const Result result = Bnsyn({"run", "-"}, "/dev/zero");
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.output.find("standard input has more than"), std::string::npos) << result.output;
}

TEST_F(LimitsTest, OutputThatDoesNotArrive) {
  const std::string network = Write("network.toml", Network());
  const auto expect_error = [&](const std::vector<std::string>& arguments,
                                const std::string& output = "") {
    const Result result = Bnsyn(arguments, "/dev/null", output);
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_NE(result.output.find("error: cannot write"), std::string::npos) << result.output;
  };
  expect_error({"run", network, "--no-hint"}, "/dev/full");
  expect_error({"dump", network}, "/dev/full");
  expect_error({"ops"}, "/dev/full");
  expect_error({"run", network, "--out", network});
  expect_error({"run", network, "--out", "/dev/null/results"});
  expect_error({"dump", network, "--all", network});
  // A directory in the place of a file; what was written beside it is taken away again.
  std::filesystem::create_directories(Path("results/spikes.csv/x"));
  expect_error({"run", network, "--out", Path("results")});
  size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Path("results"))) {
    EXPECT_EQ(entry.path().filename(), "spikes.csv");
    ++left;
  }
  EXPECT_EQ(left, 1u);
}

// A name that is no UTF-8, in JSON.
TEST_F(LimitsTest, NamesThatAreNoText) {
  const Result result =
      Bnsyn({"run", Write("n\xe9.toml", Network()), "--json", "--out", Path("results")});
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_NE(result.output.find("\"digest\""), std::string::npos) << result.output;
}

}  // namespace
}  // namespace bnsyn
