#include <string>

#include "absl/strings/str_cat.h"
#include "ir/builder.h"
#include "ir/status_macros.h"
#include "ir/symbols.h"

namespace bnsyn::ir {
namespace {

absl::Status Error(Op op, absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat(Info(op).name, " ", rule));
}

// "f64, f64 and i32"
std::string Elements(absl::Span<const Type> types) {
  std::string text;
  for (size_t i = 0; i < types.size(); ++i) {
    absl::StrAppend(&text,
                    i == 0                  ? ""
                    : i + 1 == types.size() ? " and "
                                            : ", ",
                    ElementName(types[i].element));
  }
  return text;
}

// The join of the operands' domains: uniform operands take any other domain.
absl::StatusOr<DomainId> Join(const Program& program, Op op, absl::Span<const Type> operands) {
  DomainId joined = DomainId::kNetwork;
  for (const Type& type : operands) {
    if (type.uniform() || type.domain == joined) continue;
    if (joined != DomainId::kNetwork) {
      return Error(op, absl::StrCat("cannot join values of ", program.DomainName(joined), " and ",
                                    program.DomainName(type.domain)));
    }
    joined = type.domain;
  }
  return joined;
}

bool SameElements(absl::Span<const Type> types) {
  for (const Type& type : types) {
    if (type.element != types[0].element) return false;
  }
  return true;
}

// The element of a declared op's result where the attribute does not say it.
Element DrawnElement(Op op) {
  if (op == Op::kRandom) return Element::kU32;
  return op == Op::kBernoulli ? Element::kBool : Element::kF64;
}

absl::StatusOr<Type> DeclaredType(const Program& program, const Block& block, Op op, uint64_t attr,
                                  Type declared) {
  switch (Info(op).attr) {
    case AttrKind::kLiteral:
      return Type{declared.element, DomainId::kNetwork};
    case AttrKind::kParam:
      return Type{program.params[attr].element, DomainId::kNetwork};
    case AttrKind::kState: {
      const Type state = program.states[attr].type;
      return Type{state.element, op == Op::kLoad ? state.domain : block.domain};
    }
    case AttrKind::kInput:
      if (op == Op::kScale) return Type{Element::kF64, DomainId::kNetwork};
      return Type{Element::kF64, program.inputs[attr].population};
    case AttrKind::kPopulation:
      return Type{Element::kI64, DomainId::kNetwork};
    case AttrKind::kReduction:
      return Type{Element::kF64, DomainId::kNetwork};
    case AttrKind::kStream:
      return Type{DrawnElement(op), declared.domain};
    case AttrKind::kNone:
    case AttrKind::kTable:
    case AttrKind::kLoop:
    case AttrKind::kProjection:
      break;
  }
  if (op == Op::kStep || op == Op::kPass) return Type{Element::kU64, DomainId::kNetwork};
  if (op == Op::kWeight) return Type{Element::kF64, block.domain};
  if (op == Op::kDelay) return Type{Element::kI64, block.domain};
  if (op == Op::kIndexPre || op == Op::kIndexPost) return Type{Element::kU32, block.domain};
  if (program.domains[static_cast<size_t>(declared.domain)].kind != DomainKind::kPopulation) {
    return Error(op, "is of a population's elements: declare it as u32[population]");
  }
  return Type{Element::kU32, declared.domain};
}

// The synapses over which run_sums of an input runs; the network where there is no such block,
// which the verifier tells.
DomainId DomainOfSums(const Program& program, uint64_t input) {
  const Block* const block = program.FindSums(static_cast<InputId>(input));
  return block == nullptr ? DomainId::kNetwork : block->domain;
}

// The operand of an effect and the domain on which it acts.
Type EffectType(const Program& program, const Block& block, Op op, uint64_t attr) {
  switch (Info(op).attr) {
    case AttrKind::kState: {
      // What acts on the neuron whose spike arrives is of the domain of its block.
      const Type state = program.states[attr].type;
      const bool of_arrivals = block.kind == BlockKind::kOnPre || block.kind == BlockKind::kOnPost;
      const bool checks_neuron = op == Op::kCheck && of_arrivals && !state.uniform();
      const bool of_neuron = op == Op::kStorePre || op == Op::kStorePost || checks_neuron;
      return {state.element, of_neuron ? block.domain : state.domain};
    }
    case AttrKind::kInput:
      if (op == Op::kRunSums) return {Element::kF64, DomainOfSums(program, attr)};
      return {Element::kF64, block.domain};
    case AttrKind::kPopulation:
      return {Element::kBool, program.populations[attr].domain};
    case AttrKind::kReduction:
      return {Element::kF64, program.reductions[attr].population};
    case AttrKind::kLoop:
      return {Element::kF64, program.loops[attr].domain};
    case AttrKind::kProjection:
      return {Element::kF64, program.projections[attr].domain};
    case AttrKind::kNone:
    case AttrKind::kLiteral:
    case AttrKind::kParam:
    case AttrKind::kTable:
    case AttrKind::kStream:
      break;
  }
  if (op == Op::kUntil) return {Element::kBool, block.domain};
  return {op == Op::kSetDelay ? Element::kI64 : Element::kF64, block.domain};
}

// Expectations of code over synapses are of each synapse, whatever they read.
absl::StatusOr<Type> ExpectationType(const Block& block, Op op, absl::Span<const Type> operands,
                                     DomainId domain) {
  const Element number = op == Op::kExpectInteger ? Element::kF64 : Element::kI64;
  bool fits = operands[0].element == Element::kBool;
  for (const Type& operand : operands.subspan(1)) fits = fits && operand.element == number;
  if (!fits) {
    return Error(
        op, absl::StrCat("takes a bool and ", ElementName(number), ", not ", Elements(operands)));
  }
  const bool of_synapses = block.kind == BlockKind::kOnPre || block.kind == BlockKind::kOnStep ||
                           block.kind == BlockKind::kOnPost;
  return Type{Element::kBool, of_synapses ? block.domain : domain};
}

}  // namespace

