#include "python/core/session.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "ir/program.h"
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

absl::StatusOr<std::shared_ptr<Session>> Session::Create(Simulation simulation,
                                                         bool record_spikes) {
  std::shared_ptr<Session> session(new Session(std::move(simulation)));
  const ir::Program& program = ProgramOf(session->simulation_);
  for (uint32_t p = 0; record_spikes && p < program.populations.size(); ++p) {
    if (!program.HasNeurons(p)) continue;
    BNSYN_ASSIGN_OR_RETURN(
        Recorder recorder,
        Recorder::ToMemory(session->simulation_, Record::Spikes(program.populations[p].name)));
    session->spikes_.push_back(std::move(recorder));
    session->recorded_.push_back(p);
  }
  return session;
}

Simulation& Session::Use() {
  if (running_) {
    Raise(absl::FailedPreconditionError(
        "the simulation runs, in another thread or in the call of this progress function"));
  }
  return simulation_;
}

const Recorder& Session::SpikesOf(uint32_t population) {
  Use();
  const auto found = std::find(recorded_.begin(), recorded_.end(), population);
  if (found == recorded_.end()) {
    Raise(absl::FailedPreconditionError(
        "the spikes are counted, but not recorded: compile the network with record_spikes=True"));
  }
  return spikes_[static_cast<size_t>(found - recorded_.begin())];
}

size_t Session::Record(const bnsyn::Record& record) {
  traces_.push_back(Take(Recorder::ToMemory(Use(), record)));
  return traces_.size() - 1;
}

const Recorder& Session::TraceOf(size_t number) {
  Use();
  return traces_.at(number);
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
    control.progress = [&](const Progress& now) { watch.Look(now.done); };
    status = simulation_.Step(steps, control);
    running_ = false;
  }
  if (watch.error().has_value()) throw *std::move(watch.error());
  Check(status);
}

}  // namespace bnsyn::python
