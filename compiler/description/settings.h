// Turns settings into numbers: evaluates their constant expressions and reports errors where the
// setting stands.
//
//   BNSYN_ASSIGN_OR_RETURN(const Quantity tau,
//                          Evaluate(setting, constants, dimension::kTime, "tau"));
#ifndef BNSYN_COMPILER_DESCRIPTION_SETTINGS_H_
#define BNSYN_COMPILER_DESCRIPTION_SETTINGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bnsyn/network.h"
#include "compiler/language/code.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {

// The text of a setting. A text without a file is named `what`, and a number is written out.
ir::SourceText TextOf(const Setting& setting, absl::string_view what);
ir::SourceRange Whole(const ir::SourceText& text);
// Part of a text, as a text of its own with its place.
ir::SourceText PartOf(const ir::SourceText& source, ir::SourceRange range);
// An error about a whole text: see ir::ErrorAt.
absl::Status ErrorIn(const ir::SourceText& text, absl::string_view message,
                     absl::string_view note = "");
// The place of the name of a setting, or of its value if the place of the name is not known.
ir::SourceText NamePlace(const Setting& setting, absl::string_view what);

// The finite number that a setting means. `what` names the setting in errors.
absl::StatusOr<Quantity> Evaluate(const Setting& setting, const std::vector<Constant>& constants,
                                  absl::string_view what);
// The same for a value that must have the dimension `expected`.
absl::StatusOr<Quantity> Evaluate(const Setting& setting, const std::vector<Constant>& constants,
                                  const Dimension& expected, absl::string_view what);
// A time as a whole number of steps of `dt`.
absl::StatusOr<uint64_t> EvaluateSteps(const Setting& setting,
                                       const std::vector<Constant>& constants, const Quantity& dt,
                                       absl::string_view what, OffGrid off_grid = OffGrid::kError);
// The value of dt, which must be a positive time.
absl::StatusOr<Quantity> EvaluateTimeStep(const ir::SourceText& text);

// The names that are taken in one set of names, each with what has it and where.
using TakenNames = std::map<std::string, std::string>;

// True if `name` can be a name in code: letters, digits and _, no digit first.
bool IsIdentifier(absl::string_view name);
// Fails unless it is one, and so can name `what` ("a variable").
absl::Status CheckIdentifier(const std::string& name, absl::string_view what,
                             const ir::SourceText& place, ir::SourceRange range);
// Fails unless `name` can name a new `what` ("a variable") beside `names`, to which it is added.
absl::Status CheckNewName(const std::string& name, absl::string_view what,
                          const ir::SourceText& place, ir::SourceRange range, TakenNames& names);
// Adds a name that something of the sort `what` has, unless it is taken: then it is an error with
// the place of the first. `sharing` says what has one set of names; empty for nothing to say.
absl::Status TakeName(const std::string& name, absl::string_view what, const ir::SourceText& place,
                      ir::SourceRange range, absl::string_view sharing, TakenNames& names);
// "a population, net.toml:3:14": what has a name, and where.
std::string HolderOf(absl::string_view what, const ir::SourceText& place, ir::SourceRange range);
// dt and the constants of a network, each of which may read those before it.
absl::StatusOr<std::vector<Constant>> EvaluateConstants(const Network& network);

}  // namespace bnsyn::compiler

namespace bnsyn {

// The number of steps of `dt` that make up `time` (R4); InvalidArgument, naming both, if it is no
// whole number from 0 to 2^53, or if one of them is not a time.
absl::StatusOr<uint64_t> StepsOf(const Quantity& time, const Quantity& dt);

}  // namespace bnsyn

#endif  // BNSYN_COMPILER_DESCRIPTION_SETTINGS_H_
