// bnsyn bench --profile: where the time of a step goes, by role, for any network.
//
// Kernels are timed as they run. What fusion hides in a kernel is found by its role in the program,
// left out, and priced by the difference: of two programs that are alike but for it.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/passes/rewrite.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "tools/bench.h"
#include "tools/counters.h"
#include "tools/output.h"
#include "tools/roofline.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

// A time by its measurements: the least, and how far their median is above it.
struct Measured {
  double least = std::numeric_limits<double>::infinity();
  double noise = 0;

  static Measured Of(std::vector<double> times) {
    std::sort(times.begin(), times.end());
    return {times[0], times[times.size() / 2] - times[0]};
  }
};

// One line of the profile.
struct Part {
  std::string name;
  Measured ns;          // a step
  double elements = 0;  // neurons, or synaptic events
  Work work;
  bool has_work = true;
};

// A network under measurement. Its times are those of the same steps, again and again.
class Sample {
 public:
  static absl::StatusOr<Sample> Start(const ir::Program& program, const BenchArguments& arguments,
                                      bool profile) {
    EngineOptions options;
    options.backend = Backend::kAccelerated;
    options.compile.width = arguments.width;
    options.profile = profile;
    options.record_spikes = false;
    BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(program, options));
    return Sample(std::move(simulation));
  }

  absl::Status Run(uint64_t steps) {
    const EngineReport before = ReportOf(simulation_);
    BNSYN_RETURN_IF_ERROR(simulation_.Step(steps));
    const EngineReport& after = ReportOf(simulation_);
    const double scale = 1e9 / static_cast<double>(steps);
    step_.push_back(scale * (after.run_seconds - before.run_seconds));
    for (const KernelKind kind :
         {KernelKind::kDelivery, KernelKind::kPopulation, KernelKind::kNetwork}) {
      kinds_[static_cast<size_t>(kind)].push_back(
          scale * (SecondsIn(after.kernels, kind) - SecondsIn(before.kernels, kind)));
    }
    return absl::OkStatus();
  }

  Simulation& simulation() { return simulation_; }
  Measured step() const { return Measured::Of(step_); }
  Measured of(KernelKind kind) const { return Measured::Of(kinds_[static_cast<size_t>(kind)]); }

 private:
  explicit Sample(Simulation simulation) : simulation_(std::move(simulation)) {}
  Simulation simulation_;
  std::vector<double> step_;
  std::vector<double> kinds_[3];
};

// Where a step lets a state decay: a float of each neuron whose next value is made of itself, of
// what arrives, of draws and of uniform values, by a product with a uniform value.
struct Decay {
  ir::StateId state = 0;
  ir::NodeId stored = ir::kNoNode;
  ir::NodeId left = ir::kNoNode;     // the same before small numbers become 0 (R9)
  ir::NodeId arrived = ir::kNoNode;  // the same before it decays
};

class DecayFinder {
 public:
  DecayFinder(const ir::Program& program, const ir::Block& step) : program_(program), step_(step) {}

  std::vector<Decay> Find() const {
    std::vector<Decay> decays;
    for (const ir::Node& store : step_.nodes) {
      if (store.op != ir::Op::kStore) continue;
      const auto state = static_cast<ir::StateId>(store.attr);
      const ir::Type type = program_.states[state].type;
      if (type.uniform() || !ir::IsFloat(type.element)) continue;
      const ir::NodeId left = BeforeFlush(store.operands[0]);
      const ir::NodeId arrived = BeforeDecay(left);
      if (arrived == ir::kNoNode || !IsOwn(arrived, state)) continue;
      decays.push_back({state, store.operands[0], left, arrived});
    }
    return decays;
  }

 private:
  const ir::Node& node(ir::NodeId id) const { return step_.nodes[id]; }
  bool Uniform(ir::NodeId id) const { return node(id).type().uniform(); }

  // What a value was before a choice made a 0 of small ones.
  ir::NodeId BeforeFlush(ir::NodeId id) const {
    const ir::Node& n = node(id);
    return n.op == ir::Op::kSelect && Uniform(n.operands[1]) ? n.operands[2] : id;
  }

