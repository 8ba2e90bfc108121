#include "compiler/equations/integration_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "compiler/analysis/facts.h"
#include "compiler/description/settings.h"
#include "compiler/equations/method_fit.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

constexpr MethodInfo kMethods[] = {
    {Method::kExact, "exact", "the exact solution of linear equations"},
    {Method::kExponentialEuler, "exponential_euler",
     "exact where an equation is linear in its own variable and the others are kept"},
    {Method::kEuler, "euler", "explicit Euler, also with additive noise"},
    {Method::kEulerMaruyama, "euler_maruyama", "explicit Euler with any noise, Ito"},
    {Method::kHeun, "heun", "the trapezoidal method; with noise Heun's, Stratonovich"},
    {Method::kRk2, "rk2", "the midpoint method"},
    {Method::kRk4, "rk4", "the classical Runge-Kutta method of order 4"},
    {Method::kMilstein, "milstein", "Milstein's method without derivatives, Stratonovich"},
    {Method::kRk45, "rk45", "steps of order 5 that each neuron adapts: rk45(rtol, atol)"},
};

// Substeps are passes of a loop (ir::kMostPasses).
constexpr int kMostSubsteps = 10000;

// rk45 may have arguments.
bool IsRk45(absl::string_view name) {
  name = absl::StripAsciiWhitespace(name);
  return absl::ConsumePrefix(&name, "rk45") && (name.empty() || name[0] == '(' || name[0] == ' ');
}

std::optional<Method> FindMethod(absl::string_view name) {
  // Brian2's other name.
  if (name == "linear") return Method::kExact;
  if (IsRk45(name)) return Method::kRk45;
  for (const MethodInfo& info : kMethods) {
    if (info.name == name) return info.method;
  }
  return std::nullopt;
}

absl::Status CheckMethodName(const ir::SourceText& method) {
  if (FindMethod(method.text).has_value()) return absl::OkStatus();
  std::vector<std::string> known;
  for (const MethodInfo& info : kMethods) known.emplace_back(info.name);
  const std::string all = absl::StrCat("methods are ", absl::StrJoin(known, ", "));
  const bool adaptive = absl::StartsWith(method.text, "gsl");
  return ir::ErrorAt(
      method, Whole(method),
      absl::StrCat("there is no method '", method.text, "'", ir::DidYouMean(method.text, known)),
      adaptive ? absl::StrCat("steps that adapt are those of rk45; ", all) : all);
}

// The names of variables with a differential equation.
class OdeNames {
 public:
  explicit OdeNames(absl::Span<const Equation> equations) : equations_(equations) {
    for (const Equation& equation : equations) {
      if (equation.kind == EquationKind::kDifferential) names_.push_back(equation.name);
    }
  }

  const std::vector<std::string>& all() const { return names_; }

  absl::Status Check(const ir::SourceText& name) const {
    if (std::find(names_.begin(), names_.end(), name.text) != names_.end()) {
      return absl::OkStatus();
    }
    const Equation* equation = FindEquation(equations_, name.text);
    return ir::ErrorAt(
        name, Whole(name),
        equation != nullptr
            ? absl::StrCat("'", name.text, "' has no differential equation to integrate")
            : absl::StrCat("there is no variable '", name.text, "'",
                           ir::DidYouMean(name.text, names_)),
        absl::StrCat("differential equations are those of ", absl::StrJoin(names_, ", ")));
  }

 private:
  absl::Span<const Equation> equations_;
  std::vector<std::string> names_;
};

