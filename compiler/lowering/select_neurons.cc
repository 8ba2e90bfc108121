#include "compiler/lowering/select_neurons.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/analysis/facts.h"
#include "compiler/language/code_integer.h"
#include "ir/status_macros.h"
#include "reference/evaluate.h"
#include "reference/expectation.h"

namespace bnsyn::compiler {
namespace {

// Emits what stands within [...]: expressions of constants, N and the numbers i of neurons.
class SubscriptScope : public Scope {
 public:
  // `base` names the neurons among which `size` are numbered from 0 on.
  SubscriptScope(const std::vector<Constant>& constants, std::string base, uint32_t size)
      : constants_(constants), base_(std::move(base)), size_(size), builder_(program_, block_) {
    const ir::PopulationId population = program_.AddPopulation("neurons", size);
    domain_ = program_.populations[population].domain;
  }

  ir::Builder& builder() override { return builder_; }
  // It is computed once, so it may be computed as written.
  MathMode math() const override { return MathMode::kStrict; }
  ir::DomainId domain() const override { return domain_; }
  uint32_t NextStream() override { return 0; }

  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override {
    if (name == "i") {
      return HeldInteger(builder_.Emit(ir::Op::kIndex, {ir::Element::kU32, domain_}, {}), 0,
                         size_ - int64_t{1});
    }
    for (const Constant& constant : constants_) {
      if (constant.name != name) continue;
      if (name == "N" && constant.value.value != size_) {
        return ir::ErrorAt(
            source, range,
            absl::StrCat("'N' could be two things here: the constant N is ", constant.value.value,
                         ", and '", base_, "' has ", size_, " neurons"),
            "define a constant of another name for what is meant");
      }
      return ConstantNumber(builder_.F64(constant.value.value), constant.value);
    }
    if (name == "N") return WrittenInteger(size_, builder_);
    return std::nullopt;
  }

  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override {
    if (!DrawsNumber(call.name)) return std::nullopt;
    return ir::ErrorAt(source, call.range,
                       absl::StrCat("'", call.name, "' draws a random number, but neurons are ",
                                    "selected once for the whole run"));
  }

  std::vector<std::string> KnownNames() const override {
    std::vector<std::string> names = {"i", "N"};
    for (const Constant& constant : constants_) names.push_back(constant.name);
    return names;
  }

  std::string AdviceFor(const std::string&) const override {
    return "neurons are selected by their numbers i, by N and by constants";
  }

  void Expect(ir::Op op, ir::Value a, ir::Value b) override {
    expected_.push_back({op, Where(), a, b});
  }

  // The whole number that an expression of constants is.
  absl::StatusOr<int64_t> Integer(const Expr& expr, const ir::SourceText& source) {
    BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitExpression(expr, source, *this));
    BNSYN_RETURN_IF_ERROR(
        ExpectDimension(value, Dimension{}, "a number of a neuron", source, expr.range));
    return IntegerOf(value, expr, source);
  }

  // The same of a value that is emitted.
  absl::StatusOr<int64_t> IntegerOf(TypedValue value, const Expr& expr,
                                    const ir::SourceText& source) {
    if (builder_.type(value.value).domain == domain_) {
      return ir::ErrorAt(source, expr.range, "this is a number for each neuron",
                         "a condition over i selects neurons, as in exc[i % 2 == 0]");
    }
    if (!value.integer && !value.boolean) {
      const double number = ir::F64OfBits(*Facts(program_, block_).Bits(value.value.id));
      value = ConstantNumber(builder_.F64(number), number);
    }
    BNSYN_ASSIGN_OR_RETURN(value,
                           EmitInteger(value, "a number of a neuron", source, expr.range, *this));
    BNSYN_RETURN_IF_ERROR(CheckExpected(expr, source));
    return static_cast<int64_t>(*Facts(program_, block_).Bits(value.value.id));
  }

  // The numbers of the neurons for which a condition holds, ascending.
  absl::StatusOr<std::vector<uint32_t>> Holds(ir::Value condition, const Expr& expr,
                                              const ir::SourceText& source) {
    constexpr uint32_t kTogether = 1 << 16;
    std::vector<uint32_t> numbers;
    for (uint32_t first = 0; first < size_; first += std::min(kTogether, size_ - first)) {
      const uint32_t count = std::min(kTogether, size_ - first);
      Run(first, count);
      BNSYN_RETURN_IF_ERROR(CheckComputed(first, count, expr, source));
      const reference::Array& holds = values_[condition.id];
      for (uint32_t n = 0; n < count; ++n) {
        if (At(holds, n) != 0) numbers.push_back(first + n);
      }
    }
    return numbers;
  }

 private:
  struct Expected {
    ir::Op op;
    ir::Value where;
    ir::Value a;
    ir::Value b;
  };

  static ir::Bits At(const reference::Array& values, uint32_t n) {
    return values.bits(values.size() == 1 ? 0 : n);
  }

