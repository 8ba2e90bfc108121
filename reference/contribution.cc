#include "reference/contribution.h"

#include <cmath>
#include <limits>

#include "reference/known_bits.h"

namespace bnsyn::reference {

std::optional<double> StaticContribution(const ir::Program& program, const ir::Block& block,
                                         ir::NodeId node, double weight) {
  const std::optional<ir::Bits> bits =
      KnownBits(program, block, weight)[block.nodes[node].operands[0]];
  return bits ? std::optional<double>(ir::F64OfBits(*bits)) : std::nullopt;
}

int64_t ToQuanta(double value, int quantum_log2) {
  constexpr double kSaturated = 0x1p62;
  // Exact, but where it underflows, and that rounds to 0 all the same.
  const double quanta = std::nearbyint(std::ldexp(value, -quantum_log2));
  if (!(quanta < kSaturated)) return int64_t{1} << 62;
  if (!(quanta > -kSaturated)) return -(int64_t{1} << 62);
  return static_cast<int64_t>(quanta);
}

double FromQuanta(int64_t quanta, int quantum_log2) {
  return std::ldexp(static_cast<double>(quanta), quantum_log2);
}

int QuantumFor(double largest) {
  int exponent = 0;
  std::frexp(largest, &exponent);  // largest < 2^exponent
  const int quantum = exponent - 31;
  // A number just below a power of two may round up to it.
  return ToQuanta(largest, quantum) > std::numeric_limits<int32_t>::max() ? quantum + 1 : quantum;
}

}  // namespace bnsyn::reference
