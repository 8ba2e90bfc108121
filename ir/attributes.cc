#include "ir/attributes.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ir/attribute_fields.h"
#include "ir/status_macros.h"
#include "ir/symbols.h"

namespace bnsyn::ir {
namespace {

Result CheckStep(const Program&, const Program& program) {
  if (program.dt > 0 && std::isfinite(program.dt)) return std::nullopt;
  return Fail("dt must be a positive number of milliseconds");
}

// Populations.

Result CheckSize(const Program& program, const Population& population) {
  if (population.size == 0) {
    return Fail(absl::StrCat("the population '", population.name, "' has size 0"),
                "a population has at least one neuron");
  }
  if (population.size == program.Size(population.domain)) return std::nullopt;
  return Fail(absl::StrCat("the population '", population.name, "' has size ", population.size,
                           ", but its domain '", program.DomainName(population.domain), "' has ",
                           program.Size(population.domain)));
}

absl::Status ReadNeurons(TokenReader& reader, const Program& program, Population& population) {
  BNSYN_ASSIGN_OR_RETURN(const PopulationId neurons,
                         ReadSymbol(reader, program, AttrKind::kPopulation));
  population.domain = program.populations[neurons].domain;
  return absl::OkStatus();
}

Text NeuronsText(const Program& program, const Population& population) {
  const absl::string_view name = program.DomainName(population.domain);
  if (name == population.name) return std::nullopt;
  return std::string(name);
}

// Groups and events.

uint32_t SizeOfGroup(const Program& program, const Group& group) {
  return program.populations[group.population].size;
}

uint32_t SizeOfInput(const Program& program, const Events& events) {
  return program.Size(program.inputs[events.input].population);
}

// Times between two steps, in the order of OffGrid.
constexpr absl::string_view kOffGridWords[] = {"error", "nearest", "up", "down"};

absl::Status ReadOffGrid(TokenReader& reader, const Program&, Events& events) {
  BNSYN_ASSIGN_OR_RETURN(const std::string word, reader.ReadWord("nearest, up or down"));
  for (size_t i = 0; i < 4; ++i) {
    if (word == kOffGridWords[i]) return events.off_grid = OffGrid(i), absl::OkStatus();
  }
  return reader.Expected("nearest, up or down");
}

}  // namespace

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::Utf8SafeCEscape(text), "\"");
}

std::string ColumnText(const Program& program, const ColumnRef& column) {
  const Table& table = program.tables[column.table];
  return absl::StrCat(table.name, ".", table.columns[column.column]);
}

std::optional<Violation> FindInColumn(const Program& program, const ColumnRef& ref) {
  if (ref.table >= program.tables.size() ||
      ref.column >= program.tables[ref.table].columns.size()) {
    return Fail("this column is in no table");
  }
  const std::string& column = program.tables[ref.table].columns[ref.column];
  if (IsColumnName(column)) return std::nullopt;
  return Fail(absl::StrCat("the column '", column, "' cannot be referred to"),
              "use letters, digits and underscores in its name in the file");
}

bool IsColumnName(const std::string& column) {
  return IsName(column) && column.find('.') == column.npos;
}

const std::vector<double>* FindColumn(const Program& program, TableId table,
                                      absl::string_view name) {
  const Table& t = program.tables[table];
  for (size_t i = 0; i < t.columns.size(); ++i) {
    if (t.columns[i] == name) return &t.values[i];
  }
  return nullptr;
}

Violation MissingColumn(const Program& program, TableId table, absl::string_view name) {
  return Fail(
      absl::StrCat("the table '", program.tables[table].name, "' has no column '", name, "'"),
      "its first line names its columns");
}

// The tables of states, inputs and projections are in files of their own.

template <>
const std::vector<Attribute<Program>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Program>>{
      Field<Program, &Program::dt>("dt", "the step, in ms", Always, CheckStep),
      Field<Program, &Program::seed>("seed", "of all random numbers", Always),
      Flag<Program, &Program::strict_sums>("strict_sums", "a coarse contribution is an error"),
      Flag<Program, &Program::spikes_at_start>("spikes_at_start",
                                               "a spike has the time at which its step starts"),
  };
  return *rows;
}

template <>
const std::vector<Attribute<Population>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Population>>{
      Field<Population, &Population::size>("size", "the number of neurons", Always, CheckSize),
      {"domain", "of an event population: that of the neurons", false, ReadNeurons, NeuronsText,
       nullptr},
  };
  return *rows;
}

template <>
const std::vector<Attribute<Param>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Param>>{
      Flag<Param, &Param::tunable>("tunable", "may be changed between steps"),
      Field<Param, &Param::unit>("unit", "of the value, for people"),
  };
  return *rows;
}
template <>
const std::vector<Attribute<Group>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Group>>{
      Selected<Group, &Group::neurons, SizeOfGroup>("neurons", "those of the population it has"),
  };
  return *rows;
}

template <>
const std::vector<Attribute<Events>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Events>>{
      Selected<Events, &Events::neurons, SizeOfInput>("neurons", "among which `index` counts"),
      {"table", "the events, a row each", false,
       [](TokenReader& reader, const Program& program, Events& d) {
         return ReadInto(d.table, [&] { return ReadTableName(reader, program); });
       },
       [](const Program& program, const Events& d) { return Text(program.tables[d.table].name); },
       nullptr},
      Flag<Events, &Events::ends>("ends", "times are those at which steps end"),
      {"off_grid", "nearest, up or down: where times between two steps go", false, &ReadOffGrid,
       [](const Program&, const Events& d) {
         return d.off_grid == OffGrid::kError
                    ? std::nullopt
                    : Text(std::string(kOffGridWords[static_cast<size_t>(d.off_grid)]));
       },
       nullptr},
  };
  return *rows;
}

}  // namespace bnsyn::ir
