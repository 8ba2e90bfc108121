// Shows that a silent network does not get slower (R9): times a step one second and thirty seconds
// after the last spike, while the conductances decay towards zero.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

#include "bnsyn/bnsyn.h"

namespace {

bnsyn::Simulation Silent(const char* time_before) {
  auto network = bnsyn::ReadNetwork(BNSYN_SOURCE_DIR "/examples/networks/bnsyn.toml");
  const auto must = [](const absl::Status& status) {
    if (status.ok()) return;
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    std::exit(1);
  };
  must(network.status());
  must(network->Set("N", "1000"));
  must(network->Set("adex.ext_rate", "0 Hz"));
  must(network->Set("duration", time_before));
  for (auto& population : network->populations) {
    for (const char* conductance : {"g_ampa", "g_nmda", "g_gaba"}) {
      population.initial.emplace_back(conductance, bnsyn::Setting("20 nS"));
    }
  }
  auto simulation = bnsyn::Compile(*network, {.backend = bnsyn::Backend::kAccelerated});
  must(simulation.status());
  const auto steps = bnsyn::DurationSteps(*network);
  must(steps.status());
  must(simulation->Step(*steps));
  if (simulation->report().spikes == 0) {
    must(absl::FailedPreconditionError("the network must spike before it falls silent"));
  }
  const uint64_t spikes = simulation->report().spikes;
  must(simulation->Step(1000));
  if (simulation->report().spikes != spikes) {
    must(absl::FailedPreconditionError("the network must have fallen silent"));
  }
  return *std::move(simulation);
}

void Step(benchmark::State& state, const char* time_before) {
  bnsyn::Simulation simulation = Silent(time_before);
  constexpr uint64_t kSteps = 1000;
  for (auto _ : state) {
    if (!simulation.Step(kSteps).ok()) state.SkipWithError("the run ended with an error");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kSteps));
}

}  // namespace

BENCHMARK_CAPTURE(Step, after_1_s, "1 s")->Unit(benchmark::kMillisecond)->Repetitions(5);
BENCHMARK_CAPTURE(Step, after_30_s, "30 s")->Unit(benchmark::kMillisecond)->Repetitions(5);
