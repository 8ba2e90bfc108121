#include "compiler/lower.h"

#include <utility>

#include "compiler/lower_scope.h"
#include "ir/status_macros.h"
#include "ir/verifier.h"

namespace bnsyn {
namespace compiler {

absl::Status LowerStep(Lowering& lowering) {
  ir::Block block;
  block.kind = ir::BlockKind::kStep;
  ir::Builder builder(lowering.program, block);
  for (size_t p = 0; p < lowering.sections.size(); ++p) {
    BNSYN_RETURN_IF_ERROR(LowerPopulation(lowering, p, builder));
  }
  BNSYN_RETURN_IF_ERROR(LowerUniform(lowering, builder));
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
  // Connectivity and initial values take their random streams before the code of a step, so that
  // they stay the same when that is changed.
  BNSYN_RETURN_IF_ERROR(compiler::LowerProjections(lowering));
  BNSYN_RETURN_IF_ERROR(compiler::DeclareStimuli(lowering));
  compiler::ChooseQuanta(lowering);
  BNSYN_RETURN_IF_ERROR(compiler::LowerInit(lowering));
  BNSYN_RETURN_IF_ERROR(compiler::LowerStep(lowering));
  BNSYN_RETURN_IF_ERROR(ir::Verify(lowering.program));
  return std::move(lowering.program);
}

absl::StatusOr<uint64_t> DurationSteps(const Network& network) {
  compiler::Lowering lowering(network);
  BNSYN_RETURN_IF_ERROR(compiler::LowerConstants(lowering));
  return compiler::EvaluateSteps(network.duration, lowering.constants, network.options.dt,
                                 "the duration");
}

}  // namespace bnsyn
