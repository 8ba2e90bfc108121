// Makes chosen calls of this process fail: allocations, and calls of the system. The functions are
// those of the executable, which the dynamic linker prefers to those of the libraries.
#ifndef BNSYN_TESTS_FAULTS_INTERPOSER_H_
#define BNSYN_TESTS_FAULTS_INTERPOSER_H_

#include <cstdint>
#include <string>

namespace bnsyn::faults {

enum class Call {
  kNew,     // operator new
  kMalloc,  // malloc and its kin, which LLVM and the C library call; never under sanitizers
  kOpen,
  kRead,
  kWrite,
  kSync,
  kClose,
  kRename,
  kMap,
  kMakeDirectory,
  kCount,
};
const char* Name(Call call);
// False for what this build cannot let fail.
bool CanFail(Call call);

enum class Effect {
  kFails,        // with Fault::error
  kIsShort,      // does a part of the work: read and write
  kInterrupted,  // by a signal before it began: read and write
  kKills,        // the process ends in the middle of the call, as by kill -9
};

struct Fault {
  Call call = Call::kNew;
  Effect effect = Effect::kFails;
  uint64_t at = 1;       // of the calls of its kind since Arm, the first that is hit
  bool lasting = false;  // so are all later ones
  int error = 0;         // errno
};

// From now on calls are counted, and those that the fault says are hit. Only one fault at a time.
void Arm(const Fault& fault);
// Calls do what they should again. Returns how many of the fault's kind there were since Arm.
uint64_t Disarm();
// Between the two nothing is hit or counted.
void Pause();
void Resume();
// True if the fault hit a call.
bool Hit();
// True if the first call that was hit came from a function whose name contains `part`, or from a
// library whose path does.
bool HitWithin(const char* part);
// True if a later call that was hit came from LLVM: memory runs out once, and then LLVM's objects
// are deleted, which takes memory.
bool HitLaterWithinLlvm();
// The functions that led to the first call that was hit, one a line.
std::string HitTrace();

// If this process crashes, prints them before it ends.
void TellOnCrash();

// The blocks of operator new that are not deleted.
int64_t LiveBlocks();

}  // namespace bnsyn::faults

#endif  // BNSYN_TESTS_FAULTS_INTERPOSER_H_
