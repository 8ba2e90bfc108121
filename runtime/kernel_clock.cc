#include "runtime/kernel_clock.h"

#include <string>

namespace bnsyn {

std::vector<KernelTime> KernelClock::Times(const ir::Program& program,
                                           const StepSchedule& schedule) const {
  std::vector<KernelTime> times;
  if (kernels_.empty()) return times;
  const auto add = [&](const std::string& name) {
    times.push_back({name, KernelKind::kDelivery, deliveries_[times.size()]});
  };
  for (const Delivery& delivery : schedule.threads[0].deliveries) add(delivery.name);
  for (size_t k = 0; k < kernels_.size(); ++k) {
    const ir::Block& kernel = program.step[k];
    KernelKind kind = KernelKind::kPopulation;
    if (kernel.domain == ir::DomainId::kNetwork) kind = KernelKind::kNetwork;
    if (program.RunsSynapses(kernel)) kind = KernelKind::kDelivery;
    times.push_back({kernel.name, kind, kernels_[k]});
  }
  return times;
}

}  // namespace bnsyn
