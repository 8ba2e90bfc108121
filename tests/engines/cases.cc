#include "tests/engines/cases.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "runtime/delivery/layout.h"

namespace bnsyn::testing {
namespace {

std::vector<std::string> Items(const std::string& text, const char* separators) {
  std::vector<std::string> items;
  for (const auto& item :
       absl::StrSplit(text, absl::ByAnyChar(separators), absl::SkipWhitespace())) {
    items.emplace_back(absl::StripAsciiWhitespace(item));
  }
  return items;
}

absl::Status Malformed(const std::string& path, int line, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ":", line, ": ", what));
}

}  // namespace

absl::StatusOr<ir::Bits> ParseLiteral(ir::Element element, const std::string& text) {
  std::string literal = text;
  const std::string name(ir::ElementName(element));
  if (element != ir::Element::kF64 && element != ir::Element::kBool &&
      !absl::EndsWith(literal, name)) {
    absl::StrAppend(&literal, name);
  }
  BNSYN_ASSIGN_OR_RETURN(
      const ir::Program program,
      ir::Parse(absl::StrCat("program literal dt=1 seed=0\nstate x : ", name, " = ", literal, "\n"),
                "literal"));
  return program.states[0].initial;
}

bool SameBits(ir::Element element, ir::Bits a, ir::Bits b) {
  if (a == b) return true;
  if (element == ir::Element::kF64) {
    const double x = ir::F64OfBits(a), y = ir::F64OfBits(b);
    return x != x && y != y;
  }
  if (element == ir::Element::kF32) {
    const float x = ir::F32OfBits(a), y = ir::F32OfBits(b);
    return x != x && y != y;
  }
  return false;
}

absl::StatusOr<OpCase> ReadOpCase(const std::string& path) {
  BNSYN_ASSIGN_OR_RETURN(const std::string text, ReadCaseFile(path));
  OpCase result;
  int number = 0;
  bool have_header = false;
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  for (std::string line : lines) {
    ++number;
    line = std::string(absl::StripAsciiWhitespace(line.substr(0, line.find('#'))));
    if (line.empty()) continue;
    const std::vector<std::string> sides = absl::StrSplit(line, "->");
    if (sides.size() != 2) return Malformed(path, number, "expected one ->");
    if (!have_header) {
      const std::vector<std::string> left = Items(sides[0], " :");
      result.op = left.empty() ? "" : left[0];
      for (size_t i = 1; i < left.size(); ++i) {
        const auto element = ir::ElementFromName(left[i]);
        if (!element) return Malformed(path, number, absl::StrCat("no element ", left[i]));
        result.operands.push_back(*element);
      }
      const auto element = ir::ElementFromName(absl::StripAsciiWhitespace(sides[1]));
      if (!element) return Malformed(path, number, "no element of the result");
      result.result = *element;
      have_header = true;
      continue;
    }
    OpCase::Row row{.line = number, .inputs = {}, .expected = 0};
    const std::vector<std::string> inputs = Items(sides[0], ",");
    if (inputs.size() != result.operands.size()) return Malformed(path, number, "wrong arity");
    for (size_t i = 0; i < inputs.size(); ++i) {
      BNSYN_ASSIGN_OR_RETURN(const ir::Bits bits, ParseLiteral(result.operands[i], inputs[i]));
      row.inputs.push_back(bits);
    }
    BNSYN_ASSIGN_OR_RETURN(
        row.expected,
        ParseLiteral(result.result, std::string(absl::StripAsciiWhitespace(sides[1]))));
    result.rows.push_back(std::move(row));
  }
  if (result.rows.empty()) return Malformed(path, number, "a case without rows proves nothing");
  return result;
}

absl::StatusOr<ProgramCase> ReadProgramCase(const std::string& path) {
  ProgramCase result;
  BNSYN_ASSIGN_OR_RETURN(result.text, ReadCaseFile(path));
  int number = 0;
  const std::vector<std::string> lines = absl::StrSplit(result.text, '\n');
  for (const std::string& line : lines) {
    ++number;
    if (!absl::StartsWith(line, "# ")) continue;
    const std::vector<std::string> words = Items(line.substr(2), " =,");
    if (words.empty()) continue;
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    if (words[0] == "ops") {
      result.ops = rest;
    } else if (words[0] == "steps" && rest.size() == 1) {
      if (!absl::SimpleAtoi(rest[0], &result.steps)) return Malformed(path, number, "steps");
    } else if ((words[0] == "expect" || words[0] == "spikes") && !rest.empty()) {
      auto& list = words[0] == "expect" ? result.states : result.spikes;
      list.push_back({number, rest[0], {rest.begin() + 1, rest.end()}});
    }
  }
  if (result.states.empty() && result.spikes.empty()) {
    return Malformed(path, number, "a case that expects nothing proves nothing");
  }
  return result;
}

std::vector<EngineVariant> AllEngines() {
  std::vector<EngineVariant> engines;
  engines.push_back({"interpreter", {}});
  for (int optimization : {0, 2}) {
    for (int width : {1, 2, 4, 8, 16}) {
      EngineOptions options;
      options.backend = Backend::kAccelerated;
      options.compile.optimization = optimization;
      options.compile.width = width;
      engines.push_back({absl::StrCat("compiled at -O", optimization, ", width ", width), options});
    }
  }
  for (const absl::string_view layout : LayoutNames()) {
    EngineOptions options;
    options.backend = Backend::kAccelerated;
    options.threads = 2;
    options.layout = std::string(layout);
    engines.push_back({absl::StrCat("layout ", options.layout, ", 2 threads"), options});
  }
  return engines;
}

std::vector<EngineVariant> SomeEngines() {
  const auto accelerated = [](int optimization, int width, int threads, const char* layout) {
    EngineOptions options;
    options.backend = Backend::kAccelerated;
    options.compile.optimization = optimization;
    options.compile.width = width;
    options.threads = threads;
    options.layout = layout;
    return EngineVariant{absl::StrCat("-O", optimization, ", width ", width, ", ", threads,
                                      " threads, layout ", layout),
                         options};
  };
  return {{"interpreter", {}},
          accelerated(2, 8, 1, "best"),
          accelerated(2, 2, 2, "best"),
          accelerated(2, 0, 3, "code"),
          accelerated(0, 4, 2, "quanta64")};
}

std::vector<std::string> CaseFiles(const std::string& folder, const std::string& extension) {
  std::vector<std::string> files;
  const auto directory = std::filesystem::path(BNSYN_SOURCE_DIR) / "tests" / "cases" / folder;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == extension) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::StatusOr<std::string> ReadCaseFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string CaseName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = std::filesystem::path(info.param).stem().string();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

}  // namespace bnsyn::testing
