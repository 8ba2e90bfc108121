#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/language/code_emitter.h"
#include "ir/status_macros.h"
#include "reference/functions.h"

namespace bnsyn::compiler {
namespace {

// How a function treats its arguments.
enum class Shape : uint8_t {
  kPlain,        // a number without unit -> the same
  kWhole,        // the same, but the result is a whole number
  kTrunc,        // the same, without the fraction
  kAbs,          // any dimension is kept
  kSqrt,         // as x**0.5
  kSign,         // any dimension -> a number without unit
  kMinMax,       // two or more of one dimension
  kClip,         // three of one dimension
  kPow,          // as x**y
  kInt,          // a number without unit loses its fraction; true or false -> 1 or 0
  kDraw,         // no argument
  kBernoulli,    // a probability -> true or false
  kPoisson,      // a mean -> a whole number
  kExponential,  // a draw, or one times its mean
  kScaled,       // a draw with location and scale, of one dimension
  kLognormal,    // the exponential of such a draw, without unit
  kPeriodic,     // two of one dimension
  kMod,          // as x % y
  kAngle,        // two of one dimension -> a number without unit
  kLength,       // two of one dimension
  kScale,        // a number without unit times a constant
  kIsNan,        // any dimension -> true or false
  kIsInfinite,   // the same
  kIsFinite,     // the same
  kTimestep,     // two times -> a whole number
};

constexpr size_t kMany = 64;

struct Function {
  const char* name;  // "" for one that the language does not have
  Shape shape;
  ir::Op op;
  size_t fewest;
  size_t most;
  const char* usage;
};

constexpr Function kFunctions[] = {
#define BNSYN_FUNCTION(name, text, word, ...) \
  {word, Shape::kPlain, ir::Op::k##name, 1, 1, word "(x)"},
#include "ir/ops.def"
    {"floor", Shape::kWhole, ir::Op::kFloor, 1, 1, "floor(x)"},
    {"ceil", Shape::kWhole, ir::Op::kCeil, 1, 1, "ceil(x)"},
    {"rint", Shape::kWhole, ir::Op::kRint, 1, 1, "rint(x)"},
    {"round", Shape::kWhole, ir::Op::kRint, 1, 1, "round(x)"},
    {"trunc", Shape::kTrunc, ir::Op::kFloor, 1, 1, "trunc(x)"},
    {"abs", Shape::kAbs, ir::Op::kAbs, 1, 1, "abs(x)"},
    {"sqrt", Shape::kSqrt, ir::Op::kSqrt, 1, 1, "sqrt(x)"},
    {"sign", Shape::kSign, ir::Op::kSelect, 1, 1, "sign(x)"},
    {"min", Shape::kMinMax, ir::Op::kMin, 2, kMany, "min(a, b, ...)"},
    {"max", Shape::kMinMax, ir::Op::kMax, 2, kMany, "max(a, b, ...)"},
    {"minimum", Shape::kMinMax, ir::Op::kMin, 2, 2, "minimum(a, b)"},
    {"maximum", Shape::kMinMax, ir::Op::kMax, 2, 2, "maximum(a, b)"},
    {"clip", Shape::kClip, ir::Op::kMin, 3, 3, "clip(x, low, high)"},
    {"pow", Shape::kPow, ir::Op::kPow, 2, 2, "pow(x, y)"},
    {"mod", Shape::kMod, ir::Op::kRem, 2, 2, "mod(x, y)"},
    {"arctan2", Shape::kAngle, ir::Op::kAtan2, 2, 2, "arctan2(y, x)"},
    {"hypot", Shape::kLength, ir::Op::kHypot, 2, 2, "hypot(x, y)"},
    {"deg2rad", Shape::kScale, ir::Op::kMul, 1, 1, "deg2rad(x)"},
    {"rad2deg", Shape::kScale, ir::Op::kMul, 1, 1, "rad2deg(x)"},
    {"isnan", Shape::kIsNan, ir::Op::kNe, 1, 1, "isnan(x)"},
    {"isinf", Shape::kIsInfinite, ir::Op::kEq, 1, 1, "isinf(x)"},
    {"isfinite", Shape::kIsFinite, ir::Op::kLt, 1, 1, "isfinite(x)"},
    {"timestep", Shape::kTimestep, ir::Op::kFloor, 2, 2, "timestep(t, dt)"},
    {"int", Shape::kInt, ir::Op::kConvert, 1, 1, "int(x)"},
    {"rand", Shape::kDraw, ir::Op::kUniform, 0, 0, "rand()"},
    {"randn", Shape::kDraw, ir::Op::kNormal, 0, 0, "randn()"},
    {"exponential", Shape::kExponential, ir::Op::kExponential, 0, 1, "exponential(mean)"},
    {"bernoulli", Shape::kBernoulli, ir::Op::kBernoulli, 1, 1, "bernoulli(p)"},
    {"poisson", Shape::kPoisson, ir::Op::kPoisson, 1, 1, "poisson(mean)"},
    {"normal", Shape::kScaled, ir::Op::kNormal, 2, 2, "normal(mean, deviation)"},
    {"uniform", Shape::kScaled, ir::Op::kUniform, 2, 2, "uniform(low, high)"},
    {"lognormal", Shape::kLognormal, ir::Op::kNormal, 2, 2, "lognormal(mu, sigma)"},
    {"periodic", Shape::kPeriodic, ir::Op::kRint, 2, 2, "periodic(x, length)"},
};

// Functions of other languages, and how they are written here.
struct Elsewhere {
  const char* name;
  const char* here;
};
constexpr Elsewhere kElsewhere[] = {
    {"ln", "log(x)"},
    {"fabs", "abs(x)"},
    {"absolute", "abs(x)"},
    {"fmod", "x % y, which rounds down"},
    {"remainder", "x % y"},
    {"floor_divide", "x // y"},
    {"power", "x**y"},
    {"square", "x**2"},
    {"reciprocal", "1/x"},
    {"fix", "trunc(x)"},
    {"float", "x; an integer becomes a float where one is needed"},
    {"fmin", "min(a, b)"},
    {"fmax", "max(a, b)"},
    {"asinh", "log(x + sqrt(x**2 + 1))"},
    {"acosh", "log(x + sqrt(x**2 - 1))"},
    {"atanh", "log((1 + x)/(1 - x))/2"},
    {"arcsinh", "log(x + sqrt(x**2 + 1))"},
    {"arccosh", "log(x + sqrt(x**2 - 1))"},
    {"arctanh", "log((1 + x)/(1 - x))/2"},
    {"atan2", "arctan2(y, x)"},
    {"radians", "deg2rad(x)"},
    {"degrees", "rad2deg(x)"},
    {"expit", "logistic(x)"},
    {"logical_and", "a and b"},
    {"logical_or", "a or b"},
    {"logical_not", "not a"},
    {"ceiling", "ceil(x)"},
    {"heaviside", "int(x > 0)"},
    {"Heaviside", "int(x > 0)"},
    {"asin", "arcsin(x)"},
    {"acos", "arccos(x)"},
    {"atan", "arctan(x)"},
    {"sigmoid", "logistic(x)"},
    {"random", "rand()"},
    {"gauss", "normal(mean, deviation)"},
    {"gaussian", "normal(mean, deviation)"},
    {"randint", "int(uniform(low, high))"},
    {"where", "a if condition else b"},
    {"if_else", "a if condition else b"},
};

const Function* Find(absl::string_view name) {
  for (const Function& function : kFunctions) {
    if (name == function.name) return &function;
  }
  return nullptr;
}

std::string CountArguments(size_t count) {
  return count == 1 ? "1 argument" : absl::StrCat(count, " arguments");
}

}  // namespace

bool DrawsNumber(absl::string_view name) {
  const Function* function = Find(name);
  if (function == nullptr) return false;
  switch (function->shape) {
    case Shape::kDraw:
    case Shape::kBernoulli:
    case Shape::kPoisson:
    case Shape::kExponential:
    case Shape::kScaled:
    case Shape::kLognormal:
      return true;
    case Shape::kPlain:
    case Shape::kWhole:
    case Shape::kAbs:
    case Shape::kSqrt:
    case Shape::kSign:
    case Shape::kMinMax:
    case Shape::kClip:
    case Shape::kPow:
    case Shape::kInt:
    case Shape::kPeriodic:
    case Shape::kTrunc:
    case Shape::kMod:
    case Shape::kAngle:
    case Shape::kLength:
    case Shape::kScale:
    case Shape::kIsNan:
    case Shape::kIsInfinite:
    case Shape::kIsFinite:
    case Shape::kTimestep:
      return false;
  }
  return false;
}

std::vector<std::string> FunctionNames() {
  std::vector<std::string> names;
  for (const Function& function : kFunctions) {
    if (*function.name != '\0') names.emplace_back(function.name);
  }
  return names;
}

std::string FunctionUsage(absl::string_view name) {
  const Function* function = Find(name);
  return function == nullptr ? "" : function->usage;
}

absl::StatusOr<TypedValue> Emitter::Call(const Expr& call) {
  BNSYN_ASSIGN_OR_RETURN(std::optional<TypedValue> known, scope_.Call(call, source_));
  if (known) {
    known->boolean = !known->integer && builder().type(known->value).element == ir::Element::kBool;
    known->zero = false;
    return *known;
  }
  const Function* function = Find(call.name);
  if (function == nullptr) return UnknownFunction(call);
  const size_t count = call.children.size();
  if (count < function->fewest || count > function->most) {
    const char* bound = function->fewest == function->most ? ""
                        : count < function->fewest         ? "at least "
                                                           : "at most ";
    return Error(
        call.range,
        absl::StrCat(call.name, " takes ", bound,
                     CountArguments(count < function->fewest ? function->fewest : function->most),
                     ", not ", count),
        absl::StrCat("it is called as ", function->usage));
  }

  switch (function->shape) {
    case Shape::kPlain: {
      BNSYN_ASSIGN_OR_RETURN(TypedValue x, DimensionlessArgument(call, 0));
      return Number(builder().Emit(function->op, {x.value}), {});
    }
    case Shape::kWhole: {
      BNSYN_ASSIGN_OR_RETURN(const TypedValue x, EmitNumber(call.children[0]));
      BNSYN_RETURN_IF_ERROR(ExpectDimensionless(call, 0, x));
      if (x.integer) return x;
      return Whole(builder().Emit(function->op, {x.value}), {}, true);
    }
    case Shape::kAbs: {
      BNSYN_ASSIGN_OR_RETURN(const TypedValue x, EmitNumber(call.children[0]));
      if (x.integer) return Integers(call).Abs(x);
      return Whole(builder().Emit(ir::Op::kAbs, {x.value}), x.dimension, x.whole);
    }
    case Shape::kSqrt:
      return SquareRoot(call);
    case Shape::kSign:
      return Sign(call);
    case Shape::kMinMax:
      return MinOrMax(call, function->op);
    case Shape::kClip:
      return Clip(call);
    case Shape::kPow:
      return Power(call, call.children[0], call.children[1]);
    case Shape::kInt:
      return Int(call);
    case Shape::kDraw:
      return Draw(function->op, {});
    case Shape::kBernoulli: {
      BNSYN_ASSIGN_OR_RETURN(TypedValue p, DimensionlessArgument(call, 0));
      if (IsLiteral(builder(), p.value)) {
        const double probability = ir::F64OfBits(builder().node(p.value).attr);
        if (!(probability >= 0 && probability <= 1)) {
          return Error(call.children[0].range, "a probability lies between 0 and 1");
        }
      }
      TypedValue drawn = Draw(function->op, {p.value});
      drawn.boolean = true;
      return drawn;
    }
    case Shape::kPoisson: {
      BNSYN_ASSIGN_OR_RETURN(TypedValue mean, DimensionlessArgument(call, 0));
      if (IsLiteral(builder(), mean.value)) {
        const double number = ir::F64OfBits(builder().node(mean.value).attr);
        if (!(number >= 0 && number <= reference::kPoissonMaxMean)) {
          return Error(call.children[0].range, "the mean of a Poisson number lies in 0 to 10^6");
        }
      }
      TypedValue drawn = Draw(function->op, {mean.value});
      drawn.whole = true;
      return drawn;
    }
    case Shape::kExponential: {
      if (count == 0) return Draw(function->op, {});
      BNSYN_ASSIGN_OR_RETURN(const TypedValue mean, EmitFloat(call.children[0]));
      return Number(EmitMultiply(scope_, Draw(function->op, {}).value, mean.value), mean.dimension);
    }
    case Shape::kScaled:
      return ScaledDraw(call, function->op);
    case Shape::kLognormal: {
      BNSYN_ASSIGN_OR_RETURN(const TypedValue exponent, ScaledDraw(call, function->op));
      BNSYN_RETURN_IF_ERROR(ExpectDimensionless(call, 0, exponent));
      return Number(builder().Emit(ir::Op::kExp, {exponent.value}), {});
    }
    case Shape::kPeriodic:
      return Periodic(call);
    case Shape::kTrunc: {
      BNSYN_ASSIGN_OR_RETURN(const TypedValue x, EmitNumber(call.children[0]));
      BNSYN_RETURN_IF_ERROR(ExpectDimensionless(call, 0, x));
      return x.integer ? x : Whole(WithoutFraction(x.value), {}, true);
    }
    case Shape::kMod:
      return FloorDivision(call, /*remainder=*/true, "the arguments of mod");
    case Shape::kAngle:
    case Shape::kLength:
      return OfPoint(call, function->op);
    case Shape::kScale: {
      BNSYN_ASSIGN_OR_RETURN(const TypedValue x, DimensionlessArgument(call, 0));
      return Number(Degrees(x.value, call.name == "deg2rad"), {});
    }
    case Shape::kIsNan:
    case Shape::kIsInfinite:
    case Shape::kIsFinite: {
      BNSYN_ASSIGN_OR_RETURN(const TypedValue x, EmitFloat(call.children[0]));
      if (function->op == ir::Op::kNe)
        return Boolean(builder().Emit(ir::Op::kNe, {x.value, x.value}));
      const ir::Value size = builder().Emit(ir::Op::kAbs, {x.value});
      const ir::Value infinity = builder().F64(std::numeric_limits<double>::infinity());
      return Boolean(builder().Emit(function->op, {size, infinity}));
    }
    case Shape::kTimestep:
      return Timestep(call);
  }
  return absl::InternalError("no such function");
}

absl::Status Emitter::UnknownFunction(const Expr& call) const {
  const ir::SourceRange name = {call.range.offset, call.name.size()};
  if (!call.file.empty()) {
    return Error(call.range, "a file cannot be read here: this value is one for the whole run",
                 "a variable may have it as its initial value, x : unit (constant)");
  }
  if (call.name == "file") {
    return Error(name, "which file?", "write it in quotes, as in file(\"x.csv\")(t)");
  }
  for (const std::string& known : scope_.KnownNames()) {
    if (known == call.name) {
      return Error(name, absl::StrCat("'", call.name, "' is a value, not a function"),
                   "a product is written with '*'");
    }
  }
  for (const Elsewhere& other : kElsewhere) {
    if (call.name == other.name) {
      return Error(name, absl::StrCat("unknown function '", call.name, "'"),
                   absl::StrCat("it is ", other.here, " here"));
    }
  }
  const size_t point = call.name.rfind('.');
  if (point != std::string::npos && Find(call.name.substr(point + 1)) != nullptr) {
    return Error(name, absl::StrCat("unknown function '", call.name, "'"),
                 absl::StrCat("write ", call.name.substr(point + 1), "(...)"));
  }
  return Error(name, absl::StrCat("unknown function '", call.name, "'",
                                  ir::DidYouMean(call.name, FunctionNames())));
}

absl::Status Emitter::ExpectDimensionless(const Expr& call, size_t index,
                                          const TypedValue& value) const {
  if (value.dimension.dimensionless()) return absl::OkStatus();
  return Error(call.children[index].range,
               absl::StrCat(call.name, " takes a number without unit, not ",
                            DescribeDimension(value.dimension)),
               DimensionAdvice({}, value.dimension));
}

absl::StatusOr<TypedValue> Emitter::DimensionlessArgument(const Expr& call, size_t index) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitFloat(call.children[index]));
  BNSYN_RETURN_IF_ERROR(ExpectDimensionless(call, index, value));
  return value;
}

