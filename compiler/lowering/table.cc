#include "compiler/lowering/table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/description/settings.h"
#include "compiler/language/code_emitter.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/loop.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "ir/table.h"

namespace bnsyn::compiler {
namespace {

constexpr char kTime[] = "time";

// An error about a table as a whole, shown at its name.
absl::Status TableError(const ValueTable& table, absl::string_view message,
                        absl::string_view note = "") {
  return ErrorIn(table.place, absl::StrCat("table '", table.name, "' ", std::string(message)),
                 note);
}

// The names that no table may have.
TakenNames NamesInUse(const Declarations& declared) {
  const Network& network = declared.network;
  TakenNames names = NamesOfNeurons(declared);
  const auto take = [&](const std::string& name, absl::string_view what,
                        const ir::SourceText& place) {
    names.try_emplace(name, HolderOf(what, place, Whole(place)));
  };
  for (const auto& projection : network.projections) {
    take(projection.name, "a projection", projection.place);
  }
  for (const Stimulus& stimulus : network.stimuli) {
    take(stimulus.name, "a stimulus", stimulus.place);
  }
  for (const auto& [name, value] : network.constants) {
    take(name, "a constant", NamePlace(value, name));
  }
  names.try_emplace("dt", "the step");
  return names;
}

absl::Status CheckName(const ValueTable& table, TakenNames& names) {
  BNSYN_RETURN_IF_ERROR(CheckIdentifier(table.name, "a table", table.place, Whole(table.place)));
  if (!FunctionUsage(table.name).empty()) {
    return TableError(table, "has the name of a function",
                      absl::StrCat(FunctionUsage(table.name), " has a meaning of its own"));
  }
  return TakeName(
      table.name, "a table", table.place, Whole(table.place),
      "tables, populations, projections, stimuli, constants and what [uniform] declares "
      "share one set of names",
      names);
}

// The unit of numbers that are written without one.
absl::StatusOr<std::optional<Unit>> UnitOf(const ValueTable& table) {
  if (table.unit.text.empty()) return std::optional<Unit>();
  const std::optional<Unit> unit = ParseUnit(table.unit.text);
  if (unit.has_value()) return unit;
  return ErrorIn(table.unit,
                 absl::StrCat("'", table.unit.text, "' is no unit", UnitGuess(table.unit.text)),
                 "as in unit = \"Hz\"");
}

// Times must increase, since the value is that of the last row whose time has come.
absl::Status CheckIncrease(const ValueTable& table, const std::vector<double>& times) {
  for (size_t row = 1; row < times.size(); ++row) {
    if (times[row] > times[row - 1]) continue;
    return TableError(
        table, absl::StrCat("has the time ", times[row], " ms after ", times[row - 1], " ms"),
        "times must increase from row to row");
  }
  return absl::OkStatus();
}

// The columns of a table with values in the network file: "time", if rows have times, and
// "value", or "value_0", "value_1" and so on.
absl::StatusOr<ir::Table> BuildRows(const Declarations& declared, const ValueTable& table,
                                    const std::optional<Unit>& unit, LoweredTable& lowered) {
  const size_t width = table.rows[0].size();
  ir::Table built;
  built.name = table.name;
  if (!table.times.empty()) built.columns.emplace_back(kTime);
  for (size_t c = 0; c < width; ++c) {
    built.columns.push_back(width == 1 ? "value" : absl::StrCat("value_", c));
  }
  built.values.resize(built.columns.size());
  if (!table.times.empty() && table.times.size() != table.rows.size()) {
    return TableError(table,
                      absl::StrCat("has ", table.times.size(), " times for ", table.rows.size(),
                                   " rows of values"),
                      "each row has the time from which on it holds");
  }
  for (const Setting& time : table.times) {
    const std::string what = absl::StrCat("a time of ", table.name);
    BNSYN_ASSIGN_OR_RETURN(
        const uint64_t steps,
        EvaluateSteps(time, declared.constants, declared.network.options.dt, what, table.off_grid));
    built.values[0].push_back(static_cast<double>(steps) * declared.network.options.dt.value);
  }
  const std::string what = absl::StrCat("a value of ", table.name);
  std::optional<Dimension> dimension;
  if (unit.has_value()) dimension = Dimension{};
  for (const std::vector<Setting>& row : table.rows) {
    if (row.size() != width || width == 0) {
      return TableError(table,
                        absl::StrCat("has rows of ", width, " and of ", row.size(), " values"),
                        "all rows must be of one length, and at least 1");
    }
    for (size_t c = 0; c < width; ++c) {
      BNSYN_ASSIGN_OR_RETURN(const Quantity value,
                             dimension.has_value()
                                 ? Evaluate(row[c], declared.constants, *dimension, what)
                                 : Evaluate(row[c], declared.constants, what));
      dimension = value.dimension;
      built.values[lowered.first_column + c].push_back(value.value);
    }
  }
  if (!unit.has_value()) lowered.unit.dimension = *dimension;
  lowered.columns = static_cast<uint32_t>(width);
  built.digest = ir::TableDigest(built);
  return built;
}

// Finds the columns of a file that hold the values, and the one that holds times, if any.
absl::Status ChooseColumns(const Quantity& dt, const ValueTable& table, const ir::Table& file,
                           LoweredTable& lowered) {
  const auto column = [&](absl::string_view name) {
    return std::find(file.columns.begin(), file.columns.end(), name) - file.columns.begin();
  };
  const auto size = static_cast<std::ptrdiff_t>(file.columns.size());
  const std::ptrdiff_t time = column(kTime);
  lowered.timed = time < size;
  lowered.time_column = static_cast<uint32_t>(time < size ? time : 0);
  lowered.columns = static_cast<uint32_t>(size);
  if (file.values[0].empty()) return TableError(table, "has no rows");
  if (lowered.timed) {
    const std::vector<double>& times = file.values[lowered.time_column];
    BNSYN_RETURN_IF_ERROR(CheckIncrease(table, times));
    for (const double value : times) {
      if (table.off_grid != OffGrid::kError) break;
      const absl::StatusOr<uint64_t> steps =
          StepsOf(Quantity(value, Unit{dimension::kTime, 0}), dt);
      if (!steps.ok()) {
        return TableError(
            table,
            absl::StrCat("has a time that is no step: ", std::string(steps.status().message())),
            "the column time of the file is in ms; off_grid = \"up\" lets each begin with the "
            "next step");
      }
    }
  }
  if (!table.column.empty()) {
    if (column(table.column) == size) {
      return TableError(table,
                        absl::StrCat("needs the column '", table.column, "', which ", table.file,
                                     " has not", ir::DidYouMean(table.column, file.columns)));
    }
    lowered.first_column = static_cast<uint32_t>(column(table.column));
    lowered.columns = 1;
  } else if (lowered.timed) {
    if (time != 0 || size == 1) {
      return TableError(table, absl::StrCat("cannot tell times from values in ", table.file),
                        "let the column time be the first, and have values behind it");
    }
    lowered.first_column = 1;
    --lowered.columns;
  }
  return absl::OkStatus();
}

absl::Status DeclareTable(Declarations& declared, const ValueTable& table, ir::Program& program) {
  LoweredTable lowered;
  lowered.name = table.name;
  lowered.off_grid = table.off_grid;
  BNSYN_ASSIGN_OR_RETURN(const std::optional<Unit> unit, UnitOf(table));
  if (unit.has_value()) lowered.unit = *unit;
  if (table.file.empty() == table.rows.empty()) {
    return TableError(table, table.rows.empty() ? "has no values" : "has values and a file",
                      "give it file = \"x.csv\", or values = [...]");
  }
  if (!table.file.empty()) {
    BNSYN_ASSIGN_OR_RETURN(lowered.id, TableOf(declared.network, table.file, table.place, program));
    BNSYN_RETURN_IF_ERROR(
        ChooseColumns(declared.network.options.dt, table, program.tables[lowered.id], lowered));
  } else {
    if (!table.column.empty()) return TableError(table, "has no file to take a column of");
    lowered.timed = !table.times.empty();
    lowered.first_column = lowered.timed ? 1 : 0;
    BNSYN_ASSIGN_OR_RETURN(ir::Table built, BuildRows(declared, table, unit, lowered));
    if (lowered.timed) BNSYN_RETURN_IF_ERROR(CheckIncrease(table, built.values[0]));
    lowered.id = static_cast<ir::TableId>(program.tables.size());
    program.tables.push_back(std::move(built));
  }
  if (table.dt.has_value()) {
    if (lowered.timed) {
      return TableError(table, "has times and a dt", "leave one of them out");
    }
    const std::string what = absl::StrCat("the dt of ", table.name);
    BNSYN_ASSIGN_OR_RETURN(const uint64_t steps, EvaluateSteps(*table.dt, declared.constants,
                                                               declared.network.options.dt, what));
    if (steps == 0) {
      return ErrorIn(TextOf(*table.dt, what), absl::StrCat(what, " must be at least one step"));
    }
    lowered.interval_steps = steps;
  }
  declared.tables.push_back(std::move(lowered));
  return absl::OkStatus();
}

bool IsOfTime(const LoweredTable& table) { return table.timed || table.interval_steps != 0; }

// The last of so many rows whose time, which `time_of` reads, is not after `time`; row 0 if there
// is none. Found by bisection; rows past the end are the last one, by the meaning of lookup.
template <typename TimeOf>
ir::Value FindRow(size_t rows, ir::Value time, const TimeOf& time_of, ir::Builder& builder) {
  ir::Value row = builder.Literal(ir::Element::kI64, 0);
  for (uint64_t jump = std::bit_floor(rows - 1); jump > 0; jump /= 2) {
    const ir::Value ahead =
        builder.Emit(ir::Op::kAdd, {row, builder.Literal(ir::Element::kI64, jump)});
    const ir::Value come = builder.Emit(ir::Op::kLe, {time_of(ahead), time});
    row = builder.Emit(ir::Op::kSelect, {come, ahead, row});
  }
  return row;
}

// Emits reads of one table.
class TableReader {
 public:
  TableReader(const ir::Program& program, const LoweredTable& table, ir::Builder& builder)
      : program_(program), table_(table), builder_(builder) {}

