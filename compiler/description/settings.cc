#include "compiler/description/settings.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "ir/table.h"

namespace bnsyn::compiler {
namespace {

std::string WriteQuantity(const Quantity& quantity) {
  const std::string unit = DisplayUnit(quantity.dimension);
  return absl::StrCat(quantity.value, unit.empty() ? "" : " ", unit);
}

// Names with a meaning of their own in code.
constexpr absl::string_view kReserved[] = {
    "t",  "dt",  "i",  "N",   "not_refractory", "lastspike", "refractory", "true", "false", "and",
    "or", "not", "if", "else"};

bool IsReserved(absl::string_view name) {
  return IsWhiteNoise(name) ||
         std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved);
}

}  // namespace

ir::SourceRange Whole(const ir::SourceText& text) {
  return {0, text.text.empty() ? 1 : text.text.size()};
}

ir::SourceText PartOf(const ir::SourceText& source, ir::SourceRange range) {
  const absl::string_view before = absl::string_view(source.text).substr(0, range.offset);
  const auto lines = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const size_t line = before.rfind('\n') + 1;  // 0 where there is none
  const int column =
      static_cast<int>(before.size() - line) + (lines == 0 ? source.first_column : 1);
  return {source.name, source.text.substr(before.size(), range.length), source.first_line + lines,
          column};
}

absl::Status ErrorIn(const ir::SourceText& text, absl::string_view message,
                     absl::string_view note) {
  return ir::ErrorAt(text, Whole(text), message, note);
}

ir::SourceText TextOf(const Setting& setting, absl::string_view what) {
  ir::SourceText text = setting.is_text() ? setting.text() : ir::SourceText{};
  if (!setting.is_text()) text.text = WriteQuantity(setting.quantity());
  if (text.name.empty()) text.name = std::string(what);
  return text;
}

ir::SourceText NamePlace(const Setting& setting, absl::string_view what) {
  return setting.name_place().name.empty() ? TextOf(setting, what) : setting.name_place();
}

absl::StatusOr<Quantity> Evaluate(const Setting& setting, const std::vector<Constant>& constants,
                                  absl::string_view what) {
  const ir::SourceText text = TextOf(setting, what);
  Quantity value;
  if (setting.is_text()) {
    if (absl::StripAsciiWhitespace(text.text).empty()) {
      return ErrorIn(text, absl::StrCat(what, " is empty"),
                     "give a number, with its unit if it has one: \"20 ms\"");
    }
    BNSYN_ASSIGN_OR_RETURN(value, EvaluateConstant(text, constants));
  } else {
    value = setting.quantity();
  }
  if (!std::isfinite(value.value)) {
    return ErrorIn(text, absl::StrCat(what, " is ", std::isnan(value.value) ? "NaN" : "infinite",
                                      ", it must be a finite number"));
  }
  if (value.value != 0 && std::fabs(value.value) < std::numeric_limits<double>::min()) {
    const std::string unit = DisplayUnit(value.dimension);
    return ErrorIn(text,
                   absl::StrCat(what, " is ", value.value, unit.empty() ? "" : " ", unit,
                                ", too small for a double that keeps its digits"),
                   "numbers of a network are 0, or from 2.3e-308 on");
  }
  return value;
}

absl::StatusOr<Quantity> Evaluate(const Setting& setting, const std::vector<Constant>& constants,
                                  const Dimension& expected, absl::string_view what) {
  BNSYN_ASSIGN_OR_RETURN(Quantity value, Evaluate(setting, constants, what));
  if (value.dimension != expected) {
    const ir::SourceText text = TextOf(setting, what);
    const std::string unit = DisplayUnit(expected);
    return ErrorIn(
        text,
        absl::StrCat(what, " must ", expected.dimensionless() ? "be " : "have the dimension ",
                     DescribeDimension(expected), ", but this is ",
                     DescribeDimension(value.dimension)),
        unit.empty() ? "" : absl::StrCat("give it a unit such as ", unit));
  }
  return value;
}

absl::StatusOr<uint64_t> EvaluateSteps(const Setting& setting,
                                       const std::vector<Constant>& constants, const Quantity& dt,
                                       absl::string_view what, OffGrid off_grid) {
  BNSYN_ASSIGN_OR_RETURN(const Quantity time, Evaluate(setting, constants, dimension::kTime, what));
  if (off_grid != OffGrid::kError) {
    const std::optional<uint64_t> rounded = ir::WholeSteps(time.value, dt.value, off_grid);
    if (rounded.has_value()) return *rounded;
  }
  const absl::StatusOr<uint64_t> steps = StepsOf(time, dt);
  if (steps.ok()) return steps;
  return ErrorIn(TextOf(setting, what),
                 absl::StrCat(what, ": ", std::string(steps.status().message())),
                 "times are whole numbers of steps: change this time, or dt");
}

