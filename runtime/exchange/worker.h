// What belongs to one thread of the accelerated backend.
#ifndef BNSYN_RUNTIME_EXCHANGE_WORKER_H_
#define BNSYN_RUNTIME_EXCHANGE_WORKER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/emission/kernel_abi.h"
#include "reference/array.h"
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

// What a thread has counted so far.
struct Tally {
  reference::Digest digest;            // of spikes
  std::vector<uint64_t> spike_counts;  // by population
  size_t next_event = 0;
  std::vector<reference::CoarseTally> coarse;  // as Schedule::coarse says
};

struct alignas(kCacheLine) Worker {
  // Saves the tally, the record and the step; GoBack restores them.
  void Save() {
    saved_tally = tally;
    saved_words = record.words().size();
    saved_step = next_step;
  }
  void GoBack() {
    tally = saved_tally;
    record.Rewind(saved_words);
    next_step = saved_step;
  }

  // Two, used alternately: a fast thread may write one while a slow thread still reads the other.
  Signal signals[2];
  size_t turn = 0;
  Tally tally;
  std::vector<compiler::SpikeOutput> spike_outputs;  // of the running kernel
  SpikeRecord record;
  std::vector<InputEvent> events;
  // The next step, and how the run ended: the same on all threads.
  uint64_t next_step = 0;
  bool fault = false;
  // Written by Save.
  Tally saved_tally;
  size_t saved_words = 0;
  uint64_t saved_step = 0;
  // Copies of the states before delivery found a fault; empty unless delivery reads states.
  std::vector<reference::Array> states;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_WORKER_H_
