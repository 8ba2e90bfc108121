#include "ir/mutant_flip.h"

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ir/builder.h"
#include "ir/mutant.h"

namespace bnsyn::ir {
namespace {

// An op, and a neighbour that is as good as it for most operands.
struct Neighbour {
  Op op, other;
};
constexpr Neighbour kNeighbours[] = {
    {Op::kAdd, Op::kSub},
    {Op::kSub, Op::kAdd},
    {Op::kMul, Op::kDiv},
    {Op::kDiv, Op::kMul},
    {Op::kRem, Op::kSub},
    {Op::kNeg, Op::kAbs},
    {Op::kAbs, Op::kNeg},
    {Op::kSqrt, Op::kAbs},
    {Op::kMin, Op::kMax},
    {Op::kMax, Op::kMin},
    {Op::kFloor, Op::kRint},
    {Op::kCeil, Op::kRint},
    {Op::kRint, Op::kFloor},
    {Op::kEq, Op::kLe},
    {Op::kNe, Op::kLt},
    {Op::kLt, Op::kLe},
    {Op::kLe, Op::kLt},
    {Op::kGt, Op::kGe},
    {Op::kGe, Op::kGt},
    {Op::kAnd, Op::kOr},
    {Op::kOr, Op::kXor},
    {Op::kXor, Op::kOr},
    {Op::kShl, Op::kShr},
    {Op::kShr, Op::kShl},
    {Op::kExp, Op::kExp2},
    {Op::kSin, Op::kCos},
    {Op::kCos, Op::kSin},
    {Op::kAtan2, Op::kHypot},
    {Op::kExpectSum, Op::kExpectDifference},
    {Op::kExpectDifference, Op::kExpectSum},
    {Op::kExpectProduct, Op::kExpectSum},
    {Op::kExpectQuotient, Op::kExpectDifference},
};

// The first of two operands that are next to each other, are of one type, and whose order matters.
std::optional<size_t> FirstToSwap(Op op, Element of) {
  switch (op) {
    case Op::kMin:
    case Op::kMax:
      if (!IsFloat(of)) return std::nullopt;  // a NaN, and which zero is taken, make the difference
      return 0;
    case Op::kSub:
    case Op::kDiv:
    case Op::kRem:
    case Op::kLt:
    case Op::kLe:
    case Op::kGt:
    case Op::kGe:
    case Op::kShl:
    case Op::kShr:
    case Op::kPow:
    case Op::kAtan2:
    case Op::kLookup:
      return 0;
    case Op::kFma:
    case Op::kSelect:
    case Op::kExpectDifference:
    case Op::kExpectQuotient:
    case Op::kExpectInteger:
      return 1;
    default:
      return std::nullopt;
  }
}

// The effects that are no nodes of code that is emitted: what runs them is told apart elsewhere.
bool IsEmitted(Op op) {
  switch (op) {
    case Op::kSetProbability:
    case Op::kSetWeight:
    case Op::kSetDelay:
    case Op::kAccumulate:
    case Op::kAccumulatePre:
    case Op::kStorePre:
    case Op::kStorePost:
    case Op::kRun:
    case Op::kRunOnStep:
    case Op::kRunSums:
    case Op::kDeliver:
      return false;
    default:
      return true;
  }
}

// The set ops stand in connect blocks, whose values are taken by another way.
bool IsRun(Op op) {
  return op != Op::kSetProbability && op != Op::kSetWeight && op != Op::kSetDelay;
}

// An op with elements that it takes.
struct Case {
  Element of;
  Element result;
};

std::vector<Case> CasesOfEngineOp(const OpInfo& info) {
  std::vector<Case> cases;
  const bool any = info.attr == AttrKind::kState || info.attr == AttrKind::kParam;
  for (const Element element : kElements) {
    const bool checked =
        element == Element::kF64 || element == Element::kF32 || element == Element::kI64;
    if (any && (info.op != Op::kCheck || checked)) cases.push_back({element, element});
  }
  if (any) return cases;
  Element one = Element::kF64;
  if (IsExpectation(info.op) || info.op == Op::kSpike || info.op == Op::kUntil) {
    one = Element::kBool;
  }
  if (info.op == Op::kPass) one = Element::kU64;
  if (info.op == Op::kDelay || info.op == Op::kCount || info.op == Op::kSetDelay) {
    one = Element::kI64;
  }
  if (info.op == Op::kIndexPre || info.op == Op::kIndexPost) one = Element::kU32;
  return {{one, one}};
}

// What the type rules of the table admit.
std::vector<Case> CasesOf(const OpInfo& info) {
  if (IsEngineOp(info.op)) return CasesOfEngineOp(info);
  Program program;
  const DomainId domain = program.populations[program.AddPopulation("p", 1)].domain;
  Block block;
  block.domain = domain;
  const uint64_t attr = info.attr == AttrKind::kStream ? StreamAttr(0, 0) : 0;
  const bool uniform = info.op == Op::kStep || info.op == Op::kLiteral;
  std::vector<Case> cases;
  for (const Element of : kElements) {
    std::vector<Type> types(static_cast<size_t>(info.arity), Type{of, domain});
    if (info.op == Op::kSelect) types[0].element = Element::kBool;
    for (const Element result : kElements) {
      const Type declared = {result, uniform ? DomainId::kNetwork : domain};
      const auto type = ResultType(program, block, info.op, types, attr, declared);
      if (!type.ok() || type->element != result || (info.arity == 0 && of != result)) continue;
      cases.push_back({of, result});
    }
  }
  return cases;
}

}  // namespace

std::vector<Flip> FlipsOf(absl::string_view who) {
  const bool emits = who == "emit";
  std::vector<Flip> flips;
  for (const OpInfo& info : AllOps()) {
    if (emits ? !IsEmitted(info.op) : !IsRun(info.op)) continue;
    const bool converts = info.rule == TypeRule::kConvert || info.rule == TypeRule::kBitcast;
    for (const Case& c : CasesOf(info)) {
      if (converts && c.of == c.result) continue;  // nothing is computed
      Flip plain = {.name = absl::StrCat(info.name, ".", ElementName(c.of)),
                    .op = info.op,
                    .of = c.of,
                    .to = std::nullopt,
                    .flips_result = false,
                    .other = std::nullopt,
                    .first = std::nullopt,
                    .omits = false};
      if (converts) {
        plain.to = c.result;
        absl::StrAppend(&plain.name, ".", ElementName(c.result));
      }
      const auto add = [&](absl::string_view name) -> Flip& {
        flips.push_back(plain);
        absl::StrAppend(&flips.back().name, ".", name);
        return flips.back();
      };
      if (HasResult(info.op)) {
        add("result").flips_result = true;
      } else {
        add("omit").omits = true;
      }
      if (IsEngineOp(info.op) && !emits) continue;
      if (const std::optional<size_t> first = FirstToSwap(info.op, c.of)) add("swap").first = first;
      for (const Neighbour& neighbour : kNeighbours) {
        if (neighbour.op != info.op) continue;
        const bool takes = IsEngineOp(info.op) ||
                           absl::c_any_of(CasesOf(Info(neighbour.other)),
                                          [&](const Case& other) { return other.of == c.of; });
        if (takes) add(absl::StrCat("as_", Info(neighbour.other).name)).other = neighbour.other;
      }
    }
  }
  return flips;
}

Element ElementOf(const Node& node, Element last) {
  return IsEngineOp(node.op) || node.inputs().empty() ? node.element : last;
}

const Flip* ChosenFlip(absl::string_view who, const Node& node, Element last) {
  static const std::pair<std::string, std::optional<Flip>> chosen = [] {
    for (const absl::string_view flipper : kFlippers) {
      absl::string_view name = ChosenMutant();
      if (!absl::ConsumePrefix(&name, absl::StrCat(flipper, "."))) continue;
      for (Flip& flip : FlipsOf(flipper)) {
        if (flip.name == name) return std::pair(std::string(flipper), std::optional(flip));
      }
    }
    return std::pair(std::string(), std::optional<Flip>());
  }();
  const auto& [flipper, flip] = chosen;
  if (!flip || flipper != who || flip->op != node.op || flip->of != ElementOf(node, last)) {
    return nullptr;
  }
  if (flip->to && *flip->to != node.element) return nullptr;
  return Mutant(ChosenMutant()) ? &*flip : nullptr;
}

Node Flipped(const Flip& flip, Node node) {
  if (flip.other) node.op = *flip.other;
  if (flip.first) std::swap(node.operands[*flip.first], node.operands[*flip.first + 1]);
  return node;
}

}  // namespace bnsyn::ir
