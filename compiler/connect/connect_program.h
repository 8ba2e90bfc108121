// Writes a connection generator for the accelerated backend: connect blocks (R8) and the draws of
// rules as kernels over arrays of synapses.
#ifndef BNSYN_COMPILER_CONNECT_CONNECT_PROGRAM_H_
#define BNSYN_COMPILER_CONNECT_CONNECT_PROGRAM_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::compiler {

// The content of an array of a kernel, one element a synapse.
enum class ConnectRole : uint8_t {
  // Arguments of the kernel.
  kSource,      // u32
  kTarget,      // u32
  kOccurrence,  // u32: the number of earlier synapses of the same pair
  kGiven,       // f64: the weight from the list
  kPre,         // state number `index` of the program, of the source
  kPost,        // the same of the target
  // Results.
  kWeight,  // f64
  kDelay,   // i64, steps
  kState,   // state number `index` of the program
  kQuanta,  // f64: the contribution of node number `index` of the on_pre block, in quanta, rounded;
            // NaN if the weight is not finite
  kContribution,  // f64: the same before it is rounded, in units of the input
  kJoined,  // u32, over pairs: 1 if the pair is connected, 0 if not, kNoProbability if the value
            // set
            // is no probability
};
inline constexpr uint32_t kNoProbability = 2;

struct ConnectArray {
  ConnectRole role;
  uint32_t index = 0;     // as the role says
  ir::StateId state = 0;  // of ConnectProgram::program
};

// A kernel: the part of the program that runs over the domain of one population. Projections with
// equal code share a population; each has streams and states of its own.
struct ConnectKernel {
  // A uniform state, u32, that holds the number of a stream.
  struct Stream {
    ir::StateId cell = 0;
    uint32_t number = 0;
  };
  ir::DomainId domain;
  std::vector<ConnectArray> arrays;
  std::vector<Stream> streams;
};

// Draws numbers of the sequence (a, b) of a rule (R8), two an element: element i gives numbers 2 i
// and 2 i + 1, each as 64 bits, the first word above the second.
struct RuleKernel {
  ir::DomainId domain;
  // Arguments, u32, uniform: the sequence and the stream.
  ir::StateId a = 0;
  ir::StateId b = 0;
  ir::StateId stream = 0;
  // Results, u64.
  ir::StateId even = 0;
  ir::StateId odd = 0;
};

// Draws the numbers of targets that a Bernoulli rule skips (R8), two an element: those before
// synapses 2 c and 2 c + 1 of the row of a source in a block, where c is the counter.
struct SkipKernel {
  ir::DomainId domain;
  // Arguments: the source, the block and the counter, u32; uniform: the stream, u32, and log(1 -
  // p), f64.
  ir::StateId source = 0;
  ir::StateId block = 0;
  ir::StateId counter = 0;
  ir::StateId stream = 0;
  ir::StateId log_miss = 0;
  // Results, f64: whole numbers, or infinity.
  ir::StateId even = 0;
  ir::StateId odd = 0;
};

// The values to compute for the synapses of a projection, in addition to delays and states.
struct ConnectRequest {
  bool weights = false;            // if the connect block sets them
  std::vector<ir::NodeId> quanta;  // of static accumulates of the on_pre block
  bool contributions = false;      // of these as well
};

struct ConnectProgram {
  // An ordinary program whose populations are of synapses; passes and emission take it like any
  // other. The seed is a parameter, so that code does not depend on it.
  ir::Program program;
  // By projection; nullopt if there is nothing to compute, or the interpreter computes it.
  std::vector<std::optional<ConnectKernel>> synapses;
  std::vector<std::optional<ConnectKernel>> pairs;  // if the block sets probabilities
  std::optional<RuleKernel> rule;                   // if rules draw by target
  std::optional<SkipKernel> skips;                  // if Bernoulli rules draw a lot
};

// True if a connect block can be a kernel: it has no Poisson draw, which is long code for what is
// drawn once.
bool IsCompilable(const ir::Block& connect);

// The kernels of all projections. `states` are the states after init. A draw for a synapse takes
// the words that R3 says. It is written out as ops, so that each element has its own counter.
ConnectProgram MakeConnectProgram(const ir::Program& program,
                                  absl::Span<const ConnectRequest> requests,
                                  absl::Span<const reference::Array> states);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_CONNECT_CONNECT_PROGRAM_H_
