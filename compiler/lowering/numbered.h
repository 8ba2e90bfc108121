// Numbered names of models: a name that ends in the index of a numbering, as I_syn_k, stands for
// I_syn_1, I_syn_2 and so on, one for each value of the parameters that the index counts
// (Model::Numbered). Each population has its own number of them, so each gets its own model, in
// which the names are written out.
#ifndef BNSYN_COMPILER_LOWERING_NUMBERED_H_
#define BNSYN_COMPILER_LOWERING_NUMBERED_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bnsyn/network.h"
#include "compiler/language/expression.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {

// True if a model of the network has numbered names.
bool HasNumbered(const Network& network);

// The network with a model of its own for each population whose model has numbered names. There
// settings, methods and the order are written out and the numberings have their counts; the code is
// left to the functions below, which know its places.
absl::StatusOr<Network> WriteOutNumbered(const Network& network);

// Write out code of a model that WriteOutNumbered has returned: an equation of a numbered variable
// and a statement that assigns one become several, and sum(...) of numbered names becomes their
// sum. Elsewhere a numbered name is an error.
absl::Status WriteOutNumbered(const Model& model, const ir::SourceText& text,
                              std::vector<Equation>& equations);
absl::Status WriteOutNumbered(const Model& model, const ir::SourceText& text,
                              std::vector<Statement>& statements);
absl::Status WriteOutNumbered(const Model& model, const ir::SourceText& text, Expr& expression);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_NUMBERED_H_
