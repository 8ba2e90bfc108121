// What nodes read and write of what an engine holds: states, inputs, spikes and sums.
#ifndef BNSYN_IR_ACCESS_H_
#define BNSYN_IR_ACCESS_H_

#include <cstdint>
#include <vector>

#include "ir/program.h"

namespace bnsyn::ir {

// True if a node of the step runs a block over synapses.
bool RunsSynapses(const Node& node);
// The blocks over synapses that a run_on_step or run_sums runs, in order.
std::vector<const Block*> BlocksRunBy(const Program& program, const Node& node);

// True if a node adds to an input: to that of the target of a synapse, or of its source.
inline bool Accumulates(const Node& node) {
  return node.op == Op::kAccumulate || node.op == Op::kAccumulatePre;
}
// True if synapses add to an input as that of their sources.
bool AddsToSources(const Program& program, InputId input);

// True if synapses of a projection draw random numbers while the network runs.
bool SynapsesDraw(const Program& program, ProjectionId projection);
// True if in addition a pair may have several synapses, which draw numbers of their own.
bool SynapsesDrawByOccurrence(const Program& program, ProjectionId projection);

// The neuron of which a gather or past reads the state, where its index says so.
enum class ReadElement : uint8_t { kOwn, kSource, kTarget, kAny };
// kOwn: of the element at hand; kSource, kTarget: of that end of the synapse.
ReadElement ElementRead(const Program& program, const Block& block, const Node& read);

// A symbol that a node reads or writes.
struct Access {
  AttrKind kind;
  uint64_t symbol;
  bool write;
};
// All accesses of a node. Those of a node that runs a loop or a block over synapses are the
// accesses of the block, which the program must have; the states of its synapses count as their
// projection.
std::vector<Access> AccessesOf(const Program& program, const Node& node);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_ACCESS_H_
