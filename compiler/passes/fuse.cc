// fuse: divides the graph of the step into kernels, each a loop over one domain. There are as few
// kernels as the order of effects allows.
//
// The nodes that must run are the *anchors*: writes, and reads of counts and totals, which other
// threads write. All other nodes (pure nodes and loads) float: a kernel computes those that its
// anchors need, in the order of the program. Between kernels
//   - uniform values are computed again, and states loaded again, wherever they are needed;
//   - a value of elements, a count or a total is passed in a temporary state;
//   - and so is a loaded value that is needed after its state has been overwritten.
// A barrier (a new phase) comes before the read of a count or total to which other kernels
// contribute, and before a contribution to one that has been read. A synaptic block that the step
// runs is a kernel over synapses. It reads neurons of all threads, so that there is a barrier
// before and after it. A loop that the step runs is a kernel of its own, with as many passes.
#include <algorithm>
#include <map>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/rewrite.h"
#include "ir/text.h"

namespace bnsyn::compiler {
namespace {

constexpr size_t kNone = ~size_t{0};

bool IsCrossThread(const ir::Node& node) {
  const ir::AttrKind kind = ir::Info(node.op).attr;
  return kind == ir::AttrKind::kPopulation || kind == ir::AttrKind::kReduction ||
         kind == ir::AttrKind::kProjection;
}

bool IsLoop(const ir::Node& node) { return node.op == ir::Op::kRun; }

// The loop that a node runs.
const ir::Block& LoopOf(const ir::Program& program, const ir::Node& run) {
  return program.loops[run.attr];
}

// A name for a kernel: this one, longer if a loop has it, since its kernel does.
std::string OfNoLoop(const ir::Program& program, std::string name) {
  while (program.FindLoop(name)) name += "_";
  return name;
}

bool IsAnchor(const ir::Node& node) {
  return ir::Info(node.op).effect == ir::Effect::kWrite || IsCrossThread(node);
}

// The graph of the step, with the order that effects impose on its nodes.
struct Graph {
  explicit Graph(const ir::Program& program, const ir::Block& step);

  const ir::Block& step;
  std::vector<bool> live;
  std::vector<ir::DomainId> domain;             // over which a node runs
  std::vector<std::vector<ir::NodeId>> after;   // effects that must come before a node
  std::vector<std::vector<ir::NodeId>> killed;  // loads of what a store overwrites
  std::vector<ir::NodeId> anchors;

  size_t size() const { return step.nodes.size(); }
  const ir::Node& node(ir::NodeId id) const { return step.nodes[id]; }
  bool uniform(ir::NodeId id) const { return domain[id] == ir::DomainId::kNetwork; }
};

Graph::Graph(const ir::Program& program, const ir::Block& step_block)
    : step(step_block), live(LiveNodes(step_block)), domain(size()), after(size()), killed(size()) {
  struct History {
    ir::NodeId last_write = ir::kNoNode;
    std::vector<ir::NodeId> reads;  // since then
  };
  std::map<std::pair<ir::AttrKind, uint64_t>, History> histories;
  for (ir::NodeId id = 0; id < size(); ++id) {
    const ir::Node& n = node(id);
    domain[id] = RunDomain(program, step, n);
    if (!live[id]) continue;
    if (IsAnchor(n)) anchors.push_back(id);
    for (const Access& access : AccessesOf(program, n)) {
      History& history = histories[{access.kind, access.symbol}];
      if (history.last_write == id) continue;
      if (history.last_write != ir::kNoNode) after[id].push_back(history.last_write);
      if (!access.write) {
        history.reads.push_back(id);
        continue;
      }
      for (ir::NodeId read : history.reads) {
        if (read != id) (IsAnchor(node(read)) ? after : killed)[id].push_back(read);
      }
      history = {id, {}};
    }
  }
}

// The kernels and their nodes. A node may be in several kernels; its `home` is the one that passes
// its value to the others.
struct Grouping {
  struct Kernel {
    ir::DomainId domain;
    std::string name;
    std::set<ir::NodeId> nodes;  // in program order, which is the order within a kernel
  };
  std::vector<Kernel> kernels;  // in execution order
  std::vector<size_t> home;
};

class Grouper {
 public:
  Grouper(const ir::Program& program, const Graph& graph) : program_(program), graph_(graph) {
    grouping_.home.assign(graph.size(), kNone);
  }