  // Computes all nodes for neurons [first, first + count).
  void Run(uint32_t first, uint32_t count) {
    values_.resize(block_.nodes.size());
    for (size_t n = 0; n < block_.nodes.size(); ++n) {
      const ir::Node& node = block_.nodes[n];
      std::vector<reference::ArrayView> operands;
      for (const ir::NodeId operand : node.inputs()) operands.push_back(values_[operand].view());
      values_[n].Reshape(node.element, node.domain == ir::DomainId::kNetwork ? 1 : count);
      reference::Evaluate(node, {0, 0, first, 0}, operands, values_[n]);
    }
  }

  absl::Status CheckComputed(uint32_t first, uint32_t count, const Expr& expr,
                             const ir::SourceText& source) const {
    for (const Expected& expected : expected_) {
      for (uint32_t n = 0; n < count; ++n) {
        if (At(values_[expected.where.id], n) == 0) continue;
        const ir::Bits a = At(values_[expected.a.id], n);
        const ir::Bits b = expected.b.valid() ? At(values_[expected.b.id], n) : 0;
        if (reference::Holds(expected.op, a, b)) continue;
        return ir::ErrorAt(source, expr.range,
                           absl::StrCat("for i = ", first + n, ": ",
                                        reference::DescribeExpectation(expected.op, a, b)));
      }
    }
    return absl::OkStatus();
  }

  absl::Status CheckExpected(const Expr& expr, const ir::SourceText& source) {
    if (expected_.empty()) return absl::OkStatus();
    Run(0, 1);
    return CheckComputed(0, 1, expr, source);
  }

  const std::vector<Constant>& constants_;
  const std::string base_;
  const uint32_t size_;
  ir::DomainId domain_;
  ir::Program program_;
  ir::Block block_;
  ir::Builder builder_;
  std::vector<Expected> expected_;
  std::vector<reference::Array> values_;
};

// What one [...] selects among the neurons before it.
class Subscript {
 public:
  Subscript(const Expr& expr, const ir::SourceText& source, const NeuronSet& base,
            const std::vector<Constant>& constants)
      : expr_(expr),
        source_(source),
        base_(base),
        name_(source.text.substr(expr.children[0].range.offset, expr.children[0].range.length)),
        constants_(constants) {}

  absl::StatusOr<NeuronSet> Select() const {
    if (expr_.name == "[:]") return Slice();
    if (expr_.name == "[[]]") return List();
    const Expr& inner = expr_.children[1];
    SubscriptScope scope = Scope();
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(inner, source_, scope));
    if (value.boolean) {
      BNSYN_ASSIGN_OR_RETURN(const std::vector<uint32_t> ranks,
                             scope.Holds(value.value, inner, source_));
      if (!ranks.empty()) return OfRanks(ranks);
      return Error(inner, "this condition holds for no neuron",
                   absl::StrCat("the numbers i of '", name_, "' are 0 to ", base_.size - 1));
    }
    BNSYN_RETURN_IF_ERROR(
        ExpectDimension(value, Dimension{}, "a number of a neuron", source_, inner.range));
    BNSYN_ASSIGN_OR_RETURN(const int64_t number, scope.IntegerOf(value, inner, source_));
    BNSYN_ASSIGN_OR_RETURN(const uint32_t rank, Rank(number, inner));
    return OfRange({rank, rank + 1, 1});
  }

 private:
  SubscriptScope Scope() const { return {constants_, name_, base_.size}; }

  absl::Status Error(const Expr& part, absl::string_view message, absl::string_view note) const {
    return ir::ErrorAt(source_, part.range, message, note);
  }

  absl::StatusOr<int64_t> Integer(const Expr& part) const {
    SubscriptScope scope = Scope();
    return scope.Integer(part, source_);
  }

  // A number of a neuron; below 0 it counts from the end.
  absl::StatusOr<uint32_t> Rank(int64_t number, const Expr& part) const {
    const int64_t size = base_.size;
    const int64_t rank = number < 0 ? number + size : number;
    if (rank >= 0 && rank < size) return static_cast<uint32_t>(rank);
    return Error(part, absl::StrCat("there is no neuron ", number, " in '", name_, "'"), Numbers());
  }

  std::string Numbers() const {
    return absl::StrCat("'", name_, "' has ", base_.size, base_.size == 1 ? " neuron" : " neurons",
                        ", with the numbers 0 to ", base_.size - 1, " or -", base_.size, " to -1");
  }

  // The bound of a slice; `standard` where it is left out.
  absl::StatusOr<uint32_t> Bound(const Expr& part, uint32_t standard) const {
    if (part.kind == ExprKind::kName && part.name.empty()) return standard;
    BNSYN_ASSIGN_OR_RETURN(const int64_t number, Integer(part));
    const int64_t size = base_.size;
    const int64_t bound = number < 0 ? number + size : number;
    if (bound >= 0 && bound <= size) return static_cast<uint32_t>(bound);
    return Error(part,
                 absl::StrCat(number, number < 0 ? " is before the beginning" : " is past the end",
                              " of '", name_, "'"),
                 Numbers());
  }

