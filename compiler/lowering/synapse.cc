#include "compiler/lowering/synapse.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/lowering/table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

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
    if (variable->Is("shared")) {
      TypedValue value = {builder_.Load(*variable->state), variable->dimension()};
      value.integer = variable->equation->integer;
      return value;
    }
    const ir::Element element = context_.lowering.program.states[*variable->state].type.element;
    TypedValue value = {builder_.Emit(post ? ir::Op::kLoadPost : ir::Op::kLoadPre,
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

absl::StatusOr<std::optional<TypedValue>> ConnectScope::Read(const std::string& name,
                                                             const ir::SourceText& source,
                                                             ir::SourceRange range) {
  const auto known = known_.find(name);
  if (known != known_.end()) return known->second;
  return SynapseScope::Read(name, source, range);
}

std::vector<std::string> ConnectScope::Names() const {
  std::vector<std::string> names = SynapseScope::Names();
  for (const auto& [name, value] : known_) names.push_back(name);
  return names;
}

}  // namespace bnsyn::compiler
