// bnsyn ops, models and info: lists of what exists, and facts about this machine.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compiler/analysis/precision.h"
#include "compiler/description/model_library.h"
#include "compiler/emission/jit.h"
#include "compiler/passes/passes.h"
#include "ir/op.h"
#include "runtime/memory_plan.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

const char* RuleText(ir::TypeRule rule) {
  switch (rule) {
    case ir::TypeRule::kSame:
      return "numbers of one type";
    case ir::TypeRule::kFloat:
      return "floats of one type";
    case ir::TypeRule::kInteger:
      return "integers of one type";
    case ir::TypeRule::kLogic:
      return "integers or bools";
    case ir::TypeRule::kCompare:
      return "numbers of one type -> bool";
    case ir::TypeRule::kSelect:
      return "bool, and two of one type";
    case ir::TypeRule::kConvert:
      return "any -> as declared";
    case ir::TypeRule::kBitcast:
      return "same size -> as declared";
    case ir::TypeRule::kLookup:
      return "i64, i64 -> f64";
    case ir::TypeRule::kGather:
      return "u32 or u32, i64 -> that of the state";
    case ir::TypeRule::kDeclared:
      return "as declared";
    case ir::TypeRule::kEffect:
      return "no result";
  }
  return "";
}

int ListOps(bool json) {
  if (json) {
    Json ops = Json::array();
    for (const ir::OpInfo& op : ir::AllOps()) {
      ops.push_back({{"name", std::string(op.name)},
                     {"operands", op.arity},
                     {"types", RuleText(op.rule)},
                     {"meaning", std::string(op.meaning)}});
    }
    std::printf("%s\n", TextOf(ops).c_str());
    return kDone;
  }
  Table table({"op", "operands", "types", "meaning"});
  for (const ir::OpInfo& op : ir::AllOps()) {
    table.Add(
        {std::string(op.name), absl::StrCat(op.arity), RuleText(op.rule), std::string(op.meaning)});
  }
  std::printf("%s", table.ToString().c_str());
  return kDone;
}

int ListModels(const std::string& name, bool json) {
  // Of neurons, and of synapses.
  std::vector<compiler::LibraryModel> all(compiler::ModelLibrary().begin(),
                                          compiler::ModelLibrary().end());
  all.insert(all.end(), compiler::SynapseLibrary().begin(), compiler::SynapseLibrary().end());
  if (!name.empty()) {
    const auto model = compiler::FindLibraryModel(all, name);
    if (!model.ok()) return Report(model.status());
    std::printf("%s", std::string(model->text).c_str());
    return kDone;
  }
  if (json) {
    Json models = Json::array();
    for (const compiler::LibraryModel& model : all) {
      Json elsewhere = Json::array();
      for (const compiler::NameElsewhere& other : compiler::NamesElsewhere(model)) {
        elsewhere.push_back({{"simulator", other.simulator}, {"name", other.name}});
      }
      models.push_back({{"name", std::string(model.name)},
                        {"kind", compiler::ModelKind(model)},
                        {"summary", compiler::ModelSummary(model)},
                        {"elsewhere", std::move(elsewhere)}});
    }
    std::printf("%s\n", TextOf(models).c_str());
    return kDone;
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return compiler::ModelKind(a) < compiler::ModelKind(b);
  });
  Table table({"kind", "model", "what it is", "elsewhere"});
  std::string last;
  for (const compiler::LibraryModel& model : all) {
    const std::string kind = compiler::ModelKind(model);
    std::string elsewhere;
    for (const compiler::NameElsewhere& other : compiler::NamesElsewhere(model)) {
      absl::StrAppend(&elsewhere, elsewhere.empty() ? "" : ", ", other.simulator, " ", other.name);
    }
    table.Add({kind == last ? "" : kind, std::string(model.name), compiler::ModelSummary(model),
               elsewhere});
    last = kind;
  }
  std::printf("%s\n`bnsyn models NAME` prints one with its equations.\n", table.ToString().c_str());
  return kDone;
}

// The bytes that one thread copies in a second, in GB: the best of several copies of a block that
// no cache holds.
double MemoryBandwidth() {
  constexpr size_t kBytes = size_t{256} << 20;
  const std::vector<char> from(kBytes, 1);
  std::vector<char> to(kBytes, 2);
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    std::memcpy(to.data(), from.data(), kBytes);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(kBytes) / seconds.count() / 1e9);
  }
  return to.back() == from.back() ? best : 0;
}

