// fuse: divides the graph of the step into kernels, each a loop over one domain. There are as few
// kernels as the order of effects allows.
//
// The nodes that must run are the *anchors*: writes, and reads of counts, totals and gathered
// states, which other threads write. All other nodes (pure nodes and loads) float: a kernel
// computes those that its anchors need, in the order of the program. Between kernels
//   - uniform values are computed again, and states loaded again, wherever they are needed;
//   - a value of elements, a count or a total is passed in a temporary state;
//   - and so is a loaded value that is needed after its state has been overwritten.
// A barrier (a new phase) comes before the read of a count, total or gathered state to which other
// kernels contribute, and before a contribution to one that has been read. A population that
// gathers its own states does so in a kernel of its own. A synaptic block that the step
// runs is a kernel over synapses. It reads neurons of all threads, so that there is a barrier
// before and after it; `deliver` is such a kernel too. A loop that the step runs is a kernel of its
// own, with as many passes, and a clock is one that runs in its steps alone.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/passes/kernel_groups.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"
#include "ir/mutant.h"

namespace bnsyn::compiler {
namespace {

// Writes the kernels of a grouping.
class KernelWriter {
 public:
  KernelWriter(const ir::Program& program, const StepGraph& graph, const Grouping& grouping)
      : program_(program),
        graph_(graph),
        grouping_(grouping),
        temporary_(graph.size()),
        result_(program) {}

  ir::Program Run() {
    AddTemporaries();
    std::vector<ir::Block> kernels;
    result_.loops.clear();
    for (size_t i = 0; i < grouping_.kernels.size(); ++i) {
      kernels.push_back(WithoutDeadNodes(result_, WriteKernel(i, Phase(i))));
    }
    result_.step = std::move(kernels);
    return std::move(result_);
  }

 private:
  // True if a kernel reads the value of a node from a temporary state.
  bool Crosses(ir::NodeId id, const Grouping::Kernel& kernel) const {
    return graph_.node(id).op != ir::Op::kLiteral && !kernel.nodes.contains(id);
  }

  void AddTemporaries() {
    std::set<std::string> names;
    const auto reserve = [&names](const auto& symbols) {
      for (const auto& symbol : symbols) names.insert(symbol.name);
    };
    reserve(result_.tables);
    reserve(result_.populations);
    reserve(result_.params);
    reserve(result_.states);
    reserve(result_.inputs);
    reserve(result_.reductions);
    reserve(result_.projections);
    reserve(result_.events);

    std::set<ir::NodeId> crossing;
    for (const Grouping::Kernel& kernel : grouping_.kernels) {
      for (ir::NodeId id : kernel.nodes) {
        for (ir::NodeId operand : graph_.node(id).inputs()) {
          if (Crosses(operand, kernel)) crossing.insert(operand);
        }
      }
    }
    std::map<ir::DomainId, int> number;
    for (ir::NodeId id : crossing) {
      ir::State state;
      do {
        const ir::DomainId domain = graph_.domain[id];
        state.name = absl::StrCat(result_.DomainName(domain), ".t", number[domain]++);
      } while (!names.insert(state.name).second);
      state.type = graph_.node(id).type();
      state.temporary = true;
      temporary_[id] = static_cast<ir::StateId>(result_.states.size());
      result_.states.push_back(std::move(state));
    }
  }

  // The phase of a kernel: that of the previous kernel, or a later one if the kernel reads or
  // overwrites what other threads write or read in an earlier kernel.
  uint32_t Phase(size_t kernel) {
    uint32_t phase = phase_.empty() ? 0 : phase_.back();
    for (ir::NodeId id : grouping_.kernels[kernel].nodes) {
      for (ir::NodeId before : graph_.after[id]) {
        const ir::Node& node = graph_.node(before);
        const bool others = RunsSynapses(node) || node.op == ir::Op::kGather;
        if (!IsCrossThread(program_, graph_.node(id)) && !others) continue;
        const size_t home = grouping_.home[before];
        if (Mutant("pass.fuse.phase")) continue;
        if (home != kernel) phase = std::max(phase, phase_[home] + 1);
      }
    }
    phase_.push_back(phase);
    return phase;
  }

