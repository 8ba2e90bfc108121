#include "compiler/emission/object_cache.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
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
  // What Load finds, where it is no error.
  static std::optional<std::string> Load(const ObjectCache& cache, const std::string& key) {
    const auto object = cache.Load(key);
    EXPECT_TRUE(object.ok()) << object.status();
    return object.ok() ? *object : std::nullopt;
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  // Lets a file have been used so long ago.
  static void Age(const std::string& path, std::chrono::seconds age) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - age);
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

  static constexpr uint64_t kMost = 1 << 20;  // bytes of a cache
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
  const ObjectCache cache(directory_ + "/made/on/demand", kMost);
  EXPECT_EQ(Load(cache, key_), std::nullopt);
  ASSERT_TRUE(cache.Store(key_, object_).ok());
  EXPECT_EQ(Load(cache, key_), object_);
  EXPECT_EQ(Load(cache, HashText("other")), std::nullopt);
  ASSERT_TRUE(cache.Store(key_, "").ok());
  EXPECT_EQ(Load(cache, key_), "");
}

TEST_F(ObjectCacheTest, DeletesAFileThatIsDamagedAnywhere) {
  const ObjectCache cache(directory_, kMost);
  ASSERT_TRUE(cache.Store(key_, object_).ok());
  const std::string good = Read(cache.Path(key_));
  const auto expect_deleted = [&](const std::string& bad, const std::string& what) {
    Write(cache.Path(key_), bad);
    EXPECT_EQ(Load(cache, key_), std::nullopt) << what;
    EXPECT_FALSE(fs::exists(cache.Path(key_))) << what;
  };
  for (size_t i = 0; i < good.size(); i = i < 100 ? i + 1 : i + 997) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    expect_deleted(bad, "byte " + std::to_string(i));
  }
  for (const size_t size : {size_t{0}, size_t{10}, size_t{40}, good.size() - 1}) {
    expect_deleted(good.substr(0, size), std::to_string(size) + " bytes");
  }
  expect_deleted(good + "more", "more bytes");
}

// A file with a hole takes no room on disk, but all of its size once it is read.
TEST_F(ObjectCacheTest, DeletesAFileThatIsTooLarge) {
  const ObjectCache cache(directory_, kMost);
  ASSERT_TRUE(cache.Store(key_, object_).ok());
  fs::resize_file(cache.Path(key_), uintmax_t{3} << 30);
  EXPECT_EQ(Load(cache, key_), std::nullopt);
  EXPECT_FALSE(fs::exists(cache.Path(key_)));
  ASSERT_TRUE(cache.Store(key_, object_).ok());
  EXPECT_EQ(Load(cache, key_), object_);
}

TEST_F(ObjectCacheTest, AnObjectUnderAnotherKeyIsNotTaken) {
  const ObjectCache cache(directory_, kMost);
  ASSERT_TRUE(cache.Store(key_, object_).ok());
  const std::string other = HashText("other");
  fs::copy(cache.Path(key_), cache.Path(other));
  EXPECT_EQ(Load(cache, other), std::nullopt);
  EXPECT_EQ(Load(cache, key_), object_);
}

TEST_F(ObjectCacheTest, WhatIsNoFileIsLeftAlone) {
  const ObjectCache cache(directory_, kMost);
  fs::create_directories(cache.Path(key_) + "/inside");
  EXPECT_EQ(cache.Load(key_).status().message(),
            "cached code is not used, since " + cache.Path(key_) + " is no file");
  EXPECT_EQ(cache.Store(key_, object_).message(),
            "no code is cached, since " + cache.Path(key_) + " cannot be written: Is a directory");
  EXPECT_TRUE(fs::exists(cache.Path(key_) + "/inside"));
  EXPECT_EQ(Names(), std::vector<std::string>{key_ + ".o"}) << "a temporary file was left behind";
}

TEST_F(ObjectCacheTest, ADirectoryThatCannotBeWrittenIsNoCache) {
  const ObjectCache none("", kMost);
  EXPECT_TRUE(none.Store(key_, object_).ok());
  EXPECT_EQ(Load(none, key_), std::nullopt);

  // A file where the directory should be: nobody can write there.
  Write(directory_ + "/file", "");
  const ObjectCache blocked(directory_ + "/file", kMost);
  const std::string why =
      "no code is cached, since " + directory_ + "/file cannot be opened: Not a directory";
  EXPECT_EQ(blocked.Store(key_, object_).message(), why);
  EXPECT_EQ(blocked.Load(key_).status().message(), why);
  EXPECT_EQ(Read(directory_ + "/file"), "");
}

