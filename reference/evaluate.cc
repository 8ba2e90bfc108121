#include "reference/evaluate.h"

#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "reference/functions.h"
#include "reference/mutant_nodes.h"
#include "reference/ops.h"
#include "reference/philox.h"

namespace bnsyn::reference {
namespace {

using ir::Element;
using ir::Op;

// The verifier admits no program that comes here.
[[noreturn]] void BadNode(const ir::Node& node) {
  throw std::logic_error(
      absl::StrCat("'", ir::Info(node.op).name, "' evaluated on an element it does not take"));
}

// The element i of an operand: the same one for each i when the operand is uniform.
template <typename T>
struct Operand {
  explicit Operand(const ArrayView& view)
      : data(static_cast<const T*>(view.data)), stride(view.size == 1 ? 0 : 1) {}
  T operator[](size_t i) const { return data[i * stride]; }
  const T* data;
  size_t stride;
};

// One node over whole arrays. `op` and the element types are chosen once, outside of the loops.
class NodeEvaluator {
 public:
  NodeEvaluator(const ir::Node& node, const EvaluationPoint& point,
                absl::Span<const ArrayView> operands, Array& result)
      : node_(node), point_(point), operands_(operands), result_(result) {}

  void Run();

 private:
  // result[i] = f(a[i], ...), where the operands have the elements A...
  template <typename R, typename... A, typename F>
  void Map(F f) {
    MapIndexed<R, A...>(f, std::index_sequence_for<A...>());
  }
  template <typename R, typename... A, typename F, size_t... k>
  void MapIndexed(F f, std::index_sequence<k...>) {
    R* const result = result_.as<R>();
    const std::tuple<Operand<A>...> a{Operand<A>(operands_[k])...};
    for (size_t i = 0; i < result_.size(); ++i) result[i] = f(std::get<k>(a)[i]...);
  }
  // result[i] = f(number of the element i)
  template <typename R, typename F>
  void Generate(F f) {
    R* const result = result_.as<R>();
    for (size_t i = 0; i < result_.size(); ++i) {
      result[i] = f(point_.first_element + static_cast<uint32_t>(i));
    }
  }

  // Calls f with a value of the C++ type of `element`, when it is one that f is meant for.
  template <typename F>
  void OverFloats(Element element, F f) {
    switch (element) {
      case Element::kF64:
        return f(double{});
      case Element::kF32:
        return f(float{});
      case Element::kI32:
      case Element::kU32:
      case Element::kI64:
      case Element::kU64:
      case Element::kBool:
        BadNode(node_);
    }
  }
  template <typename F>
  void OverIntegers(Element element, F f) {
    switch (element) {
      case Element::kI32:
        return f(int32_t{});
      case Element::kU32:
        return f(uint32_t{});
      case Element::kI64:
        return f(int64_t{});
      case Element::kU64:
        return f(uint64_t{});
      case Element::kF64:
      case Element::kF32:
      case Element::kBool:
        BadNode(node_);
    }
  }
  template <typename F>
  void OverNumbers(Element element, F f) {
    ir::IsFloat(element) ? OverFloats(element, f) : OverIntegers(element, f);
  }
  template <typename F>
  void OverLogic(Element element, F f) {
    element == Element::kBool ? f(bool{}) : OverIntegers(element, f);
  }
  template <typename F>
  void OverAll(Element element, F f) {
    element == Element::kBool ? f(bool{}) : OverNumbers(element, f);
  }

  // The shapes of ops; `f` is generic over the element.
  template <typename F>
  void Numbers2(F f) {
    OverNumbers(node_.element, [&]<typename T>(T) { Map<T, T, T>(f); });
  }
  template <typename F>
  void Floats1(F f) {
    OverFloats(node_.element, [&]<typename T>(T) { Map<T, T>(f); });
  }
  template <typename F>
  void Compare(F f) {
    OverNumbers(operands_[0].element, [&]<typename T>(T) { Map<bool, T, T>(f); });
  }
  template <typename F>
  void Logic2(F f) {
    OverLogic(node_.element, [&]<typename T>(T) { Map<T, T, T>(f); });
  }
  template <typename F>
  void Integers2(F f) {
    OverIntegers(node_.element, [&]<typename T>(T) { Map<T, T, T>(f); });
  }
  // A function of R2: in f32, the f64 function rounded once.
  void Function(double (*f)(double)) {
    Floats1([f]<typename T>(T a) { return static_cast<T>(f(a)); });
  }

