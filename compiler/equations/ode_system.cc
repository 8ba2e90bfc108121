#include "compiler/equations/ode_system.h"

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/equations/differentiate.h"
#include "compiler/equations/linear_form.h"
#include "compiler/language/code_emitter.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Stands for a value that is not known yet. A draw of a stream that nothing else uses can have any
// domain, equals no other node and is not constant. No stand-in is left when integration is done.
ir::Value StandIn(ir::Builder& builder, ir::DomainId domain, size_t number) {
  constexpr uint32_t kNobodysStream = 0xffffffff;
  return builder.Emit(ir::Op::kNormal, {ir::Element::kF64, domain}, {},
                      ir::StreamAttr(kNobodysStream, static_cast<uint32_t>(number)));
}

// The numbers of stand-ins: variables count from 0 on.
constexpr size_t kFirstNoiseNumber = size_t{1} << 20;
constexpr size_t kPassNumber = size_t{1} << 21;
constexpr size_t kFirstOwnNumber = size_t{1} << 22;

// True if the value of a node changes in jumps only, even if its operands change gradually.
bool Jumps(const ir::Node& node) {
  return node.element == ir::Element::kBool || ir::IsInteger(node.element) ||
         node.op == ir::Op::kFloor || node.op == ir::Op::kCeil || node.op == ir::Op::kRint;
}

}  // namespace

absl::StatusOr<OdeSystem> OdeSystem::Create(EquationScope& scope) {
  OdeSystem system(scope);
  system.time_ = EmitStepTime(scope.builder(), system.dt());
  for (const Equation& equation : scope.equations()) {
    if (equation.kind != EquationKind::kDifferential) continue;
    OdeEquation ode;
    ode.equation = &equation;
    ode.start = scope.Present(equation);
    const ir::DomainId domain = equation.Is("shared") ? ir::DomainId::kNetwork : scope.domain();
    ode.stand_in = StandIn(scope.builder(), domain, system.equations_.size());
    ode.held = scope.active().valid() && equation.Is("unless refractory");
    system.equations_.push_back(std::move(ode));
  }
  BNSYN_RETURN_IF_ERROR(system.CheckPlainNoise());
  for (OdeEquation& ode : system.equations_) {
    BNSYN_RETURN_IF_ERROR(system.EmitRight(ode));
  }
  const ir::Value one = scope.builder().F64(1);
  for (OdeEquation& ode : system.equations_) {
    for (const OdeEquation& other : system.equations_) {
      ode.slopes.push_back(Differentiate(scope.builder(), ode.drift, other.stand_in, one));
    }
  }
  return system;
}

StandIns OdeSystem::VariableStandIns() const {
  StandIns stand_ins;
  for (const OdeEquation& ode : equations_) {
    stand_ins.variables.emplace_back(ode.equation, ode.stand_in);
  }
  return stand_ins;
}

// Plain xi in two equations could be one noise or two, so it is an error.
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

ir::Value OdeSystem::NoiseStandIn(const std::string& name, ir::DomainId domain) {
  for (const NoiseSource& known : noises_) {
    if (known.name == name && known.domain == domain) return known.stand_in;
  }
  const size_t number = kFirstNoiseNumber + noises_.size();
  noises_.push_back({name, domain, StandIn(builder(), domain, number)});
  return noises_.back().stand_in;
}

