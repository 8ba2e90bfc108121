// bnsyn check: runs what receipts tell of once more, and compares.

#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/receipt.h"
#include "tools/run_once.h"
#include "tools/suite.h"

namespace bnsyn::tools {
namespace {

struct CheckArguments {
  std::string path;
  // In place of what the receipts say.
  std::string backend;
  int threads = 0;
  int width = -1;
  std::string layout;

  std::string only;
  bool slow = false;
  bool renew = false;
  bool json = false;
};

// What differs between a receipt and what is found now.
struct Difference {
  std::string what;  // "digest", "file exc.V.csv"
  std::string was;
  std::string is;
  std::string meaning;
};

struct Checked {
  Receipt was;
  Receipt is;
  std::vector<Difference> differences;
  std::string failed;  // the error of a run that could not be repeated
};

constexpr uint64_t kMostBytes = uint64_t{64} << 20;

std::vector<Difference> Compare(const Receipt& was, const Receipt& is) {
  std::vector<Difference> differences;
  const bool same_program = was.program == is.program;
  if (!same_program) {
    differences.push_back({"program", was.program, is.program,
                           "the network, what it is lowered to, or a file that it reads has "
                           "changed"});
  }
  if (was.spikes != is.spikes) {
    differences.push_back({"spikes", absl::StrCat(was.spikes), absl::StrCat(is.spikes), ""});
  }
  if (was.digest != is.digest) {
    differences.push_back(
        {"digest", was.digest, is.digest,
         same_program ? "the same program gives another result: `bnsyn diff` finds where the "
                        "backends part"
                      : "as another program may"});
  }
  for (const auto& [file, hash] : was.files) {
    const auto found = is.files.find(file);
    const std::string now = found == is.files.end() ? "not written" : found->second;
    if (now != hash) differences.push_back({absl::StrCat("file ", file), hash, now, ""});
  }
  return differences;
}

absl::StatusOr<Receipt> Repeat(const Receipt& receipt, const CheckArguments& arguments) {
  if (receipt.network == kStandardInput) {
    return absl::InvalidArgumentError(
        "the network came from standard input, so that nobody can read it again: run its file");
  }
  if (receipt.interrupted) {
    return absl::InvalidArgumentError("the run was interrupted, so that there is no other like it");
  }
  RunRequest request;
  request.source.path = receipt.network;
  request.source.sets = receipt.sets;
  request.source.seed = absl::StrCat(receipt.seed);
  request.machine = receipt.machine;
  if (!arguments.backend.empty()) request.machine.backend = arguments.backend;
  if (arguments.threads > 0) request.machine.threads = arguments.threads;
  if (arguments.width >= 0) request.machine.width = arguments.width;
  if (!arguments.layout.empty()) request.machine.layout = arguments.layout;
  // Without the directory of the files there is nothing to record.
  const ScratchDirectory scratch;
  if (!receipt.files.empty()) {
    request.out = scratch.path();
    request.record = receipt.record;
    request.synapses = receipt.synapses;
  }
  BNSYN_ASSIGN_OR_RETURN(Loaded loaded, Load(request.source, request.machine.Options().compile));
  loaded.steps = receipt.steps;
  BNSYN_ASSIGN_OR_RETURN(Finished finished, RunOnce(loaded, request));
  if (finished.result.interrupted) return absl::CancelledError("interrupted");
  return finished.receipt;
}

// What a renewed receipt keeps of the old one: its settings.
Receipt Renewed(const Checked& checked) {
  Receipt receipt = checked.was;
  receipt.program = checked.is.program;
  receipt.version = checked.is.version;
  receipt.digest = checked.is.digest;
  receipt.spikes = checked.is.spikes;
  for (auto& [file, hash] : receipt.files) hash = checked.is.files.at(file);
  return receipt;
}

Json ToJson(const Checked& checked) {
  Json differences = Json::array();
  for (const Difference& difference : checked.differences) {
    differences.push_back({{"what", difference.what},
                           {"was", difference.was},
                           {"is", difference.is},
                           {"meaning", difference.meaning}});
  }
  Json json = {{"network", checked.was.network},
               {"equal", checked.failed.empty() && checked.differences.empty()},
               {"differences", differences}};
  if (!checked.failed.empty()) json["failed"] = checked.failed;
  return json;
}

void Print(const Checked& checked, bool renew) {
  if (!checked.failed.empty()) {
    std::printf("FAILED     %s\n  %s\n", checked.was.network.c_str(), checked.failed.c_str());
    return;
  }
  const bool equal = checked.differences.empty();
  std::printf("%s %s  %s\n",
              equal   ? "equal     "
              : renew ? "renewed   "
                      : "DIFFERENT ",
              checked.was.network.c_str(), checked.is.digest.c_str());
  for (const Difference& difference : checked.differences) {
    std::printf("  %-8s was %s\n  %-8s is  %s\n", difference.what.c_str(), difference.was.c_str(),
                "", difference.is.c_str());
    if (!difference.meaning.empty()) std::printf("  %-8s %s\n", "", difference.meaning.c_str());
  }
  if (checked.was.version != checked.is.version) {
    std::printf("  note: the receipt is of bnsyn %s, and this is %s\n", checked.was.version.c_str(),
                checked.is.version.c_str());
  }
}

absl::StatusOr<int> Check(const CheckArguments& arguments) {
  BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(arguments.path, kMostBytes));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return absl::InvalidArgumentError(absl::StrCat(
        arguments.path, " is no JSON: expected a receipt, as `bnsyn run --json` prints it"));
  }
  // `bnsyn bench --vary` gives a receipt for each of its costs.
  const bool varied = json.is_object() && json.contains("costs") && json["costs"].is_array();
  const bool many = json.is_array() || varied;
  const Json list = varied ? json["costs"] : many ? json : Json::array({json});
  // All are read before the first is run.
  std::vector<Receipt> receipts;
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string where = many ? absl::StrCat(arguments.path, "[", i, "]") : arguments.path;
    BNSYN_ASSIGN_OR_RETURN(receipts.emplace_back(), ReadReceipt(list[i], where));
  }
  Json results = Json::array();
  Json renewed = Json::array();
  size_t different = 0;
  size_t ran = 0;
  for (const Receipt& receipt : receipts) {
    const bool chosen = receipt.network.find(arguments.only) != std::string::npos &&
                        (arguments.slow || !receipt.slow);
    if (!chosen) {
      renewed.push_back(ToJson(receipt));
      continue;
    }
    ++ran;
    Checked checked;
    checked.was = receipt;
    auto is = Repeat(receipt, arguments);
    if (absl::IsCancelled(is.status())) return is.status();
    if (is.ok()) {
      checked.is = *std::move(is);
      checked.differences = Compare(checked.was, checked.is);
      renewed.push_back(ToJson(Renewed(checked)));
    } else {
      checked.failed = std::string(is.status().message());
      renewed.push_back(ToJson(receipt));
    }
    const bool failed = !checked.failed.empty();
    different += failed || (!checked.differences.empty() && !arguments.renew);
    if (arguments.json) {
      results.push_back(ToJson(checked));
    } else {
      Print(checked, arguments.renew);
      std::fflush(stdout);
    }
  }
  if (ran == 0) {
    return absl::NotFoundError(absl::StrCat(arguments.path, " has no receipt to check",
                                            arguments.only.empty() ? "" : " of that name",
                                            arguments.slow ? "" : "; --slow runs the slow ones"));
  }
  if (arguments.renew) {
    BNSYN_RETURN_IF_ERROR(
        ir::WriteFile(arguments.path, TextOf(many ? renewed : renewed[0]) + "\n"));
  }
  if (arguments.json) {
    std::printf("%s\n", TextOf(many ? results : results[0]).c_str());
  } else {
    std::printf("%u of %u as their receipts say\n", static_cast<unsigned>(ran - different),
                static_cast<unsigned>(ran));
  }
  return different == 0 ? kDone : kNo;
}

