// The IR texts of tests/cases/errors: each begins with "# error: TEXT" and must be refused with a
// message that holds TEXT and points into the file.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ir/text.h"

namespace bnsyn::ir {
namespace {

TEST(ErrorCasesTest, EachIsRefusedForItsReason) {
  const std::string directory = BNSYN_SOURCE_DIR "/tests/cases/errors";
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".ir") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  EXPECT_GE(paths.size(), 15u);

  for (const std::filesystem::path& path : paths) {
    SCOPED_TRACE(path.filename().string());
    std::ifstream in(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const std::string mark = "# error: ";
    ASSERT_TRUE(text.starts_with(mark)) << "the first line must be '# error: TEXT'";
    const std::string expected = text.substr(mark.size(), text.find('\n') - mark.size());
    ASSERT_FALSE(expected.empty());

    const auto program = Parse(text, path.filename().string(), directory);
    ASSERT_FALSE(program.ok()) << "this text was accepted";
    const std::string message(program.status().message());
    EXPECT_NE(message.find(expected), std::string::npos) << message;
    EXPECT_NE(message.find("\n  "), std::string::npos) << message;
    EXPECT_NE(message.find('^'), std::string::npos) << message;
    EXPECT_NE(message.find(": error: "), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace bnsyn::ir
