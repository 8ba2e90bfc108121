#include "compiler/analysis/value_range.h"

#include <algorithm>
#include <initializer_list>
#include <numbers>
#include <optional>
#include <utility>

#include "reference/functions.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Of a million uniform, normal or exponential draws about one has a smaller magnitude.
constexpr double kSmallestDraw = 0x1p-20;

// One ulp below and above.
double Below(double x) { return std::nextafter(x, -kInfinity); }
double Above(double x) { return std::nextafter(x, kInfinity); }

Range Widened(Range range, int ulps) {
  for (int i = 0; i < ulps; ++i) {
    range.least = Below(range.least);
    range.greatest = Above(range.greatest);
  }
  return range;
}

// The part of a range within [least, greatest]; it must not be empty.
Range Within(Range range, double least, double greatest) {
  range.least = std::clamp(range.least, least, greatest);
  range.greatest = std::clamp(range.greatest, least, greatest);
  return range;
}

bool Infinite(const Range& range) { return !range.bounded(); }
bool HasZero(const Range& range) { return range.least <= 0 && range.greatest >= 0; }
// The magnitude of the value nearest to zero.
double Nearer(const Range& range) {
  return HasZero(range) ? 0 : std::min(std::fabs(range.least), std::fabs(range.greatest));
}

// All values of an element.
Range Any(ir::Element element) {
  switch (element) {
    case ir::Element::kF64:
    case ir::Element::kF32:
      return {-kInfinity, kInfinity, true};
    case ir::Element::kI32:
      return {-0x1p31, 0x1p31 - 1};
    case ir::Element::kU32:
      return {0, 0x1p32 - 1};
    case ir::Element::kI64:
      return {-0x1p63, 0x1p63};
    case ir::Element::kU64:
      return {0, 0x1p64};
    case ir::Element::kBool:
      return {0, 1};
  }
  return {};
}

double NumberOf(ir::Element element, ir::Bits bits) {
  switch (element) {
    case ir::Element::kF64:
      return ir::F64OfBits(bits);
    case ir::Element::kF32:
      return ir::F32OfBits(bits);
    case ir::Element::kI32:
      return static_cast<int32_t>(static_cast<uint32_t>(bits));
    case ir::Element::kI64:
      return static_cast<double>(static_cast<int64_t>(bits));
    case ir::Element::kU32:
    case ir::Element::kU64:
    case ir::Element::kBool:
      return static_cast<double>(bits);
  }
  return 0;
}

// The least and the greatest value of `corner` at the ends of two ranges. If it is NaN at an end
// (inf - inf), it may be anything on the way there.
template <typename Corner>
Range Corners(const Range& a, const Range& b, const Corner& corner) {
  Range result = {kInfinity, -kInfinity, a.nan || b.nan};
  for (const double x : {a.least, a.greatest}) {
    for (const double y : {b.least, b.greatest}) {
      const double value = corner(x, y);
      if (std::isnan(value)) return {-kInfinity, kInfinity, true};
      result.least = std::min(result.least, value);
      result.greatest = std::max(result.greatest, value);
    }
  }
  return result;
}

// x*y, where an infinite end stands for ever larger numbers, of which 0 times any is 0.
double Times(double x, double y) { return x == 0 || y == 0 ? 0 : x * y; }

// The smallest magnitudes (Range::nonzero) of products and sums. Rounding is monotone, so what
// holds for exact results holds for rounded ones; a bound that underflows to 0 says nothing.
double SmallestProduct(const Range& a, const Range& b) {
  const bool zero = std::isinf(a.nonzero()) || std::isinf(b.nonzero());
  return zero ? kInfinity : a.nonzero() * b.nonzero();
}
// True if no value of one range and value of the other have opposite signs.
bool SameSign(const Range& a, const Range& b) {
  return (a.least >= 0 && b.least >= 0) || (a.greatest <= 0 && b.greatest <= 0);
}
double SmallestSum(const Range& a, const Range& b) {
  const bool one_is_zero = std::isinf(a.nonzero()) || std::isinf(b.nonzero());
  return one_is_zero || SameSign(a, b) ? std::min(a.nonzero(), b.nonzero()) : 0;
}

bool TimesMayBeNan(const Range& a, const Range& b) {
  return (HasZero(a) && Infinite(b)) || (HasZero(b) && Infinite(a));
}

Range Product(const Range& a, const Range& b, bool same) {
  Range result = Corners(a, b, Times);
  result.nan = result.nan || TimesMayBeNan(a, b);
  result.smallest = SmallestProduct(a, b);
  if (same) {
    result.least = Times(Nearer(a), Nearer(a));
    result.nan = a.nan;
  }
  return result;
}

