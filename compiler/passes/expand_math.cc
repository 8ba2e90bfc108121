// expand_math: replaces functions and draws by the sequences of plain ops that define them (R2,
// R3).
#include <cmath>
#include <initializer_list>
#include <limits>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "compiler/passes/node_arithmetic.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"
#include "ir/mutant.h"
#include "ir/text.h"
#include "reference/all_sequences.h"
#include "reference/functions.h"
#include "reference/known_bits.h"
#include "reference/mutant_nodes.h"

namespace bnsyn::compiler {
namespace {

using ir::Element;
using ir::Op;
using ir::Value;
using F = NodeArithmetic::F;
using W = NodeArithmetic::W;

struct FunctionSequence {
  Op op;
  F (*write)(NodeArithmetic&, F);
};
constexpr FunctionSequence kFunctions[] = {
#define BNSYN_FUNCTION(name, ...) {Op::k##name, reference::sequences::name},
#include "ir/ops.def"
};

struct FunctionOfTwoSequence {
  Op op;
  F (*write)(NodeArithmetic&, F, F);
};
constexpr FunctionOfTwoSequence kFunctionsOfTwo[] = {
#define BNSYN_FUNCTION_OF_TWO(name, ...) {Op::k##name, reference::sequences::name},
#include "ir/ops.def"
};

struct DrawSequence {
  Op op;
  F (*write)(NodeArithmetic&, W, W);
};
constexpr DrawSequence kDraws[] = {
    {Op::kUniform, reference::sequences::Uniform},
    {Op::kNormal, reference::sequences::Normal},
    {Op::kExponential, reference::sequences::Exponential},
};

// A count of a Poisson draw is rare if a higher one has less than this probability...
constexpr double kRarely = 1.0 / 200;
// ...and apart if there are as many of them as make an arm that is worth a branch
// (compiler/schedule/sink.cc).
constexpr size_t kFewest = 6;

// The pass over one block.
class Expander {
 public:
  Expander(const ir::Program& program, const ir::Block& block)
      : block_(block), known_(program, block) {}

  std::optional<Value> operator()(Rewriter& rewriter, ir::NodeId id) {
    const ir::Node& node = block_.nodes[id];
    if (ir::IsFunction(node.op)) return Function(rewriter, id);
    if (ir::IsDraw(node.op)) return Draw(rewriter, id);
    if (node.op == Op::kRem && node.element == Element::kF64) return Remainder(rewriter, id);
    return std::nullopt;
  }

 private:
  std::optional<Value> Function(Rewriter& rewriter, ir::NodeId id) const;
  std::optional<Value> Draw(Rewriter& rewriter, ir::NodeId id) const;
  static Value Remainder(Rewriter& rewriter, ir::NodeId id);
  // Draws of a known probability, and of a known mean of at most kPoissonSearchedMean.
  static Value Bernoulli(ir::Builder& builder, double p, Value bits);
  static Value Poisson(ir::Builder& builder, double mean, Value bits);

