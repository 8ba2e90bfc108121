// Synaptic tagging and capture over hours, against a program of plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "networks.h"

namespace bnsyn {
namespace {

constexpr size_t kSources = 8;
constexpr size_t kTargets = 5;
constexpr size_t kSynapses = kSources * kTargets;
constexpr double kDt = 20;        // ms
constexpr uint64_t kPeriod = 50;  // steps of a second
constexpr uint64_t kHour = 3600 * kPeriod;
constexpr uint64_t kHours = 3;
constexpr double kEtaF = 0.05;
constexpr double kTheta = 0.25;
constexpr int kTags = 12;
constexpr double kTauP = 2400;  // s

// Neurons that spike at random. Between the 10th and the 14th minute some of the sources are busy,
// so that their synapses get tags.
std::string Tagged() {
  return absl::StrCat(R"toml(
network = { dt = "20 ms", seed = 17 }
[uniform]
parameters = { N_p = 12, tau_p = "2400 s" }
equations = "P : 1"
[uniform.clocks.protein]
every = "1 s"
when = "end"
code = "P = clip(P + (1 - P if count(syn.tag) >= N_p else 0) - P*second/tau_p, 0, 1)"
[models.random]
equations = """
busy = t > 600*second and t < 840*second : boolean
s : 1
"""
threshold = "rand() < dt*(2 Hz if busy and i < 4 else 0.05 Hz)"
[populations]
pre = { model = "random", size = 8 }
post = { model = "random", size = 5 }
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
model = "consolidation"
into = "s"
weight = 1
parameters = { eta_f = 0.05, theta = 0.25, tau_plus = "50 ms", tau_minus = "50 ms", A_minus = 0.25 }
)toml");
}

// P7 in plain loops: pairs of spikes drive the fast weight once a second, and then, in this order,
// it forgets, tags are set and counted, protein is made and lost, and the slow weight follows.
class Program {
 public:
  Program() { fast_.fill(1); }

  void Step(uint64_t k, const std::vector<size_t>& sources, const std::vector<size_t>& targets) {
    for (double& x : x_) x *= std::exp(-kDt / 50);
    for (double& y : y_) y *= std::exp(-kDt / 50);
    for (const size_t i : sources) {
      for (size_t j = 0; j < kTargets; ++j) drive_[i * kTargets + j] -= 0.25 * y_[j];
    }
    for (const size_t i : sources) x_[i] += 1;
    for (const size_t j : targets) {
      for (size_t i = 0; i < kSources; ++i) drive_[i * kTargets + j] += x_[i];
    }
    for (const size_t j : targets) y_[j] += 1;
    if (k % kPeriod == 0) Second();
  }

  double protein() const { return protein_; }
  int tags() const { return tags_; }
  int most_tags() const { return most_tags_; }
  const std::array<double, kSynapses>& fast() const { return fast_; }
  const std::array<double, kSynapses>& slow() const { return slow_; }

 private:
  void Second() {
    constexpr double kSecond = 1;
    tags_ = 0;
    std::array<bool, kSynapses> tag;
    for (size_t s = 0; s < kSynapses; ++s) {
      fast_[s] += kEtaF * drive_[s] * kSecond;
      fast_[s] -= (fast_[s] - 1) / 1800 * kSecond;
      tag[s] = std::fabs(fast_[s] - 1) > kTheta;
      tags_ += tag[s] ? 1 : 0;
    }
    most_tags_ = std::max(most_tags_, tags_);
    const double made = tags_ >= kTags ? 1 : 0;
    protein_ += (made * (1 - protein_) - protein_ / kTauP) * kSecond;
    protein_ = std::min(std::max(protein_, 0.0), 1.0);
    for (size_t s = 0; s < kSynapses; ++s) {
      slow_[s] += 0.005 * (fast_[s] - slow_[s]) * (tag[s] ? 1 : 0) * protein_ * kSecond;
    }
    drive_.fill(0);
  }

