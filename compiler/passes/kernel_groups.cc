#include "compiler/passes/kernel_groups.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/passes/rewrite.h"
#include "ir/access.h"
#include "ir/mutant.h"

namespace bnsyn::compiler {
namespace {

constexpr auto kNetworkLane = static_cast<size_t>(ir::DomainId::kNetwork);

// True for a node that a kernel of the lane may hold.
bool MayRunIn(const StepGraph& graph, ir::NodeId id, size_t lane) {
  return graph.lane[id] == lane || !IsAnchor(graph.node(id));
}

// A name for a kernel: this one, longer if a loop has it, since its kernel does.
std::string OfNoLoop(const ir::Program& program, std::string name) {
  while (program.FindLoop(name)) name += "_";
  return name;
}

// The anchors of one lane, and how far it is known that the next kernel of the lane could run
// them. What can run once can run ever after, so that the search goes on where it stopped: over all
// its life it visits each node once.
class Waiting {
 public:
  explicit Waiting(size_t lane) : lane_(lane) {}

  size_t lane() const { return lane_; }
  const std::vector<ir::NodeId>& anchors() const { return anchors_; }
  void Add(ir::NodeId anchor) { anchors_.push_back(anchor); }
  void Replace(std::vector<ir::NodeId> anchors) {
    anchors_ = std::move(anchors);
    proven_ = 0;
    path_.clear();
  }

  // An anchor of another lane that must come before one of these; nullopt if all these can run.
  // A node with a `home` has run.
  std::optional<ir::NodeId> FindObstacle(const StepGraph& graph, const std::vector<size_t>& home) {
    for (; proven_ < anchors_.size(); ++proven_) {
      if (path_.empty()) path_.push_back(anchors_[proven_]);
      while (!path_.empty()) {
        const ir::NodeId id = path_.back();
        if (home[id] != kNoKernel || ready_.contains(id)) {
          path_.pop_back();
          continue;
        }
        if (!MayRunIn(graph, id, lane_)) return id;
        const size_t length = path_.size();
        const auto need = [&](ir::NodeId other) {
          if (home[other] == kNoKernel && !ready_.contains(other)) path_.push_back(other);
        };
        for (const ir::NodeId operand : graph.node(id).inputs()) need(operand);
        for (const ir::NodeId before : graph.after[id]) need(before);
        if (path_.size() == length) {
          ready_.insert(id);
          path_.pop_back();
        }
      }
    }
    return std::nullopt;
  }

 private:
  size_t lane_;
  std::vector<ir::NodeId> anchors_;  // that have not run, in the order of the program
  size_t proven_ = 0;                // so many of them can run
  std::vector<ir::NodeId> path_;     // from the next of them to the node that is looked at
  std::unordered_set<ir::NodeId> ready_;
};

class Grouper {
 public:
  Grouper(const ir::Program& program, const StepGraph& graph) : program_(program), graph_(graph) {
    grouping_.home.assign(graph.size(), kNoKernel);
    users_.resize(graph.size());
    for (ir::NodeId id = 0; id < graph.size(); ++id) {
      for (const ir::NodeId operand : graph.node(id).inputs()) users_[operand].push_back(id);
    }
    AddLanes();
  }

  // Chooses one lane after another; each time a kernel gets all anchors of the lane that can run.
  Grouping Run() {
    for (size_t w = 0; w < waiting_.size(); ++w) Look(w);
    while (true) {
      const bool partial = complete_.empty();
      const std::optional<size_t> chosen = partial ? ChoosePartial() : *complete_.begin();
      if (!chosen) return std::move(grouping_);
      AddKernel(*chosen, partial ? CanRun(*chosen) : waiting_[*chosen].anchors());
    }
  }

 private:
  // Loops and deliver, synapses, populations, then the network; those that have anchors.
  void AddLanes() {
    std::vector<size_t> lanes;
    std::map<size_t, std::vector<ir::NodeId>> anchors;
    for (const ir::NodeId id : graph_.anchors) {
      const bool own_lane = graph_.lane[id] != static_cast<size_t>(graph_.domain[id]);
      if (own_lane && !anchors.contains(graph_.lane[id])) lanes.push_back(graph_.lane[id]);
      anchors[graph_.lane[id]].push_back(id);
    }
    for (const ir::Projection& projection : program_.projections) {
      lanes.push_back(static_cast<size_t>(projection.domain));
    }
    for (ir::PopulationId p = 0; p < program_.populations.size(); ++p) {
      if (!program_.HasNeurons(p)) continue;
      lanes.push_back(static_cast<size_t>(program_.populations[p].domain));
    }
    lanes.push_back(kNetworkLane);
    for (const size_t lane : lanes) {
      const auto found = anchors.find(lane);
      if (found == anchors.end()) continue;
      waiting_.emplace_back(lane);
      for (const ir::NodeId id : found->second) waiting_.back().Add(id);
    }
  }