TEST_F(ObjectCacheTest, ReadsFromADirectoryThatIsReadOnly) {
  const ObjectCache cache(directory_, kMost);
  ASSERT_TRUE(cache.Store(key_, object_).ok());
  fs::permissions(directory_, fs::perms::owner_read | fs::perms::owner_exec);
  const absl::Status kept = cache.Store(HashText("other"), object_);
  EXPECT_TRUE(kept.ok() || absl::IsUnavailable(kept)) << kept;  // root may write
  EXPECT_EQ(Load(cache, key_), object_);
}

TEST_F(ObjectCacheTest, DeletesWhatHasNotBeenUsedForLongest) {
  const ObjectCache cache(directory_, 4 * object_.size());  // three objects and their headers
  const std::string a = HashText("a"), b = HashText("b"), c = HashText("c"), d = HashText("d");
  for (const std::string& key : {a, b, c}) ASSERT_TRUE(cache.Store(key, object_).ok());
  Age(cache.Path(a), std::chrono::hours(3));
  Age(cache.Path(b), std::chrono::hours(2));
  Age(cache.Path(c), std::chrono::hours(1));
  EXPECT_EQ(Load(cache, a), object_);
  Write(directory_ + "/notes", std::string(10 * object_.size(), ' '));  // of someone else
  ASSERT_TRUE(cache.Store(d, object_).ok());
  EXPECT_EQ(Load(cache, a), object_) << "it was used";
  EXPECT_EQ(Load(cache, b), std::nullopt);
  EXPECT_EQ(Load(cache, c), object_);
  EXPECT_EQ(Load(cache, d), object_);
  EXPECT_TRUE(fs::exists(directory_ + "/notes"));
}

TEST_F(ObjectCacheTest, ManyFilesAreLookedAtNowAndThen) {
  const ObjectCache cache(directory_, 2 * object_.size() + 500);
  for (int i = 0; i < 500; ++i) Write(cache.Path(HashText(std::to_string(i))), "old");
  for (int i = 0; i < 100 && Names().size() > 400; ++i) {
    ASSERT_TRUE(cache.Store(key_, object_).ok());
    ASSERT_TRUE(cache.Store(HashText("other"), object_).ok());
  }
  EXPECT_LT(Names().size(), 400u);
}

TEST_F(ObjectCacheTest, AnObjectLargerThanTheCacheIsNotKept) {
  const ObjectCache cache(directory_, object_.size());
  EXPECT_EQ(cache.Store(key_, object_).message(),
            "no code is cached, since " + cache.Path(key_) +
                " takes 0.0 MB, more than the cache may have");
  EXPECT_TRUE(Names().empty());
}

TEST_F(ObjectCacheTest, DeletesWhatKilledProcessesLeft) {
  const ObjectCache cache(directory_, kMost);
  const std::string old = key_ + ".o.0123456789abcdef";
  const std::string fresh = key_ + ".o.fedcba9876543210";
  for (const std::string& name : {old, fresh, std::string("notes.o.txt")}) {
    Write(directory_ + "/" + name, "half");
    if (name != fresh) Age(directory_ + "/" + name, std::chrono::hours(2));
  }
  ASSERT_TRUE(cache.Store(HashText("other"), object_).ok());
  std::vector<std::string> expected = {HashText("other") + ".o", fresh, "notes.o.txt"};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(Names(), expected);
}

TEST_F(ObjectCacheTest, WritersAndReadersDoNotDisturbEachOther) {
  const ObjectCache cache(directory_, kMost);
  ASSERT_TRUE(cache.Store(key_, object_).ok());
  const auto use = [&] {
    bool good = true;
    for (int i = 0; i < 50; ++i) {
      const bool kept = cache.Store(key_, object_).ok();
      const auto found = cache.Load(key_);
      good = good && kept && found.ok() && *found == object_;
    }
    return good;
  };
  std::vector<pid_t> processes;
  for (int p = 0; p < 2; ++p) {
    processes.push_back(::fork());
    if (processes.back() == 0) ::_exit(use() ? 0 : 1);
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] { EXPECT_TRUE(use()); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const pid_t process : processes) {
    int status = 0;
    ASSERT_EQ(::waitpid(process, &status, 0), process);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(Names().size(), 1u) << "temporary files were left behind";
}

}  // namespace
}  // namespace bnsyn::compiler
