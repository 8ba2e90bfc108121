// Projections that name a model of synapses: they have its code, give its parameters values, and
// say what the variables of neurons that it reads and adds to are called here.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "compiler/description/settings.h"
#include "compiler/language/code_emitter.h"
#include "compiler/language/units.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

using Description = Network::ProjectionDescription;

// What a model adds to, in its code: the projection says which variable of the target it is.
constexpr absl::string_view kInto = "into_post";
// The unit of that variable.
constexpr absl::string_view kWeightUnit = "weight";

// Where a projection names its model.
const ir::SourceText& ModelPlace(const Description& description) {
  const ir::SourceText& name = description.options.model_name;
  return name.text.empty() ? description.place : name;
}

// What belongs to a model, where there is none.
absl::Status CheckWithoutModel(const Description& description) {
  const ConnectOptions& options = description.options;
  const auto error = [&](const ir::SourceText& place, absl::string_view key,
                         absl::string_view note) {
    return ErrorIn(place,
                   absl::StrCat("'", std::string(key), "' is for a model of synapses, and '",
                                description.name, "' has none"),
                   note);
  };
  if (!options.parameters.empty()) {
    const auto& [name, value] = options.parameters.front();
    return error(
        NamePlace(value, absl::StrCat(description.name, ".", name)), "parameters",
        "name one, as in model = \"stdp\"; constants = { ... } names numbers for code that "
        "stands here");
  }
  if (!options.into.text.empty()) {
    return error(options.into, "into",
                 absl::StrCat("name one, as in model = \"stdp\", or write on_pre = \"",
                              options.into.text, "_post += w\""));
  }
  if (!options.names.empty()) {
    const auto& [name, value] = options.names.front();
    return error(NamePlace(value, absl::StrCat(description.name, ".names.", name)), "names",
                 "code that stands here names variables of neurons as they are");
  }
  return absl::OkStatus();
}

// Equations and code come from the model, or stand in the projection.
absl::Status CheckNoClash(const Description& description, const Synapse& synapse) {
  const ConnectOptions& options = description.options;
  const std::string note = absl::StrCat("leave one of the two out; `bnsyn models ", synapse.name,
                                        "` prints a model of the library, ",
                                        "to begin a model of your own from, under [synapses.NAME]");
  const auto error = [&](const ir::SourceText& place, absl::string_view key) {
    return ErrorIn(place,
                   absl::StrCat("'", description.name, "' has the model '", synapse.name,
                                "', so it cannot have ", std::string(key), " of its own"),
                   note);
  };
  if (!options.equations.text.empty()) return error(options.equations, "equations");
  if (!options.on_pre.text.empty()) return error(options.on_pre, "on_pre code");
  if (!options.on_post.text.empty()) return error(options.on_post, "on_post code");
  if (options.pathways.empty()) return absl::OkStatus();
  const Pathway& pathway = options.pathways.front();
  return error(pathway.place, pathway.on_post ? "on_post code" : "on_pre code");
}

// Puts what a projection gives itself in the place of what its model gives.
Description Merged(const Description& own, const Synapse& synapse) {
  Description merged = own;
  ConnectOptions& options = merged.options;
  const ConnectOptions& code = synapse.code;
  options.equations = code.equations;
  options.on_pre = code.on_pre;
  options.on_post = code.on_post;
  options.pathways = code.pathways;
  options.pre_order = code.pre_order;
  options.post_order = code.post_order;
  options.post_event = code.post_event;
  if (options.event.text.empty()) options.event = code.event;
  if (!options.delay.has_value()) options.delay = code.delay;
  if (!options.post_delay.has_value()) options.post_delay = code.post_delay;
  if (!options.integration.given()) options.integration = code.integration;
  for (const auto& [name, value] : code.initial) {
    const auto is_given = [&name = name](const auto& given) { return given.first == name; };
    if (absl::c_none_of(own.options.initial, is_given)) options.initial.emplace_back(name, value);
  }
  for (const Model::Bound& bound : code.bounds) {
    const auto is_given = [&](const Model::Bound& given) {
      return given.variable == bound.variable;
    };
    if (absl::c_none_of(own.options.bounds, is_given)) options.bounds.push_back(bound);
  }
  return merged;
}

