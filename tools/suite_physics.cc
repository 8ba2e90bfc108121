// The rows that look at what the network does, with both backends side by side.

#include <algorithm>
#include <cmath>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/analysis/roles.h"
#include "ir/status_macros.h"
#include "reference/digest.h"
#include "statistics/comparison.h"
#include "tools/suite.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

// The limits of the plan: 0.1 % of spikes, sigma, correlation, and the ratio of speeds.
constexpr double kSpikeLimit = 1e-3;
constexpr double kSigmaLimit = 1e-3;
constexpr double kCorrelationLimit = 0.999;
constexpr double kSpeedLimit = 10;

constexpr uint64_t kWindows = 20;              // in which states and digests are compared
constexpr double kActivityBin = 10;            // ms
constexpr uint64_t kMostSynapses = 5'000'000;  // whose lists are compared
constexpr int kCorruptedBit = 40;              // a change of one part in 4096

// How many elements of states were compared, how many differed, and where the first did.
struct BitCount {
  uint64_t compared = 0;
  uint64_t different = 0;
  std::string first;
  std::vector<std::string> names;
};

// The states of one role in both programs.
struct StatePair {
  std::string name;
  ir::StateId reference;
  ir::StateId accelerated;
};

class SideBySide {
 public:
  SideBySide(const SuiteOptions& options, const Loaded& loaded, SuiteResult& result)
      : options_(options), loaded_(loaded), result_(result) {}

  absl::Status Run();

 private:
  struct Drift {
    bool there = false;
    double greatest = 0;
    double last = 0;  // of the reference
  };

  absl::Status Step(uint64_t steps, bool last);
  void Pair(const std::vector<ir::StateId>& states, std::vector<StatePair>& pairs) const;
  void CompareBits(const std::vector<StatePair>& pairs, BitCount& count) const;
  void CompareUniform(const std::string& name, Drift& drift) const;
  absl::Status Corrupt(const std::vector<StatePair>& pairs);
  bool WantsOtherSeed() const;

  void AddActive();
  void AddSpikes();
  void AddBits(const char* name, const BitCount& count, const char* none);
  void AddSigma();
  absl::Status AddWeights();
  void AddSpeed();
  // Adds a row unless it is to be skipped.
  void Add(const char* name, const std::string& measured, const std::string& limit, bool good,
           const std::string& note);
  void LeaveOut(const char* name, const std::string& why);

  const SuiteOptions& options_;
  const Loaded& loaded_;
  SuiteResult& result_;
  std::vector<Simulation> both_;  // the reference, the accelerated one

  std::vector<StatePair> inputs_;
  std::vector<StatePair> others_;
  BitCount input_bits_;
  BitCount other_bits_;
  Drift sigma_;
  Drift gain_;
  uint64_t windows_ = 0;
  uint64_t windows_apart_ = 0;
};

void SideBySide::Add(const char* name, const std::string& measured, const std::string& limit,
                     bool good, const std::string& note) {
  if (options_.Skips(name)) return;
  result_.Add({name, measured, limit, good ? Verdict::kOk : Verdict::kRed, note});
}

void SideBySide::LeaveOut(const char* name, const std::string& why) {
  if (options_.Skips(name)) return;
  result_.Add({name, "", "", Verdict::kLeftOut, why});
}

// Another seed makes other spikes, and where synapses are drawn, other synapses.
bool SideBySide::WantsOtherSeed() const {
  return options_.Injects("spike-counts") || options_.Injects("intervals") ||
         options_.Injects("attractor") || options_.Injects("sigma") || options_.Injects("gain") ||
         options_.Injects("weights");
}

void SideBySide::Pair(const std::vector<ir::StateId>& states, std::vector<StatePair>& pairs) const {
  for (const ir::StateId state : states) {
    const std::string& name = loaded_.program.states[state].name;
    const auto reference = ProgramOf(both_[0]).FindState(name);
    const auto accelerated = ProgramOf(both_[1]).FindState(name);
    if (reference && accelerated) pairs.push_back({name, *reference, *accelerated});
  }
}

