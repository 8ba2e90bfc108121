// What belongs to one thread of the accelerated backend.
#ifndef BNSYN_RUNTIME_EXCHANGE_WORKER_H_
#define BNSYN_RUNTIME_EXCHANGE_WORKER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "compiler/emission/kernel_abi.h"
#include "reference/array.h"
#include "reference/digest.h"
#include "runtime/exchange/event_list.h"
#include "runtime/exchange/spikes.h"
#include "runtime/memory/buffers.h"

namespace bnsyn {

// What a thread tells the others when they meet.
struct alignas(kCacheLine) Signal {
  bool fault = false;
  bool full = false;  // no room to record another window
};

// What a thread has made of its steps so far, beside states and spikes on their way.
struct Tally {
  reference::Digest digest;            // of spikes
  std::vector<uint64_t> spike_counts;  // by population
  size_t next_event = 0;
};

struct alignas(kCacheLine) Worker {
  // Keeps what it has made so far, and goes back to that.
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

  // Used in turn: a fast thread may write the one while a slow one still reads the other.
  Signal signals[2];
  size_t turn = 0;
  Tally tally;
  std::vector<compiler::SpikeOutput> spike_outputs;  // of the kernel that runs
  SpikeRecord record;
  std::vector<InputEvent> events;
  // How the run ended; the same on all threads.
  uint64_t next_step = 0;
  bool fault = false;
  // Of Save.
  Tally saved_tally;
  size_t saved_words = 0;
  uint64_t saved_step = 0;
  // The states as delivery saw them when it found a fault, where it reads some.
  std::vector<reference::Array> states;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_WORKER_H_
