#include "compiler/lowering/declare.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/description/settings.h"
#include "compiler/equations/integration_plan.h"
#include "compiler/equations/linear_form.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

constexpr absl::string_view kClockDriven = "clock-driven";
constexpr absl::string_view kSummed = "summed";

bool OfNeuron(absl::string_view name) {
  return absl::EndsWith(name, kPost) || absl::EndsWith(name, kPre);
}

// Parses and checks the equations of a model, and puts the summed ones apart.
class EquationReader {
 public:
  explicit EquationReader(Connection& connection)
      : options_(connection.description.options),
        connection_(connection),
        model_(connection.model),
        text_(connection.model.code.equations_text) {}

  absl::Status Run() {
    BNSYN_ASSIGN_OR_RETURN(std::vector<Equation> equations,
                           ParseEquations(text_, connection_.units));
    // Names of the projection itself; a variable may hide a constant of the network.
    TakenNames names = {{"j", "the number of the target"}};
    for (const auto& [name, value] : options_.constants) {
      const ir::SourceText place = NamePlace(value, name);
      names.try_emplace(name, HolderOf("a constant", place, Whole(place)));
    }
    for (const std::string& name : NamesOfParameters(connection_)) {
      names.try_emplace(name, "a parameter of the model");
    }
    for (Equation& equation : equations) {
      BNSYN_RETURN_IF_ERROR(CheckFlags(equation));
      if (equation.Is(kSummed)) {
        BNSYN_RETURN_IF_ERROR(CheckSummed(equation));
        model_.summed.push_back(std::move(equation));
        continue;
      }
      BNSYN_RETURN_IF_ERROR(CheckName(equation));
      BNSYN_RETURN_IF_ERROR(
          CheckNewName(equation.name, "a variable", text_, equation.name_range, names));
      model_.code.equations.push_back(std::move(equation));
    }
    return CheckNoCycles(model_.code);
  }

 private:
  absl::Status Error(ir::SourceRange range, absl::string_view message,
                     absl::string_view note = "") const {
    return ir::ErrorAt(text_, range, message, note);
  }

  absl::Status CheckFlags(const Equation& equation) const {
    const bool moves = equation.kind == EquationKind::kDifferential;
    size_t others = 0;  // flags that say how it moves
    for (size_t f = 0; f < equation.flags.size(); ++f) {
      const std::string& flag = equation.flags[f];
      if (flag == kFloat32) {
        BNSYN_RETURN_IF_ERROR(CheckFloat32(text_, equation, f));
        continue;
      }
      if (++others == 2 && flag == kPerSynapse && equation.Is(kEventDriven)) continue;
      const bool fits = moves ? flag == kEventDriven || flag == kClockDriven
                        : equation.kind == EquationKind::kExpression ? flag == kSummed
                                                                     : flag == "constant";
      if (!fits) {
        return Error(equation.flag_ranges[f],
                     absl::StrCat("'", equation.name, "' of synapses cannot be '", flag, "'"),
                     flag == "shared" ? "one value for all synapses is one of constants = { ... }"
                     : flag == kConstantOverDt
                         ? "code of an event may set a name before it reads it"
                         : "dx/dt = ... is (event-driven) or (clock-driven), "
                           "I_post = ... may be (summed), and x : unit (constant)");
      }
      if (others > 1) {
        return Error(equation.flag_ranges[f], "one flag is enough",
                     "(event-driven, per synapse) alone has two, and float32 may stand beside any");
      }
    }
    if (!moves || others != 0) return absl::OkStatus();
    return Error(equation.name_range, absl::StrCat("when does '", equation.name, "' move?"),
                 "(event-driven) solves a decay exactly whenever a spike comes, (clock-driven) "
                 "moves every synapse in every step");
  }

  absl::Status CheckSummed(const Equation& equation) const {
    if (!OfNeuron(equation.name)) {
      return Error(equation.name_range,
                   absl::StrCat("'", equation.name, "' is summed, but not for a neuron"),
                   absl::StrCat("write ", equation.name, "_post = ..., where the target has an ",
                                "input of that name, or ", equation.name, "_pre for the source"));
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
          equation.kind == EquationKind::kExpression
              ? "the flag (summed) adds it up for each neuron"
              : "leave the ending out");
    }
    if (name == "w" && equation.kind == EquationKind::kExpression) {
      return Error(equation.name_range, "'w' is the weight, which no equation can define",
                   "weight = \"...\" gives it, and w : unit makes a variable of it");
    }
    return absl::OkStatus();
  }

  const ConnectOptions& options_;
  const Connection& connection_;
  SynapseModel& model_;
  const ir::SourceText& text_;
};

