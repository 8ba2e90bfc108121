#include "ir/op.h"

namespace bnsyn::ir {
namespace {

constexpr OpInfo kOps[] = {
#define BNSYN_OP(name, text, arity, rule, attr, effect, meaning) \
  {Op::k##name, text, arity, TypeRule::k##rule, AttrKind::k##attr, Effect::k##effect, meaning},
#include "ir/ops.def"
};

constexpr int Index(Op op) { return static_cast<int>(op); }

// The functions stand together in the table, between the plain ops and the draws.
static_assert(Index(Op::kExp) == Index(Op::kBitcast) + 1);
static_assert(Index(Op::kLog10) + 1 == Index(Op::kRandom));

}  // namespace

const OpInfo& Info(Op op) { return kOps[Index(op)]; }

absl::Span<const OpInfo> AllOps() { return kOps; }

std::optional<Op> OpFromName(absl::string_view name) {
  for (const OpInfo& info : kOps) {
    if (info.name == name) return info.op;
  }
  return std::nullopt;
}

bool IsFunction(Op op) { return op >= Op::kExp && op <= Op::kLog10; }

bool IsDraw(Op op) { return Info(op).attr == AttrKind::kStream && op != Op::kRandom; }

}  // namespace bnsyn::ir
