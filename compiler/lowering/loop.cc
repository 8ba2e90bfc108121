#include "compiler/lowering/loop.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "compiler/analysis/node_algebra.h"
#include "ir/symbols.h"
#include "reference/known_bits.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;
using ir::Value;

// Cuts the loop of one domain.
class LoopCutter {
 public:
  LoopCutter(const Section& section, ir::DomainId domain,
             const std::vector<LoopVariable>& variables, const std::vector<bool>& differs,
             ir::Builder& builder, ProgramBuilder& out)
      : section_(section),
        domain_(domain),
        variables_(variables),
        differs_(differs),
        builder_(builder),
        out_(out),
        body_(out.program, loop_),
        inside_(differs.size()),
        states_(variables.size()) {
    loop_.kind = ir::BlockKind::kLoop;
    loop_.domain = domain;
  }

  // Sets the values behind the loop of those variables that are of its domain.
  void Run(const LoopShape& shape, std::vector<Value>& after) {
    FindNeeded(shape.until);
    for (size_t v = 0; v < variables_.size(); ++v) {
      if (!moves_[v]) continue;
      const bool own = IsOwn(v);
      states_[v] = AddTemporary(absl::StrCat(variables_[v].name, own ? ".moving" : ".moving.copy"),
                                builder_.type(variables_[v].stand_in).element);
      builder_.Store(states_[v], variables_[v].start);
      inside_[variables_[v].stand_in.id] = body_.Load(states_[v]);
    }
    if (needed_[shape.pass.id]) {
      const Value number = body_.Emit(Op::kPass, {ir::Element::kU64, ir::DomainId::kNetwork}, {});
      inside_[shape.pass.id] = body_.Convert(number, ir::Element::kF64);
    }
    for (NodeId id = 0; id < needed_.size(); ++id) {
      if (needed_[id] && differs_[id] && !inside_[id].valid()) Copy(id);
    }
    for (size_t v = 0; v < variables_.size(); ++v) {
      if (moves_[v]) body_.Store(states_[v], Inside(variables_[v].next.id));
    }
    if (shape.until.valid()) body_.Emit(Op::kUntil, {Inside(shape.until.id)});
    loop_.times = static_cast<uint32_t>(shape.times);
    const bool shared = domain_ != section_.domain;
    loop_.name = UnusedName(out_.program,
                            absl::StrCat(section_.prefix, shared ? "shared." : "", shape.name));
    out_.program.loops.push_back(std::move(loop_));
    builder_.Emit(Op::kRun, {}, out_.program.loops.size() - 1);
    for (size_t v = 0; v < variables_.size(); ++v) {
      if (moves_[v] && IsOwn(v)) after[v] = builder_.Load(states_[v]);
    }
  }

 private:
  bool IsOwn(size_t variable) const {
    return builder_.type(variables_[variable].stand_in).domain == domain_;
  }