absl::StatusOr<TypedValue> Emitter::SquareRoot(const Expr& call) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue x, EmitFloat(call.children[0]));
  BNSYN_ASSIGN_OR_RETURN(const Dimension half, PowerDimension(x.dimension, 1, call));
  return Number(builder().Emit(ir::Op::kSqrt, {x.value}), half);
}

absl::StatusOr<TypedValue> Emitter::Int(const Expr& call) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue x, Emit(call.children[0]));
  if (x.boolean) return HeldInteger(x.value, 0, 1);
  BNSYN_RETURN_IF_ERROR(ExpectDimensionless(call, 0, x));
  if (x.integer) return x;
  if (x.whole) return AnyInteger(x.value);
  if (IsLiteral(builder(), x.value)) {
    const double number = std::trunc(ir::F64OfBits(builder().node(x.value).attr));
    return ConstantNumber(builder().F64(number), number);
  }
  return AnyInteger(WithoutFraction(x.value));
}

ir::Value Emitter::WithoutFraction(ir::Value x) {
  const ir::Value negative = builder().Emit(ir::Op::kLt, {x, builder().F64(0)});
  const ir::Value up = builder().Emit(ir::Op::kCeil, {x});
  const ir::Value down = builder().Emit(ir::Op::kFloor, {x});
  return builder().Emit(ir::Op::kSelect, {negative, up, down});
}

