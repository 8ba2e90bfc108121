// The emitter of the code of a synaptic block. Its parts: the loops over neurons and their rows
// (emit_deliver.cc), what single synapses read, store and draw (emit_synapse.cc), and what they add
// (emit_accumulate.cc).
#ifndef BNSYN_COMPILER_EMISSION_DELIVER_EMITTER_H_
#define BNSYN_COMPILER_EMISSION_DELIVER_EMITTER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "compiler/emission/emit_block.h"
#include "ir/levels.h"
#include "ir/program.h"
#include "llvm/IR/IRBuilder.h"

namespace bnsyn::compiler {

// Each node is hoisted out of the loops over spikes and synapses as far as its operands allow. Rows
// are by source, in on_post code by target.
//
// As many synapses of a row as fill a vector register are computed at once, and the few that are
// left at its end one by one. In rows by source they lie side by side. Those of rows by target, and
// what synapses read of neurons, are loaded and stored one by one: instructions that gather, and
// lanes that repeat the last synapse of a row to fill a register, cost more than they save.
class DeliverEmitter : public BlockEmitter {
 public:
  DeliverEmitter(const EmitContext& context, const ir::Block& block);

  absl::Status Emit();

 private:
  // What an accumulate adds, or lanes of it.
  struct Added {
    llvm::Value* value = nullptr;
    llvm::Value* units = nullptr;          // an integer as wide as the sum; null where `rounded` is
    llvm::Value* rounded = nullptr;        // lanes of quanta for a wide sum, as f64
    llvm::Value* fits = nullptr;           // i1: it is in range; null where that is proven
    llvm::Value* may_be_coarse = nullptr;  // i1: to be looked at more closely; null where it is not
  };

  // The loops, and the levels of nodes.
  int ChooseLanes() const;
  void EmitLevel(ir::Level level);
  void EmitOne(ir::NodeId id, int lanes);
  // What the spike does to its neuron, behind all synapses.
  void EmitNeuronStores();
  // Runs over the entries [first, last) of a row, `lanes` at a time, as far as there are so many.
  // Returns the first one that is left.
  llvm::Value* EmitSynapses(int lanes, llvm::Value* first, llvm::Value* last);
  // The head of a spike, number `i`, and the row of its neuron; goes on to `end`.
  void EmitRow(llvm::Value* spikes, llvm::Value* i, llvm::Value* spike_count, llvm::Value* neuron,
               llvm::BasicBlock* end);
  // The first entry of a neuron's row and the entry after the last.
  std::pair<llvm::Value*, llvm::Value*> LoadRow(llvm::Value* neuron);

  // What is prefetched before the first spike runs, and while number `i` does.
  void PrefetchFirst(llvm::Value* spikes, llvm::Value* spike_count);
  void PrefetchLater(llvm::Value* spikes, llvm::Value* i, llvm::Value* spike_count);
  // The row of spike number `i`; the values of its synapses, where they lie anywhere.
  void PrefetchRow(llvm::Value* spikes, llvm::Value* i);
  void PrefetchSynapses(llvm::Value* spikes, llvm::Value* i);
  // The first entry of the row of spike number `i`, and the entry after the last; no more than
  // `most`.
  using Row = std::pair<llvm::Value*, llvm::Value*>;
  Row RowOfSpike(llvm::Value* spikes, llvm::Value* i, uint64_t most);
  // use(k) for k = first, first + step, ... below `end`.
  void ForEntries(llvm::Value* first, llvm::Value* end, uint64_t step,
                  absl::FunctionRef<void(llvm::Value*)> use);
  void Prefetch(llvm::Value* array, llvm::Type* type, llvm::Value* index);
  // Arrays with a value for each synapse, which this code reads or stores.
  struct Column {
    llvm::Value* array;
    llvm::Type* type;
  };
  std::vector<Column> OwnColumns();