  // Finds the variables that the loop moves, and the nodes that it does that with.
  void FindNeeded(Value until) {
    needed_.assign(differs_.size(), false);
    moves_.assign(variables_.size(), false);
    std::vector<NodeId> open;
    if (until.valid()) open.push_back(until.id);
    const auto move = [&](size_t v) {
      if (moves_[v]) return;
      moves_[v] = true;
      open.push_back(variables_[v].next.id);
    };
    for (size_t v = 0; v < variables_.size(); ++v) {
      if (IsOwn(v)) move(v);
    }
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      const bool known = needed_[id];
      needed_[id] = true;
      if (known || !differs_[id]) continue;
      for (size_t v = 0; v < variables_.size(); ++v) {
        if (variables_[v].stand_in.id == id) move(v);
      }
      for (const NodeId operand : builder_.node({id}).inputs()) open.push_back(operand);
    }
  }

  ir::StateId AddTemporary(const std::string& name, ir::Element element) {
    const ir::StateId state = out_.AddState(
        UnusedName(out_.program, absl::StrCat(section_.prefix, name)), {element, domain_});
    out_.program.states[state].temporary = true;
    return state;
  }

  Value Copy(NodeId id) {
    const ir::Node node = builder_.node({id});
    absl::InlinedVector<Value, 3> operands;
    for (const NodeId operand : node.inputs()) operands.push_back(Inside(operand));
    return inside_[id] = EmitLike(body_, node, operands);
  }

  // The value of a node within the loop. One that is the same in all passes is computed again where
  // it is uniform and a function of others, loaded again, or else kept in a temporary.
  Value Inside(NodeId id) {
    if (inside_[id].valid()) return inside_[id];
    const ir::Node node = builder_.node({id});
    const bool simple = node.op == Op::kLiteral || node.op == Op::kParam || node.op == Op::kStep ||
                        reference::IsFoldable(node);
    const bool loads = node.op == Op::kLoad && !IsWritten(node.attr);
    if (differs_[id] || (simple && node.type().uniform()) || loads) return Copy(id);
    const ir::StateId kept = AddTemporary(absl::StrCat("kept", kept_++), node.element);
    builder_.Store(kept, {id});
    return inside_[id] = body_.Load(kept);
  }

  // True if the block has written a state so far.
  bool IsWritten(uint64_t state) const {
    const auto writes = [&](const ir::Node& node) {
      return node.op == Op::kStore && node.attr == state;
    };
    for (const ir::Node& node : builder_.block().nodes) {
      if (writes(node)) return true;
      if (node.op != Op::kRun) continue;
      const std::vector<ir::Node>& nodes = out_.program.loops[node.attr].nodes;
      if (std::any_of(nodes.begin(), nodes.end(), writes)) return true;
    }
    return false;
  }

  const Section& section_;
  const ir::DomainId domain_;
  const std::vector<LoopVariable>& variables_;
  const std::vector<bool>& differs_;  // by node: true if it differs from pass to pass
  ir::Builder& builder_;
  ProgramBuilder& out_;
  ir::Block loop_;
  ir::Builder body_;
  std::vector<bool> needed_;         // by node
  std::vector<bool> moves_;          // by variable
  std::vector<Value> inside_;        // by node: its value within the loop
  std::vector<ir::StateId> states_;  // by variable
  int kept_ = 0;
};

// By node: true if its value differs from pass to pass.
std::vector<bool> FindWhatDiffers(const ir::Block& block, Value pass, NodeId begin,
                                  const std::vector<LoopVariable>& variables) {
  std::vector<bool> differs(block.nodes.size());
  differs[pass.id] = true;
  for (const LoopVariable& variable : variables) differs[variable.stand_in.id] = true;
  for (NodeId id = 0; id < differs.size(); ++id) {
    const ir::Node& node = block.nodes[id];
    if (id >= begin && ir::Info(node.op).attr == ir::AttrKind::kStream) differs[id] = true;
    for (const NodeId operand : node.inputs()) differs[id] = differs[id] || differs[operand];
  }
  return differs;
}

}  // namespace

std::string UnusedName(const ir::Program& program, std::string name) {
  const auto taken = [&] {
    for (const ir::AttrKind kind :
         {ir::AttrKind::kState, ir::AttrKind::kParam, ir::AttrKind::kTable, ir::AttrKind::kInput,
          ir::AttrKind::kPopulation, ir::AttrKind::kReduction, ir::AttrKind::kLoop,
          ir::AttrKind::kProjection}) {
      if (ir::FindSymbol(program, kind, name)) return true;
    }
    return std::any_of(program.events.begin(), program.events.end(),
                       [&](const ir::Events& events) { return events.name == name; });
  };
  while (taken()) name += "_";
  return name;
}

std::vector<Value> CutLoop(const Section& section, const LoopShape& shape,
                           const std::vector<LoopVariable>& variables, ir::Builder& builder,
                           ProgramBuilder& out) {
  const std::vector<bool> differs =
      FindWhatDiffers(builder.block(), shape.pass, shape.begin, variables);
  const auto moves_in = [&](ir::DomainId domain) {
    return std::any_of(variables.begin(), variables.end(), [&](const LoopVariable& variable) {
      return builder.type(variable.stand_in).domain == domain;
    });
  };
  std::vector<Value> after(variables.size());
  if (section.domain != ir::DomainId::kNetwork && moves_in(ir::DomainId::kNetwork)) {
    LoopCutter(section, ir::DomainId::kNetwork, variables, differs, builder, out).Run(shape, after);
  }
  if (moves_in(section.domain)) {
    LoopCutter(section, section.domain, variables, differs, builder, out).Run(shape, after);
  }
  return after;
}

}  // namespace bnsyn::compiler