  // The random word of an element for a draw number of the node's stream. An op that needs two
  // words takes draw numbers 0 and 1 relative to its own, and a pass of a loop two numbers on.
  uint32_t Word(uint32_t element, uint32_t draw) const {
    const auto stream = static_cast<uint32_t>(node_.attr >> 32);
    const uint32_t number =
        static_cast<uint32_t>(node_.attr) + (Mutant("R3.pass") ? 1 : 2) * point_.pass + draw;
    if (!point_.synapses.empty()) {
      return SynapseWord(point_.seed, stream, point_.synapses[element - point_.first_element],
                         point_.step, number);
    }
    return RandomBits(point_.seed, stream, element, point_.step, number);
  }
  void Draw(double (*f)(uint32_t, uint32_t)) {
    Generate<double>([&](uint32_t element) { return f(Word(element, 0), Word(element, 1)); });
  }
  // A draw with an argument.
  template <typename R>
  void Draw(R (*f)(double, uint32_t)) {
    const Operand<double> argument(operands_[0]);
    Generate<R>([&](uint32_t element) {
      return f(argument[element - point_.first_element], Word(element, 0));
    });
  }
  template <typename R>
  void Draw(R (*f)(double, uint32_t, uint32_t)) {
    const Operand<double> argument(operands_[0]);
    Generate<R>([&](uint32_t element) {
      return f(argument[element - point_.first_element], Word(element, 0), Word(element, 1));
    });
  }

  void Convert();
  void Bitcast();

