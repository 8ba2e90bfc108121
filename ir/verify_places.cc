#include <cstdint>

#include "ir/op.h"
#include "ir/program.h"
#include "ir/verify_blocks.h"

namespace bnsyn::ir {
namespace {

// Sets of kinds of blocks.
constexpr uint16_t kInInit = 1;
constexpr uint16_t kInConnect = 2;
constexpr uint16_t kInSynaptic = 4;  // on_pre, on_step and on_post
constexpr uint16_t kBySource = 8;    // of these, on_pre and on_step
constexpr uint16_t kInNow = 16;
constexpr uint16_t kInStep = 32;    // and kernels
constexpr uint16_t kInLoop = 64;    // and kernels of several passes
constexpr uint16_t kInClock = 128;  // and kernels made of clocks
constexpr uint16_t kInOnPre = 256;
constexpr uint16_t kInOnPost = 512;
constexpr uint16_t kOfSynapses = kInConnect | kInSynaptic | kInNow;
constexpr uint16_t kAnywhere = kInInit | kOfSynapses | kInStep | kInLoop | kInClock;

// The blocks in which an op may stand that reads or writes more than its operands, or that belongs
// to a synapse. Other pure ops may stand anywhere.
struct Place {
  Op op;
  uint16_t blocks;
};
constexpr Place kPlaces[] = {
    {Op::kLoad, kAnywhere},
    {Op::kStore, kAnywhere},
    {Op::kStorePre, kInOnPre | kInNow},
    {Op::kStorePost, kInOnPost},
    {Op::kCheck, kInSynaptic | kInStep | kInClock},
#define BNSYN_EXPECT(name, ...) {Op::k##name, kInInit | kInSynaptic | kInStep | kInClock},
#include "ir/ops.def"
    {Op::kLoadPre, kOfSynapses},
    {Op::kLoadPost, kOfSynapses},
    {Op::kGather, kInSynaptic | kInStep},
    {Op::kPast, kInSynaptic | kInStep | kInLoop},
    {Op::kDelay, kBySource},
    {Op::kIndexPre, kOfSynapses},
    {Op::kIndexPost, kOfSynapses},
    {Op::kWeight, kOfSynapses},
    {Op::kSetProbability, kInConnect},
    {Op::kSetWeight, kInConnect},
    {Op::kSetDelay, kInConnect},
    {Op::kAccumulate, kInSynaptic},
    {Op::kAccumulatePre, kInSynaptic},
    {Op::kTake, kInStep | kInClock},
    {Op::kHeld, kInStep},
    {Op::kScale, kInStep},
    {Op::kSpike, kInStep},
    {Op::kRun, kInStep},
    {Op::kPass, kInLoop},
    {Op::kUntil, kInLoop},
    {Op::kRunOnStep, kInStep},
    {Op::kRunSums, kInStep},
    {Op::kDeliver, kInStep},
    {Op::kCount, kInStep | kInClock},
    {Op::kReduce, kInStep | kInClock},
    {Op::kTotal, kInStep | kInClock},
};

uint16_t SetOf(BlockKind kind) {
  switch (kind) {
    case BlockKind::kInit:
      return kInInit;
    case BlockKind::kConnect:
      return kInConnect;
    case BlockKind::kOnPre:
      return kInSynaptic | kBySource | kInOnPre;
    case BlockKind::kOnStep:
      return kInSynaptic | kBySource;
    case BlockKind::kOnPost:
      return kInSynaptic | kInOnPost;
    case BlockKind::kLoop:
      return kInLoop;
    case BlockKind::kClock:
      return kInClock;
    case BlockKind::kNow:
      return kInNow;
    case BlockKind::kStep:
    case BlockKind::kKernel:
      return kInStep;
  }
  return 0;
}

}  // namespace

bool MayStand(Op op, BlockKind kind) {
  for (const Place& place : kPlaces) {
    if (place.op == op) return (place.blocks & SetOf(kind)) != 0;
  }
  // An op with an effect must have a row above.
  return Info(op).effect == Effect::kPure;
}

}  // namespace bnsyn::ir