absl::Status MissingInto(const Connection& connection) {
  return ErrorIn(
      ModelPlace(connection.description),
      absl::StrCat("the model '", connection.synapse->name,
                   "' adds to its target: to which variable of '", connection.target.name, "'?"),
      absl::StrCat("say it, as in into = \"g_ex\"; variables are ",
                   absl::StrJoin(connection.target.VariableNames(), ", ")));
}

// Gives the parameters of a model their values.
class ParameterDeclarer {
 public:
  ParameterDeclarer(const Declarations& declared, Connection& connection, ProgramBuilder& out)
      : declared_(declared),
        connection_(connection),
        description_(connection.description),
        synapse_(*connection.synapse),
        out_(out) {}

  absl::Status Run() {
    BNSYN_RETURN_IF_ERROR(CheckGiven());
    BNSYN_RETURN_IF_ERROR(FindUnit());
    for (const Synapse::Need& need : synapse_.needs) BNSYN_RETURN_IF_ERROR(Declare(need));
    for (const auto& [name, value] : synapse_.parameters) {
      const std::string what = What(name);
      BNSYN_ASSIGN_OR_RETURN(const Quantity usual, Evaluate(value, Known(), what));
      const Setting* const own = Given(name);
      Quantity quantity = usual;
      if (own != nullptr) {
        BNSYN_ASSIGN_OR_RETURN(quantity, Evaluate(*own, Known(), usual.dimension, what));
      }
      BNSYN_RETURN_IF_ERROR(Add(name, own != nullptr ? *own : value, quantity));
    }
    BNSYN_RETURN_IF_ERROR(CheckRequirements(synapse_.requirements,
                                            absl::StrCat("the model '", synapse_.name, "'"),
                                            required_, connection_.constants, out_));
    connection_.constants = Known();
    return absl::OkStatus();
  }

 private:
  std::string What(const std::string& name) const {
    return absl::StrCat(description_.name, ".", name);
  }

  const Setting* Given(const std::string& name) const {
    for (const auto& [given, value] : description_.options.parameters) {
      if (given == name) return &value;
    }
    return nullptr;
  }

  std::vector<Constant> Known() const {
    std::vector<Constant> known = values_;
    known.insert(known.end(), connection_.constants.begin(), connection_.constants.end());
    return known;
  }

  absl::Status CheckGiven() const {
    const std::vector<std::string> known = NamesOfParameters(connection_);
    std::set<std::string> given;
    for (const auto& [name, value] : description_.options.parameters) {
      const ir::SourceText place = NamePlace(value, What(name));
      if (!absl::c_linear_search(known, name)) {
        return ErrorIn(
            place,
            absl::StrCat("the model '", synapse_.name, "' has no parameter '", name, "'",
                         ir::DidYouMean(name, known)),
            known.empty() ? "" : absl::StrCat("parameters are ", absl::StrJoin(known, ", ")));
      }
      if (given.insert(name).second) continue;
      return ErrorIn(place, absl::StrCat("'", name, "' is given twice"));
    }
    TakenNames names = {{"j", "the number of the target"}, {"w", "the weight"}};
    for (const Synapse::Need& need : synapse_.needs) {
      BNSYN_RETURN_IF_ERROR(
          CheckNewName(need.name, "a parameter", need.unit, Whole(need.unit), names));
    }
    for (const auto& [name, value] : synapse_.parameters) {
      const ir::SourceText place = NamePlace(value, What(name));
      BNSYN_RETURN_IF_ERROR(CheckNewName(name, "a parameter", place, Whole(place), names));
    }
    return absl::OkStatus();
  }

