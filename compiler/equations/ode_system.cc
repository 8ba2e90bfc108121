#include "compiler/equations/ode_system.h"

#include "absl/strings/str_cat.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/equations/differentiate.h"
#include "compiler/equations/linear_form.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Stands for a value that is not known yet: a draw of a stream that nothing else uses is of any
// domain, equal to nothing else and constant to nobody. None is left when integration is done.
ir::Value StandIn(ir::Builder& builder, ir::DomainId domain, size_t number) {
  constexpr uint32_t kNobodysStream = 0xffffffff;
  return builder.Emit(ir::Op::kNormal, {ir::Element::kF64, domain}, {},
                      ir::StreamAttr(kNobodysStream, static_cast<uint32_t>(number)));
}

// Whether the value of a node moves in jumps only, whatever its operands do.
bool Jumps(const ir::Node& node) {
  return node.element == ir::Element::kBool || ir::IsInteger(node.element) ||
         node.op == ir::Op::kFloor || node.op == ir::Op::kCeil || node.op == ir::Op::kRint;
}

}  // namespace

absl::StatusOr<OdeSystem> OdeSystem::Create(const Lowering& lowering, CodeScope& scope) {
  OdeSystem system(lowering, scope);
  system.time_ = StepTime(lowering, scope.builder());
  for (const Equation& equation : scope.section().code->equations) {
    if (equation.kind != EquationKind::kDifferential) continue;
    OdeEquation ode;
    ode.equation = &equation;
    ode.variable = scope.section().FindVariable(equation.name);
    const ir::DomainId domain = lowering.program.states[*ode.variable->state].type.domain;
    ode.stand_in = StandIn(scope.builder(), domain, system.equations_.size());
    ode.held = scope.active().valid() && ode.variable->Is("unless refractory");
    system.equations_.push_back(std::move(ode));
  }
  BNSYN_RETURN_IF_ERROR(system.CheckPlainNoise());
  BNSYN_RETURN_IF_ERROR(system.WithStandIns([&] {
    for (OdeEquation& ode : system.equations_) {
      BNSYN_RETURN_IF_ERROR(system.EmitRight(ode));
    }
    return absl::OkStatus();
  }));
  const ir::Value one = scope.builder().F64(1);
  for (OdeEquation& ode : system.equations_) {
    for (const OdeEquation& other : system.equations_) {
      ode.slopes.push_back(Differentiate(scope.builder(), ode.drift, other.stand_in, one));
    }
  }
  return system;
}

absl::Status OdeSystem::WithStandIns(const std::function<absl::Status()>& emit) const {
  std::vector<ir::Value> present;
  scope_->HoldUnless({});
  for (const OdeEquation& ode : equations_) {
    present.push_back(scope_->Get(*ode.variable).value);
    scope_->Set(*ode.variable, ode.stand_in);
  }
  const absl::Status status = emit();
  for (size_t e = 0; e < equations_.size(); ++e) {
    scope_->Set(*equations_[e].variable, present[e]);
  }
  scope_->HoldUnless(scope_->active());
  return status;
}

// In two equations it would be a question whether plain xi is one noise or two.
absl::Status OdeSystem::CheckPlainNoise() const {
  const OdeEquation* first = nullptr;
  for (const OdeEquation& ode : equations_) {
    const Expr* xi = nullptr;
    ForEachName(*ode.equation->right, [&](const Expr& name) {
      if (name.name == "xi" && xi == nullptr) xi = &name;
    });
    if (xi == nullptr) continue;
    if (first != nullptr) {
      return ir::ErrorAt(source(), xi->range,
                         absl::StrCat("'xi' is the noise of d", first->name(), "/dt already"),
                         "give noise names: xi_1 and xi_2 are independent, and xi_a in both "
                         "equations is the same");
    }
    first = &ode;
  }
  return absl::OkStatus();
}

void OdeSystem::BindNoise(const OdeEquation& ode) {
  const ir::DomainId domain = builder().type(ode.stand_in).domain;
  ForEachName(*ode.equation->right, [&](const Expr& name) {
    if (!IsWhiteNoise(name.name)) return;
    const NoiseSource* source = nullptr;
    for (const NoiseSource& known : noises_) {
      if (known.name == name.name && known.domain == domain) source = &known;
    }
    if (source == nullptr) {
      const size_t number = 1000 + noises_.size();
      noises_.push_back({name.name, domain, StandIn(builder(), domain, number)});
      source = &noises_.back();
    }
    scope_->Bind(name.name, {source->stand_in, dimension::kWhiteNoise});
  });
}

absl::Status OdeSystem::EmitRight(OdeEquation& ode) {
  BindNoise(ode);
  scope_->SetShared(ode.variable->Is("shared") ? ode.name() : "");
  const absl::StatusOr<TypedValue> right = EmitExpression(*ode.equation->right, source(), *scope_);
  scope_->SetShared("");
  for (const NoiseSource& noise : noises_) scope_->Unbind(noise.name);
  BNSYN_RETURN_IF_ERROR(right.status());
  BNSYN_RETURN_IF_ERROR(ExpectDimension(*right, ode.equation->unit.dimension / dimension::kTime,
                                        absl::StrCat("d", ode.name(), "/dt"), source(),
                                        ode.equation->right->range));
  return SplitNoise(ode, right->value);
}