absl::Status CheckOrder(const Integration& integration, const OdeNames& names) {
  std::vector<std::string> seen;
  for (const std::vector<ir::SourceText>& group : integration.order) {
    std::vector<std::string> together;
    for (const ir::SourceText& name : group) {
      BNSYN_RETURN_IF_ERROR(names.Check(name));
      if (std::find(together.begin(), together.end(), name.text) != together.end()) {
        return ir::ErrorAt(name, Whole(name),
                           absl::StrCat("'", name.text, "' cannot move twice at once"),
                           absl::StrCat("for two half steps name it in two places: order = [\"",
                                        name.text, "\", \"", name.text, "\", ...]"));
      }
      together.push_back(name.text);
      seen.push_back(name.text);
    }
  }
  for (const std::string& name : names.all()) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
    const ir::SourceText& place = integration.order.back().back();
    return ir::ErrorAt(place, Whole(place),
                       absl::StrCat("the order leaves out '", name, "', which would never move"),
                       "name every variable with a differential equation");
  }
  return absl::OkStatus();
}

absl::StatusOr<int> CountSubsteps(const Integration& integration,
                                  const std::vector<Constant>& constants) {
  if (!integration.substeps.has_value()) return 1;
  BNSYN_ASSIGN_OR_RETURN(const Quantity count, Evaluate(*integration.substeps, constants,
                                                        Dimension{}, "the number of substeps"));
  if (count.value >= 1 && count.value <= kMostSubsteps && count.value == std::floor(count.value)) {
    return static_cast<int>(count.value);
  }
  const ir::SourceText text = TextOf(*integration.substeps, "substeps");
  return ir::ErrorAt(text, Whole(text),
                     absl::StrCat("the number of substeps is a whole number from 1 to ",
                                  kMostSubsteps, ", not ", count.value));
}

// The method that the model asks for, or null.
const ir::SourceText* FindAskedFor(const Integration& integration, const std::string& name) {
  for (const auto& [variable, method] : integration.methods) {
    if (variable.text == name) return &method;
  }
  return integration.method.text.empty() ? nullptr : &integration.method;
}

// The tolerances of rk45(rtol, atol) for an equation; both may be left out.
absl::StatusOr<Tolerances> ReadTolerances(const ir::SourceText& method, const Equation& equation,
                                          const std::vector<Constant>& constants) {
  Tolerances tolerances;
  BNSYN_ASSIGN_OR_RETURN(const Expr call, ParseExpression(method));
  if (call.kind == ExprKind::kName) return tolerances;
  if (call.kind != ExprKind::kCall || call.children.size() > 2) {
    return ir::ErrorAt(method, Whole(method), "rk45 takes a relative and an absolute tolerance",
                       "as in rk45(1e-6, 1e-6)");
  }
  const auto read = [&](const Expr& expr, const Dimension& dimension,
                        double& tolerance) -> absl::Status {
    ir::SourceText text = method;
    text.text = method.text.substr(expr.range.offset, expr.range.length);
    const absl::StatusOr<Quantity> read = EvaluateConstant(text, constants);
    if (!read.ok()) {
      return ir::ErrorAt(method, expr.range, "this is no number or quantity that is known here",
                         "a tolerance reads constants alone, as in rk45(1e-6, 1e-6)");
    }
    const Quantity quantity = *read;
    if (quantity.dimension != Dimension{} && quantity.dimension != dimension) {
      return ir::ErrorAt(method, expr.range,
                         absl::StrCat("the absolute tolerance of ", equation.name, " is in ",
                                      DescribeDimension(dimension), ", but this is ",
                                      DescribeDimension(quantity.dimension)),
                         "a number is in ms, mV, nS, pF and pA; method = { V = \"rk45(1e-6, 1 "
                         "uV)\" } is for V alone");
    }
    if (!(quantity.value > 0 && std::isfinite(quantity.value))) {
      return ir::ErrorAt(method, expr.range, "a tolerance is a number above 0", "as in 1e-6");
    }
    tolerance = quantity.value;
    return absl::OkStatus();
  };
  if (!call.children.empty()) {
    BNSYN_RETURN_IF_ERROR(read(call.children[0], Dimension{}, tolerances.relative));
  }
  if (call.children.size() > 1) {
    BNSYN_RETURN_IF_ERROR(read(call.children[1], equation.unit.dimension, tolerances.absolute));
  }
  return tolerances;
}

// Makes the plan of one system.
class MethodChooser {
 public:
  MethodChooser(const OdeSystem& system, const Integration& integration, Reading reading)
      : system_(system), integration_(integration) {
    plan_.reading = reading;
  }

