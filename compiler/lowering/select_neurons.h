// What a text such as "exc[0:50]" selects among the neurons of a population or group.
#ifndef BNSYN_COMPILER_LOWERING_SELECT_NEURONS_H_
#define BNSYN_COMPILER_LOWERING_SELECT_NEURONS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/language/code.h"
#include "compiler/language/expression.h"
#include "ir/diagnostic.h"
#include "ir/selection.h"

namespace bnsyn::compiler {

// Neurons of one population, all or some.
struct NeuronSet {
  size_t section = 0;  // the number of the population among those of the network
  uint32_t population_size = 0;
  ir::Selection selected;
  uint32_t size = 0;  // how many are selected

  ir::SelectedNeurons numbers() const { return {selected, population_size}; }
};

// Populations and groups by their names.
using NamedNeurons = std::map<std::string, NeuronSet>;

// The neurons that an expression selects: a name, or subscripts of one. Subscripts may read
// `constants`, N, and the numbers i of neurons. An error if there is no such name or neuron, or if
// none is selected.
absl::StatusOr<NeuronSet> SelectNeurons(const Expr& expr, const ir::SourceText& source,
                                        const NamedNeurons& named,
                                        const std::vector<Constant>& constants);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_SELECT_NEURONS_H_