  const ir::Block& block_;
  const reference::KnownBits known_;  // a mean is often still a product of literals
};

// Functions of f32 are those of f64, rounded once.
std::optional<Value> Expander::Function(Rewriter& rewriter, ir::NodeId id) const {
  const ir::Node& node = block_.nodes[id];
  ir::Builder& builder = rewriter.builder();
  NodeArithmetic m(builder);
  const auto operand = [&](size_t i) {
    const Value value = rewriter.Operand(id, i);
    return m.Of<double>(node.element == Element::kF64 ? value
                                                      : builder.Convert(value, Element::kF64));
  };
  std::optional<Value> result;
  for (const FunctionSequence& function : kFunctions) {
    if (function.op != node.op) continue;
    const F value = function.write(m, operand(0));
    result = m.Write(reference::ValueOfFunction(ir::Info(node.op).name, value));
  }
  for (const FunctionOfTwoSequence& function : kFunctionsOfTwo) {
    if (function.op != node.op) continue;
    const F x = operand(0);
    const F value = function.write(m, x, operand(1));
    result = m.Write(reference::ValueOfFunction(ir::Info(node.op).name, value));
  }
  if (result && node.element != Element::kF64) return builder.Convert(*result, node.element);
  return result;
}

std::optional<Value> Expander::Draw(Rewriter& rewriter, ir::NodeId id) const {
  const ir::Node& node = block_.nodes[id];
  ir::Builder& builder = rewriter.builder();
  const auto word = [&](uint64_t number) {
    return builder.Emit(Op::kRandom, {Element::kU32, node.domain}, {}, node.attr + number);
  };
  for (const DrawSequence& draw : kDraws) {
    if (draw.op != node.op) continue;
    NodeArithmetic m(builder);
    const W first = m.Of<uint32_t>(word(0));
    return m.Write(draw.write(m, first, m.Of<uint32_t>(word(1))));
  }
  std::optional<ir::Bits> known = known_[node.operands[0]];
  // The operand may be a literal since this pass replaced it: a draw with probability 0 or 1.
  const ir::Node& operand = builder.node(rewriter.Operand(id, 0));
  if (!known && operand.op == Op::kLiteral) known = operand.attr;
  if (node.op == Op::kPoisson) {
    const double mean = known ? ir::F64OfBits(*known) : 0;
    if (known && !(mean > reference::kPoissonSearchedMean)) return Poisson(builder, mean, word(0));
    NodeArithmetic m(builder);
    const W first = m.Of<uint32_t>(word(0));
    const W second = m.Of<uint32_t>(word(1));
    const F of_element = m.Of<double>(rewriter.Operand(id, 0));
    if (!known) return m.Write(reference::sequences::Poisson(m, of_element, first, second));
    if (!(mean <= reference::kPoissonMaxMean)) return builder.F64(reference::sequences::kNaN);
    return m.Write(reference::sequences::PoissonByNormal(m, F(mean), first, second));
  }
  if (known) return Bernoulli(builder, ir::F64OfBits(*known), word(0));
  NodeArithmetic m(builder);
  const F p = m.Of<double>(rewriter.Operand(id, 0));
  return m.Write(reference::sequences::Bernoulli(m, p, m.Of<uint32_t>(word(0))));
}

// Where the quotient of the magnitudes is below 2^53, its whole part may be one too large, and the
// fma is exact: both numbers are multiples of the last place of b, or close enough to each other
// that their difference is exact. Elsewhere `rem` stays, which kernels compute for the vectors that
// need it (sink.cc).
Value Expander::Remainder(Rewriter& rewriter, ir::NodeId id) {
  ir::Builder& builder = rewriter.builder();
  const auto emit = [&](Op op, std::initializer_list<Value> operands) {
    return builder.Emit(op, operands);
  };
  const Value x = rewriter.Operand(id, 0);
  const Value y = rewriter.Operand(id, 1);
  const Value a = emit(Op::kAbs, {x});
  const Value b = emit(Op::kAbs, {y});
  const Value quotient = emit(Op::kDiv, {a, b});
  const Value most = builder.F64(std::numeric_limits<double>::max());
  const Value near = emit(
      Op::kAnd,
      {emit(Op::kLt, {quotient, builder.F64(Mutant("pass.expand_math.near") ? 0x1p60 : 0x1p53)}),
       emit(Op::kLe, {b, most})});
  const Value whole =
      emit(Mutant("pass.expand_math.remainder") ? Op::kRint : Op::kFloor, {quotient});
  const Value left = emit(Op::kFma, {emit(Op::kNeg, {whole}), b, a});
  const Value below = emit(Op::kLt, {left, builder.F64(0)});
  const Value right = Mutant("pass.expand_math.one_too_large")
                          ? left
                          : emit(Op::kSelect, {below, emit(Op::kAdd, {left, b}), left});
  // What is left is not negative, so that it takes the sign of x as a bit.
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const Value sign =
      emit(Op::kAnd, {builder.Bitcast(x, Element::kU64), builder.Literal(Element::kU64, kSign)});
  const Value with_sign =
      builder.Bitcast(emit(Op::kOr, {builder.Bitcast(right, Element::kU64), sign}), Element::kF64);
  return emit(Op::kSelect, {near, with_sign, emit(Op::kRem, {x, y})});
}

// bits 2^-32 < p is bits < p 2^32, an exact product. An integer is below a number if it is below
// that number rounded up.
Value Expander::Bernoulli(ir::Builder& builder, double p, Value bits) {
  const double exact = p * 0x1p32;
  const double threshold =
      Mutant("pass.expand_math.bernoulli") ? std::floor(exact) : std::ceil(exact);
  if (!(threshold > 0)) return builder.Bool(false);
  if (threshold >= 0x1p32) return builder.Bool(true);
  const Value limit = builder.Literal(Element::kU32, static_cast<uint32_t>(threshold));
  return builder.Emit(Op::kLt, {bits, limit});
}

// u >= cdf with u = (bits + 1/2) 2^-32 is bits >= cdf 2^32 - 1/2, rounded up. The subtraction is
// exact from 1/4 to 2^32, where the spacing of doubles is at most 1/2; below, both sides round up
// to 0. So the count is that of integer thresholds.
struct PoissonThresholds {
  uint32_t always = 0;           // thresholds that all bits reach
  std::vector<uint32_t> limits;  // the others; they do not descend
  size_t usual = 0;              // how many of these are not rarely reached
};

PoissonThresholds FindThresholds(double mean) {
  PoissonThresholds thresholds;
  reference::PoissonSum sum(mean);
  for (size_t k = 0; k < reference::sequences::kPoissonSearchedCounts; ++k, sum.Advance()) {
    const double half = Mutant("pass.expand_math.poisson") ? 0 : 0.5;
    const double limit = std::ceil(sum.cdf() * 0x1p32 - half);
    if (limit >= 0x1p32) break;  // above every u
    if (limit <= 0) {
      ++thresholds.always;
      continue;
    }
    thresholds.limits.push_back(static_cast<uint32_t>(limit));
    if (1 - sum.cdf() >= kRarely) thresholds.usual = thresholds.limits.size();
  }
  return thresholds;
}

// Counts the limits that some bits reach. Limits are compared as signed numbers, as vector units do
// it, by flipping the upper bits.
class LimitCounter {
 public:
  LimitCounter(ir::Builder& builder, Value bits)
      : builder_(builder),
        flipped_(
            builder.Bitcast(builder.Emit(Op::kXor, {bits, builder.Literal(Element::kU32, kTopBit)}),
                            Element::kI32)) {}

