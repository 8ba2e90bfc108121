#include "compiler/network/lower_synapse.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/network/lower_table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// The end of names that mean something of the target, and of the source.
constexpr absl::string_view kPost = "_post";
constexpr absl::string_view kPre = "_pre";

constexpr absl::string_view kIndices[] = {"i", "j"};

const Constant* Find(const std::vector<Constant>& constants, absl::string_view name) {
  const auto found = std::find_if(constants.begin(), constants.end(),
                                  [&](const Constant& constant) { return constant.name == name; });
  return found == constants.end() ? nullptr : &*found;
}

}  // namespace

TypedValue SynapseScope::Index(ir::Op op) {
  TypedValue value;
  value.value =
      builder_.Convert(builder_.Emit(op, {ir::Element::kU32, domain_}, {}), ir::Element::kF64);
  value.integer = true;
  return value;
}

absl::StatusOr<std::optional<TypedValue>> SynapseScope::ReadNeuron(const std::string& name,
                                                                   bool post,
                                                                   const ir::SourceText& source,
                                                                   ir::SourceRange range) {
  const std::string inner(absl::StripSuffix(name, post ? kPost : kPre));
  const Section& section = post ? context_.target : context_.source;
  if (const Parameter* parameter = section.FindParameter(inner)) {
    if (once() && parameter->tunable) {
      return ir::ErrorAt(source, range,
                         absl::StrCat("'", inner, "' is tunable, so connections cannot use it"),
                         "they are made once, before the run");
    }
    return TypedValue{builder_.Param(parameter->id), parameter->value.dimension};
  }
  if (const Variable* variable = section.FindVariable(inner)) {
    if (!variable->state.has_value()) {
      return ir::ErrorAt(
          source, range,
          absl::StrCat("'", inner, "' is an input: it can be added to, with +=, but not read ",
                       "here"));
    }
    const ir::Element element = context_.lowering.program.states[*variable->state].type.element;
    TypedValue value = {variable->Is("shared")
                            ? builder_.Load(*variable->state)
                            : builder_.Emit(post ? ir::Op::kLoadPost : ir::Op::kLoadPre,
                                            {element, domain_}, {}, *variable->state),
                        variable->dimension()};
    value.integer = variable->equation->integer;
    return value;
  }
  if (section.code->Find(inner) != nullptr) {
    return ir::ErrorAt(source, range,
                       absl::StrCat("'", inner,
                                    "' is computed by an equation, which the code of synapses "
                                    "cannot read"),
                       "use the variables it is made of");
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<TypedValue>> SynapseScope::Read(const std::string& name,
                                                             const ir::SourceText& source,
                                                             ir::SourceRange range) {
  const bool index =
      std::find(std::begin(kIndices), std::end(kIndices), name) != std::end(kIndices);
  if (index) {
    if (Find(context_.constants, name) != nullptr) {
      return ir::ErrorAt(source, range,
                         absl::StrCat("'", name, "' could be two things here: a constant, and the ",
                                      "number of a neuron"),
                         "give the constant another name");
    }
    return Index(name == "i" ? ir::Op::kIndexPre : ir::Op::kIndexPost);
  }
  for (const bool post : {true, false}) {
    if (!absl::EndsWith(name, post ? kPost : kPre)) continue;
    BNSYN_ASSIGN_OR_RETURN(const std::optional<TypedValue> value,
                           ReadNeuron(name, post, source, range));
    if (value.has_value()) return value;
  }
  if (const Constant* constant = Find(context_.constants, name)) {
    TypedValue value = {builder_.F64(constant->value.value), constant->value.dimension};
    value.integer = IsWhole(constant->value);
    return value;
  }
  if (once() && name == "t") {
    return ir::ErrorAt(source, range, "connections are made once, before the run: there is no 't'");
  }
  for (const LoweredTable& table : context_.lowering.tables) {
    if (table.name != name) continue;
    return ir::ErrorAt(source, range, absl::StrCat("'", name, "' is a table"),
                       absl::StrCat("read it as ", TableUsage(table)));
  }
  BNSYN_ASSIGN_OR_RETURN(const std::optional<TypedValue> known,
                         ReadNetworkName(context_.lowering, builder_, name));
  if (known.has_value()) return known;
  for (const bool post : {false, true}) {
    const Section& section = post ? context_.target : context_.source;
    if (section.FindVariable(name) == nullptr && section.FindParameter(name) == nullptr) continue;
    return ir::ErrorAt(
        source, range,
        absl::StrCat("'", name, "' of which neuron? '", name, "_pre' is that of the source, and '",
                     name, "_post' that of the target"));
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<TypedValue>> SynapseScope::Call(const Expr& call,
                                                             const ir::SourceText& source) {
  return CallTable(context_.lowering, call, source, *this);
}

std::vector<std::string> SynapseScope::Names() const {
  std::vector<std::string> names(std::begin(kIndices), std::end(kIndices));
  for (const bool post : {true, false}) {
    const Section& section = post ? context_.target : context_.source;
    const absl::string_view suffix = post ? kPost : kPre;
    for (const Variable& variable : section.variables) {
      names.push_back(absl::StrCat(variable.name(), suffix));
    }
    for (const Parameter& parameter : section.parameters) {
      names.push_back(absl::StrCat(parameter.name, suffix));
    }
  }
  for (const Constant& constant : context_.constants) names.push_back(constant.name);
  const std::vector<std::string> network = NetworkNames(context_.lowering);
  names.insert(names.end(), network.begin(), network.end());
  return names;
}

absl::StatusOr<std::optional<TypedValue>> OnPreScope::Read(const std::string& name,
                                                           const ir::SourceText& source,
                                                           ir::SourceRange range) {
  if (name == "w") return weight_;
  const auto local = locals_.find(name);
  if (local != locals_.end()) return local->second;
  return SynapseScope::Read(name, source, range);
}

absl::StatusOr<std::optional<TypedValue>> OnPreScope::Call(const Expr& call,
                                                           const ir::SourceText& source) {
  if (DrawsNumber(call.name)) {
    return ir::ErrorAt(source, call.range,
                       absl::StrCat("'", call.name, "' draws a random number, which synapses do ",
                                    "not do while running"),
                       "draw it in a variable of the source or the target, and read that here");
  }
  return SynapseScope::Call(call, source);
}

std::vector<std::string> OnPreScope::Names() const {
  std::vector<std::string> names = {"w"};
  for (const auto& [name, value] : locals_) names.push_back(name);
  const std::vector<std::string> others = SynapseScope::Names();
  names.insert(names.end(), others.begin(), others.end());
  return names;
}

absl::Status OnPreScope::Assign(const Statement& statement, TypedValue right,
                                const ir::SourceText& source) {
  const std::string& name = statement.target;
  if (absl::EndsWith(name, kPost)) return Accumulate(statement, right, source);
  if (absl::EndsWith(name, kPre) || name == "w" || statement.op != '=') {
    std::vector<std::string> targets;
    for (const Variable& variable : context_.target.variables) {
      targets.push_back(absl::StrCat(variable.name(), kPost));
    }
    return ir::ErrorAt(source, statement.target_range,
                       absl::StrCat("on_pre code adds to variables of the target, and '", name,
                                    "' is none", ir::DidYouMean(name, targets)),
                       "as in g_ampa_post += w");
  }
  locals_[name] = right;
  return absl::OkStatus();
}

absl::Status OnPreScope::Accumulate(const Statement& statement, TypedValue right,
                                    const ir::SourceText& source) {
  Section& target = context_.target;
  const std::string name(absl::StripSuffix(statement.target, kPost));
  Variable* variable = target.FindVariable(name);
  if (variable == nullptr || variable->equation->boolean) {
    return ir::ErrorAt(source, statement.target_range,
                       absl::StrCat("population '", target.name, "' has no variable '", name,
                                    "' to add to", ir::DidYouMean(name, target.VariableNames())));
  }
  if (variable->Is("shared")) {
    return ir::ErrorAt(source, statement.target_range,
                       absl::StrCat("'", name, "' is one value for all neurons (shared), but ",
                                    "events add to those of each"));
  }
  if (variable->equation->integer) {
    BNSYN_RETURN_IF_ERROR(
        ExpectInteger(right, absl::StrCat("'", name, "'"), source, statement.value.range));
  }
  if (statement.op != '+' && statement.op != '-') {
    return ir::ErrorAt(source, statement.target_range,
                       absl::StrCat("on_pre code can only add to '", statement.target,
                                    "': spikes of one step arrive in no order"),
                       absl::StrCat("write ", statement.target, " += ..."));
  }
  if (builder().type(right.value).element != ir::Element::kF64) {
    return ir::ErrorAt(source, statement.value.range, "a number is added, not a boolean",
                       "int(...) makes 0 or 1 of it");
  }
  BNSYN_RETURN_IF_ERROR(ExpectDimension(right, variable->dimension(),
                                        absl::StrCat("'", statement.target, "'"), source,
                                        statement.value.range));
  ir::Value value = right.value;
  if (statement.op == '-') value = builder().Emit(ir::Op::kNeg, {value});
  builder().Emit(ir::Op::kAccumulate, {value}, InputOf(context_.lowering, target, *variable));
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