  // Chooses one domain after another; each time a kernel gets all anchors of the domain that can
  // run.
  Grouping Run() {
    while (true) {
      const std::optional<ir::DomainId> domain = ChooseDomain();
      if (!domain) return std::move(grouping_);
      AddKernel(*domain);
    }
  }

 private:
  bool Done(ir::NodeId anchor) const { return grouping_.home[anchor] != kNone; }

  // True for the nodes that earlier kernels have computed or a kernel of `domain` could run next. A
  // loop has a kernel to itself: what comes before it must be done, and what comes after it waits.
  std::vector<bool> Ready(ir::DomainId domain) const {
    std::vector<bool> ready(graph_.size(), false);
    for (ir::NodeId id = 0; id < graph_.size(); ++id) {
      const ir::Node& node = graph_.node(id);
      const auto is_ready = [&](ir::NodeId other) { return ready[other]; };
      const auto has_come = [&](ir::NodeId other) {
        return IsLoop(node) || IsLoop(graph_.node(other)) ? Done(other) : ready[other];
      };
      ready[id] =
          grouping_.home[id] != kNone ||
          ((graph_.domain[id] == domain || !IsAnchor(node)) &&
           absl::c_all_of(node.inputs(), is_ready) && absl::c_all_of(graph_.after[id], has_come));
    }
    return ready;
  }

  // The first domain all of whose anchors can run, populations before the network. If there is
  // none: the network if some of its anchors can run, since it is cheap, else a population.
  std::optional<ir::DomainId> ChooseDomain() const {
    std::optional<ir::DomainId> partial;
    for (const ir::DomainId domain : Domains()) {
      const std::vector<bool> ready = Ready(domain);
      size_t waiting = 0;
      size_t can_run = 0;
      for (ir::NodeId id : graph_.anchors) {
        if (graph_.domain[id] != domain || Done(id)) continue;
        ++waiting;
        if (ready[id]) ++can_run;
      }
      if (waiting > 0 && can_run == waiting) return domain;
      const bool network = domain == ir::DomainId::kNetwork;
      if (can_run > 0 && (!partial || network)) partial = domain;
    }
    return partial;
  }

  // Synapses, populations, then the network.
  std::vector<ir::DomainId> Domains() const {
    std::vector<ir::DomainId> domains;
    for (const ir::Projection& projection : program_.projections) {
      domains.push_back(projection.domain);
    }
    for (ir::PopulationId p = 0; p < program_.populations.size(); ++p) {
      if (program_.HasNeurons(p)) domains.push_back(program_.populations[p].domain);
    }
    domains.push_back(ir::DomainId::kNetwork);
    return domains;
  }

  // Adds a kernel of one loop if there is one that can run, else of all anchors that can.
  void AddKernel(ir::DomainId domain) {
    const std::vector<bool> ready = Ready(domain);
    std::vector<ir::NodeId> anchors;
    for (ir::NodeId id : graph_.anchors) {
      if (graph_.domain[id] != domain || Done(id) || !ready[id]) continue;
      if (IsLoop(graph_.node(id))) return AddLoop(id);
      anchors.push_back(id);
    }
    const size_t index = grouping_.kernels.size();
    grouping_.kernels.push_back({domain, UniqueName(domain), {}});
    Grouping::Kernel& kernel = grouping_.kernels.back();
    std::vector<ir::NodeId> stores;
    for (ir::NodeId id : anchors) {
      grouping_.home[id] = index;
      Include(id, index);
      if (graph_.node(id).op == ir::Op::kStore) stores.push_back(id);
    }
    // A loaded value that a later kernel needs is kept if this kernel overwrites its state.
    const std::vector<bool> wanted = StillWanted();
    for (ir::NodeId store : stores) {
      for (ir::NodeId load : graph_.killed[store]) {
        if (!wanted[load] || grouping_.home[load] != kNone) continue;
        grouping_.home[load] = index;
        kernel.nodes.insert(load);
      }
    }
  }

