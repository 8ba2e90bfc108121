// Checks of names, shared by models of neurons and of synapses.
#ifndef BNSYN_COMPILER_LOWERING_NAMES_H_
#define BNSYN_COMPILER_LOWERING_NAMES_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "compiler/lowering/lowering.h"

namespace bnsyn::compiler {

// Fails unless `name` can name a new `what` ("a variable") beside `names`, to which it is added.
absl::Status CheckNewName(const std::string& name, absl::string_view what,
                          const ir::SourceText& place, ir::SourceRange range,
                          std::set<std::string>& names);
// Fails where an equation x = ... is defined through itself.
absl::Status CheckNoCycles(const ModelCode& code);
// Puts the bounds of variables of a section into its states. `owner` names the one who gives them
// ("model 'lif'"), and `name` begins the names of settings in errors.
absl::Status DeclareBounds(Lowering& lowering, const std::vector<Model::Bound>& bounds,
                           absl::string_view owner, absl::string_view name, const Section& section);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_NAMES_H_