  ir::Block WriteKernel(size_t index, uint32_t phase) {
    const Grouping::Kernel& kernel = grouping_.kernels[index];
    const ir::Block* const loop = FindLoop(program_, graph_.node(*kernel.nodes.begin()));
    ir::Block block;
    if (loop != nullptr) block = *loop;
    block.kind = ir::BlockKind::kKernel;
    block.name = kernel.name;
    block.domain = kernel.domain;
    block.phase = phase;
    if (loop != nullptr) return block;
    Written written = {ir::Builder(result_, block), {}};
    // Floating nodes are written where they are first needed. So kernels of one model are equal,
    // whatever they share with others. No load may move behind a store.
    for (ir::NodeId id : kernel.nodes) {
      if (!IsAnchor(graph_.node(id))) continue;
      for (ir::NodeId load : graph_.killed[id]) {
        if (Mutant("pass.fuse.load_behind_a_store")) continue;
        if (kernel.nodes.contains(load)) Write(load, index, written);
      }
      Write(id, index, written);
    }
    // A kernel of FuseNothing may have no anchor.
    for (ir::NodeId id : kernel.nodes) {
      if (!IsAnchor(graph_.node(id))) Write(id, index, written);
    }
    return block;
  }

  // A kernel as far as it is written, and its values by node of the step.
  struct Written {
    ir::Builder builder;
    std::unordered_map<ir::NodeId, ir::Value> values;
  };

  // Writes a node into a kernel after its operands, unless it is there already.
  void Write(ir::NodeId wanted, size_t index, Written& written) {
    // A node is written once its operands are, in their order.
    std::vector<ir::NodeId> open = {wanted};
    while (!open.empty()) {
      const ir::NodeId id = open.back();
      const size_t length = open.size();
      if (!written.values.contains(id) && !Crosses(id, grouping_.kernels[index])) {
        const absl::Span<const ir::NodeId> operands = graph_.node(id).inputs();
        for (size_t i = operands.size(); i-- > 0;) {
          if (!written.values.contains(operands[i])) open.push_back(operands[i]);
        }
        if (open.size() > length) continue;
      }
      open.pop_back();
      WriteNode(id, index, written);
    }
  }

  // The same where its operands are there.
  void WriteNode(ir::NodeId id, size_t index, Written& written) {
    if (written.values.contains(id)) return;
    const Grouping::Kernel& kernel = grouping_.kernels[index];
    if (Crosses(id, kernel)) {
      written.values[id] = written.builder.Load(*temporary_[id]);
      return;
    }
    const ir::Node& node = graph_.node(id);
    absl::InlinedVector<ir::Value, 3> operands;
    for (ir::NodeId operand : node.inputs()) operands.push_back(written.values[operand]);
    const ir::Value value = EmitLike(written.builder, node, operands);
    written.values[id] = value;
    if (temporary_[id] && grouping_.home[id] == index) {
      written.builder.Store(*temporary_[id], value);
    }
  }

  const ir::Program& program_;
  const StepGraph& graph_;
  const Grouping& grouping_;
  std::vector<std::optional<ir::StateId>> temporary_;
  std::vector<uint32_t> phase_;
  ir::Program result_;
};

}  // namespace

absl::StatusOr<ir::Program> Fuse(const ir::Program& program, const CompileOptions&) {
  const ir::Block* step = StepOf(program);
  if (step == nullptr) return program;
  const StepGraph graph(program, *step);
  const Grouping grouping = GroupByDomain(program, graph);
  return KernelWriter(program, graph, grouping).Run();
}

absl::StatusOr<ir::Program> FuseNothing(const ir::Program& program, const CompileOptions&) {
  const ir::Block* step = StepOf(program);
  if (step == nullptr) return program;
  const StepGraph graph(program, *step);
  const Grouping grouping = GroupNothing(program, graph);
  return KernelWriter(program, graph, grouping).Run();
}

absl::Status CheckFuse(const ir::Program& program) {
  for (const ir::Block& block : program.step) {
    if (block.kind != ir::BlockKind::kKernel) {
      return absl::InternalError("the step still has nodes outside kernels");
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
