// The probabilities with which neurons spike: a neuron spikes at most once a step, so that one
// above 1 would be lost silently.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/analysis/value_range.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/refractory.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Adds p of each `rand() < p` and `bernoulli(p)` that a condition is an `and` of, in order.
void FindChances(const ir::Builder& builder, ir::Value condition, std::vector<ir::Value>& chances) {
  const ir::Node& node = builder.node(condition);
  const auto operand = [&](size_t i) { return ir::Value{node.operands[i]}; };
  const auto drawn = [&](size_t i) { return builder.node(operand(i)).op == ir::Op::kUniform; };
  if (node.op == ir::Op::kAnd) {
    FindChances(builder, operand(0), chances);
    FindChances(builder, operand(1), chances);
  } else if (node.op == ir::Op::kBernoulli) {
    chances.push_back(operand(0));
  } else if ((node.op == ir::Op::kLt || node.op == ir::Op::kLe) && drawn(0)) {
    chances.push_back(operand(1));
  } else if ((node.op == ir::Op::kGt || node.op == ir::Op::kGe) && drawn(1)) {
    chances.push_back(operand(0));
  }
}

// True if a value cannot leave [0, 1], whatever states hold. It may be NaN, which is a fault of its
// own.
bool IsProbability(const ir::Program& program, const ir::Builder& builder, ir::Value value) {
  const Range range = FindRanges(program, builder.block(), RangeSources())[value.id];
  return range.least >= 0 && range.greatest <= 1;
}

}  // namespace

void DeclareChances(const Declarations& declared, Section& section, ProgramBuilder& out) {
  const std::optional<Expr>& threshold = section.code->threshold;
  if (!threshold.has_value()) return;
  ir::Block scratch;
  scratch.kind = ir::BlockKind::kStep;
  ir::Builder builder(out.program, scratch);
  const Names names = NamesOf(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  RefractoryStep(scope).Begin();
  const absl::StatusOr<TypedValue> condition =
      EmitExpression(*threshold, section.code->threshold_text, scope);
  // What is wrong is reported when the threshold is emitted for good.
  if (!condition.ok()) return;
  std::vector<ir::Value> chances;
  FindChances(builder, condition->value, chances);
  const Facts facts(out.program, builder.block());
  for (size_t c = 0; c < chances.size(); ++c) {
    if (facts.Bits(chances[c].id).has_value()) continue;
    if (IsProbability(out.program, builder, chances[c])) continue;
    const std::string number = section.chances.empty() ? "" : absl::StrCat(section.chances.size());
    const ir::StateId state =
        out.AddState(absl::StrCat(section.prefix, "threshold.probability", number),
                     {ir::Element::kF64, builder.type(chances[c]).domain});
    out.program.states[state].lower = 0;
    out.program.states[state].upper = 1;
    section.chances.push_back({c, state});
  }
}

absl::Status EmitChances(ir::Value condition, const Expr& expr, const ir::SourceText& text,
                         bool checked, CodeScope& scope) {
  ir::Builder& builder = scope.builder();
  std::vector<ir::Value> chances;
  FindChances(builder, condition, chances);
  const Facts facts(scope.program(), builder.block());
  for (const ir::Value chance : chances) {
    const std::optional<double> number = facts.Number(chance);
    if (!number.has_value() || (*number >= 0 && *number <= 1)) continue;
    return ir::ErrorAt(
        text, expr.range,
        absl::StrCat("the probability of a spike in a step is ", *number, " here, but it must be ",
                     "from 0 to 1: a neuron spikes at most once in a step of ", scope.program().dt,
                     " ms"),
        "take a smaller dt or more neurons of a lower rate; or leave the source out: a stimulus of "
        "type = \"poisson\" brings any number of events to its target in a step");
  }
  if (!checked) return absl::OkStatus();
  for (const auto& [index, state] : scope.section().chances) {
    if (index >= chances.size()) continue;
    builder.Check(state, chances[index]);
    builder.Store(state, chances[index]);
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
