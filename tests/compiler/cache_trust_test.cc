// Code of the cache runs as the user: it is taken only from where nobody else can have put it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "compiler/emission/object_cache.h"

namespace bnsyn::compiler {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;
constexpr uint64_t kMost = 1 << 20;

class CacheTrust : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "bnsyn_trust_XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top_ = name;
    directory_ = top_ + "/above/cache";
    ASSERT_TRUE(Cache().Store(key_, object_).ok());
    ExpectUsed();
  }
  void TearDown() override { fs::remove_all(top_); }

  ObjectCache Cache() const { return ObjectCache(directory_, kMost); }
  std::string File() const { return Cache().Path(key_); }

  void ExpectUsed() const {
    const auto object = Cache().Load(key_);
    ASSERT_TRUE(object.ok()) << object.status();
    EXPECT_EQ(*object, object_);
  }
  // Neither is the entry used nor another one made; both errors are the reason.
  void ExpectNoCache(const std::string& reason) const {
    const auto object = Cache().Load(key_);
    EXPECT_EQ(object.status(),
              absl::PermissionDeniedError(absl::StrCat("no code is cached, since ", reason)));
    const std::string other = HashText("other");
    EXPECT_EQ(Cache().Store(other, object_), object.status());
    EXPECT_FALSE(fs::exists(Cache().Path(other)));
  }
  // The entry is not used, but made anew.
  void ExpectReplaced(const std::string& reason) const {
    EXPECT_EQ(Cache().Load(key_).status(),
              absl::PermissionDeniedError(absl::StrCat("cached code is not used, since ", reason)));
    EXPECT_TRUE(Cache().Store(key_, object_).ok());
    ExpectUsed();
  }

  // True if `check` holds where it runs as a user without rights: in a child, if this is root.
  static bool HoldsForAUser(bool (*check)()) {
    if (::geteuid() != 0) return check();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::setgid(kNobody) == 0 && ::setuid(kNobody) == 0 && check() ? 0 : 1);
    int status = 1;
    return ::waitpid(child, &status, 0) == child && status == 0;
  }

  const std::string key_ = HashText("key");
  const std::string object_ = "code";
  std::string top_;
  std::string directory_;
};

TEST_F(CacheTrust, IsMadeForTheUserAlone) {
  const mode_t before = ::umask(0);
  directory_ = top_ + "/new/cache";
  EXPECT_TRUE(Cache().Store(key_, object_).ok());
  ::umask(before);
  for (const auto& [path, mode] : {std::pair(top_ + "/new", S_IFDIR | 0700),
                                   std::pair(directory_, S_IFDIR | 0700),
                                   {File(), S_IFREG | 0600}}) {
    struct stat status;
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode, static_cast<mode_t>(mode)) << path;
  }
}

TEST_F(CacheTrust, NotADirectoryThatOthersCanWrite) {
  for (const mode_t mode : {0777u, 0770u, 0707u, 01777u}) {
    ASSERT_EQ(::chmod(directory_.c_str(), mode), 0);
    ExpectNoCache("others can write " + directory_ + ": chmod go-w " + directory_);
  }
  ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
  ExpectUsed();
}

// Who can write above can put another directory in its place.
TEST_F(CacheTrust, NotBelowADirectoryThatOthersCanWrite) {
  const std::string above = top_ + "/above";
  ASSERT_EQ(::chmod(above.c_str(), 0777), 0);
  ExpectNoCache("others can write " + above + ": chmod go-w " + above);
  ASSERT_EQ(::chmod(above.c_str(), 01777), 0);  // as /tmp, where others cannot rename it
  ExpectUsed();
}

TEST_F(CacheTrust, NamesDirectoriesAsAShellTakesThem) {
  directory_ = top_ + "/it's here";
  ASSERT_EQ(::mkdir(directory_.c_str(), 0700), 0);
  ASSERT_EQ(::chmod(directory_.c_str(), 0777), 0);
  ExpectNoCache("others can write " + directory_ + ": chmod go-w '" + top_ + "/it'\\''s here'");
}

