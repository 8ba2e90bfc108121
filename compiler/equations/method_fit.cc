#include "compiler/equations/method_fit.h"

#include <cmath>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/equations/differentiate.h"

namespace bnsyn::compiler {
namespace {

bool Contains(const std::vector<size_t>& members, size_t i) {
  return std::find(members.begin(), members.end(), i) != members.end();
}

// The obstacle of one equation by itself, whether or not the others fit.
ExactFit FitAlone(const OdeSystem& system, const std::vector<size_t>& members, size_t i) {
  const OdeEquation& ode = system.equations()[i];
  if (!ode.noise.empty()) return {ExactObstacle::kNoise, i, 0};
  // Obstacles in its own variable are reported first.
  std::vector<size_t> others = {i};
  for (size_t j = 0; j < system.equations().size(); ++j) {
    if (j != i) others.push_back(j);
  }
  for (const size_t j : others) {
    if (!system.Reads(i, j) || !Contains(members, j)) continue;
    if (!ode.slopes[j].has_value()) return {ExactObstacle::kNotLinear, j, j};
    for (const size_t k : members) {
      if (DependsOn(system.builder(), *ode.slopes[j], {system.equations()[k].stand_in})) {
        return {ExactObstacle::kNotLinear, j, k};
      }
    }
  }
  for (const size_t j : others) {
    if (system.Reads(i, j) && !Contains(members, j)) return {ExactObstacle::kReads, j, 0};
  }
  for (const size_t j : others) {
    if (system.Reads(i, j) && !system.IsFixed(*ode.slopes[j])) return {ExactObstacle::kMoves, j, 0};
  }
  if (!system.IsFixed(RestOf(system, i, members))) return {ExactObstacle::kMoves, i, 0};
  if (IsAlone(system, i)) return {};
  for (const size_t j : others) {
    if (system.Reads(i, j) && !system.Number(*ode.slopes[j]).has_value()) {
      return {ExactObstacle::kNotNumber, j, 0};
    }
  }
  return {};
}

// Follows the couplings: an equation that reads one that does not fit does not fit either.
void Couple(const OdeSystem& system, const std::vector<size_t>& members,
            std::vector<ExactFit>& fits) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t a = 0; a < members.size(); ++a) {
      if (!fits[a].fits() || IsAlone(system, members[a])) continue;
      for (size_t b = 0; b < members.size() && fits[a].fits(); ++b) {
        const size_t j = members[b];
        if (!system.Reads(members[a], j)) continue;
        const std::optional<ir::Value>& slope = system.equations()[j].slopes[j];
        if (!fits[b].fits()) {
          fits[a] = {ExactObstacle::kCoupled, j, 0};
        } else if (system.Reads(j, j) && !system.Number(*slope).has_value()) {
          fits[a] = {ExactObstacle::kNotNumber, j, 0};
        }
        if (!fits[a].fits()) changed = true;
      }
    }
  }
}

// The constant term of a node as a polynomial in everything that is loaded, drawn or the result of
// a function, given the terms of its operands.
double ConstantTerm(const OdeSystem& system, ir::NodeId id, const std::vector<double>& terms) {
  const ir::Node& node = system.builder().node({id});
  const auto of = [&](size_t operand) { return terms[node.operands[operand]]; };
  switch (node.op) {
    case ir::Op::kLiteral:
    case ir::Op::kParam:
      return system.Number({id}).value_or(0);
    case ir::Op::kNeg:
      return -of(0);
    case ir::Op::kAdd:
      return of(0) + of(1);
    case ir::Op::kSub:
      return of(0) - of(1);
    case ir::Op::kMul:
      return of(0) * of(1);
    case ir::Op::kFma:
      return of(0) * of(1) + of(2);
    case ir::Op::kDiv:
      // A quotient by a variable has no constant term.
      return of(1) != 0 && system.Number({node.operands[1]}) ? of(0) / of(1) : 0;
    default:
      return 0;
  }
}

// The place of an error in the text.

// True if an expression is not linear in `leaves`.
bool IsBent(const OdeSystem& system, const Expr& expr, const std::vector<ir::Value>& leaves) {
  const absl::StatusOr<ir::Value> value = system.Emit(expr);
  if (!value.ok()) return false;
  ir::Builder& builder = system.builder();
  if (builder.type(*value).element != ir::Element::kF64) {
    return DependsOn(builder, *value, leaves);
  }
  for (const ir::Value leaf : leaves) {
    const std::optional<ir::Value> slope = Differentiate(builder, *value, leaf, builder.F64(1));
    if (!slope.has_value() || DependsOn(builder, *slope, leaves)) return true;
  }
  return false;
}