  const ir::Node& node_;
  const EvaluationPoint& point_;
  absl::Span<const ArrayView> operands_;
  Array& result_;
};

void NodeEvaluator::Convert() {
  OverAll(operands_[0].element, [&]<typename From>(From) {
    OverAll(node_.element,
            [&]<typename To>(To) { Map<To, From>([](From a) { return ops::Convert<To>(a); }); });
  });
}

void NodeEvaluator::Bitcast() {
  for (size_t i = 0; i < result_.size(); ++i) {
    result_.set_bits(i, operands_[0].bits(operands_[0].size == 1 ? 0 : i));
  }
}

void NodeEvaluator::Run() {
  switch (node_.op) {
    case Op::kLiteral:
      return result_.Fill(node_.attr);
    case Op::kStep:
      return Generate<uint64_t>([&](uint32_t) { return point_.step; });
    case Op::kIndex:
      return Generate<uint32_t>([](uint32_t element) { return element; });

    case Op::kAdd:
      return Numbers2([]<typename T>(T a, T b) { return ops::Add(a, b); });
    case Op::kSub:
      return Numbers2([]<typename T>(T a, T b) { return ops::Sub(a, b); });
    case Op::kMul:
      return Numbers2([]<typename T>(T a, T b) { return ops::Mul(a, b); });
    case Op::kDiv:
      return Numbers2([]<typename T>(T a, T b) { return ops::Div(a, b); });
    case Op::kRem:
      return Numbers2([]<typename T>(T a, T b) { return ops::Rem(a, b); });
    case Op::kFma:
      return OverFloats(node_.element, [&]<typename T>(T) { Map<T, T, T, T>(ops::Fma<T>); });
    case Op::kNeg:
      return OverNumbers(node_.element, [&]<typename T>(T) { Map<T, T>(ops::Neg<T>); });
    case Op::kAbs:
      return Floats1([]<typename T>(T a) { return ops::Abs(a); });
    case Op::kSqrt:
      return Floats1([]<typename T>(T a) { return ops::Sqrt(a); });
    case Op::kMin:
      return Numbers2([]<typename T>(T a, T b) { return ops::Min(a, b); });
    case Op::kMax:
      return Numbers2([]<typename T>(T a, T b) { return ops::Max(a, b); });
    case Op::kFloor:
      return Floats1([]<typename T>(T a) { return ops::Floor(a); });
    case Op::kCeil:
      return Floats1([]<typename T>(T a) { return ops::Ceil(a); });
    case Op::kRint:
      return Floats1([]<typename T>(T a) { return ops::Rint(a); });

    case Op::kEq:
      return Compare([]<typename T>(T a, T b) { return ops::Eq(a, b); });
    case Op::kNe:
      return Compare([]<typename T>(T a, T b) { return ops::Ne(a, b); });
    case Op::kLt:
      return Compare([]<typename T>(T a, T b) { return ops::Lt(a, b); });
    case Op::kLe:
      return Compare([]<typename T>(T a, T b) { return ops::Le(a, b); });
    case Op::kGt:
      return Compare([]<typename T>(T a, T b) { return ops::Gt(a, b); });
    case Op::kGe:
      return Compare([]<typename T>(T a, T b) { return ops::Ge(a, b); });

    case Op::kAnd:
      return Logic2([]<typename T>(T a, T b) { return ops::And(a, b); });
    case Op::kOr:
      return Logic2([]<typename T>(T a, T b) { return ops::Or(a, b); });
    case Op::kXor:
      return Logic2([]<typename T>(T a, T b) { return ops::Xor(a, b); });
    case Op::kNot:
      return OverLogic(node_.element, [&]<typename T>(T) { Map<T, T>(ops::Not<T>); });
    case Op::kShl:
      return Integers2([]<typename T>(T a, T b) { return ops::Shl(a, b); });
    case Op::kShr:
      return Integers2([]<typename T>(T a, T b) { return ops::Shr(a, b); });
    case Op::kSelect:
      return OverAll(node_.element, [&]<typename T>(T) { Map<T, bool, T, T>(ops::Select<T>); });
    case Op::kConvert:
      return Convert();
    case Op::kBitcast:
      return Bitcast();

#define BNSYN_FUNCTION(name, ...) \
  case Op::k##name:               \
    return Function(name);
#define BNSYN_FUNCTION_OF_TWO(name, ...)                                 \
  case Op::k##name:                                                      \
    return OverFloats(node_.element, [&]<typename T>(T) {                \
      Map<T, T, T>([](T a, T b) { return static_cast<T>(name(a, b)); }); \
    });
#include "ir/ops.def"

    case Op::kRandom:
      return Generate<uint32_t>([&](uint32_t element) { return Word(element, 0); });
#define BNSYN_DRAW(name, ...) \
  case Op::k##name:           \
    return Draw(name##FromBits);
#include "ir/ops.def"

#define BNSYN_ENGINE(name, ...) case Op::k##name:
#include "ir/ops.def"
      BadNode(node_);
  }
}

}  // namespace

bool IsEvaluable(Op op) { return !ir::IsEngineOp(op); }

void Evaluate(const ir::Node& node, const EvaluationPoint& point,
              absl::Span<const ArrayView> operands, Array& result) {
  if constexpr (kMutants) return EvaluateFlipped(node, point, operands, result);
  EvaluatePlain(node, point, operands, result);
}

void EvaluatePlain(const ir::Node& node, const EvaluationPoint& point,
                   absl::Span<const ArrayView> operands, Array& result) {
  NodeEvaluator(node, point, operands, result).Run();
}

ir::Bits Fold(const ir::Node& node, absl::Span<const Element> elements,
              absl::Span<const ir::Bits> operands) {
  std::vector<ArrayView> views;
  for (size_t k = 0; k < operands.size(); ++k) views.push_back({elements[k], &operands[k], 1});
  Array result(node.element, 1);
  Evaluate(node, EvaluationPoint{}, views, result);
  return result.bits(0);
}

}  // namespace bnsyn::reference
