// The ops of the IR and what their rows in ops.def say of them.
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
  kProjection,
  kStream,
};

enum class Effect : uint8_t { kPure, kRead, kWrite };

// One row of ops.def.
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

// An effect op yields no value. `take` yields one and writes.
inline bool HasResult(Op op) { return Info(op).rule != TypeRule::kEffect; }

// A function of R2 that `expand_math` writes as plain ops, and a draw of R3 that it writes over
// `random`.
bool IsFunction(Op op);
bool IsDraw(Op op);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_OP_H_