  // Notes whether a lane can run all its anchors, or what it must wait for.
  void Look(size_t which) {
    Waiting& waiting = waiting_[which];
    if (waiting.anchors().empty()) {
      complete_.erase(which);
    } else if (const auto obstacle = waiting.FindObstacle(graph_, grouping_.home)) {
      complete_.erase(which);
      waits_for_[*obstacle].push_back(which);
    } else {
      complete_.insert(which);
    }
  }

  // The anchors of a lane that its next kernel could run.
  std::vector<ir::NodeId> CanRun(size_t which) const {
    std::vector<ir::NodeId> anchors;
    Waiting one(waiting_[which].lane());
    for (const ir::NodeId id : waiting_[which].anchors()) {
      one.Replace({id});
      if (!one.FindObstacle(graph_, grouping_.home)) anchors.push_back(id);
    }
    return anchors;
  }

  // If no lane can run all its anchors: the network if it can run some, since it is cheap, else the
  // first lane that can.
  std::optional<size_t> ChoosePartial() const {
    if (waiting_.empty()) return std::nullopt;
    const size_t last = waiting_.size() - 1;
    if (waiting_[last].lane() == kNetworkLane && !CanRun(last).empty()) return last;
    for (size_t w = 0; w < waiting_.size(); ++w) {
      if (!CanRun(w).empty()) return w;
    }
    return std::nullopt;
  }

  // Adds a kernel with these anchors of a lane.
  void AddKernel(size_t which, const std::vector<ir::NodeId>& anchors) {
    const ir::DomainId domain = graph_.domain[anchors[0]];
    const ir::Block* const loop = FindLoop(program_, graph_.node(anchors[0]));
    const bool delivers = graph_.node(anchors[0]).op == ir::Op::kDeliver;
    if (loop != nullptr && !Mutant("pass.fuse.value_before_a_loop")) AddKeeper(anchors[0]);
    const size_t index = grouping_.kernels.size();
    const std::string name = loop != nullptr ? loop->name
                             : delivers      ? OfNoLoop(program_, "deliver")
                                             : UniqueName(domain);
    grouping_.kernels.push_back({domain, name, {}});
    Grouping::Kernel& kernel = grouping_.kernels.back();
    for (const ir::NodeId id : anchors) {
      grouping_.home[id] = index;
      Include(id, index);
    }
    // A loaded value that a later kernel needs is kept if this kernel overwrites its state.
    Wanted wanted;
    for (const ir::NodeId store : anchors) {
      if (graph_.node(store).op != ir::Op::kStore) continue;
      for (const ir::NodeId load : graph_.killed[store]) {
        if (Mutant("pass.fuse.value_before_a_store")) continue;
        if (grouping_.home[load] != kNoKernel || !IsWanted(load, wanted)) continue;
        grouping_.home[load] = index;
        kernel.nodes.insert(load);
      }
    }
    std::vector<ir::NodeId> left;
    for (const ir::NodeId id : waiting_[which].anchors()) {
      if (grouping_.home[id] == kNoKernel) left.push_back(id);
    }
    std::vector<size_t> look = {which};
    for (const ir::NodeId id : anchors) {
      const auto found = waits_for_.find(id);
      if (found == waits_for_.end()) continue;
      look.insert(look.end(), found->second.begin(), found->second.end());
      waits_for_.erase(found);
    }
    waiting_[which].Replace(std::move(left));
    for (const size_t other : look) Look(other);
  }

  // If loaded values are needed after a loop overwrites their states, adds a kernel that keeps
  // them.
  void AddKeeper(ir::NodeId loop) {
    Wanted wanted;
    Grouping::Kernel keeper = {graph_.domain[loop], "", {}};
    for (const ir::NodeId load : graph_.killed[loop]) {
      if (grouping_.home[load] != kNoKernel || !IsWanted(load, wanted)) continue;
      grouping_.home[load] = grouping_.kernels.size();
      keeper.nodes.insert(load);
    }
    if (keeper.nodes.empty()) return;
    keeper.name = UniqueName(keeper.domain);
    grouping_.kernels.push_back(std::move(keeper));
  }

  // Adds a node to a kernel, with all nodes that it is computed from there.
  void Include(ir::NodeId first, size_t kernel) {
    std::vector<ir::NodeId> open = {first};
    while (!open.empty()) {
      const ir::NodeId id = open.back();
      open.pop_back();
      const ir::Node& node = graph_.node(id);
      if (node.op == ir::Op::kLiteral) continue;
      const size_t home = grouping_.home[id];
      if (home != kNoKernel && home != kernel) continue;  // comes from there
      if (!grouping_.kernels[kernel].nodes.insert(id).second) continue;
      const bool pure = ir::Info(node.op).effect == ir::Effect::kPure;
      if (pure && !graph_.uniform(id)) grouping_.home[id] = kernel;
      for (const ir::NodeId operand : node.inputs()) open.push_back(operand);
    }
  }

