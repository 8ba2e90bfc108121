// Refractoriness within a step, and the time of the last spike.
#ifndef BNSYN_COMPILER_LOWERING_REFRACTORY_H_
#define BNSYN_COMPILER_LOWERING_REFRACTORY_H_

#include "absl/status/status.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/scope.h"

namespace bnsyn::compiler {

// What follows is called by the step of a population, in this order, for one scope.
class RefractoryStep {
 public:
  RefractoryStep(const Lowering& lowering, CodeScope& scope) : lowering_(lowering), scope_(scope) {}

  // Before events and stimuli, which find a neuron as the last step left it: held variables lose
  // them where it was refractory. Takes the steps that are left down by one, and says which neurons
  // are active.
  void Begin();
  // Before the update, in which held variables keep their value where a neuron is not active: a
  // condition ends refractoriness where it does not hold.
  absl::Status BeforeUpdate();
  // After the reset: neurons that `spiked` are refractory from the next step on.
  absl::Status End(ir::Value spiked);

 private:
  absl::StatusOr<ir::Value> StepsTaken();

  const Lowering& lowering_;
  CodeScope& scope_;
  ir::Value left_;  // steps left, or whether the neuron is refractory
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_REFRACTORY_H_
