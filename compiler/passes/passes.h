// The passes that turn a program into placed kernels: pure functions from program to program, in
// one table that reads from top to bottom.
//
//   BNSYN_ASSIGN_OR_RETURN(const ir::Program placed, RunPasses(program, options, nullptr));
#ifndef BNSYN_COMPILER_PASSES_PASSES_H_
#define BNSYN_COMPILER_PASSES_PASSES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/options.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// A pass restricts and annotates; it never changes what a node means, so the interpreter runs its
// result and gives the same digest.
using PassFunction = absl::StatusOr<ir::Program> (*)(const ir::Program&, const CompileOptions&);
// OK if `program` keeps the promise of the pass.
using StageCheck = absl::Status (*)(const ir::Program&);

struct Pass {
  absl::string_view name;     // also of its file, its dump and its folder in tests/cases/passes
  absl::string_view promise;  // one line: a property of every program that the pass returns
  PassFunction run;
  StageCheck check;
  // Replaces the pass if it is disabled and later stages need its promise. Null if the pass and its
  // promise can be left out.
  PassFunction fallback;
};

// In the order in which they run.
absl::Span<const Pass> AllPasses();

// Runs the passes over a verified program: times each, verifies its result, checks its promise and
// those of the passes before it, shows it to `observer` (may be null) and writes it to
// options.dump_directory as NN-name.ir if it changed. Errors name the pass.
absl::StatusOr<ir::Program> RunPasses(const ir::Program& program, const CompileOptions& options,
                                      const StageObserver& observer);

// Each pass in a file of its own name, with the check of its promise. Preconditions are the
// promises of those above.
absl::StatusOr<ir::Program> Specialise(const ir::Program&, const CompileOptions&);
absl::Status CheckSpecialise(const ir::Program&);

absl::StatusOr<ir::Program> ExpandMath(const ir::Program&, const CompileOptions&);
absl::Status CheckExpandMath(const ir::Program&);

// Writes the passes of short loops out, one behind the other.
absl::StatusOr<ir::Program> Unroll(const ir::Program&, const CompileOptions&);
absl::Status CheckUnroll(const ir::Program&);

absl::StatusOr<ir::Program> Simplify(const ir::Program&, const CompileOptions&);
absl::Status CheckSimplify(const ir::Program&);
// The same for one block.
ir::Block SimplifyBlock(const ir::Program& program, const ir::Block& block);

// Decides the bits and the unit of each accumulator, whatever the program says; disabled, all have
// 64 bits. How synapses lie in memory depends on it as well (runtime/delivery/layout.h).
absl::StatusOr<ir::Program> NarrowSums(const ir::Program&, const CompileOptions&);
absl::StatusOr<ir::Program> WidenSums(const ir::Program&, const CompileOptions&);
absl::Status CheckNarrowSums(const ir::Program&);

// Marks synapse code that may run later than it is due (compiler/analysis/deferral.h). If disabled,
// none is marked.
absl::StatusOr<ir::Program> Defer(const ir::Program&, const CompileOptions&);
absl::StatusOr<ir::Program> DeferNothing(const ir::Program&, const CompileOptions&);
absl::Status CheckDefer(const ir::Program&);

// Groups the nodes of the step into kernels. If disabled, every node is a kernel of its own.
absl::StatusOr<ir::Program> Fuse(const ir::Program&, const CompileOptions&);
absl::StatusOr<ir::Program> FuseNothing(const ir::Program&, const CompileOptions&);
absl::Status CheckFuse(const ir::Program&);

// Gives each kernel its slots, in the order in which it uses them, and kernels with equal code one
// name of code. If disabled, slots have the order of declaration and each kernel has its own code.
absl::StatusOr<ir::Program> Place(const ir::Program&, const CompileOptions&);
absl::StatusOr<ir::Program> PlaceApart(const ir::Program&, const CompileOptions&);
absl::Status CheckPlace(const ir::Program&);

// The text of a kernel or on_pre block with names and sizes replaced by slot numbers: blocks with
// equal text compile to the same function. Needs the place pass's slots.
std::string CanonicalCode(const ir::Program& program, const ir::Block& block);
// The slot through which a node reaches its state, input, stream, ...; nullopt if it needs none.
std::optional<ir::Slot> SlotOf(const ir::Node& node);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_PASSES_H_
