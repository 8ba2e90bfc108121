#include "compiler/equations/explanations.h"

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace bnsyn::compiler {
namespace {

// ", step 1 of 2" for a variable that moves more than once in a step or substep, and
// ", in each of 10 substeps".
std::string TimesOf(const IntegrationPlan& plan, const Formulas::Moved& moved) {
  std::string text;
  if (moved.move.parts > 1) {
    absl::StrAppend(&text, ", step ", moved.move.part + 1, " of ", moved.move.parts);
  }
  if (moved.move.method == Method::kRk45) {
    absl::StrAppend(&text, ", to within ", moved.move.tolerances.relative, " of itself and ",
                    moved.move.tolerances.absolute, " in the unit below");
  }
  if (plan.substeps > 1) absl::StrAppend(&text, ", in each of ", plan.substeps, " substeps");
  return text;
}

// "    reads the mean over the step of g, 1.0101*g'", a line for each.
std::string MeansOf(const OdeSystem& system, const Formulas& formulas, const Move& move) {
  std::string text;
  for (const size_t e : move.means) {
    absl::StrAppend(&text, "    reads the mean over the step of ", system.equations()[e].name());
    const auto found = formulas.means.find(e);
    if (found != formulas.means.end()) absl::StrAppend(&text, ", ", found->second);
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace

std::string LineOf(const Equation& equation, const ir::SourceText& source) {
  const size_t line = source.text.rfind('\n', equation.name_range.offset);
  const size_t begin = line == std::string::npos ? 0 : line + 1;
  size_t end = equation.unit_range.offset + equation.unit_range.length;
  if (!equation.flag_ranges.empty()) {
    // The flags end with the bracket that closes them.
    end = source.text.find(')', equation.flag_ranges.back().offset) + 1;
  }
  std::string text = source.text.substr(begin, end - begin);
  absl::RemoveExtraAsciiWhitespace(&text);
  return text;
}

std::string ExplainMoves(const OdeSystem& system, const IntegrationPlan& plan,
                         const Formulas& formulas, const std::string& prefix) {
  FormulaPrinter printer(system.scope().program(), system.builder(), formulas.names, prefix);
  std::string text;
  std::set<size_t> explained;
  for (const Formulas::Moved& moved : formulas.moves) {
    const OdeEquation& ode = system.equations()[moved.move.equation];
    if (explained.insert(moved.move.equation).second) {
      absl::StrAppend(&text, "\n  ", LineOf(*ode.equation, system.source()), "\n");
    } else {
      absl::StrAppend(&text, "\n  d", ode.name(), "/dt again\n");
    }
    absl::StrAppend(&text, "    ", std::string(NameOf(moved.move.method)), ": ", moved.move.reason,
                    TimesOf(plan, moved), "\n", MeansOf(system, formulas, moved.move));
    for (const std::string& line : printer.Lines(moved.name, moved.value)) {
      absl::StrAppend(&text, "    ", line, "\n");
    }
    const std::string unit = DisplayUnit(ode.equation->unit.dimension);
    if (!unit.empty()) absl::StrAppend(&text, "    in ", unit);
    if (ode.held) {
      absl::StrAppend(&text, unit.empty() ? "    " : "; ", "kept while the neuron is refractory");
    }
    if (!unit.empty() || ode.held) absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace bnsyn::compiler
