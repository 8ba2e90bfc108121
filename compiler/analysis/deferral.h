// Deferral: synapse code that runs later than it is due, before anything reads what it stores. The
// pass `defer` marks its blocks (ir::Block::deferred); here is when that is allowed, and what an
// engine that defers must know. One that runs all code when it is due may ignore the marks.
//
//   for (const Deferral& deferral : FindDeferrals(program)) ...
#ifndef BNSYN_COMPILER_ANALYSIS_DEFERRAL_H_
#define BNSYN_COMPILER_ANALYSIS_DEFERRAL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ir/program.h"

namespace bnsyn::compiler {

// True if a block does something for each synapse. One that does not only stores states of neurons,
// once for each spike, and needs no rows.
bool VisitsSynapses(const ir::Program& program, const ir::Block& block);

// What is deferred of a projection: one on_post block, one on_step block, or both.
struct Deferral {
  ir::ProjectionId projection = 0;
  std::optional<size_t> post;  // the on_post block, as a number in ir::Program::synaptic
  std::optional<size_t> step;  // the on_step block
  bool posts_first = false;    // `post` runs before the on_pre code of what arrives in a step
  bool delivers = false;       // ir::Program::Delivers
  // A deferred check may fail: an engine that defers must let the code run before the end of a run,
  // so that the run that caused the error reports it.
  bool checks = false;
  // What an arrival, or a step, leaves to the deferred code: nodes of the block whose values are
  // captured when it is due, each in 8 bytes.
  std::vector<ir::NodeId> post_captured;
  std::vector<ir::NodeId> step_captured;

  // Times as compiled code counts them (compiler/emission/kernel_abi.h): that of deferred on_post
  // and on_step code of a step.
  uint64_t TimeOfPost(uint64_t of) const { return 2 * of + (delivers ? 1 : 0); }
  uint64_t TimeOfStep(uint64_t of) const { return 2 * of + (delivers ? 0 : 1); }
  // To which time rows must be up to date: before on_pre code of a step, whether it visits synapses
  // or only stores states of neurons,
  uint64_t BeforePre(uint64_t of) const { return TimeOfPost(of) + (posts_first ? 1 : 0); }
  // before on_step code of a step that has a clock,
  uint64_t BeforeClock(uint64_t of) const { return TimeOfStep(of); }
  // and before anything looks at or changes synapses, or what their code reads, between steps.
  static uint64_t Before(uint64_t next) { return 2 * next; }
};

// The deferred nodes of a block whose check or expectation never fails, by the ranges of values. To
// be asked before functions are expanded.
std::vector<ir::NodeId> ProvenChecks(const ir::Program& program, const ir::Block& block);

// Of a program in which blocks are marked, in the order of the projections; those without a marked
// block are left out.
std::vector<Deferral> FindDeferrals(const ir::Program& program);

// For each node of an on_post or on_step block: true if deferred code computes it, for each
// synapse. What it needs of the others is captured when the block is due, unless it is at hand
// then: literals, the step and the target.
std::vector<bool> DeferredNodes(const ir::Program& program, const ir::Block& block);
bool IsAtHand(const ir::Block& block, ir::NodeId id);

// True if a projection needs the synapses of a target by the target: if on_post code that is not
// deferred visits them.
bool NeedsRowsByTarget(const ir::Program& program, ir::ProjectionId projection);

// What becomes of a block: deferred, or why not.
struct BlockDeferral {
  size_t block = 0;  // a number in ir::Program::synaptic
  bool deferred = false;
  std::string reason;  // why it is not deferred, or why it may be; as a clause about the block
};
// Decides for each on_post and on_step block of a projection, whatever is marked; in order.
std::vector<BlockDeferral> DecideDeferral(const ir::Program& program, ir::ProjectionId projection);

// For people: a line for each on_post and on_step block, as a comment of the program's text. Of a
// program in which blocks are marked.
std::string ExplainDeferral(const ir::Program& program);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_DEFERRAL_H_
