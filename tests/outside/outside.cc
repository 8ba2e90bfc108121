// A host program that is built with an installed bnsyn alone: `outside NETWORK` runs two
// simulations in two threads of the process, of the network in the file and of one that it
// describes itself with a model of the library, and prints a digest of each. The reference backend
// gives the same.
#include <bnsyn/bnsyn.h>

#include <array>
#include <cstdio>
#include <string>
#include <thread>

namespace {

using namespace bnsyn::literals;

struct Result {
  absl::Status status;
  uint64_t spikes = 0;
  std::string digest;
};

absl::StatusOr<bnsyn::Network> Described() {
  bnsyn::Network net({.dt = 0.1_ms, .seed = 42});
  absl::StatusOr<bnsyn::Model> library = bnsyn::ReadLibraryModel("lif_cond_exp");
  if (!library.ok()) return library.status();
  const auto model = net.AddModel(*std::move(library));
  const auto cells =
      net.AddPopulation("cells", model, 200, {{"I_e", 500_pA}}, {{"V", "uniform(-70 mV, -55 mV)"}});
  net.Connect("all", cells, cells, bnsyn::Bernoulli(0.1),
              bnsyn::ConnectOptions{.weight = 1_nS, .delay = 1.5_ms}.OnPre("g_ex_post += w"));
  return net;
}

Result Run(const absl::StatusOr<bnsyn::Network>& net, const bnsyn::SimulationOptions& options) {
  if (!net.ok()) return {net.status(), 0, ""};
  absl::StatusOr<bnsyn::Simulation> sim = bnsyn::Compile(*net, options);
  if (!sim.ok()) return {sim.status(), 0, ""};
  absl::Status ran = sim->Run(100_ms);
  return {ran, sim->report().spikes, sim->Digest().ToString()};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: outside NETWORK\n"), 2;
  const std::array<absl::StatusOr<bnsyn::Network>, 2> nets = {bnsyn::ReadNetwork(argv[1]),
                                                              Described()};
  std::array<Result, 2> results;
  std::array<std::thread, 2> threads;
  for (size_t i = 0; i < threads.size(); ++i) {
    threads[i] = std::thread([&, i] {
      results[i] = Run(nets[i], {.backend = bnsyn::Backend::kAccelerated, .threads = 2});
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < results.size(); ++i) {
    const Result oracle = Run(nets[i], {.backend = bnsyn::Backend::kReference});
    for (const Result& result : {results[i], oracle}) {
      if (!result.status.ok()) {
        return std::fprintf(stderr, "%s\n", std::string(result.status.message()).c_str()), 2;
      }
    }
    std::printf("%llu spikes, digest %s\n", static_cast<unsigned long long>(results[i].spikes),
                results[i].digest.c_str());
    if (results[i].spikes == 0 || results[i].digest != oracle.digest) {
      return std::fprintf(stderr, "the backends differ, or nothing spiked\n"), 1;
    }
  }
}
