// The text that decides which kernels share one function.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "ir/access.h"
#include "ir/text.h"
#include "reference/input_proof.h"

namespace bnsyn::compiler {
namespace {

class CanonicalWriter {
 public:
  CanonicalWriter(const ir::Program& program, const ir::Block& block)
      : program_(program), block_(block) {}

  std::string Run() {
    WriteHeader();
    for (const ir::Node& node : block_.nodes) WriteNode(node);
    return std::move(text_);
  }

 private:
  // "_" is the domain of the block, whichever that is.
  std::string TypeName(ir::Type type) const {
    return absl::StrCat(ir::ElementName(type.element), type.uniform() ? "" : "[_]");
  }

  std::string Number(double value) const {
    return ir::PrintLiteral(ir::Element::kF64, ir::BitsOfF64(value));
  }

  void WriteHeader() {
    absl::StrAppend(&text_, ir::BlockKindName(block_.kind));
    if (block_.kind == ir::BlockKind::kKernel) {
      const bool network = block_.domain == ir::DomainId::kNetwork;
      absl::StrAppend(&text_, network ? " network" : " population");
    } else {
      if (program_.strict_sums) absl::StrAppend(&text_, " strict_sums");
      if (reference::MayBeStatic(program_, block_)) absl::StrAppend(&text_, " static");
    }
    if (block_.times != 1) absl::StrAppend(&text_, " times=", block_.times);
    if (block_.deferred)
      absl::StrAppend(&text_, program_.Delivers() ? " deferred delivers" : " deferred");
    absl::StrAppend(&text_, "\n");
    for (size_t i = 0; i < block_.slots.size(); ++i) {
      absl::StrAppend(&text_, "  $", i, " : ", Describe(block_.slots[i]), "\n");
    }
  }

  // The properties of a slot that the code depends on.
  std::string Describe(const ir::Slot& slot) const {
    switch (slot.kind) {
      case ir::AttrKind::kState:
        return DescribeState(program_.states[slot.index]);
      case ir::AttrKind::kParam:
        return absl::StrCat("param ", ir::ElementName(program_.params[slot.index].element),
                            program_.params[slot.index].tunable ? " tunable" : "");
      case ir::AttrKind::kTable: {
        const ir::Table& table = program_.tables[slot.index];
        return absl::StrCat("table ", table.rows(), "x", table.columns.size());
      }
      case ir::AttrKind::kInput:
        return DescribeInput(program_.inputs[slot.index]);
      case ir::AttrKind::kPopulation:
        return "count";
      case ir::AttrKind::kReduction:
        return "reduction";
      case ir::AttrKind::kStream:
        return "stream";
      case ir::AttrKind::kNone:
      case ir::AttrKind::kLiteral:
      case ir::AttrKind::kLoop:
      case ir::AttrKind::kProjection:
        break;
    }
    return "";
  }

  std::string DescribeState(const ir::State& state) const {
    const std::string text = absl::StrCat("state ", TypeName(state.type));
    if (state.history == 0) return text;
    return absl::StrCat(text, " history=", state.history);
  }

  std::string DescribeInput(const ir::Input& input) const {
    const ir::Accumulator& sum = input.accumulator;
    std::string text =
        absl::StrCat("input scale=2^", sum.scale_log2,
                     " bits=", sum.is_narrow() ? sum.bits : sum.width(), " unit=", sum.unit);
    if (sum.limit_log2 != 0) absl::StrAppend(&text, " limit=2^", sum.limit_log2);
    if (sum.decays()) {
      absl::StrAppend(&text, " decay=", Number(sum.decay), " period=", sum.period);
    }
    return text;
  }

