// The options of a compilation. Code follows from the program, these options and the target alone.
#ifndef BNSYN_COMPILER_OPTIONS_H_
#define BNSYN_COMPILER_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "ir/program.h"

namespace bnsyn::compiler {

struct CompileOptions {
  // Lanes of emitted vectors: 1, 2, 4, 8 or 16; 0 takes the machine's own choice.
  int width = 0;
  // LLVM's optimisation level, 0 to 3.
  int optimization = 2;
  // Passes to leave out, by name, and rows of the plans of kernels (PlanRows()). Without one of
  // them or of AllPasses() code is slower and computes the same. Without one of AllPreparePasses(),
  // or kSynapseTraces, the program is another one, and may round differently.
  std::vector<std::string> disabled_passes;
  // Passes and rows whose work is dropped silently, to see that their checks notice. For tests.
  std::vector<std::string> dropped_passes;

  // On_post code is deferred (compiler/analysis/deferral.h) of projections that are expected to have
  // at least so many synapses: kDeferFrom where that is to pay, 0 wherever it is right.
  double defer_from = 0;

  // Where compiled objects are kept; empty for no cache. DefaultCacheDirectory() is
  // $BNSYN_CACHE, $XDG_CACHE_HOME/bnsyn or ~/.cache/bnsyn.
  std::string cache_directory;
  uint64_t cache_bytes = uint64_t{256} << 20;  // the most that they may take together
  // On a cache hit, compile all the same and fail unless the object is the same.
  bool check_cache = false;

  // Tell gdb and perf of the kernels.
  bool register_with_debugger = false;

  // Where to write the program after each pass that changed it; empty for nowhere. Default from
  // $BNSYN_DUMP.
  std::string dump_directory;
};

// Fewer synapses are in the caches when spikes of their targets visit them. At so many a run of
// brunel-stdp.toml takes 0.7 of the time if they are deferred (N = 4000), at 10^7 0.35.
inline constexpr double kDeferFrom = 1e6;

// What lowering does by itself and may be left out like a pass: event-driven variables that are
// equal for all synapses of a neuron become states of the neuron.
inline constexpr absl::string_view kSynapseTraces = "synapse_traces";

// Called with the name of a stage, the program after it, and the time that it took: "lowered" and
// the prepare passes while a network is lowered, "program" and the passes while it is compiled.
using StageObserver =
    std::function<void(absl::string_view stage, const ir::Program& program, double milliseconds)>;

std::string DefaultCacheDirectory();

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_OPTIONS_H_
