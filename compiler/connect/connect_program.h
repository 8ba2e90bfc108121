// Connect blocks (R8) as kernels over arrays of synapses: what the accelerated backend constructs
// with.
#ifndef BNSYN_COMPILER_CONNECT_CONNECT_PROGRAM_H_
#define BNSYN_COMPILER_CONNECT_CONNECT_PROGRAM_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::compiler {

// What an array of a kernel holds, one element a synapse.
enum class ConnectRole : uint8_t {
  // Given to the kernel.
  kSource,      // u32
  kTarget,      // u32
  kOccurrence,  // u32: how many synapses of the same pair come before
  kGiven,       // f64: the weight that the list gives
  kPre,         // state number `index` of the program, of the source
  kPost,        // the same of the target
  // Made by it.
  kWeight,  // f64
  kDelay,   // i64, steps
  kState,   // state number `index` of the program
  kQuanta,  // f64: what node number `index` of the on_pre block adds, in quanta, rounded; NaN where
            // the weight is not finite
  kJoined,  // u32, over pairs: 1 where the pair is joined, 0 where not, kNoProbability where the
            // probability is not one
};
inline constexpr uint32_t kNoProbability = 2;

struct ConnectArray {
  ConnectRole role;
  uint32_t index = 0;     // as the role says
  ir::StateId state = 0;  // of ConnectProgram::program
};

// A kernel is a population of the program: what runs over its domain. Projections whose synapses
// are made alike have one population, each with streams and states of its own.
struct ConnectKernel {
  // A uniform state, u32, to hold the number of a stream.
  struct Stream {
    ir::StateId cell = 0;
    uint32_t number = 0;
  };
  ir::DomainId domain;
  std::vector<ConnectArray> arrays;
  std::vector<Stream> streams;
};

// Numbers of the sequence (a, b) of a rule (R8), two an element: numbers 2 i and 2 i + 1 of element
// i, each the 64 bits that it is made of, the first word above the second.
struct RuleKernel {
  ir::DomainId domain;
  // Given, u32: the sequence and the stream, which are uniform.
  ir::StateId a = 0;
  ir::StateId b = 0;
  ir::StateId stream = 0;
  // Made, u64.
  ir::StateId even = 0;
  ir::StateId odd = 0;
};

// Targets that a Bernoulli rule passes over (R8), two an element: those before synapses 2 c and
// 2 c + 1 of the row of a source in a block, c being the counter.
struct SkipKernel {
  ir::DomainId domain;
  // Given: the source, the block and the counter, u32; the stream, u32, and log(1 - p), f64, which
  // are uniform.
  ir::StateId source = 0;
  ir::StateId block = 0;
  ir::StateId counter = 0;
  ir::StateId stream = 0;
  ir::StateId log_miss = 0;
  // Made, f64: whole numbers, up to infinity.
  ir::StateId even = 0;
  ir::StateId odd = 0;
};

// What is to be known of the synapses of a projection beside its delays and states, which always
// are.
struct ConnectRequest {
  bool weights = false;            // where the connect block sets them
  std::vector<ir::NodeId> quanta;  // of static accumulates of the on_pre block
};

struct ConnectProgram {
  // A program like any other, but for its synapses, which are elements of populations; its passes
  // and its code are those of programs. The seed is a parameter, so that code does not depend on
  // it.
  ir::Program program;
  // By projection; none where there is nothing to compute, or the interpreter must.
  std::vector<std::optional<ConnectKernel>> synapses;
  std::vector<std::optional<ConnectKernel>> pairs;  // where the block sets probabilities
  std::optional<RuleKernel> rule;                   // where rules draw by target
  std::optional<SkipKernel> skips;                  // where Bernoulli rules draw a lot
};

// Whether a rule draws how many sources each target has, and which.
constexpr bool DrawsByTarget(ir::RuleKind kind) {
  return kind == ir::RuleKind::kFixedInDegree || kind == ir::RuleKind::kFixedTotal;
}

// Whether a connect block can be a kernel: all but those that draw from Poisson's distribution,
// whose draws are no plain ops.
bool IsCompilable(const ir::Block& connect);

// The kernels of all projections. `states` are those after init. A draw for a synapse takes the
// words that R3 says, written out as ops, so that every element has its own counter.
ConnectProgram MakeConnectProgram(const ir::Program& program,
                                  absl::Span<const ConnectRequest> requests,
                                  absl::Span<const reference::Array> states);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_CONNECT_CONNECT_PROGRAM_H_
