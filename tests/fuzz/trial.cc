#include "tests/fuzz/trial.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "compiler/passes/passes.h"
#include "ir/text.h"
#include "ir/verifier.h"
#include "runtime/delivery/layout.h"
#include "runtime/simulation_internal.h"
#include "tests/fuzz/random.h"

namespace bnsyn::fuzz {
namespace {

constexpr uint64_t kMemoryLimit = uint64_t{256} << 20;

Verdict Failure(absl::string_view what, absl::string_view details = "") {
  return {Outcome::kFailure, absl::StrCat(what, details.empty() ? "" : ":\n", details)};
}

// The first words of an error, without the names and numbers in it.
std::string ReasonOf(absl::string_view message) {
  const size_t mark = message.find("error: ");
  if (mark != absl::string_view::npos) message.remove_prefix(mark + 7);
  message = message.substr(0, message.find('\n'));
  std::string reason;
  int words = 0;
  for (const absl::string_view word : absl::StrSplit(message, ' ')) {
    const bool plain = std::all_of(word.begin(), word.end(), [](char c) {
      return absl::ascii_islower(static_cast<unsigned char>(c)) || c == ',' || c == ':';
    });
    absl::StrAppend(&reason, words == 0 ? "" : " ", plain ? word : "_");
    if (++words == 7) break;
  }
  return reason;
}

// A refusal, which is a failure unless the error is the user's and, where the text is at fault,
// points into it.
Verdict Refusal(const absl::Status& status, bool of_text) {
  const absl::string_view message = status.message();
  const bool clear = absl::IsInvalidArgument(status) || absl::IsOutOfRange(status) ||
                     absl::IsNotFound(status) || absl::IsResourceExhausted(status);
  if (!clear) return Failure("an internal error", status.ToString());
  if (of_text && (!absl::StrContains(message, ": error: ") || !absl::StrContains(message, "^"))) {
    return Failure("an error without a place", status.ToString());
  }
  return {Outcome::kRefused, ReasonOf(message)};
}

// Nodes that run in a step, each as often as it has elements, and synapses.
struct Work {
  double step = 0;
  double pairs = 0;  // that building has to look at
  double neurons = 0;
};

Work WorkOf(const ir::Program& program) {
  Work work;
  for (const ir::Block& block : program.step) {
    for (const ir::Node& node : block.nodes) work.step += 1 + program.Size(node.domain);
  }
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const ir::Projection& projection = program.projections[id];
    const double pairs = static_cast<double>(program.populations[projection.source].size) *
                         program.populations[projection.target].size;
    double nodes = 1;
    for (const ir::BlockKind kind :
         {ir::BlockKind::kOnPre, ir::BlockKind::kOnStep, ir::BlockKind::kOnPost}) {
      const ir::Block* block = program.FindSynaptic(kind, id);
      if (block == nullptr) continue;
      const double often = kind == ir::BlockKind::kOnStep ? 1 : 0.05;
      nodes += often * static_cast<double>(block->nodes.size());
    }
    work.step += pairs * nodes;
    work.pairs += pairs + static_cast<double>(projection.rule.count);
  }
  work.neurons = static_cast<double>(program.Neurons());
  return work;
}

EngineOptions AcceleratedOptions(Random& random) {
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.memory_limit = kMemoryLimit;
  options.threads = 1 + static_cast<int>(random.Below(4));
  options.compile.width = 1 << random.Below(5);
  options.compile.optimization = random.OneIn(8) ? 2 : 0;
  if (random.OneIn(3)) {
    options.layout = std::string(LayoutNames()[random.Below(LayoutNames().size())]);
  }
  if (random.OneIn(4)) {
    const absl::Span<const compiler::Pass> passes = compiler::AllPasses();
    options.compile.disabled_passes = {std::string(passes[random.Below(passes.size())].name)};
  } else if (random.OneIn(4)) {
    options.compile.disabled_passes = {"defer"};
  }
  if (random.OneIn(2)) {
    // Histories that are soon full.
    options.histories = {1u << random.Below(3), 1u << random.Below(4)};
  }
  return options;
}

std::string Describe(const EngineOptions& options) {
  return absl::StrCat(
      options.threads, " threads, width ", options.compile.width, ", level ",
      options.compile.optimization, ", layout '", options.layout, "', without '",
      options.compile.disabled_passes.empty() ? "" : options.compile.disabled_passes[0],
      "', histories of ", options.histories.arrivals, " arrivals and ", options.histories.steps,
      " steps");
}

// The values of the variables of synapses.
std::vector<std::vector<double>> SynapseStates(const Simulation& simulation,
                                               const ir::Program& program) {
  std::vector<std::vector<double>> values;
  for (const ir::State& state : program.states) {
    const ir::Domain& domain = program.domains[static_cast<size_t>(state.type.domain)];
    if (domain.kind != ir::DomainKind::kProjection) continue;
    values.push_back(simulation.StateByName(state.name).value_or(std::vector<double>()));
  }
  return values;
}

// Equal numbers, or both no number.
bool Same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// Reads what a host can read of both between two steps; says what differs, or nothing.
std::string DifferenceOfReads(const Simulation& reference, const Simulation& accelerated,
                              const ir::Program& program) {
  for (const ir::State& state : program.states) {
    const auto expected = reference.StateByName(state.name);
    const auto actual = accelerated.StateByName(state.name);
    if (expected.status().code() != actual.status().code()) {
      return absl::StrCat(state.name, ": ", expected.status().ToString(), ", but ",
                          actual.status().ToString());
    }
    if (expected.ok() && !absl::c_equal(*expected, *actual, Same)) return state.name;
  }
  for (const ir::Projection& projection : program.projections) {
    const auto expected = reference.Synapses(projection.name);
    const auto actual = accelerated.Synapses(projection.name);
    if (expected.ok() != actual.ok()) return projection.name;
    if (!expected.ok()) continue;
    if (expected->sources != actual->sources || expected->targets != actual->targets ||
        expected->delays != actual->delays ||
        !absl::c_equal(expected->weights, actual->weights, Same)) {
      return absl::StrCat("the synapses of ", projection.name);
    }
  }
  return "";
}

// Runs the reference in two parts, and the accelerated backend in the same two or in one.
Verdict Compare(Simulation& reference, Simulation& accelerated, const ir::Program& program,
                uint64_t steps, Random& random, const std::string& engine) {
  const uint64_t cut = random.Below(steps);
  const bool whole = random.OneIn(3);
  const bool reads = random.OneIn(2);
  const std::string how =
      absl::StrCat(engine, ", ", steps, " steps, the reference cut at step ", cut,
                   whole   ? ", the other not"
                   : reads ? ", both, and read there"
                           : ", both");
  const auto ends_differently = [&](const absl::Status& expected, const absl::Status& actual) {
    return Failure("the backends end a run differently",
                   absl::StrCat("reference:   ", expected.ToString(),
                                "\naccelerated: ", actual.ToString(), "\n", how));
  };
  const std::vector<std::vector<double>> before = SynapseStates(reference, program);
  absl::Status expected = reference.Step(cut);
  absl::Status actual = whole ? absl::OkStatus() : accelerated.Step(cut);
  if (!whole && expected != actual) return ends_differently(expected, actual);
  if (!whole && reads && expected.ok()) {
    const std::string difference = DifferenceOfReads(reference, accelerated, program);
    if (!difference.empty()) {
      return Failure("the backends disagree at the cut", absl::StrCat(difference, "\n", how));
    }
    if (reference.Digest() != accelerated.Digest()) {
      return Failure("the backends disagree at the cut", how);
    }
  }
  if (expected.ok()) expected = reference.Step(steps - cut);
  if (actual.ok()) actual = accelerated.Step(steps - accelerated.step());
  if (expected != actual) return ends_differently(expected, actual);
  Verdict verdict;
  verdict.learned = SynapseStates(reference, program) != before;
  if (!expected.ok()) {
    verdict.outcome = Outcome::kFaulted;
    verdict.reason = ReasonOf(expected.message());
    return verdict;
  }
  if (reference.Digest() != accelerated.Digest()) return Failure("the backends disagree", how);
  uint64_t spikes = 0;
  for (const ir::Population& population : program.populations) {
    const auto handle = reference.Population(population.name);
    if (handle.ok()) spikes += reference.SpikeCount(*handle);
  }
  verdict.outcome = spikes > 0 ? Outcome::kSpiking : Outcome::kSilent;
  return verdict;
}

constexpr double kMostInStep = 3e6;

bool IsTooLarge(const ir::Program& program) {
  constexpr double kMostPairs = 300000;
  constexpr double kMostNeurons = 20000;
  const Work work = WorkOf(program);
  return work.pairs > kMostPairs || work.neurons > kMostNeurons || work.step > kMostInStep ||
         program.MaxDelay() > 10000;
}

Verdict RunOnBoth(const ir::Program& program, uint64_t seed) {
  const std::string text = ir::Print(program);
  const absl::StatusOr<ir::Program> again = ir::Parse(text, "printed.ir", program.directory);
  if (!again.ok()) return Failure("a printed program is refused", again.status().message());
  if (ir::Print(*again) != text) return Failure("a printed program changes when it is parsed");

  if (IsTooLarge(program)) return {Outcome::kTooLarge, ""};
  const double most = kMostInStep / (WorkOf(program).step + 1);
  const auto steps = static_cast<uint64_t>(std::clamp(most, 3.0, 150.0));

  Random random(seed ^ 0x5eed);
  EngineOptions interpreted;
  interpreted.memory_limit = kMemoryLimit;
  const EngineOptions options = AcceleratedOptions(random);
  const std::string engine = Describe(options);
  absl::StatusOr<Simulation> reference = Compile(program, interpreted);
  absl::StatusOr<Simulation> accelerated = Compile(program, options);
  for (const absl::Status& status : {reference.status(), accelerated.status()}) {
    if (status.ok()) continue;
    const Verdict verdict = Refusal(status, false);
    if (verdict.outcome == Outcome::kFailure || absl::IsResourceExhausted(status)) {
      return {
          verdict.outcome,
          absl::StrCat(verdict.reason, verdict.outcome == Outcome::kFailure ? "\n" + engine : "")};
    }
  }
  if (reference.status().code() != accelerated.status().code()) {
    return Failure("the backends refuse differently",
                   absl::StrCat("reference:   ", reference.status().ToString(),
                                "\naccelerated: ", accelerated.status().ToString(), "\n", engine));
  }
  if (!reference.ok()) return Refusal(reference.status(), false);
  return Compare(*reference, *accelerated, program, steps, random, engine);
}

// The reference and accelerated engines in step, with what a host does between two runs.
class Lockstep {
 public:
  Lockstep(std::vector<Simulation> simulations, std::vector<std::string> engines, uint64_t seed)
      : simulations_(std::move(simulations)), engines_(std::move(engines)), random_(seed) {}

