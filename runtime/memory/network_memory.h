// The values of a running program except those of synapses: states, sums of inputs, parameters.
// Each thread has a copy of uniform states, and of those that store_pre stores, which each thread
// computes for all neurons.
#ifndef BNSYN_RUNTIME_MEMORY_NETWORK_MEMORY_H_
#define BNSYN_RUNTIME_MEMORY_NETWORK_MEMORY_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "ir/program.h"
#include "reference/accumulator.h"
#include "reference/array.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// The number of elements that an array of `size` is padded to.
uint32_t PaddedSize(uint32_t size);

// Bytes of a table for kernels to read; 0 if no kernel reads it.
size_t LookupBytes(const ir::Program& program, ir::TableId table);

class NetworkMemory {
 public:
  // All values are zero except parameters and tables. The arguments must outlive the object and
  // must not move.
  static absl::StatusOr<NetworkMemory> Create(const ir::Program& program,
                                              const Partition& partition, Arena& arena);

  // Element 0 of the array of a population, or of the thread's copy.
  void* State(ir::StateId state, int thread) const {
    return At(states_[state], Copies(state) == 1 ? 0 : thread);
  }
  // The number of copies of a state, which are equal between steps.
  int Copies(ir::StateId state) const { return copied_[state] ? threads_ : 1; }
  // The values of a state without a history.
  reference::ArrayView View(ir::StateId state) const;
  // Those of a state with one: place after place, as reference::Machine has them.
  reference::Array History(ir::StateId state) const;
  void SetHistory(ir::StateId state, const reference::Array& values);
  // Sets one element in all copies.
  void SetState(ir::StateId state, uint32_t element, ir::Bits bits);

  // Saves what steps and the host change of a thread's values, and restores it. States of synapses
  // are not saved. Thread 0 has the parameters.
  void Save(int thread) const;
  void Restore(int thread) const;
  // The bytes that Save copies, for all threads.
  size_t SavedBytes() const;

  // The sum of a thread at a place of an input (SumPlaces).
  void* Sum(ir::InputId input, uint64_t place, int thread) const {
    return At(sums_, thread) + places_.ByteOf(input, place, thread);
  }
  // What an element of an input holds, in quanta.
  reference::Quanta SumOf(ir::InputId input, uint32_t element) const;
  std::vector<reference::Quanta> SumsOf(ir::InputId input) const;  // of all elements
  // True if an element can hold so many quanta, and SetSum.
  bool CanHold(ir::InputId input, reference::Quanta sum) const;
  void SetSum(ir::InputId input, uint32_t element, reference::Quanta sum) const;
  // The address that element 0 of an input would have: a thread adds the index of its own neuron.
  void* Input(ir::InputId input, int thread) const;
  // Where synapses add to their sources, which may belong to other threads, each thread adds to a
  // share of its own, an array over the whole population: what code of synapses adds is there until
  // it is collected.
  bool HasShares(ir::InputId input) const { return !shares_.empty() && shares_[input].stride != 0; }
  void* Share(ir::InputId input, int thread) const { return At(shares_[input], thread); }
  // Adds to the sums of a thread's own neurons what all threads have added to them. No other thread
  // may be adding.
  void CollectShares(ir::InputId input, int thread) const;
  // The value in the low bytes, shared by all threads.
  ir::Bits* Param(ir::ParamId param) const {
    return reinterpret_cast<ir::Bits*>(At(params_, 0)) + param;
  }
  // The numbers of a table, row by row; nothing writes them.
  double* Table(ir::TableId table) const {
    return reinterpret_cast<double*>(At(tables_[table], 0));
  }
  // The spikes of a population in this step that this thread has last collected.
  int64_t* Count(ir::PopulationId population, int thread) const {
    return reinterpret_cast<int64_t*>(At(counts_, thread)) + population;
  }
  double* Total(ir::ReductionId reduction, int thread) const {
    return reinterpret_cast<double*>(At(totals_, thread)) + reduction;
  }
  // Partial sums of a reduction, one a group. Even and odd steps have different arrays: a slow
  // thread may still read one while a fast thread writes the other.
  double* Partials(ir::ReductionId reduction, uint64_t step) const {
    return reinterpret_cast<double*>(At(partials_[reduction], static_cast<int>(step & 1)));
  }
  uint32_t Groups(ir::ReductionId reduction) const;
  // Scratch memory of a thread for the longest array of partial sums.
  double* Scratch(int thread) const { return reinterpret_cast<double*>(At(scratch_, thread)); }

  size_t bytes() const { return arena_.size() + saved_.size(); }

 private:
  // A part of the arena and the distance to its next copy.
  struct Part {
    size_t offset = 0;
    size_t stride = 0;
  };

  NetworkMemory(const ir::Program& program, const Partition& partition)
      : program_(&program), partition_(&partition), places_(program, partition) {}
  // The part of a state or input that a thread owns, in bytes of the arena.
  struct Piece {
    size_t offset = 0;
    size_t size = 0;
  };
  // The number of an element in the array of its state.
  size_t PlaceOf(ir::StateId state, size_t place, size_t element) const;
  Piece PieceOf(ir::StateId state, int thread) const;
  Piece PieceOfInput(ir::InputId input, int thread) const;
  // Calls `use` for each part of a thread that has bytes, lasts from step to step and may change.
  void ForEachSaved(int thread, absl::FunctionRef<void(Piece)> use) const;
  char* At(Part part, int copy) const {
    return arena_.data() + part.offset + part.stride * static_cast<size_t>(copy);
  }

  const ir::Program* program_;
  const Partition* partition_;
  SumPlaces places_;
  int threads_ = 1;
  PageBuffer arena_;
  std::vector<Part> states_;
  std::vector<bool> copied_;  // by state: each thread has a copy
  PageBuffer saved_;          // by Save, at the same offsets
  Part sums_;
  std::vector<Part> shares_;  // by input; empty parts for inputs without
  std::vector<Part> partials_;
  std::vector<Part> tables_;  // empty if no kernel reads them
  Part params_;
  Part counts_;
  Part totals_;
  Part scratch_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_MEMORY_NETWORK_MEMORY_H_
