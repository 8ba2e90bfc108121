// Projections: rules, and the inputs that the code of synapses adds to.
#include <cmath>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/synapse.h"
#include "compiler/lowering/synapse_model.h"
#include "ir/status_macros.h"
#include "ir/table.h"

namespace bnsyn::compiler {
namespace {

using Description = Network::ProjectionDescription;

std::optional<uint32_t> FindColumn(const ir::Table& table, absl::string_view name) {
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c] == name) return static_cast<uint32_t>(c);
  }
  return std::nullopt;
}

// The number of synapses that a rule makes, as a whole number that is possible.
absl::Status LowerCount(const SynapseContext& context, ir::Rule& rule) {
  const Description& description = context.description;
  const std::string what = absl::StrCat(description.name, ".n");
  BNSYN_ASSIGN_OR_RETURN(const Quantity n,
                         Evaluate(description.rule.n, context.constants, Dimension{}, what));
  const ir::SourceText text = TextOf(description.rule.n, what);
  constexpr double kMost = 1e15;
  if (!(n.value >= 0 && n.value <= kMost) || n.value != std::floor(n.value)) {
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat("a number of synapses is a whole number, not ", n.value),
                       "rint(...) makes one of it");
  }
  rule.count = static_cast<uint64_t>(n.value);
  const bool within = description.source == description.target;
  const uint64_t self = !rule.self && within ? 1 : 0;
  const uint64_t most =
      ir::TraitsOf(rule.kind).most_different(context.source.size, context.target.size, self);
  if (rule.count > 0 && most == 0) {
    return ir::ErrorAt(text, Whole(text), "there is no pair of neurons to join");
  }
  if (rule.multiple || rule.count <= most) return absl::OkStatus();
  return ir::ErrorAt(text, Whole(text),
                     absl::StrCat("there are ", most, " different synapses to choose from, fewer ",
                                  "than n = ", rule.count),
                     "multiple = true lets a pair be joined more than once");
}

absl::Status LowerRule(const SynapseContext& context, ir::Projection& projection) {
  Lowering& lowering = context.lowering;
  const Description& description = context.description;
  const ConnectionRule& rule = description.rule;
  const ir::SourceText& place = description.place;
  projection.rule.kind = rule.kind;
  projection.rule.self = rule.self;
  projection.rule.multiple = rule.multiple;
  const ir::RuleTraits& traits = ir::TraitsOf(rule.kind);
  if (rule.kind == ir::RuleKind::kOneToOne) {
    const Section& source = context.source;
    const Section& target = context.target;
    if (source.size != target.size) {
      return ir::ErrorAt(
          place, Whole(place),
          absl::StrCat("one_to_one joins populations of one size, but '", source.name, "' has ",
                       source.size, " neurons and '", target.name, "' has ", target.size));
    }
  }
  if (traits.is_random) projection.rule.stream = lowering.streams.Find({"rule", description.name});
  if (traits.takes_n) return LowerCount(context, projection.rule);
  if (!traits.takes_table) return absl::OkStatus();
  BNSYN_ASSIGN_OR_RETURN(const ir::TableId id, TableOf(lowering, rule.file, place));
  const ir::Table& table = lowering.program.tables[id];
  for (const absl::string_view column : {"pre", "post"}) {
    if (FindColumn(table, column).has_value()) continue;
    return ir::ErrorAt(place, Whole(place),
                       absl::StrCat("the list ", rule.file, " has no column '", column, "'"),
                       "a list of connections has the columns pre, post and, if they differ, "
                       "weight and delay");
  }
  projection.rule.table = id;
  if (const std::optional<uint32_t> column = FindColumn(table, "weight")) {
    projection.weight_column = ir::ColumnRef{id, *column};
  }
  if (const std::optional<uint32_t> column = FindColumn(table, "delay")) {
    projection.delay_column = ir::ColumnRef{id, *column};
  }
  return absl::OkStatus();
}

// Adds the constants of the projection itself, which stand before the network's.
absl::Status LowerOwnConstants(SynapseContext& context) {
  std::vector<Constant> own = {{"N_pre", Quantity(context.source.size)},
                               {"N_post", Quantity(context.target.size)}};
  const auto known = [&](const std::string& name) {
    const auto is_named = [&](const Constant& constant) { return constant.name == name; };
    return absl::c_any_of(own, is_named) || absl::c_any_of(context.constants, is_named);
  };
  constexpr absl::string_view kTaken[] = {"i", "j", "t", "w", "N"};
  for (const auto& [name, setting] : context.description.options.constants) {
    const ir::SourceText place =
        NamePlace(setting, absl::StrCat(context.description.name, ".constants.", name));
    if (!IsIdentifier(name) || absl::c_linear_search(kTaken, name)) {
      return ir::ErrorAt(place, Whole(place), absl::StrCat("'", name, "' cannot name a constant"),
                         "a name is letters, digits and '_', and has no meaning of its own");
    }
    if (known(name)) {
      return ir::ErrorAt(place, Whole(place),
                         absl::StrCat("there is a constant '", name, "' already"),
                         "give this one another name");
    }
    std::vector<Constant> so_far = own;
    so_far.insert(so_far.end(), context.constants.begin(), context.constants.end());
    BNSYN_ASSIGN_OR_RETURN(const Quantity value,
                           Evaluate(setting, so_far, absl::StrCat("the constant ", name)));
    own.push_back({name, value});
  }
  context.constants.insert(context.constants.begin(), own.begin(), own.end());
  return absl::OkStatus();
}

