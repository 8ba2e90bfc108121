// bnsyn verify: the physics-equivalence suite, as a table, JSON and a report.

#include <unistd.h>

#include <cstdio>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "tools/command.h"
#include "tools/output.h"
#include "tools/receipt.h"
#include "tools/suite.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

struct VerifyArguments {
  SuiteOptions suite;
  std::string sizes;
  std::string report;
  bool json = false;
};

// What was found for one size of the network.
struct Verified {
  Loaded loaded;
  Receipt receipt;
  SuiteResult result;
};

absl::Status CheckRow(absl::string_view option, const std::string& name) {
  std::vector<std::string> names;
  for (const RowInfo& row : AllRows()) names.emplace_back(row.name);
  if (absl::c_linear_search(names, name)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      std::string(option), " ", name, ": no row is named so", ir::DidYouMean(name, names)));
}

absl::Status Check(const SuiteOptions& options) {
  for (const std::string& row : options.skip) BNSYN_RETURN_IF_ERROR(CheckRow("--skip", row));
  if (options.Skips("active")) {
    return absl::InvalidArgumentError(
        "--skip active: a silent network proves nothing, so this row stays");
  }
  const std::string& inject = options.inject;
  if (inject.empty() || inject == "corrupt-bit" || absl::StartsWith(inject, "drop-pass=")) {
    return absl::OkStatus();
  }
  if (inject == "active") {
    return absl::InvalidArgumentError("--inject active: take a network that is silent");
  }
  const absl::Status row = CheckRow("--inject", inject);
  if (row.ok()) return row;
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(row.message()), "; corrupt-bit and drop-pass=NAME are others"));
}

absl::StatusOr<Verified> Verify(const VerifyArguments& arguments, const std::string& size) {
  SuiteOptions options = arguments.suite;
  if (!size.empty()) options.source.sets.push_back(absl::StrCat("N=", size));
  Verified verified;
  BNSYN_ASSIGN_OR_RETURN(verified.loaded, Load(options.source));
  BNSYN_ASSIGN_OR_RETURN(verified.result, RunSuite(options, verified.loaded));
  verified.receipt = ReceiptOf(options.source, Machine(), verified.loaded);
  verified.receipt.digest = verified.result.digest;
  verified.receipt.spikes = verified.result.spikes;
  return verified;
}

std::string TitleOf(const Verified& verified) {
  const ir::Program& program = verified.loaded.program;
  return absl::StrFormat("%s: %u neurons, %u spikes in %g ms of %g ms steps, seed %u", program.name,
                         program.Neurons(), verified.result.spikes,
                         static_cast<double>(verified.loaded.steps) * program.dt, program.dt,
                         program.seed);
}

Json ToJson(const Verified& verified) {
  Json rows = Json::array();
  for (const SuiteRow& row : verified.result.rows) {
    rows.push_back({{"row", row.name},
                    {"verdict", std::string(VerdictName(row.verdict))},
                    {"measured", row.measured},
                    {"limit", row.limit},
                    {"note", row.note}});
  }
  Json rates = Json::object();
  for (const Rate& rate : verified.result.rates) rates[rate.population] = rate.hz;
  return {{"network", verified.loaded.name},
          {"good", verified.result.good()},
          {"rates_hz", rates},
          {"rows", rows},
          {"runs", verified.result.runs},
          {"receipt", ToJson(verified.receipt)}};
}

std::string TableOf(const Verified& verified) {
  Table table({"row", "measured", "limit", "verdict", "note"});
  for (const SuiteRow& row : verified.result.rows) {
    table.Add({row.name, row.measured, row.limit, std::string(VerdictName(row.verdict)), row.note});
  }
  return table.ToString();
}

// One line that says how it ended.
std::string EndOf(const SuiteResult& result) {
  if (result.spikes == 0) return "REFUSED: nothing spiked, and equal silence proves nothing";
  std::vector<std::string> red;
  size_t left_out = 0;
  for (const SuiteRow& row : result.rows) {
    if (row.verdict == Verdict::kRed) red.push_back(row.name);
    left_out += row.verdict == Verdict::kLeftOut;
  }
  if (!red.empty()) return absl::StrCat("NOT equivalent: ", absl::StrJoin(red, ", "));
  return absl::StrCat("equivalent in ", result.rows.size() - left_out, " rows, ", left_out,
                      " left out");
}

std::string WhatCompares(const std::string& name) {
  for (const RowInfo& row : AllRows()) {
    if (row.name == name) return std::string(row.compares);
  }
  return "";
}