absl::StatusOr<TypedValue> Emitter::Sign(const Expr& call) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue x, EmitNumber(call.children[0]));
  const bool integer = x.integer;
  ir::Value zero = builder().F64(0);
  if (integer && builder().type(x.value).element == ir::Element::kI64) {
    zero = builder().Literal(ir::Element::kI64, 0);
  } else {
    BNSYN_ASSIGN_OR_RETURN(x, Integers(call).AsFloat(x));
  }
  const ir::Value negative = builder().Emit(ir::Op::kLt, {x.value, zero});
  const ir::Value positive = builder().Emit(ir::Op::kGt, {x.value, zero});
  // Zero and NaN are their own sign.
  const ir::Value neither = integer ? builder().F64(0) : x.value;
  const ir::Value rest = builder().Emit(ir::Op::kSelect, {negative, builder().F64(-1), neither});
  const ir::Value sign = builder().Emit(ir::Op::kSelect, {positive, builder().F64(1), rest});
  return integer ? HeldInteger(sign, -1, 1) : Whole(sign, {}, true);
}

absl::StatusOr<TypedValue> Emitter::MinOrMax(const Expr& call, ir::Op op) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue result, EmitNumber(call.children[0]));
  for (size_t i = 1; i < call.children.size(); ++i) {
    BNSYN_ASSIGN_OR_RETURN(TypedValue next, EmitNumber(call.children[i]));
    const std::optional<Dimension> dimension = CommonDimension(result, next);
    if (!dimension) {
      return DimensionsDiffer(call, result, next, absl::StrCat("the arguments of ", call.name));
    }
    if (result.integer && next.integer) {
      result = Integers(call).MinOrMax(op, result, next);
      result.dimension = *dimension;
      continue;
    }
    BNSYN_ASSIGN_OR_RETURN(result, Integers(call).AsFloat(result));
    BNSYN_ASSIGN_OR_RETURN(next, Integers(call.children[i]).AsFloat(next));
    // The ops keep a NaN in their first operand; a constant is none.
    if (IsConstant(builder(), result.value) && !IsConstant(builder(), next.value)) {
      std::swap(result, next);
    }
    result = Whole(builder().Emit(op, {result.value, next.value}), *dimension,
                   result.whole && next.whole);
  }
  return result;
}

