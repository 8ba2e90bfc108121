// bnsyn verify: checks that every way of running a network gives the same digest.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "compiler/passes/passes.h"
#include "compiler/schedule/plan_rows.h"
#include "ir/status_macros.h"
#include "runtime/delivery/layout.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

// Changes a value by one part in 4096, so that the leak cannot round the change away before the
// end.
constexpr int kCorruptedBit = 40;

struct VerifyArguments {
  Source source;
  std::string sizes;
  std::string inject;
  std::vector<std::string> other_builds;
  bool json = false;
};

// One way to run a network.
struct Variant {
  std::string build;  // empty for this one
  Machine machine;
  std::string off;    // the pass that is left out; empty for none
  std::string cache;  // "none", "cold" or "warm"
};

struct Outcome {
  std::string digest;
  uint64_t spikes = 0;
  std::vector<Rate> rates;
  std::optional<double> sigma;
  bool cache_hit = false;
};

// Several variants in one row of the table, compared with the baseline of their network.
struct Row {
  std::string network;  // "N=200 seed=42"
  std::string engine;
  std::string what;
  int runs = 0;
  int equal = 0;
  uint64_t spikes = 0;
  std::string rates;
  std::string problem;
  std::string left_out;  // why nothing was run
};

// A directory that is removed with the object.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::error_code error;
    std::string pattern =
        (std::filesystem::temp_directory_path(error) / "bnsyn-verify-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code error;
    if (!path_.empty()) std::filesystem::remove_all(path_, error);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string RateText(const std::vector<Rate>& rates) {
  return absl::StrJoin(rates, " ", [](std::string* out, const Rate& rate) {
    absl::StrAppendFormat(out, "%s %.1f", rate.population, rate.hz);
  });
}

absl::StatusOr<Outcome> RunHere(const Loaded& loaded, const Variant& variant,
                                const std::string& cache_directory, const std::string& inject) {
  EngineOptions options = variant.machine.Options();
  options.compile.cache_directory = variant.cache == "none" ? "" : cache_directory;
  if (!variant.off.empty()) options.compile.disabled_passes = {variant.off};
  const bool accelerated = options.backend == Backend::kAccelerated;
  const std::vector<std::string> injection = absl::StrSplit(inject, '=');
  if (accelerated && injection[0] == "drop-pass") options.compile.dropped_passes = {injection[1]};
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(loaded.program, options));
  RunControl control;
  control.cancel = &Interrupted();
  if (accelerated && injection[0] == "corrupt-bit") {
    BNSYN_RETURN_IF_ERROR(simulation.Step(loaded.steps / 2, control));
    BNSYN_RETURN_IF_ERROR(CorruptBit(simulation, kCorruptedBit));
    BNSYN_RETURN_IF_ERROR(simulation.Step(loaded.steps - loaded.steps / 2, control));
  } else {
    BNSYN_RETURN_IF_ERROR(simulation.Step(loaded.steps, control));
  }
  Outcome outcome;
  outcome.digest = simulation.Digest().ToString();
  outcome.spikes = simulation.report().spikes;
  outcome.rates = Rates(simulation);
  if (auto sigma = simulation.Uniform("sigma"); sigma.ok()) outcome.sigma = *sigma;
  outcome.cache_hit = ReportOf(simulation).compile.cache_hit;
  return outcome;
}

// Runs the same with another build of this command, and reads its JSON.
absl::StatusOr<Outcome> RunThere(const Source& source, const Variant& variant) {
  if (source.path == kStandardInput) {
    return absl::InvalidArgumentError(
        "another build cannot read the network from standard input: give its file");
  }
  std::vector<std::string> words = {
      variant.build, "run",          source.path, "--json",
      "--no-hint",   "--no-cache",   "--backend", variant.machine.backend,
      "--duration",  source.duration};
  if (!source.seed.empty()) words.insert(words.end(), {"--seed", source.seed});
  for (const std::string& set : source.sets) words.insert(words.end(), {"--set", set});
  std::string command;
  for (const std::string& word : words) {
    if (word.find('\'') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("a quote in ", word));
    }
    absl::StrAppend(&command, "'", word, "' ");
  }
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return absl::UnavailableError(absl::StrCat("cannot run ", variant.build));
  std::string text;
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  const int status = pclose(pipe);
  const Json report = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (status != 0 || !report.is_object() || !report.contains("digest") ||
      !report.contains("spikes")) {
    return absl::InternalError(
        absl::StrCat(variant.build, " failed; its arguments were ", command));
  }
  Outcome outcome;
  outcome.digest = report["digest"].get<std::string>();
  outcome.spikes = report["spikes"].get<uint64_t>();
  return outcome;
}

