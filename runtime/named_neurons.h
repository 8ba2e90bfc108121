// Variables of some of the neurons of a population, by name: "left.V" of a group, "exc[0:50].V".
#ifndef BNSYN_RUNTIME_NAMED_NEURONS_H_
#define BNSYN_RUNTIME_NAMED_NEURONS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/lowering/select_neurons.h"
#include "ir/program.h"

namespace bnsyn {

// The populations and groups of a program; NeuronSet::section is the number of the population.
compiler::NamedNeurons NamedNeuronsOf(const ir::Program& program);

// The numbers of the neurons of a set in their population.
std::vector<uint32_t> NumbersOf(const compiler::NeuronSet& neurons);

// A variable as the program names it, and the elements of it that a text selects.
struct SelectedVariable {
  std::string name;                             // "exc.V"
  std::optional<compiler::NeuronSet> elements;  // nullopt for all
};

// What a text names. Subscripts may stand behind the neurons, as in "exc[0:50].V" or
// "left[0:10].V", or behind the variable: "exc.V[0:50]", "left.V[0:10]". `size_of` gives the number
// of values of a variable that is not of neurons. Fails if the subscripts select nothing, or what
// there is not; whether there is such a variable is not checked.
absl::StatusOr<SelectedVariable> FindSelected(
    const ir::Program& program, const ir::SourceText& text,
    const std::function<absl::StatusOr<uint32_t>(const std::string& name)>& size_of);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_NAMED_NEURONS_H_
