#include "compiler/passes/prepare.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "ir/verifier.h"

namespace bnsyn::compiler {
namespace {

constexpr PreparePass kPasses[] = {
    // First, since the scale depends on what the one input receives.
    {"share_inputs", "no two inputs receive the same numbers but for a factor", &ShareInputs, true},
    {"choose_quanta", "every contribution keeps 24 bits, where what is known allows", &ChooseQuanta,
     false},
    // Last: it gives the sums that decay a finer scale of their own.
    {"decay_inputs", "what only decays and receives is a decaying sum, where its range suits",
     &DecayInputs, true},
};

bool Contains(const std::vector<std::string>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::Status CheckPromise(const PreparePass& pass, const ir::Program& program,
                          const ProgramFacts& facts) {
  BNSYN_ASSIGN_OR_RETURN(const ir::Program again, pass.run(program, facts));
  if (again.inputs == program.inputs) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the work of prepare pass ", pass.name,
                                          " was not done or was undone (promised: ", pass.promise,
                                          ")"));
}

}  // namespace

const Resolution* ProgramFacts::FindResolution(absl::string_view input) const {
  const auto found = std::find_if(resolutions.begin(), resolutions.end(),
                                  [&](const Resolution& r) { return r.input == input; });
  return found == resolutions.end() ? nullptr : &*found;
}

absl::Span<const PreparePass> AllPreparePasses() { return kPasses; }

absl::StatusOr<ir::Program> Prepare(const ir::Program& program, const ProgramFacts& facts,
                                    const CompileOptions& options, const StageObserver& observer) {
  if (observer) observer(kLowered, program, 0);
  ir::Program current = program;
  std::vector<const PreparePass*> ran;
  for (const PreparePass& pass : kPasses) {
    const bool disabled = Contains(options.disabled_passes, pass.name);
    if (disabled && !pass.optional) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot disable '", pass.name, "': a program needs what it decides"));
    }
    const auto begin = std::chrono::steady_clock::now();
    if (!disabled && !(pass.optional && facts.exact_sums)) {
      const bool omitted = kMutants && Mutant(absl::StrCat("pass.", pass.name, ".omit"));
      if (!omitted && !Contains(options.dropped_passes, pass.name)) {
        BNSYN_ASSIGN_OR_RETURN(current, pass.run(current, facts));
      }
      ran.push_back(&pass);
      BNSYN_RETURN_IF_ERROR(ir::Verify(current));
    }
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - begin;
    if (observer) observer(pass.name, current, elapsed.count());
  }
  // Each check runs its pass once more, so all are made at the end, and not after every pass.
  for (const PreparePass* pass : ran) {
    BNSYN_RETURN_IF_ERROR(CheckPromise(*pass, current, facts));
  }
  return current;
}

}  // namespace bnsyn::compiler