Range Sum(const Range& a, const Range& b) {
  const bool opposite = (a.greatest == kInfinity && b.least == -kInfinity) ||
                        (a.least == -kInfinity && b.greatest == kInfinity);
  Range result = {a.least + b.least, a.greatest + b.greatest, a.nan || b.nan || opposite,
                  SmallestSum(a, b)};
  if (std::isnan(result.least)) result.least = -kInfinity;
  if (std::isnan(result.greatest)) result.greatest = kInfinity;
  return result;
}

Range Negative(const Range& a) { return {-a.greatest, -a.least, a.nan, a.smallest}; }

// With one rounding: the ends of x*y + c are at corners of x and y.
Range Fused(const Range& a, const Range& b, const Range& c, bool same) {
  const auto corner = [](double x, double y, double z, double unknown) {
    const double value = x == 0 || y == 0 ? z : std::fma(x, y, z);
    return std::isnan(value) ? unknown : value;
  };
  const Range product = Product(a, b, same);
  Range result = {kInfinity, -kInfinity, product.nan || Sum(product, c).nan,
                  SmallestSum(product, c)};
  for (const double x : {a.least, a.greatest}) {
    for (const double y : {b.least, b.greatest}) {
      result.least = std::min(result.least, corner(x, y, c.least, -kInfinity));
      result.greatest = std::max(result.greatest, corner(x, y, c.greatest, kInfinity));
    }
  }
  if (same) {
    const double nearer = Nearer(a);
    result.least = corner(nearer, nearer, c.least, -kInfinity);
  }
  return result;
}

Range Quotient(const Range& a, const Range& b) {
  if (HasZero(b)) return {-kInfinity, kInfinity, true};
  if (Infinite(a) && Infinite(b)) return {-kInfinity, kInfinity, true};
  Range result = Corners(a, b, [](double x, double y) { return x == 0 ? 0 : x / y; });
  result.smallest = std::isinf(a.nonzero()) ? kInfinity : a.nonzero() / b.magnitude();
  return result;
}

Range Least(const Range& a, const Range& b) {
  // A NaN in b leaves a.
  const double greatest = b.nan ? a.greatest : std::min(a.greatest, b.greatest);
  return {std::min(a.least, b.least), greatest, a.nan, std::min(a.nonzero(), b.nonzero())};
}
Range Greatest(const Range& a, const Range& b) {
  const double least = b.nan ? a.least : std::max(a.least, b.least);
  return {least, std::max(a.greatest, b.greatest), a.nan, std::min(a.nonzero(), b.nonzero())};
}

Range Magnitude(const Range& a) { return {Nearer(a), a.magnitude(), a.nan, a.smallest}; }

// The range of f, two ulps wider than the values at the ends say: each is within one of the true
// value.
Range OfFunction(const Range& a, const ir::FunctionInfo& info, double (*f)(double)) {
  if (info.course == ir::Course::kPeriodic) {
    return {info.least, info.greatest, a.nan || Infinite(a)};
  }
  const Range argument = info.course == ir::Course::kEven ? Magnitude(a) : a;
  const Range inside = Within(argument, info.from, info.to);
  Range result = {f(inside.least), f(inside.greatest)};
  if (info.course == ir::Course::kFalling) std::swap(result.least, result.greatest);
  result = Within(Widened(result, 2), info.least, info.greatest);
  result.nan = a.nan || argument.least < info.from || argument.greatest > info.to;
  return result;
}

Range Power(const Range& a, const Range& b) {
  // The power of a -0 may be negative.
  if (a.least < 0 || (a.least == 0 && b.least < 0)) return {-kInfinity, kInfinity, true};
  // y log(x) is greatest and least at corners.
  Range result = Widened(Corners(a, b, reference::Pow), 2);
  result.least = std::max(result.least, 0.0);
  return result;
}

Range Length(const Range& a, const Range& b) {
  const Range x = Magnitude(a);
  const Range y = Magnitude(b);
  // It rises with both magnitudes.
  Range result = Widened({reference::Hypot(x.least, y.least),
                          reference::Hypot(x.greatest, y.greatest), a.nan || b.nan},
                         2);
  result.least = std::max(result.least, 0.0);
  return result;
}

// Of a float: what is beyond the element's range is its end, and NaN is 0.
Range Converted(const Range& a, ir::Element from, ir::Element to) {
  if (to == ir::Element::kBool) return {0, 1};
  const Range any = Any(to);
  if (ir::IsFloat(to)) {
    // Whole numbers beyond 2^53 were rounded when they became bounds.
    return to == ir::Element::kF64 ? a : any;
  }
  if (ir::IsFloat(from)) {
    Range result = {std::trunc(a.least), std::trunc(a.greatest)};
    if (a.nan) result = Join(result, RangeOfNumber(0));
    return Within(result, any.least, any.greatest);
  }
  return a.least >= any.least && a.greatest <= any.greatest ? a : any;
}

