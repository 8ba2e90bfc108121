// A control loop around a network, as in a robot. In each millisecond the host turns what its
// sensors see into spikes and runs the network. Ten times a second it reads the motor neurons and
// sets how excitable they are, without recompiling.
#include <bnsyn/bnsyn.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace bnsyn::literals;

constexpr int kSensors = 50;
constexpr int kMotors = 200;

bnsyn::Network Brain() {
  bnsyn::Network net({.dt = 0.1_ms, .seed = 7, .name = "robot"});
  // Sensors never spike by themselves: the host says when they do.
  const auto sensor = net.AddModel(bnsyn::Model("sensor").Equations("x : 1").Threshold("false"));
  const auto motor = net.AddModel(bnsyn::Model("motor")
                                      .Equations("dV/dt = (E_L + drive - V)/tau_m - g/C : volt\n"
                                                 "dg/dt = -g/tau_s : amp")
                                      .Parameters({{"E_L", "-70 mV"},
                                                   {"drive", "15 mV"},
                                                   {"tau_m", "20 ms"},
                                                   {"tau_s", "5 ms"},
                                                   {"C", "100 pF"}})
                                      .Tunable({"drive"})
                                      .Threshold("V >= -50 mV")
                                      .Reset("V = -65 mV")
                                      .Refractory(2_ms));
  const auto eyes = net.AddPopulation("eyes", sensor, kSensors);
  const auto left =
      net.AddPopulation("left", motor, kMotors, {}, {{"V", "uniform(-70 mV, -60 mV)"}});
  const auto right =
      net.AddPopulation("right", motor, kMotors, {}, {{"V", "uniform(-70 mV, -60 mV)"}});
  const auto excite = bnsyn::ConnectOptions{.weight = "15 pA", .delay = 1_ms}.OnPre("g_post -= w");
  const auto inhibit =
      bnsyn::ConnectOptions{.weight = "2 pA", .delay = 1.5_ms}.OnPre("g_post += w");
  net.Connect("see_left", eyes, left, bnsyn::Bernoulli(0.3), excite);
  net.Connect("see_right", eyes, right, bnsyn::Bernoulli(0.3), excite);
  net.Connect("left_right", left, right, bnsyn::Bernoulli(0.2), inhibit);
  net.Connect("right_left", right, left, bnsyn::Bernoulli(0.2), inhibit);
  return net;
}

// The sensors that see something in this millisecond: a light that sweeps across them.
std::vector<uint32_t> Look(int millisecond) {
  const int at = millisecond / 10 % kSensors;
  std::vector<uint32_t> seen;
  for (int i = at; i < at + 5 && i < kSensors; ++i) seen.push_back(static_cast<uint32_t>(i));
  return seen;
}

absl::Status Live() {
  absl::StatusOr<bnsyn::Simulation> brain =
      bnsyn::Compile(Brain(), {.backend = bnsyn::Backend::kAccelerated, .record_spikes = false});
  if (!brain.ok()) return brain.status();
  const bnsyn::PopulationHandle eyes = *brain->Population("eyes");
  const bnsyn::PopulationHandle left = *brain->Population("left");
  const bnsyn::PopulationHandle right = *brain->Population("right");

  for (int decisecond = 0; decisecond < 10; ++decisecond) {
    const bool awake = decisecond >= 5;
    for (const char* drive : {"left.drive", "right.drive"}) {
      const bnsyn::Quantity value = awake ? 22_mV : 15_mV;
      if (absl::Status s = brain->SetParameter(drive, value); !s.ok()) return s;
    }
    brain->ClearSpikes();
    for (int ms = 0; ms < 100; ++ms) {
      if (absl::Status s = brain->InjectSpikes(eyes, Look(100 * decisecond + ms)); !s.ok()) {
        return s;
      }
      if (absl::Status s = brain->Run(1_ms); !s.ok()) return s;
    }
    const auto rate = [&](bnsyn::PopulationHandle population) {
      return static_cast<double>(brain->SpikeCount(population)) / (0.1 * kMotors);
    };
    std::printf("%4.0f ms  %-6s  left %5.1f Hz  right %5.1f Hz\n", brain->time_ms(),
                awake ? "awake" : "drowsy", rate(left), rate(right));
  }
  std::printf("%llu spikes in %.0f ms of network time\n",
              static_cast<unsigned long long>(brain->report().spikes), brain->time_ms());
  return brain->report().spikes > 0 ? absl::OkStatus() : absl::InternalError("nothing spiked");
}

}  // namespace

int main() {
  const absl::Status status = Live();
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
