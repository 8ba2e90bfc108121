// Machine: the values and synapses of a program that runs.
#ifndef BNSYN_REFERENCE_MACHINE_H_
#define BNSYN_REFERENCE_MACHINE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ir/program.h"
#include "reference/accumulator.h"
#include "reference/array.h"
#include "reference/coarse.h"
#include "reference/connectivity.h"
#include "reference/fault.h"
#include "reference/synapse_table.h"

namespace bnsyn::reference {

struct Machine {
  // A machine with the declared initial values; call Begin() next.
  static absl::StatusOr<Machine> Create(ir::Program program);

  ir::Program program;
  std::vector<ir::Bits> params;
  // States of synapses are empty until AddSynapses. One with a history has place after place (see
  // ir::State::places), each with all elements.
  std::vector<Array> states;
  std::vector<SynapseTable> synapses;               // by projection; empty with dense propagation
  std::vector<std::vector<Quanta>> inputs;          // sums, by input and element
  std::vector<AccumulatorArithmetic> accumulators;  // by input
  std::vector<double> totals;                       // of the last reduce, by reduction
  CoarseTallies coarse;                             // of all contributions so far (R6)
  uint64_t step = 0;

  // During a step:
  std::vector<std::vector<uint32_t>> spikes;  // sorted, by population
  std::function<void()> deliver;              // runs the blocks of the spikes that arrive
  absl::Status input_fault;                   // the first of the step
  absl::Status arithmetic_fault;  // the first expectation that failed in the step, or in init
  std::optional<CheckFault> check_fault;

  // Runs the init block. Decaying sums begin with the values of their states after it.
  absl::Status Begin();
  // Takes all synapses of the next projection, with the initial values of their states.
  void AddSynapses(SynapseRows rows);
  void BeginStep();
  // Lets decaying sums decay, writes them to their states, and goes on to the next step.
  void EndStep();
  // Adds a value to an element of an input. A value that is not static is counted if it is coarse;
  // input_fault is set if it is out of range, or is coarse and the program is strict.
  void AddStatic(ir::InputId input, uint32_t element, double value);
  void AddComputed(ir::ProjectionId from, ir::InputId input, uint32_t element, double value);
  // Sets an element of a state, and of the sum that the state holds.
  absl::Status SetState(ir::StateId state, uint32_t element, ir::Bits value);
};

// True if a domain is that of a projection.
bool IsOfSynapses(const ir::Program& program, ir::DomainId domain);

// The states after the init block, by StateId; states of synapses are empty.
absl::StatusOr<std::vector<Array>> InitialStates(const ir::Program& program);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_MACHINE_H_
