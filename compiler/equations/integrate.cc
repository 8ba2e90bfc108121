#include "compiler/equations/integrate.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/settings.h"
#include "compiler/equations/integrate_fit.h"
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
};

// Steps are written one after another, so their number is bounded.
constexpr int kMostSubsteps = 100;

std::optional<Method> FindMethod(absl::string_view name) {
  // Brian2's other name.
  if (name == "linear") return Method::kExact;
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
      adaptive ? absl::StrCat("steps that adapt are not there; rk4 and substeps may do; ", all)
               : all);
}

// Names of variables with a differential equation.
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

// The method asked for, where one was.
const ir::SourceText* AskedFor(const Integration& integration, const std::string& name) {
  for (const auto& [variable, method] : integration.methods) {
    if (variable.text == name) return &method;
  }
  return integration.method.text.empty() ? nullptr : &integration.method;
}

class Planner {
 public:
  Planner(const OdeSystem& system, const Integration& integration)
      : system_(system), integration_(integration) {}

  absl::StatusOr<Plan> Make(const std::vector<Constant>& constants) {
    BNSYN_ASSIGN_OR_RETURN(plan_.substeps, CountSubsteps(integration_, constants));
    AddStages();
    for (Stage& stage : plan_.stages) BNSYN_RETURN_IF_ERROR(ChooseMethods(stage));
    BNSYN_RETURN_IF_ERROR(CheckNoiseIsThere());
    return std::move(plan_);
  }

 private:
  void AddStages() {
    const size_t count = system_.equations().size();
    std::vector<int> parts(count);
    std::vector<std::vector<size_t>> groups;
    for (const std::vector<ir::SourceText>& names : integration_.order) {
      std::vector<size_t>& group = groups.emplace_back();
      for (const ir::SourceText& name : names) {
        group.push_back(*system_.Find(name.text));
        ++parts[group.back()];
      }
    }
    if (groups.empty()) {
      groups.emplace_back();
      for (size_t e = 0; e < count; ++e) groups[0].push_back(e);
      parts.assign(count, 1);
    }
    std::vector<int> done(count);
    for (const std::vector<size_t>& group : groups) {
      Stage& stage = plan_.stages.emplace_back();
      for (const size_t e : group) {
        Move move;
        move.equation = e;
        move.part = done[e]++;
        move.parts = parts[e];
        const ir::SourceText* asked = AskedFor(integration_, system_.equations()[e].name());
        move.automatic = asked == nullptr;
        if (asked != nullptr) {
          move.method = *FindMethod(asked->text);
          move.reason = "asked for";
        }
        stage.push_back(std::move(move));
      }
    }
  }

  double StepOf(const Move& move) const { return system_.dt() / (plan_.substeps * move.parts); }

  // The moves of a stage that are one system with `first`: of one method and one step.
  std::vector<Move*> Together(Stage& stage, const Move& first) const {
    std::vector<Move*> moves;
    for (Move& move : stage) {
      const bool same = move.automatic == first.automatic && move.parts == first.parts &&
                        (move.automatic || move.method == first.method);
      if (same) moves.push_back(&move);
    }
    return moves;
  }

  absl::Status ChooseMethods(Stage& stage) {
    // All are decided from what was asked for; what is chosen here is written down afterwards.
    Stage decided = stage;
    for (size_t m = 0; m < stage.size(); ++m) {
      const std::vector<Move*> together = Together(stage, stage[m]);
      std::vector<size_t> members;
      size_t self = 0;
      for (const Move* move : together) {
        if (move == &stage[m]) self = members.size();
        members.push_back(move->equation);
      }
      if (stage[m].automatic) {
        BNSYN_RETURN_IF_ERROR(Choose(members, self, decided[m]));
      } else {
        BNSYN_RETURN_IF_ERROR(Check(members, self, stage[m]));
      }
    }
    stage = std::move(decided);
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
    const std::vector<ExactFit> fits = FitExact(system_, members, h);
    // An equation that only reads one that does not fit has nothing to tell.
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
    const ExactFit fit = FitExact(system_, members, StepOf(move))[self];
    if (fit.fits()) {
      move.method = Method::kExact;
      move.reason = IsDecay(system_, e)   ? "it decays at a constant rate, and goes first"
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

  // Methods for noise are a mistake where there is none.
  absl::Status CheckNoiseIsThere() const {
    for (const Stage& stage : plan_.stages) {
      for (const Move& move : stage) {
        const bool for_noise =
            move.method == Method::kMilstein || move.method == Method::kEulerMaruyama;
        if (move.automatic || !for_noise || HasNoise(move.method)) continue;
        const ir::SourceText& asked =
            *AskedFor(integration_, system_.equations()[move.equation].name());
        return ir::ErrorAt(
            asked, Whole(asked),
            absl::StrCat(asked.text, " is for equations with noise, but no equation ",
                         "that it is to integrate contains xi"),
            "euler, heun, rk2 and rk4 take equations without noise");
      }
    }
    return absl::OkStatus();
  }

  bool HasNoise(Method method) const {
    for (const Stage& stage : plan_.stages) {
      for (const Move& move : stage) {
        if (move.method == method && !system_.equations()[move.equation].noise.empty()) {
          return true;
        }
      }
    }
    return false;
  }

  const OdeSystem& system_;
  const Integration& integration_;
  Plan plan_;
};

}  // namespace

absl::Span<const MethodInfo> AllMethods() { return kMethods; }

absl::string_view NameOf(Method method) {
  for (const MethodInfo& info : kMethods) {
    if (info.method == method) return info.name;
  }
  return "";
}

absl::Status CheckIntegration(const Model& model, absl::Span<const Equation> equations) {
  const Integration& integration = model.integration;
  const OdeNames names(equations);
  const auto pointless = [&](const ir::SourceText& place) {
    return ir::ErrorAt(
        place, Whole(place),
        absl::StrCat("model '", model.name, "' has no differential equation to ", "integrate"),
        "write one as dV/dt = ... : volt, or leave this out");
  };
  if (names.all().empty()) {
    if (!integration.methods.empty()) return pointless(integration.methods[0].second);
    if (!integration.method.text.empty()) return pointless(integration.method);
    if (integration.substeps.has_value())
      return pointless(TextOf(*integration.substeps, "substeps"));
    if (!integration.order.empty()) return pointless(integration.order[0][0]);
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

absl::StatusOr<Plan> PlanIntegration(const OdeSystem& system, const Integration& integration,
                                     const std::vector<Constant>& constants) {
  return Planner(system, integration).Make(constants);
}

}  // namespace bnsyn::compiler
