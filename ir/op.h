// The ops of the IR, with the facts that their rows in ops.def give:
//
//   Info(Op::kFma).arity == 3, OpFromName("exp") == Op::kExp, FindFunction(Op::kTanh)->greatest ==
//   1
#ifndef BNSYN_IR_OP_H_
#define BNSYN_IR_OP_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace bnsyn::ir {

enum class Op : uint8_t {
#define BNSYN_OP(name, ...) k##name,
#include "ir/ops.def"
};

enum class TypeRule : uint8_t {
  kSame,
  kFloat,
  kInteger,
  kLogic,
  kCompare,
  kSelect,
  kConvert,
  kBitcast,
  kLookup,
  kGather,
  kDeclared,
  kEffect,
};

enum class AttrKind : uint8_t {
  kNone,
  kLiteral,
  kState,
  kParam,
  kTable,
  kInput,
  kPopulation,
  kReduction,
  kLoop,
  kProjection,
  kStream,
};

enum class Effect : uint8_t { kPure, kRead, kWrite };

// A row of ops.def.
struct OpInfo {
  Op op;
  absl::string_view name;  // as printed
  int arity;
  TypeRule rule;
  AttrKind attr;
  Effect effect;
  absl::string_view meaning;
};

const OpInfo& Info(Op op);
absl::Span<const OpInfo> AllOps();  // in table order
std::optional<Op> OpFromName(absl::string_view name);

// How a function runs over its arguments: kEven rises with the magnitude of the argument, and
// kPeriodic is NaN at the infinities.
enum class Course : uint8_t { kRising, kFalling, kEven, kPeriodic };

// The row of a function of R2 with one argument.
struct FunctionInfo {
  Op op;
  absl::string_view word;  // its name in the model language; empty for none
  Course course;
  double from;  // it is NaN outside of [from, to]
  double to;
  double least;  // its values lie within [least, greatest]
  double greatest;
};

// Null for an op that is no such function.
const FunctionInfo* FindFunction(Op op);
absl::Span<const FunctionInfo> AllFunctions();  // in table order

// True unless the op is an effect. `take` yields a value and writes.
inline bool HasResult(Op op) { return Info(op).rule != TypeRule::kEffect; }

// True for the functions of R2, which `expand_math` writes as plain ops: those above, and those of two arguments.
bool IsFunction(Op op);
// True for the draws of R3, which `expand_math` writes over `random`.
bool IsDraw(Op op);
// True for ops that read or change what an engine holds: states, synapses, spikes and sums.
bool IsEngineOp(Op op);
// True for engine ops that stop the run where integers have no result. They read their operands
// alone, so that two with equal operands are one.
bool IsExpectation(Op op);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_OP_H_
