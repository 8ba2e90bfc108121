// bnsyn bench: times a network on the ladder from the dense reference to fused threads, and each
// kernel by itself.

#include <algorithm>
#include <cstdio>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compiler/language/expression.h"
#include "compiler/lowering/lower.h"
#include "ir/status_macros.h"
#include "tools/bench.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/table.h"

namespace bnsyn::tools {

double SecondsIn(const std::vector<KernelTime>& kernels, KernelKind kind) {
  double seconds = 0;
  for (const KernelTime& kernel : kernels) {
    if (kernel.kind == kind) seconds += kernel.seconds;
  }
  return seconds;
}

absl::Status NothingSpiked() {
  return absl::FailedPreconditionError(
      "nothing spiked in the steps measured: a silent network proves nothing; raise the drive or "
      "--warmup");
}

namespace {

// One line of a result: a rung of the ladder or a kernel.
struct Measurement {
  std::string group;
  std::string name;
  std::string surface;  // ladder: the feature that this rung adds
  double ns_per_step = 0;
  double ns_per_element = 0;  // per neuron, or per synaptic event if the name says so
  std::string digest;
  double ratio = 0;  // ladder: over the rung before
};

struct Timing {
  double ns_per_step = std::numeric_limits<double>::infinity();
  std::string digest;
  uint64_t spikes = 0;
  uint64_t synapses = 0;
  uint64_t neurons = 0;
  std::vector<KernelTime> kernels;  // of the fastest repeat
};

// The least time of `repeats` runs of the same steps.
absl::StatusOr<Timing> Time(const ir::Program& program, const BenchArguments& arguments,
                            EngineOptions options, int repeats) {
  Timing best;
  options.record_spikes = false;
  for (int i = 0; i < repeats; ++i) {
    if (Interrupted()) return absl::CancelledError("interrupted");
    BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(program, options));
    BNSYN_RETURN_IF_ERROR(simulation.Step(arguments.warmup));
    const double before = simulation.report().run_seconds;
    const std::vector<KernelTime> kernels_before = ReportOf(simulation).kernels;
    const uint64_t spikes_before = simulation.report().spikes;
    BNSYN_RETURN_IF_ERROR(simulation.Step(arguments.steps));
    const double ns =
        (simulation.report().run_seconds - before) * 1e9 / static_cast<double>(arguments.steps);
    best.digest = simulation.Digest().ToString();
    best.spikes = simulation.report().spikes - spikes_before;
    best.synapses = simulation.report().synapses;
    best.neurons = simulation.report().neurons;
    if (best.spikes == 0) {
      return NothingSpiked();
    }
    if (ns < best.ns_per_step) {
      best.ns_per_step = ns;
      best.kernels = ReportOf(simulation).kernels;
      for (size_t k = 0; k < best.kernels.size() && k < kernels_before.size(); ++k) {
        best.kernels[k].seconds -= kernels_before[k].seconds;
      }
    }
  }
  return best;
}

// Times the network from the plainest way to the fastest; each rung adds one feature.
absl::Status Ladder(const ir::Program& program, const BenchArguments& arguments,
                    std::vector<Measurement>& results) {
  struct Rung {
    std::string name;
    std::string surface;
    EngineOptions options;
    int repeats;
  };
  EngineOptions base;
  std::vector<Rung> rungs;
  base.propagation = Propagation::kDense;
  rungs.push_back({"reference, dense matrix", "", base, 1});
  base.propagation = Propagation::kCsr;
  rungs.push_back({"reference, CSR rows", "events", base, 1});
  base.backend = Backend::kAccelerated;
  base.compile.width = 1;
  base.compile.disabled_passes = {"fuse"};
  rungs.push_back({"compiled, a kernel a node, 1 lane", "JIT", base, 2});
  base.compile.width = arguments.width;
  rungs.push_back({"compiled, a kernel a node, vectors", "vectors", base, arguments.repeats});
  base.compile.disabled_passes = {};
  rungs.push_back({"compiled, fused, vectors", "in place", base, arguments.repeats});
  if (arguments.threads > 1) {
    base.threads = arguments.threads;
    rungs.push_back({absl::StrCat("compiled, fused, vectors, ", arguments.threads, " threads"),
                     "threads", base, arguments.repeats});
  }
  double previous = 0;
  for (const Rung& rung : rungs) {
    const auto timing = Time(program, arguments, rung.options, rung.repeats);
    if (absl::IsInvalidArgument(timing.status()) || absl::IsResourceExhausted(timing.status())) {
      // Dense propagation is for small networks: leave the rung out, and say so.
      std::fprintf(stderr, "note: no rung '%s': %s\n", rung.name.c_str(),
                   std::string(timing.status().message()).c_str());
      continue;
    }
    BNSYN_RETURN_IF_ERROR(timing.status());
    results.push_back({.group = "ladder",
                       .name = rung.name,
                       .surface = rung.surface,
                       .ns_per_step = timing->ns_per_step,
                       .ns_per_element = timing->ns_per_step / static_cast<double>(timing->neurons),
                       .digest = timing->digest,
                       .ratio = previous > 0 ? previous / timing->ns_per_step : 0});
    previous = timing->ns_per_step;
  }
  return absl::OkStatus();
}

// Removes the statements that contain `leave_out` from the update code of every model. The time of
// a part of a fused kernel is the difference that this makes.
absl::StatusOr<Network> Without(const Network& network,
                                const std::function<bool(const compiler::Statement&)>& leave_out) {
  Network result = network;
  for (Model& model : result.models) {
    if (model.update.text.empty()) continue;
    BNSYN_ASSIGN_OR_RETURN(const auto statements, compiler::ParseStatements(model.update));
    for (const compiler::Statement& statement : statements) {
      if (!leave_out(statement)) continue;
      const size_t begin = statement.target_range.offset;
      const size_t end = statement.value.range.offset + statement.value.range.length;
      std::fill(model.update.text.begin() + static_cast<std::ptrdiff_t>(begin),
                model.update.text.begin() + static_cast<std::ptrdiff_t>(end), ' ');
    }
  }
  return result;
}

bool IsDecay(const compiler::Statement& statement) {
  return statement.op == '*' && statement.value.kind == compiler::ExprKind::kCall &&
         statement.value.name == "exp";
}

double KernelNanoseconds(const Timing& timing, KernelKind kind, uint64_t steps) {
  return SecondsIn(timing.kernels, kind) * 1e9 / static_cast<double>(steps);
}

// The kernels of PHYSICS' last section. Conductance decay is inside the fused update: its time is
// that of the update less that of the update without it, both without input, so that the
// conductances stay at zero where they are not decayed.
absl::Status Kernels(const ir::Program& program, const BenchArguments& arguments,
                     std::vector<Measurement>& results) {
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.compile.width = arguments.width;
  options.profile = true;
  BNSYN_ASSIGN_OR_RETURN(const Timing timing, Time(program, arguments, options, arguments.repeats));
  options.profile = false;
  BNSYN_ASSIGN_OR_RETURN(const Timing plain, Time(program, arguments, options, arguments.repeats));
  const auto neurons = static_cast<double>(timing.neurons);
  const auto add = [&](const std::string& name, double ns, double elements) {
    results.push_back({.group = "kernel",
                       .name = name,
                       .surface = "",
                       .ns_per_step = ns,
                       .ns_per_element = elements > 0 ? ns / elements : 0,
                       .digest = timing.digest,
                       .ratio = 0});
  };
  const double events = static_cast<double>(timing.spikes) * static_cast<double>(timing.synapses) /
                        neurons / static_cast<double>(arguments.steps);
  add("full_step", plain.ns_per_step, neurons);
  add("adex_update", KernelNanoseconds(timing, KernelKind::kPopulation, arguments.steps), neurons);
  add("synapse_propagation (per event)",
      KernelNanoseconds(timing, KernelKind::kDelivery, arguments.steps), events);
  add("criticality_estimation", KernelNanoseconds(timing, KernelKind::kNetwork, arguments.steps),
      0);
  return absl::OkStatus();
}

absl::Status HiddenKernels(const BenchArguments& arguments, std::vector<Measurement>& results) {
  BNSYN_ASSIGN_OR_RETURN(const Network network, LoadNetwork(arguments.source));
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.compile.width = arguments.width;
  options.profile = true;
  const auto update_time = [&](const Network& variant) -> absl::StatusOr<double> {
    Network driven = variant;
    // Without conductances a current, in place of events, keeps the network active.
    for (Model& model : driven.models) {
      for (auto& [name, value] : model.parameters) {
        if (name == "I_inj") value = Setting("800 pA");
      }
    }
    driven.projections.clear();
    BNSYN_ASSIGN_OR_RETURN(const ir::Program program, LowerNetwork(driven));
    BNSYN_ASSIGN_OR_RETURN(const Timing timing,
                           Time(program, arguments, options, arguments.repeats));
    return KernelNanoseconds(timing, KernelKind::kPopulation, arguments.steps);
  };
  const auto is_event = [](const compiler::Statement& statement) {
    return statement.op == '+' && absl::StartsWith(statement.target, "g_");
  };
  BNSYN_ASSIGN_OR_RETURN(const Network quiet, Without(network, is_event));
  BNSYN_ASSIGN_OR_RETURN(const Network quiet_undecayed, Without(quiet, IsDecay));
  BNSYN_ASSIGN_OR_RETURN(const double with, update_time(quiet));
  BNSYN_ASSIGN_OR_RETURN(const double without, update_time(quiet_undecayed));
  BNSYN_ASSIGN_OR_RETURN(const ir::Program program, LowerNetwork(network));
  const auto neurons = static_cast<double>(program.Neurons());
  results.push_back({.group = "kernel",
                     .name = "conductance_decay (left out)",
                     .surface = "",
                     .ns_per_step = with - without,
                     .ns_per_element = (with - without) / neurons,
                     .digest = "",
                     .ratio = 0});
  return absl::OkStatus();
}

void Print(const Loaded& loaded, const std::vector<Measurement>& results, bool with_kernels) {
  std::printf("%s, %u steps measured\n\n", loaded.name.c_str(),
              static_cast<unsigned>(loaded.steps));
  Table ladder({"rung", "surface", "us/step", "ns/neuron-step", "over the last", "over the first",
                "digest"});
  Table kernels({"kernel", "us/step", "ns/element"});
  double first = 0;
  for (const Measurement& m : results) {
    if (m.group == "kernel") {
      kernels.Add({m.name, absl::StrFormat("%.2f", m.ns_per_step / 1e3),
                   m.ns_per_element > 0 ? absl::StrFormat("%.2f", m.ns_per_element) : ""});
      continue;
    }
    if (first == 0) first = m.ns_per_step;
    ladder.Add({m.name, m.surface, absl::StrFormat("%.2f", m.ns_per_step / 1e3),
                absl::StrFormat("%.2f", m.ns_per_element),
                m.ratio > 0 ? absl::StrFormat("%.1fx", m.ratio) : "",
                absl::StrFormat("%.1fx", first / m.ns_per_step), m.digest});
  }
  if (first > 0) std::printf("%s", ladder.ToString().c_str());
  if (first > 0 && with_kernels) std::printf("\n");
  if (with_kernels) std::printf("%s", kernels.ToString().c_str());
}

absl::StatusOr<std::vector<Measurement>> Measure(const BenchArguments& arguments,
                                                 const Loaded& loaded) {
  std::vector<Measurement> results;
  if (!arguments.only_kernels) {
    BNSYN_RETURN_IF_ERROR(Ladder(loaded.program, arguments, results));
  }
  if (arguments.only_ladder) return results;
  BNSYN_RETURN_IF_ERROR(Kernels(loaded.program, arguments, results));
  const bool network_file = absl::EndsWith(arguments.source.path, ".toml");
  if (network_file) {
    BNSYN_ASSIGN_OR_RETURN(const Network network, LoadNetwork(arguments.source));
    bool decays = false;
    for (const Model& model : network.models) {
      if (model.update.text.empty()) continue;
      BNSYN_ASSIGN_OR_RETURN(const auto statements, compiler::ParseStatements(model.update));
      decays = decays || std::any_of(statements.begin(), statements.end(), IsDecay);
    }
    if (decays) BNSYN_RETURN_IF_ERROR(HiddenKernels(arguments, results));
  }
  return results;
}

int Run(const BenchArguments& arguments) {
  InstallInterrupt();
  if (!arguments.profile && !(arguments.save.empty() && arguments.compare.empty())) {
    return Report(absl::InvalidArgumentError("--save and --compare are of --profile: add that"));
  }
  if (!arguments.vary.empty()) {
    const absl::Status status = BenchVary(arguments);
    return status.ok() ? kDone : Report(status);
  }
  if (arguments.profile) {
    const absl::StatusOr<bool> as_fast = BenchProfile(arguments);
    if (!as_fast.ok()) return Report(as_fast.status());
    return *as_fast ? kDone : kNo;
  }
  if (arguments.plan) {
    const absl::Status status = BenchPlan(arguments);
    return status.ok() ? kDone : Report(status);
  }
  auto loaded = Load(arguments.source);
  if (!loaded.ok()) return Report(loaded.status());
  loaded->steps = arguments.steps;
  const auto results = Measure(arguments, *loaded);
  if (!results.ok()) return Report(results.status());
  std::string digest;
  bool equal = true;
  for (const Measurement& m : *results) {
    if (m.digest.empty()) continue;
    if (digest.empty()) digest = m.digest;
    equal = equal && m.digest == digest;
  }
  if (arguments.json) {
    Json json = Json::array();
    for (const Measurement& m : *results) {
      json.push_back({{"group", m.group},
                      {"name", m.name},
                      {"surface", m.surface},
                      {"ns_per_step", m.ns_per_step},
                      {"ns_per_element", m.ns_per_element},
                      {"digest", m.digest}});
    }
    std::printf("%s\n", TextOf(json).c_str());
  } else {
    Print(*loaded, *results, !arguments.only_ladder);
  }
  if (!equal) std::fprintf(stderr, "error: the digests differ; `bnsyn verify` says where\n");
  return equal ? kDone : kNo;
}

}  // namespace

