#include "compiler/lowering/lower.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/scope.h"
#include "ir/status_macros.h"
#include "ir/verifier.h"

namespace bnsyn {
namespace compiler {
namespace {

// Expressions are written down before it is known what becomes of them (x += a*b is one fma); what
// nothing reads in the end is taken out again, so that the program says what it does and no more.
void RemoveUnread(ir::Block& block) {
  std::vector<bool> needed(block.nodes.size());
  for (size_t n = block.nodes.size(); n-- > 0;) {
    const ir::Node& node = block.nodes[n];
    if (ir::Info(node.op).effect == ir::Effect::kWrite) needed[n] = true;
    if (!needed[n]) continue;
    for (const ir::NodeId operand : node.inputs()) needed[operand] = true;
  }
  std::vector<ir::NodeId> moved(block.nodes.size(), ir::kNoNode);
  std::vector<ir::Node> kept;
  for (size_t n = 0; n < block.nodes.size(); ++n) {
    if (!needed[n]) continue;
    ir::Node node = block.nodes[n];
    for (ir::NodeId& operand : node.operands) {
      if (operand != ir::kNoNode) operand = moved[operand];
    }
    moved[n] = static_cast<ir::NodeId>(kept.size());
    kept.push_back(node);
  }
  block.nodes = std::move(kept);
}

// States of variables that no code changes keep their values.
void NoteConstants(Lowering& lowering) {
  for (const Section& section : lowering.sections) {
    for (const Variable& variable : section.variables) {
      if (!variable.state.has_value() || !variable.Is("constant")) continue;
      lowering.facts.constant.push_back(*variable.state);
    }
  }
}

void RunSynapses(const ir::Program& program, ir::BlockKind kind, ir::Op run, ir::Builder& builder) {
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    if (program.FindSynaptic(kind, id) != nullptr) builder.Emit(run, {}, id);
  }
}

}  // namespace

absl::Status LowerStep(Lowering& lowering) {
  ir::Block block;
  block.kind = ir::BlockKind::kStep;
  ir::Builder builder(lowering.program, block);
  RunSynapses(lowering.program, ir::BlockKind::kOnStep, ir::Op::kRunOnStep, builder);
  for (size_t p = 0; p < lowering.sections.size(); ++p) {
    BNSYN_RETURN_IF_ERROR(LowerPopulation(lowering, p, builder));
  }
  RunSynapses(lowering.program, ir::BlockKind::kOnPost, ir::Op::kRunOnPost, builder);
  BNSYN_RETURN_IF_ERROR(LowerUniform(lowering, builder));
  BNSYN_RETURN_IF_ERROR(LowerSharedStimuli(lowering, builder));
  lowering.program.step.push_back(std::move(block));
  return absl::OkStatus();
}

// Fills in the program.
absl::Status Lower(Lowering& lowering) {
  lowering.math = lowering.network.options.strict_math ? MathMode::kStrict : MathMode::kDefault;
  lowering.facts.strict_math = lowering.network.options.strict_math;
  lowering.program.name = lowering.network.options.name;
  lowering.program.dt = lowering.network.options.dt.value;
  lowering.program.seed = lowering.network.options.seed;
  lowering.program.directory = lowering.network.options.directory;
  BNSYN_RETURN_IF_ERROR(LowerConstants(lowering));
  BNSYN_RETURN_IF_ERROR(LowerModels(lowering));
  BNSYN_RETURN_IF_ERROR(DeclareUniform(lowering));
  BNSYN_RETURN_IF_ERROR(DeclareTables(lowering));
  BNSYN_RETURN_IF_ERROR(DeclarePopulations(lowering));
  BNSYN_RETURN_IF_ERROR(LowerProjections(lowering));
  BNSYN_RETURN_IF_ERROR(DeclareStimuli(lowering));
  BNSYN_RETURN_IF_ERROR(LowerInit(lowering));
  // What synapses may be depends on what their neurons begin with.
  BNSYN_RETURN_IF_ERROR(BoundProjections(lowering));
  BNSYN_RETURN_IF_ERROR(LowerStep(lowering));
  ir::Program& program = lowering.program;
  if (program.init.has_value()) RemoveUnread(*program.init);
  for (ir::Block& block : program.connect) RemoveUnread(block);
  for (ir::Block& block : program.synaptic) RemoveUnread(block);
  RemoveUnread(program.step[0]);
  lowering.streams.Settle(program);
  NoteConstants(lowering);
  BNSYN_RETURN_IF_ERROR(ir::Verify(program));
  return absl::OkStatus();
}

}  // namespace compiler

absl::StatusOr<ir::Program> LowerNetwork(const Network& network,
                                         const compiler::CompileOptions& options,
                                         const compiler::StageObserver& observer) {
  compiler::Lowering lowering(network);
  BNSYN_RETURN_IF_ERROR(compiler::Lower(lowering));
  return compiler::Prepare(lowering.program, lowering.facts, options, observer);
}

absl::StatusOr<std::string> ExplainEquations(const Network& network) {
  compiler::Lowering lowering(network);
  std::vector<std::pair<std::string, std::string>> told;
  lowering.told = &told;
  BNSYN_RETURN_IF_ERROR(compiler::Lower(lowering));
  std::string text = absl::StrCat("The equations of ", network.options.name, " in a step of ",
                                  network.options.dt.value,
                                  " ms,\nin the order in which they move. A prime marks new "
                                  "values; numbers are in ms, mV, nS, pF and pA.\n");
  for (size_t p = 0; p < told.size(); ++p) {
    const auto& [title, moves] = told[p];
    size_t like = 0;
    while (told[like].second != moves) ++like;
    absl::StrAppend(&text, "\n", title, ":\n",
                    like < p ? absl::StrCat("  as ", told[like].first, "\n") : moves);
  }
  return text;
}

absl::StatusOr<uint64_t> DurationSteps(const Network& network) {
  compiler::Lowering lowering(network);
  BNSYN_RETURN_IF_ERROR(compiler::LowerConstants(lowering));
  return compiler::EvaluateSteps(network.duration, lowering.constants, network.options.dt,
                                 "the duration");
}

}  // namespace bnsyn