absl::StatusOr<TypedValue> Emitter::Clip(const Expr& call) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue result, EmitNumber(call.children[0]));
  constexpr ir::Op kOps[] = {ir::Op::kMax, ir::Op::kMin};
  ir::Value bounds[2];
  for (size_t i = 0; i < 2; ++i) {
    BNSYN_ASSIGN_OR_RETURN(TypedValue bound, EmitNumber(call.children[i + 1]));
    bounds[i] = bound.value;
    const std::optional<Dimension> dimension = CommonDimension(result, bound);
    if (!dimension) return DimensionsDiffer(call, result, bound, "the arguments of clip");
    if (result.integer && bound.integer) {
      result = Integers(call).MinOrMax(kOps[i], result, bound);
      result.dimension = *dimension;
      continue;
    }
    BNSYN_ASSIGN_OR_RETURN(result, Integers(call.children[0]).AsFloat(result));
    BNSYN_ASSIGN_OR_RETURN(bound, Integers(call.children[i + 1]).AsFloat(bound));
    result = Whole(builder().Emit(kOps[i], {result.value, bound.value}), *dimension,
                   result.whole && bound.whole);
  }
  BNSYN_RETURN_IF_ERROR(CheckBounds(call, bounds[0], bounds[1]));
  return result;
}