  // `at` is a time, or a number of a row.
  ir::Value Read(ir::Value at, ir::Value column) {
    if (table_.timed) return Scale(ByTimes(Within(StepOf(at)), column));
    if (table_.interval_steps == 0) return Scale(Lookup(I64(at), column));
    ir::Value row = StepOf(at);
    if (table_.interval_steps > 1) {
      const ir::Value interval = builder_.F64(static_cast<double>(table_.interval_steps));
      row = builder_.Emit(ir::Op::kFloor, {builder_.Emit(ir::Op::kDiv, {row, interval})});
    }
    return Scale(Lookup(I64(row), column));
  }

  // The column of the table for the argument `number`; the only one if there is no argument.
  ir::Value Column(std::optional<ir::Value> number) {
    const ir::Value first = builder_.Literal(ir::Element::kI64, table_.first_column);
    if (!number.has_value() || table_.columns == 1) return first;
    // Columns before the first one of values hold times.
    const ir::Value zero = builder_.Literal(ir::Element::kI64, 0);
    if (table_.first_column == 0) return I64(*number);
    return builder_.Emit(ir::Op::kAdd, {builder_.Emit(ir::Op::kMax, {I64(*number), zero}), first});
  }

 private:
  double dt() const { return program_.dt; }
  ir::Value I64(ir::Value number) { return builder_.Convert(number, ir::Element::kI64); }
  ir::Value Lookup(ir::Value row, ir::Value column) {
    return builder_.Lookup(table_.id, row, column);
  }

