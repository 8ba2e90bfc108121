#include "compiler/lowering/neurons.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "compiler/description/settings.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/declare.h"
#include "ir/status_macros.h"
#include "ir/table.h"

namespace bnsyn::compiler {
namespace {

// The text of neurons that a description names.
absl::StatusOr<ir::SourceText> TextOf(const Network& network, const Neurons& neurons,
                                      const ir::SourceText& place) {
  ir::SourceText text;
  const auto named = [&](const auto& known, uint32_t index) -> absl::Status {
    if (index >= known.size()) {
      return ErrorIn(place, "this names neurons that are not of this network",
                     "a handle is valid for the network that returned it");
    }
    text = {known[index].name, known[index].name, 1, 1};
    return absl::OkStatus();
  };
  if (const auto* const population = std::get_if<PopulationHandle>(&neurons.of)) {
    BNSYN_RETURN_IF_ERROR(named(network.populations, population->index));
  } else if (const auto* const group = std::get_if<GroupHandle>(&neurons.of)) {
    BNSYN_RETURN_IF_ERROR(named(network.groups, group->index));
  } else {
    text = std::get<ir::SourceText>(neurons.of);
    if (text.name.empty()) text.name = place.text;
  }
  text.text += neurons.subscripts;
  return text;
}

// The name with which the text of neurons begins.
absl::string_view BaseOf(absl::string_view text) {
  return absl::StripAsciiWhitespace(text.substr(0, text.find('[')));
}

// More ranges than these are looked up in a table.
constexpr size_t kMostRanges = 16;

// The rank of a neuron, -1 of one that is not selected, from a table of all neurons.
ir::Value LookUpRank(const NeuronSet& neurons, const std::string& name, ir::Value index,
                     ir::Program& program, ir::Builder& builder) {
  const std::string full = absl::StrCat(name, ".rank");
  std::optional<ir::TableId> id = program.FindTable(full);
  if (!id.has_value()) {
    ir::Table table;
    table.name = full;
    table.columns = {"rank"};
    table.values = {std::vector<double>(neurons.population_size, -1)};
    const ir::SelectedNeurons selected = neurons.numbers();
    for (uint32_t rank = 0; rank < selected.size(); ++rank) table.values[0][selected[rank]] = rank;
    table.digest = ir::TableDigest(table);
    id = static_cast<ir::TableId>(program.tables.size());
    program.tables.push_back(std::move(table));
  }
  return builder.Lookup(*id, builder.Convert(index, ir::Element::kI64),
                        builder.Literal(ir::Element::kI64, 0));
}

}  // namespace

absl::StatusOr<NeuronSet> ResolveNeurons(const Declarations& declared, const Expr& expr,
                                         const ir::SourceText& source) {
  return SelectNeurons(expr, source, declared.neurons, declared.constants);
}

absl::StatusOr<NeuronSet> FindNeurons(const Declarations& declared, const Neurons& neurons,
                                      const ir::SourceText& place) {
  BNSYN_ASSIGN_OR_RETURN(const ir::SourceText text, TextOf(declared.network, neurons, place));
  BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(text));
  return ResolveNeurons(declared, expr, text);
}

absl::Status DeclareGroups(Declarations& declared, ProgramBuilder& out) {
  TakenNames names = NamesOfPopulations(declared);
  for (size_t s = 0; s < declared.sections.size(); ++s) {
    const Section& section = declared.sections[s];
    declared.neurons[section.name] = {s, section.size, {}, section.size};
  }
  // A group may be part of one that stands behind it.
  std::vector<const Network::GroupDescription*> open;
  std::set<std::string, std::less<>> waiting;
  for (const Network::GroupDescription& group : declared.network.groups) {
    BNSYN_RETURN_IF_ERROR(
        CheckNewName(group.name, "a group", group.place, Whole(group.place), names));
    open.push_back(&group);
    waiting.insert(group.name);
  }
  while (!open.empty()) {
    std::vector<const Network::GroupDescription*> later;
    for (const Network::GroupDescription* group : open) {
      BNSYN_ASSIGN_OR_RETURN(const ir::SourceText text,
                             TextOf(declared.network, group->neurons, group->place));
      if (waiting.count(BaseOf(text.text)) > 0) {
        later.push_back(group);
        continue;
      }
      BNSYN_ASSIGN_OR_RETURN(NeuronSet neurons,
                             FindNeurons(declared, group->neurons, group->place));
      out.program.groups.push_back(
          {group->name, *declared.sections[neurons.section].population, neurons.selected});
      declared.neurons[group->name] = std::move(neurons);
      waiting.erase(group->name);
    }
    if (later.size() == open.size()) {
      return ErrorIn(later[0]->place,
                     absl::StrCat("the group '", later[0]->name, "' is a part of itself"),
                     "a group is some neurons of a population, or of a group of it");
    }
    open = std::move(later);
  }
  return absl::OkStatus();
}

