// The reference backend: runs a program node by node over whole arrays, in program order. It is the
// oracle: written to be read, never changed for speed. It runs the program after any pass.
#ifndef BNSYN_REFERENCE_INTERPRETER_H_
#define BNSYN_REFERENCE_INTERPRETER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/accumulator.h"
#include "reference/array.h"
#include "reference/coarse.h"
#include "reference/digest.h"
#include "reference/moment.h"

namespace bnsyn::reference {

// How spikes reach their targets. Both give the same bits (R6).
enum class Propagation {
  kCsr,    // rows of synapses, event by event
  kDense,  // a matrix of quanta times the vector of spikes (Eigen). Takes 8 N_pre N_post bytes, and
           // needs on_pre code that depends on nothing but the weight
};

// What another engine holds before a step.
struct StepStart {
  uint64_t step = 0;
  std::vector<ir::Bits> params;
  std::vector<Array> states;   // by StateId; those of synapses by number of the synapse
  std::vector<double> totals;  // by ReductionId: the last ones
  // By projection: true if the sums have what its on_pre block adds in this step. Such a projection
  // has no other blocks, and its synapses are not drawn.
  std::vector<bool> delivered;
  std::vector<std::vector<Quanta>> sums;  // by InputId
  // The sorted spikes of a population in one of the MaxDelay() steps before; of the step itself,
  // those that the host injected.
  std::function<std::vector<uint32_t>(ir::PopulationId, uint64_t step)> spikes;
};

class Interpreter {
 public:
  // Verifies the program, draws its connectivity and runs its init block. Fails if a projection
  // does not fit the propagation, or if an input could exceed its limits (R6).
  static absl::StatusOr<std::unique_ptr<Interpreter>> Create(ir::Program program,
                                                             Propagation propagation);
  // The same before a later step, for one call of Step. Its digest is of no use.
  static absl::StatusOr<std::unique_ptr<Interpreter>> CreateAt(ir::Program program,
                                                               const StepStart& start);
  virtual ~Interpreter() = default;

  virtual const ir::Program& program() const = 0;
  virtual uint64_t step() const = 0;  // number of the next step
  virtual uint64_t synapses() const = 0;

  // Runs one step. After a fault (R6, R10) the state is as the step stored it.
  virtual absl::Status Step() = 0;

  virtual ArrayView State(ir::StateId state) const = 0;
  virtual absl::Status SetState(ir::StateId state, uint32_t element, ir::Bits value) = 0;
  virtual absl::Status SetParam(ir::ParamId param, ir::Bits value) = 0;
  // Sorted indices of the neurons that spiked in the last step.
  virtual absl::Span<const uint32_t> LastSpikes(ir::PopulationId population) const = 0;
  // Adds spikes, which act as if they had been found in the last step; where the step delivers, as
  // if they were found in the next.
  virtual absl::Status InjectSpikes(ir::PopulationId population,
                                    absl::Span<const uint32_t> neurons) = 0;

  // The digest (R11) of the present state and all spikes since step 0.
  virtual Digest ComputeDigest() const = 0;

  // The coarse contributions (R6): those of synapses and events that were known before step 0, and
  // those that were added since.
  virtual const CoarseTallies& Coarse() const = 0;

  // The present, without the counts of spikes, and a return to a moment of this program.
  virtual Moment Now() const = 0;
  virtual void Resume(const Moment& moment, const StateValues& values) = 0;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_INTERPRETER_H_