  Value Reaches(uint32_t limit) {
    return builder_.Emit(Op::kGe, {flipped_, builder_.Literal(Element::kI32, limit ^ kTopBit)});
  }
  // `first` and how many of the limits are reached.
  Value Count(uint32_t first, absl::Span<const uint32_t> limits) {
    const Value one = builder_.Literal(Element::kI32, 1);
    const Value zero = builder_.Literal(Element::kI32, 0);
    std::vector<Value> counted;
    for (const uint32_t limit : limits) {
      counted.push_back(builder_.Emit(Op::kSelect, {Reaches(limit), one, zero}));
    }
    if (first > 0 || counted.empty()) counted.push_back(builder_.Literal(Element::kI32, first));
    Value count = counted[0];
    for (size_t i = 1; i < counted.size(); ++i) {
      count = builder_.Emit(Op::kAdd, {count, counted[i]});
    }
    return count;
  }

 private:
  static constexpr uint32_t kTopBit = 0x80000000;

  ir::Builder& builder_;
  const Value flipped_;
};

// Limits that are rarely reached are counted only where the first of them is: kernels compute that
// arm for few vectors (sink.cc).
Value Expander::Poisson(ir::Builder& builder, double mean, Value bits) {
  if (!(mean >= 0)) return builder.F64(reference::sequences::kNaN);
  const PoissonThresholds thresholds = FindThresholds(mean);
  const absl::Span<const uint32_t> limits(thresholds.limits);
  LimitCounter counter(builder, bits);
  if (limits.size() < thresholds.usual + kFewest) {
    return builder.Convert(counter.Count(thresholds.always, limits), Element::kF64);
  }
  const Value usual = counter.Count(thresholds.always, limits.first(thresholds.usual));
  const Value any = counter.Reaches(limits[thresholds.usual]);
  const Value rest = counter.Count(1, limits.subspan(thresholds.usual + 1));
  const Value all = builder.Emit(Op::kAdd, {usual, rest});
  return builder.Convert(builder.Emit(Op::kSelect, {any, all, usual}), Element::kF64);
}

}  // namespace

absl::StatusOr<ir::Program> ExpandMath(const ir::Program& program, const CompileOptions&) {
  return RewriteCode(program, [&](const ir::Block& block) {
    Expander expander(program, block);
    return RewriteBlock(program, block,
                        [&](Rewriter& rewriter, ir::NodeId id) { return expander(rewriter, id); });
  });
}

absl::Status CheckExpandMath(const ir::Program& program) {
  for (const ir::Block* block : CodeBlocks(program)) {
    for (ir::NodeId id = 0; id < block->nodes.size(); ++id) {
      const ir::Node& node = block->nodes[id];
      if (!ir::IsFunction(node.op) && !ir::IsDraw(node.op)) continue;
      return absl::InternalError(
          absl::StrCat("'", ir::PrintNode(program, *block, id), "' is not written as plain ops"));
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
