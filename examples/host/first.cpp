// The shortest host program: a thousand leaky neurons, excitatory and inhibitory, for one second.
#include <bnsyn/bnsyn.h>

#include <cstdio>

int main() {
  using namespace bnsyn::literals;
  bnsyn::Network net({.dt = 0.1_ms, .seed = 42});
  auto lif = net.AddModel(bnsyn::Model("lif")
                              .Equations("dV/dt = (-45 mV - V)/(20 ms) : volt")
                              .Threshold("V >= -50 mV")
                              .Reset("V = -60 mV")
                              .Refractory(2_ms));
  auto exc = net.AddPopulation("exc", lif, 800, {}, {{"V", "uniform(-60 mV, -50 mV)"}});
  auto inh = net.AddPopulation("inh", lif, 200, {}, {{"V", "uniform(-60 mV, -50 mV)"}});
  auto add = bnsyn::ConnectOptions{.weight = 0.2_mV, .delay = 1.5_ms}.OnPre("V_post += w");
  auto subtract = bnsyn::ConnectOptions{.weight = 0.1_mV, .delay = 1_ms}.OnPre("V_post -= w");
  net.Connect("ei", exc, inh, bnsyn::Bernoulli(0.1), add);
  net.Connect("ie", inh, exc, bnsyn::Bernoulli(0.1), subtract);

  auto sim = bnsyn::Compile(net, {.backend = bnsyn::Backend::kAccelerated, .threads = 2});
  if (absl::Status ran = sim.ok() ? sim->Run(1_s) : sim.status(); !ran.ok()) {
    return std::fprintf(stderr, "%s\n", std::string(ran.message()).c_str()), 1;
  }
  std::printf("exc %.1f Hz, inh %.1f Hz, digest %s\n", double(sim->SpikeCount(exc)) / 800,
              double(sim->SpikeCount(inh)) / 200, sim->Digest().ToString().c_str());
}
