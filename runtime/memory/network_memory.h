// Values of a running program, but for those of synapses: states, inputs, parameters, and each
// thread's own copies of what is uniform.
#ifndef BNSYN_RUNTIME_MEMORY_NETWORK_MEMORY_H_
#define BNSYN_RUNTIME_MEMORY_NETWORK_MEMORY_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "ir/program.h"
#include "reference/array.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// Number of elements an array of `size` is padded to.
uint32_t PaddedSize(uint32_t size);

// Bytes of a table's numbers for kernels to read; 0 where none reads them.
size_t LookupBytes(const ir::Program& program, ir::TableId table);

class NetworkMemory {
 public:
  // All zero, but for the parameters and tables. Both must outlive the object and stay where they
  // are. With `saves` there is room for a copy of states.
  static absl::StatusOr<NetworkMemory> Create(const ir::Program& program,
                                              const Partition& partition, bool saves = false);

  // A population's array at element 0, or a thread's copy of a uniform state.
  void* State(ir::StateId state, int thread) const {
    return At(states_[state], program_->states[state].type.uniform() ? thread : 0);
  }
  reference::ArrayView View(ir::StateId state) const;
  // Sets one element; of a uniform state, in every copy.
  void SetState(ir::StateId state, uint32_t element, ir::Bits bits);

  // Keeps a copy of what steps change of a thread's own states, and puts it back. The memory must
  // have been created to save, and no states of synapses may change.
  void Save(int thread) const;
  void Restore(int thread) const;

  // The sum of a thread at a place of an input (SumPlaces).
  void* Sum(ir::InputId input, uint64_t place, int thread) const {
    return At(sums_, thread) + places_.ByteOf(input, place, thread);
  }
  // Where element 0 of an input would be, for a thread to reach those of its own neurons.
  void* Input(ir::InputId input, int thread) const;
  // The value in the low bytes, shared by all threads.
  ir::Bits* Param(ir::ParamId param) const {
    return reinterpret_cast<ir::Bits*>(At(params_, 0)) + param;
  }
  // The numbers of a table, row by row; nothing writes them.
  double* Table(ir::TableId table) const {
    return reinterpret_cast<double*>(At(tables_[table], 0));
  }
  // Spikes of a population in this step so far, as this thread last gathered them.
  int64_t* Count(ir::PopulationId population, int thread) const {
    return reinterpret_cast<int64_t*>(At(counts_, thread)) + population;
  }
  double* Total(ir::ReductionId reduction, int thread) const {
    return reinterpret_cast<double*>(At(totals_, thread)) + reduction;
  }
  // Partial sums of a reduction, one a group. A step and the next use different arrays, since a
  // slow thread may still be summing up the one when a fast thread writes the other.
  double* Partials(ir::ReductionId reduction, uint64_t step) const {
    return reinterpret_cast<double*>(At(partials_[reduction], static_cast<int>(step & 1)));
  }
  uint32_t Groups(ir::ReductionId reduction) const;
  // Room for the longest array of partials, for a thread to sum up in.
  double* Scratch(int thread) const { return reinterpret_cast<double*>(At(scratch_, thread)); }

  size_t bytes() const { return arena_.size() + saved_.size(); }

 private:
  // A part of the arena, and the distance to its next copy.
  struct Part {
    size_t offset = 0;
    size_t stride = 0;
  };

  NetworkMemory(const ir::Program& program, const Partition& partition)
      : program_(&program), partition_(&partition), places_(program, partition) {}
  // A thread's part of a state or input, in bytes of the arena.
  struct Piece {
    size_t offset = 0;
    size_t size = 0;
  };
  Piece PieceOf(ir::StateId state, int thread) const;
  Piece PieceOfInput(ir::InputId input, int thread) const;
  // What steps change of a thread's own, and the next step needs.
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
  std::vector<ir::StateId> changing_;  // what is saved
  PageBuffer saved_;                   // as the beginning of the arena, where states and sums are
  Part sums_;
  std::vector<Part> partials_;
  std::vector<Part> tables_;  // of no bytes where nothing looks them up
  Part params_;
  Part counts_;
  Part totals_;
  Part scratch_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_MEMORY_NETWORK_MEMORY_H_
