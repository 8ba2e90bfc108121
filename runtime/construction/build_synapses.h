// Draws all synapses of a network and stores them by group and thread.
#ifndef BNSYN_RUNTIME_CONSTRUCTION_BUILD_SYNAPSES_H_
#define BNSYN_RUNTIME_CONSTRUCTION_BUILD_SYNAPSES_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/options.h"
#include "ir/program.h"
#include "reference/event_file.h"
#include "runtime/delivery/layout.h"
#include "runtime/delivery/synapses.h"
#include "runtime/exchange/thread_team.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// Each thread draws the synapses onto its own neurons. Fails if an input might overflow in a step
// (R6). `program` is the program after the passes, `events` are those of each declaration.
// `progress`, if given, is called on this thread
// with the part that is done, as EngineOptions::construction is.
absl::StatusOr<Synapses> BuildSynapses(const ir::Program& program,
                                       absl::Span<const std::vector<reference::Event>> events,
                                       const Partition& partition, Layout layout,
                                       const compiler::CompileOptions& options, ThreadTeam& team,
                                       const std::function<void(double part)>& progress = {});

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONSTRUCTION_BUILD_SYNAPSES_H_
