// The emission phase: from Declarations to the blocks of the program.
#ifndef BNSYN_COMPILER_LOWERING_EMIT_H_
#define BNSYN_COMPILER_LOWERING_EMIT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/equations/integrate.h"
#include "compiler/lowering/code_scope.h"
#include "compiler/lowering/declarations.h"
#include "compiler/lowering/program_builder.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// In steps. Spikes of the longest delay are kept, so this is also a bound on memory.
inline constexpr uint32_t kLongestDelay = 1'000'000;

absl::Status Emit(const Declarations& declared, ProgramBuilder& out);
// Its parts, in this order: the connect block of each projection,
absl::Status EmitConnect(const Declarations& declared, const Connection& connection,
                         ProgramBuilder& out);
// the init block,
absl::Status EmitInit(const Declarations& declared, ProgramBuilder& out);
// Fails where a variable is linked to a neuron that there is not.
absl::Status CheckLinks(const Declarations& declared, ProgramBuilder& out);
// Finds the delays and the greatest probability of each projection with a connect block.
absl::Status BoundProjections(const Network& network, ir::Program& program);
// the on_pre, on_step and on_post blocks of each projection,
absl::Status EmitSynapses(const Declarations& declared, ProgramBuilder& out);
// Brings the event-driven variables of synapses to the time of code of the network: that of the
// beginning of the step, or behind it that of spikes. Nothing is stored.
absl::Status BringToTime(const SynapseModel& model, bool at_end, CodeScope& scope);
// Fails where what a synapse adds is known and not finite.
absl::Status CheckContributions(const Network& network, const ir::Program& program);
// and the step block.
absl::Status EmitStep(const Declarations& declared, ProgramBuilder& out);

// The clocks of populations and of the network.
struct Clocks {
  // A node of the step: it runs a clock, or sums over synapses for those behind it.
  struct Run {
    ir::Op op = ir::Op::kRun;
    uint64_t attr = 0;
  };
  std::vector<Run> at_start;  // in the order in which they run
  std::vector<Run> at_end;
  // States that count the spikes of a population since a clock ran: each step adds its spikes.
  std::vector<std::pair<ir::StateId, ir::PopulationId>> counts;
};
absl::StatusOr<Clocks> EmitClocks(const Declarations& declared, ProgramBuilder& out);
// The code of a clock and when it runs, for explanations.
std::string DescribeClock(const ClockCode& clock, double dt);

// Parts of EmitInit: where noise begins, and what the past of variables was.
absl::Status EmitNoiseInit(const Declarations& declared, ir::Builder& builder, ProgramBuilder& out);
// And which neurons are linked.
absl::Status EmitLinkInit(const Declarations& declared, ir::Builder& builder, ProgramBuilder& out);
void EmitHistoryInit(const Declarations& declared, ir::Builder& builder, ir::Program& program);
// Parts of EmitStep: the values that will be past, and those that are linked; population `index`
// and its stimuli, with its traces once it is known which neurons spiked; the network level; and
// noise that all populations share, which moves once everyone has read it.
void EmitHistories(const Declarations& declared, ir::Builder& builder);
void EmitLinks(const Declarations& declared, ir::Builder& builder, const ir::Program& program);
absl::Status EmitPopulation(const Declarations& declared, size_t index, ir::Builder& builder,
                            ProgramBuilder& out);
// The same for Schedule::kBrian2: what comes before the arrivals of a step, and what comes after.
absl::Status EmitUntilSpikes(const Declarations& declared, size_t index, ir::Builder& builder,
                             ProgramBuilder& out);
absl::Status EmitFromArrivals(const Declarations& declared, size_t index, ir::Builder& builder,
                              ProgramBuilder& out);
// Refuses a condition with a known probability outside [0, 1] (`rand() < p`, `bernoulli(p)`). If it
// is `checked`, those of the threshold that are not known are checked in each step.
absl::Status EmitChances(ir::Value condition, const Expr& expr, const ir::SourceText& text,
                         bool checked, CodeScope& scope);
// The stimuli of a population that act after arrivals, or the others.
absl::Status EmitStimuli(const Declarations& declared, size_t index, bool after_arrivals,
                         CodeScope& scope);
// Variables of synapses that neurons of a population hold and that decay in every step.
void EmitTraces(const Declarations& declared, size_t index, ir::Builder& builder,
                const ir::Program& program);
absl::Status EmitUniform(const Declarations& declared, ir::Builder& builder, ProgramBuilder& out);
absl::Status EmitSharedNoise(const Declarations& declared, ir::Builder& builder,
                             ProgramBuilder& out);
// The update code of the section of `scope`, then its differential equations over one step by the
// method of its model. `scope` holds the new values afterwards. Returns the decays among the moves.
absl::StatusOr<std::vector<Decayed>> EmitUpdate(const Declarations& declared, CodeScope& scope,
                                                ProgramBuilder& out);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_EMIT_H_