  // True for a floating node that anchors of later kernels need. `known` has earlier answers.
  using Wanted = std::unordered_map<ir::NodeId, bool>;
  bool IsWanted(ir::NodeId first, Wanted& known) const {
    // A node is answered once its users are.
    std::vector<ir::NodeId> open = {first};
    while (!open.empty()) {
      const ir::NodeId id = open.back();
      if (known.contains(id)) {
        open.pop_back();
        continue;
      }
      bool wanted = false;
      const size_t length = open.size();
      for (const ir::NodeId user : users_[id]) {
        if (!graph_.live[user] || grouping_.home[user] != kNoKernel) continue;
        const auto found = known.find(user);
        if (IsAnchor(graph_.node(user)) || (found != known.end() && found->second)) wanted = true;
        if (wanted) break;
        if (found == known.end()) open.push_back(user);
      }
      if (!wanted && open.size() > length) continue;
      open.resize(length);
      known[id] = wanted;
    }
    return known[first];
  }

  // exc.step, exc.step.2, ...
  std::string UniqueName(ir::DomainId domain) {
    const std::string base = absl::StrCat(program_.DomainName(domain), ".step");
    const int number = ++used_[base];
    return OfNoLoop(program_, number == 1 ? base : absl::StrCat(base, ".", number));
  }

  const ir::Program& program_;
  const StepGraph& graph_;
  Grouping grouping_;
  std::vector<std::vector<ir::NodeId>> users_;
  std::vector<Waiting> waiting_;  // by lane, in the order in which they are tried
  std::set<size_t> complete_;     // those all of whose anchors can run
  std::unordered_map<ir::NodeId, std::vector<size_t>> waits_for_;  // lanes, by an obstacle
  std::map<std::string, int> used_;
};

}  // namespace

bool IsCrossThread(const ir::Node& node) {
  const ir::AttrKind kind = ir::Info(node.op).attr;
  return kind == ir::AttrKind::kPopulation || kind == ir::AttrKind::kReduction ||
         RunsSynapses(node) || node.op == ir::Op::kGather;
}

bool IsCrossThread(const ir::Program& program, const ir::Node& node) {
  const ir::Block* const block = FindLoop(program, node);
  if (block == nullptr) return IsCrossThread(node);
  return std::any_of(block->nodes.begin(), block->nodes.end(),
                     [](const ir::Node& inner) { return IsCrossThread(inner); });
}

bool IsAnchor(const ir::Node& node) {
  return ir::Info(node.op).effect == ir::Effect::kWrite || IsCrossThread(node);
}

const ir::Block* FindLoop(const ir::Program& program, const ir::Node& node) {
  return node.op == ir::Op::kRun ? &program.loops[node.attr] : nullptr;
}

StepGraph::StepGraph(const ir::Program& program, const ir::Block& step_block)
    : step(step_block),
      live(LiveNodes(step_block)),
      domain(size()),
      lane(size()),
      after(size()),
      killed(size()) {
  struct History {
    ir::NodeId last_write = ir::kNoNode;
    std::vector<ir::NodeId> reads;  // since then
  };
  std::map<std::pair<ir::AttrKind, uint64_t>, History> histories;
  for (ir::NodeId id = 0; id < size(); ++id) {
    const ir::Node& n = node(id);
    domain[id] = RunDomain(program, step, n);
    lane[id] = static_cast<size_t>(domain[id]);
    if (FindLoop(program, n) != nullptr) lane[id] = program.domains.size() + n.attr;
    const size_t loops = program.domains.size() + program.loops.size();
    if (n.op == ir::Op::kDeliver) lane[id] = loops;
    // What neurons gather from each other they must not overwrite in the same kernel.
    if (n.op == ir::Op::kGather && program.states[n.attr].type.domain == domain[id]) {
      if (!Mutant("pass.fuse.gather_of_its_own")) lane[id] += loops + 1;
    }
    if (!live[id]) continue;
    if (IsAnchor(n)) anchors.push_back(id);
    for (const ir::Access& access : AccessesOf(program, n)) {
      History& history = histories[{access.kind, access.symbol}];
      if (history.last_write == id) continue;
      const bool after_write = !Mutant("pass.fuse.after_a_write");
      if (history.last_write != ir::kNoNode && after_write) after[id].push_back(history.last_write);
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

Grouping GroupByDomain(const ir::Program& program, const StepGraph& graph) {
  return Grouper(program, graph).Run();
}

Grouping GroupNothing(const ir::Program& program, const StepGraph& graph) {
  Grouping grouping;
  grouping.home.assign(graph.size(), kNoKernel);
  std::map<ir::DomainId, int> count;
  for (ir::NodeId id = 0; id < graph.size(); ++id) {
    const ir::Node& node = graph.node(id);
    if (!graph.live[id] || node.op == ir::Op::kLiteral) continue;
    const ir::DomainId domain = graph.domain[id];
    grouping.home[id] = grouping.kernels.size();
    const ir::Block* const loop = FindLoop(program, node);
    const std::string name =
        loop != nullptr ? loop->name
                        : OfNoLoop(program, absl::StrCat(program.DomainName(domain), ".",
                                                         ir::Info(node.op).name, count[domain]++));
    grouping.kernels.push_back({domain, name, {id}});
  }
  return grouping;
}

}  // namespace bnsyn::compiler
