#include "ir/table.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "ir/mutant.h"
#include "ir/numpy_file.h"
#include "ir/status_macros.h"

namespace bnsyn::ir {
namespace {

// From so many numbers on, the digest of a column takes each as a whole.
constexpr size_t kLargeColumn = size_t{1} << 20;

// A piece of the file without the white space around it.
SourceRange Trimmed(absl::string_view text, size_t begin, size_t end) {
  while (begin < end && absl::ascii_isspace(static_cast<unsigned char>(text[begin]))) ++begin;
  while (end > begin && absl::ascii_isspace(static_cast<unsigned char>(text[end - 1]))) --end;
  return {begin, end - begin};
}

std::vector<SourceRange> Cells(absl::string_view text, SourceRange line) {
  std::vector<SourceRange> cells;
  const size_t end = line.offset + line.length;
  size_t begin = line.offset;
  for (size_t i = begin; i <= end; ++i) {
    if (i == end || text[i] == ',') {
      cells.push_back(Trimmed(text, begin, i));
      begin = i + 1;
    }
  }
  return cells;
}

absl::StatusOr<double> Number(const SourceText& source, SourceRange cell) {
  const absl::string_view text = absl::string_view(source.text).substr(cell.offset, cell.length);
  const char* end = text.data() + text.size();
  double value = 0;
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec == std::errc::result_out_of_range) {
    return ErrorAt(source, cell,
                   absl::StrCat("'", text, "' is too large or too small for a double"));
  }
  if (text.empty()) {
    return ErrorAt(source, cell, "a number is missing here", "every row needs one in each column");
  }
  if (result.ec != std::errc() || result.ptr != end) {
    return ErrorAt(source, cell, absl::StrCat("'", text, "' is not a number"),
                   "write numbers as 12, -0.5 or 1e-3, separated by commas");
  }
  if (std::isnan(value)) return ErrorAt(source, cell, "a table cannot hold NaN");
  // Digits are meant to the last one; an exponent says that they are not.
  constexpr double kExact = 0x1p53;
  if (std::fabs(value) > kExact && text.find_first_not_of("-0123456789") == text.npos) {
    return ErrorAt(source, cell,
                   absl::StrCat("'", text, "' is an integer beyond 2^53, where a table of doubles ",
                                "has no exact ones"),
                   absl::StrCat("a float has a point or an exponent: ", value));
  }
  return value;
}

// The columns of a file: those of the table, and of recorded spikes those that are not.
struct Columns {
  size_t count = 0;
  std::vector<size_t> kept;  // numbers among all
  std::optional<size_t> population;
};

bool Has(const SourceText& source, const std::vector<SourceRange>& cells, absl::string_view name) {
  return std::any_of(cells.begin(), cells.end(), [&](SourceRange cell) {
    return absl::string_view(source.text).substr(cell.offset, cell.length) == name;
  });
}

// The column of a table that a recorded one becomes.
std::string NameInTable(std::string column) {
  if (column == "time_ms") return "time";
  if (column == "neuron") return "index";
  return column;
}

absl::Status ReadHeader(const SourceText& source, SourceRange line, Table& table,
                        Columns& columns) {
  const auto cells = Cells(source.text, line);
  columns.count = cells.size();
  const bool recorded = Has(source, cells, "time_ms");
  for (size_t c = 0; c < cells.size(); ++c) {
    const SourceRange cell = cells[c];
    std::string column = source.text.substr(cell.offset, cell.length);
    if (column.empty()) return ErrorAt(source, cell, "a column has no name");
    if (recorded && column == "population") columns.population = c;
    if (recorded && (column == "population" || column == "step")) continue;
    column = recorded ? NameInTable(std::move(column)) : std::move(column);
    columns.kept.push_back(c);
    // Columns of a recorded variable are numbers of neurons.
    if (!recorded && Number(source, cell).ok()) {
      return ErrorAt(source, cell, absl::StrCat("'", column, "' is a number, not a column name"),
                     "the first line of a table names its columns, as in pre,post,weight");
    }
    for (const std::string& other : table.columns) {
      if (other == column) {
        return ErrorAt(source, cell, absl::StrCat("there are two columns '", column, "'"));
      }
    }
    table.columns.push_back(std::move(column));
  }
  table.values.resize(table.columns.size());
  return absl::OkStatus();
}

absl::Status ReadRow(const SourceText& source, SourceRange line, const Columns& columns,
                     std::string& population, Table& table) {
  const auto cells = Cells(source.text, line);
  if (cells.size() != columns.count) {
    return ErrorAt(source, line,
                   absl::StrCat("this row has ", cells.size(),
                                cells.size() == 1 ? " cell" : " cells", ", but the header names ",
                                columns.count, columns.count == 1 ? " column" : " columns"));
  }
  if (columns.population.has_value()) {
    const SourceRange cell = cells[*columns.population];
    const std::string name = source.text.substr(cell.offset, cell.length);
    if (!table.only.empty() && name != table.only) return absl::OkStatus();
    if (population.empty()) population = name;
    if (name != population) {
      return ErrorAt(
          source, cell,
          absl::StrCat("these are spikes of '", name, "', and those before of '", population, "'"),
          absl::StrCat("say whose to take, as in population = \"", name, "\""));
    }
  }
  for (size_t i = 0; i < columns.kept.size(); ++i) {
    BNSYN_ASSIGN_OR_RETURN(const double value, Number(source, cells[columns.kept[i]]));
    table.values[i].push_back(value);
  }
  return absl::OkStatus();
}

// The number by which a file of recorded spikes, NAME.npy, calls a population: that of its name in
// NAME.populations.npy.
absl::StatusOr<double> NumberOf(const std::string& population, const std::string& path) {
  const std::string names_path = absl::StrCat(absl::StripSuffix(path, ".npy"), ".populations.npy");
  const absl::StatusOr<std::string> bytes = ReadFile(names_path, kMostTable);
  if (!bytes.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' numbers its populations, and '", names_path,
                     "', which has their names, cannot be read: ", bytes.status().message()));
  }
  BNSYN_ASSIGN_OR_RETURN(const std::vector<std::string> names, ReadNumpyTexts(*bytes, names_path));
  const auto found = std::find(names.begin(), names.end(), population);
  if (found != names.end()) return static_cast<double>(found - names.begin());
  return absl::InvalidArgumentError(absl::StrCat("'", path, "' has no spikes of '", population, "'",
                                                 DidYouMean(population, names)));
}