  void WriteNode(const ir::Node& node) {
    if (node.op == ir::Op::kLiteral) {
      values_.push_back(ir::PrintLiteral(node.element, node.attr));
      return;
    }
    const bool has_result = ir::HasResult(node.op);
    values_.push_back(has_result ? absl::StrCat("%", number_++) : "");
    absl::StrAppend(&text_, "  ", values_.back(), has_result ? " = " : "", ir::Info(node.op).name);
    absl::string_view separator = " ";
    const auto add = [&](absl::string_view word) {
      absl::StrAppend(&text_, separator, word);
      separator = ", ";
    };
    if (const std::optional<ir::Slot> slot = SlotOf(node)) {
      const auto at = std::find(block_.slots.begin(), block_.slots.end(), *slot);
      add(absl::StrCat("$", at - block_.slots.begin()));
    }
    for (ir::NodeId operand : node.inputs()) add(values_[operand]);
    for (const std::string& detail : Details(node)) add(detail);
    if (has_result) absl::StrAppend(&text_, " : ", TypeName(node.type()));
    absl::StrAppend(&text_, "\n");
  }

  // Further properties of a node that its code depends on.
  std::vector<std::string> Details(const ir::Node& node) const {
    if (ir::Info(node.op).attr == ir::AttrKind::kStream) {
      std::vector<std::string> details = {absl::StrCat("draw=", node.attr & 0xffffffff)};
      const ir::Domain& domain = program_.domains[static_cast<size_t>(block_.domain)];
      if (domain.kind == ir::DomainKind::kProjection &&
          ir::SynapsesDrawByOccurrence(program_, domain.index)) {
        details.push_back("occurrences");
      }
      return details;
    }
    if (node.op == ir::Op::kCheck) {
      const ir::State& state = program_.states[node.attr];
      return {absl::StrCat("bounds=[", Number(state.lower), ", ", Number(state.upper), "]")};
    }
    if (node.op == ir::Op::kGather || node.op == ir::Op::kPast) {
      // Of the element at hand, of an end of the synapse, or of one that may be too great.
      switch (ir::ElementRead(program_, block_, node)) {
        case ir::ReadElement::kOwn:
          return {"own"};
        case ir::ReadElement::kSource:
        case ir::ReadElement::kTarget:
          return {"end"};
        case ir::ReadElement::kAny:
          return {absl::StrCat("of ", program_.Size(program_.states[node.attr].type.domain))};
      }
    }
    if (node.op == ir::Op::kWeight) {
      const ir::Domain& domain = program_.domains[static_cast<size_t>(block_.domain)];
      const ir::Projection& projection = program_.projections[domain.index];
      return {program_.HasOwnWeights(domain.index) ? "of the synapse" : Number(projection.weight)};
    }
    return {};
  }

  const ir::Program& program_;
  const ir::Block& block_;
  std::string text_;
  std::vector<std::string> values_;  // how each node is written as an operand
  int number_ = 0;
};

}  // namespace

std::optional<ir::Slot> SlotOf(const ir::Node& node) {
  const ir::AttrKind kind = ir::Info(node.op).attr;
  switch (kind) {
    case ir::AttrKind::kState:
    case ir::AttrKind::kParam:
    case ir::AttrKind::kTable:
    case ir::AttrKind::kInput:
    case ir::AttrKind::kReduction:
      return ir::Slot{kind, static_cast<uint32_t>(node.attr)};
    case ir::AttrKind::kPopulation:
      // A kernel finds the spike list of its own population among its arguments.
      if (node.op == ir::Op::kSpike) return std::nullopt;
      return ir::Slot{kind, static_cast<uint32_t>(node.attr)};
    case ir::AttrKind::kStream:
      // The number of a stream is an argument, so that populations of one model, which draw from
      // different streams, share code.
      return ir::Slot{kind, static_cast<uint32_t>(node.attr >> 32)};
    case ir::AttrKind::kNone:
    case ir::AttrKind::kLiteral:
    case ir::AttrKind::kLoop:
    case ir::AttrKind::kProjection:
      break;
  }
  return std::nullopt;
}

std::string CanonicalCode(const ir::Program& program, const ir::Block& block) {
  return CanonicalWriter(program, block).Run();
}

}  // namespace bnsyn::compiler
