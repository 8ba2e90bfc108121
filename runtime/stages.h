// The stages between a network and machine code, each of which can be printed.
//
//   absl::StatusOr<StageTexts> texts =
//       DumpNetwork(network, options, [](const std::string& stage) { return stage == "fuse"; });
#ifndef BNSYN_RUNTIME_STAGES_H_
#define BNSYN_RUNTIME_STAGES_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bnsyn/network.h"
#include "ir/program.h"
#include "runtime/engine_options.h"

namespace bnsyn {

// The equations of a network in words: the first stage.
inline constexpr char kEquationsStage[] = "equations";
// How synapses lie in memory.
inline constexpr char kLayoutStage[] = "layout";

// The stages at which a network is lowered to the program that all engines run.
std::vector<std::string> PrepareStages();
// All stages in their order: the equations, the program that they become, each pass, the layout of
// its synapses in memory, the plans of the kernels after each row, then code.
std::vector<std::string> AllStages();

// Stages and their texts.
using StageTexts = std::vector<std::pair<std::string, std::string>>;
// The stages of a program, from "program" on, for which `wanted` is true, in order.
absl::StatusOr<StageTexts> DumpProgram(const ir::Program& program, const EngineOptions& options,
                                       const std::function<bool(const std::string&)>& wanted);
// Those of a network.
absl::StatusOr<StageTexts> DumpNetwork(const Network& network, const EngineOptions& options,
                                       const std::function<bool(const std::string&)>& wanted);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_STAGES_H_
