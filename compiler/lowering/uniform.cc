// Emits the network level (R5.7): code over uniform variables, with counts and sums of populations.
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/loop.h"
#include "compiler/lowering/mr_estimate.h"
#include "compiler/lowering/neurons.h"
#include "compiler/lowering/sums.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// The spikes of a population since a clock of the network ran, in a state that the step adds to.
ir::StateId CountSince(ClockReads& reads, ir::PopulationId population, ir::Program& program) {
  for (const auto& [state, counted] : reads.counts) {
    if (counted == population) return state;
  }
  ir::State state;
  // Its three parts keep it from being a variable.
  state.name = UnusedName(
      program, absl::StrCat(reads.clock.name, ".count.", program.populations[population].name));
  state.type = {ir::Element::kI64, ir::DomainId::kNetwork};
  program.states.push_back(std::move(state));
  const auto id = static_cast<ir::StateId>(program.states.size() - 1);
  reads.counts.emplace_back(id, population);
  return id;
}

// The neurons that the argument of a reduction names, and of what: exc[0:50].V, left.V, exc[0:50].
struct Part {
  NeuronSet neurons;
  std::string of;  // the name behind the point; empty for none
};

// The part of a population that an argument names by a group or by subscripts; nullopt for the name
// of a whole population or of a variable of it.
absl::StatusOr<std::optional<Part>> PartOf(const Declarations& declared, const Expr& argument,
                                           const ir::SourceText& source) {
  if (argument.kind == ExprKind::kSubscript) {
    BNSYN_ASSIGN_OR_RETURN(NeuronSet neurons, ResolveNeurons(declared, argument, source));
    return Part{std::move(neurons), ""};
  }
  if (argument.kind == ExprKind::kMember) {
    BNSYN_ASSIGN_OR_RETURN(NeuronSet neurons,
                           ResolveNeurons(declared, argument.children[0], source));
    return Part{std::move(neurons), argument.name};
  }
  const size_t point = argument.name.find('.');
  const std::string name = argument.name.substr(0, point);
  const auto is_group = [&](const auto& group) { return group.name == name; };
  if (!absl::c_any_of(declared.network.groups, is_group)) return std::nullopt;
  return Part{declared.neurons.at(name),
              point == std::string::npos ? "" : argument.name.substr(point + 1)};
}

// What is the sum of a reduction: 0 where a neuron is not selected.
ir::Value Selected(const Declarations& declared, const NeuronSet& neurons, ir::Value value,
                   ir::Program& program, ir::Builder& builder) {
  const Section& section = declared.sections[neurons.section];
  const ir::Value index = builder.Emit(ir::Op::kIndex, {ir::Element::kU32, section.domain}, {});
  const std::string name = absl::StrCat(section.prefix, "neurons.at_", PartName(neurons));
  const ir::Value where = EmitIsSelected(neurons, name, index, program, builder);
  return builder.Emit(ir::Op::kSelect, {where, value, builder.F64(0)});
}

// The total of what `make` emits, which has no errors.
template <typename Make>
ir::Value Total(ir::Program& program, std::string name, ir::DomainId domain, CodeScope& scope,
                Make make) {
  return *EmitTotal(std::move(name), domain, scope, program,
                    [&](ir::Builder& at) -> absl::StatusOr<ir::Value> { return make(at); });
}

// The number of spikes, or of other events, of the population in this step among some of its
// neurons: a sum of whole numbers, which is exact.
TypedValue CountPart(const Declarations& declared, const NeuronSet& neurons,
                     ir::PopulationId population, ir::Program& program, CodeScope& scope) {
  const ir::Builder& builder = scope.builder();
  const ir::Node* spike = nullptr;
  for (const ir::Node& node : builder.block().nodes) {
    if (node.op == ir::Op::kSpike && node.attr == population) spike = &node;
  }
  // Without a threshold nothing is counted.
  if (spike == nullptr) return WrittenInteger(0, scope.builder());
  const ir::Value spiked = {spike->operands[0]};
  const ir::Population& counted = program.populations[population];
  const std::string name = absl::StrCat(counted.name, ".spikes.count_", PartName(neurons));
  const Section& section = declared.sections[neurons.section];
  const bool repeats = section.multiplicity.has_value() && population == *section.population;
  const ir::Value total = Total(program, name, counted.domain, scope, [&](ir::Builder& at) {
    const ir::Value number =
        repeats ? at.Convert(at.Load(*section.multiplicity), ir::Element::kF64) : at.F64(1);
    const ir::Value spikes = at.Emit(ir::Op::kSelect, {spiked, number, at.F64(0)});
    return Selected(declared, neurons, spikes, program, at);
  });
  return HeldInteger(total, 0, int64_t{1} << 53);
}