TEST_F(CacheTrust, NotAFileThatOthersCanWrite) {
  for (const mode_t mode : {0620u, 0602u, 0666u}) {
    ASSERT_EQ(::chmod(File().c_str(), mode), 0);
    ExpectReplaced("others can write " + File() + ": chmod go-w " + File());
  }
}

TEST_F(CacheTrust, NotALink) {
  const std::string elsewhere = top_ + "/elsewhere";
  fs::rename(File(), elsewhere);
  fs::create_symlink(elsewhere, File());
  ExpectReplaced(File() + " cannot be opened: Too many levels of symbolic links");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(File())));
  EXPECT_TRUE(fs::exists(elsewhere));
}

// Opening it would wait for someone who writes.
TEST_F(CacheTrust, NotAFifo) {
  fs::remove(File());
  ASSERT_EQ(::mkfifo(File().c_str(), 0600), 0);
  ExpectReplaced(File() + " is no file");
}

TEST_F(CacheTrust, FollowsLinksOfTheUserToDirectories) {
  const std::string linked = top_ + "/link";
  for (const std::string& target : {top_ + "/above", std::string("above")}) {
    fs::create_symlink(target, linked);
    directory_ = linked + "/cache";
    ExpectUsed();
    ASSERT_EQ(::chmod((top_ + "/above").c_str(), 0777), 0);
    ExpectNoCache("others can write " + top_ + "/above: chmod go-w " + top_ + "/above");
    ASSERT_EQ(::chmod((top_ + "/above").c_str(), 0700), 0);
    fs::remove(linked);
  }
  fs::create_symlink(linked, linked);
  EXPECT_EQ(Cache().Store(key_, object_).message(),
            "no code is cached, since " + linked +
                " cannot be opened: Too many levels of symbolic links");
}

TEST_F(CacheTrust, TakesRelativePaths) {
  const fs::path before = fs::current_path();
  fs::current_path(top_);
  directory_ = "above/../above/./cache";
  ExpectUsed();
  ASSERT_EQ(::chmod(top_.c_str(), 0777), 0);
  ExpectNoCache("others can write " + top_ + ": chmod go-w " + top_);
  fs::current_path(before);
}

// The system's own directories are root's: nothing of a user's.
TEST_F(CacheTrust, NotADirectoryOfRoot) {
  EXPECT_TRUE(HoldsForAUser([] {
    const auto object = ObjectCache("/usr", kMost).Load(HashText("key"));
    return object.status().message() ==
           "no code is cached, since /usr belongs to root (user 0): let BNSYN_CACHE name a "
           "directory of your own";
  }));
}

TEST_F(CacheTrust, KeepsCodeForAUser) {
  EXPECT_TRUE(HoldsForAUser([] {
    std::string name = testing::TempDir() + "bnsyn_trust_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) return false;
    const ObjectCache cache(name + "/cache", kMost);
    const std::string key = HashText("key");
    bool good = cache.Store(key, "code").ok() && cache.Load(key).value() == "code";
    ::chmod((name + "/cache").c_str(), 0777);
    good = good && absl::IsPermissionDenied(cache.Load(key).status());
    fs::remove_all(name);
    return good;
  }));
}

// Root can give things away, and then meets those of others: after `sudo`, HOME may be the user's.
TEST_F(CacheTrust, RootUsesNothingOfOthers) {
  if (::geteuid() != 0) return;  // NotADirectoryOfRoot is the same for a user
  const std::string ending =
      " belongs to nobody (user 65534): let BNSYN_CACHE name a directory of your own";
  const std::string above = top_ + "/above";
  for (const std::string& path : {above, directory_}) {
    ASSERT_EQ(::chown(path.c_str(), kNobody, kNobody), 0);
    ExpectNoCache(path + ending);
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
    ExpectUsed();
  }
  ASSERT_EQ(::chown(File().c_str(), kNobody, kNobody), 0);
  ExpectReplaced(File() + ending);

  // A link that someone else made in a directory in which all may make their own.
  const std::string linked = top_ + "/link";
  fs::create_symlink(above, linked);
  ASSERT_EQ(::lchown(linked.c_str(), kNobody, kNobody), 0);
  directory_ = linked + "/cache";
  ExpectNoCache(linked + ending);
}

}  // namespace
}  // namespace bnsyn::compiler