  Verdict Run() {
    Verdict verdict = {Outcome::kSilent, ""};
    const uint64_t slices = 3 + random_.Below(4);
    for (uint64_t slice = 0; slice < slices; ++slice) {
      Act();
      const std::vector<double> before = Weights(simulations_[0]);
      const uint64_t steps = 1 + random_.Below(50);
      const absl::Status expected = simulations_[0].Step(steps);
      for (size_t i = 1; i < simulations_.size(); ++i) {
        const absl::Status actual = simulations_[i].Step(steps);
        if (expected == actual) continue;
        return Failure("the backends end a run differently",
                       absl::StrCat("reference:   ", expected.ToString(),
                                    "\naccelerated: ", actual.ToString(), "\n", At(i)));
      }
      verdict.learned = verdict.learned || Weights(simulations_[0]) != before;
      if (!expected.ok()) return {Outcome::kFaulted, ReasonOf(expected.message()), verdict.learned};
      // A digest brings all synapses to the present, so that some runs do without it.
      if (slice + 1 < slices && random_.OneIn(2)) continue;
      for (size_t i = 1; i < simulations_.size(); ++i) {
        if (simulations_[i].Digest() == simulations_[0].Digest()) continue;
        return Failure("the backends disagree", At(i));
      }
    }
    if (simulations_[0].report().spikes > 0) verdict.outcome = Outcome::kSpiking;
    return verdict;
  }