// In the update code of the network, the spikes of the step; in that of a clock, those of all steps
// since it ran.
absl::StatusOr<TypedValue> Count(const Declarations& declared, ir::Program& program,
                                 const Expr& argument, const ir::SourceText& source,
                                 CodeScope& scope) {
  ir::Builder& builder = scope.builder();
  BNSYN_ASSIGN_OR_RETURN(const std::optional<Part> part, PartOf(declared, argument, source));
  std::string counted = argument.name;
  if (part.has_value()) {
    counted = declared.sections[part->neurons.section].name;
    if (!part->of.empty()) absl::StrAppend(&counted, ".", part->of);
  }
  std::vector<std::string> names;
  // Events count too: count(exc.burst).
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    names.push_back(program.populations[p].name);
    if (names.back() != counted) continue;
    const bool some = part.has_value() && !part->neurons.selected.all();
    if (some && scope.clock() != nullptr) {
      return ir::ErrorAt(
          source, argument.range, "a clock counts the spikes of a whole population since it ran",
          absl::StrCat("add up those of some neurons in the update code, as in n += ", "count(",
                       counted, "[0:50]), and read n here"));
    }
    if (some) return CountPart(declared, part->neurons, p, program, scope);
    if (scope.clock() != nullptr) {
      const ir::Value since = builder.Load(CountSince(*scope.clock(), p, program));
      return HeldInteger(since, 0, int64_t{1} << 53);
    }
    const ir::Value number =
        builder.Emit(ir::Op::kCount, {ir::Element::kI64, ir::DomainId::kNetwork}, {}, p);
    return HeldInteger(number, 0, std::numeric_limits<uint32_t>::max());
  }
  for (const Network::GroupDescription& group : declared.network.groups) {
    names.push_back(group.name);
  }
  return ir::ErrorAt(source, argument.range,
                     absl::StrCat("there is no population '", counted, "' to count",
                                  ir::DidYouMean(counted, names)));
}

// The sum of a variable over neurons of its population, reduced once.
ir::Value EmitTotal(const Declarations& declared, ir::Program& program, const NeuronSet& neurons,
                    const Variable& variable, CodeScope& scope) {
  const Section& section = declared.sections[neurons.section];
  std::string name = absl::StrCat(section.prefix, variable.name(), ".sum");
  if (!neurons.selected.all()) absl::StrAppend(&name, "_", PartName(neurons));
  return Total(program, name, section.domain, scope, [&](ir::Builder& builder) {
    ir::Value value = builder.Load(*variable.state);
    if (variable.equation->integer && scope.clock() == nullptr) {
      scope.Expect(ir::Op::kExpectFloat, value, {});
    } else if (variable.equation->integer) {
      builder.Emit(ir::Op::kExpectFloat, {builder.Bool(true), value});
    }
    if (builder.type(value).element != ir::Element::kF64) {
      value = builder.Convert(value, ir::Element::kF64);
    }
    return neurons.selected.all() ? value : Selected(declared, neurons, value, program, builder);
  });
}