  // What a value was before it was multiplied by a uniform one; with the addition and subtraction
  // by which small numbers vanish, if there is that.
  ir::NodeId BeforeDecay(ir::NodeId id) const {
    const ir::Node* n = &node(id);
    if (n->op == ir::Op::kSub && Uniform(n->operands[1])) n = &node(n->operands[0]);
    const bool product =
        n->op == ir::Op::kMul || (n->op == ir::Op::kFma && Uniform(n->operands[2]));
    if (!product || Uniform(n->operands[0]) == Uniform(n->operands[1])) return ir::kNoNode;
    return Uniform(n->operands[0]) ? n->operands[1] : n->operands[0];
  }

  // True if a value is made of this state of its neuron and of no other.
  bool IsOwn(ir::NodeId id, ir::StateId state) const {
    bool reads_itself = false;
    std::vector<bool> needed(id + size_t{1});
    needed[id] = true;
    for (ir::NodeId i = id + 1; i-- > 0;) {
      if (!needed[i] || Uniform(i)) continue;
      const ir::Node& n = node(i);
      if (ir::Info(n.op).attr == ir::AttrKind::kState) {
        if (n.op != ir::Op::kLoad || n.attr != state) return false;
        reads_itself = true;
      }
      for (const ir::NodeId operand : n.inputs()) needed[operand] = true;
    }
    return reads_itself;
  }

  const ir::Program& program_;
  const ir::Block& step_;
};

// The program with its decaying states held: a step computes what they become, with or without the
// decay, and stores it elsewhere. So both ways do the same, and no conductance runs away.
ir::Program Held(const ir::Program& program, const std::vector<Decay>& decays, bool decay) {
  ir::Program result = program;
  std::vector<std::optional<ir::StateId>> elsewhere(program.states.size());
  for (const Decay& d : decays) {
    ir::State state = program.states[d.state];
    absl::StrAppend(&state.name, ".held");
    elsewhere[d.state] = static_cast<ir::StateId>(result.states.size());
    result.states.push_back(std::move(state));
  }
  result.step[0] = compiler::RewriteBlock(
      result, program.step[0],
      [&](compiler::Rewriter& rewriter, ir::NodeId id) -> std::optional<ir::Value> {
        const ir::Node& node = program.step[0].nodes[id];
        for (const Decay& d : decays) {
          if (!decay && (id == d.left || id == d.stored)) return rewriter.At(d.arrived);
          if (node.attr != d.state) continue;
          if (node.op == ir::Op::kCheck) return ir::Value{};
          if (node.op != ir::Op::kStore) continue;
          rewriter.builder().Store(*elsewhere[d.state], rewriter.Operand(id, 0));
          return ir::Value{};
        }
        return std::nullopt;
      });
  return result;
}

// Takes the decaying states of a network that ran for a while.
absl::Status Copy(const std::vector<Decay>& decays, const Simulation& from, Simulation& to) {
  for (const Decay& d : decays) {
    const reference::ArrayView values = RawState(from, d.state);
    std::vector<ir::Bits> bits;
    for (size_t i = 0; i < values.size; ++i) bits.push_back(values.bits(i));
    for (uint32_t i = 0; i < bits.size(); ++i) {
      BNSYN_RETURN_IF_ERROR(SetRawState(to, d.state, i, bits[i]));
    }
  }
  return absl::OkStatus();
}

struct DecayPrice {
  Part part;
  std::vector<std::string> states;
  std::string note;  // why there is no price
};