int Run(const CheckArguments& arguments) {
  InstallInterrupt();
  const auto code = Check(arguments);
  return code.ok() ? *code : Report(code.status());
}

}  // namespace

void AddCheck(CommandLine& line) {
  auto arguments = std::make_shared<CheckArguments>();
  Command& check = line.Add("check", "run again what a receipt tells of, and compare");
  check.SetFooter(
      "A receipt is DIR/receipt.json of `bnsyn run --out DIR`, what `bnsyn run --json` or `bnsyn "
      "bench --json` prints, or an array of them. The network is read from where the run read it. Exit code 1 when "
      "anything differs.\n"
      "Examples:\n"
      "  bnsyn run examples/networks/bnsyn.toml --out results && bnsyn check "
      "results/receipt.json\n"
      "  bnsyn check tests/digests.json --backend accelerated --width 2\n"
      "  bnsyn check tests/digests.json --only coba --renew");
  check.Add({.name = "receipt",
             .value = &arguments->path,
             .help = "a receipt, or an array of receipts",
             .type = "FILE",
             .required = true});
  check.Add({.name = "--backend",
             .value = &arguments->backend,
             .help = "run on this one: reference or accelerated",
             .type = "NAME",
             .one_of = {"reference", "accelerated"}});
  check.Add({.name = "--threads",
             .value = &arguments->threads,
             .help = "run with so many threads",
             .type = "N",
             .range = {{1, 1024}}});
  check.Add({.name = "--width",
             .value = &arguments->width,
             .help = "run with so many lanes of vectors",
             .type = "N",
             .one_of = kWidths});
  check.Add({.name = "--layout",
             .value = &arguments->layout,
             .help = "run with this layout of synapses",
             .type = "NAME"});
  check.Add({.name = "--only",
             .value = &arguments->only,
             .help = "only receipts of networks whose path contains this",
             .type = "TEXT"});
  check.Add({.name = "--slow",
             .value = &arguments->slow,
             .help = "run those too that are marked as slow"});
  check.Add({.name = "--renew",
             .value = &arguments->renew,
             .help = "write into the file what is found now"});
  check.Add({.name = "--json", .value = &arguments->json, .help = "print what differs as JSON"});
  check.SetAction([arguments] { return Run(*arguments); });
}

}  // namespace bnsyn::tools
