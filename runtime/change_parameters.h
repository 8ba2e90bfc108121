// What becomes of a running network where a parameter changes that is compiled in: the network is
// lowered with the new value, and the state is carried over if it fits.
#ifndef BNSYN_RUNTIME_CHANGE_PARAMETERS_H_
#define BNSYN_RUNTIME_CHANGE_PARAMETERS_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bnsyn/network.h"
#include "bnsyn/units.h"
#include "compiler/lowering/requirements.h"
#include "compiler/options.h"
#include "ir/program.h"
#include "reference/moment.h"
#include "runtime/checkpoint_bytes.h"

namespace bnsyn {

// InvalidArgument if a number for something with the unit `declared` has another dimension.
absl::Status CheckDimension(const std::string& name, const std::string& declared,
                            const Quantity& value);

// Lowers a network in which some parameters have other values.
absl::StatusOr<ir::Program> LowerChanged(
    const Network& network, const ChangedParameters& changed,
    const compiler::CompileOptions& options,
    std::vector<compiler::TunableRequirement>* requirements = nullptr);

// Gives a tunable parameter a value in requirements, without a look at whether they hold.
void SetRequiredValue(absl::string_view name, double value,
                      std::vector<compiler::TunableRequirement>& requirements);

// The first line in which two texts differ, of each of them; "nothing" behind the end of a text.
// Nullopt if they are the same.
std::optional<std::pair<std::string, std::string>> FirstDifference(absl::string_view first,
                                                                   absl::string_view second);

// FailedPrecondition if the state of `before` is none of `after`, both as they were lowered: if
// neurons, variables, delays, or which neurons are joined differ. Else their states have the same
// numbers.
absl::Status CheckSameShape(const ir::Program& before, const ir::Program& after);

// The projections whose event-driven variables change otherwise in the two programs.
std::vector<ir::ProjectionId> OtherwiseBetweenSteps(const ir::Program& before,
                                                    const ir::Program& after);

// A moment of `before` in terms of `after`, which has the same shape. Tunable parameters keep their
// values, and sums are expressed in the quanta of `after`. OutOfRange if a sum cannot be.
absl::StatusOr<reference::Moment> Translate(const reference::Moment& moment,
                                            const reference::StateValues& values,
                                            const ir::Program& before, const ir::Program& after);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CHANGE_PARAMETERS_H_