void SideBySide::CompareBits(const std::vector<StatePair>& pairs, BitCount& count) const {
  for (const StatePair& pair : pairs) {
    const reference::ArrayView a = RawState(both_[0], pair.reference);
    const reference::ArrayView b = RawState(both_[1], pair.accelerated);
    for (size_t i = 0; i < std::min(a.size, b.size); ++i) {
      ++count.compared;
      if (reference::CanonicalBits(a.element, a.bits(i)) ==
          reference::CanonicalBits(b.element, b.bits(i))) {
        continue;
      }
      if (count.different++ == 0) {
        count.first = absl::StrCat(pair.name, "[", i, "] before step ", both_[0].step());
      }
    }
  }
}

void SideBySide::CompareUniform(const std::string& name, Drift& drift) const {
  const auto a = both_[0].Uniform(name);
  const auto b = both_[1].Uniform(name);
  if (!a.ok() || !b.ok()) return;
  drift.there = true;
  drift.last = *a;
  drift.greatest = std::max(drift.greatest, std::abs(*a - *b));
}

absl::Status SideBySide::Corrupt(const std::vector<StatePair>& pairs) {
  for (const StatePair& pair : pairs) {
    const reference::ArrayView values = RawState(both_[1], pair.accelerated);
    if (values.size == 0) continue;
    const int bit = values.element == ir::Element::kF64 ? kCorruptedBit : 0;
    return SetRawState(both_[1], pair.accelerated, 0, values.bits(0) ^ (ir::Bits{1} << bit));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("--inject ", options_.inject, ": the network has no such state"));
}

absl::Status SideBySide::Step(uint64_t steps, bool last) {
  RunControl control;
  control.cancel = &Interrupted();
  for (Simulation& simulation : both_) BNSYN_RETURN_IF_ERROR(simulation.Step(steps, control));
  if (last && options_.Injects("conductances")) BNSYN_RETURN_IF_ERROR(Corrupt(inputs_));
  if (last && (options_.Injects("states") || options_.Injects("bit-exact"))) {
    BNSYN_RETURN_IF_ERROR(Corrupt(others_));
  }
  CompareBits(inputs_, input_bits_);
  CompareBits(others_, other_bits_);
  CompareUniform("sigma", sigma_);
  CompareUniform("gain", gain_);
  ++windows_;
  if (both_[0].Digest() != both_[1].Digest()) ++windows_apart_;
  return absl::OkStatus();
}

void SideBySide::AddActive() {
  result_.spikes = both_[0].report().spikes;
  result_.rates = Rates(both_[0]);
  result_.digest = both_[0].Digest().ToString();
  const std::string rates =
      absl::StrJoin(result_.rates, ", ", [](std::string* out, const Rate& rate) {
        absl::StrAppendFormat(out, "%s %.3g Hz", rate.population, rate.hz);
      });
  // Skipping this row would let silence pass.
  const bool active = result_.spikes > 0;
  result_.Add({"active", absl::StrCat(result_.spikes, " spikes"), "> 0",
               active ? Verdict::kOk : Verdict::kRed,
               active ? rates
                      : absl::StrFormat("nothing spiked in %g ms, so that equal numbers would "
                                        "prove nothing: raise the drive, or run longer",
                                        both_[0].time_ms())});
}

