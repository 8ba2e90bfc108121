// Measures the time of each delivery and kernel of a step (EngineOptions::profile).
#ifndef BNSYN_RUNTIME_KERNEL_CLOCK_H_
#define BNSYN_RUNTIME_KERNEL_CLOCK_H_

#include <chrono>
#include <cstddef>
#include <vector>

#include "ir/program.h"
#include "runtime/engine_options.h"
#include "runtime/exchange/schedule.h"

namespace bnsyn {

// Adds the time from its construction to its destruction to `*seconds`, unless that is null.
class Timer {
 public:
  explicit Timer(double* seconds) : seconds_(seconds) {
    if (seconds_ != nullptr) begin_ = std::chrono::steady_clock::now();
  }
  ~Timer() {
    if (seconds_ == nullptr) return;
    *seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

 private:
  double* const seconds_;
  std::chrono::steady_clock::time_point begin_;
};

// The time of the first thread in each delivery and kernel of its schedule.
class KernelClock {
 public:
  // A clock that measures nothing.
  KernelClock() = default;
  KernelClock(const ir::Program& program, const StepSchedule& schedule)
      : deliveries_(schedule.threads[0].deliveries.size()), kernels_(program.step.size()) {}

  // What a Timer adds to; null on other threads, and if nothing is measured. `number` is the index
  // of the delivery in the schedule, or of the kernel in ir::Program::step.
  double* OfDelivery(int thread, size_t number) {
    return thread == 0 && !kernels_.empty() ? &deliveries_[number] : nullptr;
  }
  double* OfKernel(int thread, size_t number) {
    return thread == 0 && !kernels_.empty() ? &kernels_[number] : nullptr;
  }
  // `program` and `schedule` are those of the constructor.
  std::vector<KernelTime> Times(const ir::Program& program, const StepSchedule& schedule) const;

 private:
  std::vector<double> deliveries_;  // seconds
  std::vector<double> kernels_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_KERNEL_CLOCK_H_