  // The number of the step that a time lies in, f64 (R4). A time is a product or a sum, and
  // rounded: what is so little before a step is that step.
  ir::Value StepOf(ir::Value time) {
    if (time == EmitStepTime(builder_, dt()) || time == EmitStepEnd(builder_, dt())) {
      return ir::Value{builder_.node(time).operands[0]};
    }
    const double kLittle = Mutant("R4.row_of_a_time") ? 0 : 1e-9;
    const double kRelative = Mutant("R4.row_of_a_time") ? 0 : 0x1p-48;
    const auto emit = [&](ir::Op op, std::initializer_list<ir::Value> operands) {
      return builder_.Emit(op, operands);
    };
    const ir::Value steps = emit(ir::Op::kDiv, {time, builder_.F64(dt())});
    const ir::Value nearest = emit(ir::Op::kRint, {steps});
    const ir::Value away = emit(ir::Op::kAbs, {emit(ir::Op::kSub, {steps, nearest})});
    const ir::Value relative =
        emit(ir::Op::kMul, {emit(ir::Op::kAbs, {steps}), builder_.F64(kRelative)});
    const ir::Value little = emit(ir::Op::kMax, {relative, builder_.F64(kLittle)});
    return emit(ir::Op::kSelect,
                {emit(ir::Op::kLe, {away, little}), nearest, emit(ir::Op::kFloor, {steps})});
  }

