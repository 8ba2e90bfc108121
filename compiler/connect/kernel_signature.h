// Which kernels of connect programs are equal, so that each is made once.
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

// What a kernel comes from, with streams and states by the order in which they come first: kernels
// of equal words are equal but for those.
struct KernelSignature {
  std::vector<uint64_t> words;
  std::vector<uint64_t> streams;
  std::vector<uint64_t> states;
};

class SignatureWriter {
 public:
  // For a kernel of a projection. `states` are those after init, where something reads them.
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

// Kernels by what they come from.
class KnownKernels {
 public:
  // The kernel of a signature: one that was made before, with other streams and states, or what
  // `make` makes.
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