absl::Status OdeSystem::SplitNoise(OdeEquation& ode, ir::Value right) {
  ode.drift = right;
  std::vector<ir::Value> stand_ins;
  Replacement without;
  for (const NoiseSource& noise : noises_) {
    stand_ins.push_back(noise.stand_in);
    without[noise.stand_in.id] = builder().F64(0);
  }
  for (size_t n = 0; n < noises_.size(); ++n) {
    const ir::Value xi = noises_[n].stand_in;
    if (!DependsOn(builder(), right, {xi})) continue;
    const std::optional<ir::Value> factor = Differentiate(builder(), right, xi, builder().F64(1));
    if (factor.has_value() && !DependsOn(builder(), *factor, stand_ins)) {
      ode.noise.push_back({n, *factor});
      continue;
    }
    ir::SourceRange range = ode.equation->right->range;
    ForEachName(*ode.equation->right, [&](const Expr& name) {
      if (name.name == noises_[n].name) range = name.range;
    });
    return ir::ErrorAt(
        source(), range,
        absl::StrCat("d", ode.name(), "/dt is not linear in the noise '", noises_[n].name, "'"),
        "white noise may only be multiplied by what does not contain it, and be "
        "added, as in -V/tau + sigma*sqrt(2/tau)*xi");
  }
  if (!ode.noise.empty()) ode.drift = Replace(builder(), right, without, /*simplified=*/true);
  return absl::OkStatus();
}

std::optional<size_t> OdeSystem::Find(absl::string_view name) const {
  for (size_t e = 0; e < equations_.size(); ++e) {
    if (equations_[e].name() == name) return e;
  }
  return std::nullopt;
}

bool OdeSystem::Reads(size_t i, size_t j) const {
  const std::optional<ir::Value>& slope = equations_[i].slopes[j];
  return !slope.has_value() || !IsZero(builder(), *slope);
}

bool OdeSystem::DependsOnVariables(ir::Value value) const {
  std::vector<ir::Value> variables;
  for (const OdeEquation& ode : equations_) variables.push_back(ode.stand_in);
  return DependsOn(builder(), value, variables);
}

bool OdeSystem::IsFixed(ir::Value value) const {
  if (DependsOnVariables(value)) return false;
  std::vector<bool> moves(value.id + 1);
  for (ir::NodeId id = 0; id <= value.id; ++id) {
    moves[id] = id == time_.id;
    const ir::Node& node = builder().node({id});
    if (Jumps(node)) continue;
    for (const ir::NodeId operand : node.inputs()) {
      if (moves[operand]) moves[id] = true;
    }
  }
  return !moves[value.id];
}

std::optional<double> OdeSystem::Number(ir::Value value) const {
  return NumberOf(lowering_->program, builder(), value);
}

double OdeSystem::ConstantTerm(ir::Value value) const {
  return compiler::ConstantTerm(lowering_->program, builder(), value);
}

ir::Value OdeSystem::At(ir::Value value, const std::vector<ir::Value>& values,
                        double elapsed) const {
  Replacement replacement;
  for (size_t e = 0; e < equations_.size(); ++e) {
    replacement[equations_[e].stand_in.id] = values[e];
  }
  if (elapsed != 0) {
    replacement[time_.id] = builder().Emit(ir::Op::kAdd, {time_, builder().F64(elapsed)});
  }
  return Replace(builder(), value, replacement);
}

OdeSystem::LinearForm OdeSystem::AloneForm(size_t equation, double h) const {
  const OdeEquation& ode = equations_[equation];
  const Expr& right = *ode.equation->right;
  const Definitions definitions = [this](absl::string_view name) -> const Expr* {
    const Equation* found = scope_->section().code->Find(name);
    return found != nullptr && found->kind == EquationKind::kExpression ? &*found->right : nullptr;
  };
  // A random number that is drawn twice would be two numbers.
  const bool draws = !IsConstant(right, definitions, [](absl::string_view) { return true; });
  const std::optional<compiler::LinearForm> split =
      draws ? std::nullopt : AsLinear(right, ode.name(), definitions);
  if (split.has_value() && split->proportional.has_value()) {
    scope_->Bind(ode.name(), {builder().F64(h), dimension::kTime});
    const absl::StatusOr<ir::Value> k = Emit(*split->proportional);
    scope_->Unbind(ode.name());
    if (k.ok() && !split->rest.has_value()) return {*k, {}};
    const absl::StatusOr<ir::Value> rest =
        split->rest.has_value() ? Emit(*split->rest) : absl::StatusOr<ir::Value>(ir::Value{});
    if (k.ok() && rest.ok()) return {*k, *rest};
  }
  const ir::Value zero = builder().F64(0);
  const ir::Value k = *Differentiate(builder(), ode.drift, ode.stand_in, builder().F64(h));
  const ir::Value rest =
      Replace(builder(), ode.drift, {{ode.stand_in.id, zero}}, /*simplified=*/true);
  return {k, IsZero(builder(), rest) ? ir::Value{} : rest};
}

std::vector<std::pair<std::string, ir::Value>> OdeSystem::DefinitionValues() const {
  std::vector<std::pair<std::string, ir::Value>> definitions;
  for (const Equation& equation : scope_->section().code->equations) {
    if (equation.kind != EquationKind::kExpression) continue;
    const absl::StatusOr<ir::Value> value = Emit(*equation.right);
    if (value.ok()) definitions.emplace_back(equation.name, *value);
  }
  return definitions;
}

absl::StatusOr<ir::Value> OdeSystem::Emit(const Expr& expr) const {
  ir::Value value;
  BNSYN_RETURN_IF_ERROR(WithStandIns([&] {
    for (const NoiseSource& noise : noises_) {
      scope_->Bind(noise.name, {noise.stand_in, dimension::kWhiteNoise});
    }
    const absl::StatusOr<TypedValue> emitted = EmitExpression(expr, source(), *scope_);
    for (const NoiseSource& noise : noises_) scope_->Unbind(noise.name);
    BNSYN_RETURN_IF_ERROR(emitted.status());
    value = emitted->value;
    return absl::OkStatus();
  }));
  return value;
}

}  // namespace bnsyn::compiler