TypedValue EmitRank(const NeuronSet& neurons, const std::string& name, ir::Value index,
                    ir::Program& program, ir::Builder& builder) {
  const std::vector<ir::NumberRange>& ranges = neurons.selected.ranges();
  const int64_t last = neurons.size - int64_t{1};
  if (ranges.size() > kMostRanges) {
    const ir::Value rank = LookUpRank(neurons, name, index, program, builder);
    return HeldInteger(builder.Emit(ir::Op::kMax, {rank, builder.F64(0)}), 0, last);
  }
  const auto u32 = [&](uint32_t number) { return builder.Literal(ir::Element::kU32, number); };
  ir::Value rank = index;
  uint32_t before = 0;  // selected neurons of earlier ranges
  for (const ir::NumberRange& range : ranges) {
    ir::Value within = index;
    if (range.begin != 0) within = builder.Emit(ir::Op::kSub, {within, u32(range.begin)});
    if (range.stride != 1) within = builder.Emit(ir::Op::kDiv, {within, u32(range.stride)});
    within = builder.Emit(ir::Op::kMin, {within, u32(range.size() - 1)});
    if (before != 0) within = builder.Emit(ir::Op::kAdd, {within, u32(before)});
    const ir::Value reached = builder.Emit(ir::Op::kGe, {index, u32(range.begin)});
    rank = before == 0 ? within : builder.Emit(ir::Op::kSelect, {reached, within, rank});
    before += range.size();
  }
  return HeldInteger(rank, 0, last);
}

std::string PartName(const NeuronSet& neurons) {
  const std::string text = neurons.selected.Text();
  return absl::StrReplaceAll(text.substr(1, text.size() - 2), {{", ", "__"}, {":", "_"}});
}

absl::Status CheckSizeName(const Declarations& declared, const NeuronSet& neurons,
                           const ir::SourceText& place) {
  for (const Constant& constant : declared.constants) {
    if (constant.name != "N" || constant.value.value == neurons.size) continue;
    return ErrorIn(
        place,
        absl::StrCat("'N' could be two things here: the constant N is ", constant.value.value,
                     ", and this is about ", neurons.size, " neurons"),
        "define a constant of another name for what is meant");
  }
  return absl::OkStatus();
}

void BindNumbers(const NeuronSet& neurons, const std::string& name, CodeScope& scope) {
  const ir::Value index =
      scope.builder().Emit(ir::Op::kIndex, {ir::Element::kU32, scope.domain()}, {});
  std::map<std::string, TypedValue>& bound = scope.Change().bound;
  bound["i"] = EmitRank(neurons, name, index, scope.ChangeProgram(), scope.builder());
  bound["N"] = WrittenInteger(neurons.size, scope.builder());
}

ir::Value EmitIsSelected(const NeuronSet& neurons, const std::string& name, ir::Value index,
                         ir::Program& program, ir::Builder& builder) {
  const std::vector<ir::NumberRange>& ranges = neurons.selected.ranges();
  if (ranges.empty()) return builder.Bool(true);
  if (ranges.size() > kMostRanges) {
    const ir::Value rank = LookUpRank(neurons, name, index, program, builder);
    return builder.Emit(ir::Op::kGe, {rank, builder.F64(0)});
  }
  const auto u32 = [&](uint32_t number) { return builder.Literal(ir::Element::kU32, number); };
  ir::Value selected;
  for (const ir::NumberRange& range : ranges) {
    ir::Value within;
    if (range.size() == 1) {
      within = builder.Emit(ir::Op::kEq, {index, u32(range.begin)});
    } else {
      // An index below the range becomes a large number.
      const ir::Value offset =
          range.begin == 0 ? index : builder.Emit(ir::Op::kSub, {index, u32(range.begin)});
      within = builder.Emit(ir::Op::kLt, {offset, u32(range.end - range.begin)});
      if (range.stride != 1) {
        const ir::Value rest = builder.Emit(ir::Op::kRem, {offset, u32(range.stride)});
        const ir::Value whole = builder.Emit(ir::Op::kEq, {rest, u32(0)});
        within = builder.Emit(ir::Op::kAnd, {within, whole});
      }
    }
    selected = selected.valid() ? builder.Emit(ir::Op::kOr, {selected, within}) : within;
  }
  return selected;
}

}  // namespace bnsyn::compiler