  // A time that all rows of the step and those before it have come at, and no row of a later step:
  // the middle of the step, behind its own time, however that was rounded, and before the next.
  // Where times between two steps go to the next or to the one before, it is next to an end.
  ir::Value Within(ir::Value step) {
    constexpr double kLittle = 1e-6;
    const double part = table_.off_grid == OffGrid::kUp     ? kLittle
                        : table_.off_grid == OffGrid::kDown ? 1 - kLittle
                                                            : 0.5;
    return builder_.Emit(ir::Op::kMul, {builder_.Emit(ir::Op::kAdd, {step, builder_.F64(part)}),
                                        builder_.F64(dt())});
  }

  // The value of the last row whose time is not after `time`; 0 before the first.
  ir::Value ByTimes(ir::Value time, ir::Value column) {
    const size_t rows = program_.tables[table_.id].rows();
    const ir::Value times = builder_.Literal(ir::Element::kI64, table_.time_column);
    const ir::Value row = FindRow(
        rows, time, [&](ir::Value at) { return Lookup(at, times); }, builder_);
    const ir::Value begin = Lookup(builder_.Literal(ir::Element::kI64, 0), times);
    const ir::Value begun = builder_.Emit(ir::Op::kLe, {begin, time});
    return builder_.Emit(ir::Op::kSelect, {begun, Lookup(row, column), builder_.F64(0)});
  }

  // From the unit of the table's numbers to that of the program; a power of ten is exact.
  ir::Value Scale(ir::Value value) {
    const Unit& unit = table_.unit;
    if (unit.factor != 1) value = builder_.Emit(ir::Op::kMul, {value, builder_.F64(unit.factor)});
    if (unit.exponent == 0) return value;
    const ir::Value power = builder_.F64(std::pow(10.0, std::abs(unit.exponent)));
    return builder_.Emit(unit.exponent < 0 ? ir::Op::kDiv : ir::Op::kMul, {value, power});
  }