  std::array<double, kSources> x_ = {};
  std::array<double, kTargets> y_ = {};
  std::array<double, kSynapses> fast_ = {};
  std::array<double, kSynapses> slow_ = {};
  std::array<double, kSynapses> drive_ = {};  // the sum of a second
  double protein_ = 0;
  int tags_ = 0;
  int most_tags_ = 0;
};

// By step, the neurons of a population that spiked.
std::vector<std::vector<size_t>> Spikes(const Simulation& simulation, const std::string& name) {
  std::vector<std::vector<size_t>> spikes(kHours * kHour);
  const SpikeTrain& train = simulation.Spikes(*simulation.Population(name));
  for (size_t s = 0; s < train.steps.size(); ++s) {
    spikes[train.steps[s]].push_back(train.neurons[s]);
  }
  return spikes;
}

// What a run has at a time.
struct Sample {
  uint64_t step = 0;
  double protein = 0;
  double tags = 0;
  std::vector<double> fast;
  std::vector<double> slow;
};

TEST(Consolidation, OverHoursIsThatOfAPlainProgram) {
  Simulation simulation = CompiledNetwork(Tagged(), Accelerated());
  std::vector<Sample> samples;
  for (int minutes = 1; minutes <= 60 * static_cast<int>(kHours); ++minutes) {
    // Half a second behind the clock.
    const uint64_t step = static_cast<uint64_t>(minutes) * 60 * kPeriod - kPeriod / 2;
    ASSERT_TRUE(simulation.Step(step - simulation.step()).ok());
    const std::vector<double> tags = *simulation.StateByName("syn.tag");
    samples.push_back({step, *simulation.Uniform("P"), 0, *simulation.StateByName("syn.w_f"),
                       *simulation.StateByName("syn.w_c")});
    for (const double tag : tags) samples.back().tags += tag;
  }
  const std::vector<std::vector<size_t>> sources = Spikes(simulation, "pre");
  const std::vector<std::vector<size_t>> targets = Spikes(simulation, "post");
  Program program;
  auto sample = samples.begin();
  const std::vector<size_t> none;
  for (uint64_t k = 0; sample != samples.end(); ++k) {
    if (sample->step == k) {
      EXPECT_NEAR(sample->protein, program.protein(), 1e-12) << "step " << k;
      EXPECT_EQ(sample->tags, program.tags()) << "step " << k;
      for (size_t s = 0; s < kSynapses; ++s) {
        EXPECT_NEAR(sample->fast[s], program.fast()[s], 1e-11) << "step " << k << ", " << s;
        EXPECT_NEAR(sample->slow[s], program.slow()[s], 1e-11) << "step " << k << ", " << s;
      }
      ++sample;
    }
    program.Step(k, k > 0 ? sources[k - 1] : none, k > 0 ? targets[k - 1] : none);
  }
  // Tags came and went, protein rose and fell, and some of the synapses kept something.
  EXPECT_GE(program.most_tags(), kTags);
  EXPECT_LT(program.tags(), kTags);
  EXPECT_LT(program.protein(), 0.5);
  EXPECT_GT(*std::max_element(program.slow().begin(), program.slow().end()), 0.5);
  EXPECT_EQ(*std::min_element(program.slow().begin(), program.slow().end()), 0);
  EXPECT_LT(std::fabs(*std::max_element(program.fast().begin(), program.fast().end()) - 1), 0.3);
}

// Over the hours by two widths; by all engines over the minutes in which tags are set, with a spike
// or none in a step.
TEST(Consolidation, R11_EnginesAgree) {
  Simulation narrow = CompiledNetwork(Tagged(), Accelerated(1, 1));
  Simulation wide = CompiledNetwork(Tagged(), Accelerated(1, 8));
  ASSERT_TRUE(narrow.Step(kHours * kHour).ok());
  ASSERT_TRUE(wide.Step(kHours * kHour).ok());
  EXPECT_EQ(narrow.Digest(), wide.Digest());
  EXPECT_GT(narrow.report().spikes, 1000u);

  constexpr uint64_t kFew = 750 * kPeriod;
  Simulation reference = CompiledNetwork(Tagged(), Reference());
  ASSERT_TRUE(reference.Step(kFew).ok());
  const std::vector<double> tags = *reference.StateByName("syn.tag");
  EXPECT_GT(std::count(tags.begin(), tags.end(), 1.0), 0);
  EXPECT_GT(*reference.Uniform("P"), 0);
  for (const int threads : {1, 2, 4}) {
    Simulation accelerated = CompiledNetwork(Tagged(), Accelerated(threads));
    const absl::Status status = accelerated.Step(kFew);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(accelerated.Digest(), reference.Digest()) << threads << " threads";
  }
}

}  // namespace
}  // namespace bnsyn
