// Reads one variable of a simulation again and again.
#ifndef BNSYN_RUNTIME_SAMPLER_H_
#define BNSYN_RUNTIME_SAMPLER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bnsyn/simulation.h"
#include "ir/diagnostic.h"
#include "reference/array.h"
#include "runtime/simulation_impl.h"

namespace bnsyn {

class Sampler {
 public:
  // What `name` selects: "exc.V", "left.V[0:10]", "ee.w", "sigma". Errors point into the text. The
  // simulation must outlive the sampler; it may be moved.
  static absl::StatusOr<Sampler> Create(const Simulation& simulation, const ir::SourceText& name);

  // The state behind the variable. Parameters that are compiled in may give it another number.
  absl::StatusOr<ir::StateId> State() const;
  // The numbers of the neurons or synapses that are selected; nullopt for all.
  const std::optional<std::vector<uint32_t>>& elements() const { return elements_; }

  // Shows all present values of the variable, the selected ones and the others. They are valid
  // within `use`.
  absl::Status Read(absl::FunctionRef<absl::Status(reference::ArrayView)> use) const;

 private:
  SimulationAccess::Impl* simulation_ = nullptr;
  std::string variable_;
  mutable ir::StateId state_ = 0;  // as last found
  std::optional<std::vector<uint32_t>> elements_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_SAMPLER_H_