  // Adds the kernel of a loop, behind one that keeps the loaded values that are needed after the
  // loop overwrites their states.
  void AddLoop(ir::NodeId loop) {
    const ir::DomainId domain = graph_.domain[loop];
    const std::vector<bool> wanted = StillWanted();
    Grouping::Kernel keeper{domain, "", {}};
    for (ir::NodeId load : graph_.killed[loop]) {
      if (!wanted[load] || Done(load)) continue;
      grouping_.home[load] = grouping_.kernels.size();
      keeper.nodes.insert(load);
    }
    if (!keeper.nodes.empty()) {
      keeper.name = UniqueName(domain);
      grouping_.kernels.push_back(std::move(keeper));
    }
    grouping_.home[loop] = grouping_.kernels.size();
    grouping_.kernels.push_back({domain, LoopOf(program_, graph_.node(loop)).name, {loop}});
  }

  // Adds a node to a kernel, with all nodes that it is computed from there.
  void Include(ir::NodeId id, size_t kernel) {
    const ir::Node& node = graph_.node(id);
    if (node.op == ir::Op::kLiteral) return;
    const size_t home = grouping_.home[id];
    if (home != kNone && home != kernel) return;  // comes from there
    if (!grouping_.kernels[kernel].nodes.insert(id).second) return;
    const bool pure = ir::Info(node.op).effect == ir::Effect::kPure;
    if (pure && !graph_.uniform(id)) grouping_.home[id] = kernel;
    for (ir::NodeId operand : node.inputs()) Include(operand, kernel);
  }

  // True for the floating nodes that anchors of later kernels need.
  std::vector<bool> StillWanted() const {
    std::vector<bool> wanted(graph_.size(), false);
    for (ir::NodeId id : graph_.anchors) wanted[id] = !Done(id);
    for (size_t i = graph_.size(); i-- > 0;) {
      if (!wanted[i] || grouping_.home[i] != kNone) continue;
      for (ir::NodeId operand : graph_.step.nodes[i].inputs()) wanted[operand] = true;
    }
    return wanted;
  }

  // exc.step, exc.step.2, ...
  std::string UniqueName(ir::DomainId domain) {
    const std::string base = absl::StrCat(program_.DomainName(domain), ".step");
    const int number = ++used_[base];
    return OfNoLoop(program_, number == 1 ? base : absl::StrCat(base, ".", number));
  }

  const ir::Program& program_;
  const Graph& graph_;
  Grouping grouping_;
  std::map<std::string, int> used_;
};

// A kernel for every node, in the order of the program.
Grouping GroupNothing(const ir::Program& program, const Graph& graph) {
  Grouping grouping;
  grouping.home.assign(graph.size(), kNone);
  std::map<ir::DomainId, int> count;
  for (ir::NodeId id = 0; id < graph.size(); ++id) {
    const ir::Node& node = graph.node(id);
    if (!graph.live[id] || node.op == ir::Op::kLiteral) continue;
    const ir::DomainId domain = graph.domain[id];
    grouping.home[id] = grouping.kernels.size();
    grouping.kernels.push_back(
        {domain,
         IsLoop(node) ? LoopOf(program, node).name
                      : OfNoLoop(program, absl::StrCat(program.DomainName(domain), ".",
                                                       ir::Info(node.op).name, count[domain]++)),
         {id}});
  }
  return grouping;
}

// Writes the kernels of a grouping.
class KernelWriter {
 public:
  KernelWriter(const ir::Program& program, const Graph& graph, const Grouping& grouping)
      : program_(program), graph_(graph), grouping_(grouping), temporary_(graph.size()), result_(program) {}

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
        if (!IsCrossThread(graph_.node(id)) && !RunsSynapses(node)) continue;
        const size_t home = grouping_.home[before];
        if (home != kernel) phase = std::max(phase, phase_[home] + 1);
      }
    }
    phase_.push_back(phase);
    return phase;
  }

  ir::Block WriteKernel(size_t index, uint32_t phase) {
    const Grouping::Kernel& kernel = grouping_.kernels[index];
    ir::Block block;
    const ir::Node& first = graph_.node(*kernel.nodes.begin());
    if (IsLoop(first)) block = LoopOf(program_, first);
    block.kind = ir::BlockKind::kKernel;
    block.name = kernel.name;
    block.domain = kernel.domain;
    block.phase = phase;
    if (IsLoop(first)) return block;
    Rewriter rewriter(result_, graph_.step, block);
    // Floating nodes are written where they are first needed. So kernels of one model are equal,
    // whatever they share with others. No load may move behind a store.
    for (ir::NodeId id : kernel.nodes) {
      if (!IsAnchor(graph_.node(id))) continue;
      for (ir::NodeId load : graph_.killed[id]) {
        if (kernel.nodes.contains(load)) Write(load, index, rewriter);
      }
      Write(id, index, rewriter);
    }
    // A kernel of FuseNothing may have no anchor.
    for (ir::NodeId id : kernel.nodes) {
      if (!IsAnchor(graph_.node(id))) Write(id, index, rewriter);
    }
    return block;
  }

  // Writes a node into a kernel after its operands, unless it is there already.
  void Write(ir::NodeId id, size_t index, Rewriter& rewriter) {
    const Grouping::Kernel& kernel = grouping_.kernels[index];
    if (rewriter.At(id).valid()) return;
    if (Crosses(id, kernel)) {
      rewriter.Set(id, rewriter.builder().Load(*temporary_[id]));
      return;
    }
    for (ir::NodeId operand : graph_.node(id).inputs()) Write(operand, index, rewriter);
    const ir::Value value = rewriter.Copy(id);
    if (temporary_[id] && grouping_.home[id] == index) {
      rewriter.builder().Store(*temporary_[id], value);
    }
  }

  const ir::Program& program_;
  const Graph& graph_;
  const Grouping& grouping_;
  std::vector<std::optional<ir::StateId>> temporary_;
  std::vector<uint32_t> phase_;
  ir::Program result_;
};

}  // namespace

