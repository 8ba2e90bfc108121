// A simulation and what Python keeps of it: the spikes and the traces so far.
#ifndef BNSYN_PYTHON_CORE_SESSION_H_
#define BNSYN_PYTHON_CORE_SESSION_H_

#include <pybind11/pybind11.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bnsyn/simulation.h"
#include "python/core/growing.h"

namespace bnsyn::python {

// The spikes of a population, in order of (step, neuron).
struct SpikeStore {
  Growing<uint64_t> steps;
  Growing<uint32_t> neurons;
  Growing<double> times;  // ms
};

// A variable, or some of its elements, sampled between two steps: at the times 0, every, 2 every.
struct Trace {
  std::string variable;  // "exc[0:5].V"
  uint64_t every = 1;    // steps
  size_t width = 0;      // elements
  Growing<uint64_t> steps;
  Growing<double> times;   // ms
  Growing<double> values;  // a row of `width` for each sample
};

class Session {
 public:
  // `recorded` is false where the simulation keeps no spikes.
  Session(Simulation simulation, bool recorded);

  // One thread at a time: raises where the simulation runs in another one.
  Simulation& Use();
  const std::vector<SpikeStore>& spikes() const { return spikes_; }
  const std::vector<Trace>& traces() const { return traces_; }
  uint64_t SpikeCount(uint32_t population);

  // Samples a variable from now on, in the runs to come; returns the number of the trace.
  size_t AddTrace(const std::string& variable, uint64_t every);

  // Runs the steps without the lock of the interpreter, which is taken every few milliseconds: to
  // look for Ctrl-C, and to call `progress` with the steps that are done, those of the run, and the
  // seconds since it began. An exception of these ends the run after a whole step, and comes out.
  void Run(uint64_t steps, const pybind11::object& progress);

 private:
  absl::Status RunSampled(uint64_t steps, const RunControl& control);
  absl::Status Sample();
  // Moves the spikes of the simulation into the stores.
  void Collect();

  Simulation simulation_;
  bool recorded_;
  std::atomic<bool> running_ = false;
  std::vector<SpikeStore> spikes_;  // by population
  std::vector<Trace> traces_;
};

}  // namespace bnsyn::python

#endif  // BNSYN_PYTHON_CORE_SESSION_H_
