// Refractoriness within one step of a population.
#ifndef BNSYN_COMPILER_LOWERING_REFRACTORY_H_
#define BNSYN_COMPILER_LOWERING_REFRACTORY_H_

#include "absl/status/status.h"
#include "compiler/lowering/code_scope.h"

namespace bnsyn::compiler {

// Its functions are called once each, in this order, while the step is emitted.
class RefractoryStep {
 public:
  explicit RefractoryStep(CodeScope& scope) : scope_(scope) {}

  // Before events and stimuli: they do not change held variables of neurons that the last step left
  // refractory. Counts the remaining steps down by one, and sets which neurons are active. With
  // Schedule::kBrian2 also after the arrivals, for neurons that the spikes of the step left so.
  void Begin();
  // Before the update, which does not change held variables of neurons that are not active. Neurons
  // whose refractory condition no longer holds become active.
  absl::Status BeforeUpdate();
  // After the reset: neurons that `spiked` are refractory from the next step on.
  absl::Status End(ir::Value spiked);

 private:
  absl::StatusOr<ir::Value> StepsTaken();
  // Schedule::kBrian2: true while the time since the last spike is less than the refractory time.
  absl::StatusOr<ir::Value> IsWithinTime();

  // True if the state says whether a neuron is refractory, and not for how many steps.
  bool is_flag() const;

  CodeScope& scope_;
  ir::Value left_;  // the steps left, or true if the neuron is refractory
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_REFRACTORY_H_
