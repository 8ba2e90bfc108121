#include "python/core/session.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "ir/status_macros.h"
#include "python/core/status.h"
#include "runtime/simulation_internal.h"

namespace py = pybind11;

namespace bnsyn::python {
namespace {

using Clock = std::chrono::steady_clock;
// How often a run looks for signals, and how often it shows how far it is.
constexpr std::chrono::milliseconds kSignals(5);
constexpr std::chrono::milliseconds kProgress(100);

// Looks after the interpreter while a run has given up its lock.
class Watch {
 public:
  Watch(uint64_t total, const py::object& progress) : total_(total), progress_(progress) {}

  const std::atomic<bool>& cancel() const { return cancel_; }
  // The exception that ended the run.
  std::optional<py::error_already_set>& error() { return error_; }

  void Look(uint64_t done) {
    const Clock::time_point now = Clock::now();
    if (now - looked_ < kSignals && done < total_) return;
    looked_ = now;
    const py::gil_scoped_acquire lock;
    if (error_.has_value()) return;
    try {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (progress_.is_none() || (now - shown_ < kProgress && done < total_)) return;
      shown_ = now;
      const std::chrono::duration<double> passed = now - begin_;
      progress_(done, total_, passed.count());
    } catch (py::error_already_set& error) {
      error_.emplace(std::move(error));
      cancel_ = true;
    }
  }

 private:
  const uint64_t total_;
  const py::object& progress_;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point looked_ = begin_;
  Clock::time_point shown_ = begin_;
  std::atomic<bool> cancel_ = false;
  std::optional<py::error_already_set> error_;
};

}  // namespace

Session::Session(Simulation simulation, bool recorded)
    : simulation_(std::move(simulation)),
      recorded_(recorded),
      spikes_(ProgramOf(simulation_).populations.size()) {}

Simulation& Session::Use() {
  if (running_) {
    Raise(absl::FailedPreconditionError(
        "the simulation runs, in another thread or in the call of this progress function"));
  }
  return simulation_;
}

uint64_t Session::SpikeCount(uint32_t population) {
  if (recorded_) return spikes_.at(population).steps.size();
  return Use().SpikeCount(PopulationHandle{population});
}

size_t Session::AddTrace(const std::string& variable, uint64_t every) {
  Trace& trace = traces_.emplace_back();
  trace.variable = variable;
  trace.every = every;
  const absl::StatusOr<std::vector<double>> values = Use().StateByName(variable);
  if (!values.ok()) traces_.pop_back();
  trace.width = Take(values).size();
  return traces_.size() - 1;
}

void Session::Run(uint64_t steps, const py::object& progress) {
  Use();
  Watch watch(steps, progress);
  absl::Status status;
  {
    const py::gil_scoped_release unlocked;
    running_ = true;
    RunControl control;
    control.cancel = &watch.cancel();
    const uint64_t begin = simulation_.step();
    control.progress = [&](const Progress&) { watch.Look(simulation_.step() - begin); };
    status = RunSampled(steps, control);
    if (recorded_) Collect();
    running_ = false;
  }
  if (watch.error().has_value()) throw *std::move(watch.error());
  Check(status);
}

absl::Status Session::RunSampled(uint64_t steps, const RunControl& control) {
  if (traces_.empty()) return simulation_.Step(steps, control);
  for (uint64_t left = steps;;) {
    BNSYN_RETURN_IF_ERROR(Sample());
    if (left == 0) return absl::OkStatus();
    uint64_t next = left;
    for (const Trace& trace : traces_) {
      next = std::min(next, trace.every - simulation_.step() % trace.every);
    }
    BNSYN_RETURN_IF_ERROR(simulation_.Step(next, control));
    left -= next;
  }
}

absl::Status Session::Sample() {
  const uint64_t step = simulation_.step();
  const double time = simulation_.time_ms();
  for (Trace& trace : traces_) {
    const size_t samples = trace.steps.size();
    if (step % trace.every != 0 || (samples > 0 && trace.steps[samples - 1] == step)) continue;
    BNSYN_ASSIGN_OR_RETURN(const std::vector<double> values,
                           simulation_.StateByName(trace.variable));
    trace.steps.Append({&step, 1});
    trace.times.Append({&time, 1});
    trace.values.Append(values);
  }
  return absl::OkStatus();
}

void Session::Collect() {
  for (uint32_t p = 0; p < spikes_.size(); ++p) {
    const SpikeTrain& train = simulation_.Spikes(PopulationHandle{p});
    spikes_[p].steps.Append(train.steps);
    spikes_[p].neurons.Append(train.neurons);
    spikes_[p].times.Append(simulation_.SpikeTimes(PopulationHandle{p}));
  }
  simulation_.ClearSpikes();
}

}  // namespace bnsyn::python
