// Declares projections: their constants, rules and tables.
#include <cmath>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/neurons.h"
#include "compiler/lowering/table.h"
#include "ir/status_macros.h"
#include "ir/symbols.h"
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

// The number n of a rule, which must be whole and not more than there are pairs.
absl::Status DeclareCount(const Connection& connection, ir::Rule& rule) {
  const Description& description = connection.description;
  const std::string what = absl::StrCat(description.name, ".n");
  BNSYN_ASSIGN_OR_RETURN(const Quantity n,
                         Evaluate(description.rule.n, connection.constants, Dimension{}, what));
  const ir::SourceText text = TextOf(description.rule.n, what);
  constexpr double kMost = 1e15;
  if (!(n.value >= 0 && n.value <= kMost) || n.value != std::floor(n.value)) {
    return ErrorIn(text, absl::StrCat("a number of synapses is a whole number, not ", n.value),
                   "rint(...) makes one of it");
  }
  rule.count = static_cast<uint64_t>(n.value);
  uint64_t left_out = 0;
  if (!rule.self && connection.sources.section == connection.targets.section) {
    left_out = ir::CountCommon(connection.sources.numbers(), connection.targets.numbers());
  }
  const uint64_t most = ir::TraitsOf(rule.kind).most_different(connection.sources.size,
                                                               connection.targets.size, left_out);
  if (rule.count > 0 && most == 0) {
    return ErrorIn(text, "there is no pair of neurons to join");
  }
  if (rule.multiple || rule.count <= most) return absl::OkStatus();
  return ErrorIn(text,
                 absl::StrCat("there are ", most, " different synapses to choose from, fewer ",
                              "than n = ", rule.count),
                 "multiple = true lets a pair be joined more than once");
}