int InfoMachine(bool json) {
  const auto target = compiler::HostTarget();
  if (!target.ok()) return Report(target.status());
  const double bandwidth = MemoryBandwidth();
  if (json) {
    const Json info = {{"version", BNSYN_VERSION},
                       {"llvm", compiler::LlvmVersion()},
                       {"triple", target->triple},
                       {"cpu", target->cpu},
                       {"native_lanes", target->native_lanes},
                       {"default_width", target->default_width},
                       {"memory_bandwidth_gb_s", bandwidth},
                       {"cache", compiler::DefaultCacheDirectory()}};
    std::printf("%s\n", TextOf(info).c_str());
    return kDone;
  }
  Table table({"what", "value"});
  table.Add({"version", BNSYN_VERSION});
  table.Add({"LLVM", compiler::LlvmVersion()});
  table.Add({"target", target->triple});
  table.Add({"cpu", target->cpu});
  table.Add({"doubles in a register", absl::StrCat(target->native_lanes)});
  table.Add({"default width", absl::StrCat(target->default_width)});
  table.Add({"memory bandwidth, GB/s", absl::StrFormat("%.1f", bandwidth)});
  table.Add({"cache", compiler::DefaultCacheDirectory()});
  std::printf("%s", table.ToString().c_str());
  return kDone;
}

// "2^-30.4" of 7e-10.
std::string AsPower(double x) { return absl::StrFormat("2^%.1f", std::log2(x)); }

// What arrives, by magnitude: "6 nS", "0.2 to 30 nS", "up to 1e9 nS", "anything".
std::string Magnitudes(const compiler::InputPrecision& precision, const std::string& unit) {
  if (std::isinf(precision.greatest)) return "anything";
  const std::string greatest = absl::StrFormat("%.4g%s", precision.greatest, unit);
  if (precision.least == 0) return absl::StrCat("up to ", greatest);
  if (precision.least == precision.greatest) return greatest;
  return absl::StrFormat("%.4g to %s", precision.least, greatest);
}

std::string RoundedBy(const compiler::InputPrecision& precision, const std::string& unit) {
  if (!precision.error.has_value()) {
    return absl::StrFormat("2^-24, from %.2g%s on", precision.exact_from, unit);
  }
  return *precision.error == 0 ? "0" : AsPower(*precision.error);
}

void PrintPrecision(const ir::Program& program) {
  Table table({"input", "contributions", "quantum", "bits", "rounded by at most"});
  for (const compiler::InputPrecision& precision : compiler::FindPrecision(program)) {
    const ir::Input& input = program.inputs[precision.input];
    const std::string unit = input.unit.empty() ? "" : absl::StrCat(" ", input.unit);
    table.Add({input.name, Magnitudes(precision, unit),
               absl::StrCat("2^", input.accumulator.scale_log2),
               absl::StrCat(input.accumulator.width()), RoundedBy(precision, unit)});
  }
  std::printf("%s", table.ToString().c_str());
}

Json PrecisionJson(const ir::Program& program) {
  Json inputs = Json::array();
  for (const compiler::InputPrecision& precision : compiler::FindPrecision(program)) {
    const ir::Input& input = program.inputs[precision.input];
    Json row = {{"input", input.name},
                {"scale_log2", input.accumulator.scale_log2},
                {"bits", input.accumulator.width()},
                {"least", precision.least}};
    // JSON has no infinity: an error or a greatest value that nothing bounds is null.
    row["greatest"] = std::isinf(precision.greatest) ? Json() : Json(precision.greatest);
    row["error"] = precision.error.has_value() ? Json(*precision.error) : Json();
    row["exact_from"] = precision.exact_from;
    inputs.push_back(row);
  }
  return inputs;
}

uint32_t SizeOf(const ir::Program& program, const ir::Group& group) {
  return ir::SelectedNeurons(group.neurons, program.populations[group.population].size).size();
}

// The neurons of a group, by their numbers in the population: "exc[0:400]".
std::string NeuronsOf(const ir::Program& program, const ir::Group& group) {
  return absl::StrCat(program.populations[group.population].name,
                      group.neurons.all() ? "" : group.neurons.Text());
}

void PrintGroups(const ir::Program& program) {
  if (program.groups.empty()) return;
  Table table({"group", "neurons", "number"});
  for (const ir::Group& group : program.groups) {
    table.Add({group.name, NeuronsOf(program, group), absl::StrCat(SizeOf(program, group))});
  }
  std::printf("%s\n", table.ToString().c_str());
}

