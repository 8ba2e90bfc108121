// What deferred on_step code may leave out of a stretch of steps, by what the values are at its
// beginning. Nothing that is left out would change a bit.
//
// Three things are used. A state that in each step is multiplied by a literal in (0, 1) falls: its
// magnitude at the end of a stretch tells that of the steps before, and so its flush to 0 (R9) is
// idle while it is far from tiny. Sums and products of numbers that are 0 or not tiny are whole
// multiples of some power of two, so that they are 0 or not tiny either, and their flush is idle
// too. And where the largest steps up and down from a value give the value itself, since they are
// lost in rounding or clipped, all smaller steps do.
#ifndef BNSYN_COMPILER_ANALYSIS_STEP_SHORTCUTS_H_
#define BNSYN_COMPILER_ANALYSIS_STEP_SHORTCUTS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "compiler/analysis/deferral.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// A state or a captured value is tiny if it is below this in magnitude, and not 0. So is a state
// that is -0: a flush makes 0 of it.
constexpr double kTinyState = 0x1p-460;
constexpr double kTinyFloat32State = 0x1p-90;
constexpr double kTinyCaptured = 0x1p-200;

// Numbers of nodes are those of the on_step block.
struct StepShortcuts {
  // The most steps of which the rest holds at once; 0 where there are no shortcuts.
  uint32_t most_steps = 0;

  // By select node: its third operand, which it returns if none of `large` is tiny when the stretch
  // begins, and no value that was captured of its steps if `large_captured`.
  std::map<ir::NodeId, ir::NodeId> flushes;
  std::vector<ir::StateId> large;
  bool large_captured = false;

  // The states that are multiplied by a literal in (0, 1), and no more.
  std::vector<ir::StateId> falling;
  // By other state that is stored: the node that is stored. Empty where their largest steps cannot
  // be computed. The value comes from the state itself through one operand of each node on the way
  // (`held_operand`), with which the node rises or stays. What add, sub and fma add to it has a
  // magnitude that rises with those of falling states and captured values: it consists of them,
  // literals, states that are not stored, and mul, fma, add, sub, neg, abs and convert.
  std::map<ir::StateId, ir::NodeId> held;
  std::map<ir::NodeId, size_t> held_operand;
};

// Of a deferral with an on_step block, whose nodes have been simplified.
StepShortcuts FindStepShortcuts(const ir::Program& program, const Deferral& deferral);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_STEP_SHORTCUTS_H_