bool DependsOnLeaves(const OdeSystem& system, const Expr& expr,
                     const std::vector<ir::Value>& leaves) {
  const absl::StatusOr<ir::Value> value = system.Emit(expr);
  return value.ok() && DependsOn(system.builder(), *value, leaves);
}

const Expr* DefinitionOf(const OdeSystem& system, const Expr& expr) {
  return expr.kind == ExprKind::kName ? system.FindDefinition(expr.name) : nullptr;
}

// The smallest term that is not linear in `leaves`. Definitions that it reads are followed.
ir::SourceRange BentTerm(const OdeSystem& system, const Expr& expr,
                         const std::vector<ir::Value>& leaves) {
  if (const Expr* definition = DefinitionOf(system, expr)) {
    return BentTerm(system, *definition, leaves);
  }
  if (expr.kind == ExprKind::kUnary) return BentTerm(system, expr.children[0], leaves);
  const bool sum = expr.kind == ExprKind::kBinary && (expr.name == "+" || expr.name == "-");
  const bool product = expr.kind == ExprKind::kBinary && (expr.name == "*" || expr.name == "/");
  if (sum || product) {
    for (size_t c = 0; c < 2; ++c) {
      if (!IsBent(system, expr.children[c], leaves)) continue;
      // A product whose factors both depend on `leaves` is itself the term.
      if (product && DependsOnLeaves(system, expr.children[1 - c], leaves)) break;
      return BentTerm(system, expr.children[c], leaves);
    }
  }
  return expr.range;
}

// The first name for which `is` is true. Definitions are followed.
const Expr* FirstName(const OdeSystem& system, const Expr& expr,
                      const std::function<bool(const Expr&)>& is) {
  if (expr.kind == ExprKind::kName) {
    if (is(expr)) return &expr;
    const Expr* definition = DefinitionOf(system, expr);
    return definition != nullptr ? FirstName(system, *definition, is) : nullptr;
  }
  for (const Expr& child : expr.children) {
    if (const Expr* found = FirstName(system, child, is)) return found;
  }
  return nullptr;
}

ir::SourceRange RangeOf(const Expr* name, const Expr& whole) {
  return name != nullptr ? name->range : whole.range;
}

// The first name whose value is not one number for all neurons and the whole run.
const Expr* NameWithoutNumber(const OdeSystem& system, const Expr& right) {
  return FirstName(system, right, [&](const Expr& name) {
    if (DefinitionOf(system, name) != nullptr || system.Find(name.name).has_value()) return false;
    const absl::StatusOr<ir::Value> value = system.Emit(name);
    return value.ok() && system.builder().type(*value).element == ir::Element::kF64 &&
           !system.Number(*value).has_value();
  });
}

ir::SourceRange NoiseRange(const OdeSystem& system, const OdeEquation& ode, size_t source) {
  const Expr* name = FirstName(system, *ode.equation->right, [&](const Expr& expr) {
    return expr.name == system.noises()[source].name;
  });
  return RangeOf(name, *ode.equation->right);
}

}  // namespace

ir::Value RestOf(const OdeSystem& system, size_t equation, const std::vector<size_t>& members) {
  Replacement zero;
  for (const size_t j : members) {
    zero[system.equations()[j].stand_in.id] = system.builder().F64(0);
  }
  return Replace(system.builder(), system.equations()[equation].drift, zero, /*simplified=*/true);
}

bool IsAlone(const OdeSystem& system, size_t equation) {
  for (size_t j = 0; j < system.equations().size(); ++j) {
    if (j != equation && system.Reads(equation, j)) return false;
  }
  return true;
}

bool IsDecay(const OdeSystem& system, size_t equation) {
  const std::optional<ir::Value>& slope = system.equations()[equation].slopes[equation];
  return IsAlone(system, equation) && slope.has_value() && system.IsFixed(*slope) &&
         system.Reads(equation, equation) &&
         IsZero(system.builder(), RestOf(system, equation, {equation}));
}

bool IsDriven(const OdeSystem& system, size_t equation) {
  const ir::Value drift = system.equations()[equation].drift;
  std::vector<double> terms(drift.id + 1);
  for (ir::NodeId id = 0; id <= drift.id; ++id) terms[id] = ConstantTerm(system, id, terms);
  return terms[drift.id] != 0 && std::isfinite(terms[drift.id]);
}

bool IsLinearInItself(const OdeSystem& system, size_t equation) {
  const OdeEquation& ode = system.equations()[equation];
  const std::optional<ir::Value>& slope = ode.slopes[equation];
  return slope.has_value() && !DependsOn(system.builder(), *slope, {ode.stand_in});
}

