// Parts of stimuli that the code of events (events.cc) and of currents (current.cc) shares.
#ifndef BNSYN_COMPILER_LOWERING_STIMULUS_H_
#define BNSYN_COMPILER_LOWERING_STIMULUS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/lowering/code_scope.h"
#include "compiler/lowering/declarations.h"
#include "compiler/lowering/program_builder.h"

namespace bnsyn::compiler {

// True if a stimulus brings a current, false if it brings events.
bool BringsCurrent(const Stimulus& stimulus);

// An error about a stimulus as a whole, shown at its name.
absl::Status StimulusError(const Stimulus& stimulus, absl::string_view message,
                           absl::string_view note = "");

// The value of a setting of the stimulus for each neuron. It must have the dimension `dimension`;
// `what` names it in errors.
absl::StatusOr<ir::Value> EmitSetting(const Setting& setting, const Dimension& dimension,
                                      const std::string& what, CodeScope& scope);
// The value of a setting made of constants and parameters alone; nullopt for others.
std::optional<Quantity> KnownSetting(const Setting& setting, const Section& section);

// True if some code of a stimulus reads the name; `code` is that of its target.
bool StimulusReads(const StimulusAt& at, const ModelCode& code, absl::string_view name);

// Makes i and N mean the numbers and the number of the neurons that a stimulus goes to, where its
// code reads them.
void BindNumbers(const StimulusAt& at, CodeScope& scope);
// True where the stimulus goes to the neuron; invalid where it goes to all.
ir::Value EmitSelected(const StimulusAt& at, CodeScope& scope);
// The same, and the step lies in [start, stop); invalid where both always hold.
ir::Value EmitActive(const StimulusAt& at, CodeScope& scope);

// Declare the input or state that events or a current need.
absl::Status DeclareEvents(const Declarations& declared, StimulusAt& at, ProgramBuilder& out);
absl::Status DeclareCurrent(const Declarations& declared, StimulusAt& at, ProgramBuilder& out);
// Declares the state in which a rate is checked while running, unless the rate is known before.
void DeclareRate(const Declarations& declared, StimulusAt& at, ProgramBuilder& out);
// The stimuli of a population in the order in which they act, as indices of
// Declarations::stimuli: by name, since floats are added in this order.
std::vector<size_t> StimuliOf(const Declarations& declared, size_t section);
// Emits one step.
absl::Status EmitEvents(const StimulusAt& at, CodeScope& scope);
absl::Status EmitCurrent(const StimulusAt& at, CodeScope& scope);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_STIMULUS_H_
