// The interface between the runtime and compiled kernels: plain C structs, versioned, laid out
// alike for the emitter (which indexes fields by the numbers below) and the caller.
#ifndef BNSYN_COMPILER_EMISSION_KERNEL_ABI_H_
#define BNSYN_COMPILER_EMISSION_KERNEL_ABI_H_

#include <cstddef>
#include <cstdint>

namespace bnsyn::compiler {

// Part of the cache key: raise it when a struct or the meaning of a field changes.
inline constexpr int kKernelAbiVersion = 21;

// Elements are processed in groups of this many; arrays are padded to it, aligned to 64 bytes, and
// threads own whole groups.
inline constexpr uint32_t kGroup = 64;

// Where the spikes of one `spike` node go.
struct SpikeOutput {
  uint32_t* list;  // room for end - begin indices
  uint32_t count;  // in: where to continue; out: how many stand there
};

// Arguments of a population or network kernel, for elements [begin, end): begin a multiple of
// kGroup. Elements past `end` up to the next multiple are computed and stored (the arrays are
// padded) but neither spike, fault nor count. A network kernel has one element and ignores the
// range.
struct KernelArgs {
  // One pointer a slot of the kernel (ir::Block::slots): a state's array at element 0, or an
  // input's of integers (ir::SumForm); a uniform state's, parameter's or total's scalar; a count's
  // int64_t; for a `reduce` the double array of group partials, one a group of kGroup elements, at
  // group 0.
  void* const* slots;
  uint64_t step;
  uint64_t seed;
  uint32_t begin;
  uint32_t end;
  uint32_t fault;       // out: non-zero when a check or a take failed
  SpikeOutput* spikes;  // one a `spike` node, in the order of the kernel
};
using KernelFunction = void (*)(KernelArgs*);

// Arguments of the code of a synaptic block: runs it over synapses of one projection onto the
// targets one thread owns, row by row. A row is of a source in on_pre and on_step code, of a target
// in on_post code.
struct DeliverArgs {
  // Inputs: integers of their ir::SumForm; states of source, target or synapse; uniform values.
  void* const* slots;
  uint64_t step;
  uint64_t seed;
  const uint32_t* spikes;  // the neurons whose rows are to run
  uint32_t spike_count;
  uint32_t fault;  // out: non-zero when a contribution or a check failed
  // The row of neuron n is [row_begin[n * row_stride], row_begin[n * row_stride + 1]) of what
  // follows.
  const uint32_t* row_begin;
  uint64_t row_stride;
  const uint32_t* others;    // the neuron at the other end
  const uint32_t* synapses;  // on_post: the synapse in `weights` and states; else it is the place
                             // in the row itself, and this is null
  const double* weights;     // by synapse; null where the projection has one weight
};
using DeliverFunction = void (*)(DeliverArgs*);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_KERNEL_ABI_H_
