#include "compiler/lowering/sums.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/loop.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

constexpr absl::string_view kCount = "count";

// "ee" of ee.w.
absl::string_view OwnerOf(absl::string_view name) { return name.substr(0, name.find('.')); }

template <typename Visit>
void ForEachPart(const Expr& expr, const Visit& visit) {
  visit(expr);
  for (const Expr& child : expr.children) ForEachPart(child, visit);
}

// An expression over the elements of one owner, a projection or a population, in code of the
// network: ee.x is the x of an element, and other names mean what they mean in that code.
class ElementExpression {
 public:
  ElementExpression(const Expr& call, const ir::SourceText& source, const CodeScope& outer,
                    std::string owner)
      : call_(call), source_(source), outer_(outer), owner_(std::move(owner)) {}

  // The expression in the words of the element, whose names are `inner`.
  absl::StatusOr<Expr> Run(const Names& inner) {
    Expr expr = call_.children[0];
    BNSYN_RETURN_IF_ERROR(Rewrite(inner, expr));
    return expr;
  }

 private:
  absl::Status Error(ir::SourceRange range, std::string message, std::string note = "") const {
    return ir::ErrorAt(source_, range, std::move(message), std::move(note));
  }

  absl::Status Rewrite(const Names& inner, Expr& expr) const {
    if (expr.kind == ExprKind::kCall) {
      if (DrawsNumber(expr.name)) {
        return Error(
            expr.range,
            absl::StrCat("'", expr.name, "' draws a number, which ", call_.name, " cannot"),
            absl::StrCat("draw it in code of ", owner_, ", and keep it in a variable"));
      }
      const Meaning* const meaning = inner.Find(expr.name);
      if (OwnerOf(expr.name) != expr.name || (meaning != nullptr && meaning->variable != nullptr)) {
        return Error(expr.range,
                     absl::StrCat(call_.name, " reads variables as they are, not ", "their past"));
      }
    }
    if (expr.kind == ExprKind::kSubscript || expr.kind == ExprKind::kMember) {
      return Error(expr.range, absl::StrCat(call_.name, " of an expression is of all of ", owner_),
                   absl::StrCat("a condition may choose, as in ", call_.name, "(", owner_, ".x if ",
                                owner_, ".i < 50 else 0)"));
    }
    if (expr.kind == ExprKind::kName) return RewriteName(inner, expr);
    for (Expr& child : expr.children) BNSYN_RETURN_IF_ERROR(Rewrite(inner, child));
    return absl::OkStatus();
  }

  absl::Status RewriteName(const Names& inner, Expr& expr) const {
    const std::string owner(OwnerOf(expr.name));
    if (owner == expr.name) return CheckOfNetwork(inner, expr);
    if (owner != owner_) {
      return Error(
          expr.range,
          absl::StrCat("this is of '", owner, "', and what stands before of '", owner_,
                       "': ", call_.name, " goes over the elements of one"),
          absl::StrCat("as in ", call_.name, "(", owner_, ".x) + ", call_.name, "(", owner, ".y)"));
    }
    const std::string name = expr.name.substr(owner.size() + 1);
    const Meaning* const meaning = inner.Find(name);
    if (meaning == nullptr || meaning->kind == NameKind::kOfNeurons ||
        meaning->kind == NameKind::kOther || meaning->kind == NameKind::kTable) {
      std::vector<std::string> known;
      for (const std::string& readable : inner.Readable()) {
        known.push_back(absl::StrCat(owner, ".", readable));
      }
      return Error(expr.range,
                   absl::StrCat("'", expr.name, "' is no variable of ", owner,
                                ir::DidYouMean(expr.name, known)),
                   meaning == nullptr || meaning->refusal.empty() ? "" : meaning->refusal);
    }
    const bool unkept =
        meaning->kind == NameKind::kLastSpike || meaning->kind == NameKind::kNotRefractory;
    if (unkept) {
      return Error(expr.range, absl::StrCat(call_.name, " cannot read '", name, "'"),
                   absl::StrCat("keep it in a variable by code of ", owner_, ", and read that"));
    }
    expr.name = name;
    return absl::OkStatus();
  }

  static bool IsOfNetwork(NameKind kind) {
    return kind == NameKind::kNetworkVariable || kind == NameKind::kParameter ||
           kind == NameKind::kConstant || kind == NameKind::kTime || kind == NameKind::kTable;
  }

