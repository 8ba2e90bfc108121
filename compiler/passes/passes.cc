#include "compiler/passes/passes.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compiler/passes/prepare.h"
#include "compiler/schedule/plan_rows.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "ir/verifier.h"

namespace bnsyn::compiler {
namespace {

constexpr Pass kPasses[] = {
    // First: all later passes gain from literals.
    {"specialise", "no parameter is read but tunable ones", &Specialise, &CheckSpecialise, nullptr},
    // Before expand_math, behind which nobody knows what a function can be: proves that checks hold.
    // Code and layout depend on the marks.
    {"defer", "code that may run later than it is due reads and writes only what waits for it",
     &Defer, &CheckDefer, &DeferNothing},
    // Before unroll, which weighs loops by their plain ops, and before simplify, which folds
    // functions of literals and shares nodes that two functions of one argument have in common.
    {"expand_math", "no function or draw is left", &ExpandMath,
     &CheckExpandMath, nullptr},
    // Before simplify, which takes the passes for straight code.
    {"unroll", "every loop is longer in all its passes than what is written out", &Unroll,
     &CheckUnroll, nullptr},
    // Before fuse, so that kernels pass no dead, common or known values to each other.
    {"simplify", "nothing is left that could be folded, and nothing that is not used", &Simplify,
     &CheckSimplify, nullptr},
    // Before place, since code depends on it; changes no block.
    {"narrow_sums", "sums of inputs have 64 bits, or as few as what arrives needs", &NarrowSums,
     &CheckNarrowSums, &WidenSums},
    // After all passes that need the step as one graph.
    {"fuse", "the step is kernels, each over one domain, in phases", &Fuse, &CheckFuse,
     &FuseNothing},
    // Last: slots and shared code depend on the exact nodes of every kernel.
    {"place", "every kernel has its slots and the name of its code", &Place, &CheckPlace,
     &PlaceApart},
};

bool Contains(const std::vector<std::string>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::Status CheckNames(const std::vector<std::string>& names, absl::string_view verb,
                        std::vector<std::string> known) {
  for (const std::string& name : names) {
    if (Contains(known, name)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot ", verb, " '", name, "': there is no such pass", ir::DidYouMean(name, known)));
  }
  return absl::OkStatus();
}

// Writes numbered files for the stages that changed.
class Dumper {
 public:
  explicit Dumper(std::string directory) : directory_(std::move(directory)) {}

  absl::Status Dump(absl::string_view stage, const ir::Program& program) {
    const int number = stage_++;
    if (directory_.empty()) return absl::OkStatus();
    std::string text = ir::Print(program);
    if (text == last_) return absl::OkStatus();
    last_ = std::move(text);
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    const std::string path = absl::StrFormat("%s/%02d-%s.ir", directory_, number, stage);
    return ir::WriteFile(path, last_);
  }

 private:
  const std::string directory_;
  int stage_ = 0;
  std::string last_;
};

// `status` with `prefix` before its message.
absl::Status Annotate(const absl::Status& status, absl::string_view prefix) {
  return absl::Status(status.code(), absl::StrCat(prefix, status.message()));
}

// The result of a pass, of its fallback if it is disabled, or the program if its work is dropped.
absl::StatusOr<ir::Program> RunPass(const Pass& pass, const ir::Program& program,
                                    const CompileOptions& options) {
  if (Contains(options.disabled_passes, pass.name)) return pass.fallback(program, options);
  const bool dropped = kMutants && Mutant(absl::StrCat("pass.", pass.name, ".omit"));
  if (dropped || Contains(options.dropped_passes, pass.name)) return program;
  return pass.run(program, options);
}

// Verifies the result of the last pass of `ran`, and checks the promises of all passes in `ran`.
absl::Status CheckStage(const ir::Program& program, const std::vector<const Pass*>& ran) {
  const absl::string_view last = ran.back()->name;
  if (const absl::Status status = ir::Verify(program); !status.ok()) {
    return absl::InternalError(
        absl::StrCat("pass ", last, " made a program that is not valid: ", status.message()));
  }
  for (const Pass* pass : ran) {
    const absl::Status status = pass->check(program);
    if (status.ok()) continue;
    const std::string complaint =
        pass == ran.back() ? absl::StrCat("pass ", last, " did not do its work: ")
                           : absl::StrCat("pass ", last, " undid the work of ", pass->name, ": ");
    return absl::InternalError(
        absl::StrCat(complaint, status.message(), " (promised: ", pass->promise, ")"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Span<const Pass> AllPasses() { return kPasses; }

absl::StatusOr<ir::Program> RunPasses(const ir::Program& program, const CompileOptions& options,
                                      const StageObserver& observer) {
  std::vector<std::string> known;
  for (const Pass& pass : kPasses) known.emplace_back(pass.name);
  for (const PlanRow& row : PlanRows()) known.emplace_back(row.name);
  BNSYN_RETURN_IF_ERROR(CheckNames(options.dropped_passes, "drop", known));
  // Those that have run already are left out as well.
  for (const PreparePass& pass : AllPreparePasses()) known.emplace_back(pass.name);
  known.emplace_back(kSynapseTraces);
  BNSYN_RETURN_IF_ERROR(CheckNames(options.disabled_passes, "disable", known));

  Dumper dumper(options.dump_directory);
  BNSYN_RETURN_IF_ERROR(dumper.Dump("program", program));
  if (observer) observer("program", program, 0);

  ir::Program current = program;
  std::vector<const Pass*> ran;
  for (const Pass& pass : kPasses) {
    const auto begin = std::chrono::steady_clock::now();
    const bool left_out = Contains(options.disabled_passes, pass.name) && pass.fallback == nullptr;
    if (!left_out) {
      absl::StatusOr<ir::Program> next = RunPass(pass, current, options);
      if (!next.ok()) return Annotate(next.status(), absl::StrCat("pass ", pass.name, ": "));
      current = *std::move(next);
      ran.push_back(&pass);
      BNSYN_RETURN_IF_ERROR(CheckStage(current, ran));
    }
    const std::chrono::duration<double, std::milli> elapsed =
        std::chrono::steady_clock::now() - begin;
    BNSYN_RETURN_IF_ERROR(dumper.Dump(pass.name, current));
    if (observer) observer(pass.name, current, elapsed.count());
  }
  return current;
}

}  // namespace bnsyn::compiler