// True if dense propagation refused the network: it is for small networks of plain synapses.
bool IsLimitOfDense(const Variant& variant, const absl::Status& status) {
  return variant.machine.propagation == "dense" &&
         (absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status));
}

// The table of all runs, row by row.
class Matrix {
 public:
  Matrix(const VerifyArguments& arguments, bool json) : arguments_(arguments), json_(json) {}

  // `sets` and `seed` change the network; `whole` runs every variant, else one of each backend.
  absl::Status Add(const std::vector<std::string>& sets, const std::string& seed, bool whole);

  bool good() const { return good_; }
  const Json& runs() const { return runs_; }
  std::string ToString() const;

 private:
  absl::Status Run(const std::string& engine, const std::string& what,
                   const std::vector<Variant>& variants);

  const VerifyArguments& arguments_;
  const bool json_;
  bool good_ = true;
  std::vector<Row> rows_;
  Json runs_ = Json::array();

  // Of the network that is being run.
  Source source_;
  Loaded loaded_;
  std::string network_;
  std::optional<Outcome> baseline_;
};

absl::Status Matrix::Run(const std::string& engine, const std::string& what,
                         const std::vector<Variant>& variants) {
  Row row;
  row.network = network_;
  row.engine = engine;
  row.what = what;
  const ScratchDirectory scratch;
  for (const Variant& variant : variants) {
    if (Interrupted()) return absl::CancelledError("interrupted");
    const auto outcome = variant.build.empty()
                             ? RunHere(loaded_, variant, scratch.path(), arguments_.inject)
                             : RunThere(source_, variant);
    if (IsLimitOfDense(variant, outcome.status())) {
      row.left_out = std::string(outcome.status().message());
      continue;
    }
    ++row.runs;
    if (!outcome.ok()) {
      row.problem = std::string(outcome.status().message());
      continue;
    }
    if (!baseline_.has_value()) baseline_ = *outcome;
    row.spikes = outcome->spikes;
    if (!outcome->rates.empty()) row.rates = RateText(outcome->rates);
    if (outcome->sigma.has_value())
      absl::StrAppendFormat(&row.rates, ", sigma %.3f", *outcome->sigma);
    const bool cache_right =
        variant.cache == "none" || (variant.cache == "warm") == outcome->cache_hit;
    const bool same = outcome->digest == baseline_->digest;
    if (!cache_right) row.problem = absl::StrCat("the cache was not ", variant.cache);
    if (!same)
      row.problem = absl::StrCat("digest ", outcome->digest, " is not ", baseline_->digest);
    if (outcome->spikes == 0) row.problem = "nothing spiked, so the digest proves nothing";
    if (same && cache_right && outcome->spikes > 0) ++row.equal;
    runs_.push_back({{"network", network_},
                     {"build", variant.build},
                     {"backend", variant.machine.backend},
                     {"propagation", variant.machine.propagation},
                     {"threads", variant.machine.threads},
                     {"width", variant.machine.width},
                     {"layout", variant.machine.layout},
                     {"pass_off", variant.off},
                     {"cache", variant.cache},
                     {"spikes", outcome->spikes},
                     {"digest", outcome->digest},
                     {"equal", same}});
  }
  if (row.equal != row.runs) good_ = false;
  if (!json_ && isatty(STDERR_FILENO) != 0) {
    std::fprintf(stderr, "\r\033[K%s %s %s", row.network.c_str(), row.engine.c_str(),
                 row.what.c_str());
  }
  rows_.push_back(std::move(row));
  return absl::OkStatus();
}

