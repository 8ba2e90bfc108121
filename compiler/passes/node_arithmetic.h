// Writes the sequences of R2 as nodes: the arithmetic NodeArithmetic of reference/sequences.h.
//
//   NodeArithmetic m(builder);
//   value = m.Write(reference::sequences::Exp(m, m.Of<double>(value)));
#ifndef BNSYN_COMPILER_PASSES_NODE_ARITHMETIC_H_
#define BNSYN_COMPILER_PASSES_NODE_ARITHMETIC_H_

#include <concepts>
#include <cstdint>
#include <vector>

#include "ir/builder.h"

namespace bnsyn::compiler {

// Records the ops of a sequence, which Write turns into nodes, operands first and from the left. So
// the order of nodes does not depend on the order in which a C++ compiler evaluates the operands of
// an expression, and ops that the result does not need are never written.
class TermRecorder {
 public:
  using Operands = std::vector<uint32_t>;

  explicit TermRecorder(ir::Builder& builder) : builder_(builder) {}

  uint32_t Record(ir::Op op, ir::Element element, Operands operands);
  uint32_t RecordLiteral(ir::Element element, ir::Bits bits);
  uint32_t RecordValue(ir::Value value);

  // The value of a record, written with all it needs unless that was done before.
  ir::Value Write(uint32_t number);

 private:
  struct Entry {
    ir::Op op;
    ir::Element element;  // of the result
    Operands operands;
    ir::Bits literal;
    ir::Value value;  // once it is written
  };

  ir::Builder& builder_;
  std::vector<Entry> entries_;
};

template <typename T>
struct TermElement;
template <>
struct TermElement<double> {
  static constexpr ir::Element kElement = ir::Element::kF64;
  static ir::Bits Bits(double constant) { return ir::BitsOfF64(constant); }
};
template <>
struct TermElement<uint64_t> {
  static constexpr ir::Element kElement = ir::Element::kU64;
  static ir::Bits Bits(uint64_t constant) { return constant; }
};
template <>
struct TermElement<uint32_t> {
  static constexpr ir::Element kElement = ir::Element::kU32;
  static ir::Bits Bits(uint32_t constant) { return constant; }
};
template <>
struct TermElement<bool> {
  static constexpr ir::Element kElement = ir::Element::kBool;
  static ir::Bits Bits(bool constant) { return constant ? 1 : 0; }
};

// A value of a sequence: a record, or a constant that is recorded where it is used.
template <typename T>
class Term {
 public:
  Term() = default;
  template <std::same_as<T> C>
  Term(C constant) : constant_(constant) {}  // implicit: constants stand where terms may
  Term(TermRecorder& recorder, uint32_t number) : recorder_(&recorder), number_(number) {}

  // Null for a constant.
  TermRecorder* recorder() const { return recorder_; }
  // The number of its record; a constant is recorded now.
  uint32_t In(TermRecorder& recorder) const {
    if (recorder_ != nullptr) return number_;
    return recorder.RecordLiteral(TermElement<T>::kElement, TermElement<T>::Bits(constant_));
  }

  // Sums and products of constants are constants, rounded as R1 has it.
  friend Term operator+(Term a, Term b) {
    if (BothConstant(a, b)) return Term(a.constant_ + b.constant_);
    return Binary<T>(ir::Op::kAdd, a, b);
  }
  friend Term operator-(Term a, Term b) {
    if (BothConstant(a, b)) return Term(a.constant_ - b.constant_);
    return Binary<T>(ir::Op::kSub, a, b);
  }
  friend Term operator*(Term a, Term b) {
    if (BothConstant(a, b)) return Term(a.constant_ * b.constant_);
    return Binary<T>(ir::Op::kMul, a, b);
  }
  friend Term operator/(Term a, Term b) { return Binary<T>(ir::Op::kDiv, a, b); }
  friend Term operator&(Term a, Term b) { return Binary<T>(ir::Op::kAnd, a, b); }
  friend Term operator|(Term a, Term b) { return Binary<T>(ir::Op::kOr, a, b); }
  friend Term operator^(Term a, Term b) { return Binary<T>(ir::Op::kXor, a, b); }
  friend Term operator<<(Term a, int n) { return Binary<T>(ir::Op::kShl, a, static_cast<T>(n)); }
  friend Term operator>>(Term a, int n) { return Binary<T>(ir::Op::kShr, a, static_cast<T>(n)); }
  friend Term<bool> operator==(Term a, Term b) { return Binary<bool>(ir::Op::kEq, a, b); }
  friend Term<bool> operator!=(Term a, Term b) { return Binary<bool>(ir::Op::kNe, a, b); }
  friend Term<bool> operator<(Term a, Term b) { return Binary<bool>(ir::Op::kLt, a, b); }
  friend Term<bool> operator<=(Term a, Term b) { return Binary<bool>(ir::Op::kLe, a, b); }
  friend Term<bool> operator>(Term a, Term b) { return Binary<bool>(ir::Op::kGt, a, b); }
  friend Term<bool> operator>=(Term a, Term b) { return Binary<bool>(ir::Op::kGe, a, b); }
  Term operator-() const {
    if (recorder_ == nullptr) return Term(-constant_);
    return Term(*recorder_, recorder_->Record(ir::Op::kNeg, TermElement<T>::kElement, {number_}));
  }