// The result of integer arithmetic: anything, where it may wrap.
Range Whole(const Range& exact, ir::Element element) {
  const Range any = Any(element);
  const Range range = exact.magnitude() > 0x1p52 ? Widened(exact, 1) : exact;
  return range.least >= any.least && range.greatest <= any.greatest ? range : any;
}

// The whole quotient of two integers; 0 where b is 0.
Range WholeQuotient(const Range& a, const Range& b, ir::Element element) {
  if (HasZero(b)) return Whole(Join(Join(a, Negative(a)), RangeOfNumber(0)), element);
  Range exact = Corners(a, b, [](double x, double y) { return std::trunc(x / y); });
  if (exact.magnitude() > 0x1p52) exact = Widened(exact, 1);
  return Whole(exact, element);
}

// What rem leaves of a: no more than a, and less than b, with the sign of a.
Range Left(const Range& a, const Range& b, ir::Element element) {
  const double most = std::min(a.magnitude(), b.magnitude());
  const bool nan = ir::IsFloat(element) && (a.nan || b.nan || HasZero(b) || Infinite(a));
  return {a.least < 0 ? -most : 0, a.greatest > 0 ? most : 0, nan};
}

class RangeFinder {
 public:
  RangeFinder(const ir::Program& program, const ir::Block& block, RangeSources sources)
      : program_(program), block_(block), sources_(std::move(sources)) {}

  void Run() {
    for (const ir::Node& node : block_.nodes) {
      const bool single = ir::HasResult(node.op) && node.element == ir::Element::kF32;
      ranges_.push_back(single ? Any(node.element) : OfNode(node));
      if (!ir::IsFloat(node.element)) ranges_.back().smallest = 1;
      // Loads that follow read what was stored.
      if (node.op == Op::kStore) sources_.own[static_cast<ir::StateId>(node.attr)] = ranges_.back();
    }
  }
  const std::vector<Range>& ranges() const { return ranges_; }
  // The states that the block stores.
  const std::map<ir::StateId, Range>& stored() const { return sources_.own; }

 private:
  const Range& Operand(const ir::Node& node, size_t i) const { return ranges_[node.operands[i]]; }

  Range OfState(ir::StateId state) const {
    const auto own = sources_.own.find(state);
    if (own != sources_.own.end()) return own->second;
    return state < sources_.states.size() ? sources_.states[state] : Range{};
  }

  Range Arithmetic(const ir::Node& node, const Range& exact) const {
    return ir::IsFloat(node.element) ? exact : Whole(exact, node.element);
  }