absl::StatusOr<TypedValue> Sum(const Declarations& declared, ir::Program& program, bool mean,
                               const Expr& argument, const ir::SourceText& source,
                               CodeScope& scope) {
  BNSYN_ASSIGN_OR_RETURN(const std::optional<Part> part, PartOf(declared, argument, source));
  std::string summed = argument.name;
  if (part.has_value()) {
    summed = absl::StrCat(declared.sections[part->neurons.section].prefix, part->of);
  }
  std::vector<std::string> names;
  for (size_t s = 0; s < declared.sections.size(); ++s) {
    const Section& section = declared.sections[s];
    for (const Variable& variable : section.variables) {
      if (!variable.state.has_value()) continue;
      const std::string full_name = absl::StrCat(section.prefix, variable.name());
      if (variable.Is("shared") && full_name == summed) {
        return ir::ErrorAt(
            source, argument.range,
            absl::StrCat("'", full_name, "' is one value for all neurons (shared), so there is ",
                         "nothing to ", mean ? "take the mean of" : "sum"));
      }
      names.push_back(full_name);
      if (full_name != summed) continue;
      const NeuronSet neurons =
          part.has_value() ? part->neurons : NeuronSet{s, section.size, {}, section.size};
      ir::Value total = EmitTotal(declared, program, neurons, variable, scope);
      if (mean) total = EmitDivide(scope, total, scope.builder().F64(neurons.size));
      return TypedValue{total, variable.dimension()};
    }
  }
  return ir::ErrorAt(
      source, argument.range,
      absl::StrCat("'", summed, "' is no variable of a population", ir::DidYouMean(summed, names)),
      "as in sum(exc.V), or sum(exc[0:50].V)");
}

// True for exc.tag, a variable of a population.
bool IsVariable(const Declarations& declared, const std::string& name) {
  return absl::c_any_of(declared.sections, [&](const Section& section) {
    return absl::c_any_of(section.variables, [&](const Variable& variable) {
      return absl::StrCat(section.prefix, variable.name()) == name;
    });
  });
}

}  // namespace

absl::StatusOr<std::optional<TypedValue>> CallReduction(const Declarations& declared,
                                                        const Expr& call,
                                                        const ir::SourceText& source,
                                                        CodeScope& scope, ProgramBuilder& out) {
  const bool count = call.name == "count";
  const ir::BlockKind kind = scope.builder().block().kind;
  const bool of_network = &scope.section() == &declared.uniform &&
                          (kind == ir::BlockKind::kStep || scope.clock() != nullptr);
  if (call.name == kMrEstimate && of_network) {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue ratio, EmitMrEstimate(call, source, scope));
    return ratio;
  }
  if (call.name == kMrEstimate) {
    return ir::ErrorAt(source, {call.range.offset, call.name.size()},
                       absl::StrCat(kMrEstimate, " stands in code of the network level"),
                       "write it in the update code of [uniform], or in that of one of its clocks");
  }
  if (!of_network || (!count && call.name != "sum" && call.name != "mean")) return std::nullopt;
  BNSYN_ASSIGN_OR_RETURN(const std::optional<TypedValue> of_synapses,
                         SumOverSynapses(declared, call, source, scope, out));
  if (of_synapses.has_value()) return of_synapses;
  if (call.children.size() != 1) {
    return ir::ErrorAt(
        source, call.range,
        count ? "count takes the name of a population, or a condition"
              : absl::StrCat(call.name, " takes a variable of a population, or an expression"),
        count ? "as in count(exc), count(exc[0:50]) or count(ee.w > 1 nS)"
              : absl::StrCat("as in ", call.name, "(exc.V), ", call.name, "(exc[0:50].V) or ",
                             call.name, "(ee.w**2)"));
  }
  const Expr& argument = call.children[0];
  const bool names_neurons =
      (argument.kind == ExprKind::kName && !(count && IsVariable(declared, argument.name))) ||
      argument.kind == ExprKind::kSubscript || argument.kind == ExprKind::kMember;
  BNSYN_ASSIGN_OR_RETURN(
      const TypedValue value,
      !names_neurons ? SumOverNeurons(declared, call, source, scope, out)
      : count        ? Count(declared, out.program, argument, source, scope)
                     : Sum(declared, out.program, call.name == "mean", argument, source, scope));
  return value;
}

absl::Status EmitUniform(const Declarations& declared, ir::Builder& builder, ProgramBuilder& out) {
  const Section& section = declared.uniform;
  for (const Equation& equation : section.code->equations) {
    if (equation.kind != EquationKind::kDifferential) continue;
    return ir::ErrorAt(section.code->equations_text, equation.name_range,
                       absl::StrCat("'", equation.name,
                                    "' has a differential equation, which only models may have"),
                       absl::StrCat("declare it as '", equation.name,
                                    " : unit' and integrate it in the update code"));
  }
  const Names names = NamesOf(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  scope.EnterCode("update");
  scope.Change().moved = true;
  BNSYN_RETURN_IF_ERROR(EmitStatements(section.code->update, section.code->update_text, scope));
  scope.StoreChanged();
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
