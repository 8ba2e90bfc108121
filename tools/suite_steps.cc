// The rows that compare the network at dt with itself at smaller steps.
//
// Two runs of a noisy network with different steps draw different numbers, so that their states
// cannot be compared one by one. Rates and sigma are compared over seeds, with their statistical
// errors. The states are compared without noise and without spikes: from those in which active
// runs have left the neurons, for a short time.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/analysis/roles.h"
#include "ir/status_macros.h"
#include "statistics/comparison.h"
#include "tools/suite.h"

namespace bnsyn::tools {
namespace {

constexpr int kLevels = 4;            // dt, dt/2, dt/4, dt/8
constexpr uint64_t kQuietSteps = 20;  // of dt
constexpr int kSeeds = 5;             // of active runs
constexpr int kQuietSeeds = 3;        // of those without noise
// Of the greatest value: some hundred steps round to the last place.
constexpr double kRounding = 1e-13;
// Euler's method has order 1; what is less converges to something else, or not at all.
constexpr double kLeastOrder = 0.8;
// Student's t for 8 degrees of freedom (kSeeds of each), two-sided, at 99.9 %.
constexpr double kMostErrors = 5.04;

// A network as it is at one length of the step.
struct Level {
  Loaded loaded;
  ir::Program quiet;
};

// What an active run leaves behind.
struct Finished {
  std::vector<double> spikes;                 // of each population
  double ratio = 1;                           // the mean ratio of counts in bins of dt
  std::vector<std::vector<ir::Bits>> states;  // of the program, empty for those of synapses
};

// What a run without noise and without spikes ends with.
struct Still {
  std::vector<std::vector<double>> states;  // those that are compared
  std::vector<std::vector<bool>> jumped;  // of each population, the neurons that would have spiked
};

class Steps {
 public:
  Steps(const SuiteOptions& options, const Loaded& loaded, SuiteResult& result)
      : options_(options), loaded_(loaded), result_(result) {}

  absl::Status Run();

 private:
  absl::Status LoadLevels();
  absl::StatusOr<Finished> RunActive(int level, uint64_t seed);
  absl::StatusOr<Still> RunQuiet(int level, const Finished& from) const;
  absl::Status AddConvergence();
  void AddConvergenceRow(const char* name, const std::vector<size_t>& states);
  absl::Status AddRates();
  void Add(const char* name, const std::string& measured, const std::string& limit, bool good,
           const std::string& note);
  void LeaveOut(const char* name, const std::string& why);

  const SuiteOptions& options_;
  const Loaded& loaded_;
  SuiteResult& result_;
  std::vector<Level> levels_;
  std::vector<Finished> coarse_;  // one for each seed
  std::vector<Finished> fine_;
  const ScratchDirectory cache_;

  std::vector<ir::StateId> compared_;  // in the quiet runs
  double jumped_ = 0;  // the part of the neurons that would have spiked in these, over all seeds
  // For each seed, for each state that is compared.
  std::vector<std::vector<statistics::Convergence>> convergence_;
};

void Steps::Add(const char* name, const std::string& measured, const std::string& limit, bool good,
                const std::string& note) {
  if (options_.Skips(name)) return;
  result_.Add({name, measured, limit, good ? Verdict::kOk : Verdict::kRed, note});
}

void Steps::LeaveOut(const char* name, const std::string& why) {
  if (options_.Skips(name)) return;
  result_.Add({name, "", "", Verdict::kLeftOut, why});
}

absl::Status Steps::LoadLevels() {
  // A sum that decays has the precision of what arrives, which would hide the rounding of a state.
  compiler::CompileOptions options;
  options.disabled_passes = {"decay_inputs"};
  for (int level = 0; level < kLevels; ++level) {
    Source source = options_.source;
    source.seed = absl::StrCat(loaded_.program.seed);
    source.sets.push_back(absl::StrFormat("dt=%.17gms", std::ldexp(loaded_.program.dt, -level)));
    Level one;
    BNSYN_ASSIGN_OR_RETURN(one.loaded, Load(source, options));
    BNSYN_ASSIGN_OR_RETURN(one.quiet, compiler::Quiet(one.loaded.program));
    levels_.push_back(std::move(one));
  }
  return absl::OkStatus();
}

absl::StatusOr<Finished> Steps::RunActive(int level, uint64_t seed) {
  const Level& one = levels_[static_cast<size_t>(level)];
  EngineOptions options = Machine().Options();
  options.backend = Backend::kAccelerated;
  options.record_spikes = true;
  options.compile.cache_directory = cache_.path();
  ir::Program program = one.loaded.program;
  program.seed = seed;
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(std::move(program), options));
  RunControl control;
  control.cancel = &Interrupted();
  uint64_t steps = one.loaded.steps;
  if (level > 0 && options_.Injects("rates-half-dt")) steps /= 2;
  BNSYN_RETURN_IF_ERROR(simulation.Step(steps, control));

