// What the command prints, word for word: golden/*.txt hold commands, each followed by its output
// and its exit code. BNSYN_BLESS=1 rewrites them.
//
//   $ bnsyn models IF_cond_exp
//   error: the library has no model 'IF_cond_exp'
//   exit 2
//
// Commands run in bash at the top of the sources; $TMP is a directory of their own. Times and what
// depends on the machine are masked before the comparison: see kMasks.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace bnsyn {
namespace {

constexpr char kPrompt[] = "$ bnsyn ";

// What to mask in the output of a subcommand ("" for all).
struct Mask {
  const char* command;
  const char* pattern;
  const char* replacement;
};
constexpr Mask kMasks[] = {
    // After the digest a table of runs has times.
    {"run", "([0-9a-f]{32}) .*", "$1  TIMES"},
    {"run", "compiled in .*", "compiled in TIMES"},
    {"run", "this [0-9]+ times", "this N times"},
    {"run", "machine has [0-9]+ MB", "machine has N MB"},
    {"run", "\"compile_ms\": \\{[^}]*\\}", "\"compile_ms\": {TIMES}"},
    {"run", "\"memory_bytes\": [0-9]+", "\"memory_bytes\": N"},
    {"bench", "-?\\b[0-9]+\\.[0-9]+x?", "TIME"},
    {"info", "(\\n  (LLVM|target|cpu|doubles in a register|default width|cache)) .*",
     "$1  MACHINE"},
    {"info", "(\\n  memory bandwidth[^0-9]*) [0-9.]+", "$1  MACHINE"},
    {"info",
     "\"(llvm|triple|cpu|native_lanes|default_width|cache|memory_bandwidth_gb_s)\": [^,\\n]*",
     "\"$1\": MACHINE"},
    {"",
     "\"(wall_s|real_time_factor|updates_per_sec|processor_s|working|waiting|construct_s"
     "|ns_per_step|ns_per_element|ratio|construction_s|update_ns|delivery_ns|exponent)\": [^,\\n]*",
     "\"$1\": TIME"},
};

std::string Masked(std::string text, const std::string& command) {
  const std::string original = text;
  for (const Mask& mask : kMasks) {
    if (mask.command[0] != '\0' && command.rfind(mask.command, 0) != 0) continue;
    text = std::regex_replace(text, std::regex(mask.pattern), mask.replacement);
  }
  if (text == original) return text;
  // Numbers set the widths of columns.
  text = std::regex_replace(text, std::regex("([^ \\n]) {2,}"), "$1  ");
  return std::regex_replace(text, std::regex("-{5,}"), "-----");
}

std::string ReplaceAll(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// The masked output and exit code of `bnsyn ARGUMENTS`.
std::string Output(const std::string& arguments) {
  const std::string scratch = ::testing::TempDir() + "/bnsyn_golden";
  std::filesystem::remove_all(scratch);
  std::filesystem::create_directories(scratch);
  std::ofstream(scratch + "/command")
      << "set -o pipefail; cd " << BNSYN_SOURCE_DIR << "; exec 2>&1\n"
      << "bnsyn() { " << BNSYN_BINARY_DIR << "/bin/bnsyn \"$@\"; }\n"
      << "bnsyn " << arguments << "\n";
  FILE* pipe = popen(("TMP=" + scratch + " bash " + scratch + "/command").c_str(), "r");
  std::string output;
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) output.append(buffer, n);
  const int status = pclose(pipe);
  output = ReplaceAll(output, BNSYN_BINARY_DIR "/bin/bnsyn", "bnsyn");
  output = Masked(ReplaceAll(output, scratch, "$TMP"), arguments);
  if (!output.empty() && output.back() != '\n') output += '\n';
  return output + "exit " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1) + "\n";
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(BNSYN_SOURCE_DIR "/tests/tools/golden")) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, PrintsWhatTheFileSays) {
  const std::string path = BNSYN_SOURCE_DIR "/tests/tools/golden/" + GetParam() + ".txt";
  std::ifstream file(path);
  const std::string expected(std::istreambuf_iterator<char>(file), {});
  std::string actual;
  std::istringstream lines(expected);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(kPrompt, 0) != 0) continue;
    if (!actual.empty()) actual += '\n';
    actual += line + "\n" + Output(line.substr(sizeof(kPrompt) - 1));
  }
  ASSERT_FALSE(actual.empty()) << path << " has no line that begins with '" << kPrompt << "'";
  if (std::getenv("BNSYN_BLESS") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
  } else {
    EXPECT_EQ(expected, actual) << "the command prints something else than " << path
                                << "; if it is right, run again with BNSYN_BLESS=1";
  }
}

INSTANTIATE_TEST_SUITE_P(All, Golden, ::testing::ValuesIn(Names()),
                         [](const auto& info) { return info.param; });

TEST(GoldenMask, HidesTimesAndKeepsTheRest) {
  EXPECT_EQ(
      Masked("  reference   9.3  0cf13d498a279e2ef88f53135b92b01f  0.30  66M  1.0x\n", "run x"),
      "  reference  9.3  0cf13d498a279e2ef88f53135b92b01f  TIMES\n");
  EXPECT_EQ(Masked("  wide    table\n", "run x"), "  wide    table\n");
  EXPECT_EQ(Masked("\"wall_s\": 0.5,\n\"spikes\": 3\n", "run x"),
            "\"wall_s\": TIME,\n\"spikes\": 3\n");
}

// Each subcommand's table, JSON, errors and help stand in some file.
TEST(GoldenFiles, CoverEverySubcommand) {
  std::string all;
  for (const std::string& name : Names()) {
    std::ifstream file(BNSYN_SOURCE_DIR "/tests/tools/golden/" + name + ".txt");
    all += std::string(std::istreambuf_iterator<char>(file), {});
  }
  for (const std::string command :
       {"run", "dump", "verify", "check", "diff", "bench", "analyse", "models", "ops", "info"}) {
    EXPECT_NE(all.find(kPrompt + command + " --help\n"), std::string::npos) << command;
    EXPECT_TRUE(std::regex_search(all, std::regex("\\$ bnsyn " + command + "[^\\n]*\\n[^\\n$]")))
        << command << " has no output";
    if (command == "dump") continue;  // prints programs, and has no JSON
    EXPECT_TRUE(std::regex_search(all, std::regex("\\$ bnsyn " + command + "[^\\n]* --json")))
        << command << " has no JSON";
  }
}

}  // namespace
}  // namespace bnsyn