 private:
  static bool BothConstant(const Term& a, const Term& b) {
    return a.recorder_ == nullptr && b.recorder_ == nullptr;
  }
  // One of the operands is no constant.
  template <typename R>
  static Term<R> Binary(ir::Op op, const Term& a, const Term& b) {
    TermRecorder& recorder = a.recorder_ != nullptr ? *a.recorder_ : *b.recorder_;
    const uint32_t first = a.In(recorder);
    const uint32_t second = b.In(recorder);
    return Term<R>(recorder, recorder.Record(op, TermElement<R>::kElement, {first, second}));
  }

  TermRecorder* recorder_ = nullptr;
  uint32_t number_ = 0;
  T constant_ = {};
};

class NodeArithmetic {
 public:
  using F = Term<double>;
  using U = Term<uint64_t>;
  using W = Term<uint32_t>;
  using B = Term<bool>;

  explicit NodeArithmetic(ir::Builder& builder) : recorder_(builder) {}
  NodeArithmetic(const NodeArithmetic&) = delete;  // terms point into it
  NodeArithmetic& operator=(const NodeArithmetic&) = delete;

  // A value of the block as a term. It must be of the element that T stands for.
  template <typename T>
  Term<T> Of(ir::Value value) {
    return Term<T>(recorder_, recorder_.RecordValue(value));
  }
  // Writes the nodes of a term that are not there yet.
  template <typename T>
  ir::Value Write(const Term<T>& term) {
    return recorder_.Write(term.In(recorder_));
  }

  F Fma(F a, F b, F c) { return Record<double>(ir::Op::kFma, a, b, c); }
  F Abs(F a) { return Record<double>(ir::Op::kAbs, a); }
  F Sqrt(F a) { return Record<double>(ir::Op::kSqrt, a); }
  F Min(F a, F b) { return Record<double>(ir::Op::kMin, a, b); }
  F Max(F a, F b) { return Record<double>(ir::Op::kMax, a, b); }
  F Floor(F a) { return Record<double>(ir::Op::kFloor, a); }
  F Rint(F a) { return Record<double>(ir::Op::kRint, a); }
  B And(B a, B b) { return a & b; }
  B Or(B a, B b) { return a | b; }
  B Xor(B a, B b) { return a ^ b; }
  B Not(B a) { return Record<bool>(ir::Op::kNot, a); }
  B Equal(U a, U b) { return a == b; }
  F Select(B c, F a, F b) { return Record<double>(ir::Op::kSelect, c, a, b); }
  U Select(B c, U a, U b) { return Record<uint64_t>(ir::Op::kSelect, c, a, b); }
  U ToBits(F a) { return Record<uint64_t>(ir::Op::kBitcast, a); }
  F FromBits(U a) { return Record<double>(ir::Op::kBitcast, a); }
  U Widen(W a) { return Record<uint64_t>(ir::Op::kConvert, a); }
  W ShiftRight(W a, int places) { return a >> places; }

 private:
  template <typename R, typename... T>
  Term<R> Record(ir::Op op, const Term<T>&... operands) {
    return Term<R>(recorder_,
                   recorder_.Record(op, TermElement<R>::kElement, {operands.In(recorder_)...}));
  }

  TermRecorder recorder_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_NODE_ARITHMETIC_H_
