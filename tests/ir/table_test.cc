#include "ir/table.h"

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace bnsyn::ir {
namespace {

class TableTest : public ::testing::Test {
 protected:
  // A directory of the test's own, so that tests may run at once.
  TableTest()
      : directory_(::testing::TempDir() + "bnsyn_table_" +
                   ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(directory_);
  }
  ~TableTest() override { std::filesystem::remove_all(directory_); }

  absl::StatusOr<Table> Read(const std::string& contents) {
    std::ofstream(directory_ + "/t.csv", std::ios::binary) << contents;
    return ReadTable("t", "t.csv", directory_);
  }

  // The message of the error that reading `contents` gives, without the directory.
  std::string ErrorOf(const std::string& contents) {
    const auto table = Read(contents);
    EXPECT_FALSE(table.ok()) << contents;
    const std::string message(table.status().message());
    return message.starts_with(directory_) ? message.substr(directory_.size() + 1) : message;
  }

  const std::string directory_;
};

TEST(WholeSteps, R4_TimesAreWholeStepsTo1e9) {
  EXPECT_EQ(WholeSteps(0, 0.1), 0);
  EXPECT_EQ(WholeSteps(0.3, 0.1), 3);  // 2.9999999999999996
  EXPECT_EQ(WholeSteps(1 + 0.9e-9, 1), 1);
  EXPECT_EQ(WholeSteps(1 + 1.1e-9, 1), std::nullopt);
  EXPECT_EQ(WholeSteps(1 - 1.1e-9, 1), std::nullopt);
  EXPECT_EQ(WholeSteps(0.9e-9, 1), 0);
  EXPECT_EQ(WholeSteps(1.1e-9, 1), std::nullopt);
  // Relative above 1.
  EXPECT_EQ(WholeSteps(1000 + 0.9e-6, 1), 1000);
  EXPECT_EQ(WholeSteps(1000 + 1.1e-6, 1), std::nullopt);
  EXPECT_EQ(WholeSteps(-1, 1), std::nullopt);
  EXPECT_EQ(WholeSteps(0x1p53, 1), std::nullopt);
}

TEST_F(TableTest, ReadsColumnsAndNumbersToTheBit) {
  const auto table = Read("pre, post ,weight\n0,1,0.1\r\n 2 , 3 ,-5e-324\n\n4,5,inf\n");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->name, "t");
  EXPECT_EQ(table->file, "t.csv");
  EXPECT_EQ(table->columns, (std::vector<std::string>{"pre", "post", "weight"}));
  EXPECT_EQ(table->values[0], (std::vector<double>{0, 2, 4}));
  EXPECT_EQ(table->values[2],
            (std::vector<double>{0.1, -5e-324, std::numeric_limits<double>::infinity()}));
  EXPECT_EQ(table->digest, TableDigest(*table));
}

TEST_F(TableTest, AHeaderAloneIsAnEmptyTable) {
  const auto table = Read("\xef\xbb\xbfstep,index");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->columns[0], "step");
  EXPECT_TRUE(table->values[1].empty());
}

TEST_F(TableTest, AbsolutePathsIgnoreTheDirectory) {
  ASSERT_TRUE(Read("a\n1\n").ok());
  EXPECT_TRUE(ReadTable("t", directory_ + "/t.csv", "/nowhere").ok());
}

TEST_F(TableTest, DigestSeesNamesValuesAndTheirOrder) {
  const uint64_t digest = Read("a,b\n1,2\n")->digest;
  EXPECT_EQ(Read("a, b\n1.0,2e0\n")->digest, digest);
  EXPECT_NE(Read("a,c\n1,2\n")->digest, digest);
  EXPECT_NE(Read("a,b\n2,1\n")->digest, digest);
  EXPECT_NE(Read("a,b\n1,2.0000000000000004\n")->digest, digest);
  EXPECT_NE(Read("a,b\n1,2\n1,2\n")->digest, digest);
}

TEST_F(TableTest, RaggedRows) {
  EXPECT_EQ(ErrorOf("a,b\n1,2\n1,2,3\n"),
            "t.csv:3:1: error: this row has 3 cells, but the header names 2 columns\n"
            "  1,2,3\n"
            "  ^~~~~");
  EXPECT_NE(ErrorOf("a,b\n1\n").find("t.csv:2:1: error: this row has 1 cell,"), std::string::npos);
}

TEST_F(TableTest, WhatIsNotANumber) {
  EXPECT_EQ(ErrorOf("a,b\n1,2\n1, abc\n"),
            "t.csv:3:4: error: 'abc' is not a number\n"
            "  1, abc\n"
            "     ^~~\n"
            "  note: write numbers as 12, -0.5 or 1e-3, separated by commas");
  EXPECT_NE(ErrorOf("a\n1.5.2\n").find("'1.5.2' is not a number"), std::string::npos);
  EXPECT_NE(ErrorOf("a\n0x10\n").find("is not a number"), std::string::npos);
  EXPECT_NE(ErrorOf("a,b\n1,\n").find("t.csv:2:3: error: a number is missing"), std::string::npos);
  EXPECT_NE(ErrorOf("a\n1e999\n").find("too large or too small"), std::string::npos);
  EXPECT_NE(ErrorOf("a,b\n1,nan\n").find("t.csv:2:3: error: a table cannot hold NaN"),
            std::string::npos);
}

TEST_F(TableTest, Headers) {
  EXPECT_NE(ErrorOf("").find("t.csv:1:1: error: the table is empty"), std::string::npos);
  EXPECT_NE(ErrorOf("\n \n").find("the table is empty"), std::string::npos);
  EXPECT_NE(ErrorOf("1,2\n3,4\n").find("'1' is a number, not a column name"), std::string::npos);
  EXPECT_NE(ErrorOf("a,,b\n").find("t.csv:1:3: error: a column has no name"), std::string::npos);
  EXPECT_NE(ErrorOf("a,b,a\n").find("t.csv:1:5: error: there are two columns 'a'"),
            std::string::npos);
}

TEST_F(TableTest, BinaryAndMissingFiles) {
  EXPECT_NE(
      ErrorOf(std::string("a,b\n1,\0\x01", 8)).find("t.csv:2:3: error: this is a binary file"),
      std::string::npos);
  EXPECT_EQ(ReadTable("t", "none.csv", directory_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadTable("t", ".", directory_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace bnsyn::ir
