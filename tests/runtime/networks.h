// Small networks for the tests of the runtime, as text of the IR, and from text to a simulation.
#ifndef BNSYN_TESTS_RUNTIME_NETWORKS_H_
#define BNSYN_TESTS_RUNTIME_NETWORKS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/program.h"
#include "ir/text.h"
#include "runtime/simulation_internal.h"

namespace bnsyn {

// Noisy neurons in two populations, neither a multiple of the group size, with delays of 1, 3 and
// 15 steps, an on_pre block that reads states, counts, a sum over a population, uniform state, and
// a parameter that is tunable. It spikes from the first millisecond on.
extern const char* const kBalanced;

// Noisy neurons that count their spikes, and others that spike at random; a uniform state; no
// thread needs anything but spikes of another, after 15 steps or more.
extern const char* const kNoisy;

// Two populations whose neurons spike when an event of at least a tunable threshold arrives, joined
// pairwise in circles of 3 + 2 steps: silent until something is injected, and going on for ever
// after.
extern const char* const kRing;

// The program of a text, or a failed test.
ir::Program Parsed(const std::string& text, const std::string& directory = ".");
// The simulation of a text, or a failed test.
Simulation Compiled(const std::string& text, const EngineOptions& options = {});

// The network of a file with this text, or a failed test.
Network ParsedNetwork(const std::string& text, const std::string& directory = ".");
// Its simulation.
Simulation CompiledNetwork(const Network& network, const EngineOptions& options = {});
Simulation CompiledNetwork(const std::string& text, const EngineOptions& options = {});

// The first element of a state; NaN, and a failed test, if there is no such state.
double FirstOf(const Simulation& simulation, const std::string& state);
// The times of the spikes of a population, in ms.
std::vector<double> TimesOf(const Simulation& simulation, const std::string& population);

// `text` with each occurrence of `from` replaced by `to`; fails the test if there is none.
std::string Replaced(std::string text, const std::string& from, const std::string& to);

// Options for a backend.
EngineOptions Reference();
EngineOptions Accelerated(int threads = 1, int width = 0);

}  // namespace bnsyn

#endif  // BNSYN_TESTS_RUNTIME_NETWORKS_H_