absl::Status OdeSystem::EmitRight(OdeEquation& ode) {
  StandIns stand_ins = VariableStandIns();
  ForEachName(*ode.equation->right, [&](const Expr& name) {
    if (!IsWhiteNoise(name.name)) return;
    const ir::Value noise = NoiseStandIn(name.name, builder().type(ode.stand_in).domain);
    stand_ins.names.emplace_back(name.name, TypedValue{noise, dimension::kWhiteNoise});
  });
  scope_->EnterCode("equation", ode.name(), 0);
  const absl::StatusOr<TypedValue> right = scope_->EmitOver(
      stand_ins, *ode.equation->right, ode.equation->Is("shared") ? ode.name() : "");
  BNSYN_RETURN_IF_ERROR(right.status());
  BNSYN_RETURN_IF_ERROR(ExpectDimension(*right, ode.equation->unit.dimension / dimension::kTime,
                                        absl::StrCat("d", ode.name(), "/dt"), source(),
                                        ode.equation->right->range));
  BNSYN_RETURN_IF_ERROR(
      Emitter(source(), *scope_).CheckTimeConstants(*ode.equation->right, ode.name()));
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

std::vector<ir::Value> OdeSystem::Variables() const {
  std::vector<ir::Value> variables;
  for (const OdeEquation& ode : equations_) variables.push_back(ode.stand_in);
  return variables;
}

bool OdeSystem::Reads(size_t i, size_t j) const {
  const std::optional<ir::Value>& slope = equations_[i].slopes[j];
  return !slope.has_value() || !IsZero(builder(), *slope);
}

bool OdeSystem::DependsOnVariables(ir::Value value) const {
  return DependsOn(builder(), value, Variables());
}

bool OdeSystem::IsFixed(ir::Value value) const {
  if (DependsOnVariables(value)) return false;
  std::vector<bool> moves(value.id + 1);
  for (const ir::NodeId id : NodesOf(builder(), value)) {
    moves[id] = id == time_.id;
    const ir::Node& node = builder().node({id});
    if (Jumps(node)) continue;
    for (const ir::NodeId operand : node.inputs()) {
      if (moves[operand]) moves[id] = true;
    }
  }
  return !moves[value.id];
}

ir::Value OdeSystem::At(ir::Value value, const std::vector<ir::Value>& values,
                        ir::Value time) const {
  Replacement replacement;
  for (size_t e = 0; e < equations_.size(); ++e) {
    replacement[equations_[e].stand_in.id] = values[e];
  }
  if (time != time_) replacement[time_.id] = time;
  return Replace(builder(), value, replacement);
}

ir::Value OdeSystem::PassStandIn() const {
  return StandIn(builder(), ir::DomainId::kNetwork, kPassNumber);
}

ir::Value OdeSystem::OwnStandIn(size_t number) const {
  return StandIn(builder(), scope_->domain(), kFirstOwnNumber + number);
}

OdeSystem::LinearForm OdeSystem::AloneForm(size_t equation, double h) const {
  const OdeEquation& ode = equations_[equation];
  const Expr& right = *ode.equation->right;
  const Definitions definitions = [this](absl::string_view name) { return FindDefinition(name); };
  // An expression that draws must be emitted once: the two parts would draw different numbers.
  const bool draws = Draws(right, definitions);
  const std::optional<compiler::LinearForm> split =
      draws ? std::nullopt : AsLinear(right, ode.name(), definitions);
  if (split.has_value() && split->proportional.has_value()) {
    const TypedValue step = {builder().F64(h), dimension::kTime};
    const absl::StatusOr<ir::Value> k = Emit(*split->proportional, {{ode.name(), step}});
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

const Expr* OdeSystem::FindDefinition(absl::string_view name) const {
  const Equation* equation = FindEquation(scope_->equations(), name);
  return equation != nullptr && equation->kind == EquationKind::kExpression ? &*equation->right
                                                                            : nullptr;
}

std::vector<std::pair<std::string, ir::Value>> OdeSystem::DefinitionValues() const {
  std::vector<std::pair<std::string, ir::Value>> definitions;
  for (const Equation& equation : scope_->equations()) {
    if (equation.kind != EquationKind::kExpression) continue;
    scope_->EnterCode("equation", equation.name, 0);
    const absl::StatusOr<ir::Value> value = Emit(*equation.right);
    if (value.ok()) definitions.emplace_back(equation.name, *value);
  }
  return definitions;
}

absl::StatusOr<ir::Value> OdeSystem::Emit(
    const Expr& expr, std::vector<std::pair<std::string, TypedValue>> names) const {
  StandIns stand_ins = VariableStandIns();
  stand_ins.names = std::move(names);
  for (const NoiseSource& noise : noises_) {
    stand_ins.names.emplace_back(noise.name, TypedValue{noise.stand_in, dimension::kWhiteNoise});
  }
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, scope_->EmitOver(stand_ins, expr));
  return value.value;
}

}  // namespace bnsyn::compiler
