// How a build of mutants (ir/mutant.h) gets an op wrong: what is generated from the table of ops
// for whoever computes nodes.
//
//   emit.sub.f64.swap       compiled code subtracts the other way round
//   oracle.lt.i32.as_le     the interpreter compares by le
//   emit.check.f64.omit     compiled code does not check
//   emit.exp.f32.result     the lowest bit of what compiled code computes is flipped
#ifndef BNSYN_IR_MUTANT_FLIP_H_
#define BNSYN_IR_MUTANT_FLIP_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "ir/op.h"
#include "ir/program.h"

namespace bnsyn::ir {

struct Flip {
  std::string name;  // "sub.f64.swap"
  Op op;
  Element of;                   // as ElementOf says
  std::optional<Element> to;    // of the result of an op that converts
  bool flips_result = false;    // the lowest bit, in every element
  std::optional<Op> other;      // computed in place of the op
  std::optional<size_t> first;  // this operand changes places with the next one
  bool omits = false;           // the effect
};

// Those who compute nodes.
inline constexpr absl::string_view kFlippers[] = {"emit", "oracle"};

// The flips of one of kFlippers, in the order of the table. Those that change nothing, as to swap
// the operands of an addition, are not among them.
std::vector<Flip> FlipsOf(absl::string_view who);

// The element that tells the cases of an op apart: that of the last operand; of an op of engines,
// or without operands, that of the node. `last` is the last operand's.
Element ElementOf(const Node& node, Element last);

// The flip that the mutant "WHO.NAME" chooses for a node; null for none.
const Flip* ChosenFlip(absl::string_view who, const Node& node, Element last);

// The node as a flip has it: another op, and operands in another order.
Node Flipped(const Flip& flip, Node node);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_MUTANT_FLIP_H_
