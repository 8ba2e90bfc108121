// BlockRunner: runs one block of a program node by node, each node over its whole domain.
#ifndef BNSYN_REFERENCE_BLOCK_RUNNER_H_
#define BNSYN_REFERENCE_BLOCK_RUNNER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "ir/levels.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/machine.h"
#include "reference/philox.h"

namespace bnsyn::reference {

class BlockRunner {
 public:
  // Both must outlive the runner and keep their addresses.
  BlockRunner(const ir::Block& block, Machine& machine);

  // Runs an init, step, loop or kernel block: all its passes.
  void Run();
  // After Run: the first store of a float that is not finite, by state and element, as the fault of
  // a check; nullopt if all are finite.
  std::optional<CheckFault> FindNotFiniteStore() const;
  // Runs a synaptic block over synapses, numbered as in the SynapseTable of its projection.
  void Run(absl::Span<const uint64_t> synapses);
  // Runs it for an arriving spike of a neuron: over the synapses, and then what it does to the
  // neuron itself.
  void Run(uint32_t neuron, absl::Span<const uint64_t> synapses);
  // That alone.
  void RunOnNeuron(uint32_t neuron);

 private:
  void RunNode(ir::NodeId id);
  void RunPlainNode(ir::NodeId id);
  void RunFlippedNode(ir::NodeId id);  // as the mutant that is chosen has it (ir/mutant_flip.h)
  // True if a node runs: over synapses, or for the neuron.
  bool Stands(ir::NodeId id) const;
  // Of synapse i of those at hand, or of the neuron.
  uint32_t Source(size_t i) const;
  uint32_t Target(size_t i) const;
  int64_t Delay(size_t i) const;
  double Weight(size_t i) const;
  // The synapses at hand, as their draws know them.
  absl::Span<const SynapseNumber> Drawing();
  // The table of the synapses that the block runs over.
  const SynapseTable& Table() const;
  void Accumulate(const ir::Node& node);
  // Runs those blocks that a run or run_on_step names and that are due.
  void RunBlocks(ir::NodeId id);
  // The only operand of an effect.
  ArrayView Operand(const ir::Node& node) const { return values_[node.operands[0]].view(); }
  size_t Size(ir::DomainId domain) const;

  void Load(const ir::Node& node, Array& result) const;
  // The element that a gather or past reads for element i, and the place in a state with a history.
  size_t ElementOf(const ir::Node& node, size_t i) const;
  size_t PlaceOf(const ir::Node& node, size_t i) const;
  void Store(const ir::Node& node);
  void EndPasses(const ir::Node& until);
  bool HasEnded(size_t element) const { return !ended_.empty() && ended_[element / kPassGroup]; }
  void Check(const ir::Node& node);
  void Expect(const ir::Node& node);
  // Why element i of a node's value is not finite.
  std::string CauseOf(ir::NodeId node, size_t i) const;
  // True if the value of a node depends on what a loop leaves.
  bool DependsOn(const ir::Block& loop, ir::NodeId node) const;
  void Take(const ir::Node& node, Array& result);
  void Held(ir::InputId input, Array& result) const;
  void Spike(const ir::Node& node);
  void Reduce(const ir::Node& node);

  const ir::Block& block_;
  Machine& machine_;
  std::vector<Array> values_;    // by node
  std::vector<bool> is_static_;  // by node: an accumulate whose contributions are static (R6)
  absl::Span<const uint64_t> synapses_;
  std::vector<ir::Level> levels_;   // by node, of a block over synapses
  bool acts_on_neurons_ = false;    // it has nodes that act on the neuron that spiked,
  std::optional<uint32_t> neuron_;  // which run for this one
  std::vector<SynapseNumber> drawing_;
  std::vector<std::vector<std::unique_ptr<BlockRunner>>> blocks_;  // by node: those that it runs
  // Of a loop with `until`, by group of elements: true if its passes have ended.
  static constexpr size_t kPassGroup = 64;
  std::vector<bool> ended_;
  uint32_t pass_ = 0;
  std::map<size_t, std::string> causes_;  // of a loop: why an element first was not finite
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_BLOCK_RUNNER_H_