absl::StatusOr<ir::Program> Fuse(const ir::Program& program, const CompileOptions&) {
  const ir::Block* step = StepGraph(program);
  if (step == nullptr) return program;
  const Graph graph(program, *step);
  const Grouping grouping = Grouper(program, graph).Run();
  return KernelWriter(program, graph, grouping).Run();
}

absl::StatusOr<ir::Program> FuseNothing(const ir::Program& program, const CompileOptions&) {
  const ir::Block* step = StepGraph(program);
  if (step == nullptr) return program;
  const Graph graph(program, *step);
  const Grouping grouping = GroupNothing(program, graph);
  return KernelWriter(program, graph, grouping).Run();
}

absl::Status CheckFuse(const ir::Program& program) {
  uint32_t phase = 0;
  // The last phase that read or wrote each count, total and state that synapses read.
  std::map<std::tuple<ir::AttrKind, uint64_t, bool>, uint32_t> touched;
  for (const ir::Block& block : program.step) {
    if (block.kind != ir::BlockKind::kKernel) {
      return absl::InternalError("the step still has nodes outside kernels");
    }
    if (block.phase < phase) {
      return absl::InternalError(absl::StrCat("kernel ", block.name, " of phase ", block.phase,
                                              " stands after one of phase ", phase));
    }
    phase = block.phase;
    for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
      const ir::Node& node = block.nodes[id];
      const ir::DomainId domain = RunDomain(program, block, node);
      const bool write = ir::Info(node.op).effect == ir::Effect::kWrite;
      const auto complain = [&](absl::string_view what) {
        return absl::InternalError(absl::StrCat("'", ir::PrintNode(program, block, id),
                                                "' in kernel ", block.name, " ", what));
      };
      if (domain != block.domain && (write || domain != ir::DomainId::kNetwork)) {
        return complain(absl::StrCat("runs over ", program.DomainName(domain)));
      }
      for (const Access& access : AccessesOf(program, node)) {
        const bool counted =
            access.kind == ir::AttrKind::kPopulation || access.kind == ir::AttrKind::kReduction;
        // Only synapses read the states of other threads.
        const bool shared = access.kind == ir::AttrKind::kState &&
                            (access.write || RunsSynapses(node)) &&
                            !program.states[access.symbol].type.uniform();
        if (!counted && !shared) continue;
        const auto other = touched.find({access.kind, access.symbol, !access.write});
        if (other != touched.end() && other->second >= phase) {
          return complain("needs threads to meet before it");
        }
        touched[{access.kind, access.symbol, access.write}] = phase;
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
