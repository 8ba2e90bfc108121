// The values that names have while code runs. A copy is independent of what it was copied from, so
// that code which must leave no trace runs in a copy.
#ifndef BNSYN_COMPILER_LOWERING_ENVIRONMENT_H_
#define BNSYN_COMPILER_LOWERING_ENVIRONMENT_H_

#include <map>
#include <set>
#include <string>
#include <utility>

#include "compiler/language/code.h"
#include "compiler/lowering/declarations.h"
#include "compiler/lowering/names.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

struct Environment {
  // Variables that have a value other than their state at the beginning of the code.
  std::map<const Variable*, ir::Value> variables;
  // Those of them that are stored in the end.
  std::set<const Variable*> changed;
  // Those whose tiny values are stored as they are: nothing brings them near 0 for long, or they
  // have been flushed already (R9).
  std::set<const Variable*> tiny_kept;
  // Names that the code itself has given a value.
  std::map<std::string, TypedValue> locals;
  // Names that mean a value before anything else, and cannot be assigned: w of an event. Equations
  // x = ... do not see them.
  std::map<std::string, TypedValue> bound;
  // Where given, assignments change these elements alone.
  ir::Value guard;
  // Where given, variables "unless refractory" move for these elements alone.
  ir::Value free;
  // not_refractory; invalid where the model has no refractoriness.
  ir::Value active;
  // The neurons that spiked in this step, once that is known: their last spike is now.
  ir::Value spiked;
  // True once the variables have moved: the time is then that of the end of the step, where spikes
  // have theirs.
  bool moved = false;
  // Within the passes of rk45, and behind them in place of the end of the step: when who spiked
  // did.
  ir::Value spike_time;
  // In on_pre of interpolated spikes: for how long, in ms, the arrival has been there at the
  // beginning of the step in which it acts.
  ir::Value since_arrival;
  // The name of the shared variable that is being defined: then only what all neurons share can be
  // read, and draws are made once for all.
  std::string shared;
  // Variables that the code has added to, of the target or of the source: their sums are not
  // known before the step.
  std::set<std::pair<const Variable*, NameKind>> added;
  // True while code is emitted over stand-ins for values that are not known yet.
  bool over_stand_ins = false;
  // Values of equations (constant over dt), once they are taken.
  std::map<const Equation*, TypedValue> held;
  // Values of equations x = ..., as long as nothing that they read has changed.
  std::map<const Equation*, TypedValue> definitions;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_ENVIRONMENT_H_
