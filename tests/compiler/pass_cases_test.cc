// Cases as text: tests/cases/passes/PASS/*.ir hold a program, a line `--- expect`, and the program
// after that pass alone. BNSYN_BLESS=1 rewrites what follows the line.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "ir/text.h"
#include "tests/compiler/pass_testing.h"

namespace bnsyn::compiler::testing {
namespace {

constexpr char kExpect[] = "--- expect\n";

std::vector<std::filesystem::path> CasesOf(absl::string_view pass) {
  std::vector<std::filesystem::path> paths;
  const std::string folder = absl::StrCat(BNSYN_SOURCE_DIR, "/tests/cases/passes/", pass);
  std::error_code no_folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder, no_folder)) {
    if (entry.path().extension() == ".ir") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void RunCase(const Pass& pass, const std::string& path) {
  SCOPED_TRACE(path);
  const std::string text = ReadFileOrDie(path);
  const size_t line = text.find(kExpect);
  ASSERT_NE(line, std::string::npos) << "a case needs a line '--- expect'";
  const size_t expected_at = line + sizeof(kExpect) - 1;

  const ir::Program before = ParseOrDie(text.substr(0, line));
  const absl::StatusOr<ir::Program> after = RunAlone(pass, before);
  ASSERT_TRUE(after.ok()) << after.status();
  const std::string actual = ir::Print(*after);

  if (std::getenv("BNSYN_BLESS") != nullptr) {
    std::ofstream(path, std::ios::binary) << text.substr(0, expected_at) << actual;
  } else {
    EXPECT_EQ(text.substr(expected_at), actual)
        << "pass " << pass.name << " gives another program; if it is right, run again with "
        << "BNSYN_BLESS=1";
  }
  EXPECT_EQ(Interpret(before, 5), Interpret(*after, 5)) << "the pass changed what the program does";

  const absl::StatusOr<ir::Program> again = RunAlone(pass, *after);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(ir::Print(*again), actual) << "a second run of the pass finds more to do";
}

class PassCases : public ::testing::TestWithParam<std::string> {};

TEST_P(PassCases, GiveTheExpectedProgram) {
  const std::vector<std::filesystem::path> cases = CasesOf(GetParam());
  EXPECT_FALSE(cases.empty()) << "pass " << GetParam() << " has no cases";
  for (const std::filesystem::path& path : cases) RunCase(PassNamed(GetParam()), path.string());
}

std::vector<std::string> PassNames() {
  std::vector<std::string> names;
  for (const Pass& pass : AllPasses()) names.emplace_back(pass.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, PassCases, ::testing::ValuesIn(PassNames()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace bnsyn::compiler::testing