  const ir::Program& program_;
  const LoweredTable& table_;
  ir::Builder& builder_;
};

// How errors call a table of the network, or a file in its place.
std::string Called(const LoweredTable& table) {
  return IsIdentifier(table.name) ? absl::StrCat("table '", table.name, "'") : table.name;
}

// A file that is read without a row has one for each neuron of the population.
absl::Status CheckRows(const Section& section, const LoweredTable& table, size_t rows,
                       const Expr& call, const ir::SourceText& source) {
  if (!section.population.has_value()) {
    return ir::ErrorAt(source, call.range, "which row of the file?",
                       absl::StrCat("say it behind the file, as in ", table.name, "(i)"));
  }
  if (rows == section.size) return absl::OkStatus();
  return ir::ErrorAt(source, call.range,
                     absl::StrCat(table.name, " has ", rows, " values, but population '",
                                  section.name, "' has ", section.size, " neurons"),
                     absl::StrCat("say which row is read, as in ", table.name, "(i)"));
}

// A table with a column for each neuron must have as many as there are neurons.
absl::Status CheckColumns(const ir::Program& program, const LoweredTable& table,
                          const Expr& argument, const ir::SourceText& source, Scope& scope) {
  const ir::DomainId domain = scope.domain();
  if (argument.kind != ExprKind::kName || argument.name != "i" || program.Size(domain) == 0) {
    return absl::OkStatus();
  }
  // Some of the neurons have numbers of their own.
  BNSYN_ASSIGN_OR_RETURN(const TypedValue number, EmitExpression(argument, source, scope));
  const int64_t neurons = number.greatest + 1;
  if (neurons == table.columns) return absl::OkStatus();
  const bool all = neurons == program.Size(domain);
  return ir::ErrorAt(source, argument.range,
                     absl::StrCat(Called(table), " has ", table.columns,
                                  table.columns == 1 ? " column" : " columns", ", but ",
                                  all ? "" : "this part of ", program.DomainName(domain), " has ",
                                  neurons, " neurons"),
                     "a table that is read at i has a column for each neuron");
}

}  // namespace

absl::Status DeclareTables(Declarations& declared, ProgramBuilder& out) {
  TakenNames names = NamesInUse(declared);
  for (const ValueTable& table : declared.network.tables) {
    BNSYN_RETURN_IF_ERROR(CheckName(table, names));
    BNSYN_RETURN_IF_ERROR(DeclareTable(declared, table, out.program));
  }
  return absl::OkStatus();
}

absl::StatusOr<TypedValue> EmitFileRead(const Declarations& declared, const Expr& call, bool rows,
                                        const ir::SourceText& source, CodeScope& scope,
                                        ir::Program& program) {
  ValueTable table;
  table.name = call.file;
  table.place = PartOf(source, call.range);
  table.file = call.file;
  table.column = call.column;
  LoweredTable lowered;
  lowered.name = absl::StrCat("file(\"", call.file, "\")");
  BNSYN_ASSIGN_OR_RETURN(lowered.id, TableOf(declared.network, table.file, table.place, program));
  BNSYN_RETURN_IF_ERROR(
      ChooseColumns(declared.network.options.dt, table, program.tables[lowered.id], lowered));
  Expr read = call;
  const bool own = read.children.empty();
  if (rows || own) lowered = RowsOf(std::move(lowered));
  if (own) {
    const size_t count = program.tables[lowered.id].values[0].size();
    BNSYN_RETURN_IF_ERROR(CheckRows(scope.section(), lowered, count, call, source));
    Expr& index = read.children.emplace_back();
    index.kind = ExprKind::kName;
    index.name = std::string(1, 'i');  // where "i" is assigned, g++ 12 warns of an overlap
    index.range = call.range;
  }
  BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitTableRead(program, lowered, read, source, scope));
  value.of_file = true;
  return value;
}

LoweredTable RowsOf(LoweredTable table) {
  table.timed = false;
  table.interval_steps = 0;
  return table;
}

std::string TableUsage(const LoweredTable& table) {
  return absl::StrCat(table.name, IsOfTime(table) ? "(t" : "(row",
                      table.columns == 1 ? ")" : ", i)");
}

