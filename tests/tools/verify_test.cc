// bnsyn verify: it holds on an active network, refuses a silent one, and each row turns red when
// what it compares is wrong.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/tools/run_command.h"

namespace bnsyn {
namespace {

using Json = nlohmann::json;

const std::string kCommand = BNSYN_BINARY_DIR "/bin/bnsyn";
const std::string kExamples = BNSYN_SOURCE_DIR "/examples/networks/";
const std::string kNetwork = kExamples + "bnsyn.toml --duration 100ms";

Result Verify(const std::string& arguments) { return Shell(kCommand + " verify " + arguments); }

// The rows of `bnsyn verify --json` by their names.
std::map<std::string, Json> RowsOf(const Result& result) {
  std::map<std::string, Json> rows;
  const Json json = Json::parse(result.output, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    ADD_FAILURE() << result.output;
    return rows;
  }
  for (const Json& row : json["rows"]) rows[row["row"]] = row;
  return rows;
}

// The names of all rows, as the help lists them.
std::vector<std::string> Names() {
  std::istringstream help(Verify("--help").output);
  std::vector<std::string> names;
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (line.rfind("Rows,", 0) == 0) {
      listed = true;
    } else if (listed && line.rfind("  ", 0) == 0) {
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    } else {
      listed = false;
    }
  }
  return names;
}

TEST(Verify, HoldsOnAnActiveNetwork) {
  // The ratio of two times is no matter for a test.
  const Result result = Verify(kNetwork + " --skip updates-per-sec --json");
  EXPECT_EQ(result.code, 0) << result.output;
  const std::map<std::string, Json> rows = RowsOf(result);
  const std::vector<std::string> names = Names();
  EXPECT_EQ(names.size(), 24u);
  EXPECT_EQ(rows.size() + 1, names.size());
  for (const auto& [name, row] : rows) {
    EXPECT_EQ(row["verdict"], name == "builds" ? "left out" : "ok") << row;
  }
  const Json json = Json::parse(result.output);
  EXPECT_GT(json["receipt"]["spikes"], 0);
  EXPECT_GT(json["runs"].size(), 40u);
  for (const Json& run : json["runs"]) EXPECT_EQ(run["digest"], json["receipt"]["digest"]);
}

TEST(Verify, EachRowTurnsRed) {
  size_t red = 0;
  for (const std::string& name : Names()) {
    // A silent network and another build are cases of their own below.
    if (name == "active" || name == "builds") continue;
    std::string skip;
    for (const std::string& other : Names()) {
      if (other != name && other != "active") skip += " --skip " + other;
    }
    const Result result = Verify(kNetwork + skip + " --json --inject " + name);
    EXPECT_EQ(result.code, 1) << name;
    const std::map<std::string, Json> rows = RowsOf(result);
    ASSERT_EQ(rows.count(name), 1u) << name;
    EXPECT_EQ(rows.at(name)["verdict"], "RED") << rows.at(name);
    EXPECT_EQ(rows.at("active")["verdict"], "ok");
    ++red;
  }
  EXPECT_EQ(red, 22u);
}

TEST(Verify, RefusesASilentNetwork) {
  const Result result = Verify(kNetwork + " --set adex.ext_rate=0Hz");
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_TRUE(Contains(result.output, "nothing spiked in 100 ms")) << result.output;
  EXPECT_TRUE(Contains(result.output, "REFUSED")) << result.output;
  const std::map<std::string, Json> rows = RowsOf(Shell(
      kCommand + " verify " + kNetwork + " --set adex.ext_rate=0Hz --json 2> /dev/null; true"));
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows.at("active")["verdict"], "RED");
}

TEST(Verify, SkipsNoRowThatGuardsAgainstSilence) {
  EXPECT_EQ(Verify(kNetwork + " --skip active").code, 2);
  const Result unknown = Verify(kNetwork + " --skip atractor");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(Contains(unknown.output, "did you mean 'attractor'")) << unknown.output;
}

TEST(Verify, NoticesACorruptBitAndADroppedPass) {
  const std::string steps =
      " --skip updates-per-sec --skip order --skip decays --skip rates-half-dt "
      "--skip sigma-half-dt";
  const Result corrupt = Verify(kNetwork + steps + " --json --inject corrupt-bit");
  EXPECT_EQ(corrupt.code, 1);
  for (const auto& [name, row] : RowsOf(corrupt)) {
    const bool by_digest = name == "determinism" || name == "threads" || name == "widths" ||
                           name == "layouts" || name == "passes" || name == "plan" ||
                           name == "cache";
    EXPECT_EQ(row["verdict"] == "RED", by_digest) << row;
  }
  for (const char* pass : {"specialise", "expand_math", "simplify", "fuse", "place",
                           "sink_handlers", "divide_loops"}) {
    const Result dropped =
        Verify(kNetwork + steps +
               " --skip layouts --skip plan --skip passes --inject drop-pass=" + std::string(pass));
    EXPECT_EQ(dropped.code, 1) << pass;
    EXPECT_TRUE(Contains(dropped.output, "did not do its work")) << pass << dropped.output;
  }
}

// Dense propagation has no plastic synapses; weights that change are compared.
TEST(Verify, ComparesPlasticSynapses) {
  const Result result = Verify(kExamples +
                               "coba-stdp.toml --set N=300 --duration 50ms --json "
                               "--skip updates-per-sec");
  EXPECT_EQ(result.code, 0) << result.output;
  const std::map<std::string, Json> rows = RowsOf(result);
  EXPECT_EQ(rows.at("dense")["verdict"], "left out");
  EXPECT_TRUE(Contains(rows.at("dense")["note"], "dense")) << rows.at("dense");
  EXPECT_TRUE(Contains(rows.at("weights")["note"], "ee.w")) << rows.at("weights");
}

TEST(Verify, ComparesWithAnotherBuild) {
  const std::string only =
      " --skip layouts --skip plan --skip passes --skip order --skip decays "
      "--skip rates-half-dt --skip sigma-half-dt --skip updates-per-sec ";
  const Result same = Verify(kNetwork + only + "--json --with " + kCommand);
  EXPECT_EQ(same.code, 0) << same.output;
  EXPECT_EQ(RowsOf(same).at("builds")["measured"], "2 of 2 equal");
  const Result none = Verify(kNetwork + only + "--with /bin/false");
  EXPECT_EQ(none.code, 1);
  EXPECT_TRUE(Contains(none.output, "/bin/false failed")) << none.output;
}

TEST(Verify, WritesAReport) {
  const std::string path = ::testing::TempDir() + "/verify.md";
  const Result result =
      Verify(kNetwork + " --skip updates-per-sec --sizes 100,200 --report " + path);
  EXPECT_EQ(result.code, 0) << result.output;
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_TRUE(Contains(text, "## bnsyn: 100 neurons")) << text;
  EXPECT_TRUE(Contains(text, "## bnsyn: 200 neurons")) << text;
  EXPECT_TRUE(Contains(text, "| attractor | ")) << text;
}

TEST(Verify, AProgramHasOneStep) {
  const Result result =
      Verify(BNSYN_SOURCE_DIR "/tests/cases/networks/pair.ir --json --skip updates-per-sec");
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(RowsOf(result).at("order")["verdict"], "left out");
}

}  // namespace
}  // namespace bnsyn
