// The parts of a step by their roles, for any network: `bnsyn bench` prints their times, and its
// --profile their counters and roofline as well.
#ifndef BNSYN_TOOLS_BENCH_PARTS_H_
#define BNSYN_TOOLS_BENCH_PARTS_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/bench.h"
#include "tools/output.h"
#include "tools/roofline.h"

namespace bnsyn::tools {

// A time by its measurements, in ns a step.
struct Measured {
  double least = 0;
  double noise = 0;  // how far their median is above it

  // At least one measurement.
  static Measured Of(std::vector<double> times);
};

struct Part {
  std::string name;
  Measured ns;
  double elements = 0;       // neurons, or synaptic events
  std::optional<Work> work;  // where it is known
  std::string missing;       // why the network has no such part; empty if it has
};

// A network under measurement, on one thread.
class Sample {
 public:
  // With `profile` each kernel is timed, which slows the step.
  static absl::StatusOr<Sample> Start(const ir::Program& program, const BenchArguments& arguments,
                                      bool profile);

  // Measures so many steps.
  absl::Status Run(uint64_t steps);

  Simulation& simulation() { return simulation_; }
  const Simulation& simulation() const { return simulation_; }
  size_t measurements() const { return step_.size(); }
  Measured step() const { return Measured::Of(step_); }
  // Of all kernels of a kind together.
  Measured of(KernelKind kind) const { return Measured::Of(kinds_[static_cast<size_t>(kind)]); }

 private:
  explicit Sample(Simulation simulation) : simulation_(std::move(simulation)) {}

  Simulation simulation_;
  std::vector<double> step_;
  std::array<std::vector<double>, 3> kinds_;  // by kind
};

// Measures two samples in turn: as often as the arguments say, and longer if that takes but a
// moment, so that other programs seldom disturb all measurements of one.
absl::Status RunInTurn(Sample& one, Sample& other, const BenchArguments& arguments);

// full_step, adex_update (the kernels of populations, whatever their model), synapse_propagation,
// conductance_decay and criticality_estimation (the kernels of the network), in this order.
struct Parts {
  std::vector<Part> parts;
  std::vector<std::string> notes;
  Sample plain;  // the run of full_step
};

// Runs the network, which must spike.
absl::StatusOr<Parts> MeasureParts(const Loaded& loaded, const BenchArguments& arguments);

// What it takes to let the states decay that only decay and receive. Fusion hides that in the
// update, and so it is left out, and priced by the difference. The note names the states.
struct DecayPrice {
  Part part;
  std::string note;
};
absl::StatusOr<DecayPrice> PriceDecay(const BenchArguments& arguments);

// With a roof, how near to it each part is.
Json ToJson(const Part& part, const Roof* roof);
std::string TableOf(const std::vector<Part>& parts, const Roof* roof);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_BENCH_PARTS_H_