  Finished finished;
  std::vector<uint64_t> all(one.loaded.steps);
  for (uint32_t p = 0; p < one.loaded.program.populations.size(); ++p) {
    const SpikeTrain& train = simulation.Spikes(PopulationHandle{p});
    const auto counts = statistics::CountsPerStep(train, one.loaded.steps);
    for (size_t step = 0; step < counts.size(); ++step) all[step] += counts[step];
    finished.spikes.push_back(static_cast<double>(train.steps.size()));
  }
  const uint64_t bin = options_.Injects("sigma-half-dt") ? 1 : uint64_t{1} << level;
  finished.ratio = statistics::MeanRatio(statistics::Rebinned(all, bin));
  finished.states.resize(one.loaded.program.states.size());
  for (ir::StateId s = 0; s < one.loaded.program.states.size(); ++s) {
    const ir::State& state = one.loaded.program.states[s];
    const auto id = ProgramOf(simulation).FindState(state.name);
    const auto domain = static_cast<size_t>(state.type.domain);
    if (!id || state.temporary || state.history > 0 || state.type.element != ir::Element::kF64 ||
        one.loaded.program.domains[domain].kind == ir::DomainKind::kProjection) {
      continue;
    }
    const reference::ArrayView values = RawState(simulation, *id);
    for (size_t i = 0; i < values.size; ++i) finished.states[s].push_back(values.bits(i));
  }
  return finished;
}

// Runs kQuietSteps steps of dt.
absl::StatusOr<Still> Steps::RunQuiet(int level, const Finished& from) const {
  const Level& one = levels_[static_cast<size_t>(level)];
  EngineOptions options = Machine().Options();
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(one.quiet, options));
  for (ir::StateId s = 0; s < from.states.size(); ++s) {
    const auto id = ProgramOf(simulation).FindState(levels_[0].quiet.states[s].name);
    if (!id) continue;
    const ir::State& state = one.quiet.states[s];
    for (uint32_t i = 0; i < from.states[s].size(); ++i) {
      // The time of a spike within its step may be longer than this step is. It is over.
      const double value = ir::F64OfBits(from.states[s][i]);
      if (value < state.lower || value > state.upper) continue;
      BNSYN_RETURN_IF_ERROR(SetRawState(simulation, *id, i, from.states[s][i]));
    }
  }
  uint64_t steps = kQuietSteps << level;
  if (level == 1 && options_.Injects("decays")) --steps;
  if (level == kLevels - 1 && options_.Injects("order")) --steps;
  RunControl control;
  control.cancel = &Interrupted();
  BNSYN_RETURN_IF_ERROR(simulation.Step(steps, control));
  const auto values = [&](const std::string& name) {
    const auto id = ProgramOf(simulation).FindState(name);
    std::vector<double> result;
    if (!id) return result;
    const reference::ArrayView view = RawState(simulation, *id);
    for (size_t i = 0; i < view.size; ++i) result.push_back(ir::F64OfBits(view.bits(i)));
    return result;
  };
  Still still;
  for (const ir::StateId s : compared_) {
    still.states.push_back(values(levels_[0].quiet.states[s].name));
  }
  for (const ir::Population& population : one.quiet.populations) {
    std::vector<bool>& jumped = still.jumped.emplace_back();
    for (const double crossed : values(compiler::Crossed(population)))
      jumped.push_back(crossed != 0);
  }
  return still;
}

bool Jumps(const std::array<Still, kLevels>& runs, size_t population, size_t neuron) {
  return absl::c_any_of(runs, [&](const Still& run) { return run.jumped[population][neuron]; });
}

// The part of the neurons that jump at some level.
double PartJumped(const std::array<Still, kLevels>& runs) {
  double jumped = 0;
  double all = 0;
  for (size_t p = 0; p < runs[0].jumped.size(); ++p) {
    for (size_t i = 0; i < runs[0].jumped[p].size(); ++i) {
      jumped += Jumps(runs, p, i) ? 1 : 0;
      all += 1;
    }
  }
  return all > 0 ? jumped / all : 0;
}