  // A name without owner is one of the network, which elements know too.
  absl::Status CheckOfNetwork(const Names& inner, const Expr& expr) const {
    const std::string& name = expr.name;
    const Environment& environment = outer_.environment();
    const Meaning* const meaning = outer_.names().Find(name);
    const bool local = environment.locals.count(name) != 0;
    if (local || (meaning != nullptr && meaning->variable != nullptr &&
                  environment.changed.count(meaning->variable) != 0)) {
      return Error(
          expr.range,
          absl::StrCat("'", name, "' has a value of this code here, which ", owner_, " cannot see"),
          call_.name == kCount
              ? "write the value itself here, or read a variable that other code sets"
              : absl::StrCat("write it outside, as in ", name, "*", call_.name, "(", owner_,
                             ".x), or read a variable that other code sets"));
    }
    const Meaning* const of_element = inner.Find(name);
    // A unit; what is none has its error where it is emitted.
    if (meaning == nullptr && of_element == nullptr) return absl::OkStatus();
    if (meaning != nullptr && meaning->kind == NameKind::kDefinition) {
      return Error(expr.range,
                   absl::StrCat("'", name, "' is computed by an equation of the network, which ",
                                owner_, " cannot read"),
                   "use the variables it is made of, or keep it in a variable");
    }
    if (meaning != nullptr && of_element != nullptr && IsOfNetwork(of_element->kind) &&
        meaning->variable == of_element->variable && meaning->parameter == of_element->parameter &&
        meaning->constant.value == of_element->constant.value) {
      return absl::OkStatus();
    }
    return Error(
        expr.range, absl::StrCat("'", name, "' of what?"),
        absl::StrCat("'", owner_, ".", name, "' is that of ", owner_,
                     meaning == nullptr
                         ? ""
                         : "; what the network calls so is hidden by it, and needs another "
                           "name"));
  }

  const Expr& call_;
  const ir::SourceText& source_;
  const CodeScope& outer_;
  const std::string owner_;
};

// The owner that an argument names first: ee of ee.w > 1; all of a name without point.
std::string FirstOwner(const Expr& argument) {
  std::string owner;
  ForEachPart(argument, [&](const Expr& part) {
    const bool named = part.kind == ExprKind::kName || part.kind == ExprKind::kCall;
    if (named && owner.empty() && OwnerOf(part.name) != part.name) {
      owner = std::string(OwnerOf(part.name));
    }
  });
  if (owner.empty() && argument.kind == ExprKind::kName) owner = argument.name;
  return owner;
}

// What is added up of an element, f64, and its dimension: 1 or 0 for a count.
absl::StatusOr<TypedValue> Added(const Expr& call, const Expr& argument,
                                 const ir::SourceText& source, CodeScope& scope) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitExpression(argument, source, scope));
  ir::Builder& builder = scope.builder();
  const bool truth = builder.type(value.value).element == ir::Element::kBool;
  if (call.name == kCount) {
    if (!truth || !value.boolean) {
      return ir::ErrorAt(source, argument.range, "count takes a condition, not a number",
                         "as in count(ee.w > 1 nS); sum(...) adds numbers up");
    }
    value.value = builder.Emit(ir::Op::kSelect, {value.value, builder.F64(1), builder.F64(0)});
    return TypedValue{value.value, Dimension{}};
  }
  if (value.boolean) {
    return ir::ErrorAt(source, argument.range,
                       absl::StrCat(call.name, " takes a number, not a condition"),
                       "count(...) says for how many it holds");
  }
  return IntegerArithmetic(source, argument.range, scope).AsFloat(value);
}

// The sums over the synapses of a projection that one piece of code asks for.
class SynapseSums {
 public:
  SynapseSums(const Declarations& declared, const Connection& connection, const Expr& call,
              const ir::SourceText& source, CodeScope& outer, ProgramBuilder& out)
      : declared_(declared),
        connection_(connection),
        call_(call),
        source_(source),
        outer_(outer),
        out_(out) {}

