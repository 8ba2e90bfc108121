#include "compiler/equations/integrate.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/equations/method_fit.h"
#include "compiler/equations/step_emitter.h"
#include "ir/mutant.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;
using Values = std::vector<Value>;

// A value below 1e-290 vanishes when this number is added to it and subtracted again (R9).
const double kFlushing = Mutant("R9.flush_of_a_decay") ? 0x1p-1000 : 0x1p-909;

// The value of a variable that only decays, exactly 0 where it is tiny (R9). A product is fused
// with the sum that does this.
Value FlushDecayed(Scope& scope, Value value) {
  ir::Builder& builder = scope.builder();
  const Value number = builder.F64(kFlushing);
  const ir::Node node = builder.node(value);
  const Value sum = node.op == Op::kMul
                        ? EmitMulAdd(scope, {node.operands[0]}, {node.operands[1]}, number)
                        : builder.Emit(Op::kAdd, {value, number});
  return builder.Emit(Op::kSub, {sum, number});
}

}  // namespace

StepEmitter::StepEmitter(const OdeSystem& system, const IntegrationPlan& plan, Formulas* formulas,
                         SpikesWithin* within)
    : system_(system), plan_(plan), formulas_(formulas), within_(within) {
  primes_.resize(system_.equations().size());
  factors_.resize(system_.equations().size());
  if (formulas_ == nullptr) return;
  formulas_->names.atoms[system_.time().id] = "t";
  const Value active = system_.scope().active();
  if (active.valid()) formulas_->names.atoms[active.id] = "not_refractory";
  for (const Equation& equation : system_.scope().equations()) {
    if (equation.kind == EquationKind::kExpression) continue;
    const Value value = system_.scope().Present(equation);
    if (!IsLiteral(builder(), value)) formulas_->names.atoms[value.id] = equation.name;
  }
}

std::vector<Decayed> StepEmitter::Run() {
  if (plan_.substeps > 1) {
    EmitSubsteps();
    return {};  // no product alone moves a variable
  }
  for (const MoveGroup& group : plan_.groups) EmitGroup(group);
  return std::move(decayed_);
}

void StepEmitter::EmitSubsteps() {
  EquationScope& scope = system_.scope();
  std::vector<LoopVariable> variables;
  const Values start = PresentValues();
  pass_ = system_.PassStandIn();
  if (formulas_ != nullptr) formulas_->names.atoms[pass_.id] = "substep";
  for (size_t e = 0; e < start.size(); ++e) {
    variables.push_back({ode(e).name(), start[e], ode(e).stand_in, {}});
    scope.Assume(*ode(e).equation, ode(e).stand_in);
    if (formulas_ != nullptr) formulas_->names.atoms[ode(e).stand_in.id] = ode(e).name();
  }
  const auto begin = static_cast<ir::NodeId>(builder().block().nodes.size());
  for (const MoveGroup& group : plan_.groups) EmitGroup(group);
  const Values next = PresentValues();
  for (size_t e = 0; e < next.size(); ++e) variables[e].next = next[e];
  const Values after = scope.EmitLoop({"substeps", plan_.substeps, pass_, begin, {}}, variables);
  for (size_t e = 0; e < after.size(); ++e) scope.Assume(*ode(e).equation, after[e]);
}

void StepEmitter::EmitGroup(const MoveGroup& group) {
  // Decays go first. What is solved exactly with them starts from their values at the start.
  enum class Turn { kDecay, kExact, kOther };
  const auto turn = [&](const Move& move) {
    if (!IsSolved(move)) return Turn::kOther;
    return IsDecay(system_, move.equation) ? Turn::kDecay : Turn::kExact;
  };
  Values moved(group.size());
  const auto run = [&](Turn now, bool with_decays, const Values& from) {
    std::vector<bool> done(group.size());
    for (size_t m = 0; m < group.size(); ++m) {
      if (done[m] || turn(group[m]) != now) continue;
      Subsystem subsystem = SubsystemOf(group[m]);
      std::vector<size_t> moves;
      for (size_t other = 0; other < group.size(); ++other) {
        const bool same =
            group[other].method == subsystem.method && group[other].parts == subsystem.parts;
        const Turn its = turn(group[other]);
        if (!same || (its != now && !(with_decays && its == Turn::kDecay))) continue;
        moves.push_back(other);
        subsystem.members.push_back(group[other].equation);
        subsystem.tolerances.push_back(group[other].tolerances);
        done[other] = true;
      }
      const Values values = Step(subsystem, from);
      for (size_t i = 0; i < moves.size(); ++i) moved[moves[i]] = values[i];
    }
  };
  const auto finish = [&](bool decays) {
    for (size_t m = 0; m < group.size(); ++m) {
      if ((turn(group[m]) == Turn::kDecay) == decays) Finish(group[m], moved[m], decays);
    }
  };
  const Values start = PresentValues();
  run(Turn::kDecay, /*with_decays=*/false, start);
  run(Turn::kExact, /*with_decays=*/true, start);
  finish(/*decays=*/true);
  run(Turn::kOther, /*with_decays=*/false, Seen(group, start));
  mean_of_end_.clear();
  finish(/*decays=*/false);
}