// The values of a state at each level, of those neurons alone that jump at no level.
std::vector<std::vector<double>> OfSmooth(const ir::Program& program, ir::StateId state, size_t k,
                                          const std::array<Still, kLevels>& runs) {
  std::vector<std::vector<double>> values(runs.size());
  const ir::DomainId domain = program.states[state].type.domain;
  const auto found = absl::c_find_if(
      program.populations, [&](const ir::Population& one) { return one.domain == domain; });
  const auto p = static_cast<size_t>(found - program.populations.begin());
  for (size_t i = 0; i < runs[0].states[k].size(); ++i) {
    if (Jumps(runs, p, i)) continue;
    for (size_t level = 0; level < runs.size(); ++level) {
      values[level].push_back(runs[level].states[k][i]);
    }
  }
  return values;
}

void Steps::AddConvergenceRow(const char* name, const std::vector<size_t>& states) {
  size_t exact = 0;
  double worst_exact = 0;
  std::vector<double> orders;  // of each state that is not exact, the mean over seeds
  double least = std::numeric_limits<double>::infinity();
  double error = 0;  // of the state with the least order
  std::string worst;
  std::vector<std::string> unclear;
  size_t idle = 0;
  for (const size_t k : states) {
    const std::string& state = levels_[0].quiet.states[compared_[k]].name;
    double difference = 0;
    double magnitude = 0;
    std::vector<double> of_seeds;
    for (const auto& seed : convergence_) {
      const statistics::Convergence& one = seed[k];
      magnitude = std::max(magnitude, one.magnitude);
      if (one.magnitude > 0) difference = std::max(difference, one.difference / one.magnitude);
      if (!std::isnan(one.order)) of_seeds.push_back(one.order);
    }
    if (magnitude == 0) {
      ++idle;
    } else if (difference <= kRounding) {
      ++exact;
      worst_exact = std::max(worst_exact, difference);
    } else if (of_seeds.empty()) {
      unclear.push_back(state);
    } else {
      const statistics::Mean order = statistics::MeanOf(of_seeds);
      orders.push_back(order.value);
      if (order.value < least) {
        least = order.value;
        error = order.error;
        worst = state;
      }
    }
  }
  if (idle == states.size()) return LeaveOut(name, "there are no such states, or all are 0");
  std::vector<std::string> measured;
  if (exact > 0) measured.push_back(absl::StrFormat("%u exact to %.1g", exact, worst_exact));
  if (!orders.empty()) {
    measured.push_back(absl::StrFormat("%u of order >= %.2f +- %.2f", orders.size(), least, error));
  }
  if (!unclear.empty()) measured.push_back(absl::StrCat(unclear.size(), " of no order"));
  std::string note = absl::StrCat("over ", convergence_.size(), " seeds");
  if (jumped_ > 0) {
    absl::StrAppendFormat(&note, ", without %.2g %% of the neurons, which spiked", 100 * jumped_);
  }
  if (!worst.empty()) absl::StrAppend(&note, "; the least order is that of ", worst);
  if (!unclear.empty()) absl::StrAppend(&note, "; no order: ", absl::StrJoin(unclear, " "));
  Add(name, absl::StrJoin(measured, ", "), "exact, or order >= 0.8",
      unclear.empty() && (orders.empty() || least >= kLeastOrder), note);
}

absl::Status Steps::AddConvergence() {
  const ir::Program& program = levels_[0].loaded.program;
  const std::vector<ir::StateId> autonomous = compiler::AutonomousStates(program);
  std::vector<size_t> decays;
  std::vector<size_t> others;
  for (ir::StateId s = 0; s < program.states.size(); ++s) {
    const auto domain = static_cast<size_t>(program.states[s].type.domain);
    if (coarse_[0].states[s].empty() ||
        program.domains[domain].kind != ir::DomainKind::kPopulation) {
      continue;
    }
    (absl::c_linear_search(autonomous, s) ? decays : others).push_back(compared_.size());
    compared_.push_back(s);
  }
  for (int seed = 0; seed < kQuietSeeds; ++seed) {
    std::array<Still, kLevels> runs;
    for (int level = 0; level < kLevels; ++level) {
      auto run = RunQuiet(level, coarse_[static_cast<size_t>(seed)]);
      if (!run.ok()) {
        if (absl::IsCancelled(run.status())) return run.status();
        for (const char* name : {"decays", "order"}) {
          Add(name, "", "", false,
              absl::StrCat("without noise and spikes: ", std::string(run.status().message())));
        }
        return absl::OkStatus();
      }
      runs[static_cast<size_t>(level)] = *std::move(run);
    }
    jumped_ += PartJumped(runs) / kQuietSeeds;
    std::vector<statistics::Convergence> of_states;
    for (size_t k = 0; k < compared_.size(); ++k) {
      of_states.push_back(
          statistics::ConvergenceOf(OfSmooth(levels_[0].quiet, compared_[k], k, runs), kRounding));
    }
    convergence_.push_back(std::move(of_states));
  }
  AddConvergenceRow("decays", decays);
  AddConvergenceRow("order", others);
  return absl::OkStatus();
}