// Leaves the rows of the population whose spikes are wanted.
absl::Status KeepPopulation(const std::string& path, const std::string& only,
                            NumberColumns& columns) {
  const auto found = std::find(columns.names.begin(), columns.names.end(), "population");
  if (found == columns.names.end()) {
    if (only.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "'", path, "' says of no row whose spike it is: leave out population = \"", only, "\""));
  }
  const std::vector<double> of = columns.values[static_cast<size_t>(found - columns.names.begin())];
  if (only.empty()) {
    if (std::all_of(of.begin(), of.end(), [&](double one) { return one == of[0]; })) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("'", path, "' has spikes of several populations: say whose to take, as in ",
                     "population = \"exc\""));
  }
  BNSYN_ASSIGN_OR_RETURN(const double wanted, NumberOf(only, path));
  for (std::vector<double>& values : columns.values) {
    size_t kept = 0;
    for (size_t row = 0; row < of.size(); ++row) {
      if (of[row] == wanted) values[kept++] = values[row];
    }
    values.resize(kept);
  }
  return absl::OkStatus();
}

// The columns of a file of NumPy, with the names that a table has.
absl::Status TakeColumns(absl::string_view bytes, const std::string& path, Table& table) {
  BNSYN_ASSIGN_OR_RETURN(NumberColumns columns, ReadNumpyFile(bytes, path));
  const bool recorded =
      std::find(columns.names.begin(), columns.names.end(), "time_ms") != columns.names.end();
  if (recorded || !table.only.empty()) {
    BNSYN_RETURN_IF_ERROR(KeepPopulation(path, table.only, columns));
  }
  for (size_t c = 0; c < columns.names.size(); ++c) {
    std::string name = columns.names[c];
    if (recorded && (name == "population" || name == "step")) continue;
    if (recorded) name = NameInTable(std::move(name));
    if (recorded && name != columns.names[c] &&
        std::find(columns.names.begin(), columns.names.end(), name) != columns.names.end()) {
      return absl::InvalidArgumentError(absl::StrCat("'", path, "': '", columns.names[c],
                                                     "' is the column ", name, ", which the file ",
                                                     "has besides"));
    }
    table.columns.push_back(std::move(name));
    table.values.push_back(std::move(columns.values[c]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Table> ReadTable(absl::string_view name, absl::string_view file,
                                absl::string_view directory, absl::string_view only) {
  // An absolute file replaces the directory.
  const std::filesystem::path path =
      std::filesystem::path(std::string(directory)) / std::string(file);
  BNSYN_ASSIGN_OR_RETURN(std::string contents, ReadFile(path.string(), kMostTable));
  Table table;
  table.name = std::string(name);
  table.file = std::string(file);
  table.only = std::string(only);
  if (IsNumpyFile(contents)) {
    BNSYN_RETURN_IF_ERROR(TakeColumns(contents, path.string(), table));
    table.digest = TableDigest(table);
    return table;
  }
  const SourceText source = {path.string(), std::move(contents), 1, 1};
  const std::string& text = source.text;

  if (const size_t nul = text.find('\0'); nul != text.npos) {
    return ErrorAt(source, {nul, 1}, "this is a binary file, not a table",
                   "tables are CSV, a line of column names and then rows of numbers, or files of "
                   "NumPy");
  }
  Columns columns;
  std::string population;  // whose spikes are read
  // Spreadsheets may begin a file with a byte order mark.
  size_t begin = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const SourceRange line = Trimmed(text, begin, end);
    begin = end + 1;
    if (line.length == 0 || text[line.offset] == '#') continue;
    BNSYN_RETURN_IF_ERROR(columns.count == 0 ? ReadHeader(source, line, table, columns)
                                             : ReadRow(source, line, columns, population, table));
  }
  if (table.columns.empty()) {
    return ErrorAt(source, {0, 1}, "the table is empty",
                   "its first line names the columns, as in pre,post,weight");
  }
  if (!table.only.empty() && !columns.population.has_value()) {
    return ErrorAt(source, {0, 1}, "this file says of no row whose spike it is",
                   "files that bnsyn run --out has written do, in a column population");
  }
  table.digest = TableDigest(table);
  return table;
}

std::optional<uint64_t> WholeSteps(double time, double dt) {
  const double steps = time / dt;
  const double nearest = std::nearbyint(steps);
  constexpr double kMost = 9007199254740992;  // beyond 2^53 a double no longer counts one by one
  const double kTolerance = Mutant("R4.tolerance") ? 1e-3 : 1e-9;
  if (!(nearest >= 0 && nearest < kMost)) return std::nullopt;
  if (std::fabs(steps - nearest) > kTolerance * std::max(1.0, nearest)) return std::nullopt;
  return static_cast<uint64_t>(nearest);
}

std::optional<uint64_t> WholeSteps(double time, double dt, OffGrid off_grid) {
  const std::optional<uint64_t> whole = WholeSteps(time, dt);
  const double steps = time / dt;
  if (whole || off_grid == OffGrid::kError || !(steps >= 0 && steps < 0x1p53)) return whole;
  switch (off_grid) {
    case OffGrid::kError:
      break;
    case OffGrid::kNearest:
      return static_cast<uint64_t>(std::ceil(steps - 0.5));
    case OffGrid::kUp:
      return static_cast<uint64_t>(std::ceil(steps));
    case OffGrid::kDown:
      return static_cast<uint64_t>(std::floor(steps));
  }
  return whole;
}

uint64_t TableDigest(const Table& table) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](uint64_t byte) { hash = (hash ^ byte) * 0x100000001b3; };
  for (const std::string& column : table.columns) {
    for (const char c : column) add(static_cast<unsigned char>(c));
    add(0);
  }
  for (const std::vector<double>& values : table.values) {
    for (const double value : values) {
      const Bits bits = BitsOfF64(value);
      // Of millions of numbers one step each.
      if (values.size() >= kLargeColumn) {
        hash = std::rotl((hash ^ bits) * 0x100000001b3, 29);
        continue;
      }
      for (int shift = 0; shift < 64; shift += 8) add(bits >> shift & 0xff);
    }
  }
  return hash;
}

}  // namespace bnsyn::ir