 private:
  static std::vector<double> Weights(const Simulation& simulation) {
    return simulation.StateByName("p0.w").value_or(std::vector<double>());
  }

  std::string At(size_t engine) const {
    return absl::StrCat(engines_[engine], ", at step ", simulations_[0].step(), ", after ", acts_);
  }

  // Does one thing on all engines.
  void Act() {
    const std::vector<double> weights = Weights(simulations_[0]);
    switch (random_.Below(5)) {
      case 0: {
        if (weights.empty()) return;
        const auto element = static_cast<uint32_t>(random_.Below(weights.size()));
        absl::StrAppend(&acts_, " set weight ", element);
        for (Simulation& simulation : simulations_) {
          simulation.SetState("p0.w", element, 0.25).IgnoreError();
        }
        return;
      }
      case 1: {
        const uint32_t neurons[] = {static_cast<uint32_t>(random_.Below(2))};
        absl::StrAppend(&acts_, " inject ", neurons[0]);
        for (Simulation& simulation : simulations_) {
          simulation.InjectSpikes(*simulation.Population("a"), neurons).IgnoreError();
        }
        return;
      }
      case 2: {
        const std::vector<double> factors(weights.size(), 0.5);
        absl::StrAppend(&acts_, " set all weights");
        for (Simulation& simulation : simulations_) {
          simulation.SetState("p0.w", factors).IgnoreError();
        }
        return;
      }
      case 3: {
        absl::StrAppend(&acts_, " set a.v");
        for (Simulation& simulation : simulations_) {
          simulation.SetState("a.v", 0, 0.9).IgnoreError();
        }
        return;
      }
      default:
        return;
    }
  }