absl::StatusOr<DecayPrice> PriceDecay(const BenchArguments& arguments) {
  DecayPrice price;
  price.part.name = "conductance_decay";
  price.part.has_work = false;
  if (!absl::EndsWith(arguments.source.path, ".toml")) {
    price.note =
        "no conductance_decay: give the network file, of which a program has lost the roles";
    return price;
  }
  compiler::CompileOptions options;
  options.disabled_passes = {"decay_inputs"};
  BNSYN_ASSIGN_OR_RETURN(const Loaded loaded, Load(arguments.source, options));
  const ir::Program& program = loaded.program;
  if (program.step.size() != 1) return price;
  const std::vector<Decay> decays = DecayFinder(program, program.step[0]).Find();
  if (decays.empty()) {
    price.note = "no conductance_decay: no state of neurons only decays and receives";
    return price;
  }
  double elements = 0;
  for (const Decay& d : decays) {
    price.states.push_back(program.states[d.state].name);
    elements += program.Size(program.states[d.state].type.domain);
  }
  BNSYN_ASSIGN_OR_RETURN(Sample plain, Sample::Start(program, arguments, false));
  BNSYN_RETURN_IF_ERROR(plain.simulation().Step(arguments.warmup));
  BNSYN_ASSIGN_OR_RETURN(Sample with, Sample::Start(Held(program, decays, true), arguments, true));
  BNSYN_ASSIGN_OR_RETURN(Sample without,
                         Sample::Start(Held(program, decays, false), arguments, true));
  for (Sample* const sample : {&with, &without}) {
    BNSYN_RETURN_IF_ERROR(Copy(decays, plain.simulation(), sample->simulation()));
    BNSYN_RETURN_IF_ERROR(sample->simulation().Step(arguments.warmup));
  }
  const auto spikes = [](Sample& sample) { return sample.simulation().report().spikes; };
  const uint64_t before = std::min(spikes(with), spikes(without));
  for (int i = 0; i < arguments.repeats; ++i) {
    if (Interrupted()) return absl::CancelledError("interrupted");
    BNSYN_RETURN_IF_ERROR(with.Run(arguments.steps));
    BNSYN_RETURN_IF_ERROR(without.Run(arguments.steps));
  }
  if (std::min(spikes(with), spikes(without)) == before) {
    price.note = "no conductance_decay: nothing spikes while conductances are held";
    return price;
  }
  const Measured one = with.of(KernelKind::kPopulation);
  const Measured other = without.of(KernelKind::kPopulation);
  price.part.ns = {one.least - other.least, one.noise + other.noise};
  price.part.elements = elements;
  return price;
}

struct Profile {
  std::vector<Part> parts;
  std::vector<std::string> notes;
  std::vector<CounterValue> counters;  // of a step
  Roof roof;
};

absl::StatusOr<Profile> Measure(const Loaded& loaded, const BenchArguments& arguments) {
  Profile profile;
  BNSYN_ASSIGN_OR_RETURN(Sample plain, Sample::Start(loaded.program, arguments, false));
  BNSYN_ASSIGN_OR_RETURN(Sample timed, Sample::Start(loaded.program, arguments, true));
  for (Sample* const sample : {&plain, &timed}) {
    BNSYN_RETURN_IF_ERROR(sample->simulation().Step(arguments.warmup));
  }
  const uint64_t spikes_before = timed.simulation().report().spikes;
  for (int i = 0; i < arguments.repeats; ++i) {
    if (Interrupted()) return absl::CancelledError("interrupted");
    BNSYN_RETURN_IF_ERROR(plain.Run(arguments.steps));
    BNSYN_RETURN_IF_ERROR(timed.Run(arguments.steps));
  }
  const SimulationReport& report = timed.simulation().report();
  const auto steps = static_cast<double>(arguments.steps);
  const auto neurons = static_cast<double>(report.neurons);
  const double spikes = static_cast<double>(report.spikes - spikes_before) /
                        static_cast<double>(arguments.repeats) / steps;
  if (spikes == 0) return NothingSpiked();
  const double events = spikes * static_cast<double>(report.synapses) / neurons;

  const ir::Program& program = ProgramOf(timed.simulation());
  Work update, network, all;
  for (const ir::Block& kernel : program.step) {
    if (program.RunsSynapses(kernel)) continue;
    Work& work = kernel.domain == ir::DomainId::kNetwork ? network : update;
    BNSYN_ASSIGN_OR_RETURN(const Work of_kernel, WorkOf(program, kernel));
    const double due = 1.0 / kernel.every;
    work = work + Work{of_kernel.flops * due, of_kernel.bytes * due};
  }
  const Work of_event = WorkOfEvent(program);
  const Work delivery = {of_event.flops * events, of_event.bytes * events};
  all = update + network + delivery;
  profile.parts = {
      {"full_step", plain.step(), neurons, all},
      {"adex_update", timed.of(KernelKind::kPopulation), neurons, update},
      {"synapse_propagation", timed.of(KernelKind::kDelivery), events, delivery},
  };
  BNSYN_ASSIGN_OR_RETURN(DecayPrice decay, PriceDecay(arguments));
  if (decay.note.empty()) {
    profile.notes.push_back(absl::StrCat("conductance_decay: of ",
                                         absl::StrJoin(decay.states, ", "),
                                         ", as states, by leaving it out of adex_update"));
    profile.parts.push_back(std::move(decay.part));
  } else {
    profile.notes.push_back(decay.note);
  }
  profile.parts.push_back({"criticality_estimation", timed.of(KernelKind::kNetwork), 1, network});

  if (auto counters = Counters::Open(); counters.ok()) {
    BNSYN_RETURN_IF_ERROR(plain.simulation().Step(arguments.steps));
    for (CounterValue& value : counters->Read()) {
      profile.counters.push_back({value.name, value.number / steps});
    }
  } else {
    profile.notes.emplace_back(counters.status().message());
  }
  BNSYN_ASSIGN_OR_RETURN(profile.roof, MeasureRoof(all.bytes, arguments.width));
  return profile;
}

