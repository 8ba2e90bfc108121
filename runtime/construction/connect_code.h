// Compiled connect blocks: evaluates them over arrays of synapses.
#ifndef BNSYN_RUNTIME_CONSTRUCTION_CONNECT_CODE_H_
#define BNSYN_RUNTIME_CONSTRUCTION_CONNECT_CODE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/connect/connect_program.h"
#include "compiler/emission/jit.h"
#include "compiler/options.h"
#include "ir/program.h"
#include "reference/array.h"
#include "runtime/memory/buffers.h"

namespace bnsyn {

// The code of all projections; used by all threads.
class ConnectCode {
 public:
  // `states` are the states after init. It and the program must outlive the code and must not move.
  static absl::StatusOr<ConnectCode> Create(const ir::Program& program,
                                            absl::Span<const compiler::ConnectRequest> requests,
                                            absl::Span<const reference::Array> states,
                                            const compiler::CompileOptions& options);

  // Null if there is nothing to run.
  const compiler::ConnectKernel* synapses(ir::ProjectionId id) const {
    return made_.synapses[id] ? &*made_.synapses[id] : nullptr;
  }
  const compiler::ConnectKernel* pairs(ir::ProjectionId id) const {
    return made_.pairs[id] ? &*made_.pairs[id] : nullptr;
  }
  // Only if a rule draws by target.
  const compiler::RuleKernel& rule() const { return *made_.rule; }
  // Null if Bernoulli rules draw little.
  const compiler::SkipKernel* skips() const { return made_.skips ? &*made_.skips : nullptr; }

 private:
  friend class KernelArrays;
  friend class ConnectArrays;

  compiler::ConnectProgram made_;
  ir::Program placed_;                            // after the passes
  std::unique_ptr<compiler::CompiledCode> code_;  // null without kernels
  std::vector<std::vector<double>> tables_;       // row by row
  absl::Span<const reference::Array> states_;
};

// The arrays of the kernels of one population, on one thread. Runs the kernels.
class KernelArrays {
 public:
  KernelArrays(const ConnectCode& code, ir::DomainId domain) : code_(&code), domain_(domain) {}

  // Makes room for `size` elements. If the arrays grow, their values are lost.
  absl::Status Reserve(size_t size);
  char* Address(ir::StateId state) const { return buffer_.data() + offsets_[state]; }
  // Runs all kernels over `size` elements.
  void Run(size_t size) const;

 private:
  // A kernel of the placed program and the memory of its slots.
  struct Call {
    compiler::KernelFunction function;
    std::vector<void*> slots;
  };

  const ConnectCode* code_;
  ir::DomainId domain_;
  size_t capacity_ = 0;
  PageBuffer buffer_;
  std::vector<size_t> offsets_;  // by state
  std::vector<Call> calls_;
};

// Runs a compiled connect block over synapses, or over pairs, and holds the results.
class ConnectArrays {
 public:
  ConnectArrays(const ConnectCode& code, const compiler::ConnectKernel& kernel)
      : code_(&code), kernel_(&kernel), arrays_(code, kernel.domain) {}

  // Runs over synapses, given by their neurons. `occurrences` may be empty if no pair occurs twice,
  // `weights` if the list gives no weights. Overwrites the results of the run before.
  absl::Status Run(absl::Span<const uint32_t> sources, absl::Span<const uint32_t> targets,
                   absl::Span<const uint32_t> occurrences, absl::Span<const double> weights);

  // The results: null if the kernel makes no such array.
  const double* weights() const { return Made<double>(compiler::ConnectRole::kWeight, 0); }
  const int64_t* delays() const { return Made<int64_t>(compiler::ConnectRole::kDelay, 0); }
  const double* quanta(ir::NodeId accumulate) const {
    return Made<double>(compiler::ConnectRole::kQuanta, accumulate);
  }
  const double* contributions(ir::NodeId accumulate) const {
    return Made<double>(compiler::ConnectRole::kContribution, accumulate);
  }
  const uint32_t* joined() const { return Made<uint32_t>(compiler::ConnectRole::kJoined, 0); }
  const char* state(ir::StateId state) const {
    return Made<char>(compiler::ConnectRole::kState, state);
  }

 private:
  void Give(const compiler::ConnectArray& array, absl::Span<const uint32_t> sources,
            absl::Span<const uint32_t> targets, absl::Span<const uint32_t> occurrences,
            absl::Span<const double> weights);
  template <typename T>
  const T* Made(compiler::ConnectRole role, uint32_t index) const {
    for (const compiler::ConnectArray& array : kernel_->arrays) {
      if (array.role == role && array.index == index) {
        return reinterpret_cast<const T*>(arrays_.Address(array.state));
      }
    }
    return nullptr;
  }

  const ConnectCode* code_;
  const compiler::ConnectKernel* kernel_;
  KernelArrays arrays_;
};

// The random words of rules that draw by target.
class RuleWords {
 public:
  explicit RuleWords(const ConnectCode& code)
      : kernel_(code.rule()), arrays_(code, kernel_.domain) {}

  // Draws the first `count` numbers of a sequence.
  absl::Status Draw(uint32_t stream, uint32_t a, uint32_t b, size_t count);
  // The 64 bits of number d.
  uint64_t operator[](size_t d) const {
    return reinterpret_cast<const uint64_t*>(d % 2 == 0 ? even_ : odd_)[d / 2];
  }

 private:
  const compiler::RuleKernel& kernel_;
  KernelArrays arrays_;
  const char* even_ = nullptr;
  const char* odd_ = nullptr;
};

// The numbers of targets that a Bernoulli rule skips (R8), drawn for many sources at once.
class RuleSkips {
 public:
  // For blocks [first_block, end_block) of targets. A row is expected to need `expected` numbers in
  // each block.
  RuleSkips(const ConnectCode& code, uint64_t seed, uint32_t stream, double log_miss,
            uint32_t first_block, uint32_t end_block, double expected);

  // Draws the numbers of a source; fastest if sources are taken in order.
  absl::Status Draw(uint32_t source);
  // The number of targets that the last source skips before synapse `number` of a block; more than
  // there are if it has no such synapse.
  double Skip(uint32_t block, uint32_t number) const;

 private:
  const compiler::SkipKernel& kernel_;
  KernelArrays arrays_;
  uint64_t seed_;
  uint32_t stream_;
  double log_miss_;
  uint32_t first_block_;
  uint32_t each_;        // elements of a block
  uint32_t per_source_;  // elements of a source
  uint32_t batch_;       // sources drawn at once
  uint32_t first_ = 0;   // the first of them, and the one after the last
  uint32_t end_ = 0;
  uint32_t source_ = 0;
  const double* even_ = nullptr;  // of the source
  const double* odd_ = nullptr;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONSTRUCTION_CONNECT_CODE_H_