  std::vector<Simulation> simulations_;  // the reference first
  std::vector<std::string> engines_;
  Random random_;
  std::string acts_;
};

}  // namespace

absl::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kRefused:
      return "refused";
    case Outcome::kTooLarge:
      return "too large";
    case Outcome::kFaulted:
      return "faulted";
    case Outcome::kSpiking:
      return "spiking";
    case Outcome::kSilent:
      return "silent";
    case Outcome::kFailure:
      return "failure";
  }
  return "";
}

std::string NetworkDirectory() { return BNSYN_SOURCE_DIR "/tests/cases/errors"; }

std::string ProgramDirectory() { return BNSYN_SOURCE_DIR "/tests/cases/ops"; }

Verdict TryNetwork(const std::string& text, uint64_t seed) {
  const absl::StatusOr<Network> network = ParseNetwork(text, "fuzz.toml", NetworkDirectory());
  if (!network.ok()) return Refusal(network.status(), true);
  const absl::StatusOr<ir::Program> program = LowerNetwork(*network);
  if (!program.ok()) return Refusal(program.status(), true);
  const absl::Status duration = DurationSteps(*network).status();
  if (!duration.ok()) return Refusal(duration, true);
  const absl::Status verified = ir::Verify(*program);
  if (!verified.ok()) return Failure("a lowered program is not valid", verified.message());
  return RunOnBoth(*program, seed);
}

