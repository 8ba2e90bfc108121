// What models require of their parameters, when a network is lowered and when the host changes a
// tunable parameter later.
#ifndef BNSYN_COMPILER_LOWERING_REQUIREMENTS_H_
#define BNSYN_COMPILER_LOWERING_REQUIREMENTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bnsyn/model.h"
#include "bnsyn/units.h"
#include "compiler/language/code.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// The value of a parameter, as requirements see it: where it is given, and whether that is in the
// place of a value of the model.
struct RequiredValue {
  std::string name;
  Quantity value;
  ir::SourceText place;
  bool is_own = false;
  std::optional<ir::TableId> course = {};  // of a value that changes at given times
  std::string tunable = {};  // what the host calls it, "exc.b"; empty if it may not change it
};

// A condition on parameters of which the host may change at least one, with their present values.
struct TunableRequirement {
  Model::Requirement requirement;
  std::string owner;  // "the model 'stdp'"
  std::vector<RequiredValue> values;
  std::vector<Constant> constants;
  std::vector<std::string> tunables;  // those that it reads, as the host calls them
};

// Gives the parameter that the host calls `name` a new value in all requirements. InvalidArgument,
// and nothing changes, if one does not hold then.
absl::Status ChangeRequiredValue(absl::string_view name, const Quantity& value,
                                 std::vector<TunableRequirement>& requirements);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_REQUIREMENTS_H_