absl::StatusOr<Type> ResultType(const Program& program, const Block& block, Op op,
                                absl::Span<const Type> operands, uint64_t attr, Type declared) {
  const OpInfo& info = Info(op);
  if (operands.size() != static_cast<size_t>(info.arity)) {
    return Error(op, absl::StrCat("takes ", info.arity, info.arity == 1 ? " operand" : " operands",
                                  ", not ", operands.size()));
  }
  BNSYN_ASSIGN_OR_RETURN(const DomainId domain, Join(program, op, operands));
  const Element first = operands.empty() ? Element::kF64 : operands[0].element;
  switch (info.rule) {
    case TypeRule::kSame:
    case TypeRule::kCompare:
      if (!SameElements(operands) || !IsNumeric(first)) {
        return Error(op,
                     absl::StrCat(info.arity == 1 ? "takes a number" : "takes numbers of one type",
                                  ", not ", Elements(operands)));
      }
      return Type{info.rule == TypeRule::kCompare ? Element::kBool : first, domain};
    case TypeRule::kFloat:
      if (!SameElements(operands) || !IsFloat(first)) {
        return Error(op,
                     absl::StrCat("takes f64 or f32", info.arity == 1 ? "" : ", all of one type",
                                  ", not ", Elements(operands)));
      }
      return Type{first, domain};
    case TypeRule::kInteger:
      if (!SameElements(operands) || !IsInteger(first)) {
        return Error(op, absl::StrCat("takes integers of one type, not ", Elements(operands)));
      }
      return Type{first, domain};
    case TypeRule::kLogic:
      if (!SameElements(operands) || IsFloat(first)) {
        return Error(op, absl::StrCat(info.arity == 1 ? "takes an integer or a bool"
                                                      : "takes integers of one type or bools",
                                      ", not ", Elements(operands)));
      }
      return Type{first, domain};
    case TypeRule::kSelect:
      if (first != Element::kBool || !SameElements(operands.subspan(1))) {
        return Error(
            op, absl::StrCat("takes a bool and two values of one type, not ", Elements(operands)));
      }
      return Type{operands[1].element, domain};
    case TypeRule::kConvert:
    case TypeRule::kBitcast: {
      const bool sizes = ElementBytes(first) == ElementBytes(declared.element) &&
                         IsNumeric(first) && IsNumeric(declared.element);
      if (info.rule == TypeRule::kBitcast && !sizes) {
        return Error(op, absl::StrCat("takes and gives numbers of one size, not ",
                                      ElementName(first), " and ", ElementName(declared.element)));
      }
      if (declared.domain != domain) {
        return Error(op, absl::StrCat("of such an operand gives ",
                                      TypeName(program, {declared.element, domain}), ", not ",
                                      TypeName(program, declared)));
      }
      return declared;
    }
    case TypeRule::kLookup:
      if (!SameElements(operands) || first != Element::kI64) {
        return Error(op, absl::StrCat("takes i64, not ", Elements(operands)));
      }
      return Type{Element::kF64, domain};
    case TypeRule::kGather: {
      const bool fits =
          first == Element::kU32 && (info.arity == 1 || operands[1].element == Element::kI64);
      if (!fits) {
        return Error(op, absl::StrCat("takes ", info.arity == 1 ? "u32" : "u32 and i64", ", not ",
                                      Elements(operands)));
      }
      return Type{program.states[attr].type.element, domain};
    }
    case TypeRule::kDeclared: {
      // Only draws take operands here: a probability or a mean.
      for (const Type& type : operands) {
        if (type.element != Element::kF64) {
          return Error(op, absl::StrCat("takes f64, not ", ElementName(type.element)));
        }
      }
      BNSYN_ASSIGN_OR_RETURN(const Type type, DeclaredType(program, block, op, attr, declared));
      if (domain != DomainId::kNetwork && domain != type.domain) {
        return Error(op, absl::StrCat("over values of ", program.DomainName(domain),
                                      " cannot give ", TypeName(program, type)));
      }
      if (declared != type) {
        return Error(op, absl::StrCat("gives ", TypeName(program, type), " here, not ",
                                      TypeName(program, declared)));
      }
      return type;
    }
    case TypeRule::kEffect: {
      if (IsExpectation(op)) return ExpectationType(block, op, operands, domain);
      const Type wanted = EffectType(program, block, op, attr);
      if (first != wanted.element) {
        return Error(op, absl::StrCat("takes ", ElementName(wanted.element), " here, not ",
                                      ElementName(first)));
      }
      if (op == Op::kCheck && !IsFloat(first) && first != Element::kI64) {
        return Error(op,
                     absl::StrCat("takes a state of f64, f32 or i64, not ", ElementName(first)));
      }
      if (domain != DomainId::kNetwork && domain != wanted.domain) {
        return Error(op, absl::StrCat("of ", TypeName(program, wanted), " cannot take a value of ",
                                      program.DomainName(domain)));
      }
      return wanted;
    }
  }
  return declared;
}

}  // namespace bnsyn::ir