  // The unit of the variable that the projection says the model adds to.
  absl::Status FindUnit() {
    const ir::SourceText& into = description_.options.into;
    if (into.text.empty()) {
      const bool needs_unit = absl::c_any_of(synapse_.needs, [](const Synapse::Need& need) {
        return absl::StrContains(need.unit.text, kWeightUnit);
      });
      return needs_unit ? MissingInto(connection_) : absl::OkStatus();
    }
    const Variable* const variable = connection_.target.FindVariable(into.text);
    if (variable != nullptr && !variable->equation->boolean && !variable->equation->integer) {
      connection_.units = {{std::string(kWeightUnit), variable->dimension()}};
      return absl::OkStatus();
    }
    const std::vector<std::string> known = connection_.target.VariableNames();
    return ErrorIn(into,
                   absl::StrCat("the target '", connection_.target.name, "' has no variable '",
                                into.text, "' to add to", ir::DidYouMean(into.text, known)),
                   absl::StrCat("its variables are ", absl::StrJoin(known, ", ")));
  }

  absl::Status Declare(const Synapse::Need& need) {
    BNSYN_ASSIGN_OR_RETURN(const Dimension dimension, ParseNamedUnit(need.unit, connection_.units));
    const Setting* const own = Given(need.name);
    if (own == nullptr) {
      const std::string unit = DisplayUnit(dimension);
      return ErrorIn(
          ModelPlace(description_),
          absl::StrCat("the model '", synapse_.name, "' needs a value of '", need.name, "'"),
          absl::StrCat("give it one, as in parameters = { ", need.name, " = ",
                       unit.empty() ? "1" : absl::StrCat("\"1 ", unit, "\""), " }"));
    }
    BNSYN_ASSIGN_OR_RETURN(const Quantity value,
                           Evaluate(*own, Known(), dimension, What(need.name)));
    return Add(need.name, *own, value);
  }

  absl::Status Add(const std::string& name, const Setting& setting, const Quantity& value) {
    Parameter parameter;
    parameter.name = name;
    parameter.value = value;
    parameter.place = TextOf(setting, What(name));
    parameter.tunable = absl::c_linear_search(synapse_.tunable, name);
    if (!setting.changes().empty()) {
      if (parameter.tunable) {
        return ErrorIn(NamePlace(setting, What(name)),
                       absl::StrCat("'", name, "' changes at given times, so it cannot be tunable"),
                       "leave out its changes, or the parameter under tunable of the model");
      }
      BNSYN_ASSIGN_OR_RETURN(parameter.course,
                             DeclareCourse(declared_, setting, value, What(name), out_.program));
    }
    required_.push_back({name, value, parameter.place, Given(name) != nullptr, parameter.course,
                         parameter.tunable ? What(name) : ""});
    values_.push_back({name, value});
    if (!parameter.varies()) return absl::OkStatus();
    if (parameter.tunable) {
      parameter.id = static_cast<ir::ParamId>(out_.program.params.size());
      ir::Param param;
      param.name = What(name);
      param.value = ir::BitsOfF64(value.value);
      param.tunable = true;
      param.unit = DisplayUnit(value.dimension);
      out_.program.params.push_back(std::move(param));
    }
    connection_.model.section.parameters.push_back(std::move(parameter));
    return absl::OkStatus();
  }

  const Declarations& declared_;
  Connection& connection_;
  const Description& description_;
  const Synapse& synapse_;
  ProgramBuilder& out_;
  std::vector<Constant> values_;  // of parameters, in order
  std::vector<RequiredValue> required_;
};

bool IsOfNeuron(absl::string_view name) {
  return absl::EndsWith(name, kPost) || absl::EndsWith(name, kPre);
}

// Calls `visit` with each name that an expression reads or calls, which it may change.
template <typename Visit>
void VisitNames(Expr& expr, const Visit& visit) {
  if (expr.kind == ExprKind::kName || expr.kind == ExprKind::kCall) visit(expr.name);
  for (Expr& child : expr.children) VisitNames(child, visit);
}

