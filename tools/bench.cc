// bnsyn bench: times a network on the ladder from the dense reference to fused threads, and the
// parts of a step by themselves.

#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/status_macros.h"
#include "tools/bench.h"
#include "tools/bench_parts.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/receipt.h"
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

Json BenchReceipt(const BenchArguments& arguments, const Loaded& loaded,
                  const Simulation& simulation, int threads) {
  Machine machine;
  machine.backend = "accelerated";
  machine.threads = threads;
  machine.width = arguments.width;
  Receipt receipt = ReceiptOf(arguments.source, machine, loaded);
  receipt.steps = simulation.report().steps;
  receipt.spikes = simulation.report().spikes;
  receipt.digest = simulation.Digest().ToString();
  return ToJson(receipt);
}

namespace {

// A rung of the ladder.
struct Rung {
  std::string name;
  std::string surface;  // the feature that it adds
  EngineOptions options;
  int repeats;
  double ns_per_step = std::numeric_limits<double>::infinity();
  double ns_per_neuron = 0;  // and step
  double ratio = 0;          // over the rung before
  std::string digest;
  Json receipt;
};

// The least time of the same steps.
absl::Status Time(const Loaded& loaded, const BenchArguments& arguments, Rung& rung) {
  rung.options.record_spikes = false;
  for (int i = 0; i < rung.repeats; ++i) {
    if (Interrupted()) return absl::CancelledError("interrupted");
    BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(loaded.program, rung.options));
    BNSYN_RETURN_IF_ERROR(simulation.Step(arguments.warmup));
    const SimulationReport before = simulation.report();
    BNSYN_RETURN_IF_ERROR(simulation.Step(arguments.steps));
    const SimulationReport& after = simulation.report();
    if (after.spikes == before.spikes) return NothingSpiked();
    const double ns =
        (after.run_seconds - before.run_seconds) * 1e9 / static_cast<double>(arguments.steps);
    rung.ns_per_step = std::min(rung.ns_per_step, ns);
    rung.ns_per_neuron = rung.ns_per_step / static_cast<double>(after.neurons);
    rung.digest = simulation.Digest().ToString();
    rung.receipt = BenchReceipt(arguments, loaded, simulation, rung.options.threads);
  }
  return absl::OkStatus();
}

// The ways to run a network from the plainest to the fastest; each adds one feature.
std::vector<Rung> Rungs(const BenchArguments& arguments) {
  EngineOptions base;
  std::vector<Rung> rungs;
  const auto add = [&](std::string name, std::string surface, int repeats) {
    rungs.push_back({.name = std::move(name),
                     .surface = std::move(surface),
                     .options = base,
                     .repeats = repeats,
                     .digest = "",
                     .receipt = {}});
  };
  base.propagation = Propagation::kDense;
  add("reference, dense matrix", "", 1);
  base.propagation = Propagation::kCsr;
  add("reference, CSR rows", "events", 1);
  base.backend = Backend::kAccelerated;
  base.compile.width = 1;
  base.compile.disabled_passes = {"fuse"};
  add("compiled, a kernel a node, 1 lane", "JIT", 2);
  base.compile.width = arguments.width;
  add("compiled, a kernel a node, vectors", "vectors", arguments.repeats);
  base.compile.disabled_passes = {};
  add("compiled, fused, vectors", "in place", arguments.repeats);
  if (arguments.threads > 1) {
    base.threads = arguments.threads;
    add(absl::StrCat("compiled, fused, vectors, ", arguments.threads, " threads"), "threads",
        arguments.repeats);
  }
  return rungs;
}

absl::StatusOr<std::vector<Rung>> Ladder(const Loaded& loaded, const BenchArguments& arguments) {
  std::vector<Rung> timed;
  for (Rung& rung : Rungs(arguments)) {
    const absl::Status status = Time(loaded, arguments, rung);
    if (absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status)) {
      // Dense propagation is for small networks: leave the rung out, and say so.
      std::fprintf(stderr, "note: no rung '%s': %s\n", rung.name.c_str(),
                   std::string(status.message()).c_str());
      continue;
    }
    BNSYN_RETURN_IF_ERROR(status);
    if (!timed.empty()) rung.ratio = timed.back().ns_per_step / rung.ns_per_step;
    timed.push_back(std::move(rung));
  }
  return timed;
}