// True if an expression changes during the run through the variable `own` alone.
bool IsFixed(const Expr& expr, const Names& names, absl::string_view own) {
  return ReadsOnly(
      expr, names,
      [&](const Meaning& meaning) {
        switch (meaning.kind) {
          case NameKind::kVariable:
            return meaning.variable->name() == own || meaning.variable->Is("constant");
          case NameKind::kDefinition:
            return IsFixed(*meaning.definition->right, names, own);
          case NameKind::kSourceVariable:
          case NameKind::kTargetVariable:
            return meaning.variable->Is("constant");
          case NameKind::kNetworkVariable:
          case NameKind::kTime:
          case NameKind::kOther:
            return false;
          default:
            return true;
        }
      },
      /*unknown=*/true);
}

absl::StatusOr<EventDriven> Solve(const SynapseModel& model, const Equation& equation,
                                  const Names& names) {
  constexpr absl::string_view kNote =
      "between events dx/dt = (x0 - x)/tau is solved exactly, with x0 and tau that do not change; "
      "(clock-driven) integrates any equation in every step";
  const auto error = [&](ir::SourceRange range, absl::string_view why) {
    return ir::ErrorAt(
        model.code.equations_text, range,
        absl::StrCat("'", equation.name, "' is event-driven, but ", std::string(why)), kNote);
  };
  const Expr& right = *equation.right;
  const std::optional<LinearForm> form = AsLinear(
      right, equation.name, [&](absl::string_view name) { return model.DefinitionOf(name); });
  if (!form.has_value() || !form->proportional.has_value()) {
    return error(right.range,
                 absl::StrCat("this is not ", form.has_value() ? "proportional to " : "linear in ",
                              equation.name));
  }
  if (IsFixed(right, names, equation.name)) {
    return EventDriven{equation.name, *form->proportional, form->rest};
  }
  // The first name that changes, or whose equation reads one that does.
  const Expr* moving = nullptr;
  ForEachName(right, [&](const Expr& name) {
    if (moving == nullptr && !IsFixed(name, names, equation.name)) moving = &name;
  });
  if (moving == nullptr) return error(right.range, "this changes");
  return error(moving->range, absl::StrCat("'", moving->name, "' may change between events"));
}

// Checks the methods of equations that move in every step. What is event-driven is solved exactly,
// so that method = "exact" may be said of that alone.
absl::Status CheckMethods(const SynapseModel& model) {
  const Integration& integration = model.code.integration;
  const bool moves = std::any_of(
      model.code.equations.begin(), model.code.equations.end(),
      [](const Equation& equation) { return equation.kind == EquationKind::kDifferential; });
  const bool plain = integration.methods.empty() && integration.order.empty();
  if (!moves && !model.event_driven.empty() && plain && integration.method.text == "exact") {
    return absl::OkStatus();
  }
  return CheckIntegration(absl::StrCat("projection '", model.section.name, "'"), integration,
                          model.code.equations);
}

// Declares the inputs of the neurons that the code adds to. Names that mean none are reported when
// the code is emitted.
void DeclareInputs(const SynapseModel& model, Section& source, Section& target,
                   ProgramBuilder& out) {
  const auto declare = [&](const std::string& name) {
    if (!OfNeuron(name)) return;
    const bool post = absl::EndsWith(name, kPost);
    Section& neurons = post ? target : source;
    Variable* variable = neurons.FindVariable(absl::StripSuffix(name, post ? kPost : kPre));
    if (variable == nullptr || variable->input.has_value()) return;
    variable->input = out.AddInput(
        absl::StrCat(neurons.prefix, variable->name(), variable->state.has_value() ? ".in" : ""),
        neurons.domain, variable->dimension());
  };
  for (const PathwayCode& pathway : model.pathways) {
    for (const Statement& statement : pathway.code) declare(statement.target);
  }
  for (const Equation& sum : model.summed) declare(sum.name);
  for (const ClockCode& clock : model.section.clocks) {
    for (const Statement& statement : clock.code) declare(statement.target);
  }
}

}  // namespace