absl::StatusOr<TypedValue> EmitTableRead(const ir::Program& program, const LoweredTable& table,
                                         const Expr& call, const ir::SourceText& source,
                                         Scope& scope) {
  const size_t count = call.children.size();
  if (count == 0 || count > 2 || (count == 1 && table.columns > 1)) {
    return ir::ErrorAt(
        source, call.range,
        absl::StrCat(Called(table), " has ", table.columns,
                     table.columns == 1 ? " column" : " columns", " of values, so it takes ",
                     table.columns == 1 ? "1 argument" : "2 arguments", ", not ", count),
        absl::StrCat("read it as ", TableUsage(table),
                     table.columns == 1  ? ""
                     : call.file.empty() ? "; column = \"NAME\" takes one column of a file"
                                         : "; file(\"FILE\", \"NAME\") takes one column"));
  }
  const bool of_time = IsOfTime(table);
  const auto emit = [&](const Expr& argument, const Dimension& dimension,
                        const char* what) -> absl::StatusOr<ir::Value> {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitFloat(argument, source, scope));
    if (scope.builder().type(value.value).element != ir::Element::kF64) {
      return ir::ErrorAt(source, argument.range, "this is true or false where a number is needed",
                         "int(...) makes 1 or 0 of it");
    }
    if (&argument == &call.children[0] && !of_time && value.dimension == dimension::kTime) {
      return ir::ErrorAt(source, argument.range, absl::StrCat(Called(table), " has no times"),
                         "a first column time, in ms, gives a file times; under [tables], dt does");
    }
    BNSYN_RETURN_IF_ERROR(ExpectDimension(
        value, dimension, absl::StrCat("the ", what, " of ", table.name), source, argument.range));
    return value.value;
  };
  BNSYN_ASSIGN_OR_RETURN(
      const ir::Value at,
      emit(call.children[0], of_time ? dimension::kTime : Dimension{}, of_time ? "time" : "row"));
  std::optional<ir::Value> column;
  if (count == 2) {
    BNSYN_RETURN_IF_ERROR(CheckColumns(program, table, call.children[1], source, scope));
    BNSYN_ASSIGN_OR_RETURN(column, emit(call.children[1], Dimension{}, "column"));
  }
  TableReader reader(program, table, scope.builder());
  const ir::Value value = reader.Read(at, reader.Column(column));
  return TypedValue{value, table.unit.dimension};
}

absl::StatusOr<ir::TableId> DeclareCourse(const Declarations& declared, const Setting& setting,
                                          const Quantity& first, const std::string& what,
                                          ir::Program& program) {
  ir::Table table;
  table.name = UnusedName(program, absl::StrCat(what, ".course"));
  table.columns = {"step", "value"};
  table.values = {{0.0}, {first.value}};
  for (const Setting::Change& change : setting.changes()) {
    const std::string when = absl::StrCat("a time at which ", what, " changes");
    BNSYN_ASSIGN_OR_RETURN(const uint64_t step, EvaluateSteps(change.time, declared.constants,
                                                              declared.network.options.dt, when));
    if (static_cast<double>(step) <= table.values[0].back()) {
      return ErrorIn(TextOf(change.time, when),
                     step == 0 ? absl::StrCat(what, " has its first value at 0, which is no change")
                               : absl::StrCat("this is not after the change before it"),
                     "times increase, and the first is after 0");
    }
    BNSYN_ASSIGN_OR_RETURN(const Quantity value,
                           Evaluate(change.value, declared.constants, first.dimension, what));
    table.values[0].push_back(static_cast<double>(step));
    table.values[1].push_back(value.value);
  }
  table.digest = ir::TableDigest(table);
  program.tables.push_back(std::move(table));
  return static_cast<ir::TableId>(program.tables.size() - 1);
}

ir::Value EmitCourse(const ir::Program& program, ir::TableId course, ir::Builder& builder) {
  // The step itself, and not the time: solvers see that the value keeps within a step.
  const ir::Value step =
      builder.Convert(builder.Emit(ir::Op::kStep, {ir::Element::kU64, ir::DomainId::kNetwork}, {}),
                      ir::Element::kF64);
  const ir::Value steps = builder.Literal(ir::Element::kI64, 0);
  const ir::Value row = FindRow(
      program.tables[course].rows(), step,
      [&](ir::Value at) { return builder.Lookup(course, at, steps); }, builder);
  return builder.Lookup(course, row, builder.Literal(ir::Element::kI64, 1));
}

}  // namespace bnsyn::compiler