struct Results {
  std::vector<Rung> ladder;
  std::optional<Parts> parts;
};

absl::StatusOr<Results> Measure(const Loaded& loaded, const BenchArguments& arguments) {
  Results results;
  if (!arguments.only_kernels) {
    BNSYN_ASSIGN_OR_RETURN(results.ladder, Ladder(loaded, arguments));
  }
  if (!arguments.only_ladder) {
    BNSYN_ASSIGN_OR_RETURN(results.parts, MeasureParts(loaded, arguments));
  }
  return results;
}

void Print(const Loaded& loaded, const BenchArguments& arguments, const Results& results) {
  std::printf("%s, %llu steps measured\n\n", loaded.name.c_str(),
              static_cast<unsigned long long>(arguments.steps));
  if (!results.ladder.empty()) {
    Table ladder({"rung", "surface", "us/step", "ns/neuron-step", "over the last", "over the first",
                  "digest"});
    const double first = results.ladder[0].ns_per_step;
    for (const Rung& rung : results.ladder) {
      ladder.Add({rung.name, rung.surface, absl::StrFormat("%.2f", rung.ns_per_step / 1e3),
                  absl::StrFormat("%.2f", rung.ns_per_neuron),
                  rung.ratio > 0 ? absl::StrFormat("%.1fx", rung.ratio) : "",
                  absl::StrFormat("%.1fx", first / rung.ns_per_step), rung.digest});
    }
    std::printf("%s", ladder.ToString().c_str());
    if (results.parts.has_value()) std::printf("\n");
  }
  if (!results.parts.has_value()) return;
  std::printf("%s", TableOf(results.parts->parts, nullptr).c_str());
  for (const std::string& note : results.parts->notes) std::printf("note: %s\n", note.c_str());
}

Json ToJson(const Loaded& loaded, const BenchArguments& arguments, const Results& results) {
  Json json = {{"network", loaded.name}, {"steps", arguments.steps}};
  for (const Rung& rung : results.ladder) {
    json["ladder"].push_back({{"name", rung.name},
                              {"surface", rung.surface},
                              {"ns_per_step", rung.ns_per_step},
                              {"ns_per_neuron", rung.ns_per_neuron},
                              {"digest", rung.digest}});
    json["receipt"] = rung.receipt;
  }
  if (results.parts.has_value()) {
    for (const Part& part : results.parts->parts) json["parts"].push_back(ToJson(part, nullptr));
    json["notes"] = results.parts->notes;
    if (results.ladder.empty()) {
      json["receipt"] = BenchReceipt(arguments, loaded, results.parts->plain.simulation(), 1);
    }
  }
  return json;
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
  const auto loaded = Load(arguments.source);
  if (!loaded.ok()) return Report(loaded.status());
  const auto results = Measure(*loaded, arguments);
  if (!results.ok()) return Report(results.status());
  if (arguments.json) {
    std::printf("%s\n", TextOf(ToJson(*loaded, arguments, *results)).c_str());
  } else {
    Print(*loaded, arguments, *results);
  }
  const bool equal =
      std::all_of(results->ladder.begin(), results->ladder.end(),
                  [&](const Rung& rung) { return rung.digest == results->ladder[0].digest; });
  if (!equal) std::fprintf(stderr, "error: the digests differ; `bnsyn verify` says where\n");
  return equal ? kDone : kNo;
}

}  // namespace

void AddBench(CommandLine& line) {
  auto arguments = std::make_shared<BenchArguments>();
  Command& bench = line.Add(
      "bench", "time a network from the dense reference to fused threads, and the parts of a step");
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
             .help = "no ladder: only the parts of a step by their roles, on one thread",
             .excludes = {"--ladder"}});
  bench.Add({.name = "--plan",
             .value = &arguments->plan,
             .help = "only what each row of the kernels' plans is worth (see dump --stage plan)",
             .excludes = {"--ladder", "--only-kernels"}});
  bench.Add(
      {.name = "--profile",
       .value = &arguments->profile,
       .help = "only the parts, with the processor's counters and the roofline of the machine",
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
             .help = "print the measurements, with a receipt for `bnsyn check`"});
  bench.SetAction([arguments] { return Run(*arguments); });
}

}  // namespace bnsyn::tools
