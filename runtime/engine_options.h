// The options and the report of a simulation with everything that tools and tests use: which parts
// of the compiler run, and where the time of each kernel and thread goes.
#ifndef BNSYN_RUNTIME_ENGINE_OPTIONS_H_
#define BNSYN_RUNTIME_ENGINE_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bnsyn/simulation.h"
#include "compiler/emission/jit.h"
#include "compiler/options.h"
#include "reference/interpreter.h"
#include "runtime/deferral/history.h"

namespace bnsyn {

using reference::Propagation;

struct EngineOptions : SimulationOptions {
  EngineOptions() = default;
  EngineOptions(const SimulationOptions& options)  // NOLINT: implicit on purpose
      : SimulationOptions(options) {
    compile.cache_directory = options.cache_directory;
    compile.cache_bytes = options.cache_bytes;
  }

  Propagation propagation = Propagation::kCsr;  // of the reference backend
  // Measures the time of each kernel of the accelerated backend (EngineReport::kernels), which
  // costs two readings of the clock for each kernel and step.
  bool profile = false;
  // How the accelerated backend lays out synapses: the best way, or one of LayoutNames() in
  // runtime/delivery/layout.h, for tests. The result is slower or larger, never different.
  std::string layout = "";
  // How much of the past is kept for deferred synapse code, for tests.
  HistoryLimits histories = {};
  compiler::CompileOptions compile = {};
};

enum class KernelKind : uint8_t { kDelivery, kPopulation, kNetwork };

// Time spent so far in one kernel by the first thread.
struct KernelTime {
  std::string name;  // of the kernel, or of the projection whose spikes are delivered
  KernelKind kind = KernelKind::kPopulation;
  double seconds = 0;
};

// Wall time of one thread of the accelerated backend while steps ran. It includes times in which
// the system ran other programs on the thread's core.
struct ThreadTime {
  double working_seconds = 0;
  double waiting_seconds = 0;  // for other threads
};

struct EngineReport : SimulationReport {
  compiler::CompileReport compile;
  std::vector<KernelTime> kernels;  // with EngineOptions::profile
  std::vector<ThreadTime> threads;  // of the accelerated backend
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_ENGINE_OPTIONS_H_
