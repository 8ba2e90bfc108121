// Values of a block that are known before it runs, as the oracle computes them.
#ifndef BNSYN_REFERENCE_KNOWN_BITS_H_
#define BNSYN_REFERENCE_KNOWN_BITS_H_

#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"

namespace bnsyn::reference {

// True if the value of a node follows from the values of its operands alone: not from the element,
// the step, the seed, or anything that only an engine knows.
bool IsFoldable(const ir::Node& node);

// The value of a foldable node whose operands, among `nodes`, are all literals; else nullopt.
std::optional<ir::Bits> FoldLiterals(absl::Span<const ir::Node> nodes, const ir::Node& node);

// The values that literals, parameters that are not tunable and the weight determine: they are the
// same for every element, in every step of every run. The block may grow between two questions;
// nodes that were asked for must not change.
class KnownBits {
 public:
  // The program and the block must outlive this. `weight` is that of all synapses, if it is known.
  KnownBits(const ir::Program& program, const ir::Block& block,
            std::optional<double> weight = std::nullopt)
      : program_(program), block_(block), weight_(weight) {}

  // The bits of a node; nullopt if they may differ.
  std::optional<ir::Bits> operator[](ir::NodeId id) const;

 private:
  std::optional<ir::Bits> Find(const ir::Node& node) const;

  const ir::Program& program_;
  const ir::Block& block_;
  const std::optional<double> weight_;
  mutable std::vector<std::optional<ir::Bits>> bits_;  // of the nodes before and at the last asked
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_KNOWN_BITS_H_
