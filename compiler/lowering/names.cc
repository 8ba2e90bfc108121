#include "compiler/lowering/names.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "compiler/lowering/table.h"

namespace bnsyn::compiler {
namespace {

Meaning Refused(std::string refusal, std::string note = "") {
  Meaning meaning;
  meaning.refusal = std::move(refusal);
  meaning.note = std::move(note);
  return meaning;
}

Meaning OfVariable(NameKind kind, const Section& section, const Variable& variable) {
  return {.kind = kind, .section = &section, .variable = &variable};
}

Meaning OfConstant(const Quantity& value, NameKind kind = NameKind::kConstant) {
  return {.kind = kind, .constant = value};
}

Meaning LastSpikeOf(const Section& section) {
  Meaning last_spike = {.kind = NameKind::kLastSpike, .section = &section};
  if (!section.code->threshold.has_value()) {
    last_spike.refusal =
        absl::StrCat("population '", section.name, "' never spikes: its model has no threshold");
    last_spike.note = "give the model one, as in threshold = \"V > V_th\"";
  }
  return last_spike;
}

// i, N and the like, for the code of a population.
void AddNeuronWords(const Declarations& declared, const Section& section, Names& names) {
  names.Add("not_refractory", {.kind = NameKind::kNotRefractory});
  names.Add("lastspike", LastSpikeOf(section));
  names.Add("i", {.kind = NameKind::kIndex});
  Meaning size = OfConstant(Quantity(section.size), NameKind::kSize);
  for (const Constant& constant : declared.constants) {
    if (constant.name != "N" || constant.value.value == section.size) continue;
    size.refusal =
        absl::StrCat("'N' could be two things here: the constant N is ", constant.value.value,
                     ", and population '", section.name, "' has ", section.size, " neurons");
    size.note = "define a constant of another name for what is meant";
  }
  names.Add("N", std::move(size));
}

}  // namespace

bool Meaning::IsOfEachNeuron() const {
  if (kind == NameKind::kVariable) return !variable->Is("shared");
  if (kind == NameKind::kDefinition) return !definition->Is("shared");
  return kind == NameKind::kIndex || kind == NameKind::kNotRefractory ||
         kind == NameKind::kLastSpike;
}

const Meaning* Names::Find(absl::string_view name) const {
  for (const auto& [known, meaning] : links_) {
    if (known == name) return &meaning;
  }
  return IsWhiteNoise(name) ? &noise_ : nullptr;
}

std::vector<std::string> Names::Readable() const {
  std::vector<std::string> names;
  for (const auto& [name, meaning] : links_) {
    if (meaning.kind != NameKind::kOther && meaning.kind != NameKind::kOfNeurons) {
      names.push_back(name);
    }
  }
  return names;
}

void Names::AddSection(const Section& section) {
  for (const Equation& equation : section.code->equations) {
    if (const Variable* variable = section.FindVariable(equation.name)) {
      Add(equation.name, OfVariable(NameKind::kVariable, section, *variable));
    } else {
      Add(equation.name,
          {.kind = NameKind::kDefinition, .section = &section, .definition = &equation});
    }
  }
  for (const Parameter& parameter : section.parameters) {
    Add(parameter.name, {.kind = NameKind::kParameter, .parameter = &parameter});
  }
}

void Names::AddNeuron(const Section& section, bool post, bool connecting) {
  const absl::string_view end = post ? kPost : kPre;
  const auto full = [&](const std::string& name) { return absl::StrCat(name, std::string(end)); };
  Meaning last_spike = LastSpikeOf(section);
  last_spike.of_target = post;
  if (connecting && last_spike.refusal.empty()) {
    last_spike.refusal = "connections are made once, before the run, when no neuron has spiked";
  }
  Add(full("lastspike"), std::move(last_spike));
  for (const Parameter& parameter : section.parameters) {
    Meaning meaning = {.kind = NameKind::kParameter, .parameter = &parameter};
    if (connecting && parameter.varies()) {
      meaning.refusal =
          absl::StrCat("'", parameter.name, "' ",
                       parameter.tunable ? "is tunable" : "changes while the network runs",
                       ", so connections cannot use it");
      meaning.note = "they are made once, before the run";
    }
    Add(full(parameter.name), std::move(meaning));
  }
  for (const Variable& variable : section.variables) {
    Meaning meaning =
        OfVariable(post ? NameKind::kTargetVariable : NameKind::kSourceVariable, section, variable);
    if (connecting && variable.link.has_value()) {
      meaning.refusal = absl::StrCat("'", variable.name(), "' is linked, and has no value before ",
                                     "the run, when connections are made");
    }
    if (!variable.state.has_value()) {
      meaning.refusal = absl::StrCat("'", variable.name(), "' is an input: it can be added to, ",
                                     "with +=, but not read here");
    }
    Add(full(variable.name()), std::move(meaning));
  }
  for (const Equation& equation : section.code->equations) {
    if (equation.kind != EquationKind::kExpression) continue;
    Add(full(equation.name),
        Refused(absl::StrCat("'", equation.name, "' is computed by an equation, which the code of ",
                             "synapses cannot read"),
                "use the variables it is made of"));
  }
}

void Names::AddConstants(const std::vector<Constant>& constants) {
  for (const Constant& constant : constants) Add(constant.name, OfConstant(constant.value));
}

void Names::AddNetwork(const Declarations& declared) {
  for (const LoweredTable& table : declared.tables) {
    Add(table.name, {.kind = NameKind::kTable,
                     .table = &table,
                     .refusal = absl::StrCat("'", table.name, "' is a table"),
                     .note = absl::StrCat("read it as ", TableUsage(table))});
  }
  Add("t", {.kind = NameKind::kTime});
  for (const Variable& variable : declared.uniform.variables) {
    Add(variable.name(), OfVariable(NameKind::kNetworkVariable, declared.uniform, variable));
  }
  for (const Parameter& parameter : declared.uniform.parameters) {
    Add(parameter.name, {.kind = NameKind::kParameter, .parameter = &parameter});
  }
  AddConstants(declared.constants);
}

void Names::RefuseNoise(std::string reader, std::string note) {
  noise_ = Refused(std::move(reader), std::move(note));
}

Names NamesOf(const Declarations& declared, const Section& section) {
  Names names;
  names.AddSection(section);
  if (section.population.has_value()) {
    AddNeuronWords(declared, section, names);
  } else {
    for (const auto& [word, kind] : {std::pair("i", NameKind::kIndex),
                                     {"not_refractory", NameKind::kNotRefractory},
                                     {"lastspike", NameKind::kLastSpike}}) {
      names.Add(word, {.kind = kind,
                       .refusal = absl::StrCat("'", word, "' is of a neuron, and network-level ",
                                               "code has no neurons")});
    }
  }
  names.AddNetwork(declared);
  names.RefuseNoise("differential equations alone can read",
                    "as in dV/dt = -V/tau + sigma*sqrt(2/tau)*xi : volt; elsewhere randn() draws a "
                    "normal number");
  return names;
}

Names NamesOutsideStep(const Declarations& declared, const Section& section) {
  Names names = NamesOf(declared, section);
  for (const Variable& variable : section.variables) {
    if (!variable.Is("input")) continue;
    names.Hide(variable.name(),
               {.kind = NameKind::kVariable,
                .variable = &variable,
                .refusal = absl::StrCat("'", variable.name(), "' is an input, which holds ",
                                        "something during the update of a step alone"),
                .note = "keep it in a variable by an equation or update code, and read that"});
  }
  return names;
}

bool ReadsOnly(const Expr& expr, const Names& names,
               const std::function<bool(const Meaning&)>& known, bool unknown) {
  if (expr.kind == ExprKind::kName || expr.kind == ExprKind::kCall) {
    const Meaning* meaning = names.Find(expr.name);
    if (expr.kind == ExprKind::kCall) {
      // A table, or the past of a variable.
      if (meaning != nullptr || !expr.file.empty() || DrawsNumber(expr.name)) return false;
    } else if (meaning != nullptr ? !known(*meaning)
                                  : !unknown && !UnitSymbol(expr.name).has_value() &&
                                        !NamedConstant(expr.name).has_value()) {
      return false;
    }
  }
  return std::all_of(expr.children.begin(), expr.children.end(),
                     [&](const Expr& child) { return ReadsOnly(child, names, known, unknown); });
}

bool ReadsName(const Expr& expr, const ModelCode& code, absl::string_view name) {
  // Each equation is followed once, however often it is read.
  std::set<const Equation*> followed;
  std::vector<const Expr*> open = {&expr};
  bool found = false;
  while (!open.empty() && !found) {
    const Expr& part = *open.back();
    open.pop_back();
    ForEachName(part, [&](const Expr& read) {
      found = found || read.name == name;
      const Equation* equation = code.Find(read.name);
      const bool follow = equation != nullptr && equation->kind == EquationKind::kExpression;
      if (follow && followed.insert(equation).second) open.push_back(&*equation->right);
    });
  }
  return found;
}

}  // namespace bnsyn::compiler