Json GroupsJson(const ir::Program& program) {
  Json groups = Json::array();
  for (const ir::Group& group : program.groups) {
    groups.push_back({{"name", group.name},
                      {"population", program.populations[group.population].name},
                      {"neurons", NeuronsOf(program, group)},
                      {"size", SizeOf(program, group)}});
  }
  return groups;
}

int InfoPrecision(const Source& source, bool json) {
  const auto loaded = Load(source);
  if (!loaded.ok()) return Report(loaded.status());
  if (json) {
    const Json info = {{"network", loaded->name}, {"precision", PrecisionJson(loaded->program)}};
    std::printf("%s\n", info.dump(2).c_str());
    return kDone;
  }
  std::printf("%s\n", loaded->name.c_str());
  PrintPrecision(loaded->program);
  return kDone;
}

int InfoNetwork(const Source& source, const Machine& machine, bool json) {
  const auto loaded = Load(source);
  if (!loaded.ok()) return Report(loaded.status());
  const auto plan = PlanMemory(loaded->program, machine.Options());
  if (!plan.ok()) return Report(plan.status());
  if (json) {
    Json parts = Json::array();
    for (const MemoryPart& part : plan->parts) {
      parts.push_back({{"name", part.name}, {"bytes", part.bytes}});
    }
    std::printf("%s\n", TextOf(Json({{"network", loaded->name},
                                     {"steps", loaded->steps},
                                     {"groups", GroupsJson(loaded->program)},
                                     {"memory", parts},
                                     {"total_bytes", plan->total()},
                                     {"precision", PrecisionJson(loaded->program)}}))
                            .c_str());
    return kDone;
  }
  const ir::Program& program = loaded->program;
  unsigned populations = 0;
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    populations += program.HasNeurons(p) ? 1 : 0;
  }
  std::printf("%s: %u populations, %u projections, %u steps of %g ms\n\n", loaded->name.c_str(),
              populations, static_cast<unsigned>(program.projections.size()),
              static_cast<unsigned>(loaded->steps), program.dt);
  PrintGroups(program);
  PrintPrecision(program);
  std::printf("\n");
  Table table({"memory for", "bytes"});
  for (const MemoryPart& part : plan->parts) {
    table.Add({part.name, Short(static_cast<double>(part.bytes))});
  }
  table.Add({"total", Short(static_cast<double>(plan->total()))});
  std::printf("%s", table.ToString().c_str());
  return kDone;
}

struct ListArguments {
  bool json = false;
  bool precision = false;
  std::string model;
  Source source;
  Machine machine;
};

}  // namespace

void AddLists(CommandLine& line) {
  auto arguments = std::make_shared<ListArguments>();
  const Argument json = {.name = "--json", .value = &arguments->json, .help = "print JSON"};

  Command& models = line.Add("models", "list the models, or print one");
  models.Add({.name = "name",
              .value = &arguments->model,
              .help = "print this one with its equations",
              .type = "NAME"});
  models.Add(json);
  models.SetFooter("Examples:\n  bnsyn models\n  bnsyn models adex\n  bnsyn models stdp");
  models.SetAction([arguments] { return ListModels(arguments->model, arguments->json); });

  Command& ops = line.Add("ops", "list the ops of the IR and what they mean");
  ops.Add(json);
  ops.SetFooter("Example:\n  bnsyn ops");
  ops.SetAction([arguments] { return ListOps(arguments->json); });

  Command& info = line.Add(
      "info", "this machine as the compiler sees it, or the memory and precision of a network");
  arguments->source.AddArguments(info, /*required=*/false);
  arguments->machine.AddArguments(info, /*with_backend=*/true);
  info.Add({.name = "--precision",
            .value = &arguments->precision,
            .help = "print only how exactly the inputs of the network count what arrives"});
  info.Add(json);
  info.SetFooter(
      "Examples:\n"
      "  bnsyn info\n"
      "  bnsyn info examples/networks/bnsyn.toml --set N=100000\n"
      "  bnsyn info examples/networks/coba-stdp.toml --precision");
  info.SetAction([arguments] {
    if (arguments->precision && !arguments->source.path.empty()) {
      return InfoPrecision(arguments->source, arguments->json);
    }
    return arguments->source.path.empty()
               ? InfoMachine(arguments->json)
               : InfoNetwork(arguments->source, arguments->machine, arguments->json);
  });
}

}  // namespace bnsyn::tools