absl::Status DeclareRule(const Declarations& declared, const Connection& connection,
                         ir::Projection& projection, ProgramBuilder& out) {
  const Description& description = connection.description;
  const ConnectionRule& rule = description.rule;
  const ir::SourceText& place = description.place;
  projection.rule.kind = rule.kind;
  projection.rule.self = rule.self;
  projection.rule.multiple = rule.multiple;
  const ir::RuleTraits& traits = ir::TraitsOf(rule.kind);
  if (rule.kind == ir::RuleKind::kOneToOne) {
    const auto end = [](const Section& section, const NeuronSet& neurons) {
      return absl::StrCat("'", section.name, "' has ", neurons.size, " neurons",
                          neurons.selected.all() ? "" : " here");
    };
    if (connection.sources.size != connection.targets.size) {
      return ErrorIn(place, absl::StrCat("one_to_one joins as many sources as targets, but ",
                                         end(connection.source, connection.sources), " and ",
                                         end(connection.target, connection.targets)));
    }
  }
  if (traits.is_random) {
    projection.rule.stream = out.streams.Find({"rule", connection.model.section.stream_owner});
  }
  if (traits.takes_n) return DeclareCount(connection, projection.rule);
  if (!traits.takes_table) return absl::OkStatus();
  BNSYN_ASSIGN_OR_RETURN(const ir::TableId id,
                         TableOf(declared.network, rule.file, place, out.program));
  const ir::Table& table = out.program.tables[id];
  for (const absl::string_view column : {"pre", "post"}) {
    if (FindColumn(table, column).has_value()) continue;
    return ErrorIn(place, absl::StrCat("the list ", rule.file, " has no column '", column, "'"),
                   "a list of connections has the columns pre, post and, if they differ, weight "
                   "and delay");
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

// Adds the projection's own constants before those of the network.
absl::Status DeclareOwnConstants(Connection& connection) {
  std::vector<Constant> own = {{"N_pre", Quantity(connection.sources.size)},
                               {"N_post", Quantity(connection.targets.size)}};
  const auto known = [&](const std::string& name) {
    const auto is_named = [&](const Constant& constant) { return constant.name == name; };
    return absl::c_any_of(own, is_named) || absl::c_any_of(connection.constants, is_named);
  };
  constexpr absl::string_view kTaken[] = {"i", "j", "t", "w", "N", "i_pre", "i_post"};
  for (const auto& [name, setting] : connection.description.options.constants) {
    const ir::SourceText place =
        NamePlace(setting, absl::StrCat(connection.description.name, ".constants.", name));
    if (!IsIdentifier(name) || absl::c_linear_search(kTaken, name)) {
      return ErrorIn(place, absl::StrCat("'", name, "' cannot name a constant"),
                     "a name is letters, digits and '_', and has no meaning of its own");
    }
    if (known(name)) {
      return ErrorIn(place, absl::StrCat("there is a constant '", name, "' already"),
                     "give this one another name");
    }
    std::vector<Constant> so_far = own;
    so_far.insert(so_far.end(), connection.constants.begin(), connection.constants.end());
    BNSYN_ASSIGN_OR_RETURN(const Quantity value,
                           Evaluate(setting, so_far, absl::StrCat("the constant ", name)));
    own.push_back({name, value});
  }
  connection.constants.insert(connection.constants.begin(), own.begin(), own.end());
  return absl::OkStatus();
}

absl::Status DeclareGain(const Declarations& declared, Connection& connection,
                         ProgramBuilder& out) {
  const std::optional<Setting>& gain = connection.description.options.gain;
  if (!gain.has_value()) return absl::OkStatus();
  const std::string what = absl::StrCat(connection.description.name, ".gain");
  if (connection.model.code.Find("w") != nullptr) {
    return ErrorIn(NamePlace(*gain, what),
                   "'w' is a variable of the synapses here, so it has no gain",
                   "multiply it in on_pre by a parameter of [uniform], which may change too");
  }
  Parameter& parameter = connection.model.gain.emplace();
  parameter.name = "gain";
  BNSYN_ASSIGN_OR_RETURN(parameter.value, Evaluate(*gain, connection.constants, Dimension{}, what));
  if (gain->changes().empty()) return absl::OkStatus();
  BNSYN_ASSIGN_OR_RETURN(parameter.course,
                         DeclareCourse(declared, *gain, parameter.value, what, out.program));
  return absl::OkStatus();
}

// The name by which a projection draws (R3).
absl::StatusOr<std::string> StreamOwner(const Description& description) {
  const ir::SourceText& stream = description.options.stream;
  if (stream.text.empty()) return description.name;
  if (IsIdentifier(stream.text)) return stream.text;
  return ErrorIn(stream, absl::StrCat("'", stream.text, "' cannot name a stream"),
                 "a name is letters, digits and '_', as in stream = \"ee\"");
}

absl::Status DeclareProjection(Declarations& declared, const Description& written,
                               ProgramBuilder& out) {
  BNSYN_ASSIGN_OR_RETURN(const Description* const with_model, WithModel(declared, written));
  const Description& description = *with_model;
  BNSYN_ASSIGN_OR_RETURN(NeuronSet sources,
                         FindNeurons(declared, description.source, description.place));
  BNSYN_ASSIGN_OR_RETURN(NeuronSet targets,
                         FindNeurons(declared, description.target, description.place));
  Connection& connection = declared.connections.emplace_back(
      description, declared.sections, std::move(sources), std::move(targets));
  connection.constants = declared.constants;
  BNSYN_RETURN_IF_ERROR(DeclareOwnConstants(connection));
  SynapseModel& model = connection.model;
  model.section.name = description.name;
  model.section.prefix = absl::StrCat(description.name, ".");
  std::vector<Clock> clocks_of_model;
  if (description.options.model.has_value()) {
    connection.synapse = &declared.network.synapses[description.options.model->index];
    clocks_of_model = connection.synapse->code.clocks;
  }
  BNSYN_RETURN_IF_ERROR(DeclareSynapseParameters(declared, connection, out));
  BNSYN_ASSIGN_OR_RETURN(model.section.stream_owner, StreamOwner(description));
  model.section.code = &model.code;
  model.section.constants = connection.constants;
  BNSYN_RETURN_IF_ERROR(DeclareClocks(clocks_of_model, description.options.clocks,
                                      declared.network.options.dt, model.section));
  BNSYN_RETURN_IF_ERROR(ParseSynapseModel(connection));
  BNSYN_RETURN_IF_ERROR(NameNeurons(connection));
  BNSYN_RETURN_IF_ERROR(DeclareGain(declared, connection, out));
  ir::Projection projection;
  projection.name = description.name;
  BNSYN_ASSIGN_OR_RETURN(projection.source, DeclareSpikes(connection));
  projection.target = *connection.target.population;
  projection.sources = connection.sources.selected;
  projection.targets = connection.targets.selected;
  BNSYN_RETURN_IF_ERROR(DeclareRule(declared, connection, projection, out));
  connection.id = out.program.AddProjection(std::move(projection));
  return DeclareSynapses(declared, connection, out);
}

}  // namespace

// A table of the program with the columns that the host gave for a file.
absl::StatusOr<ir::Table> TableOfColumns(const std::string& name, const std::string& file,
                                         const FileColumns& columns, const ir::SourceText& place) {
  const auto error = [&](const std::string& problem) {
    return ErrorIn(place, absl::StrCat("the columns of '", file, "' ", problem));
  };
  if (columns.names.empty() || columns.values.size() != columns.names.size()) {
    return error(absl::StrCat("are ", columns.values.size(), ", with ", columns.names.size(),
                              " names: each needs a name, and there must be one"));
  }
  const size_t rows = columns.values[0].size();
  for (size_t c = 0; c < columns.values.size(); ++c) {
    const std::vector<double>& values = columns.values[c];
    if (values.size() != rows) {
      return error(absl::StrCat("differ in length: '", columns.names[0], "' has ", rows,
                                " numbers, and '", columns.names[c], "' has ", values.size()));
    }
    const auto nan = absl::c_find_if(values, [](double value) { return std::isnan(value); });
    if (nan == values.end()) continue;
    return error(absl::StrCat("must be numbers, but row ", nan - values.begin(), " of '",
                              columns.names[c], "' is not a number (NaN)"));
  }
  ir::Table table;
  table.name = name;
  table.columns = columns.names;
  table.values = columns.values;
  table.digest = ir::TableDigest(table);
  return table;
}

absl::StatusOr<ir::TableId> TableOf(const Network& network, const std::string& file,
                                    const ir::SourceText& place, ir::Program& program,
                                    const std::string& only) {
  for (size_t t = 0; t < program.tables.size(); ++t) {
    if (program.tables[t].file == file && program.tables[t].only == only)
      return static_cast<ir::TableId>(t);
  }
  // Named after the file, with _ in place of characters that names cannot have.
  std::string name(absl::StripSuffix(file.substr(file.find_last_of('/') + 1), ".csv"));
  for (char& c : name) {
    if (!IsIdentifier(absl::string_view(&c, 1)) && (c < '0' || c > '9')) c = '_';
  }
  if (!IsIdentifier(name)) name.insert(0, "table_");
  const auto taken = [&](const std::string& candidate) {
    const auto is_named = [&](const auto& described) { return described.name == candidate; };
    for (size_t kind = 0; kind <= static_cast<size_t>(ir::AttrKind::kStream); ++kind) {
      const auto symbol = static_cast<ir::AttrKind>(kind);
      if (ir::IsSymbol(symbol) && ir::FindSymbol(program, symbol, candidate)) return true;
    }
    return absl::c_any_of(network.populations, is_named) ||
           absl::c_any_of(network.groups, is_named) ||
           absl::c_any_of(network.projections, is_named) ||
           absl::c_any_of(network.stimuli, is_named) || absl::c_any_of(network.tables, is_named);
  };
  std::string unique = name;
  for (int n = 2; taken(unique); ++n) unique = absl::StrCat(name, "_", n);
  if (const auto given = network.files.find(file); given != network.files.end()) {
    BNSYN_ASSIGN_OR_RETURN(ir::Table columns, TableOfColumns(unique, file, *given->second, place));
    const auto same = absl::c_find_if(program.tables, [&](const ir::Table& other) {
      return other.file.empty() && other.digest == columns.digest;
    });
    if (same != program.tables.end())
      return static_cast<ir::TableId>(same - program.tables.begin());
    program.tables.push_back(std::move(columns));
    return static_cast<ir::TableId>(program.tables.size() - 1);
  }
  absl::StatusOr<ir::Table> table = ir::ReadTable(unique, file, program.directory, only);
  // Errors within the file point into the file.
  if (absl::IsNotFound(table.status())) {
    return ErrorIn(place, table.status().message(),
                   "files are sought from the folder of the network file");
  }
  BNSYN_RETURN_IF_ERROR(table.status());
  program.tables.push_back(*std::move(table));
  return static_cast<ir::TableId>(program.tables.size() - 1);
}

absl::Status DeclareProjections(Declarations& declared, ProgramBuilder& out) {
  TakenNames names = NamesOfNeurons(declared);
  for (const Description& description : declared.network.projections) {
    const ir::SourceText& place = description.place;
    BNSYN_RETURN_IF_ERROR(CheckIdentifier(description.name, "a projection", place, Whole(place)));
    BNSYN_RETURN_IF_ERROR(TakeName(
        description.name, "a projection", place, Whole(place),
        "populations, projections and what [uniform] declares share one set of names", names));
    BNSYN_RETURN_IF_ERROR(DeclareProjection(declared, description, out));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
