// The inside of a Simulation, for tools and tests: its program, the bits of its states, and the
// options and reports of the compiler. Host programs need bnsyn/simulation.h alone.
//
//   EngineOptions options;
//   options.backend = Backend::kAccelerated;
//   options.compile.disabled_passes = {"fuse"};
//   absl::StatusOr<Simulation> sim = Compile(program, options);
//   const ir::StateId v = *ProgramOf(*sim).FindState("exc.V");
//   absl::Status flipped = SetRawState(*sim, v, 0, RawState(*sim, v).bits(0) ^ 1);
#ifndef BNSYN_RUNTIME_SIMULATION_INTERNAL_H_
#define BNSYN_RUNTIME_SIMULATION_INTERNAL_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "bnsyn/network.h"
#include "bnsyn/simulation.h"
#include "ir/program.h"
#include "reference/array.h"
#include "runtime/engine_options.h"

namespace bnsyn {

absl::StatusOr<Simulation> Compile(const Network& network, const EngineOptions& options);
// Runs a program as it is given.
absl::StatusOr<Simulation> Compile(ir::Program program, const EngineOptions& options = {});

// The program that runs: after the passes, for the accelerated backend.
const ir::Program& ProgramOf(const Simulation& simulation);
const EngineReport& ReportOf(const Simulation& simulation);

// The values of a state of ProgramOf(simulation), valid until the simulation runs or ends.
reference::ArrayView RawState(const Simulation& simulation, ir::StateId state);
// InvalidArgument if there is no such state or element. Bounds are not checked.
absl::Status SetRawState(Simulation& simulation, ir::StateId state, uint32_t element,
                         ir::Bits bits);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_SIMULATION_INTERNAL_H_