TypedValue Emitter::Draw(ir::Op op, absl::Span<const ir::Value> operands) {
  const ir::Element element = op == ir::Op::kBernoulli ? ir::Element::kBool : ir::Element::kF64;
  return Number(builder().Emit(op, {element, scope_.domain()}, operands,
                               ir::StreamAttr(scope_.NextStream(), 0)),
                {});
}

absl::StatusOr<TypedValue> Emitter::ScaledDraw(const Expr& call, ir::Op op) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue first, EmitFloat(call.children[0]));
  BNSYN_ASSIGN_OR_RETURN(TypedValue second, EmitFloat(call.children[1]));
  const std::optional<Dimension> dimension = CommonDimension(first, second);
  if (!dimension) {
    return DimensionsDiffer(call, first, second, absl::StrCat("the arguments of ", call.name));
  }
  const ir::Value drawn = Draw(op, {}).value;
  const ir::Value scale = op == ir::Op::kNormal
                              ? second.value
                              : builder().Emit(ir::Op::kSub, {second.value, first.value});
  return Number(EmitMulAdd(scope_, drawn, scale, first.value), *dimension);
}

absl::StatusOr<TypedValue> Emitter::Periodic(const Expr& call) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue x, EmitFloat(call.children[0]));
  BNSYN_ASSIGN_OR_RETURN(const TypedValue length, EmitFloat(call.children[1]));
  const std::optional<Dimension> dimension = CommonDimension(x, length);
  if (!dimension) return DimensionsDiffer(call, x, length, "the arguments of periodic");
  BNSYN_RETURN_IF_ERROR(CheckDivisor(call.children[1], length.value));
  const ir::Value turns =
      builder().Emit(ir::Op::kRint, {EmitDivide(scope_, x.value, length.value)});
  return Number(EmitMulAdd(scope_, turns, EmitNegate(scope_, length.value), x.value), *dimension);
}

