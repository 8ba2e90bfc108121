// A simulation with what Python keeps of it: recorders of its spikes, and of variables.
#ifndef BNSYN_PYTHON_CORE_SESSION_H_
#define BNSYN_PYTHON_CORE_SESSION_H_

#include <pybind11/pybind11.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bnsyn/record.h"
#include "bnsyn/recorder.h"
#include "bnsyn/simulation.h"

namespace bnsyn::python {

class Session {
 public:
  // With `record_spikes`, the spikes of each population are recorded to memory.
  static absl::StatusOr<std::shared_ptr<Session>> Create(Simulation simulation, bool record_spikes);

  // One thread at a time: raises where the simulation runs in another one.
  Simulation& Use();
  // The recorder of the spikes of a population, by its number; raises where none are recorded.
  const Recorder& SpikesOf(uint32_t population);
  // Records a variable in the runs to come; the number of its recorder.
  size_t Record(const bnsyn::Record& record);
  const Recorder& TraceOf(size_t number);

  // Runs the steps without the lock of the interpreter, which is taken every few milliseconds: to
  // look for Ctrl-C, and to call `progress` with the steps that are done, those of the run, and the
  // seconds since it began. An exception of these ends the run after a whole step, and comes out.
  void Run(uint64_t steps, const pybind11::object& progress);

 private:
  explicit Session(Simulation simulation) : simulation_(std::move(simulation)) {}

  Simulation simulation_;
  std::atomic<bool> running_ = false;
  std::vector<Recorder> spikes_;  // of the populations in this order
  std::vector<uint32_t> recorded_;
  std::vector<Recorder> traces_;
};

}  // namespace bnsyn::python

#endif  // BNSYN_PYTHON_CORE_SESSION_H_