void SideBySide::AddSpikes() {
  const uint64_t steps = loaded_.steps;
  const uint64_t bin =
      std::max<uint64_t>(1, static_cast<uint64_t>(std::lround(kActivityBin / loaded_.program.dt)));
  double counts = 0, intervals = 0, correlation = 1;
  uint64_t lengths = 0;
  std::string worst;
  for (uint32_t p = 0; p < loaded_.program.populations.size(); ++p) {
    const SpikeTrain& a = both_[0].Spikes(PopulationHandle{p});
    const SpikeTrain& b = both_[1].Spikes(PopulationHandle{p});
    counts = std::max(counts, statistics::CountDifference(statistics::CountsPerStep(a, steps),
                                                          statistics::CountsPerStep(b, steps)));
    const statistics::IntervalHistogram histogram = statistics::IntervalsOf(a);
    lengths += histogram.size();
    intervals =
        std::max(intervals, statistics::TotalVariation(histogram, statistics::IntervalsOf(b)));
    correlation = std::min(correlation, statistics::ActivityCorrelation(
                                            a, b, loaded_.program.populations[p].size, bin, steps));
  }
  Add("spike-counts", absl::StrFormat("%.3g %% apart", 100 * counts), "< 0.1 %",
      counts < kSpikeLimit, "step by step, of the population that is furthest apart");
  if (lengths == 0) {
    LeaveOut("intervals", "no neuron spiked twice: run longer");
  } else {
    Add("intervals", absl::StrFormat("%.3g %% apart", 100 * intervals), "< 0.1 %",
        intervals < kSpikeLimit,
        absl::StrCat("total variation of the histograms, ", lengths, " lengths"));
  }
  Add("attractor", absl::StrFormat("%.6g", correlation), "> 0.999", correlation > kCorrelationLimit,
      absl::StrFormat("spikes of each neuron in bins of %g ms",
                      static_cast<double>(bin) * loaded_.program.dt));
}

void SideBySide::AddBits(const char* name, const BitCount& count, const char* none) {
  if (count.compared == 0) return LeaveOut(name, none);
  Add(name,
      absl::StrCat(count.different, " of ", Short(static_cast<double>(count.compared)), " differ"),
      "0", count.different == 0,
      count.different == 0 ? absl::StrJoin(count.names, " ")
                           : absl::StrCat("the first is ", count.first));
}

void SideBySide::AddSigma() {
  std::vector<uint64_t> all[2];
  for (int side = 0; side < 2; ++side) {
    all[side].resize(loaded_.steps);
    for (uint32_t p = 0; p < loaded_.program.populations.size(); ++p) {
      const auto counts = statistics::CountsPerStep(
          both_[static_cast<size_t>(side)].Spikes(PopulationHandle{p}), loaded_.steps);
      for (size_t step = 0; step < counts.size(); ++step) all[side][step] += counts[step];
    }
  }
  const std::vector<double> a = statistics::RunningSigma(all[0]);
  const std::vector<double> b = statistics::RunningSigma(all[1]);
  double drift = sigma_.greatest;
  for (size_t step = 0; step < a.size(); ++step) {
    drift = std::max(drift, std::abs(a[step] - b[step]));
  }
  Add("sigma", absl::StrFormat("%.3g drift", drift), "< 0.001", drift < kSigmaLimit,
      sigma_.there ? absl::StrFormat("sigma of the network ends at %.4f", sigma_.last)
                   : absl::StrFormat("from spike counts, ends at %.4f", a.empty() ? 1 : a.back()));
  if (!gain_.there) return LeaveOut("gain", "the network has no variable gain");
  Add("gain", absl::StrFormat("%.3g drift", gain_.greatest), "< 0.001",
      gain_.greatest < kSigmaLimit, absl::StrFormat("ends at %.4f", gain_.last));
}

absl::Status SideBySide::AddWeights() {
  const uint64_t synapses = both_[0].report().synapses;
  if (synapses == 0) {
    LeaveOut("weights", "there are no synapses");
    return absl::OkStatus();
  }
  if (synapses > kMostSynapses) {
    LeaveOut("weights",
             absl::StrCat(Short(static_cast<double>(synapses)), " synapses are too many to list"));
    return absl::OkStatus();
  }
  uint64_t compared = 0;
  uint64_t different = 0;
  const auto compare = [&](const auto& a, const auto& b) {
    compared += a.size();
    if (a.size() != b.size()) different += std::max(a.size(), b.size());
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) different += a[i] != b[i];
  };
  std::vector<std::string> variables;
  for (ir::ProjectionId p = 0; p < loaded_.program.projections.size(); ++p) {
    const std::string& name = loaded_.program.projections[p].name;
    BNSYN_ASSIGN_OR_RETURN(const SynapseList a, both_[0].Synapses(name));
    BNSYN_ASSIGN_OR_RETURN(const SynapseList b, both_[1].Synapses(name));
    compare(a.sources, b.sources);
    compare(a.targets, b.targets);
    compare(a.weights, b.weights);
    compare(a.delays, b.delays);
    for (const ir::StateId id : loaded_.program.SynapseStates(p)) {
      if (!loaded_.program.IsVariable(id)) continue;
      const std::string& variable = loaded_.program.states[id].name;
      BNSYN_ASSIGN_OR_RETURN(const std::vector<double> values, both_[0].StateByName(variable));
      BNSYN_ASSIGN_OR_RETURN(const std::vector<double> others, both_[1].StateByName(variable));
      compare(values, others);
      variables.push_back(variable);
    }
  }
  Add("weights", absl::StrCat(different, " of ", Short(static_cast<double>(compared)), " differ"),
      "0", different == 0,
      variables.empty() ? "sources, targets, weights and delays"
                        : absl::StrCat("with ", absl::StrJoin(variables, " ")));
  return absl::OkStatus();
}