Json ToJson(const Loaded& loaded, const BenchArguments& arguments, const Profile& profile) {
  Json parts = Json::array();
  for (const Part& part : profile.parts) {
    Json json = {{"name", part.name},
                 {"ns_per_step", part.ns.least},
                 {"noise_ns", part.ns.noise},
                 {"ns_per_element", part.elements > 0 ? part.ns.least / part.elements : 0}};
    if (part.has_work && part.ns.least > 0) {
      json["flops_per_step"] = part.work.flops;
      json["bytes_per_step"] = part.work.bytes;
      json["of_the_roof"] = profile.roof.Seconds(part.work) * 1e9 / part.ns.least;
    }
    parts.push_back(std::move(json));
  }
  Json counters = Json::object();
  for (const CounterValue& value : profile.counters) counters[value.name] = value.number;
  return {{"network", loaded.name},
          {"neurons", loaded.program.Neurons()},
          {"steps", arguments.steps},
          {"parts", std::move(parts)},
          {"counters_per_step", std::move(counters)},
          {"roof",
           {{"gflops", profile.roof.flops_per_second / 1e9},
            {"gb_per_second", profile.roof.bytes_per_second / 1e9}}},
          {"notes", profile.notes}};
}

void Print(const Loaded& loaded, const BenchArguments& arguments, const Profile& profile) {
  std::printf("%s, one thread, least of %d times %llu steps\n\n", loaded.name.c_str(),
              arguments.repeats, static_cast<unsigned long long>(arguments.steps));
  Table table({"part", "us/step", "noise", "ns/element", "of the step", "kflop", "kB", "GFLOP/s",
               "GB/s", "of the roof"});
  const double step = profile.parts[0].ns.least;
  for (const Part& part : profile.parts) {
    const double ns = part.ns.least;
    std::vector<std::string> row = {
        part.name, absl::StrFormat("%.3f", ns / 1e3), absl::StrFormat("%.3f", part.ns.noise / 1e3),
        part.elements > 0 ? absl::StrFormat("%.3f", ns / part.elements) : "",
        absl::StrFormat("%.1f %%", 100 * ns / step)};
    if (part.has_work && ns > 0) {
      row.insert(row.end(),
                 {absl::StrFormat("%.2f", part.work.flops / 1e3),
                  absl::StrFormat("%.2f", part.work.bytes / 1e3),
                  absl::StrFormat("%.2f", part.work.flops / ns),
                  absl::StrFormat("%.2f", part.work.bytes / ns),
                  absl::StrFormat("%.0f %%", 1e11 * profile.roof.Seconds(part.work) / ns)});
    } else {
      row.resize(10);
    }
    table.Add(std::move(row));
  }
  std::printf(
      "%s\nroof of one thread: %.1f GFLOP/s, and %.1f GB/s of as much memory as a step "
      "moves\n",
      table.ToString().c_str(), profile.roof.flops_per_second / 1e9,
      profile.roof.bytes_per_second / 1e9);
  if (!profile.counters.empty()) {
    std::printf("counted in a step:");
    for (const CounterValue& value : profile.counters) {
      std::printf(" %s %s", Short(value.number).c_str(), value.name.c_str());
    }
    std::printf("\n");
  }
  for (const std::string& note : profile.notes) std::printf("note: %s\n", note.c_str());
}