Matrix CoefficientsOf(const OdeSystem& system, const std::vector<size_t>& members,
                      bool refractory) {
  Matrix a(members.size(), std::vector<double>(members.size()));
  for (size_t i = 0; i < members.size(); ++i) {
    if (refractory && system.equations()[members[i]].held) continue;
    for (size_t j = 0; j < members.size(); ++j) {
      a[i][j] = *system.Number(*system.equations()[members[i]].slopes[members[j]]);
    }
  }
  return a;
}

std::vector<ExactFit> FitExact(const OdeSystem& system, const std::vector<size_t>& members,
                               double h) {
  std::vector<ExactFit> fits;
  for (const size_t i : members) fits.push_back(FitAlone(system, members, i));
  Couple(system, members, fits);
  std::vector<size_t> numbers;
  bool coupled = false;
  for (size_t a = 0; a < members.size(); ++a) {
    coupled = coupled || (fits[a].fits() && !IsAlone(system, members[a]));
    const std::optional<ir::Value>& slope = system.equations()[members[a]].slopes[members[a]];
    if (fits[a].fits() && system.Number(*slope).has_value()) numbers.push_back(members[a]);
  }
  if (!coupled) return fits;
  const bool few = numbers.size() <= kMostTogether;
  const bool finite = few &&
                      MakePropagator(CoefficientsOf(system, numbers, false), h).has_value() &&
                      MakePropagator(CoefficientsOf(system, numbers, true), h).has_value();
  if (finite) return fits;
  for (size_t a = 0; a < members.size(); ++a) {
    if (fits[a].fits() && !IsAlone(system, members[a])) {
      fits[a] = {few ? ExactObstacle::kOverflow : ExactObstacle::kTooMany, members[a], 0};
    }
  }
  return fits;
}

std::string DescribeObstacle(const OdeSystem& system, size_t equation, const ExactFit& fit) {
  const std::string& other = system.equations()[fit.other].name();
  switch (fit.obstacle) {
    case ExactObstacle::kNone:
      return "";
    case ExactObstacle::kNoise:
      return "it has noise";
    case ExactObstacle::kNotLinear:
      if (fit.by == fit.other) return absl::StrCat("it is not linear in ", other);
      return absl::StrCat("what multiplies ", other, " depends on ",
                          system.equations()[fit.by].name());
    case ExactObstacle::kReads:
      return absl::StrCat("it reads ", other, ", which moves by another method");
    case ExactObstacle::kMoves:
      return "it depends on t";
    case ExactObstacle::kNotNumber: {
      const Expr* name = NameWithoutNumber(system, *system.equations()[equation].equation->right);
      return absl::StrCat("it is coupled, and ", name != nullptr ? name->name : other,
                          " is not one number for the whole run and all neurons");
    }
    case ExactObstacle::kTooMany:
      return absl::StrCat("it is coupled to others, and more than ", kMostTogether,
                          " would be solved together");
    case ExactObstacle::kOverflow:
      return "its solution grows beyond all numbers within a step";
    case ExactObstacle::kCoupled:
      return absl::StrCat("it reads ", other, ", which has no exact solution");
  }
  return "";
}

absl::Status ExactError(const OdeSystem& system, size_t equation, const ExactFit& fit) {
  const OdeEquation& ode = system.equations()[equation];
  const Expr& right = *ode.equation->right;
  const std::string& other = system.equations()[fit.other].name();
  const std::string self = absl::StrCat("d", ode.name(), "/dt");
  const auto reads = [&](absl::string_view what) {
    return RangeOf(FirstName(system, right, [&](const Expr& name) { return name.name == what; }),
                   right);
  };
  switch (fit.obstacle) {
    case ExactObstacle::kNone:
    case ExactObstacle::kCoupled:
      return absl::OkStatus();
    case ExactObstacle::kNoise:
      return CheckNoNoise(system, equation, "exact");
    case ExactObstacle::kNotLinear:
      return ir::ErrorAt(
          system.source(), BentTerm(system, right, system.Variables()),
          absl::StrCat(self, " is not linear in ", other,
                       fit.by == fit.other
                           ? ""
                           : absl::StrCat(" and ", system.equations()[fit.by].name(), " together"),
                       ", so it has no exact step"),
          "leave the method out: then what is linear is solved exactly, and the rest as well as it "
          "can be; or name a method that takes any equation, as rk4");
    case ExactObstacle::kReads:
      return ir::ErrorAt(
          system.source(), reads(other),
          absl::StrCat(self, " reads ", other, ", which is not solved together with it, so it has ",
                       "no exact step"),
          absl::StrCat("give ", other, " the method exact too, or ", ode.name(),
                       " the method exponential_euler, which keeps the others for a step"));
    case ExactObstacle::kMoves:
      return ir::ErrorAt(
          system.source(), reads("t"), absl::StrCat(self, " depends on t, so it has no exact step"),
          "exponential_euler keeps it for a step as it is at the start; a table or a comparison "
          "with t, as in int(t > 5 ms), may stay");
    case ExactObstacle::kNotNumber: {
      const Expr* name = NameWithoutNumber(system, right);
      if (name == nullptr) {
        const OdeEquation& coupled = system.equations()[fit.other];
        name = NameWithoutNumber(system, *coupled.equation->right);
      }
      return ir::ErrorAt(
          system.source(), RangeOf(name, right),
          absl::StrCat("the equations of ", ode.name(), " and what it reads are solved together, ",
                       "by numbers made once, but ", name != nullptr ? name->name : other,
                       " is not one number for the whole run and all neurons"),
          absl::StrCat("make it a parameter that is not tunable, or give ", ode.name(),
                       " the method exponential_euler"));
    }
    case ExactObstacle::kTooMany:
      return ir::ErrorAt(
          system.source(), right.range,
          absl::StrCat(self, " is coupled to others, and more than ", kMostTogether,
                       " equations would be solved together"),
          "give some of them the method exponential_euler, which keeps the others for a step");
    case ExactObstacle::kOverflow:
      return ir::ErrorAt(
          system.source(), right.range,
          absl::StrCat("the exact solution of ", self, " grows beyond all numbers within one step"),
          "check the signs: what decays has a minus, as in -V/tau");
  }
  return absl::OkStatus();
}