// What the projection takes for a spike of its source, which may be `silent` where none is needed.
absl::StatusOr<ir::PopulationId> EventOf(const Section& source, const Description& description,
                                         bool silent) {
  const ir::SourceText& event = description.options.event;
  if (event.text.empty() || event.text == "spike") {
    if (silent || source.code->threshold.has_value()) return *source.population;
    const ir::SourceText& place = description.place;
    return ir::ErrorAt(
        place, Whole(place),
        absl::StrCat("the source '", source.name, "' of projection '", description.name,
                     "' never spikes: its model has no threshold"));
  }
  std::vector<std::string> known = {"spike"};
  for (size_t e = 0; e < source.events.size(); ++e) {
    known.push_back(source.code->events[e].name);
    if (event.text == known.back()) return source.events[e];
  }
  return ir::ErrorAt(event, Whole(event),
                     absl::StrCat("the source '", source.name, "' has no event '", event.text, "'",
                                  ir::DidYouMean(event.text, known)),
                     absl::StrCat("its events are ", absl::StrJoin(known, ", ")));
}

absl::Status LowerProjection(Lowering& lowering, const Description& description) {
  const ir::SourceText& place = description.place;
  if (description.source >= lowering.sections.size() ||
      description.target >= lowering.sections.size()) {
    return ir::ErrorAt(place, Whole(place),
                       absl::StrCat("projection '", description.name,
                                    "' joins populations that are not of this network"));
  }
  Section& target = lowering.sections[description.target];
  const Section& source = lowering.sections[description.source];
  SynapseContext context = {lowering, description, source, target, lowering.constants};
  BNSYN_RETURN_IF_ERROR(LowerOwnConstants(context));
  SynapseModel model;
  BNSYN_RETURN_IF_ERROR(ParseSynapseModel(context, model));
  ir::Projection projection;
  projection.name = description.name;
  BNSYN_ASSIGN_OR_RETURN(projection.source, EventOf(source, description, model.on_pre.empty()));
  projection.target = *target.population;
  BNSYN_RETURN_IF_ERROR(LowerRule(context, projection));
  const ir::ProjectionId id = lowering.program.AddProjection(std::move(projection));
  BNSYN_RETURN_IF_ERROR(DeclareSynapseModel(context, id, model));
  BNSYN_RETURN_IF_ERROR(LowerConnect(context, id, model));
  return LowerSynapseModel(context, model);
}

}  // namespace

ir::InputId AddInput(Lowering& lowering, const Section& section, std::string name) {
  lowering.program.inputs.push_back({std::move(name), section.domain});
  return static_cast<ir::InputId>(lowering.program.inputs.size() - 1);
}

ir::InputId InputOf(Lowering& lowering, const Section& section, Variable& variable) {
  if (!variable.input.has_value()) {
    variable.input = AddInput(
        lowering, section,
        absl::StrCat(section.prefix, variable.name(), variable.state.has_value() ? ".in" : ""));
  }
  return *variable.input;
}

absl::StatusOr<ir::TableId> TableOf(Lowering& lowering, const std::string& file,
                                    const ir::SourceText& place) {
  ir::Program& program = lowering.program;
  for (size_t t = 0; t < program.tables.size(); ++t) {
    if (program.tables[t].file == file) return static_cast<ir::TableId>(t);
  }
  // Named after the file, as far as a name can be.
  std::string name(absl::StripSuffix(file.substr(file.find_last_of('/') + 1), ".csv"));
  for (char& c : name) {
    if (!IsIdentifier(absl::string_view(&c, 1)) && (c < '0' || c > '9')) c = '_';
  }
  if (!IsIdentifier(name)) name.insert(0, "table_");
  const auto taken = [&](const std::string& candidate) {
    const auto is_named = [&](const auto& described) { return described.name == candidate; };
    const Network& network = lowering.network;
    return program.FindTable(candidate).has_value() ||
           absl::c_any_of(network.populations, is_named) ||
           absl::c_any_of(network.projections, is_named) ||
           absl::c_any_of(network.stimuli, is_named) || absl::c_any_of(network.tables, is_named);
  };
  std::string unique = name;
  for (int n = 2; taken(unique); ++n) unique = absl::StrCat(name, "_", n);
  absl::StatusOr<ir::Table> table = ir::ReadTable(unique, file, program.directory);
  // What is wrong within a file is told by its own place.
  if (absl::IsNotFound(table.status())) {
    return ir::ErrorAt(place, Whole(place), table.status().message(),
                       "files are sought from the folder of the network file");
  }
  BNSYN_RETURN_IF_ERROR(table.status());
  program.tables.push_back(*std::move(table));
  return static_cast<ir::TableId>(program.tables.size() - 1);
}

absl::Status LowerProjections(Lowering& lowering) {
  std::set<std::string> names = {"network"};
  for (const Section& section : lowering.sections) names.insert(section.name);
  for (const Description& description : lowering.network.projections) {
    const ir::SourceText& place = description.place;
    if (!IsIdentifier(description.name)) {
      return ir::ErrorAt(place, Whole(place),
                         absl::StrCat("'", description.name, "' cannot name a projection"),
                         "a name is letters, digits and '_', and does not begin with a digit");
    }
    if (!names.insert(description.name).second) {
      return ir::ErrorAt(place, Whole(place),
                         absl::StrCat("the name '", description.name, "' is used twice"),
                         "populations and projections have names of their own");
    }
    BNSYN_RETURN_IF_ERROR(LowerProjection(lowering, description));
  }
  AddArrivals(lowering);
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
