// bnsyn dump: prints a program at a stage between the network and machine code.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "compiler/lowering/lower.h"
#include "ir/diagnostic.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "recording/part_file.h"
#include "runtime/stages.h"
#include "tools/command.h"
#include "tools/output.h"

namespace bnsyn::tools {
namespace {

struct DumpArguments {
  Source source;
  Machine machine;
  std::string stage = "program";
  std::string all;
};

// The equations of a network, and how a step moves their variables.
absl::StatusOr<std::string> DumpEquations(const Source& source) {
  BNSYN_ASSIGN_OR_RETURN(const Network network, LoadNetwork(source));
  return ExplainEquations(network);
}

int Run(const DumpArguments& arguments) {
  const std::vector<std::string> stages = AllStages();
  if (std::find(stages.begin(), stages.end(), arguments.stage) == stages.end()) {
    return Report(absl::InvalidArgumentError(absl::StrCat(
        "there is no stage '", arguments.stage, "'", ir::DidYouMean(arguments.stage, stages),
        "; the stages are ", absl::StrJoin(stages, ", "))));
  }
  const bool all = !arguments.all.empty();
  StageTexts texts;
  const bool is_program = IsProgramText(arguments.source.path);
  const std::vector<std::string> prepare = PrepareStages();
  if (is_program && !all &&
      (arguments.stage == kEquationsStage || absl::c_linear_search(prepare, arguments.stage))) {
    return Report(absl::InvalidArgumentError(
        absl::StrCat(arguments.source.path, " is a program, which has no stage ", arguments.stage,
                     ": give the network file")));
  }
  if (all ? !is_program : arguments.stage == kEquationsStage) {
    absl::StatusOr<std::string> equations = DumpEquations(arguments.source);
    if (!equations.ok()) return Report(equations.status());
    texts.emplace_back(kEquationsStage, *std::move(equations));
  }
  const auto is_wanted = [&](const std::string& stage) { return all || stage == arguments.stage; };
  const auto observer = [&](absl::string_view stage, const ir::Program& program, double) {
    if (is_wanted(std::string(stage))) texts.emplace_back(std::string(stage), ir::Print(program));
  };
  const auto loaded = Load(arguments.source, arguments.machine.Options().compile, observer);
  if (!loaded.ok()) return Report(loaded.status());
  auto program_texts = DumpProgram(loaded->program, arguments.machine.Options(), is_wanted);
  if (!program_texts.ok()) return Report(program_texts.status());
  for (auto& text : *program_texts) texts.push_back(std::move(text));
  if (!all) {
    for (const auto& [stage, text] : texts) std::fputs(text.c_str(), stdout);
    return kDone;
  }
  std::error_code error;
  std::filesystem::create_directories(arguments.all, error);
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto& [stage, text] = texts[i];
    std::string extension = ".ir";
    if (stage == kEquationsStage || stage == kLayoutStage) extension = ".txt";
    if (absl::StartsWith(stage, "plan")) extension = ".txt";
    if (stage == "llvm" || stage == "llvm-opt") extension = ".ll";
    if (stage == "asm") extension = ".s";
    if (stage == "dot") extension = ".dot";
    const std::string name = absl::StrFormat("%02d-%s%s", i, stage, extension);
    if (const absl::Status status = WritePartFile(arguments.all, name, text); !status.ok()) {
      return Report(status);
    }
    std::printf("%s/%s\n", arguments.all.c_str(), name.c_str());
  }
  return kDone;
}

}  // namespace

void AddDump(CommandLine& line) {
  auto arguments = std::make_shared<DumpArguments>();
  Command& dump = line.Add("dump", "print a program at a stage of its compilation");
  dump.SetFooter(absl::StrCat("Stages: ", absl::StrJoin(AllStages(), ", "),
                              "\nExamples:\n"
                              "  bnsyn dump examples/networks/coba.toml --stage equations\n"
                              "  bnsyn dump examples/networks/bnsyn.toml --stage program\n"
                              "  bnsyn dump examples/networks/bnsyn.toml --stage plan\n"
                              "  bnsyn dump examples/networks/bnsyn.toml --stage plan.sink_arms\n"
                              "  bnsyn dump examples/networks/bnsyn.toml --stage asm --width 8\n"
                              "  bnsyn dump examples/networks/bnsyn.toml --all stages"));
  arguments->source.AddArguments(dump);
  arguments->machine.AddArguments(dump, /*with_backend=*/false);
  dump.Add({.name = "--stage",
            .value = &arguments->stage,
            .help = "which stage",
            .type = "STAGE",
            .show_default = true});
  dump.Add({.name = "--all",
            .value = &arguments->all,
            .help = "write every stage as a numbered file there",
            .type = "DIR"});
  dump.SetAction([arguments] { return Run(*arguments); });
}

}  // namespace bnsyn::tools