  absl::StatusOr<NeuronSet> Slice() const {
    BNSYN_ASSIGN_OR_RETURN(const uint32_t begin, Bound(expr_.children[1], 0));
    BNSYN_ASSIGN_OR_RETURN(const uint32_t end, Bound(expr_.children[2], base_.size));
    const Expr& part = expr_.children[3];
    int64_t stride = 1;
    if (part.kind != ExprKind::kName || !part.name.empty()) {
      BNSYN_ASSIGN_OR_RETURN(stride, Integer(part));
      if (stride < 1) {
        return Error(part, absl::StrCat("a step of ", stride, " does not go forwards"),
                     "neurons are selected in the order of their numbers; a step is from 1 on");
      }
    }
    if (begin >= end) {
      return Error(expr_, "this selects no neuron",
                   absl::StrCat("it begins with neuron ", begin, " and ends before neuron ", end,
                                "; a selection has at least one"));
    }
    return OfRange({begin, end, static_cast<uint32_t>(std::min<int64_t>(stride, base_.size))});
  }

  absl::StatusOr<NeuronSet> List() const {
    std::vector<uint32_t> ranks;
    for (size_t n = 1; n < expr_.children.size(); ++n) {
      const Expr& part = expr_.children[n];
      BNSYN_ASSIGN_OR_RETURN(const int64_t number, Integer(part));
      BNSYN_ASSIGN_OR_RETURN(const uint32_t rank, Rank(number, part));
      if (!ranks.empty() && rank <= ranks.back()) {
        return Error(part,
                     rank == ranks.back()
                         ? absl::StrCat("neuron ", rank, " is listed twice")
                         : absl::StrCat("neuron ", rank, " is listed behind neuron ", ranks.back()),
                     "a list names each neuron once, in the order of their numbers");
      }
      ranks.push_back(rank);
    }
    return OfRanks(ranks);
  }

  // A range of the base, as numbers of the population; the last number is that before `end`.
  NeuronSet OfRange(ir::NumberRange range) const {
    const std::vector<ir::NumberRange>& of = base_.selected.ranges();
    if (of.size() > 1) {
      std::vector<uint32_t> ranks;
      for (uint64_t rank = range.begin; rank < range.end; rank += range.stride) {
        ranks.push_back(static_cast<uint32_t>(rank));
      }
      return OfRanks(ranks);
    }
    if (range.size() == 1) range.stride = 1;
    range.end = range.last() + 1;
    if (!of.empty()) {
      const uint32_t size = range.size();
      range.begin = of[0].begin + range.begin * of[0].stride;
      range.stride = size == 1 ? 1 : range.stride * of[0].stride;
      range.end = range.begin + (size - 1) * range.stride + 1;
    }
    return Made(ir::Selection({range}));
  }

  NeuronSet OfRanks(std::vector<uint32_t> ranks) const {
    const ir::SelectedNeurons base(base_.selected, base_.population_size);
    for (uint32_t& rank : ranks) rank = base[rank];
    return Made(ir::Selection::Of(ranks));
  }

  // All neurons of the population are no selection.
  NeuronSet Made(ir::Selection selection) const {
    const uint32_t size = ir::SelectedNeurons(selection, base_.population_size).size();
    if (size == base_.population_size) selection = {};
    return {base_.section, base_.population_size, std::move(selection), size};
  }

  const Expr& expr_;
  const ir::SourceText& source_;
  const NeuronSet& base_;
  const std::string name_;  // of the base, as it is written
  const std::vector<Constant>& constants_;
};

}  // namespace

absl::StatusOr<NeuronSet> SelectNeurons(const Expr& expr, const ir::SourceText& source,
                                        const NamedNeurons& named,
                                        const std::vector<Constant>& constants) {
  if (expr.kind == ExprKind::kSubscript) {
    BNSYN_ASSIGN_OR_RETURN(const NeuronSet base,
                           SelectNeurons(expr.children[0], source, named, constants));
    return Subscript(expr, source, base, constants).Select();
  }
  if (expr.kind != ExprKind::kName) {
    return ir::ErrorAt(source, expr.range, "this is no name of a population or group",
                       "as in exc, or exc[0:50] for some of its neurons");
  }
  const auto found = named.find(expr.name);
  if (found != named.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, neurons] : named) known.push_back(name);
  return ir::ErrorAt(
      source, expr.range,
      absl::StrCat("there is no population '", expr.name, "'", ir::DidYouMean(expr.name, known)),
      absl::StrCat("there are ", absl::StrJoin(known, ", ")));
}

}  // namespace bnsyn::compiler
