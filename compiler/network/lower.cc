#include "compiler/network/lower.h"

#include <utility>
#include <vector>

#include "compiler/network/lower_scope.h"
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

}  // namespace

absl::Status LowerStep(Lowering& lowering) {
  ir::Block block;
  block.kind = ir::BlockKind::kStep;
  ir::Builder builder(lowering.program, block);
  for (size_t p = 0; p < lowering.sections.size(); ++p) {
    BNSYN_RETURN_IF_ERROR(LowerPopulation(lowering, p, builder));
  }
  BNSYN_RETURN_IF_ERROR(LowerUniform(lowering, builder));
  BNSYN_RETURN_IF_ERROR(LowerSharedStimuli(lowering, builder));
  lowering.program.step.push_back(std::move(block));
  return absl::OkStatus();
}

}  // namespace compiler

absl::StatusOr<ir::Program> LowerNetwork(const Network& network) {
  compiler::Lowering lowering(network);
  lowering.math =
      network.options.strict_math ? compiler::MathMode::kStrict : compiler::MathMode::kDefault;
  lowering.program.name = network.options.name;
  lowering.program.dt = network.options.dt.value;
  lowering.program.seed = network.options.seed;
  lowering.program.directory = network.options.directory;
  BNSYN_RETURN_IF_ERROR(compiler::LowerConstants(lowering));
  BNSYN_RETURN_IF_ERROR(compiler::LowerModels(lowering));
  BNSYN_RETURN_IF_ERROR(compiler::DeclareUniform(lowering));
  BNSYN_RETURN_IF_ERROR(compiler::DeclarePopulations(lowering));
  BNSYN_RETURN_IF_ERROR(compiler::DeclareTables(lowering));
  // Connectivity and initial values take their random streams before the code of a step, so that
  // they stay the same when that is changed.
  BNSYN_RETURN_IF_ERROR(compiler::LowerProjections(lowering));
  BNSYN_RETURN_IF_ERROR(compiler::DeclareStimuli(lowering));
  compiler::ChooseQuanta(lowering);
  BNSYN_RETURN_IF_ERROR(compiler::LowerInit(lowering));
  BNSYN_RETURN_IF_ERROR(compiler::LowerStep(lowering));
  ir::Program& program = lowering.program;
  if (program.init.has_value()) compiler::RemoveUnread(*program.init);
  for (ir::Block& block : program.on_pre) compiler::RemoveUnread(block);
  for (ir::Block& block : program.step) compiler::RemoveUnread(block);
  BNSYN_RETURN_IF_ERROR(ir::Verify(program));
  return std::move(program);
}

absl::StatusOr<uint64_t> DurationSteps(const Network& network) {
  compiler::Lowering lowering(network);
  BNSYN_RETURN_IF_ERROR(compiler::LowerConstants(lowering));
  return compiler::EvaluateSteps(network.duration, lowering.constants, network.options.dt,
                                 "the duration");
}

}  // namespace bnsyn