  Range OfNode(const ir::Node& node) const {
    const auto a = [&]() -> const Range& { return Operand(node, 0); };
    const auto b = [&]() -> const Range& { return Operand(node, 1); };
    const auto c = [&]() -> const Range& { return Operand(node, 2); };
    const bool same = node.operands[0] == node.operands[1];
    switch (node.op) {
      case Op::kLiteral:
        return RangeOfNumber(NumberOf(node.element, node.attr));
      case Op::kParam: {
        const ir::Param& param = program_.params[node.attr];
        if (param.tunable && sources_.tunable_vary) return {};
        return RangeOfNumber(NumberOf(param.element, param.value));
      }
      case Op::kLookup:
        return Table(node);
      case Op::kIndex:
        if (program_.Size(node.domain) == 0) return Any(node.element);
        return {0, static_cast<double>(program_.Size(node.domain)) - 1};
      case Op::kIndexPre:
        return Indices(&ir::Projection::source);
      case Op::kIndexPost:
        return Indices(&ir::Projection::target);
      case Op::kWeight:
        return sources_.weight;
      case Op::kLoad:
      case Op::kLoadPre:
      case Op::kLoadPost:
      case Op::kGather:
        return OfState(static_cast<ir::StateId>(node.attr));
      case Op::kPast:  // of steps before, whatever this block stores
        return node.attr < sources_.states.size() ? sources_.states[node.attr] : Range{};
      case Op::kDelay: {
        const ir::Projection& projection =
            program_.projections[program_.domains[static_cast<size_t>(block_.domain)].index];
        return {static_cast<double>(projection.delay),
                static_cast<double>(std::max(projection.delay, projection.max_delay))};
      }

      case Op::kAdd:
        return Arithmetic(node, Sum(a(), b()));
      case Op::kSub:
        return Arithmetic(node, Sum(a(), Negative(b())));
      case Op::kMul:
        return Arithmetic(node, Product(a(), b(), same));
      case Op::kDiv:
        if (ir::IsFloat(node.element)) return Quotient(a(), b());
        return WholeQuotient(a(), b(), node.element);
      case Op::kRem:
        return Left(a(), b(), node.element);
      case Op::kFma: {
        const std::optional<Range> remainder =
            Remainder(node.operands[0], node.operands[1], node.operands[2]);
        Range result = Fused(a(), b(), c(), same);
        if (remainder.has_value()) {
          result.least = std::max(result.least, remainder->least);
          result.greatest = std::min(result.greatest, remainder->greatest);
        }
        return result;
      }
      case Op::kNeg:
        return Arithmetic(node, Negative(a()));
      case Op::kAbs:
        return Magnitude(a());
      case Op::kSqrt:
        return {std::sqrt(std::max(a().least, 0.0)), std::sqrt(std::max(a().greatest, 0.0)),
                a().nan || a().least < 0, std::sqrt(a().nonzero())};
      case Op::kMin:
        return Least(a(), b());
      case Op::kMax:
        return Greatest(a(), b());
      case Op::kFloor:
        return {std::floor(a().least), std::floor(a().greatest), a().nan, 1};
      case Op::kCeil:
        return {std::ceil(a().least), std::ceil(a().greatest), a().nan, 1};
      case Op::kRint:
        return {std::nearbyint(a().least), std::nearbyint(a().greatest), a().nan, 1};
      case Op::kSelect:
        return FloorRemainder(node).value_or(Join(b(), c()));
      case Op::kConvert:
        return Converted(a(), block_.nodes[node.operands[0]].element, node.element);

#define BNSYN_FUNCTION(name, ...) \
  case Op::k##name:               \
    return OfFunction(a(), *ir::FindFunction(node.op), reference::name);
#include "ir/ops.def"
      case Op::kPow:
        return Power(a(), b());
      case Op::kAtan2:
        return {-Above(std::numbers::pi), Above(std::numbers::pi), a().nan || b().nan};
      case Op::kHypot:
        return Length(a(), b());

      case Op::kUniform:
        return {0, 1 - 0x1p-53, false, kSmallestDraw};
      case Op::kNormal: {
        // The radius of Box and Muller is greatest for the least u, that of word 0; the cosine is
        // at most 1, up to rounding.
        const double most = reference::NormalFromBits(0, 0) * (1 + 0x1p-48);
        return {-most, most, false, kSmallestDraw};
      }
      case Op::kExponential:
        return {0, Above(Above(reference::ExponentialFromBits(~0u, ~0u))), false, kSmallestDraw};
      case Op::kPoisson:
        return {
            0,
            reference::PoissonMaxCount(std::clamp(a().greatest, 0.0, reference::kPoissonMaxMean)),
            a().nan || a().least < 0 || a().greatest > reference::kPoissonMaxMean, 1};

      case Op::kStep:
        return {0, 0x1p48};  // R3
      case Op::kPass:
      case Op::kRandom:
      case Op::kBernoulli:
#define BNSYN_COMPARISON(name, ...) case Op::k##name:
#define BNSYN_BITWISE(name, ...) case Op::k##name:
#include "ir/ops.def"
      case Op::kBitcast:
      case Op::kTake:
      case Op::kHeld:
      case Op::kScale:
      case Op::kCount:
      case Op::kTotal:
      case Op::kRun:
      case Op::kRunOnStep:
      case Op::kRunSums:
      case Op::kDeliver:
        return Any(node.element);

      case Op::kStore:
      case Op::kStorePre:
      case Op::kStorePost:
      case Op::kCheck:
#define BNSYN_EXPECT(name, ...) case Op::k##name:
#include "ir/ops.def"
      case Op::kSetProbability:
      case Op::kSetWeight:
      case Op::kSetDelay:
      case Op::kAccumulate:
      case Op::kAccumulatePre:
      case Op::kSpike:
      case Op::kReduce:
      case Op::kUntil:
        return a();
    }
    return Any(node.element);
  }

  // The range of x % y with a y of one sign: what `rem` leaves, or that and y where its sign is not
  // that of y.
  std::optional<Range> FloorRemainder(const ir::Node& select) const {
    const ir::Node& chosen = block_.nodes[select.operands[1]];
    const ir::NodeId left = select.operands[2];
    if (chosen.op != Op::kAdd || chosen.operands[0] != left || block_.nodes[left].op != Op::kRem ||
        block_.nodes[left].operands[1] != chosen.operands[1]) {
      return std::nullopt;
    }
    const Range& y = ranges_[chosen.operands[1]];
    if (HasZero(y)) return std::nullopt;
    return Range{std::min(y.least, 0.0), std::max(y.greatest, 0.0), ranges_[left].nan || y.nan};
  }

