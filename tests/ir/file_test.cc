#include "ir/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace bnsyn::ir {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "bnsyn_file_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  // The message of reading at most 10 bytes.
  std::string Refusal(const std::string& path) const {
    return std::string(ReadFile(path, 10).status().message());
  }

  std::string directory_;
};

TEST_F(FileTest, ReadsWhatWasWritten) {
  const std::string text("a\0\n\xff", 4);
  ASSERT_TRUE(WriteFile(Path("a"), text).ok());
  EXPECT_EQ(ReadFile(Path("a"), 4).value_or("error"), text);
  ASSERT_TRUE(WriteFile(Path("a"), "").ok());
  EXPECT_EQ(ReadFile(Path("a"), 0).value_or("error"), "");
  const std::string large(1 << 20, 'x');
  ASSERT_TRUE(WriteFile(Path("a"), large).ok());
  EXPECT_EQ(ReadFile(Path("a"), 1 << 20).value_or("error"), large);
}

TEST_F(FileTest, RefusesWhatIsNoFileOrTooLarge) {
  EXPECT_TRUE(absl::IsNotFound(ReadFile(Path("none"), 10).status()));
  EXPECT_TRUE(absl::IsNotFound(ReadFile("/dev/null/none", 10).status()));
  EXPECT_NE(Refusal(directory_).find("is a directory, not a file"), std::string::npos);
  EXPECT_NE(Refusal("/dev/zero").find("is a device, not a file"), std::string::npos);
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_NE(Refusal(Path("pipe")).find("is a pipe, not a file"), std::string::npos);
  ASSERT_TRUE(WriteFile(Path("long"), "eleven byte").ok());
  EXPECT_NE(Refusal(Path("long")).find("of such a file are read"), std::string::npos);
  // The system gives this file no size.
  EXPECT_NE(Refusal("/proc/self/maps").find("has more than"), std::string::npos);
}

TEST_F(FileTest, WritesWholeOrNotAtAll) {
  EXPECT_FALSE(WriteFile("/dev/null/a", "text").ok());
  EXPECT_FALSE(WriteFile(directory_, "text").ok());
  std::filesystem::create_directories(Path("directory/inner"));
  EXPECT_FALSE(WriteFile(Path("directory"), "text").ok());
  size_t left = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    EXPECT_EQ(entry.path().filename(), "directory");
    ++left;
  }
  EXPECT_EQ(left, 1u);
}

}  // namespace
}  // namespace bnsyn::ir