absl::Status NotLinearInItselfError(const OdeSystem& system, size_t equation) {
  const OdeEquation& ode = system.equations()[equation];
  return ir::ErrorAt(system.source(), BentTerm(system, *ode.equation->right, {ode.stand_in}),
                     absl::StrCat("d", ode.name(), "/dt is not linear in ", ode.name(),
                                  " because of this, so exponential_euler does not fit it"),
                     "euler, rk2, heun and rk4 take any equation without noise");
}

absl::Status CheckNoNoise(const OdeSystem& system, size_t equation, absl::string_view method) {
  const OdeEquation& ode = system.equations()[equation];
  if (ode.noise.empty()) return absl::OkStatus();
  return ir::ErrorAt(system.source(), NoiseRange(system, ode, ode.noise[0].source),
                     absl::StrCat("d", ode.name(), "/dt has noise, of which ", std::string(method),
                                  " knows nothing"),
                     "methods for equations with noise are euler_maruyama (Ito), milstein and heun "
                     "(Stratonovich)");
}

absl::Status CheckAdditive(const OdeSystem& system, size_t equation) {
  const OdeEquation& ode = system.equations()[equation];
  for (const NoiseTerm& term : ode.noise) {
    for (const OdeEquation& other : system.equations()) {
      const bool driven =
          std::any_of(other.noise.begin(), other.noise.end(),
                      [&](const NoiseTerm& its) { return its.source == term.source; });
      if (!driven || !DependsOn(system.builder(), term.factor, {other.stand_in})) continue;
      const std::string& xi = system.noises()[term.source].name;
      return ir::ErrorAt(
          system.source(), NoiseRange(system, ode, term.source),
          absl::StrCat("what multiplies ", xi, " in d", ode.name(), "/dt depends on ", other.name(),
                       ", which ", xi,
                       " drives: the equation means one thing to Ito and another to Stratonovich"),
          "say which: method = \"euler_maruyama\" is Ito's, \"milstein\" and \"heun\" are "
          "Stratonovich's");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDiagonal(const OdeSystem& system, size_t equation) {
  const OdeEquation& ode = system.equations()[equation];
  const auto error = [&](size_t source, absl::string_view what) {
    return ir::ErrorAt(
        system.source(), NoiseRange(system, ode, source),
        absl::StrCat("milstein takes one noise for each variable, but ", std::string(what)),
        "heun takes any noise, in Stratonovich's reading too");
  };
  if (ode.noise.size() > 1) {
    return error(ode.noise[1].source, absl::StrCat("d", ode.name(), "/dt has ", ode.noise.size()));
  }
  for (const NoiseTerm& own : ode.noise) {
    for (size_t j = 0; j < system.equations().size(); ++j) {
      const OdeEquation& other = system.equations()[j];
      const bool driven =
          std::any_of(other.noise.begin(), other.noise.end(),
                      [&](const NoiseTerm& its) { return its.source == own.source; });
      if (j == equation || !driven || !DependsOn(system.builder(), own.factor, {other.stand_in})) {
        continue;
      }
      const std::string& xi = system.noises()[own.source].name;
      return error(own.source,
                   absl::StrCat("what ", xi, " is multiplied by in d", ode.name(),
                                "/dt depends on ", other.name(), ", which ", xi, " drives too"));
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
