#include "compiler/emission/object_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace bnsyn::compiler {
namespace {

namespace fs = std::filesystem;

class ObjectCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "bnsyn_cache_XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override {
    fs::permissions(directory_, fs::perms::owner_all);
    fs::remove_all(directory_);
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream contents;
    contents << file.rdbuf();
    return contents.str();
  }
  static void Write(const std::string& path, const std::string& contents) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << contents;
  }

  std::string directory_;
  const std::string key_ = HashText("key");
  // An object has bytes of every kind.
  const std::string object_ = std::string(
                                  "\x7f"
                                  "ELF\0\n\r\xff",
                                  8) +
                              std::string(5000, 'x');
};

// Published values: the offset basis for the empty text, and of "foobar".
TEST(HashText, IsFnv1aOf128Bits) {
  EXPECT_EQ(HashText(""), "6c62272e07bb014262b821756295c58d");
  EXPECT_EQ(HashText("foobar"), "343e1662793c64bf6f0d3597ba446f18");
}

TEST_F(ObjectCacheTest, GivesBackWhatItKeeps) {
  const ObjectCache cache(directory_ + "/made/on/demand");
  EXPECT_FALSE(cache.Load(key_).has_value());
  cache.Store(key_, object_);
  EXPECT_EQ(cache.Load(key_), object_);
  EXPECT_FALSE(cache.Load(HashText("other")).has_value());
  cache.Store(key_, "");
  EXPECT_EQ(cache.Load(key_), "");
}

TEST_F(ObjectCacheTest, DeletesAFileThatIsDamagedAnywhere) {
  const ObjectCache cache(directory_);
  cache.Store(key_, object_);
  const std::string good = Read(cache.Path(key_));
  for (size_t i = 0; i < good.size(); i = i < 100 ? i + 1 : i + 997) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    Write(cache.Path(key_), bad);
    EXPECT_FALSE(cache.Load(key_).has_value()) << "byte " << i;
    EXPECT_FALSE(fs::exists(cache.Path(key_))) << "byte " << i;
  }
  for (const size_t size : {size_t{0}, size_t{10}, size_t{40}, good.size() - 1}) {
    Write(cache.Path(key_), good.substr(0, size));
    EXPECT_FALSE(cache.Load(key_).has_value()) << size << " bytes";
    EXPECT_FALSE(fs::exists(cache.Path(key_))) << size << " bytes";
  }
  Write(cache.Path(key_), good + "more");
  EXPECT_FALSE(cache.Load(key_).has_value());
}

TEST_F(ObjectCacheTest, AnObjectUnderAnotherKeyIsNotTaken) {
  const ObjectCache cache(directory_);
  cache.Store(key_, object_);
  const std::string other = HashText("other");
  fs::copy(cache.Path(key_), cache.Path(other));
  EXPECT_FALSE(cache.Load(other).has_value());
  EXPECT_EQ(cache.Load(key_), object_);
}

TEST_F(ObjectCacheTest, WhatCannotBeReadIsLeftAlone) {
  const ObjectCache cache(directory_);
  // A directory in the file's place opens but cannot be read, for any user.
  fs::create_directories(cache.Path(key_) + "/inside");
  EXPECT_FALSE(cache.Load(key_).has_value());
  EXPECT_TRUE(fs::exists(cache.Path(key_) + "/inside"));
  cache.Store(key_, object_);
  EXPECT_FALSE(cache.Load(key_).has_value());
}

TEST_F(ObjectCacheTest, ADirectoryThatCannotBeWrittenIsNoCache) {
  const ObjectCache none("");
  none.Store(key_, object_);
  EXPECT_FALSE(none.Load(key_).has_value());

  // A file where the directory should be: nobody can write there.
  Write(directory_ + "/file", "");
  const ObjectCache blocked(directory_ + "/file");
  blocked.Store(key_, object_);
  EXPECT_FALSE(blocked.Load(key_).has_value());
  EXPECT_EQ(Read(directory_ + "/file"), "");
}

TEST_F(ObjectCacheTest, ReadsFromADirectoryThatIsReadOnly) {
  const ObjectCache cache(directory_);
  cache.Store(key_, object_);
  fs::permissions(directory_, fs::perms::owner_read | fs::perms::owner_exec);
  cache.Store(HashText("other"), object_);
  EXPECT_EQ(cache.Load(key_), object_);
}

TEST_F(ObjectCacheTest, WritersAndReadersDoNotDisturbEachOther) {
  const ObjectCache cache(directory_);
  cache.Store(key_, object_);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        cache.Store(key_, object_);
        EXPECT_EQ(cache.Load(key_), object_);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(directory_)) {
    static_cast<void>(entry);
    ++files;
  }
  EXPECT_EQ(files, 1u) << "temporary files were left behind";
}

}  // namespace
}  // namespace bnsyn::compiler
