// The code that brings rows of synapses up to date where code of a projection is deferred
// (compiler/analysis/deferral.h).
//
//   for (const CatchUp& catch_up : FindCatchUps(placed)) {
//     DeliverFunction function = code.deliver(catch_up.block.code);
//     ... rows by source, the slots of catch_up.block, DeliverArgs::defer ...
//   }
#ifndef BNSYN_COMPILER_PASSES_CATCH_UP_H_
#define BNSYN_COMPILER_PASSES_CATCH_UP_H_

#include <vector>

#include "compiler/analysis/deferral.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Of a deferred block, code.deliver(block.code) is the piece that runs when it is due: of on_post
// code the head, which takes a list of the thread's own targets and appends to their arrivals; of
// on_step code what captures the values of the network. It takes no neurons, and does nothing where
// Deferral::step_captured is empty.
struct CatchUp {
  Deferral deferral;
  // The deferred code, over rows by source: the nodes of the on_post block, then those of the
  // on_step block. Its slots and code are those of the function that runs it.
  ir::Block block;
  ir::NodeId first_of_step = 0;  // the first node of the on_step block
};

// Of a program that the place pass has returned, in the order of the projections. Equal code has
// one name.
std::vector<CatchUp> FindCatchUps(const ir::Program& program);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_CATCH_UP_H_
