#include "python/core/session.h"

#include <pybind11/numpy.h>
#include <unistd.h>

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
class Warden {
 public:
  Warden(uint64_t total, const py::object& progress) : total_(total), progress_(progress) {}

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

// Marks a session as running. It is made and ends with the interpreter's lock held, so that no
// other thread finds the session free in between.
class Running {
 public:
  explicit Running(std::atomic<bool>& running) : running_(running) { running_ = true; }
  ~Running() { running_ = false; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  std::atomic<bool>& running_;
};

template <typename T>
py::array Copy(const std::vector<T>& values, std::vector<py::ssize_t> shape) {
  return py::array_t<T>(std::move(shape), values.data());
}

// What a function of Watch takes.
void Call(const py::object& taker, const RecordShape& shape, const RecordData& data) {
  const auto count = static_cast<py::ssize_t>(data.times.size());
  const py::array times = Copy(data.times, {count});
  if (shape.kind == RecordKind::kSpikes) {
    taker.attr("_take")(times, Copy(data.neurons, {count}));
    return;
  }
  const std::vector<py::ssize_t> rows = {count, static_cast<py::ssize_t>(shape.width())};
  switch (shape.type) {
    case RecordedType::kF64:
      taker.attr("_take")(times, Copy(data.f64, rows));
      break;
    case RecordedType::kF32:
      taker.attr("_take")(times, Copy(data.f32, rows));
      break;
    case RecordedType::kI64:
      taker.attr("_take")(times, Copy(data.i64, rows));
      break;
  }
}

}  // namespace

Session::Session(Simulation simulation)
    : process_(getpid()), simulation_(std::make_unique<Simulation>(std::move(simulation))) {}

// The threads of a simulation are not in a process that was forked, so nobody can end them there.
Session::~Session() {
  if (getpid() != process_) static_cast<void>(simulation_.release());
}

absl::StatusOr<std::shared_ptr<Session>> Session::Create(Simulation simulation,
                                                         bool record_spikes) {
  std::shared_ptr<Session> session(new Session(std::move(simulation)));
  const ir::Program& program = ProgramOf(*session->simulation_);
  for (uint32_t p = 0; record_spikes && p < program.populations.size(); ++p) {
    if (!program.HasNeurons(p)) continue;
    BNSYN_ASSIGN_OR_RETURN(
        Recorder recorder,
        Recorder::ToMemory(*session->simulation_, Record::Spikes(program.populations[p].name)));
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
  return *simulation_;
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

void Session::Watch(const bnsyn::Record& record, const py::object& weak) {
  const RecordFunction function = [this, weak](const RecordShape& shape, const RecordData& data) {
    const py::gil_scoped_acquire lock;
    try {
      const py::object taker = weak();
      if (!taker.is_none()) Call(taker, shape, data);
    } catch (py::error_already_set& error) {
      failed_.emplace(std::move(error));
      return absl::AbortedError("a function that takes what is recorded raised an exception");
    }
    return absl::OkStatus();
  };
  watches_.push_back(Take(Recorder::ToFunction(Use(), record, function)));
}

void Session::Run(uint64_t steps, const py::object& progress) {
  Use();
  if (getpid() != process_) {
    Raise(absl::FailedPreconditionError(
        "the simulation belongs to the process that compiled it, and this one was forked from it: "
        "compile the network here"));
  }
  const Running running(running_);
  Warden warden(steps, progress);
  absl::Status status;
  {
    const py::gil_scoped_release unlocked;
    RunControl control;
    control.cancel = &warden.cancel();
    control.progress = [&](const Progress& now) { warden.Look(now.done); };
    status = simulation_->Step(steps, control);
  }
  if (failed_.has_value()) {
    py::error_already_set error = *std::move(failed_);
    failed_.reset();
    throw error;
  }
  if (warden.error().has_value()) throw *std::move(warden.error());
  Check(status);
}

}  // namespace bnsyn::python
