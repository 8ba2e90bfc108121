// Runs one text of a network or a program on both backends, and says what came of it.
#ifndef BNSYN_TESTS_FUZZ_TRIAL_H_
#define BNSYN_TESTS_FUZZ_TRIAL_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace bnsyn::fuzz {

enum class Outcome : uint8_t {
  kRefused,   // with a clear error
  kTooLarge,  // valid, but too large to run here
  kFaulted,   // ran, and both backends stopped in the same step
  kSpiking,   // ran, with spikes and equal digests
  kSilent,    // ran without spikes, with equal digests
  kFailure,   // anything else: what the fuzz tests look for
};
absl::string_view OutcomeName(Outcome outcome);

struct Verdict {
  Outcome outcome = Outcome::kFailure;
  // Of a refusal: the kind of the error, without the names and numbers in it. Of a failure: what
  // is wrong.
  std::string reason;
  bool learned = false;  // a variable of synapses has changed by itself
};

// Runs a text on the reference backend and, with threads, a width, a layout and passes that `seed`
// chooses, on the accelerated one. One of them runs in two parts, or both, which are then compared
// at the cut as well.
Verdict TryNetwork(const std::string& text, uint64_t seed);
Verdict TryProgram(const std::string& text, uint64_t seed);

// Cuts a run of the reference at random steps: other engines take turns, each from the checkpoint
// of the one before, and give the same digests, the same bytes of all that they hold, and the same
// error.
Verdict TryContinuation(const std::string& text, uint64_t seed);

// The same of a network of MakePlasticNetwork, on two accelerated engines, of which one defers no
// code of synapses. Meanwhile the host looks at weights, sets some and injects spikes.
Verdict TryPlastic(const std::string& text, uint64_t seed);

// The directories that the files named in networks and programs are relative to.
std::string NetworkDirectory();
std::string ProgramDirectory();

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_TRIAL_H_
