// Wrong network files: each file of tests/cases/errors begins with the message it must give,
//   # error: part of the message
//   # at: line:column
// and, where the second line is there, the place.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"

namespace bnsyn {
namespace {

std::vector<std::filesystem::path> Cases() {
  std::vector<std::filesystem::path> cases;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(BNSYN_SOURCE_DIR) / "tests/cases/errors")) {
    if (entry.path().extension() == ".toml") cases.push_back(entry.path());
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

absl::Status Use(const std::filesystem::path& path, const std::string& text) {
  const absl::StatusOr<Network> network =
      ParseNetwork(text, path.filename().string(), path.parent_path().string());
  if (!network.ok()) return network.status();
  const absl::StatusOr<ir::Program> program = LowerNetwork(*network);
  if (!program.ok()) return program.status();
  return DurationSteps(*network).status();
}

class NetworkErrorCase : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(NetworkErrorCase, SaysWhatIsWrongAndWhere) {
  std::ifstream in(GetParam(), std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  ASSERT_TRUE(absl::StartsWith(lines[0], "# error: ")) << "the first line says what is expected";
  const std::string expected(absl::StripPrefix(lines[0], "# error: "));

  const absl::Status status = Use(GetParam(), text);
  ASSERT_FALSE(status.ok()) << "no error, but this was expected: " << expected;
  const std::string message(status.message());
  EXPECT_TRUE(absl::StrContains(message, expected)) << "expected: " << expected << "\n" << message;

  std::string file = GetParam().filename().string();
  if (lines.size() > 1 && absl::StartsWith(lines[1], "# in: ")) {
    // The error is in a file that the network reads.
    file = std::string(absl::StripPrefix(lines[1], "# in: "));
    EXPECT_TRUE(absl::StrContains(message, file + ":")) << message;
  } else {
    EXPECT_TRUE(absl::StartsWith(message, file + ":")) << message;
  }
  if (lines.size() > 1 && absl::StartsWith(lines[1], "# at: ")) {
    const std::string place(absl::StripPrefix(lines[1], "# at: "));
    EXPECT_TRUE(absl::StartsWith(message, absl::StrCat(file, ":", place, ": error: "))) << message;
  }
  // A caret below the line of the file.
  const std::vector<std::string> drawn = absl::StrSplit(message, '\n');
  ASSERT_GE(drawn.size(), 3u) << message;
  EXPECT_TRUE(absl::StrContains(drawn[2], "^")) << message;
}

INSTANTIATE_TEST_SUITE_P(Files, NetworkErrorCase, testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<std::filesystem::path>& info) {
                           return info.param.stem().string();
                         });

TEST(NetworkErrorCases, AreMany) { EXPECT_GE(Cases().size(), 140u); }

}  // namespace
}  // namespace bnsyn
