// The prepare passes turn the program that lowering writes into the one that every engine runs.
// They change its text, and may change rounding, so they run before the oracle sees the program.
#ifndef BNSYN_COMPILER_PASSES_PREPARE_H_
#define BNSYN_COMPILER_PASSES_PREPARE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/options.h"
#include "ir/diagnostic.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// A variable of a population that projections add to.
struct Receiver {
  std::string input;                 // a name, since passes number inputs anew
  std::optional<ir::StateId> state;  // the step's only use of what it takes is to add it to this;
                                     // nullopt: the variable is the sum that is taken
  std::optional<double> decay;       // nothing changes the state but the additions and, after them,
                                     // one product with this number in each step
};

// The resolution that the user asked for, of an input.
struct Resolution {
  std::string input;     // its name
  double value = 0;      // above 0
  std::string unit;      // of the value, for people
  ir::SourceText place;  // for errors
};

// What lowering knows of a program and the text does not say.
struct ProgramFacts {
  bool exact_sums = false;            // contributions keep all their bits: math or precision is strict
  std::vector<Receiver> receivers;    // in the order in which the step takes their inputs
  std::vector<ir::StateId> constant;  // states that no code changes
  std::vector<Resolution> resolutions;

  // The one of the input of that name, or null.
  const Resolution* FindResolution(absl::string_view input) const;
};

// Pure functions, like the compile passes.
using PrepareFunction = absl::StatusOr<ir::Program> (*)(const ir::Program&, const ProgramFacts&);

struct PreparePass {
  absl::string_view name;     // also of its file and its dump
  absl::string_view promise;  // what holds of its result: the pass would change no input again
  PrepareFunction run;
  bool optional;  // may be disabled, and is left out where sums are exact
};

// In the order in which they run.
absl::Span<const PreparePass> AllPreparePasses();

// The name of the stage before the first pass.
inline constexpr char kLowered[] = "lowered";

// Runs the passes over a verified program, verifies each result, shows every stage to `observer`
// (may be null), "lowered" first, and checks all promises at the end.
absl::StatusOr<ir::Program> Prepare(const ir::Program& program, const ProgramFacts& facts,
                                    const CompileOptions& options, const StageObserver& observer);

// Inputs of a population that always receive the same numbers but for a factor become one input: an
// event adds once, and the step multiplies.
absl::StatusOr<ir::Program> ShareInputs(const ir::Program&, const ProgramFacts&);
// Gives each accumulator a scale and a width that keep 24 bits of each contribution, as far as what
// is known of them allows; with exact sums all 53 (R6).
absl::StatusOr<ir::Program> ChooseQuanta(const ir::Program&, const ProgramFacts&);
// Variables that only decay and receive known amounts become decaying sums: the step neither takes
// what arrives nor stores what is left.
absl::StatusOr<ir::Program> DecayInputs(const ir::Program&, const ProgramFacts&);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_PREPARE_H_