  absl::StatusOr<TypedValue> Run() {
    const Expr& argument = call_.children[0];
    const std::string& owner = connection_.model.section.name;
    if (argument.kind == ExprKind::kName && argument.name == owner) {
      if (call_.name != kCount) {
        return ir::ErrorAt(source_, argument.range,
                           absl::StrCat("what of '", owner, "' is to be added up?"),
                           absl::StrCat("as in ", call_.name, "(", owner, ".w)"));
      }
      BNSYN_ASSIGN_OR_RETURN(const ir::Value number, Total(nullptr));
      return HeldInteger(number, 0, int64_t{1} << 53);
    }
    const Names names = SynapseNames(declared_, connection_, ir::BlockKind::kOnPre);
    BNSYN_ASSIGN_OR_RETURN(const Expr expr,
                           ElementExpression(call_, source_, outer_, owner).Run(names));
    BNSYN_ASSIGN_OR_RETURN(const ir::Value total, Total(&expr));
    if (call_.name == kCount) return HeldInteger(total, 0, int64_t{1} << 53);
    const Dimension dimension = dimension_;
    if (call_.name == "sum") return TypedValue{total, dimension};
    BNSYN_ASSIGN_OR_RETURN(const ir::Value number, Total(nullptr));
    return TypedValue{EmitDivide(outer_, total, number), dimension};
  }

 private:
  // The total of an expression over all synapses, or their number.
  absl::StatusOr<ir::Value> Total(const Expr* expr) {
    BNSYN_ASSIGN_OR_RETURN(const ir::InputId input, InputOf(expr));
    const std::string name = absl::StrCat(out_.program.inputs[input].name, ".total");
    return EmitTotal(
        name, connection_.target.domain, outer_, out_.program,
        [&](ir::Builder& builder) -> absl::StatusOr<ir::Value> { return builder.Take(input); });
  }

  // The input to which the block of this code adds the expression for each synapse.
  absl::StatusOr<ir::InputId> InputOf(const Expr* expr) {
    ir::Program& program = out_.program;
    const std::optional<ir::InputId> known = outer_.FindSums(connection_.id);
    ir::Block block = known.has_value() ? *program.FindSums(*known) : NewBlock();
    ir::Builder builder(program, block);
    BNSYN_ASSIGN_OR_RETURN(const TypedValue added, Emit(expr, builder));
    dimension_ = added.dimension;
    for (const ir::Node& node : block.nodes) {
      if (node.op == ir::Op::kAccumulate && node.operands[0] == added.value.id) {
        return static_cast<ir::InputId>(node.attr);
      }
    }
    const ir::InputId input =
        out_.AddInput(UnusedInputName(), connection_.target.domain, added.dimension);
    builder.Emit(ir::Op::kAccumulate, {added.value}, input);
    if (known.has_value()) {
      *absl::c_find_if(program.synaptic, [&](const ir::Block& b) { return b.sums == known; }) =
          std::move(block);
      return input;
    }
    block.sums = input;
    const ir::DomainId domain = block.domain;
    const auto behind = absl::c_find_if(
        program.synaptic, [domain](const ir::Block& other) { return other.domain > domain; });
    program.synaptic.insert(behind, std::move(block));
    outer_.AddSums(connection_.id, input);
    return input;
  }

  // ee.sum.1, ee.sum.2, ...
  std::string UnusedInputName() const {
    std::string name;
    for (int number = 1; name.empty() || out_.program.FindInput(name); ++number) {
      name = absl::StrCat(connection_.model.section.prefix, "sum.", number);
    }
    return name;
  }

  ir::Block NewBlock() const {
    ir::Block block;
    block.kind = ir::BlockKind::kOnStep;
    block.name = connection_.model.section.name;
    block.domain = connection_.model.section.domain;
    if (outer_.clock() != nullptr) {
      block.every = outer_.clock()->clock.every;
      block.offset = outer_.clock()->clock.offset;
    }
    return block;
  }

  absl::StatusOr<TypedValue> Emit(const Expr* expr, ir::Builder& builder) {
    if (expr == nullptr) return TypedValue{builder.F64(1), Dimension{}};
    const Names names = SynapseNames(declared_, connection_, ir::BlockKind::kOnPre);
    CodeScope scope(declared_, connection_.model.section, names, builder, out_);
    const ClockReads* const clock = outer_.clock();
    const bool at_end = clock == nullptr || clock->clock.at_end;
    scope.Change().moved = at_end;
    BNSYN_RETURN_IF_ERROR(BringToTime(connection_.model, at_end, scope));
    return Added(call_, *expr, source_, scope);
  }

  const Declarations& declared_;
  const Connection& connection_;
  const Expr& call_;
  const ir::SourceText& source_;
  CodeScope& outer_;
  ProgramBuilder& out_;
  Dimension dimension_;  // of what was emitted last
};

}  // namespace