const Expr* SynapseModel::DefinitionOf(absl::string_view name) const {
  const Equation* equation = code.Find(name);
  return equation != nullptr && equation->kind == EquationKind::kExpression ? &*equation->right
                                                                            : nullptr;
}

bool SynapseModel::Mentions(const std::vector<Statement>& statements,
                            absl::string_view name) const {
  return std::any_of(statements.begin(), statements.end(), [&](const Statement& statement) {
    return statement.target == name || ReadsName(statement.value, code, name);
  });
}

bool SynapseModel::ClocksMention(absl::string_view name) const {
  return std::any_of(section.clocks.begin(), section.clocks.end(),
                     [&](const ClockCode& clock) { return Mentions(clock.code, name); });
}

bool SynapseModel::Uses(absl::string_view name) const {
  const auto reads = [&](const Equation& equation) {
    return equation.right.has_value() && ReadsName(*equation.right, code, name);
  };
  return std::any_of(pathways.begin(), pathways.end(),
                     [&](const PathwayCode& pathway) { return Mentions(pathway.code, name); }) ||
         ClocksMention(name) || std::any_of(code.equations.begin(), code.equations.end(), reads) ||
         std::any_of(summed.begin(), summed.end(), reads);
}

absl::Status ParseSynapseModel(Connection& connection) {
  const ConnectOptions& options = connection.description.options;
  const ir::SourceText& place = connection.description.place;
  SynapseModel& model = connection.model;
  model.code.equations_text = options.equations;
  model.code.integration = options.integration;
  BNSYN_RETURN_IF_ERROR(EquationReader(connection).Run());
  BNSYN_RETURN_IF_ERROR(ParsePathways(connection));
  for (const ClockCode& clock : model.section.clocks) {
    if (!clock.at_end) continue;
    return ErrorIn(clock.place,
                   absl::StrCat("the clock '", clock.name, "' of projection '",
                                connection.description.name, "' cannot run at the end of a step"),
                   "clocks of synapses run at its start; an offset of one step more makes them run "
                   "after it");
  }
  if (model.pathways.empty() && model.summed.empty() && model.section.clocks.empty()) {
    return ErrorIn(
        place, absl::StrCat("projection '", connection.description.name, "' has no on_pre code"),
        "say what a spike does, as in on_pre = \"g_ampa_post += w\"");
  }
  return absl::OkStatus();
}

absl::Status DeclareSynapses(Declarations& declared, Connection& connection, ProgramBuilder& out) {
  SynapseModel& model = connection.model;
  Section& section = model.section;
  section.domain = out.program.projections[connection.id].domain;
  DeclareVariables(section, out);
  BNSYN_RETURN_IF_ERROR(DeclareBounds(connection.description.options.bounds,
                                      absl::StrCat("projection '", section.name, "'"), section.name,
                                      section, out));
  const Names names = SynapseNames(declared, connection, ir::BlockKind::kOnPre);
  for (Equation& equation : model.code.equations) {
    if (!equation.Is(kEventDriven)) continue;
    BNSYN_ASSIGN_OR_RETURN(EventDriven moving, Solve(model, equation, names));
    model.event_driven.push_back(std::move(moving));
    equation.kind = EquationKind::kVariable;
  }
  BNSYN_RETURN_IF_ERROR(CheckMethods(model));
  BNSYN_RETURN_IF_ERROR(DeclarePathwayDelays(declared, out.program, connection));
  BNSYN_RETURN_IF_ERROR(CheckOrders(connection));
  FindTraces(declared, connection, out);
  const auto of_synapse = [&](const EventDriven& moving) {
    return section.FindVariable(moving.name)->keeper == Keeper::kOwner;
  };
  if (std::any_of(model.event_driven.begin(), model.event_driven.end(), of_synapse)) {
    // The point keeps the name apart from those of variables.
    model.last = out.AddState(absl::StrCat(section.prefix, "last.step"),
                              {ir::Element::kI64, section.domain});
  }
  BNSYN_RETURN_IF_ERROR(DeclareConnect(declared, connection, out));
  DeclareInputs(model, declared.sections[connection.sources.section],
                declared.sections[connection.targets.section], out);
  return absl::OkStatus();
}