  absl::StatusOr<IntegrationPlan> Run(const std::vector<Constant>& constants) {
    BNSYN_ASSIGN_OR_RETURN(plan_.substeps, CountSubsteps(integration_, constants));
    AddGroups();
    BNSYN_RETURN_IF_ERROR(PrepareRk45(constants));
    for (MoveGroup& group : plan_.groups) BNSYN_RETURN_IF_ERROR(ChooseMethods(group));
    BNSYN_RETURN_IF_ERROR(CheckNoiseMethods());
    if (plan_.reading == Reading::kMean) {
      for (MoveGroup& group : plan_.groups) FindMeans(group);
    }
    return std::move(plan_);
  }

 private:
  // The groups of the order that the model asks for, else one group of all equations.
  void AddGroups() {
    const size_t count = system_.equations().size();
    std::vector<int> parts(count);
    for (const std::vector<ir::SourceText>& names : integration_.order) {
      MoveGroup& group = plan_.groups.emplace_back();
      for (const ir::SourceText& name : names) {
        const size_t e = *system_.Find(name.text);
        group.push_back(MoveOf(e, parts[e]++));
      }
    }
    if (plan_.groups.empty()) {
      MoveGroup& group = plan_.groups.emplace_back();
      for (size_t e = 0; e < count; ++e) group.push_back(MoveOf(e, parts[e]++));
    }
    for (MoveGroup& group : plan_.groups) {
      for (Move& move : group) move.parts = parts[move.equation];
    }
  }

  Move MoveOf(size_t equation, int part) const {
    Move move;
    move.equation = equation;
    move.part = part;
    const ir::SourceText* asked = FindAskedFor(integration_, system_.equations()[equation].name());
    move.automatic = asked == nullptr;
    if (integration_.interpolated_spikes && asked == nullptr) {
      move.automatic = false;
      move.method = Method::kRk45;
      move.reason = "spikes are found within its steps";
    }
    if (asked != nullptr) {
      move.method = *FindMethod(asked->text);
      move.reason = "asked for";
    }
    return move;
  }

  // FitExact, which equations that move together ask for one after another.
  const std::vector<ExactFit>& Fits(const std::vector<size_t>& members, double h) const {
    const auto [found, fresh] = fits_.try_emplace({members, h});
    if (fresh) found->second = FitExact(system_, members, h);
    return found->second;
  }

  double StepOf(const Move& move) const { return system_.dt() / (plan_.substeps * move.parts); }

  // True for moves that are solved as one system, as far as the model asks.
  static bool AreTogether(const Move& a, const Move& b) {
    return a.automatic == b.automatic && a.parts == b.parts &&
           (a.automatic || a.method == b.method);
  }

  absl::Status ChooseMethods(MoveGroup& group) {
    // Every choice is made from what the model asks for, not from the choices before it.
    MoveGroup chosen = group;
    for (size_t m = 0; m < group.size(); ++m) {
      std::vector<size_t> members;
      size_t self = 0;
      for (const Move& move : group) {
        if (&move == &group[m]) self = members.size();
        if (AreTogether(move, group[m])) members.push_back(move.equation);
      }
      BNSYN_RETURN_IF_ERROR(group[m].automatic ? Choose(members, self, chosen[m])
                                               : Check(members, self, group[m]));
    }
    group = std::move(chosen);
    return absl::OkStatus();
  }