absl::StatusOr<TypedValue> Emitter::OfPoint(const Expr& call, ir::Op op) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue a, EmitFloat(call.children[0]));
  BNSYN_ASSIGN_OR_RETURN(const TypedValue b, EmitFloat(call.children[1]));
  const std::optional<Dimension> dimension = CommonDimension(a, b);
  if (!dimension) {
    return DimensionsDiffer(call, a, b, absl::StrCat("the arguments of ", call.name));
  }
  return Number(builder().Emit(op, {a.value, b.value}),
                op == ir::Op::kHypot ? *dimension : Dimension{});
}

// With pi/180 and its inverse as pairs of numbers the product is rounded nearly once.
ir::Value Emitter::Degrees(ir::Value x, bool to_radians) {
  constexpr double kRadians[] = {0x1.1df46a2529d39p-6, 0x1.5c1d8becdd291p-62};
  constexpr double kDegrees[] = {0x1.ca5dc1a63c1f8p5, -0x1.1e7ab456405f9p-49};
  const auto& factor = to_radians ? kRadians : kDegrees;
  const ir::Value low = builder().Emit(ir::Op::kMul, {x, builder().F64(factor[1])});
  return builder().Emit(ir::Op::kFma, {x, builder().F64(factor[0]), low});
}

// The number of the step in which a time lies, as Brian2 finds it: a thousandth of a step before it
// begins, and without what is left. A float, since the time since a spike may be infinite.
absl::StatusOr<TypedValue> Emitter::Timestep(const Expr& call) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue time, EmitFloat(call.children[0]));
  BNSYN_ASSIGN_OR_RETURN(const TypedValue step, EmitFloat(call.children[1]));
  for (size_t i = 0; i < 2; ++i) {
    BNSYN_RETURN_IF_ERROR(
        ExpectDimension(i == 0 ? time : step, dimension::kTime,
                        absl::StrCat(i == 0 ? "the time" : "the step", " of timestep"), source_,
                        call.children[i].range));
  }
  BNSYN_RETURN_IF_ERROR(CheckDivisor(call.children[1], step.value));
  const ir::Value little = builder().Emit(ir::Op::kMul, {step.value, builder().F64(1e-3)});
  const ir::Value later = builder().Emit(ir::Op::kAdd, {time.value, little});
  const ir::Value steps = builder().Emit(ir::Op::kDiv, {later, step.value});
  return Whole(WithoutFraction(steps), {}, true);
}

}  // namespace bnsyn::compiler