absl::Status Matrix::Add(const std::vector<std::string>& sets, const std::string& seed,
                         bool whole) {
  source_ = arguments_.source;
  for (const std::string& set : sets) source_.sets.push_back(set);
  if (!seed.empty()) source_.seed = seed;
  BNSYN_ASSIGN_OR_RETURN(loaded_, Load(source_));
  network_ = absl::StrCat(absl::StrJoin(sets, " "), sets.empty() ? "" : " ",
                          "seed=", loaded_.program.seed);
  baseline_.reset();

  Variant reference{.build = "", .machine = {}, .off = "", .cache = "none"};
  BNSYN_RETURN_IF_ERROR(Run("reference", "csr", {reference}));
  Variant accelerated = reference;
  accelerated.machine.backend = "accelerated";
  if (!whole) return Run("accelerated", "as by default", {accelerated});

  Variant dense = reference;
  dense.machine.propagation = "dense";
  BNSYN_RETURN_IF_ERROR(Run("reference", "dense", {dense}));
  std::vector<std::string> off = {""};
  for (const compiler::Pass& pass : compiler::AllPasses()) off.emplace_back(pass.name);
  for (const std::string& pass : off) {
    std::vector<Variant> variants;
    for (int threads : {1, 2}) {
      for (int width : {1, 2, 4, 8}) {
        for (const char* cache : {"cold", "warm"}) {
          // A warm run follows the cold one that fills the cache; threads do not change the code.
          Variant variant = accelerated;
          variant.machine.threads = threads;
          variant.machine.width = width;
          variant.off = pass;
          variant.cache = threads > 1 ? "warm" : cache;
          variants.push_back(variant);
        }
      }
    }
    BNSYN_RETURN_IF_ERROR(
        Run("accelerated",
            absl::StrCat(pass.empty() ? "all passes" : absl::StrCat("without ", pass),
                         ", threads 1 2, widths 1 2 4 8, cache cold warm"),
            variants));
  }
  for (const compiler::PlanRow& row : compiler::PlanRows()) {
    std::vector<Variant> variants;
    for (int width : {1, 2, 4, 8}) {
      Variant variant = accelerated;
      variant.machine.width = width;
      variant.off = std::string(row.name);
      variants.push_back(variant);
    }
    BNSYN_RETURN_IF_ERROR(
        Run("accelerated", absl::StrCat("plan without ", std::string(row.name), ", widths 1 2 4 8"),
            variants));
  }
  for (const absl::string_view layout : LayoutNames()) {
    std::vector<Variant> variants;
    for (int threads : {1, 2, 3}) {
      Variant variant = accelerated;
      variant.machine.layout = std::string(layout);
      variant.machine.threads = threads;
      variants.push_back(variant);
    }
    BNSYN_RETURN_IF_ERROR(Run(
        "accelerated", absl::StrCat("layout ", std::string(layout), ", threads 1 2 3"), variants));
  }
  for (const std::string& build : arguments_.other_builds) {
    for (const char* backend : {"reference", "accelerated"}) {
      Variant other{.build = build, .machine = {}, .off = "", .cache = "none"};
      other.machine.backend = backend;
      BNSYN_RETURN_IF_ERROR(Run(backend, absl::StrCat("by ", build), {other}));
    }
  }
  return absl::OkStatus();
}

std::string Matrix::ToString() const {
  Table table({"network", "backend", "how", "equal", "spikes", "rates Hz", "verdict"});
  for (const Row& row : rows_) {
    const std::string verdict = !row.left_out.empty()   ? absl::StrCat("left out: ", row.left_out)
                                : row.equal == row.runs ? "ok"
                                                        : absl::StrCat("DIFFERENT: ", row.problem);
    table.Add({row.network, row.engine, row.what, absl::StrCat(row.equal, " of ", row.runs),
               absl::StrCat(row.spikes), row.rates, verdict});
  }
  return table.ToString();
}

// The sizes to run: those of --sizes, or N, 5 N and 20 N for a network with a constant N.
absl::StatusOr<std::vector<std::string>> Sizes(const VerifyArguments& arguments) {
  if (!arguments.sizes.empty())
    return std::vector<std::string>(absl::StrSplit(arguments.sizes, ','));
  if (!arguments.source.sets.empty() || absl::EndsWith(arguments.source.path, ".ir")) {
    return std::vector<std::string>{""};
  }
  BNSYN_ASSIGN_OR_RETURN(const Network network, LoadNetwork(arguments.source));
  for (const auto& [name, value] : network.constants) {
    if (name == "N" && !value.is_text()) {
      std::vector<std::string> sizes;
      for (int factor : {1, 5, 20}) {
        sizes.push_back(absl::StrFormat("%.0f", value.quantity().value * factor));
      }
      return sizes;
    }
  }
  return std::vector<std::string>{""};
}

