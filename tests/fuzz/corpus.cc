#include "tests/fuzz/corpus.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bnsyn/network.h"
#include "compiler/description/model_library.h"
#include "compiler/lowering/lower.h"
#include "compiler/passes/passes.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "tests/compiler/random_program.h"
#include "tests/fuzz/tokens.h"
#include "tests/fuzz/trial.h"

namespace bnsyn::fuzz {
namespace {

namespace fs = std::filesystem;

// The texts of all files in and below a folder of the project that end in `extension`, sorted.
std::vector<std::string> Files(const std::string& folder, const std::string& extension) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(BNSYN_SOURCE_DIR) / folder)) {
    if (entry.path().extension() == extension) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> texts;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return texts;
}

// The same network with few neurons: numbers behind "size =" and "N =", and factors of sizes.
std::string WithFewNeurons(const std::string& text) {
  constexpr uint64_t kMost = 70;
  std::vector<Token> tokens = Tokenise(text);
  std::vector<Token*> last;  // tokens so far that are no space
  for (Token& token : tokens) {
    if (token.kind == TokenKind::kSpace) continue;
    const size_t n = last.size();
    const bool sized = n >= 2 && last[n - 1]->text == "=" &&
                       (last[n - 2]->text == "size" || last[n - 2]->text == "N");
    const bool scaled = n >= 2 && last[n - 1]->text == "*" && last[n - 2]->text == "scale";
    uint64_t number = 0;
    if ((sized || scaled) && absl::SimpleAtoi(token.text, &number) && number > kMost) {
      token.text = absl::StrCat((scaled ? 200 : 20) + number % 50);
    }
    last.push_back(&token);
  }
  return Join(tokens);
}

void Take(const std::string& text, Corpus& corpus, std::set<std::string>& words,
          std::set<std::string>& lines) {
  for (const Token& token : Tokenise(text)) {
    if (token.kind == TokenKind::kWord && words.insert(token.text).second) {
      corpus.words.push_back(token.text);
    }
  }
  std::string section;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "[")) {
      if (!section.empty()) corpus.sections.push_back(section);
      section.clear();
    }
    absl::StrAppend(&section, line, "\n");
    if (line.empty() || line[0] == '#' || !lines.insert(std::string(line)).second) continue;
    corpus.lines.emplace_back(line);
    const std::vector<absl::string_view> sides = absl::StrSplit(line, absl::MaxSplits(" = ", 1));
    if (sides.size() == 2) corpus.values[std::string(sides[0])].emplace_back(sides[1]);
  }
  if (!section.empty()) corpus.sections.push_back(section);
}

// `valid` says whether a text is not refused.
Corpus Make(std::vector<std::string> texts, bool (*valid)(const std::string&)) {
  Corpus corpus;
  std::set<std::string> words, lines;
  for (std::string& text : texts) {
    Take(text, corpus, words, lines);
    (valid(text) ? corpus.texts : corpus.wrong).push_back(std::move(text));
  }
  return corpus;
}

absl::StatusOr<ir::Program> Lower(const std::string& text) {
  BNSYN_ASSIGN_OR_RETURN(const Network network,
                         ParseNetwork(text, "corpus.toml", NetworkDirectory()));
  return LowerNetwork(network);
}

}  // namespace

Corpus NetworkCorpus() {
  std::vector<std::string> texts;
  for (const char* folder : {"examples/networks", "tests/cases", "tests/tools"}) {
    for (const std::string& text : Files(folder, ".toml")) texts.push_back(WithFewNeurons(text));
  }
  for (const compiler::LibraryModel& model : compiler::ModelLibrary()) {
    texts.push_back(absl::StrCat(model.text,
                                 "\n[network]\ndt = \"0.1 ms\"\n[populations.p]\nmodel = \"",
                                 model.name, "\"\nsize = 5\n"));
  }
  return Make(std::move(texts), [](const std::string& text) { return Lower(text).ok(); });
}

Corpus ProgramCorpus(const Corpus& networks) {
  std::vector<std::string> texts = Files("tests/cases", ".ir");
  for (uint64_t seed = 0; seed < 10; ++seed) {
    texts.push_back(ir::Print(compiler::testing::RandomProgram(seed, 30)));
  }
  for (const std::string& text : networks.texts) {
    const auto program = Lower(text);
    if (!program.ok()) continue;
    texts.push_back(ir::Print(*program));
    const auto passed = compiler::RunPasses(*program, {}, nullptr);
    if (passed.ok()) texts.push_back(ir::Print(*passed));
  }
  return Make(std::move(texts), [](const std::string& text) {
    return ir::Parse(text, "corpus.ir", ProgramDirectory()).ok();
  });
}

}  // namespace bnsyn::fuzz