template <typename Visit>
void VisitNames(std::vector<Statement>& code, const Visit& visit) {
  for (Statement& statement : code) {
    visit(statement.target);
    VisitNames(statement.value, visit);
  }
}

// The same for all code of a projection.
template <typename Visit>
void VisitNames(Connection& connection, const Visit& visit) {
  SynapseModel& model = connection.model;
  for (Equation& equation : model.code.equations) {
    if (equation.right.has_value()) VisitNames(*equation.right, visit);
  }
  for (Equation& sum : model.summed) {
    visit(sum.name);
    VisitNames(*sum.right, visit);
  }
  for (PathwayCode& pathway : model.pathways) VisitNames(pathway.code, visit);
  for (ClockCode& clock : model.section.clocks) VisitNames(clock.code, visit);
}

// "V" of "V_post".
std::string WithoutEnd(absl::string_view name) {
  return std::string(absl::StripSuffix(absl::StripSuffix(name, kPost), kPre));
}

// What a model adds to, if it does, and what a projection says of it.
absl::Status CheckInto(Connection& connection, bool adds) {
  const Description& description = connection.description;
  const ir::SourceText& into = description.options.into;
  const std::string& model = connection.synapse->name;
  if (adds && into.text.empty()) return MissingInto(connection);
  if (!adds && !into.text.empty()) {
    return ErrorIn(into, absl::StrCat("the model '", model, "' adds to nothing"),
                   "what into names stands in its code as into_post += ...");
  }
  if (adds) connection.neuron_names.emplace(kInto, absl::StrCat(into.text, std::string(kPost)));
  return absl::OkStatus();
}

// A variable of neurons that a model uses is one of the neurons here.
absl::Status CheckUsed(const Connection& connection, const std::string& name) {
  const Description& description = connection.description;
  std::string here = name;
  connection.Rename(here);
  const Section& neurons = absl::EndsWith(here, kPost) ? connection.target : connection.source;
  const std::string bare = WithoutEnd(here);
  constexpr absl::string_view kOfAll[] = {"lastspike", "i", "N"};
  if (neurons.FindVariable(bare) != nullptr || neurons.FindParameter(bare) != nullptr ||
      neurons.code->Find(bare) != nullptr || absl::c_linear_search(kOfAll, bare)) {
    return absl::OkStatus();
  }
  std::vector<std::string> known = neurons.VariableNames();
  for (const Parameter& parameter : neurons.parameters) known.push_back(parameter.name);
  const std::string missing = absl::StrCat("'", neurons.name, "' has no '", bare, "'");
  const std::string note = absl::StrCat("it has ", absl::StrJoin(known, ", "));
  for (const auto& [given, value] : description.options.names) {
    if (given != WithoutEnd(name)) continue;
    return ErrorIn(TextOf(value, absl::StrCat(description.name, ".names.", given)),
                   absl::StrCat(missing, ir::DidYouMean(bare, known)), note);
  }
  return ErrorIn(
      ModelPlace(description),
      absl::StrCat("the model '", connection.synapse->name, "' uses '", name, "', and ", missing,
                   ir::DidYouMean(bare, known)),
      absl::StrCat("names = { ", bare, " = \"...\" } says what it is called there; ", note));
}

}  // namespace

absl::StatusOr<const Description*> WithModel(Declarations& declared,
                                             const Description& description) {
  const std::optional<SynapseHandle>& model = description.options.model;
  if (!model.has_value()) {
    BNSYN_RETURN_IF_ERROR(CheckWithoutModel(description));
    return &description;
  }
  if (model->index >= declared.network.synapses.size()) {
    return ErrorIn(description.place, absl::StrCat("the model of projection '", description.name,
                                                   "' is not of this network"));
  }
  const Synapse& synapse = declared.network.synapses[model->index];
  BNSYN_RETURN_IF_ERROR(CheckNoClash(description, synapse));
  return &declared.with_models.emplace_back(Merged(description, synapse));
}