// A part in an older profile and now.
struct Change {
  std::string part;
  double before_ns = 0, now_ns = 0;
  bool beyond_noise = false;
};

absl::StatusOr<std::vector<Change>> Compare(const std::string& path, const Json& now) {
  BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(path, ir::kMostDescription));
  const Json before = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!before.is_object() || !before.contains("parts") || !before.contains("network")) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, " is no profile: `bnsyn bench NET.toml --profile --save ", path, "` writes one"));
  }
  if (before["network"] != now["network"] || before["neurons"] != now["neurons"]) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is of the network ", before["network"].dump(), " of ",
                     before["neurons"].dump(), " neurons: compare with a profile of the same"));
  }
  std::vector<Change> changes;
  for (const Json& part : now["parts"]) {
    for (const Json& old : before["parts"]) {
      if (old["name"] != part["name"]) continue;
      const double was = old["ns_per_step"].get<double>();
      const double is = part["ns_per_step"].get<double>();
      const double noise = old["noise_ns"].get<double>() + part["noise_ns"].get<double>();
      // Least times of runs of one machine differ by some percent, whatever their noise.
      constexpr double kUsual = 0.05;
      changes.push_back({part["name"].get<std::string>(), was, is,
                         std::fabs(is - was) > std::max(3 * noise, kUsual * was)});
    }
  }
  return changes;
}

void Print(const std::string& path, const std::vector<Change>& changes) {
  std::printf("\nsince %s\n\n", path.c_str());
  Table table({"part", "us/step before", "now", "ratio", ""});
  for (const Change& change : changes) {
    table.Add(
        {change.part, absl::StrFormat("%.3f", change.before_ns / 1e3),
         absl::StrFormat("%.3f", change.now_ns / 1e3),
         change.before_ns > 0 ? absl::StrFormat("%.3f", change.now_ns / change.before_ns) : "",
         !change.beyond_noise               ? "within noise"
         : change.now_ns < change.before_ns ? "faster"
                                            : "slower"});
  }
  std::printf("%s", table.ToString().c_str());
}

}  // namespace

absl::StatusOr<bool> BenchProfile(const BenchArguments& arguments) {
  BNSYN_ASSIGN_OR_RETURN(const Loaded loaded, Load(arguments.source));
  BNSYN_ASSIGN_OR_RETURN(const Profile profile, Measure(loaded, arguments));
  Json json = ToJson(loaded, arguments, profile);
  if (!arguments.save.empty()) {
    BNSYN_RETURN_IF_ERROR(ir::WriteFile(arguments.save, TextOf(json) + "\n"));
  }
  std::vector<Change> changes;
  if (!arguments.compare.empty()) {
    BNSYN_ASSIGN_OR_RETURN(changes, Compare(arguments.compare, json));
  }
  if (arguments.json) {
    for (const Change& change : changes) {
      json["changes"].push_back({{"part", change.part},
                                 {"before_ns", change.before_ns},
                                 {"now_ns", change.now_ns},
                                 {"beyond_noise", change.beyond_noise}});
    }
    std::printf("%s\n", TextOf(json).c_str());
  } else {
    Print(loaded, arguments, profile);
    if (!changes.empty()) Print(arguments.compare, changes);
  }
  return std::none_of(changes.begin(), changes.end(), [](const Change& change) {
    return change.beyond_noise && change.now_ns > change.before_ns;
  });
}

}  // namespace bnsyn::tools