  // The range of a*b + c where that is what is left of c after taking off the whole number of times
  // it holds something: x - y*floor(x/y), as x % y of small integers has it, and x - y*rint(x/y),
  // as periodic(x, y). What rounding of the quotient leaves beyond the ends is within 2^-50 of c.
  std::optional<Range> Remainder(ir::NodeId a, ir::NodeId b, ir::NodeId c) const {
    const auto node = [&](ir::NodeId id) -> const ir::Node& { return block_.nodes[id]; };
    bool negated = false;
    if (node(a).op == Op::kNeg) {
      negated = true;
      a = node(a).operands[0];
    }
    if (node(a).op != Op::kFloor && node(a).op != Op::kRint) return std::nullopt;
    const ir::Node& quotient = node(node(a).operands[0]);
    if ((quotient.op != Op::kDiv && quotient.op != Op::kMul) || quotient.operands[0] != c) {
      return std::nullopt;
    }
    // The divisor, or one over it, as a number; parameters and the like have one too.
    const Range& by = ranges_[quotient.operands[1]];
    const Range& times = ranges_[b];
    if (by.least != by.greatest || times.least != times.greatest || Infinite(ranges_[c]) ||
        Infinite(ranges_[node(a).operands[0]])) {
      return std::nullopt;
    }
    const double divisor = quotient.op == Op::kDiv ? by.least : 1 / by.least;
    const double length = negated ? times.least : -times.least;
    constexpr double kRounding = 0x1p-50;
    if (!(length > 0) || std::fabs(divisor - length) > kRounding / 4 * length) return std::nullopt;
    const double beyond = kRounding * ranges_[c].magnitude();
    if (node(a).op == Op::kFloor) return Range{-beyond, length + beyond};
    return Range{-length / 2 - beyond, length / 2 + beyond};
  }

  Range Indices(ir::PopulationId ir::Projection::*end) const {
    const ir::Domain& domain = program_.domains[static_cast<size_t>(block_.domain)];
    const ir::PopulationId population = program_.projections[domain.index].*end;
    return {0, static_cast<double>(program_.populations[population].size) - 1};
  }

  Range Table(const ir::Node& node) const {
    const ir::Table& table = program_.tables[node.attr];
    const Range& columns = Operand(node, 1);
    const auto last = static_cast<double>(table.values.size()) - 1;
    const auto first = static_cast<size_t>(std::clamp(columns.least, 0.0, last));
    const auto end = static_cast<size_t>(std::clamp(columns.greatest, 0.0, last));
    Range range = RangeOfNumbers(table.values[first]);
    for (size_t c = first; c <= end; ++c) range = Join(range, RangeOfNumbers(table.values[c]));
    return range;
  }

  const ir::Program& program_;
  const ir::Block& block_;
  RangeSources sources_;
  std::vector<Range> ranges_;
};

}  // namespace

Range RangeOfNumber(double number) {
  if (std::isnan(number)) return {0, 0, true};
  return {number, number, false, std::fabs(number)};
}

Range RangeOfNumbers(const std::vector<double>& numbers) {
  Range range = RangeOfNumber(numbers.empty() ? 0 : numbers[0]);
  for (const double number : numbers) range = Join(range, RangeOfNumber(number));
  return range;
}

Range Join(const Range& a, const Range& b) {
  return {std::min(a.least, b.least), std::max(a.greatest, b.greatest), a.nan || b.nan,
          std::min(a.nonzero(), b.nonzero())};
}

std::vector<Range> FindRanges(const ir::Program& program, const ir::Block& block,
                              const RangeSources& sources) {
  RangeFinder finder(program, block, sources);
  finder.Run();
  return finder.ranges();
}

std::vector<Range> InitialRanges(const ir::Program& program) {
  std::vector<Range> states;
  for (const ir::State& state : program.states) {
    if (const auto& column = state.initial_column) {
      states.push_back(RangeOfNumbers(program.tables[column->table].values[column->column]));
    } else {
      states.push_back(RangeOfNumber(NumberOf(state.type.element, state.initial)));
    }
  }
  if (!program.init) return states;
  RangeFinder finder(program, *program.init, {.states = states, .tunable_vary = false});
  finder.Run();
  for (const auto& [state, range] : finder.stored()) states[state] = range;
  return states;
}

}  // namespace bnsyn::compiler
