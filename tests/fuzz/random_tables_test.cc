// What the tables of the language list is drawn: a new row that is not shows here.
#include "tests/fuzz/random_tables.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "compiler/description/keys.h"
#include "compiler/description/model_library.h"
#include "compiler/equations/integration_plan.h"
#include "ir/op.h"
#include "ir/rule.h"
#include "tests/fuzz/tokens.h"

namespace bnsyn::fuzz {
namespace {

using Words = std::set<std::string>;

constexpr uint64_t kNetworks = 2000;

void AddWords(const std::string& line, Words& words) {
  for (const Token& token : Tokenise(line)) {
    if (token.kind == TokenKind::kWord) words.insert(token.text);
  }
}

// By the first word of a table's name, the keys at the beginning of its lines; and the words in the
// lines of clocks, rules and code of spikes, which are tables of one line.
std::map<std::string, Words> DrawnKeys() {
  std::map<std::string, Words> keys;
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    std::string table;
    for (const absl::string_view view : absl::StrSplit(MakeTableNetwork(seed).text, '\n')) {
      const std::string line(view);
      if (absl::StartsWith(line, "[")) {
        table = line.substr(1, line.find_first_of(".]") - 1);
        continue;
      }
      const std::string key = line.substr(0, line.find_first_of(" ."));
      keys[table].insert(key);
      if (key == "clocks" || key == "rule") AddWords(line, keys[key]);
      if (key == "on_pre" || key == "on_post") AddWords(line, keys["pathways"]);
    }
  }
  return keys;
}

template <typename T>
void ExpectDrawn(const char* table, absl::Span<const compiler::Key<T>> keys, const Words& drawn,
                 const Words& left_out = {}) {
  for (const compiler::Key<T>& key : keys) {
    const std::string name(key.name);
    EXPECT_NE(drawn.contains(name), left_out.contains(name)) << "'" << name << "' of " << table;
  }
}

TEST(MakeTableNetwork, WritesAllKeys) {
  std::map<std::string, Words> drawn = DrawnKeys();
  ExpectDrawn("network", compiler::NetworkKeys(), drawn["network"]);
  ExpectDrawn("models", compiler::ModelKeys(), drawn["models"]);
  ExpectDrawn("populations", compiler::PopulationKeys(), drawn["populations"]);
  ExpectDrawn("groups", compiler::GroupKeys(), drawn["groups"]);
  ExpectDrawn("projections", compiler::ProjectionKeys(), drawn["projections"]);
  ExpectDrawn("synapses", compiler::SynapseKeys(), drawn["synapses"]);
  ExpectDrawn("clocks", compiler::ClockKeys(), drawn["clocks"]);
  ExpectDrawn("rules", compiler::RuleKeys(), drawn["rule"]);
  ExpectDrawn("pathways", compiler::PathwayKeys(), drawn["pathways"]);
  // That chooses among the spikes which a run has written.
  ExpectDrawn("stimuli", compiler::StimulusKeys(), drawn["stimuli"], {"population"});
  ExpectDrawn("tables", compiler::TableKeys(), drawn["tables"]);
  ExpectDrawn("uniform", compiler::UniformKeys(), drawn["uniform"]);
}

TEST(MakeTableNetwork, DrawsAllRows) {
  Words kinds;
  for (uint64_t seed = 0; seed < kNetworks; ++seed) kinds.merge(MakeTableNetwork(seed).kinds);
  const auto expect = [&](absl::string_view sort, absl::string_view name) {
    EXPECT_TRUE(kinds.contains(absl::StrCat(sort, " ", name))) << sort << " " << name;
  };
  for (const compiler::LibraryModel& model : compiler::ModelLibrary()) expect("model", model.name);
  for (const compiler::LibraryModel& model : compiler::SynapseLibrary()) {
    expect("synapses", model.name);
  }
  for (const compiler::MethodInfo& method : compiler::AllMethods()) expect("method", method.name);
  for (const ir::FunctionInfo& function : ir::AllFunctions()) {
    if (!function.word.empty()) expect("function", function.word);
  }
  for (const ir::RuleTraits& rule : ir::AllRules()) {
    if (rule.in_networks) expect("rule", rule.name);
  }
}

}  // namespace
}  // namespace bnsyn::fuzz