  absl::Status Check(const std::vector<size_t>& members, size_t self, const Move& move) const {
    const size_t e = members[self];
    switch (move.method) {
      case Method::kExact:
        return CheckExact(members, self, StepOf(move));
      case Method::kExponentialEuler:
        BNSYN_RETURN_IF_ERROR(CheckNoNoise(system_, e, "exponential_euler"));
        if (IsLinearInItself(system_, e)) return absl::OkStatus();
        return NotLinearInItselfError(system_, e);
      case Method::kEuler:
        return CheckAdditive(system_, e);
      case Method::kRk2:
      case Method::kRk4:
      case Method::kRk45:
        return CheckNoNoise(system_, e, NameOf(move.method));
      case Method::kMilstein:
        return CheckDiagonal(system_, e);
      case Method::kEulerMaruyama:
      case Method::kHeun:
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  absl::Status CheckExact(const std::vector<size_t>& members, size_t self, double h) const {
    const std::vector<ExactFit>& fits = Fits(members, h);
    // An equation that only reads one that does not fit is not the cause of the error.
    while (fits[self].obstacle == ExactObstacle::kCoupled) {
      size_t other = 0;
      while (members[other] != fits[self].other) ++other;
      self = other;
    }
    return ExactError(system_, members[self], fits[self]);
  }

  absl::Status Choose(const std::vector<size_t>& members, size_t self, Move& move) const {
    const size_t e = members[self];
    const std::string& name = system_.equations()[e].name();
    if (!system_.equations()[e].noise.empty()) {
      move.method = Method::kEulerMaruyama;
      move.reason = "it has noise";
      return CheckAdditive(system_, e);
    }
    const ExactFit fit = Fits(members, StepOf(move))[self];
    if (fit.fits()) {
      move.method = Method::kExact;
      move.reason = IsDecay(system_, e)   ? "it decays at a constant rate"
                    : IsAlone(system_, e) ? "linear with constant coefficients"
                                          : "linear with constant coefficients, solved together";
      return absl::OkStatus();
    }
    const std::string why = DescribeObstacle(system_, e, fit);
    if (IsLinearInItself(system_, e) && system_.Reads(e, e)) {
      move.method = Method::kExponentialEuler;
      move.reason = absl::StrCat("linear in ", name, " while the rest is kept; not exact: ", why);
    } else {
      move.method = Method::kEuler;
      move.reason = why;
    }
    return absl::OkStatus();
  }

  void FindMeans(MoveGroup& group) const {
    for (Move& move : group) {
      if (IsSolved(move)) continue;
      for (const Move& other : group) {
        if (IsSolved(other) && Reads(move.equation, other.equation)) {
          move.means.push_back(other.equation);
        }
      }
    }
  }

  // True if a drift or a noise term of x_i depends on x_j.
  bool Reads(size_t i, size_t j) const {
    if (system_.Reads(i, j)) return true;
    const std::vector<ir::Value> x = {system_.equations()[j].stand_in};
    const std::vector<NoiseTerm>& noise = system_.equations()[i].noise;
    return std::any_of(noise.begin(), noise.end(), [&](const NoiseTerm& term) {
      return DependsOn(system_.builder(), term.factor, x);
    });
  }

  // Reads the tolerances of rk45, and refuses it where there are no steps to adapt.
  absl::Status PrepareRk45(const std::vector<Constant>& constants) {
    const ir::Program& program = system_.scope().program();
    for (MoveGroup& group : plan_.groups) {
      for (Move& move : group) {
        const OdeEquation& ode = system_.equations()[move.equation];
        const ir::SourceText* const found = FindAskedFor(integration_, ode.name());
        const bool other =
            move.method != Method::kRk45 || move.parts > 1 || plan_.groups.size() > 1;
        if (integration_.interpolated_spikes && other) {
          const ir::SourceText& place = found != nullptr ? *found : integration_.order[0][0];
          return ir::ErrorAt(place, Whole(place),
                             "spike_time = \"interpolated\" finds spikes within the steps of rk45, "
                             "which moves all equations together",
                             "leave method and order out, or write method = \"rk45(1e-6, 1e-6)\"");
        }
        if (move.automatic || move.method != Method::kRk45) continue;
        const ir::SourceText asked =
            found != nullptr ? *found : ir::SourceText{"spike_time", "rk45"};
        const ir::DomainId domain = system_.builder().type(ode.stand_in).domain;
        if (program.domains[static_cast<size_t>(domain)].kind != ir::DomainKind::kPopulation) {
          return ir::ErrorAt(asked, Whole(asked),
                             absl::StrCat("rk45 adapts the steps of each neuron, but ", ode.name(),
                                          " is no variable of neurons"),
                             "give it another method, as rk4: method = { " + ode.name() +
                                 " = \"rk4\", default = \"rk45\" }");
        }
        if (integration_.substeps.has_value()) {
          const ir::SourceText text = TextOf(*integration_.substeps, "substeps");
          return ir::ErrorAt(text, Whole(text), "rk45 chooses its substeps itself",
                             "leave substeps out, or give smaller tolerances: rk45(1e-8, 1e-8)");
        }
        BNSYN_ASSIGN_OR_RETURN(move.tolerances, ReadTolerances(asked, *ode.equation, constants));
      }
    }
    return absl::OkStatus();
  }

  // An error if a method for noise is asked for and none of its equations has noise.
  absl::Status CheckNoiseMethods() const {
    for (const MoveGroup& group : plan_.groups) {
      for (const Move& move : group) {
        const bool for_noise =
            move.method == Method::kMilstein || move.method == Method::kEulerMaruyama;
        if (move.automatic || !for_noise || HasNoise(move.method)) continue;
        const ir::SourceText& asked =
            *FindAskedFor(integration_, system_.equations()[move.equation].name());
        return ir::ErrorAt(
            asked, Whole(asked),
            absl::StrCat(asked.text, " is for equations with noise, but no equation ",
                         "that it is to integrate contains xi"),
            "euler, heun, rk2, rk4 and rk45 take equations without noise");
      }
    }
    return absl::OkStatus();
  }

  bool HasNoise(Method method) const {
    for (const MoveGroup& group : plan_.groups) {
      for (const Move& move : group) {
        if (move.method == method && !system_.equations()[move.equation].noise.empty()) {
          return true;
        }
      }
    }
    return false;
  }

  const OdeSystem& system_;
  const Integration& integration_;
  IntegrationPlan plan_;
  mutable std::map<std::pair<std::vector<size_t>, double>, std::vector<ExactFit>> fits_;
};

}  // namespace

absl::Span<const MethodInfo> AllMethods() { return kMethods; }

bool IsSolved(const Move& move) { return move.automatic && move.method == Method::kExact; }

absl::string_view NameOf(Method method) {
  for (const MethodInfo& info : kMethods) {
    if (info.method == method) return info.name;
  }
  return "";
}

absl::Status CheckIntegration(absl::string_view owner, const Integration& integration,
                              absl::Span<const Equation> equations) {
  const OdeNames names(equations);
  const auto pointless = [&](const ir::SourceText& place) {
    return ir::ErrorAt(
        place, Whole(place),
        absl::StrCat(std::string(owner), " has no differential equation to integrate"),
        "write one as dV/dt = ... : volt, or leave this out; what is event-driven is exact");
  };
  if (names.all().empty()) {
    if (!integration.methods.empty()) return pointless(integration.methods[0].second);
    if (!integration.method.text.empty()) return pointless(integration.method);
    if (integration.substeps.has_value())
      return pointless(TextOf(*integration.substeps, "substeps"));
    if (!integration.order.empty()) return pointless(integration.order[0][0]);
    if (integration.interpolated_spikes) return pointless({"spike_time", "interpolated"});
    return absl::OkStatus();
  }
  if (!integration.method.name.empty()) {
    BNSYN_RETURN_IF_ERROR(CheckMethodName(integration.method));
  }
  for (const auto& [variable, method] : integration.methods) {
    BNSYN_RETURN_IF_ERROR(names.Check(variable));
    BNSYN_RETURN_IF_ERROR(CheckMethodName(method));
  }
  if (integration.order.empty()) return absl::OkStatus();
  return CheckOrder(integration, names);
}

absl::StatusOr<IntegrationPlan> PlanIntegration(const OdeSystem& system,
                                                const Integration& integration,
                                                const std::vector<Constant>& constants,
                                                Reading reading) {
  return MethodChooser(system, integration, reading).Run(constants);
}

}  // namespace bnsyn::compiler