void AddBench(CommandLine& line) {
  auto arguments = std::make_shared<BenchArguments>();
  Command& bench = line.Add(
      "bench", "time a network from the dense reference to fused threads, and kernel by kernel");
  bench.SetFooter(
      "Times are the least of several runs on an active network; compare ratios, not times.\n"
      "Examples:\n"
      "  bnsyn bench examples/networks/bnsyn.toml --set N=4000\n"
      "  bnsyn bench examples/networks/bnsyn.toml --set N=4000 --only-kernels --json\n"
      "  bnsyn bench examples/networks/coba.toml --profile --save coba.json\n"
      "  bnsyn bench examples/networks/coba.toml --profile --compare coba.json\n"
      "  bnsyn bench examples/networks/coba.toml --plan --steps 50 --repeats 100\n"
      "  bnsyn bench examples/networks/coba.toml --set p=80/N --vary N=1000,10000,100000");
  arguments->source.AddArguments(bench);
  bench.Add({.name = "--threads",
             .value = &arguments->threads,
             .help = "of the last rung",
             .range = {{1, 1024}},
             .show_default = true});
  bench.Add({.name = "--width",
             .value = &arguments->width,
             .help = "lanes of vectors; 0 lets the machine choose",
             .one_of = kWidths,
             .show_default = true});
  bench.Add({.name = "--warmup",
             .value = &arguments->warmup,
             .help = "steps before the measured ones",
             .show_default = true});
  bench.Add({.name = "--steps",
             .value = &arguments->steps,
             .help = "steps measured",
             .positive = true,
             .show_default = true});
  bench.Add({.name = "--repeats",
             .value = &arguments->repeats,
             .help = "runs of which the least counts",
             .positive = true,
             .show_default = true});
  bench.Add({.name = "--ladder", .value = &arguments->only_ladder, .help = "only the ladder"});
  bench.Add({.name = "--only-kernels",
             .value = &arguments->only_kernels,
             .help = "no ladder",
             .excludes = {"--ladder"}});
  bench.Add({.name = "--plan",
             .value = &arguments->plan,
             .help = "only what each row of the kernels' plans is worth (see dump --stage plan)",
             .excludes = {"--ladder", "--only-kernels"}});
  bench.Add({.name = "--profile",
             .value = &arguments->profile,
             .help = "only the parts of a step by their roles, on one thread, with the processor's "
                     "counters and the roofline of the machine",
             .excludes = {"--ladder", "--only-kernels", "--plan"}});
  bench.Add({.name = "--save",
             .value = &arguments->save,
             .help = "of --profile: write it to a file",
             .type = "FILE"});
  bench.Add({.name = "--compare",
             .value = &arguments->compare,
             .help = "of --profile: an older one; exit 1 if a part is slower beyond noise",
             .type = "FILE"});
  bench.Add({.name = "--vary",
             .value = &arguments->vary,
             .help = "only how a step's cost grows with a value, on one thread",
             .type = "NAME[,NAME...]=VALUE,VALUE,...",
             .excludes = {"--ladder", "--only-kernels", "--plan", "--profile"}});
  bench.Add({.name = "--json",
             .value = &arguments->json,
             .help = "print an array of rungs and kernels, or of rows"});
  bench.SetAction([arguments] { return Run(*arguments); });
}

}  // namespace bnsyn::tools
