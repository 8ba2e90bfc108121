// Any bytes as a checkpoint of a small network, with a right checksum and without one: a clear
// error, or a simulation that runs on.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "bnsyn/checkpoint.h"
#include "bnsyn/network.h"
#include "runtime/checkpoint_bytes.h"
#include "runtime/simulation_internal.h"
#include "tests/libfuzzer/require.h"

namespace {

// Decaying inputs, plastic synapses with delays, and a value of the past.
constexpr char kNetwork[] = BNSYN_SOURCE_DIR "/tests/libfuzzer/checkpoint.toml";

bnsyn::Simulation Compiled() {
  const absl::StatusOr<bnsyn::Network> network = bnsyn::ReadNetwork(kNetwork);
  bnsyn::fuzz::Require(network.ok(), network.status().ToString());
  absl::StatusOr<bnsyn::Simulation> simulation = bnsyn::Compile(*network);
  bnsyn::fuzz::Require(simulation.ok(), simulation.status().ToString());
  return *std::move(simulation);
}

void Try(const std::string& bytes, bnsyn::Simulation& simulation) {
  const absl::StatusOr<bnsyn::Checkpoint> checkpoint = bnsyn::Checkpoint::FromBytes(bytes);
  if (!checkpoint.ok()) {
    bnsyn::fuzz::RequireClear(checkpoint.status());
    return;
  }
  const absl::Status restored = simulation.Restore(*checkpoint);
  if (!restored.ok()) {
    bnsyn::fuzz::RequireClear(restored);
    return;
  }
  const absl::StatusOr<bnsyn::Checkpoint> again = simulation.Save();
  bnsyn::fuzz::Require(again.ok() && again->bytes() == bytes, "what was restored is saved again");
  const absl::Status ran = simulation.Step(3);
  if (!ran.ok()) bnsyn::fuzz::RequireClear(ran);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static bnsyn::Simulation simulation = Compiled();
  static const std::string sound = simulation.Save()->bytes();
  std::string bytes(reinterpret_cast<const char*>(data), size);
  Try(bytes, simulation);
  // What no mutation finds: the header, and the hash of the network.
  constexpr size_t kHeader = 96;
  bytes = sound.substr(0, kHeader) + bytes;
  bnsyn::Seal(bytes);
  Try(bytes, simulation);
  return 0;
}
