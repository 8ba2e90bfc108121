// Linked variables: a variable of a population that is a variable of other neurons, found by an
// index. In the file: x : volt (linked) in the model, and linked = { x = "other.y[i // 4]" } in the
// population.
//
//   state exc.x.index : u32[exc]         the neuron of `other` for each of exc, found once
//   temp exc.x.linked : f64[exc]         y of that neuron at the beginning of the step
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "compiler/description/settings.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "ir/status_macros.h"
#include "reference/machine.h"

namespace bnsyn::compiler {
namespace {

constexpr absl::string_view kUsage = "as in linked = { x = \"other.y\" }, or \"other.y[i // 4]\"";

// The text of a link: "other.y", or "other.y[INDEX]".
struct LinkText {
  std::string population;
  std::string variable;
  ir::SourceText index;  // with its place in the text of the link; empty for none
};

absl::StatusOr<LinkText> ReadLink(const ir::SourceText& text) {
  const absl::string_view all = text.text;
  const size_t open = all.find('[');
  const bool indexed = open != all.npos;
  if (indexed && all.back() != ']') {
    return ErrorIn(text, "the index of a link ends in ']'", kUsage);
  }
  const std::vector<std::string> names = absl::StrSplit(all.substr(0, open), '.');
  LinkText link;
  if (names.size() != 2 || !IsIdentifier(names[0]) || !IsIdentifier(names[1])) {
    return ErrorIn(text, "a link names a variable of a population", kUsage);
  }
  link.population = names[0];
  link.variable = names[1];
  if (!indexed) return link;
  link.index = text;
  // Blanks in place of what stands before keep the columns of errors.
  link.index.text =
      std::string(open + 1, ' ') + std::string(all.substr(open + 1, all.size() - open - 2));
  return link;
}

class LinkDeclarer {
 public:
  LinkDeclarer(Declarations& declared, ProgramBuilder& out) : declared_(declared), out_(out) {}