void SideBySide::AddSpeed() {
  const double seconds[2] = {both_[0].report().run_seconds, both_[1].report().run_seconds};
  const double ratio = seconds[1] > 0 ? seconds[0] / seconds[1] : 0;
  const double updates =
      static_cast<double>(both_[0].report().synapses) * static_cast<double>(loaded_.steps);
  Add("updates-per-sec", absl::StrFormat("%.1fx", ratio), ">= 10x", ratio >= kSpeedLimit,
      absl::StrCat("reference ", Short(updates / seconds[0]), ", accelerated ",
                   Short(updates / seconds[1])));
}

absl::Status SideBySide::Run() {
  EngineOptions options = Machine().Options();
  options.record_spikes = true;
  options.compile.cache_directory = "";
  BNSYN_ASSIGN_OR_RETURN(Simulation reference, Compile(loaded_.program, options));
  if (!options_.Injects("updates-per-sec")) options.backend = Backend::kAccelerated;
  ir::Program program = loaded_.program;
  if (WantsOtherSeed()) ++program.seed;
  BNSYN_ASSIGN_OR_RETURN(Simulation accelerated, Compile(std::move(program), options));
  both_.push_back(std::move(reference));
  both_.push_back(std::move(accelerated));

  const std::vector<ir::StateId> inputs = compiler::InputStates(loaded_.program);
  std::vector<ir::StateId> others;
  for (ir::StateId s = 0; s < loaded_.program.states.size(); ++s) {
    const ir::State& state = loaded_.program.states[s];
    const auto domain = static_cast<size_t>(state.type.domain);
    const bool of_synapses = loaded_.program.domains[domain].kind == ir::DomainKind::kProjection;
    if (state.temporary || of_synapses || std::count(inputs.begin(), inputs.end(), s) > 0) continue;
    others.push_back(s);
  }
  Pair(inputs, inputs_);
  Pair(others, others_);
  for (const StatePair& pair : inputs_) input_bits_.names.push_back(pair.name);

  const uint64_t windows = std::min(kWindows, loaded_.steps);
  for (uint64_t w = 0; w < windows; ++w) {
    const uint64_t end = loaded_.steps * (w + 1) / windows;
    BNSYN_RETURN_IF_ERROR(Step(end - both_[0].step(), w + 1 == windows));
  }
  AddActive();
  if (result_.spikes == 0) return absl::OkStatus();
  AddSpikes();
  AddBits("conductances", input_bits_, "no state holds input alone");
  AddBits("states", other_bits_, "there are no other states");
  AddSigma();
  BNSYN_RETURN_IF_ERROR(AddWeights());
  Add("bit-exact", absl::StrCat(windows_ - windows_apart_, " of ", windows_, " digests equal"),
      "all", windows_apart_ == 0, result_.digest);
  AddSpeed();
  return absl::OkStatus();
}

}  // namespace

absl::Status AddPhysics(const SuiteOptions& options, const Loaded& loaded, SuiteResult& result) {
  return SideBySide(options, loaded, result).Run();
}

}  // namespace bnsyn::tools
