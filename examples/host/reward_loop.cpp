// A robot that learns from reward to turn towards a light. In each trial the host shows it a light
// on one side, lets it look for a quarter of a second, and turns to the side whose motor neurons
// spiked more. If that is where the light is, there is more reward than expected, and the synapses
// that made the robot turn so grow (three factors: before, after, and reward).
#include <bnsyn/bnsyn.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace bnsyn::literals;

constexpr int kEyes = 100;   // the first half sees the light on the left
constexpr int kMotors = 40;  // the first half turns left
constexpr int kTrials = 120;

absl::StatusOr<bnsyn::Network> Brain() {
  bnsyn::Network net({.dt = 0.5_ms, .seed = 7, .name = "reward_loop"});
  const auto eye = net.AddModel(bnsyn::Model("eye").Equations("x : 1").Threshold("false"));
  const auto motor =
      net.AddModel(bnsyn::Model("motor")
                       .Equations("dV/dt = (g_L*(E_L - V) - g_ex*V + g_in*(E_in - V) + I)/C_m "
                                  ": volt (unless refractory)\n"
                                  "dg_ex/dt = -g_ex/(5 ms) : siemens\n"
                                  "dg_in/dt = -g_in/(10 ms) : siemens")
                       .Parameters({{"C_m", "200 pF"},
                                    {"g_L", "10 nS"},
                                    {"E_L", "-65 mV"},
                                    {"E_in", "-80 mV"},
                                    {"I", "40 pA"}})
                       .Threshold("V > -50 mV")
                       .Reset("V = -60 mV")
                       .Refractory(5_ms)
                       .Initial({{"V", "-65 mV"}}));
  const auto eyes = net.AddPopulation("eyes", eye, kEyes);
  const auto motors = net.AddPopulation("motors", motor, kMotors);
  // The neuromodulator: what the host gives, which fades.
  net.Uniform({.name = "M", .text = "M : 1"}, {.name = "M", .text = "M = M*exp(-dt/(100 ms))"});
  absl::StatusOr<bnsyn::Synapse> library = bnsyn::ReadLibrarySynapse("three_factor");
  if (!library.ok()) return library.status();
  const auto learning = net.AddSynapse(*std::move(library));
  net.Connect(
      "learn", eyes, motors, bnsyn::AllToAll(),
      bnsyn::ConnectOptions{
          .weight = 0.25_nS,
          .delay = 1_ms,
          .model = learning,
          .parameters = {{"w_max", 1_nS}, {"eta", "5e-5 nS"}, {"tau_e", 250_ms}, {"A_minus", 0.4}}}
          .Into("g_ex"));
  // The sides compete.
  net.Connect("compete", motors, motors, bnsyn::AllToAll().Where("(i < 20) != (j < 20)"),
              bnsyn::ConnectOptions{.weight = 0.5_nS, .delay = 1_ms}.OnPre("g_in_post += w"));
  bnsyn::Stimulus noise;
  noise.name = "noise";
  noise.targets = {motors};
  noise.rate = "300 Hz";
  noise.weight = 1_nS;
  net.AddStimulus(noise.OnEvent("g_ex += w"));
  return net;
}

// The spikes of the eyes that see the light in a millisecond: 40 Hz each.
std::vector<uint32_t> Look(bool left, std::mt19937& chance) {
  std::vector<uint32_t> seen;
  for (int i = 0; i < kEyes; ++i) {
    const bool lit = (i < kEyes / 2) == left;
    if (chance() % 1000 < (lit ? 40 : 2)) seen.push_back(static_cast<uint32_t>(i));
  }
  return seen;
}

absl::Status Learn() {
  absl::StatusOr<bnsyn::Network> net = Brain();
  if (!net.ok()) return net.status();
  absl::StatusOr<bnsyn::Simulation> brain =
      bnsyn::Compile(*net, {.backend = bnsyn::Backend::kAccelerated});
  if (!brain.ok()) return brain.status();
  const bnsyn::PopulationHandle eyes = *brain->Population("eyes");
  const bnsyn::PopulationHandle motors = *brain->Population("motors");

  std::mt19937 chance(1);
  double expected = 0;  // the mean reward so far
  int right_choices = 0;
  for (int trial = 1; trial <= kTrials; ++trial) {
    const bool left = chance() % 2 == 0;
    brain->ClearSpikes();
    for (int ms = 0; ms < 250; ++ms) {
      // It is dark at first, so that the last trial is over.
      if (ms >= 50) {
        if (absl::Status s = brain->InjectSpikes(eyes, Look(left, chance)); !s.ok()) return s;
      }
      if (absl::Status s = brain->Run(1_ms); !s.ok()) return s;
    }
    double turn = 0;  // to the left
    for (const uint32_t neuron : brain->Spikes(motors).neurons) {
      turn += neuron < kMotors / 2 ? 1 : -1;
    }
    turn /= static_cast<double>(brain->SpikeCount(motors)) + 1;
    const double reward = left ? turn : -turn;
    const double surprise = reward - expected;
    expected += 0.1 * surprise;
    right_choices += reward > 0 ? 1 : 0;
    const absl::StatusOr<double> m = brain->Uniform("M");
    if (!m.ok()) return m.status();
    if (absl::Status s = brain->SetState("M", 0, *m + surprise); !s.ok()) return s;
    if (trial % 20 != 0) continue;
    const absl::StatusOr<std::vector<double>> w = brain->StateByName("learn.w");
    if (!w.ok()) return w.status();
    double same = 0;  // mean weights to the side of the light, and to the other
    double other = 0;
    for (size_t s = 0; s < w->size(); ++s) {
      const bool crosses = (s / kMotors < kEyes / 2) != (s % kMotors < kMotors / 2);
      (crosses ? other : same) += (*w)[s] / (0.5 * kEyes * kMotors);
    }
    std::printf(
        "trials %3d to %3d: %2d of 20 right, weights %.2f nS to the same side, %.2f nS "
        "across\n",
        trial - 19, trial, right_choices, same, other);
    if (trial == kTrials && right_choices < 16) return absl::InternalError("it has not learned");
    right_choices = 0;
  }
  return absl::OkStatus();
}

}  // namespace

int main() {
  const absl::Status status = Learn();
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
