// A simulation with what Python keeps of it: recorders of its spikes, and of variables.
#ifndef BNSYN_PYTHON_CORE_SESSION_H_
#define BNSYN_PYTHON_CORE_SESSION_H_

#include <pybind11/pybind11.h>
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
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

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // One thread at a time: raises where the simulation runs in another one.
  Simulation& Use();
  // The recorder of the spikes of a population, by its number; raises where none are recorded.
  const Recorder& SpikesOf(uint32_t population);
  // Records a variable in the runs to come; the number of its recorder.
  size_t Record(const bnsyn::Record& record);
  const Recorder& TraceOf(size_t number);
  // Calls what a weak reference refers to with what is recorded in the runs to come: its method
  // `_take` with times and neurons, or with times and rows of values. The weak reference lets
  // Python's garbage collector see cycles. An exception ends the run, and comes out of it.
  void Watch(const bnsyn::Record& record, const pybind11::object& weak);

  // Runs the steps without the lock of the interpreter, which is taken every few milliseconds: to
  // look for Ctrl-C, and to call `progress` with the steps that are done, those of the run, and the
  // seconds since it began. An exception of these ends the run after a whole step, and comes out.
  void Run(uint64_t steps, const pybind11::object& progress);

 private:
  explicit Session(Simulation simulation);

  const pid_t process_;
  std::unique_ptr<Simulation> simulation_;
  std::atomic<bool> running_ = false;
  // The exception of a function of Watch, which ends the run.
  std::optional<pybind11::error_already_set> failed_;
  std::vector<Recorder> spikes_;  // of the populations in this order
  std::vector<uint32_t> recorded_;
  std::vector<Recorder> traces_;
  std::vector<Recorder> watches_;
};

}  // namespace bnsyn::python

#endif  // BNSYN_PYTHON_CORE_SESSION_H_