  absl::Status Run() {
    for (size_t p = 0; p < declared_.sections.size(); ++p) {
      BNSYN_RETURN_IF_ERROR(OfSection(declared_.network.populations[p], declared_.sections[p]));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status OfSection(const Network::PopulationDescription& population, Section& section) {
    for (const auto& [name, setting] : population.linked) {
      const std::string what = absl::StrCat(section.prefix, name);
      const ir::SourceText place = NamePlace(setting, what);
      Variable* const variable = section.FindVariable(name);
      if (variable == nullptr || !variable->Is(kLinked)) {
        return ErrorIn(
            place,
            absl::StrCat("the model of '", section.name, "' has no linked variable '", name, "'"),
            absl::StrCat("its equations declare one by ", name, " : unit (linked)"));
      }
      if (variable->link.has_value()) {
        return ErrorIn(place, absl::StrCat("'", name, "' is linked twice"));
      }
      if (!setting.is_text()) return ErrorIn(TextOf(setting, what), "a link is a text", kUsage);
      BNSYN_RETURN_IF_ERROR(Declare(TextOf(setting, what), section, *variable));
    }
    for (const Variable& variable : section.variables) {
      if (!variable.Is(kLinked) || variable.link.has_value()) continue;
      return ErrorIn(population.place,
                     absl::StrCat("population '", section.name, "' does not say what '",
                                  variable.name(), "' is linked to"),
                     absl::StrCat("write linked = { ", variable.name(), " = \"other.x\" }"));
    }
    return absl::OkStatus();
  }

  absl::Status Declare(const ir::SourceText& text, const Section& section, Variable& variable) {
    BNSYN_ASSIGN_OR_RETURN(const LinkText link, ReadLink(text));
    std::vector<std::string> populations;
    const Section* other = nullptr;
    for (const Section& candidate : declared_.sections) {
      populations.push_back(candidate.name);
      if (candidate.name == link.population) other = &candidate;
    }
    if (other == nullptr) {
      return ErrorIn(text, absl::StrCat("there is no population '", link.population, "'",
                                        ir::DidYouMean(link.population, populations)));
    }
    const Variable* const read = other->FindVariable(link.variable);
    if (read == nullptr) {
      return ErrorIn(
          text,
          absl::StrCat("population '", other->name, "' has no variable '", link.variable, "'",
                       ir::DidYouMean(link.variable, other->VariableNames())),
          other->code->Find(link.variable) != nullptr
              ? absl::StrCat("'", link.variable, "' is computed by an equation: link the ",
                             "variables that it is made of")
              : "");
    }
    if (read->Is(kLinked) || read->Is("input")) {
      return ErrorIn(text,
                     absl::StrCat("'", link.variable, "' of '", other->name, "' is ",
                                  read->Is("input") ? "an input, which is empty between steps"
                                                    : "linked itself"),
                     "link to a variable that holds a value");
    }
    BNSYN_RETURN_IF_ERROR(CheckSame(text, variable, *read));
    // A clock does not run in every step, so that it cannot read temporaries.
    out_.program.states[*variable.state].temporary = section.clocks.empty();
    Link& made = variable.link.emplace();
    made.section = other;
    made.variable = read;
    made.index_text = link.index;
    ir::Program& program = out_.program;
    if (program.states[*read->state].type.uniform()) {
      if (link.index.text.empty()) return absl::OkStatus();
      return ErrorIn(link.index,
                     absl::StrCat("'", link.variable, "' of '", other->name,
                                  "' is one value for all neurons (shared)"),
                     "leave the index out");
    }
    if (!link.index.text.empty()) {
      made.index = out_.AddState(absl::StrCat(section.prefix, variable.name(), ".index"),
                                 {ir::Element::kU32, section.domain});
      return absl::OkStatus();
    }
    if (section.size == other->size) return absl::OkStatus();
    return ErrorIn(text,
                   absl::StrCat("'", section.name, "' has ", section.size, " neurons, and '",
                                other->name, "' has ", other->size, ": which of them is meant?"),
                   absl::StrCat("say it by an index, as in ", other->name, ".", link.variable,
                                "[i % ", other->size, "]"));
  }

  absl::Status CheckSame(const ir::SourceText& text, const Variable& variable,
                         const Variable& read) const {
    const Equation& a = *variable.equation;
    const Equation& b = *read.equation;
    if (a.boolean != b.boolean || a.integer != b.integer) {
      return ErrorIn(text, absl::StrCat("'", b.name, "' and '", a.name,
                                        "' must both be numbers, integers or booleans"));
    }
    TypedValue typed;
    typed.dimension = b.unit.dimension;
    return ExpectDimension(typed, a.unit.dimension, absl::StrCat("'", a.name, "'"), text,
                           Whole(text));
  }

  Declarations& declared_;
  ProgramBuilder& out_;
};

// Calls `use` for every linked variable.
template <typename Use>
absl::Status ForEachLink(const Declarations& declared, Use use) {
  for (const Section& section : declared.sections) {
    for (const Variable& variable : section.variables) {
      if (variable.link.has_value()) BNSYN_RETURN_IF_ERROR(use(section, variable));
    }
  }
  return absl::OkStatus();
}

// What an index may read: the neuron's number, sizes, constants, tables, and what never changes.
Names IndexNames(const Declarations& declared, const Section& section) {
  Names names = NamesOf(declared, section);
  for (const Variable& variable : section.variables) {
    if (variable.Is("constant")) continue;
    names.Hide(variable.name(), {.kind = NameKind::kVariable,
                                 .variable = &variable,
                                 .refusal = absl::StrCat("'", variable.name(), "' changes, and a ",
                                                         "link is made once, before the run"),
                                 .note = "an index reads i, constants, tables and what is "
                                         "declared (constant)"});
  }
  for (const auto& [name, kind] :
       {std::pair("t", NameKind::kTime), {"lastspike", NameKind::kLastSpike}}) {
    names.Hide(name, {.kind = kind,
                      .refusal = absl::StrCat("a link is made once, before the run: there is no '",
                                              name, "'")});
  }
  return names;
}

// The index of each neuron, f64: whole numbers, as will be checked.
absl::StatusOr<ir::Value> EmitIndex(const Declarations& declared, const Section& section,
                                    const Variable& variable, ir::Builder& builder,
                                    ProgramBuilder& out) {
  const ir::SourceText& text = variable.link->index_text;
  const Names names = IndexNames(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  scope.EnterCode("link", variable.name());
  BNSYN_ASSIGN_OR_RETURN(const Expr index, ParseExpression(text));
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitFloat(index, text, scope));
  BNSYN_RETURN_IF_ERROR(ExpectDimension(value, Dimension{}, "an index", text, index.range));
  if (!value.boolean) return value.value;
  return ir::ErrorAt(text, index.range, "an index is a number, and this is true or false");
}

}  // namespace

absl::Status DeclareLinks(Declarations& declared, ProgramBuilder& out) {
  return LinkDeclarer(declared, out).Run();
}

absl::Status EmitLinkInit(const Declarations& declared, ir::Builder& builder, ProgramBuilder& out) {
  return ForEachLink(declared, [&](const Section& section, const Variable& variable) {
    if (!variable.link->index.has_value()) return absl::OkStatus();
    BNSYN_ASSIGN_OR_RETURN(const ir::Value index,
                           EmitIndex(declared, section, variable, builder, out));
    builder.Store(*variable.link->index, builder.Convert(index, ir::Element::kU32));
    return absl::OkStatus();
  });
}

absl::Status CheckLinks(const Declarations& declared, ProgramBuilder& out) {
  return ForEachLink(declared, [&](const Section& section, const Variable& variable) {
    const Link& link = *variable.link;
    if (!link.index.has_value()) return absl::OkStatus();
    // The oracle computes what the run will have, as a number that may be no index.
    ir::Program trial = out.program;
    ir::State number;
    number.name = absl::StrCat(section.prefix, variable.name(), ".index.number");
    number.type = {ir::Element::kF64, section.domain};
    const auto id = static_cast<ir::StateId>(trial.states.size());
    trial.states.push_back(number);
    ir::Builder builder(trial, *trial.init);
    BNSYN_ASSIGN_OR_RETURN(const ir::Value index,
                           EmitIndex(declared, section, variable, builder, out));
    builder.Store(id, index);
    // A value that is not finite is an error of its own there.
    BNSYN_ASSIGN_OR_RETURN(const std::vector<reference::Array> states,
                           reference::InitialStates(trial));
    for (uint32_t i = 0; i < section.size; ++i) {
      const double at = states[id].as<double>()[i];
      if (at >= 0 && at < link.section->size && at == std::floor(at)) continue;
      return ErrorIn(link.index_text,
                     absl::StrCat("neuron ", i, " of '", section.name, "' is linked to neuron ", at,
                                  " of '", link.section->name, "'"),
                     absl::StrCat("its neurons are 0 to ", link.section->size - 1,
                                  at == std::floor(at) ? "" : "; // divides whole numbers"));
    }
    return absl::OkStatus();
  });
}

void EmitLinks(const Declarations& declared, ir::Builder& builder, const ir::Program& program) {
  ForEachLink(declared, [&](const Section& section, const Variable& variable) {
    const Link& link = *variable.link;
    const ir::StateId read = *link.variable->state;
    if (program.states[read].type.uniform()) {
      builder.Store(*variable.state, AsComputed(builder, builder.Load(read)));
      return absl::OkStatus();
    }
    const ir::Value element =
        link.index.has_value()
            ? builder.Load(*link.index)
            : builder.Emit(ir::Op::kIndex, {ir::Element::kU32, section.domain}, {});
    builder.Store(*variable.state,
                  AsComputed(builder, builder.Emit(ir::Op::kGather, {element}, read)));
    return absl::OkStatus();
  }).IgnoreError();  // none is made here
}

}  // namespace bnsyn::compiler