Verdict TryPlastic(const std::string& text, uint64_t seed) {
  const absl::StatusOr<Network> network = ParseNetwork(text, "fuzz.toml", NetworkDirectory());
  if (!network.ok()) return Refusal(network.status(), true);
  const absl::StatusOr<ir::Program> program = LowerNetwork(*network);
  if (!program.ok()) return Refusal(program.status(), true);
  Random random(seed ^ 0x5eed);
  EngineOptions eager = AcceleratedOptions(random);
  eager.compile.disabled_passes = {"defer"};
  std::vector<Simulation> simulations;
  std::vector<std::string> engines;
  for (const EngineOptions& options : {EngineOptions(), AcceleratedOptions(random), eager}) {
    absl::StatusOr<Simulation> simulation = Compile(*program, options);
    if (!simulation.ok()) return Refusal(simulation.status(), false);
    simulations.push_back(*std::move(simulation));
    engines.push_back(Describe(options));
  }
  return Lockstep(std::move(simulations), std::move(engines), seed).Run();
}

Verdict TryContinuation(const std::string& text, uint64_t seed) {
  const absl::StatusOr<Network> network = ParseNetwork(text, "fuzz.toml", NetworkDirectory());
  if (!network.ok()) return Refusal(network.status(), true);
  const absl::StatusOr<ir::Program> program = LowerNetwork(*network);
  if (!program.ok()) return Refusal(program.status(), true);
  if (IsTooLarge(*program)) return {Outcome::kTooLarge, ""};
  absl::StatusOr<Simulation> uncut = Compile(*program, EngineOptions());
  if (!uncut.ok()) return Refusal(uncut.status(), false);
  Random random(seed ^ 0xc47);
  std::string bytes;
  std::string way;
  const uint64_t legs = 2 + random.Below(3);
  for (uint64_t leg = 0; leg < legs; ++leg) {
    const EngineOptions options = random.OneIn(4) ? EngineOptions() : AcceleratedOptions(random);
    absl::StrAppend(&way, "\nto step ", uncut->step(), ", then ",
                    options.backend == Backend::kReference ? "reference" : Describe(options));
    absl::StatusOr<Simulation> simulation = Compile(*program, options);
    if (!simulation.ok()) return Refusal(simulation.status(), false);
    if (!bytes.empty()) {
      const absl::StatusOr<Checkpoint> read = Checkpoint::FromBytes(bytes);
      const absl::Status restored = read.ok() ? simulation->Restore(*read) : read.status();
      if (!restored.ok()) return Failure("a checkpoint is refused", restored.ToString() + way);
    }
    const uint64_t steps = 1 + random.Below(40);
    const absl::Status expected = uncut->Step(steps);
    const absl::Status actual = simulation->Step(steps);
    if (expected != actual) {
      return Failure("a continued run ends differently",
                     absl::StrCat("uncut:     ", expected.ToString(),
                                  "\ncontinued: ", actual.ToString(), way));
    }
    if (!expected.ok()) return {Outcome::kFaulted, ReasonOf(expected.message())};
    const uint32_t neurons[] = {0};
    for (Simulation* const one : {&*uncut, &*simulation}) {
      one->InjectSpikes(PopulationHandle{0}, neurons).IgnoreError();
    }
    const absl::StatusOr<Checkpoint> saved = simulation->Save();
    if (!saved.ok()) return Failure("a checkpoint fails", saved.status().ToString() + way);
    if (uncut->Digest() != simulation->Digest()) return Failure("a continued run differs", way);
    const absl::StatusOr<Checkpoint> own = uncut->Save();
    if (!own.ok()) return Failure("a checkpoint fails", own.status().ToString() + way);
    if (own->bytes() != saved->bytes()) return Failure("a checkpoint differs", way);
    for (PopulationHandle p = {0}; p.index < program->populations.size(); ++p.index) {
      if (uncut->SpikeCount(p) == simulation->SpikeCount(p)) continue;
      return Failure("a continued run counts other spikes", way);
    }
    bytes = saved->bytes();
  }
  return {uncut->report().spikes > 0 ? Outcome::kSpiking : Outcome::kSilent, ""};
}

Verdict TryProgram(const std::string& text, uint64_t seed) {
  const absl::StatusOr<ir::Program> program = ir::Parse(text, "fuzz.ir", ProgramDirectory());
  if (!program.ok()) return Refusal(program.status(), true);
  return RunOnBoth(*program, seed);
}

}  // namespace bnsyn::fuzz
