#include "runtime/stages.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/deferral.h"
#include "compiler/emission/jit.h"
#include "compiler/lowering/lower.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/prepare.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "runtime/accelerated_program.h"
#include "runtime/delivery/layout.h"

namespace bnsyn {
namespace {

constexpr char kDefer[] = "defer";

}  // namespace

std::vector<std::string> PrepareStages() {
  std::vector<std::string> stages = {compiler::kLowered};
  for (const compiler::PreparePass& pass : compiler::AllPreparePasses()) {
    stages.emplace_back(pass.name);
  }
  return stages;
}

std::vector<std::string> AllStages() {
  std::vector<std::string> stages = {kEquationsStage};
  for (std::string& stage : PrepareStages()) stages.push_back(std::move(stage));
  stages.emplace_back("program");
  for (const compiler::Pass& pass : compiler::AllPasses()) stages.emplace_back(pass.name);
  stages.emplace_back(kLayoutStage);
  for (std::string& stage : compiler::CodeStages()) stages.push_back(std::move(stage));
  stages.emplace_back("dot");
  return stages;
}

absl::StatusOr<StageTexts> DumpProgram(const ir::Program& program, const EngineOptions& options,
                                       const std::function<bool(const std::string&)>& wanted) {
  StageTexts texts;
  const auto observer = [&](absl::string_view stage, const ir::Program& stage_program, double) {
    if (!wanted(std::string(stage))) return;
    std::string text = ir::Print(stage_program);
    if (stage == kDefer) text = absl::StrCat(compiler::ExplainDeferral(stage_program), text);
    texts.emplace_back(std::string(stage), std::move(text));
  };
  BNSYN_ASSIGN_OR_RETURN(const AcceleratedProgram accelerated,
                         PrepareAccelerated(program, options, observer));
  const auto& [placed, partition, layout] = accelerated;
  if (wanted(kLayoutStage)) {
    texts.emplace_back(kLayoutStage, DescribeLayout(placed, layout, partition));
  }
  for (const std::string& stage : compiler::CodeStages()) {
    if (!wanted(stage)) continue;
    BNSYN_ASSIGN_OR_RETURN(std::string text, compiler::DumpCode(placed, options.compile, stage));
    texts.emplace_back(stage, std::move(text));
  }
  if (wanted("dot")) texts.emplace_back("dot", ir::PrintDot(placed));
  return texts;
}

absl::StatusOr<StageTexts> DumpNetwork(const Network& network, const EngineOptions& options,
                                       const std::function<bool(const std::string&)>& wanted) {
  StageTexts texts;
  if (wanted(kEquationsStage)) {
    BNSYN_ASSIGN_OR_RETURN(std::string equations, ExplainEquations(network));
    texts.emplace_back(kEquationsStage, std::move(equations));
  }
  const auto observer = [&](absl::string_view stage, const ir::Program& program, double) {
    if (wanted(std::string(stage))) texts.emplace_back(std::string(stage), ir::Print(program));
  };
  BNSYN_ASSIGN_OR_RETURN(const ir::Program program,
                         LowerNetwork(network, options.compile, observer));
  BNSYN_ASSIGN_OR_RETURN(StageTexts later, DumpProgram(program, options, wanted));
  texts.insert(texts.end(), std::make_move_iterator(later.begin()),
               std::make_move_iterator(later.end()));
  return texts;
}

}  // namespace bnsyn