Names SynapseNames(const Declarations& declared, const Connection& connection, ir::BlockKind kind) {
  const SynapseModel& model = connection.model;
  const bool connecting = kind == ir::BlockKind::kConnect;
  Names names;
  if (!connecting) {
    names.AddSection(model.section);
    names.SetEnds(connection.source, connection.target);
    if (model.weight.has_value()) {
      const Parameter* const gain = model.gain.has_value() ? &*model.gain : nullptr;
      names.Add("w", {.kind = NameKind::kWeight,
                      .parameter = gain,
                      .constant = *model.weight,
                      .whole = model.whole_weight && gain == nullptr});
    }
  }
  names.RefuseNoise("differential equations alone can read",
                    "as in dx/dt = -x/tau + sigma*sqrt(2/tau)*xi : 1 (clock-driven); elsewhere "
                    "randn() draws a normal number");
  if (kind == ir::BlockKind::kOnStep) {
    for (const EventDriven& moving : model.event_driven) {
      names.Hide(moving.name,
                 {.kind = NameKind::kVariable,
                  .variable = model.section.FindVariable(moving.name),
                  .refusal = absl::StrCat("'", moving.name, "' is event-driven: between events ",
                                          "its value is not known"),
                  .note = "make it (clock-driven), so that it moves in every step"});
    }
  }
  struct Index {
    const char* name;
    NameKind kind;
    const NeuronSet* among = nullptr;
  };
  for (const auto& [name, index, among] :
       {Index{"i", NameKind::kSourceIndex, &connection.sources},
        Index{"j", NameKind::kTargetIndex, &connection.targets},
        Index{"i_pre", NameKind::kSourceIndex}, Index{"i_post", NameKind::kTargetIndex}}) {
    Meaning meaning = {.kind = index};
    if (among != nullptr && !among->selected.all()) meaning.among = among;
    for (const Constant& constant : connection.constants) {
      if (constant.name != name) continue;
      meaning.refusal = absl::StrCat("'", name, "' could be two things here: a constant, and the ",
                                     "number of a neuron");
      meaning.note = "give the constant another name";
    }
    names.Add(name, std::move(meaning));
  }
  for (const Parameter& parameter : model.section.parameters) {
    if (!connecting) break;
    names.Add(parameter.name,
              {.kind = NameKind::kParameter,
               .parameter = &parameter,
               .refusal = absl::StrCat("'", parameter.name, "' may change while the network runs, ",
                                       "so connections cannot use it"),
               .note = "they are made once, before the run"});
  }
  names.AddNeuron(connection.target, /*post=*/true, connecting);
  names.AddNeuron(connection.source, /*post=*/false, connecting);
  names.AddConstants(connection.constants);
  if (connecting) {
    names.Add("t", {.kind = NameKind::kTime,
                    .refusal = "connections are made once, before the run: there is no 't'"});
  }
  names.AddNetwork(declared);
  for (const Section* section : {&connection.source, &connection.target}) {
    std::vector<std::string> bare = section->VariableNames();
    for (const Parameter& parameter : section->parameters) bare.push_back(parameter.name);
    for (const std::string& name : bare) {
      names.Add(name, {.kind = NameKind::kOfNeurons,
                       .refusal = absl::StrCat("'", name, "' of which neuron? '", name,
                                               "_pre' is that of the source, and '", name,
                                               "_post' that of the target")});
    }
  }
  if (!connecting) names.Add("delay", {.kind = NameKind::kDelay});
  if (connection.synapse != nullptr) RefuseMissing(connection, names);
  return names;
}

bool IsPlain(const Names& names, const Setting& setting, absl::string_view what) {
  if (!setting.is_text()) return true;
  const ir::SourceText text = TextOf(setting, what);
  if (absl::StripAsciiWhitespace(text.text).empty()) return true;
  const absl::StatusOr<Expr> expr = ParseExpression(text);
  return !expr.ok() || ReadsOnly(*expr, names, [](const Meaning& meaning) {
    return meaning.kind == NameKind::kConstant;
  });
}

}  // namespace bnsyn::compiler
