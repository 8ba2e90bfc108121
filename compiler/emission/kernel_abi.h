// The arguments of compiled code: plain C structs, which the runtime fills in and emitted code
// reads by the offsets of their fields.
#ifndef BNSYN_COMPILER_EMISSION_KERNEL_ABI_H_
#define BNSYN_COMPILER_EMISSION_KERNEL_ABI_H_

#include <cstddef>
#include <cstdint>

#include "reference/coarse.h"

namespace bnsyn::compiler {

// Elements in a group. Kernels process whole groups, threads own whole groups, and arrays are
// padded to whole groups and aligned to 64 bytes.
inline constexpr uint32_t kGroup = 64;

// The list that one `spike` node appends to.
struct SpikeOutput {
  uint32_t* list;  // room for end - begin indices
  uint32_t count;  // of indices in the list, before and after the call
};

// Arguments of a population or network kernel. It runs over elements [begin, end), where `begin` is
// a multiple of kGroup. Elements past `end` up to the next multiple are computed and stored, since
// arrays are padded, but they neither spike nor fault nor count. A network kernel ignores the
// range.
struct KernelArgs {
  // A pointer for each slot of the kernel (ir::Block::slots): to element 0 of the array of a state,
  // or of the integers of an input (ir::Accumulator); to the number of a uniform state, parameter
  // or total; to the int64_t of a count; for a `reduce` to the partial sums, a double for each
  // group.
  void* const* slots;
  uint64_t step;
  uint64_t seed;
  uint32_t begin;
  uint32_t end;
  uint32_t fault;       // after the call: not 0 if a check or a take failed
  SpikeOutput* spikes;  // one for each `spike` node, in the order of the kernel
};
using KernelFunction = void (*)(KernelArgs*);

// Deferred synapse code (compiler/analysis/deferral.h): what has arrived at targets, and what the
// network said, since the rows of a thread's synapses were brought up to date.
//
// Times are counted in halves of steps: on_post code of step k runs in one half of it, and on_step
// code in the other (Deferral says in which). Memory keeps the low 32 bits of a time, and times are
// compared by the sign of their difference: nothing that is kept may be older than 2^30 steps.

inline constexpr uint32_t kMostArrivals = 256;

// The arrivals at a target: what most rows need of them lies side by side, within half a line of a
// cache. All are 0 where nothing has arrived.
inline constexpr uint32_t kNewest = 7;
struct alignas(32) Arrivals {
  uint32_t count;            // since the beginning, or since all rows were up to date
  uint32_t newest[kNewest];  // the times of the last ones, the last one of all first; where there
                             // are not so many, times that are long done
};

// What is deferred of one projection on one thread. Compiled code changes none of the fields but
// `taken`.
struct DeferArgs {
  // By neuron of the target population; those of other threads are never touched. Arrival number n
  // (from 0) has entry target * capacity + (n & (capacity - 1)) of `times`, and its captured values
  // (Deferral::post_captured) follow one another from that entry times their number on in `values`.
  Arrivals* arrivals;
  uint32_t* times;
  uint64_t* values;  // the bits of each, zero-extended; null where nothing is captured
  // Entries of one target: a power of two, at most kMostArrivals. Where `count` is 0, the head
  // fills them all with a time that is long done.
  uint32_t capacity;

  // head: the time from which on arrivals are needed: the least `done` of any row of the thread. An
  // entry of before may be overwritten.
  uint32_t needed_from;
  // head: after the call, how many of the spikes it has taken. Fewer than there are where the next
  // would overwrite an entry that is needed: sweep, then call again with the others.
  uint32_t taken;

  // The window of the network: the values that on_step code of step k reads of it
  // (Deferral::step_captured) follow one another from entry (k & (window_steps - 1)) times their
  // number on.
  uint64_t* window;
  uint32_t window_steps;  // a power of two

  // By row, as row_begin is: the time before which all deferred code has run. catch_up runs what
  // there is from there to `until`, and sets it to that.
  uint32_t* done;
  uint64_t until;
};

// Arguments of the code of a synaptic block. It runs the block over synapses of one projection onto
// the targets that one thread owns, row by row. A row has the synapses of a source in on_pre and
// on_step code, and those of a target in on_post code.
struct DeliverArgs {
  // Inputs: integers of their ir::Accumulator; states of source, target or synapse; uniform values.
  void* const* slots;
  uint64_t step;
  uint64_t seed;
  const uint32_t* spikes;  // the neurons whose rows to run
  uint32_t spike_count;
  uint32_t fault;  // after the call: not 0 if a contribution or a check failed
  // The row of neuron n is [row_begin[n * row_stride], row_begin[n * row_stride + row_count]) of
  // the arrays that follow: `row_count` of its rows, one after another.
  const uint32_t* row_begin;
  uint64_t row_stride;
  uint64_t row_count;
  const uint32_t* others;    // the neuron at the other end of the synapse
  const uint32_t* synapses;  // in on_post code, the number of the synapse in `weights` and states;
                             // else null: a synapse has the number of its place
  uint64_t delay;            // of these synapses in steps, in on_pre and on_step code
  const uint32_t* occurrences;     // by synapse: its number among those of its pair; null where no
                                   // pair has two, or none draws
  const double* weights;           // by synapse; null where the projection has one weight
  reference::CoarseTally* coarse;  // one for each `accumulate` of the block, in order: what it adds
                                   // that is coarse and not static
  DeferArgs* defer;                // where something of the projection is deferred; else null
};
using DeliverFunction = void (*)(DeliverArgs*);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_KERNEL_ABI_H_
