#include "compiler/lowering/synapse_model.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/equations/linear_form.h"
#include "compiler/lowering/names.h"
#include "compiler/lowering/table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

constexpr absl::string_view kEventDriven = "event-driven";
constexpr absl::string_view kClockDriven = "clock-driven";
constexpr absl::string_view kSummed = "summed";

bool HasFlag(const Equation& equation, absl::string_view flag) {
  return std::find(equation.flags.begin(), equation.flags.end(), flag) != equation.flags.end();
}

bool OfNeuron(absl::string_view name) {
  return absl::EndsWith(name, kPost) || absl::EndsWith(name, kPre);
}

// Reads and checks the equations of a model, and sorts them by what becomes of them.
class EquationReader {
 public:
  EquationReader(const SynapseContext& context, SynapseModel& model)
      : context_(context), model_(model), text_(model.code.equations_text) {}

  absl::Status Run() {
    BNSYN_ASSIGN_OR_RETURN(std::vector<Equation> equations, ParseEquations(text_));
    // Those of the projection itself; a variable may hide a constant of the network.
    std::set<std::string> names = {"j"};
    for (const auto& [name, value] : context_.description.options.constants) names.insert(name);
    for (Equation& equation : equations) {
      BNSYN_RETURN_IF_ERROR(CheckFlags(equation));
      if (HasFlag(equation, kSummed)) {
        BNSYN_RETURN_IF_ERROR(CheckSummed(equation));
        model_.summed.push_back(std::move(equation));
        continue;
      }
      BNSYN_RETURN_IF_ERROR(CheckName(equation));
      BNSYN_RETURN_IF_ERROR(
          CheckNewName(equation.name, "a variable", text_, equation.name_range, names));
      model_.code.equations.push_back(std::move(equation));
    }
    BNSYN_RETURN_IF_ERROR(CheckNoCycles(model_.code));
    for (Equation& equation : model_.code.equations) {
      if (!HasFlag(equation, kEventDriven)) continue;
      BNSYN_ASSIGN_OR_RETURN(EventDriven moving, Solve(equation));
      model_.event_driven.push_back(std::move(moving));
      equation.kind = EquationKind::kVariable;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Error(ir::SourceRange range, absl::string_view message,
                     absl::string_view note = "") const {
    return ir::ErrorAt(text_, range, message, note);
  }

  absl::Status CheckFlags(const Equation& equation) const {
    const bool moves = equation.kind == EquationKind::kDifferential;
    for (size_t f = 0; f < equation.flags.size(); ++f) {
      const std::string& flag = equation.flags[f];
      const bool fits = moves ? flag == kEventDriven || flag == kClockDriven
                        : equation.kind == EquationKind::kExpression ? flag == kSummed
                                                                     : flag == "constant";
      if (!fits) {
        return Error(equation.flag_ranges[f],
                     absl::StrCat("'", equation.name, "' of synapses cannot be '", flag, "'"),
                     "dx/dt = ... is (event-driven) or (clock-driven), I_post = ... may be "
                     "(summed), and x : unit (constant)");
      }
      if (f > 0) return Error(equation.flag_ranges[f], "one flag is enough");
    }
    if (!moves || !equation.flags.empty()) return absl::OkStatus();
    return Error(equation.name_range, absl::StrCat("when does '", equation.name, "' move?"),
                 "(event-driven) solves a decay exactly whenever a spike comes, (clock-driven) "
                 "moves every synapse in every step");
  }

  absl::Status CheckSummed(const Equation& equation) const {
    if (!absl::EndsWith(equation.name, kPost)) {
      return Error(equation.name_range,
                   absl::StrCat("'", equation.name, "' is summed, but not for the target"),
                   absl::StrCat("write ", std::string(absl::StripSuffix(equation.name, kPre)),
                                "_post = ..., where the target has an input of that name"));
    }
    if (equation.boolean || equation.integer) {
      return Error(equation.unit_range, "a sum has a unit; write 1 for a number without one");
    }
    const auto is_same = [&](const Equation& other) { return other.name == equation.name; };
    if (std::any_of(model_.summed.begin(), model_.summed.end(), is_same)) {
      return Error(equation.name_range, absl::StrCat("'", equation.name, "' is summed twice"),
                   "add the two up in one equation");
    }
    return absl::OkStatus();
  }

  absl::Status CheckName(const Equation& equation) const {
    const std::string& name = equation.name;
    if (OfNeuron(name)) {
      return Error(
          equation.name_range,
          absl::StrCat("'", name, "' is of a neuron, and cannot name a variable of ", "synapses"),
          equation.kind == EquationKind::kExpression && absl::EndsWith(name, kPost)
              ? "the flag (summed) adds it up for each target"
              : "leave the ending out");
    }
    if (name == "w" && equation.kind == EquationKind::kExpression) {
      return Error(equation.name_range, "'w' is the weight, which no equation can define",
                   "weight = \"...\" gives it, and w : unit makes a variable of it");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<EventDriven> Solve(const Equation& equation) const {
    constexpr absl::string_view kNote =
        "between events dx/dt = (x0 - x)/tau is solved exactly, with x0 and tau that do not "
        "change; (clock-driven) integrates any equation in every step";
    const Definitions definitions = [&](absl::string_view name) {
      return model_.DefinitionOf(name);
    };
    const std::optional<LinearForm> form = AsLinear(*equation.right, equation.name, definitions);
    if (!form.has_value() || !form->proportional.has_value()) {
      return Error(
          equation.right->range,
          absl::StrCat("'", equation.name, "' is event-driven, but this is not ",
                       form.has_value() ? "proportional to" : "linear in", " ", equation.name),
          kNote);
    }
    const auto is_fixed = [&](absl::string_view name) {
      return name == equation.name || IsFixed(name);
    };
    if (CallsTable(context_.lowering, *equation.right) ||
        !ReadsOnly(*equation.right, definitions, is_fixed)) {
      // The first name that is at fault, or leads there.
      const Expr* moving = nullptr;
      ForEachName(*equation.right, [&](const Expr& name) {
        if (moving == nullptr && !ReadsOnly(name, definitions, is_fixed)) moving = &name;
      });
      if (moving == nullptr) {
        return Error(equation.right->range,
                     absl::StrCat("'", equation.name, "' is event-driven, but this changes"),
                     kNote);
      }
      return Error(moving->range,
                   absl::StrCat("'", equation.name, "' is event-driven, but '", moving->name,
                                "' may change between events"),
                   kNote);
    }
    return EventDriven{equation.name, *form->proportional, form->rest};
  }

  // Whether a name stands for one value during the run. Names that mean nothing pass: reading them
  // tells.
  bool IsFixed(absl::string_view name) const {
    if (const Equation* equation = model_.code.Find(name)) return HasFlag(*equation, "constant");
    for (const bool post : {true, false}) {
      const absl::string_view end = post ? kPost : kPre;
      if (!absl::EndsWith(name, end)) continue;
      const Section& section = post ? context_.target : context_.source;
      const Variable* variable = section.FindVariable(absl::StripSuffix(name, end));
      if (variable != nullptr) return variable->Is("constant");
    }
    return name != "t" && !IsWhiteNoise(name) &&
           context_.lowering.uniform.FindVariable(name) == nullptr;
  }

  const SynapseContext& context_;
  SynapseModel& model_;
  const ir::SourceText& text_;
};

}  // namespace

const EventDriven* SynapseModel::FindEventDriven(absl::string_view name) const {
  for (const EventDriven& moving : event_driven) {
    if (moving.name == name) return &moving;
  }
  return nullptr;
}

const Expr* SynapseModel::DefinitionOf(absl::string_view name) const {
  const Equation* equation = code.Find(name);
  return equation != nullptr && equation->kind == EquationKind::kExpression ? &*equation->right
                                                                            : nullptr;
}

bool SynapseModel::Mentions(const Expr& expr, absl::string_view name) const {
  bool found = false;
  ForEachName(expr, [&](const Expr& read) {
    if (found) return;
    const Expr* definition = DefinitionOf(read.name);
    found = read.name == name || (definition != nullptr && Mentions(*definition, name));
  });
  return found;
}

bool SynapseModel::Mentions(const std::vector<Statement>& statements,
                            absl::string_view name) const {
  return std::any_of(statements.begin(), statements.end(), [&](const Statement& statement) {
    return statement.target == name || Mentions(statement.value, name);
  });
}

bool SynapseModel::NeedsWeight() const {
  const auto reads = [&](const Equation& equation) {
    return equation.right.has_value() && Mentions(*equation.right, "w");
  };
  return Mentions(on_pre, "w") || Mentions(on_post, "w") ||
         std::any_of(code.equations.begin(), code.equations.end(), reads) ||
         std::any_of(summed.begin(), summed.end(), reads);
}

absl::Status ParseSynapseModel(const SynapseContext& context, SynapseModel& model) {
  const ConnectOptions& options = context.description.options;
  const ir::SourceText& place = context.description.place;
  model.code.equations_text = options.equations;
  BNSYN_RETURN_IF_ERROR(EquationReader(context, model).Run());
  BNSYN_ASSIGN_OR_RETURN(model.on_pre, ParseStatements(options.on_pre));
  BNSYN_ASSIGN_OR_RETURN(model.on_post, ParseStatements(options.on_post));
  if (!model.on_post.empty() && !context.target.code->threshold.has_value()) {
    return ir::ErrorAt(
        options.on_post, Whole(options.on_post),
        absl::StrCat("the target '", context.target.name, "' of projection '",
                     context.description.name, "' never spikes: its model has no threshold"));
  }
  if (model.on_pre.empty() && model.on_post.empty() && model.summed.empty()) {
    return ir::ErrorAt(
        place, Whole(place),
        absl::StrCat("projection '", context.description.name, "' has no on_pre code"),
        "say what a spike does, as in on_pre = \"g_ampa_post += w\"");
  }
  return absl::OkStatus();
}

absl::Status DeclareSynapseModel(SynapseContext& context, ir::ProjectionId id,
                                 SynapseModel& model) {
  Lowering& lowering = context.lowering;
  const Network::ProjectionDescription& description = context.description;
  Section& section = model.section;
  section.name = description.name;
  section.prefix = absl::StrCat(description.name, ".");
  section.domain = lowering.program.projections[id].domain;
  section.code = &model.code;
  section.constants = context.constants;
  DeclareVariables(lowering, section);
  BNSYN_RETURN_IF_ERROR(DeclareBounds(lowering, description.options.bounds,
                                      absl::StrCat("projection '", section.name, "'"), section.name,
                                      section));
  FindTraces(context, id, model);
  const auto of_synapse = [](const EventDriven& moving) {
    return moving.keeper == Keeper::kSynapse;
  };
  if (!std::any_of(model.event_driven.begin(), model.event_driven.end(), of_synapse)) {
    return absl::OkStatus();
  }
  model.last = static_cast<ir::StateId>(lowering.program.states.size());
  ir::State last;
  // No variable of a user has a point in its name.
  last.name = absl::StrCat(section.prefix, "last.step");
  last.type = {ir::Element::kF64, section.domain};
  lowering.program.states.push_back(std::move(last));
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
