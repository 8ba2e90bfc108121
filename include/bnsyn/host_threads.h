// Threads of the host in the place of a simulation's own.
#ifndef BNSYN_HOST_THREADS_H_
#define BNSYN_HOST_THREADS_H_

#include <functional>

namespace [[gnu::visibility("default")]] bnsyn {

// Calls task(0), task(1), ..., task(count - 1), each once and each on a thread of its own, of which
// the caller's may be one, and returns when all have returned. It must not throw.
//
// The tasks wait for each other, many times in each step, so all of them must run at the same time.
// A pool of fewer than `count` threads, or one whose threads are taken by work that itself waits
// for the simulation, would wait for ever; Compile tries the function once and refuses one that
// does not run all tasks together. A call comes with each Run or Step, and several while synapses
// are drawn.
using HostThreads = std::function<void(int count, const std::function<void(int)>& task)>;

}  // namespace bnsyn

#endif  // BNSYN_HOST_THREADS_H_
