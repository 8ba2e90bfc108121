// The roofline of this machine (Williams, Waterman & Patterson 2009): what a step computes and
// moves, and how fast one thread could do that.
#ifndef BNSYN_TOOLS_ROOFLINE_H_
#define BNSYN_TOOLS_ROOFLINE_H_

#include "absl/status/statusor.h"
#include "ir/program.h"

namespace bnsyn::tools {

// Of one step: operations on floats, a fused multiply-add being two, and bytes that are read or
// written.
struct Work {
  double flops = 0;
  double bytes = 0;
  Work operator+(const Work& other) const { return {flops + other.flops, bytes + other.bytes}; }
};

// What a kernel does in a step in which it is due, as its nodes say: each state that it names is
// read or written once. What its plan runs for rare lanes alone, as for neurons that spike, counts
// for nothing.
absl::StatusOr<Work> WorkOf(const ir::Program& program, const ir::Block& kernel);

// What the arrival of a spike at one synapse does, over the projections of a program: it reads the
// target, and the weight where synapses have their own, and adds to a sum.
Work WorkOfEvent(const ir::Program& program);

struct Roof {
  double flops_per_second = 0;
  double bytes_per_second = 0;
  // The seconds that the work must take: the longer of both.
  double Seconds(const Work& work) const;
};

// Measured by compiled kernels, of vectors as wide as those of the network: chains of fused
// multiply-adds on what the nearest cache holds, and a sum with a number over `bytes` of states, as
// many as a step of the network moves.
absl::StatusOr<Roof> MeasureRoof(double bytes, int width);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_ROOFLINE_H_
