// All that changes while a program runs, and its synapses.
#ifndef BNSYN_REFERENCE_MACHINE_H_
#define BNSYN_REFERENCE_MACHINE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/connectivity.h"
#include "reference/decay.h"
#include "reference/synapse_table.h"

namespace bnsyn::reference {

struct Machine {
  // With the declared initial values; the init block is still to be run.
  static absl::StatusOr<Machine> Create(ir::Program program);

  ir::Program program;
  std::vector<ir::Bits> params;
  std::vector<Array> states;                 // those of synapses are empty until there are synapses
  std::vector<SynapseTable> synapses;        // by projection; empty with dense propagation
  std::vector<std::vector<int64_t>> inputs;  // quanta, by input and element
  std::vector<std::optional<DecayTable>> decays;  // by input
  std::vector<double> totals;                     // of the last reduce, by reduction
  uint64_t step = 0;

  // Of the step that runs.
  std::vector<std::vector<uint32_t>> spikes;  // sorted, by population
  bool check_failed = false;
  absl::Status input_fault;  // the first; the others of the step are not told

  // Runs the init block; decaying inputs begin with what their states are after it.
  absl::Status Begin();
  // Takes the synapses of the next projection, all of them, and what their states begin with.
  void AddSynapses(SynapseRows rows);
  void BeginStep();
  // Lets what decays do so, shows it, and goes on to the next step.
  void EndStep();
  // Adds an amount to an input, or notes that it is out of range.
  void Accumulate(ir::InputId input, uint32_t element, double value);
  // Sets an element of a state, and of the input that it shows.
  absl::Status SetState(ir::StateId state, uint32_t element, ir::Bits value);
};

// Whether a domain is that of a projection.
bool IsOfSynapses(const ir::Program& program, ir::DomainId domain);

// The states after the init block, by StateId; those of synapses are empty.
absl::StatusOr<std::vector<Array>> InitialStates(const ir::Program& program);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_MACHINE_H_
