// The work of one projection that one thread has put off, and the calls that do it.
//
// Deferred code (compiler/analysis/deferral.h) does not run when it is due. What it will read of
// the moment goes to histories: of each target of the thread the times of the last spikes that
// arrived and what the code captures of it, of the network what each of the last steps had. Each
// row of synapses has a position: the time before which all of its work is done. Before anything
// else reads or writes the synapses of a row, the compiled function catch_up does its work in
// order.
//
// Histories are rings. Before one overwrites what a row still needs, the rows that lag so far are
// caught up: they, and those that lag nearly as far, so that it does not happen in every step.
//
// Times are counted in halves of steps, and histories keep their low 32 bits. The engine begins the
// histories anew at each checkpoint, when all work is done, so that none is old enough for these to
// be ambiguous.
#ifndef BNSYN_RUNTIME_DEFERRAL_BACKLOG_H_
#define BNSYN_RUNTIME_DEFERRAL_BACKLOG_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/analysis/deferral.h"
#include "compiler/emission/kernel_abi.h"
#include "runtime/deferral/history.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// A compiled function of deferred code, with all pointers resolved.
struct DeferredCall {
  compiler::DeliverFunction function = nullptr;  // null if there is no such code
  std::vector<void*> slots;
  compiler::DeliverArgs args = {};  // all but the slots, the step, the neurons and what is deferred
  const uint32_t* delays = nullptr;  // of the rows of a neuron; null if the code reads none
};

class Backlog {
 public:
  // A row is one of `rows` of one of `sources` neurons.
  Backlog(compiler::Deferral deferral, History history, uint32_t sources, uint32_t rows);

  // The functions catch_up, head of on_post code and capture of on_step code. To be called once,
  // before any of what follows.
  void SetCode(DeferredCall catch_up, DeferredCall head, DeferredCall capture);

  // Nothing is put off before `time`, and the histories are empty.
  void Begin(uint64_t time);

  // The functions that follow do deferred work, or may have to. They return false if a check of it
  // has failed since Begin.

  // Does the work of before `until` in the `count` rows of each of these sources from number `row`
  // on.
  bool CatchUp(absl::Span<const uint32_t> sources, size_t row, size_t count, uint64_t until);
  // The same for all rows.
  bool Sweep(uint64_t until);
  // Makes room for what NotePosts is to note in `step`. To be called for all spikes of the step
  // before any of them is noted, since catch_up does all work that there is.
  bool MakeRoom(absl::Span<const uint32_t> targets, uint64_t step);
  // Puts off on_post code for spikes that arrive at these targets in `step`.
  bool NotePosts(absl::Span<const uint32_t> targets, uint64_t step);
  // Puts off the on_step code of `step`.
  bool NoteStep(uint64_t step);

  const compiler::Deferral& deferral() const { return deferral_; }
  uint32_t rows() const { return rows_; }

 private:
  // Does the work of before `until` in the rows that have work of before `limit`.
  bool SweepLagging(uint64_t limit, uint64_t until);
  bool Run(const DeferredCall& call, absl::Span<const uint32_t> neurons, size_t row, size_t count,
           uint64_t step);

  compiler::Deferral deferral_;
  History history_;
  uint32_t sources_;
  uint32_t rows_;
  DeferredCall catch_up_;
  DeferredCall head_;
  DeferredCall capture_;
  compiler::DeferArgs args_ = {};
  uint64_t all_done_ = 0;          // no row has work of before this time
  bool failed_ = false;
  std::vector<uint32_t> lagging_;  // scratch of SweepLagging: sources
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DEFERRAL_BACKLOG_H_