std::string MarkdownOf(const std::vector<Verified>& all) {
  std::string text = "# What `bnsyn verify` found\n";
  const auto cell = [](const std::string& content) {
    return absl::StrReplaceAll(content, {{"|", "\\|"}, {"\n", " "}});
  };
  for (const Verified& verified : all) {
    const Receipt& receipt = verified.receipt;
    absl::StrAppend(
        &text, "\n## ", TitleOf(verified), "\n\n", EndOf(verified.result), ".\n\n", "Program `",
        receipt.program, "`, bnsyn ", receipt.version, ", digest `", receipt.digest, "`.\n\n",
        "| row | compares | measured | limit | verdict | note |\n", "|---|---|---|---|---|---|\n");
    for (const SuiteRow& row : verified.result.rows) {
      absl::StrAppend(&text, "| ", row.name, " | ", WhatCompares(row.name), " | ",
                      cell(row.measured), " | ", cell(row.limit), " | ",
                      std::string(VerdictName(row.verdict)), " | ", cell(row.note), " |\n");
    }
  }
  return text;
}

int Run(VerifyArguments arguments) {
  InstallInterrupt();
  if (arguments.suite.source.duration.empty()) arguments.suite.source.duration = "200 ms";
  if (const absl::Status status = Check(arguments.suite); !status.ok()) return Report(status);
  std::vector<std::string> sizes = {""};
  if (!arguments.sizes.empty()) sizes = absl::StrSplit(arguments.sizes, ',');
  std::vector<Verified> all;
  bool good = true;
  for (const std::string& size : sizes) {
    auto verified = Verify(arguments, size);
    if (isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K");
    if (!verified.ok()) return Report(verified.status());
    good = good && verified->result.good();
    if (!arguments.json) {
      std::printf("%s\n\n%s\n%s\n", TitleOf(*verified).c_str(), TableOf(*verified).c_str(),
                  EndOf(verified->result).c_str());
    }
    if (verified->result.spikes == 0) {
      std::fprintf(stderr,
                   "error: nothing spiked, so that equal runs would prove nothing; "
                   "raise the drive with --set, or run longer with --duration\n");
    }
    all.push_back(*std::move(verified));
  }
  if (arguments.json) {
    Json json = Json::array();
    for (const Verified& verified : all) json.push_back(ToJson(verified));
    std::printf("%s\n", TextOf(json.size() == 1 ? json[0] : json).c_str());
  }
  if (!arguments.report.empty()) {
    if (const absl::Status status = ir::WriteFile(arguments.report, MarkdownOf(all));
        !status.ok()) {
      return Report(status);
    }
  }
  return good ? kDone : kNo;
}

}  // namespace

void AddVerify(CommandLine& line) {
  auto arguments = std::make_shared<VerifyArguments>();
  Command& verify =
      line.Add("verify", "compare the accelerated backend with the reference, row by row");
  std::string rows;
  for (const RowInfo& row : AllRows()) {
    absl::StrAppendFormat(&rows, "  %-16s %s\n", row.name, row.compares);
  }
  verify.SetFooter(absl::StrCat(
      "Rows, as --skip and --inject name them:\n", rows,
      "Exit code 1 when a row is red or nothing spiked. docs/trust.md explains the limits.\n"
      "Examples:\n"
      "  bnsyn verify examples/networks/bnsyn.toml --report verify.md\n"
      "  bnsyn verify examples/networks/bnsyn.toml --sizes 200,1000 --every --json\n"
      "  bnsyn verify examples/networks/bnsyn.toml --with build/clang/bin/bnsyn\n"
      "  bnsyn verify examples/networks/bnsyn.toml --inject attractor"));
  SuiteOptions& suite = arguments->suite;
  suite.source.AddArguments(verify, /*required=*/true, "time of each run (default 200 ms)");
  verify.Add({.name = "--sizes",
              .value = &arguments->sizes,
              .help = "values of the constant N, separated by commas: the whole suite for each",
              .type = "N,N,..."});
  verify.Add({.name = "--with",
              .value = &suite.other_builds,
              .help = "another build of bnsyn to compare with",
              .type = "BNSYN"});
  verify.Add({.name = "--skip",
              .value = &suite.skip,
              .help = "leave out a row; repeatable",
              .type = "ROW"});
  verify.Add({.name = "--every",
              .value = &suite.every,
              .help = "leave out each pass with all widths, 1 and 2 threads, cache cold and warm"});
  verify.Add({.name = "--inject",
              .value = &suite.inject,
              .help = "make wrong what a row compares, so that it must turn red; or corrupt-bit, "
                      "or drop-pass=NAME, for all rows of digests",
              .type = "ERROR"});
  verify.Add({.name = "--report",
              .value = &arguments->report,
              .help = "write the table as Markdown too",
              .type = "FILE"});
  verify.Add({.name = "--json", .value = &arguments->json, .help = "print rows and runs as JSON"});
  verify.SetAction([arguments] { return Run(*arguments); });
}

}  // namespace bnsyn::tools