  // What synapses add.
  void EmitQuanta(ir::NodeId id);
  llvm::Value* Checked(const ir::Accumulator& sum, llvm::Value* exact, llvm::Value* rounded,
                       Added& added);
  // Quanta in the units of the input's sum: a decaying input counts later ones as more.
  llvm::Value* InUnits(ir::InputId input, llvm::Value* quanta);
  void EmitAccumulate(ir::NodeId id);
  void AddToSum(ir::InputId input, llvm::Value* neuron, llvm::Value* units);
  // Adds one by one: several synapses of a row may have one target.
  void AddInLanes(ir::NodeId id);
  void CountCoarse(ir::NodeId id);
  // The number of an accumulate among those of the block.
  size_t NumberOf(ir::NodeId accumulate) const;

  // What single synapses do.
  llvm::Value* Load(ir::StateId state, int lanes) override;
  void Store(ir::StateId state, llvm::Value* value) override;
  void Check(ir::StateId state, llvm::Value* value) override;
  void FailIn(llvm::Value* lanes) override { NoteFault(lanes); }
  llvm::Value* LoadPre(ir::StateId state) override { return LoadOfNeuron(state, source_); }
  llvm::Value* LoadPost(ir::StateId state) override { return LoadOfNeuron(state, target_); }
  llvm::Value* LoadOfNeuron(ir::StateId state, llvm::Value* neuron);
  llvm::Value* IndexPre() override { return IndexOf(source_); }
  llvm::Value* IndexPost() override { return IndexOf(target_); }
  llvm::Value* IndexOf(llvm::Value* neuron);
  llvm::Value* Weight() override;
  llvm::Value* Delay() override;
  llvm::Value* RandomBits(uint32_t stream, uint32_t draw, int lanes) override;
  // The key of the draws of an occurrence (i64) from a stream.
  llvm::Value* KeyOf(uint32_t stream, llvm::Value* occurrence);
  bool OwnWeights() const { return program_.HasOwnWeights(id_); }
  bool VectorsAligned() const override { return false; }

  // Loads an element of an array that this code never writes, or `lanes` from it on.
  llvm::Value* LoadElement(llvm::Type* type, llvm::Value* array, llvm::Value* index, int lanes = 1);
  // Of one of the synapses at hand, as i64: its entry in the row, the neuron at its other end, and
  // its number in `weights` and states.
  llvm::Value* EntryIn(uint64_t lane);
  llvm::Value* OtherIn(uint64_t lane);
  llvm::Value* SynapseIn(uint64_t lane);
  using ValueIn = absl::FunctionRef<llvm::Value*(uint64_t lane)>;
  llvm::Value* InLanes(int lanes, const ValueIn& value);
  // load(synapse, n) loads something of n synapses from one on. In rows by target they lie
  // anywhere.
  using LoadAt = absl::FunctionRef<llvm::Value*(llvm::Value* synapse, int together)>;
  llvm::Value* OfSynapses(int lanes, const LoadAt& load);
  // fault |= failed (i1, or lanes of it).
  void NoteFault(llvm::Value* failed);

  const ir::ProjectionId id_;
  const ir::Projection& projection_;
  const bool by_target_;
  int most_lanes_ = 1;                  // of synapses
  int lanes_ = 1;                       // of those at hand
  const std::vector<ir::Level> level_;  // by node
  std::vector<llvm::Value*> values_;    // by node
  std::vector<Added> added_;            // by node
  llvm::AllocaInst* fault_ = nullptr;
  llvm::AllocaInst* fault_in_lanes_ = nullptr;  // null if there is one
  llvm::Value* others_ = nullptr;
  llvm::Value* synapses_ = nullptr;
  llvm::Value* weights_ = nullptr;
  llvm::Value* tallies_ = nullptr;
  llvm::Value* row_begin_ = nullptr;
  llvm::Value* row_stride_ = nullptr;
  llvm::Value* row_count_ = nullptr;
  llvm::Value* source_ = nullptr;          // i64; of several synapses lanes of it
  llvm::Value* target_ = nullptr;          // likewise
  llvm::Value* entry_ = nullptr;           // i64: of the first synapse at hand, in its row
  llvm::Value* occurrences_ = nullptr;     // null where pairs have one synapse
  std::map<uint32_t, llvm::Value*> keys_;  // by stream, of occurrence 0
  // The words that the synapse at hand has drawn, by stream and draw / 4.
  std::map<std::pair<uint32_t, uint32_t>, std::pair<llvm::Value*, llvm::Value*>> drawn_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_DELIVER_EMITTER_H_