absl::Status Fill(const VerifyArguments& arguments, Matrix& matrix) {
  BNSYN_ASSIGN_OR_RETURN(const std::vector<std::string> sizes, Sizes(arguments));
  const auto with_size = [](const std::string& size) {
    return size.empty() ? std::vector<std::string>{}
                        : std::vector<std::string>{absl::StrCat("N=", size)};
  };
  for (const std::string& size : sizes) {
    BNSYN_RETURN_IF_ERROR(matrix.Add(with_size(size), "", /*whole=*/true));
  }
  // Other seeds, and half the step: the digests must be equal again; the rates are for people.
  BNSYN_ASSIGN_OR_RETURN(const Loaded loaded, Load(arguments.source));
  const bool network_file = !absl::EndsWith(arguments.source.path, ".ir");
  for (int i = 1; i <= 3; ++i) {
    const std::string seed = absl::StrCat(loaded.program.seed + static_cast<uint64_t>(i));
    BNSYN_RETURN_IF_ERROR(matrix.Add(with_size(sizes.front()), seed, /*whole=*/false));
    if (!network_file) continue;
    std::vector<std::string> sets = with_size(sizes.front());
    sets.push_back(absl::StrCat("dt=", loaded.program.dt / 2, "ms"));
    BNSYN_RETURN_IF_ERROR(matrix.Add(sets, seed, /*whole=*/false));
  }
  return absl::OkStatus();
}

int Run(VerifyArguments arguments) {
  InstallInterrupt();
  if (arguments.source.duration.empty()) arguments.source.duration = "100 ms";
  const std::vector<std::string> injection = absl::StrSplit(arguments.inject, '=');
  if (!arguments.inject.empty() && arguments.inject != "corrupt-bit" &&
      (injection[0] != "drop-pass" || injection.size() != 2)) {
    return Report(absl::InvalidArgumentError(
        absl::StrCat("--inject ", arguments.inject, ": expected corrupt-bit, or drop-pass=PASS")));
  }
  Matrix matrix(arguments, arguments.json);
  const absl::Status status = Fill(arguments, matrix);
  if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
  if (!status.ok() && !absl::IsCancelled(status)) return Report(status);
  if (arguments.json) {
    std::printf("%s\n", TextOf(matrix.runs()).c_str());
  } else {
    std::printf("%s\n%s\n", matrix.ToString().c_str(),
                matrix.good() ? "every digest equals its reference"
                              : "NOT every digest equals its reference");
  }
  return matrix.good() && status.ok() ? kDone : kNo;
}

}  // namespace

void AddVerify(CommandLine& line) {
  auto arguments = std::make_shared<VerifyArguments>();
  Command& verify = line.Add("verify", "run a network in every way and compare digests");
  verify.SetFooter(
      "Exit code 1 when any digest differs or nothing spiked.\n"
      "Examples:\n"
      "  bnsyn verify examples/networks/bnsyn.toml\n"
      "  bnsyn verify examples/networks/bnsyn.toml --sizes 200 --with build/clang/bin/bnsyn\n"
      "  bnsyn verify examples/networks/bnsyn.toml --sizes 200 --inject corrupt-bit");
  arguments->source.AddArguments(verify, /*required=*/true, "time of each run (default 100 ms)");
  verify.Add({.name = "--sizes",
              .value = &arguments->sizes,
              .help = "values of the constant N, separated by commas",
              .type = "N,N,..."});
  verify.Add({.name = "--with",
              .value = &arguments->other_builds,
              .help = "another build of bnsyn to compare with",
              .type = "BNSYN"});
  verify.Add(
      {.name = "--inject",
       .value = &arguments->inject,
       .help = "prove that the check fires: corrupt-bit, or drop-pass=NAME of a pass or plan row"});
  verify.Add({.name = "--json", .value = &arguments->json, .help = "print every run as JSON"});
  verify.SetAction([arguments] { return Run(*arguments); });
}

}  // namespace bnsyn::tools