// How many standard errors two means are apart; `usual` is the error of their difference where
// seeds change nothing in one of them.
double ErrorsApart(const statistics::Mean& a, const statistics::Mean& b, double usual) {
  double error = std::hypot(a.error, b.error);
  if (a.error == 0 || b.error == 0) error = std::max(error, usual);
  const double distance = std::abs(a.value - b.value);
  return distance == 0 ? 0 : distance / error;
}

absl::Status Steps::AddRates() {
  const double seconds = static_cast<double>(loaded_.steps) * loaded_.program.dt / 1000;
  double most = 0;
  std::string worst;
  for (size_t p = 0; p < loaded_.program.populations.size(); ++p) {
    std::vector<double> of_seeds[2];
    for (const Finished& run : coarse_) of_seeds[0].push_back(run.spikes[p]);
    for (const Finished& run : fine_) of_seeds[1].push_back(run.spikes[p]);
    const statistics::Mean a = statistics::MeanOf(of_seeds[0]);
    const statistics::Mean b = statistics::MeanOf(of_seeds[1]);
    // Where seeds change nothing, a neuron has a spike more or less by when the run ends.
    const double size = loaded_.program.populations[p].size;
    const double apart = ErrorsApart(a, b, size);
    if (apart >= most) {
      most = apart;
      const double scale = 1 / (size * seconds);
      worst = absl::StrFormat("%s %.4g +- %.2g and %.4g +- %.2g Hz",
                              loaded_.program.populations[p].name, a.value * scale, a.error * scale,
                              b.value * scale, b.error * scale);
    }
  }
  Add("rates-half-dt", absl::StrFormat("%.2f errors apart", most), "< 5.04", most < kMostErrors,
      absl::StrCat(coarse_.size(), " seeds: ", worst));
  std::vector<double> ratios[2];
  for (const Finished& run : coarse_) ratios[0].push_back(run.ratio);
  for (const Finished& run : fine_) ratios[1].push_back(run.ratio);
  const statistics::Mean a = statistics::MeanOf(ratios[0]);
  const statistics::Mean b = statistics::MeanOf(ratios[1]);
  // Where seeds change nothing, this is the error of the mean of so many ratios near 1.
  const double apart = ErrorsApart(a, b, 1 / std::sqrt(static_cast<double>(loaded_.steps)));
  Add("sigma-half-dt", absl::StrFormat("%.2f errors apart", apart), "< 5.04", apart < kMostErrors,
      absl::StrFormat("%u seeds, bins of %g ms: %.4f +- %.2g and %.4f +- %.2g", coarse_.size(),
                      loaded_.program.dt, a.value, a.error, b.value, b.error));
  return absl::OkStatus();
}

absl::Status Steps::Run() {
  const char* const names[] = {"decays", "order", "rates-half-dt", "sigma-half-dt"};
  if (absl::c_all_of(names, [&](const char* name) { return options_.Skips(name); })) {
    return absl::OkStatus();
  }
  if (IsProgramText(options_.source.path)) {
    for (const char* name : names) LeaveOut(name, "a program has one dt: give the network's file");
    return absl::OkStatus();
  }
  BNSYN_RETURN_IF_ERROR(LoadLevels());
  for (int seed = 0; seed < kSeeds; ++seed) {
    const uint64_t number = loaded_.program.seed + static_cast<uint64_t>(seed);
    BNSYN_ASSIGN_OR_RETURN(coarse_.emplace_back(), RunActive(0, number));
    BNSYN_ASSIGN_OR_RETURN(fine_.emplace_back(), RunActive(1, number));
  }
  if (!options_.Skips("decays") || !options_.Skips("order")) {
    BNSYN_RETURN_IF_ERROR(AddConvergence());
  }
  return AddRates();
}

}  // namespace

absl::Status AddSteps(const SuiteOptions& options, const Loaded& loaded, SuiteResult& result) {
  return Steps(options, loaded, result).Run();
}

}  // namespace bnsyn::tools