absl::StatusOr<Quantity> EvaluateTimeStep(const ir::SourceText& text) {
  BNSYN_ASSIGN_OR_RETURN(const Quantity dt, Evaluate(Setting(text), {}, dimension::kTime, "dt"));
  if (!(dt.value > 0)) {
    return ErrorIn(text, "dt must be greater than 0");
  }
  return dt;
}

bool IsIdentifier(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) return false;
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

absl::Status CheckIdentifier(const std::string& name, absl::string_view what,
                             const ir::SourceText& place, ir::SourceRange range) {
  if (IsIdentifier(name)) return absl::OkStatus();
  return ir::ErrorAt(place, range, absl::StrCat("'", name, "' cannot name ", what),
                     "a name is letters, digits and '_', and does not begin with a digit");
}

absl::Status CheckNewName(const std::string& name, absl::string_view what,
                          const ir::SourceText& place, ir::SourceRange range, TakenNames& names) {
  BNSYN_RETURN_IF_ERROR(CheckIdentifier(name, what, place, range));
  if (IsReserved(name)) {
    return ir::ErrorAt(
        place, range, absl::StrCat("'", name, "' has a meaning of its own and cannot name ", what));
  }
  return TakeName(name, what, place, range, "", names);
}

std::string HolderOf(absl::string_view what, const ir::SourceText& place, ir::SourceRange range) {
  std::string holder(what);
  // What was built in C++ has no place.
  if (place.name.empty() || place.name == "network") return holder;
  const ir::SourceText part = PartOf(place, range);
  return absl::StrCat(holder, ", ", part.name, ":", part.first_line, ":", part.first_column);
}

absl::Status TakeName(const std::string& name, absl::string_view what, const ir::SourceText& place,
                      ir::SourceRange range, absl::string_view sharing, TakenNames& names) {
  const auto [first, fresh] = names.try_emplace(name, HolderOf(what, place, range));
  if (fresh) return absl::OkStatus();
  return ir::ErrorAt(place, range, absl::StrCat("the name '", name, "' is used twice"),
                     absl::StrCat("the first is ", first->second, "; give one of them another name",
                                  sharing.empty() ? "" : ": ", std::string(sharing)));
}

absl::StatusOr<std::vector<Constant>> EvaluateConstants(const Network& network) {
  const NetworkOptions& options = network.options;
  // One step must be a positive time.
  BNSYN_RETURN_IF_ERROR(StepsOf(options.dt, options.dt).status());
  std::vector<Constant> constants = {{"dt", options.dt}};
  TakenNames names;
  for (const auto& [name, value] : network.constants) {
    const ir::SourceText place = NamePlace(value, name);
    // N is reserved in code, but usual as a constant of the network.
    if (name == "N") {
      names.try_emplace(name, HolderOf("a constant", place, Whole(place)));
    } else {
      BNSYN_RETURN_IF_ERROR(CheckNewName(name, "a constant", place, Whole(place), names));
    }
    BNSYN_ASSIGN_OR_RETURN(const Quantity quantity, Evaluate(value, constants, name));
    constants.push_back({name, quantity});
  }
  return constants;
}

}  // namespace bnsyn::compiler

namespace bnsyn {

absl::StatusOr<uint64_t> StepsOf(const Quantity& time, const Quantity& dt) {
  if (time.dimension != dimension::kTime) {
    return absl::InvalidArgumentError(
        absl::StrCat("a time is needed, not ", DescribeDimension(time.dimension)));
  }
  if (dt.dimension != dimension::kTime || !(dt.value > 0) || !std::isfinite(dt.value)) {
    return absl::InvalidArgumentError("dt must be a positive time");
  }
  const double steps = time.value / dt.value;
  // Beyond 2^53 steps a double no longer counts them one by one.
  if (!(steps >= 0) || steps > 9007199254740992.0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a time from 0 to 2^53 steps is needed, not ", time.value, " ms"));
  }
  if (const std::optional<uint64_t> whole = ir::WholeSteps(time.value, dt.value)) return *whole;
  return absl::InvalidArgumentError(
      absl::StrCat(time.value, " ms is no multiple of dt = ", dt.value, " ms; the nearest are ",
                   std::floor(steps) * dt.value, " ms and ", std::ceil(steps) * dt.value, " ms"));
}

absl::StatusOr<uint64_t> DurationSteps(const Network& network) {
  BNSYN_ASSIGN_OR_RETURN(const std::vector<compiler::Constant> constants,
                         compiler::EvaluateConstants(network));
  return compiler::EvaluateSteps(network.duration, constants, network.options.dt, "the duration");
}

}  // namespace bnsyn
