// Runs the kernels of a placed program on plain arrays in one thread: what tests of the emitter
// need of a runtime.
#ifndef BNSYN_TESTS_COMPILER_KERNEL_MACHINE_H_
#define BNSYN_TESTS_COMPILER_KERNEL_MACHINE_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/emission/jit.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Zeroed memory as kernels want it: aligned, and padded to whole groups.
class GroupArray {
 public:
  GroupArray(ir::Element element, size_t size);
  void* data() const { return data_.get(); }
  size_t padded_size() const { return padded_size_; }
  ir::Bits bits(size_t i) const;
  void set_bits(size_t i, ir::Bits bits);

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  size_t bytes_;
  size_t padded_size_;
  std::unique_ptr<void, Free> data_;
};

// Parses a program whose step is kernels already, and places it.
ir::Program PlacedProgram(absl::string_view text);

class KernelMachine {
 public:
  static absl::StatusOr<KernelMachine> Create(ir::Program placed, const CompileOptions& options);
  static absl::StatusOr<KernelMachine> Create(ir::Program placed, const CompileOptions& options,
                                              const Target& target);

  // Runs all kernels over their whole domains, in two halves where there is more than one group.
  void Step();

  GroupArray& state(ir::StateId id) { return states_[id]; }
  GroupArray& state(const char* name) { return states_[*program_.FindState(name)]; }
  GroupArray& param(ir::ParamId id) { return params_[id]; }
  // Sums of 64 bits; a wide one is two of them, the low half first.
  GroupArray& input(ir::InputId id) { return inputs_[id]; }
  double total(ir::ReductionId id) const { return ir::F64OfBits(totals_[id].bits(0)); }
  const std::vector<uint32_t>& spikes(ir::PopulationId id) const { return spikes_[id]; }
  // Whether a kernel of the last step reported a fault.
  bool fault() const { return fault_; }
  const ir::Program& program() const { return program_; }
  const CompiledCode& code() const { return *code_; }
  std::vector<void*> Slots(const ir::Block& block);

  uint64_t step = 0;

 private:
  KernelMachine(ir::Program program, std::unique_ptr<CompiledCode> code);
  void RunKernel(const ir::Block& block);

  ir::Program program_;
  std::unique_ptr<CompiledCode> code_;
  std::vector<GroupArray> states_, params_, tables_, inputs_, counts_, partials_, totals_;
  std::vector<std::vector<uint32_t>> spikes_;
  bool fault_ = false;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_TESTS_COMPILER_KERNEL_MACHINE_H_
