// What the sources of stimuli share: which kinds there are, and what each keeps. Inside
// compiler/lowering only.
#ifndef BNSYN_COMPILER_LOWERING_STIMULUS_H_
#define BNSYN_COMPILER_LOWERING_STIMULUS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/scope.h"

namespace bnsyn::compiler {

// One stimulus at one of its targets.
struct StimulusAt {
  const Stimulus& stimulus;
  size_t number;  // of the stimulus in the network
  size_t target;  // of the section

  std::pair<size_t, size_t> key() const { return {number, target}; }
};

// A stimulus brings events or a current; one from the host brings what it says it brings.
bool BringsCurrent(const Stimulus& stimulus);

// An error about a stimulus as a whole, drawn at its name.
absl::Status StimulusError(const Stimulus& stimulus, absl::string_view message,
                           absl::string_view note = "");

// The value of an expression of the stimulus for each neuron, of that dimension; `what` names it in
// errors.
absl::StatusOr<ir::Value> EmitSetting(const Setting& setting, const Dimension& dimension,
                                      const std::string& what, CodeScope& scope);
// The same where it is known now: nullopt where it depends on anything but constants and
// parameters.
std::optional<Quantity> KnownSetting(const Setting& setting, const Section& section);

// Whether the step lies in [start, stop): a uniform bool; invalid where it always does.
absl::StatusOr<ir::Value> EmitWindow(const Lowering& lowering, const Stimulus& stimulus,
                                     ir::Builder& builder);

// Declares what events or a current need to be kept (by DeclareStimuli).
absl::Status DeclareEvents(Lowering& lowering, const StimulusAt& at);
absl::Status DeclareCurrent(Lowering& lowering, const StimulusAt& at);
// The table of the events of kSpikes or kFile, which all targets share.
absl::StatusOr<ir::TableId> EventTable(Lowering& lowering, const Stimulus& stimulus);
// Emits one step.
absl::Status LowerEvents(Lowering& lowering, const StimulusAt& at, CodeScope& scope);
absl::Status LowerCurrent(Lowering& lowering, const StimulusAt& at, CodeScope& scope);

// Declares a state for a stimulus to keep something in.
ir::StateId AddStimulusState(Lowering& lowering, std::string name, ir::DomainId domain,
                             const Dimension& dimension);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_STIMULUS_H_