Values StepEmitter::Seen(const MoveGroup& group, const Values& start) {
  if (plan_.reading == Reading::kStart) return start;
  Values seen = PresentValues();
  std::set<size_t> means;
  for (const Move& move : group) means.insert(move.means.begin(), move.means.end());
  for (const Move& move : group) {
    if (!IsSolved(move) || means.count(move.equation) == 0) continue;
    Subsystem subsystem = SubsystemOf(move);
    for (const Move& other : group) {
      if (IsSolved(other) && other.parts == move.parts) subsystem.members.push_back(other.equation);
    }
    SeeMean(subsystem, move.equation, start, seen);
  }
  return seen;
}

Subsystem StepEmitter::SubsystemOf(const Move& move) const {
  Subsystem subsystem;
  subsystem.method = move.method;
  subsystem.part = move.part;
  subsystem.parts = move.parts;
  subsystem.h = system_.dt() / (plan_.substeps * move.parts);
  return subsystem;
}

Value StepEmitter::TimeOf(const Subsystem& subsystem, double more) const {
  const double before = subsystem.part * subsystem.h;  // of this substep
  Value elapsed;
  if (pass_.valid()) {
    elapsed = builder().Emit(Op::kMul, {pass_, Number(system_.dt() / plan_.substeps)});
    if (before != 0) elapsed = builder().Emit(Op::kAdd, {elapsed, Number(before)});
    if (more != 0) elapsed = builder().Emit(Op::kAdd, {elapsed, Number(more)});
  } else if (before + more != 0) {
    elapsed = Number(before + more);
  }
  if (!elapsed.valid()) return system_.time();
  return builder().Emit(Op::kAdd, {system_.time(), elapsed});
}

void StepEmitter::Finish(const Move& move, Value value, bool decays) {
  const OdeEquation& equation = ode(move.equation);
  EquationScope& scope = system_.scope();
  const Value before = scope.Present(*equation.equation);
  const Value after = decays ? FlushDecayed(scope, value) : value;
  const Value factor = factors_[move.equation];
  if (decays && factor.valid() && system_.Number(factor).has_value()) {
    decayed_.push_back({equation.equation, *system_.Number(factor), before, after});
  }
  scope.Update(*equation.equation, after);
  if (decays || IsDriven(system_, move.equation)) scope.KeepTiny(*equation.equation);
  if (formulas_ == nullptr) return;
  const int primes = ++primes_[move.equation];
  std::string name = absl::StrCat(equation.name(), std::string(static_cast<size_t>(primes), '\''));
  formulas_->names.atoms[scope.Present(*equation.equation).id] = name;
  if (move.method == Method::kRk45) {
    // What the tries add up to has no formula: the right side.
    Values start;
    for (const OdeEquation& other : system_.equations()) start.push_back(other.start);
    name = absl::StrCat("d", equation.name(), "/dt");
    value = system_.At(equation.drift, start, system_.time());
  }
  formulas_->moves.push_back({move, std::move(name), value});
}

Values StepEmitter::Step(const Subsystem& subsystem, const Values& x) {
  switch (subsystem.method) {
    case Method::kExact:
      return Exact(subsystem, x);
    case Method::kExponentialEuler:
      return ExponentialEuler(subsystem, x);
    case Method::kEuler:
    case Method::kEulerMaruyama:
      return Euler(subsystem, x);
    case Method::kHeun:
      for (const size_t e : subsystem.members) {
        if (!ode(e).noise.empty()) return StochasticHeun(subsystem, x);
      }
      return Heun(subsystem, x);
    case Method::kRk2:
      return Rk2(subsystem, x);
    case Method::kRk4:
      return Rk4(subsystem, x);
    case Method::kMilstein:
      return Milstein(subsystem, x);
    case Method::kRk45:
      return AdaptiveSteps(subsystem, x);
  }
  return {};
}

std::vector<Decayed> Integrate(const OdeSystem& system, const IntegrationPlan& plan,
                               Formulas* formulas, SpikesWithin* within) {
  return StepEmitter(system, plan, formulas, within).Run();
}

}  // namespace bnsyn::compiler
