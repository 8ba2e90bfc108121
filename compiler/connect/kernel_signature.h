// Finds equal kernels of connect programs, so that each is compiled once.
#ifndef BNSYN_COMPILER_CONNECT_KERNEL_SIGNATURE_H_
#define BNSYN_COMPILER_CONNECT_KERNEL_SIGNATURE_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "compiler/connect/connect_program.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::compiler {

// The source of a kernel as words. Streams and states are numbered in the order of their first use:
// kernels of equal words differ in nothing else.
struct KernelSignature {
  std::vector<uint64_t> words;
  std::vector<uint64_t> streams;
  std::vector<uint64_t> states;
};

class SignatureWriter {
 public:
  // For a kernel of a projection. `states` are the states after init.
  SignatureWriter(const ir::Program& program, ir::ProjectionId id,
                  absl::Span<const reference::Array> states);

  void Add(uint64_t word) { signature_.words.push_back(word); }
  void AddStream(uint64_t stream);
  // A connect or on_pre block; null for none.
  void AddBlock(const ir::Block* block);
  KernelSignature Take() { return std::move(signature_); }

 private:
  void AddAttribute(const ir::Node& node);

  const ir::Program& program_;
  const absl::Span<const reference::Array> states_;
  KernelSignature signature_;
};

// The kernels made so far, by their words.
class KnownKernels {
 public:
  // The kernel of a signature: a known kernel with these streams and states, or the result of
  // `make`.
  template <typename Make>
  ConnectKernel Get(KernelSignature signature, Make make) {
    const auto known = kernels_.find(signature.words);
    if (known != kernels_.end()) return Renamed(known->second, signature);
    ConnectKernel kernel = make();
    const std::vector<uint64_t> words = signature.words;
    kernels_.emplace(words, Entry{std::move(signature), kernel});
    return kernel;
  }

 private:
  struct Entry {
    KernelSignature signature;
    ConnectKernel kernel;
  };
  static ConnectKernel Renamed(const Entry& entry, const KernelSignature& signature);

  std::map<std::vector<uint64_t>, Entry> kernels_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_CONNECT_KERNEL_SIGNATURE_H_
