#include "runtime/named_neurons.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/language/expression.h"
#include "ir/status_macros.h"

namespace bnsyn {
namespace {

using compiler::Expr;
using compiler::ExprKind;

// The name in an expression of subscripts.
Expr& BaseOf(Expr& expr) {
  Expr* base = &expr;
  while (base->kind == ExprKind::kSubscript) base = &base->children[0];
  return *base;
}

}  // namespace

compiler::NamedNeurons NamedNeuronsOf(const ir::Program& program) {
  compiler::NamedNeurons named;
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    const ir::Population& population = program.populations[p];
    if (!program.HasNeurons(p)) continue;
    named[population.name] = {p, population.size, {}, population.size};
  }
  for (const ir::Group& group : program.groups) {
    const uint32_t size = program.populations[group.population].size;
    named[group.name] = {group.population, size, group.neurons,
                         ir::SelectedNeurons(group.neurons, size).size()};
  }
  return named;
}

std::vector<uint32_t> NumbersOf(const compiler::NeuronSet& neurons) {
  const ir::SelectedNeurons selected = neurons.numbers();
  std::vector<uint32_t> numbers;
  numbers.reserve(selected.size());
  for (uint32_t rank = 0; rank < selected.size(); ++rank) numbers.push_back(selected[rank]);
  return numbers;
}

absl::StatusOr<SelectedVariable> FindSelected(
    const ir::Program& program, const ir::SourceText& source,
    const std::function<absl::StatusOr<uint32_t>(const std::string& name)>& size_of) {
  const std::string& plain = source.text;
  const absl::string_view text = plain;
  compiler::NamedNeurons named = NamedNeuronsOf(program);
  const absl::string_view before = text.substr(0, text.find_first_of(".["));
  const bool of_group = program.FindGroup(before) != nullptr;
  if (!of_group && text.find('[') == absl::string_view::npos) return SelectedVariable{plain, {}};

  BNSYN_ASSIGN_OR_RETURN(Expr expr, compiler::ParseExpression(source));
  std::string variable;
  if (expr.kind == ExprKind::kMember) {
    variable = expr.name;
    Expr inner = std::move(expr.children[0]);
    expr = std::move(inner);
  }
  Expr& base = BaseOf(expr);
  const size_t point = base.name.find('.');
  if (base.kind == ExprKind::kName && variable.empty() && point != std::string::npos) {
    variable = base.name.substr(point + 1);
    const std::string owner = base.name.substr(0, point);
    if (named.count(owner) > 0) {
      base.name = owner;
    } else {
      // A variable of synapses, whose numbers are selected.
      BNSYN_ASSIGN_OR_RETURN(const uint32_t size, size_of(base.name));
      named[base.name] = {0, size, {}, size};
      const std::string name = base.name;
      BNSYN_ASSIGN_OR_RETURN(compiler::NeuronSet elements,
                             compiler::SelectNeurons(expr, source, named, {}));
      return SelectedVariable{name, std::move(elements)};
    }
  }
  BNSYN_ASSIGN_OR_RETURN(compiler::NeuronSet elements,
                         compiler::SelectNeurons(expr, source, named, {}));
  if (variable.empty()) {
    return ir::ErrorAt(source, expr.range, "these are neurons, and no variable of theirs",
                       absl::StrCat("as in ", plain, ".V"));
  }
  return SelectedVariable{absl::StrCat(program.populations[elements.section].name, ".", variable),
                          std::move(elements)};
}

}  // namespace bnsyn
