// What belongs to one thread of the accelerated backend.
#ifndef BNSYN_RUNTIME_EXCHANGE_WORKER_H_
#define BNSYN_RUNTIME_EXCHANGE_WORKER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/emission/kernel_abi.h"
#include "reference/coarse.h"
#include "reference/digest.h"
#include "runtime/exchange/event_list.h"
#include "runtime/exchange/spikes.h"
#include "runtime/memory/buffers.h"

namespace bnsyn {

// What a thread publishes before a barrier, for all threads to read after it.
struct alignas(kCacheLine) Signal {
  bool fault = false;
  bool full = false;  // the record has no room for another epoch
};

// What a thread has counted so far, and how far it has come.
struct Tally {
  reference::Digest digest;            // of spikes
  std::vector<uint64_t> spike_counts;  // by population
  size_t next_event = 0;
  uint64_t next_step = 0;                      // the same on all threads
  std::vector<reference::CoarseTally> coarse;  // as StepSchedule::coarse says
};

struct alignas(kCacheLine) Worker {
  // Two, used alternately: a fast thread may write one while a slow thread still reads the other.
  Signal signals[2];
  size_t turn = 0;
  Tally tally;
  std::vector<compiler::SpikeOutput> spike_outputs;  // of the running kernel
  SpikeRecord record;
  std::vector<InputEvent> events;
  bool fault = false;          // how the run ended: the same on all threads
  bool out_of_memory = false;  // likewise, where a thread could not save its checkpoint
  Tally saved;                 // at the last checkpoint
  size_t saved_words = 0;      // likewise, of the record
  bool checkpoint_due = true;
  // At the beginning of the last epoch.
  uint64_t epoch_step = 0;
  size_t epoch_words = 0;  // of the record
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_WORKER_H_