absl::StatusOr<ir::Value> EmitTotal(
    std::string name, ir::DomainId population, CodeScope& scope, ir::Program& program,
    const std::function<absl::StatusOr<ir::Value>(ir::Builder&)>& make) {
  ClockReads* const reads = scope.clock();
  if (reads != nullptr) name = absl::StrCat(reads->clock.name, ".", name);
  ir::ReductionId id = 0;
  while (id < program.reductions.size() && program.reductions[id].name != name) ++id;
  if (id == program.reductions.size()) {
    program.reductions.push_back({name, population});
    if (reads == nullptr) {
      BNSYN_ASSIGN_OR_RETURN(const ir::Value value, make(scope.builder()));
      scope.builder().Emit(ir::Op::kReduce, {value}, id);
    } else {
      ir::Block block;
      block.kind = ir::BlockKind::kClock;
      block.name = UnusedName(program, absl::StrCat(name, ".clock"));
      block.domain = population;
      block.every = reads->clock.every;
      block.offset = reads->clock.offset;
      ir::Builder over_neurons(program, block);
      BNSYN_ASSIGN_OR_RETURN(const ir::Value value, make(over_neurons));
      over_neurons.Emit(ir::Op::kReduce, {value}, id);
      reads->sums.push_back(std::move(block));
    }
  }
  return scope.builder().Emit(ir::Op::kTotal, {ir::Element::kF64, ir::DomainId::kNetwork}, {}, id);
}

absl::StatusOr<std::optional<TypedValue>> SumOverSynapses(const Declarations& declared,
                                                          const Expr& call,
                                                          const ir::SourceText& source,
                                                          CodeScope& scope, ProgramBuilder& out) {
  if (call.children.size() != 1) return std::nullopt;
  const std::string owner = FirstOwner(call.children[0]);
  for (const Connection& connection : declared.connections) {
    if (connection.model.section.name != owner) continue;
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value,
                           SynapseSums(declared, connection, call, source, scope, out).Run());
    return value;
  }
  return std::nullopt;
}

absl::StatusOr<TypedValue> SumOverNeurons(const Declarations& declared, const Expr& call,
                                          const ir::SourceText& source, CodeScope& scope,
                                          ProgramBuilder& out) {
  const Expr& argument = call.children[0];
  const std::string owner = FirstOwner(argument);
  for (const Section& section : declared.sections) {
    if (section.name != owner) continue;
    const Names names = NamesOutsideStep(declared, section);
    BNSYN_ASSIGN_OR_RETURN(const Expr expr,
                           ElementExpression(call, source, scope, owner).Run(names));
    Dimension dimension;
    // A clock puts its own name before it.
    const std::string clock =
        scope.clock() == nullptr ? "" : absl::StrCat(scope.clock()->clock.name, ".");
    const std::string name =
        UnusedName(out.program, absl::StrCat(clock, section.prefix, "sum")).substr(clock.size());
    BNSYN_ASSIGN_OR_RETURN(const ir::Value total,
                           EmitTotal(name, section.domain, scope, out.program,
                                     [&](ir::Builder& builder) -> absl::StatusOr<ir::Value> {
                                       CodeScope inner(declared, section, names, builder, out);
                                       inner.Change().moved = scope.environment().moved;
                                       BNSYN_ASSIGN_OR_RETURN(const TypedValue added,
                                                              Added(call, expr, source, inner));
                                       dimension = added.dimension;
                                       return added.value;
                                     }));
    if (call.name == kCount) return HeldInteger(total, 0, int64_t{1} << 53);
    if (call.name == "sum") return TypedValue{total, dimension};
    return TypedValue{EmitDivide(scope, total, scope.builder().F64(section.size)), dimension};
  }
  std::vector<std::string> names;
  for (const Section& section : declared.sections) names.push_back(section.name);
  for (const Connection& connection : declared.connections) {
    names.push_back(connection.model.section.name);
  }
  if (owner.empty()) {
    return ir::ErrorAt(source, argument.range,
                       absl::StrCat(call.name, " is of neurons or synapses, and this names none"),
                       call.name == kCount
                           ? "as in count(exc.V > -55 mV) or count(ee.w > 1 nS)"
                           : absl::StrCat("as in ", call.name, "(exc.V) or ", call.name, "(ee.w)"));
  }
  return ir::ErrorAt(source, argument.range,
                     absl::StrCat("there is no population or projection '", owner, "'",
                                  ir::DidYouMean(owner, names)),
                     absl::StrCat("as in ", call.name, "(exc.V) or ", call.name, "(ee.w)"));
}

}  // namespace bnsyn::compiler
