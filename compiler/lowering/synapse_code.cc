// The blocks of a model of synapses: on_pre, on_step and on_post.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/equations/explanations.h"
#include "compiler/equations/integrate.h"
#include "compiler/equations/ode_system.h"
#include "compiler/lowering/synapse_model.h"
#include "compiler/lowering/synapse_scope.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Emits everything once, for the errors of what is not read by any code.
absl::Status TryEquations(SynapseContext& context, const SynapseModel& model) {
  ir::Block scratch;
  scratch.kind = ir::BlockKind::kOnPre;
  scratch.domain = model.section.domain;
  ir::Builder builder(context.lowering.program, scratch);
  SynapseCodeScope scope(context, model, scratch.kind, builder);
  BNSYN_RETURN_IF_ERROR(scope.TryDefinitions());
  const ir::SourceText& text = model.code.equations_text;
  for (const EventDriven& moving : model.event_driven) {
    const Equation& equation = *model.code.Find(moving.name);
    BNSYN_ASSIGN_OR_RETURN(const TypedValue right, scope.Try(*equation.right, text));
    BNSYN_RETURN_IF_ERROR(ExpectDimension(right, equation.unit.dimension / dimension::kTime,
                                          absl::StrCat("d", moving.name, "/dt"), text,
                                          equation.right->range));
  }
  return absl::OkStatus();
}

class BlockWriter {
 public:
  BlockWriter(SynapseContext& context, const SynapseModel& model)
      : context_(context), lowering_(context.lowering), model_(model) {}

  absl::Status Run() {
    const ConnectOptions& options = context_.description.options;
    BNSYN_RETURN_IF_ERROR(OnEvent(ir::BlockKind::kOnPre, model_.on_pre, options.on_pre));
    BNSYN_RETURN_IF_ERROR(OnStep());
    BNSYN_RETURN_IF_ERROR(OnEvent(ir::BlockKind::kOnPost, model_.on_post, options.on_post));
    if (lowering_.told != nullptr && !told_.empty()) {
      lowering_.told->emplace_back(absl::StrCat("synapses of ", model_.section.name), told_);
    }
    return absl::OkStatus();
  }

 private:
  ir::Block NewBlock(ir::BlockKind kind) const {
    ir::Block block;
    block.kind = kind;
    block.name = model_.section.name;
    block.domain = model_.section.domain;
    return block;
  }

  absl::Status OnEvent(ir::BlockKind kind, const std::vector<Statement>& statements,
                       const ir::SourceText& text) {
    if (statements.empty()) return absl::OkStatus();
    ir::Block block = NewBlock(kind);
    ir::Builder builder(lowering_.program, block);
    SynapseCodeScope scope(context_, model_, kind, builder);
    BNSYN_RETURN_IF_ERROR(scope.RunEvent(statements, text));
    lowering_.program.synaptic.push_back(std::move(block));
    return absl::OkStatus();
  }

  absl::Status OnStep() {
    if (model_.code.equations.empty() && model_.summed.empty()) return absl::OkStatus();
    ir::Block block = NewBlock(ir::BlockKind::kOnStep);
    ir::Builder builder(lowering_.program, block);
    SynapseCodeScope scope(context_, model_, block.kind, builder);
    const ir::SourceText& text = model_.code.equations_text;
    // From the values at the beginning of the step, before they move.
    for (const Equation& sum : model_.summed) {
      BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(*sum.right, text, scope));
      BNSYN_RETURN_IF_ERROR(ExpectDimension(
          value, sum.unit.dimension, absl::StrCat("'", sum.name, "'"), text, sum.right->range));
      BNSYN_RETURN_IF_ERROR(
          scope.AddToTarget(sum.name, sum.name_range, value, sum.right->range, text));
    }
    Tell();
    BNSYN_ASSIGN_OR_RETURN(const OdeSystem system, OdeSystem::Create(scope));
    if (!system.equations().empty()) {
      BNSYN_ASSIGN_OR_RETURN(const IntegrationPlan plan,
                             PlanIntegration(system, model_.code.integration, context_.constants));
      Formulas formulas;
      Integrate(system, plan, &formulas);
      if (lowering_.told != nullptr) {
        absl::StrAppend(&told_, ExplainMoves(system, plan, formulas, model_.section.prefix));
      }
      scope.StoreChanged();
    } else if (model_.summed.empty()) {
      return absl::OkStatus();
    }
    lowering_.program.synaptic.push_back(std::move(block));
    return absl::OkStatus();
  }

  // What becomes of the equations that do not move in a step.
  void Tell() {
    const ir::SourceText& text = model_.code.equations_text;
    for (const EventDriven& moving : model_.event_driven) {
      absl::StrAppend(&told_, "\n  ", LineOf(*model_.code.Find(moving.name), text),
                      "\n    exact: it decays at a constant rate from event to event\n");
      if (moving.keeper == Keeper::kSynapse) continue;
      const bool source = moving.keeper == Keeper::kSource;
      absl::StrAppend(&told_, "    the same for all synapses of a ", source ? "source" : "target",
                      ", so it is a state of ", (source ? context_.source : context_.target).name,
                      "\n");
    }
    for (const Equation& sum : model_.summed) {
      absl::StrAppend(&told_, "\n  ", LineOf(sum, text), "\n    summed in every step\n");
    }
  }

  SynapseContext& context_;
  Lowering& lowering_;
  const SynapseModel& model_;
  std::string told_;
};

}  // namespace

absl::Status LowerSynapseModel(SynapseContext& context, const SynapseModel& model) {
  BNSYN_RETURN_IF_ERROR(TryEquations(context, model));
  return BlockWriter(context, model).Run();
}

}  // namespace bnsyn::compiler
