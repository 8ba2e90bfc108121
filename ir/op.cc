#include "ir/op.h"

#include <limits>

namespace bnsyn::ir {
namespace {

constexpr OpInfo kOps[] = {
#define BNSYN_OP(name, text, arity, rule, attr, effect, meaning) \
  {Op::k##name, text, arity, TypeRule::k##rule, AttrKind::k##attr, Effect::k##effect, meaning},
#include "ir/ops.def"
};

constexpr double kInf = std::numeric_limits<double>::infinity();

constexpr FunctionInfo kFunctions[] = {
#define BNSYN_FUNCTION(name, text, word, course, from, to, least, greatest, meaning) \
  {Op::k##name, word, Course::k##course, from, to, least, greatest},
#include "ir/ops.def"
};

}  // namespace

const OpInfo& Info(Op op) { return kOps[static_cast<int>(op)]; }

absl::Span<const OpInfo> AllOps() { return kOps; }

std::optional<Op> OpFromName(absl::string_view name) {
  for (const OpInfo& info : kOps) {
    if (info.name == name) return info.op;
  }
  return std::nullopt;
}

const FunctionInfo* FindFunction(Op op) {
  for (const FunctionInfo& function : kFunctions) {
    if (function.op == op) return &function;
  }
  return nullptr;
}

absl::Span<const FunctionInfo> AllFunctions() { return kFunctions; }

bool IsFunction(Op op) {
  switch (op) {
#define BNSYN_OP(name, ...) case Op::k##name:
#define BNSYN_FUNCTION(...)
#define BNSYN_FUNCTION_OF_TWO(...)
#include "ir/ops.def"
    return false;
#define BNSYN_FUNCTION(name, ...) case Op::k##name:
#define BNSYN_FUNCTION_OF_TWO(name, ...) case Op::k##name:
#include "ir/ops.def"
    return true;
  }
  return false;
}

bool IsDraw(Op op) {
  switch (op) {
#define BNSYN_OP(name, ...) case Op::k##name:
#define BNSYN_DRAW(...)
#include "ir/ops.def"
    return false;
#define BNSYN_DRAW(name, ...) case Op::k##name:
#include "ir/ops.def"
    return true;
  }
  return false;
}

bool IsEngineOp(Op op) {
  switch (op) {
#define BNSYN_OP(name, ...) case Op::k##name:
#define BNSYN_ENGINE(...)
#include "ir/ops.def"
    return false;
#define BNSYN_ENGINE(name, ...) case Op::k##name:
#include "ir/ops.def"
    return true;
  }
  return false;
}

bool IsExpectation(Op op) {
  switch (op) {
#define BNSYN_OP(name, ...) case Op::k##name:
#define BNSYN_EXPECT(...)
#include "ir/ops.def"
    return false;
#define BNSYN_EXPECT(name, ...) case Op::k##name:
#include "ir/ops.def"
    return true;
  }
  return false;
}

}  // namespace bnsyn::ir
