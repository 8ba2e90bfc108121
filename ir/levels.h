// How often the nodes of a synaptic block have a value of their own.
//
// Nodes of the levels kOnce and kSpike are the *head* of the block, the others its *body*. The head
// is the same for all synapses of the neuron whose spike arrives, so that engines compute it once
// for a spike; store_pre and store_post act there, where the neuron has no synapse too.
#ifndef BNSYN_IR_LEVELS_H_
#define BNSYN_IR_LEVELS_H_

#include <cstdint>
#include <vector>

#include "ir/program.h"

namespace bnsyn::ir {

enum class Level : uint8_t {
  kOnce,     // one value in a run of the block
  kSpike,    // one for each arriving spike: of its source, in on_post code of its target
  kSynapse,  // one for each synapse
};
// By node; for accumulates the level of what they add. Blocks without spikes are by source.
std::vector<Level> LevelsOf(const Program& program, const Block& block);
// Those of the nodes before `end`.
std::vector<Level> LevelsOf(const Program& program, const Block& block, NodeId end);

// True if a node stores a state of the neuron whose spike arrives.
inline bool StoresNeuron(const Node& node) {
  return node.op == Op::kStorePre || node.op == Op::kStorePost;
}
// True if a node of a synaptic block acts once for each arriving spike: it stores or checks a state
// of the neuron.
bool ActsOnNeuron(const Program& program, const Block& block, const Node& node);
// True if a block has such nodes.
bool ActsOnNeurons(const Program& program, const Block& block);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_LEVELS_H_
