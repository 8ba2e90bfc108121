// Bytes that are not those of a checkpoint: a clear error, and a simulation that is as it was.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "bnsyn/checkpoint.h"
#include "runtime/checkpoint_bytes.h"
#include "tests/checkpoints/networks.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

// The error of bytes that are no checkpoint.
std::string Refusal(const std::string& bytes) {
  const absl::StatusOr<Checkpoint> read = Checkpoint::FromBytes(bytes);
  if (read.ok()) return "";
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(read.status().message());
}

std::string Bytes(const EngineOptions& options = {}) {
  Simulation simulation = CompiledNetwork(kEverything, options);
  RunTo(simulation, 60);
  EXPECT_GT(simulation.report().spikes, 60u);
  return SavedBytes(simulation).bytes();
}

TEST(DamagedCheckpoint, EachByteIsProtected) {
  const std::string bytes = Bytes();
  ASSERT_EQ(Refusal(bytes), "");
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 << (i % 8)));
    EXPECT_NE(Refusal(damaged), "") << "byte " << i;
  }
}

TEST(DamagedCheckpoint, EachLengthIsProtected) {
  const std::string bytes = Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string refusal = Refusal(bytes.substr(0, size));
    EXPECT_NE(refusal, "") << "of " << size << " bytes";
    if (size < 16) continue;
    EXPECT_TRUE(absl::StrContains(refusal, "not written or copied whole")) << refusal;
  }
  EXPECT_TRUE(absl::StrContains(Refusal(bytes + '\0'), "not written or copied whole"));
  EXPECT_TRUE(absl::StrContains(Refusal("something else"), "no checkpoint"));
  std::string newer = bytes;
  newer[16] = 2;
  EXPECT_TRUE(absl::StrContains(Refusal(newer), "version 2"));
  std::swap(newer[16], newer[23]);
  newer[23] = 1;
  EXPECT_TRUE(absl::StrContains(Refusal(newer), "another byte order"));
}

TEST(DamagedCheckpoint, FilesThatAreNoneAreNamed) {
  const std::string directory = ::testing::TempDir();
  const std::string path = (std::filesystem::path(directory) / "none.checkpoint").string();
  const auto refusal = [](const std::string& file) {
    return std::string(Checkpoint::Read(file).status().message());
  };
  EXPECT_TRUE(absl::StrContains(refusal(directory), directory));
  EXPECT_TRUE(absl::StrContains(refusal(directory), "a directory"));
  for (const char* const contents : {"", "[network]\n"}) {
    std::ofstream(path, std::ios::trunc) << contents;
    EXPECT_TRUE(absl::StartsWith(refusal(path), path)) << refusal(path);
    EXPECT_TRUE(absl::StrContains(refusal(path), "this is no checkpoint")) << refusal(path);
  }
  std::filesystem::remove(path);
  EXPECT_TRUE(absl::StrContains(refusal(path), path));
}

// Numbers of elements that no memory has room for are refused before any is taken.
TEST(DamagedCheckpoint, HugeNumbersTakeNoMemory) {
  const std::string bytes = Bytes();
  Simulation simulation = CompiledNetwork(kEverything);
  for (size_t i = 96; i + 8 <= bytes.size(); i += 8) {
    std::string damaged = bytes;
    const uint64_t huge = uint64_t{1} << (33 + i / 8 % 30);
    std::memcpy(damaged.data() + i, &huge, sizeof(huge));
    Seal(damaged);
    const absl::StatusOr<Checkpoint> read = Checkpoint::FromBytes(damaged);
    if (!read.ok()) continue;
    const absl::Status restored = simulation.Restore(*read);
    EXPECT_FALSE(absl::IsResourceExhausted(restored)) << restored;
  }
  EXPECT_TRUE(simulation.Restore(*Checkpoint::FromBytes(bytes)).ok());
  EXPECT_TRUE(simulation.Step(20).ok());
}

// With a checksum that is right: whatever the bytes say, the simulation refuses them or runs on.
TEST(DamagedCheckpoint, WhatIsSealedAgainIsRefusedOrRuns) {
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    const std::string bytes = Bytes();
    Simulation simulation = CompiledNetwork(kEverything, options);
    const Checkpoint sound = *Checkpoint::FromBytes(bytes);
    ASSERT_TRUE(simulation.Restore(sound).ok());
    ASSERT_TRUE(simulation.Step(20).ok());
    const std::string expected = simulation.Digest().ToString();
    int refused = 0;
    int taken = 0;
    for (size_t i = 48; i < bytes.size(); ++i) {
      for (const int change : {0x01, 0x80}) {
        std::string damaged = bytes;
        damaged[i] = static_cast<char>(damaged[i] ^ change);
        Seal(damaged);
        const absl::StatusOr<Checkpoint> read = Checkpoint::FromBytes(damaged);
        if (!read.ok()) {
          ++refused;
          continue;
        }
        const std::string before = i % 97 == 0 ? simulation.Digest().ToString() : "";
        const absl::Status status = simulation.Restore(*read);
        ++(status.ok() ? taken : refused);
        if (status.ok()) {
          simulation.Step(1).IgnoreError();  // a value may be out of its bounds
        } else if (!before.empty()) {
          EXPECT_EQ(simulation.Digest().ToString(), before) << status;
        }
      }
    }
    EXPECT_GT(refused, 100);
    EXPECT_GT(taken, 1000);
    ASSERT_TRUE(simulation.Restore(sound).ok());
    ASSERT_TRUE(simulation.Step(20).ok());
    EXPECT_EQ(simulation.Digest().ToString(), expected);
  }
}

}  // namespace
}  // namespace bnsyn