std::vector<std::string> NamesOfParameters(const Connection& connection) {
  std::vector<std::string> names;
  if (connection.synapse == nullptr) return names;
  const Synapse& synapse = *connection.synapse;
  for (const Synapse::Need& need : synapse.needs) names.push_back(need.name);
  for (const auto& [name, value] : synapse.parameters) names.push_back(name);
  return names;
}

absl::Status DeclareSynapseParameters(const Declarations& declared, Connection& connection,
                                      ProgramBuilder& out) {
  if (connection.synapse == nullptr) return absl::OkStatus();
  return ParameterDeclarer(declared, connection, out).Run();
}

absl::Status NameNeurons(Connection& connection) {
  if (connection.synapse == nullptr) return absl::OkStatus();
  const Description& description = connection.description;
  const ConnectOptions& options = description.options;
  const std::string& model = connection.synapse->name;
  std::set<std::string> used;  // "V_post"
  VisitNames(connection, [&](const std::string& name) {
    if (IsOfNeuron(name)) used.insert(name);
  });
  BNSYN_RETURN_IF_ERROR(CheckInto(connection, used.erase(std::string(kInto)) != 0));
  std::vector<std::string> bare;  // "V"
  for (const std::string& name : used) bare.push_back(WithoutEnd(name));
  for (const auto& [name, value] : options.names) {
    const std::string what = absl::StrCat(description.name, ".names.", name);
    if (!absl::c_linear_search(bare, name)) {
      return ErrorIn(NamePlace(value, what),
                     absl::StrCat("the model '", model, "' uses no '", name, "' of neurons",
                                  ir::DidYouMean(name, bare)));
    }
    const ir::SourceText text = TextOf(value, what);
    for (const absl::string_view end : {kPost, kPre}) {
      connection.neuron_names.emplace(absl::StrCat(name, std::string(end)),
                                      absl::StrCat(text.text, std::string(end)));
    }
  }
  for (const std::string& name : used) BNSYN_RETURN_IF_ERROR(CheckUsed(connection, name));
  VisitNames(connection, [&](std::string& name) { connection.Rename(name); });
  return absl::OkStatus();
}

void RefuseMissing(const Connection& connection, Names& names) {
  const std::string& model = connection.synapse->name;
  const auto refuse = [&](const std::string& name) {
    const bool of_language = !FunctionUsage(name).empty() || NamedConstant(name).has_value() ||
                             (name.size() > 1 && UnitSymbol(name).has_value());
    // Names in capitals: a word in small letters is more likely a slip, which has advice of its own.
    const bool is_capital = absl::ascii_isupper(static_cast<unsigned char>(name[0]));
    if (of_language || !is_capital || names.Find(name) != nullptr) return;
    names.Add(name, {.kind = NameKind::kOther,
                     .refusal = absl::StrCat("the model '", model, "' reads '", name,
                                             "' of the network, which has none"),
                     .note = absl::StrCat("declare it under [uniform], as in equations = \"", name,
                                          " : 1\"; `bnsyn models ", model, "` may say more")});
  };
  const auto refuse_in = [&](const std::vector<Statement>& code) {
    for (const Statement& statement : code) {
      ForEachName(statement.value, [&](const Expr& name) { refuse(name.name); });
    }
  };
  const SynapseModel& code = connection.model;
  for (const PathwayCode& pathway : code.pathways) refuse_in(pathway.code);
  for (const ClockCode& clock : code.section.clocks) refuse_in(clock.code);
  for (const Equation& equation : code.code.equations) {
    if (!equation.right.has_value()) continue;
    ForEachName(*equation.right, [&](const Expr& name) { refuse(name.name); });
  }
}

void NameNeurons(const Connection& connection, Expr& expr) {
  VisitNames(expr, [&](std::string& name) { connection.Rename(name); });
}

}  // namespace bnsyn::compiler
