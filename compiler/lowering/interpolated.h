// Spikes at the time at which the threshold comes to hold, within a step of rk45.
#ifndef BNSYN_COMPILER_LOWERING_INTERPOLATED_H_
#define BNSYN_COMPILER_LOWERING_INTERPOLATED_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/equations/ode_system.h"
#include "compiler/equations/rk45.h"
#include "compiler/lowering/code_scope.h"

namespace bnsyn::compiler {

// The state that has, for each step that spikes may still be on their way from, how long before the
// end of it each neuron spiked: 0 where it did not.
std::string PastOfSpikesName(const Section& section);

// Refuses what has no meaning with interpolated spike times.
absl::Status CheckInterpolated(const Declarations& declared, const Section& section);

// The threshold, the reset and the refractoriness of a population as code of the passes of rk45.
class InterpolatedSpikes : public SpikesWithin {
 public:
  // Both must outlive it. In the scope are the values before the update.
  InterpolatedSpikes(CodeScope& scope, const OdeSystem& system) : scope_(scope), system_(system) {}

  std::vector<LoopVariable> Begin(
      const std::function<ir::Value(ir::Element element)>& stand_in) override;
  ir::Value InPass(ir::Value value) override;
  ir::Value EndsAfter() override;
  ir::Value Condition(const std::vector<ir::Value>& at) override;
  void End(ir::Value spiked, ir::Value taken, ir::Value h, ir::Value left,
           std::vector<ir::Value>& at, absl::Span<LoopVariable> variables) override;
  // The scope then has the variables that the reset changed, and knows who spiked, and when.
  void After(absl::Span<const ir::Value> values) override;

  // An error of the code, once it is emitted.
  const absl::Status& status() const { return status_; }

 private:
  // The loop's variables that are not of the model stand first.
  enum Place : size_t { kSpiked, kBefore, kRefractory };
  bool IsRefractory() const { return scope_.section().refractory.state.has_value(); }
  size_t FirstVariable() const { return IsRefractory() ? kRefractory + 1 : kRefractory; }
  // The time of a point of the step, of which `left` is left.
  ir::Value TimeWith(ir::Value left);
  void Assume(const std::vector<ir::Value>& at);
  ir::Value RefractoryAfter(ir::Value spiked, ir::Value taken, ir::Value h);
  void Note(const absl::Status& status) {
    if (status_.ok()) status_ = status;
  }

  CodeScope& scope_;
  const OdeSystem& system_;
  Environment outer_;                       // before the loop
  std::vector<const Variable*> variables_;  // that the reset changes, without differential equation
  std::vector<ir::Value> stand_ins_;        // of what Begin returned
  Replacement in_pass_;                     // what those stand for, and who is active
  absl::Status status_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_INTERPOLATED_H_
