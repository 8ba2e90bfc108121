// The room for questions about the values of a block: which number is it, is it constant, what does
// it depend on, in which range does it lie?
//
//   const Facts facts(program, block);
//   if (facts.Number(id) == 0.0) ...  // 0 for every element, in every step of every run
#ifndef BNSYN_COMPILER_ANALYSIS_FACTS_H_
#define BNSYN_COMPILER_ANALYSIS_FACTS_H_

#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "ir/builder.h"
#include "ir/program.h"
#include "reference/known_bits.h"

namespace bnsyn::compiler {

// Computes each node once. The block may grow between two questions (ir::Builder appends to it).
class Facts {
 public:
  // Both must outlive the facts.
  Facts(const ir::Program& program, const ir::Block& block)
      : block_(block), known_(program, block) {}

  // The bits that a node has for every element, in every step of every run: literals and parameters
  // that are not tunable, and what the oracle makes of them. nullopt if they may differ.
  std::optional<ir::Bits> Bits(ir::NodeId id) const { return known_[id]; }
  // The same as a finite number; nullopt for an infinity, for NaN and for a node that is not f64.
  std::optional<double> Number(ir::NodeId id) const;
  std::optional<double> Number(ir::Value v) const { return Number(v.id); }

 private:
  const ir::Block& block_;
  reference::KnownBits known_;
};

// True for a literal, or for the literal that is `number` to the bit in its own element.
bool IsLiteral(const ir::Builder& builder, ir::Value v);
bool IsLiteral(const ir::Builder& builder, ir::Value v, double number);
// True for the literal 0, of either sign if it is a float.
bool IsZero(const ir::Builder& builder, ir::Value v);
// True if a value is made of literals and parameters alone, so that it is computed once a run and
// not for every element.
bool IsConstant(const ir::Builder& builder, ir::Value v);

// The nodes that `value` is made of, itself included, in the order of the block; without those
// before `least` and what only they lead to. The search costs no more than there are such nodes.
std::vector<ir::NodeId> NodesOf(const ir::Builder& builder, ir::Value value, ir::NodeId least = 0);

// For every node that `value` is made of: true if it is made from any of `leaves`.
std::vector<bool> DependentsOf(const ir::Builder& builder, absl::Span<const ir::Value> leaves,
                               ir::Value value);
bool DependsOn(const ir::Builder& builder, ir::Value value, absl::Span<const ir::Value> leaves);

// The bits of `number` in an element, which must hold it exactly; -1 sets all bits of an integer.
ir::Bits BitsOf(ir::Element element, double number);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_FACTS_H_
