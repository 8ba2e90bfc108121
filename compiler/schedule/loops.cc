// The rows that divide the loop over the vectors of a group into loops that follow one another.
//
// The nodes of a kernel are mostly one long chain, from sums of inputs through a function or two to
// spikes. A processor keeps a few hundred instructions under way: little more than one vector where
// a vector takes two hundred, and then it waits for the chain most of the time. A loop over a part
// of the nodes is short enough for several vectors to be under way together. What one loop computes
// and another reads goes through a buffer of a group's size, which the nearest cache holds, or
// through the state that it is stored in; or it is computed again, where that costs no more.
// Nodes that are integers of 4 bytes, or compare such integers, may go first in loops of their own:
// a vector holds twice as many of them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "compiler/schedule/plan_rows.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;

// A processor of today: the instructions that it begins in a cycle when nothing waits, and those
// that it keeps under way (its reorder window); and the cycles that a loop adds to a vector.
constexpr double kIssue = 3.5;
constexpr double kWindow = 140;
constexpr double kLoop = 2;
constexpr double kFetch = 7;  // latency of the nearest cache
constexpr double kKeep = 2;   // the cost of a value that goes through a buffer, in instructions
// Loops of more instructions are not weighed: that is far beyond what is under way together.
constexpr double kLongest = 8 * kWindow;
constexpr double kBranch = 3;  // instructions that find whether a lane needs a cold region

constexpr size_t kNowhere = std::numeric_limits<size_t>::max();

// Instructions of a node for one vector, and cycles until its result is known.
struct Work {
  double instructions = 1;
  double latency = 1;
};

// The ops for which one of the two is more than 1.
struct OpWork {
  Op op;
  Work work;
};
constexpr OpWork kOpWork[] = {
    {Op::kAdd, {1, 3}},       {Op::kSub, {1, 3}},   {Op::kMul, {1, 3}},
    {Op::kFma, {1, 4}},       {Op::kDiv, {16, 13}}, {Op::kSqrt, {24, 20}},
    {Op::kFloor, {1, 6}},     {Op::kCeil, {1, 6}},  {Op::kRint, {1, 6}},
    {Op::kConvert, {2, 5}},   {Op::kCheck, {1, 4}}, {Op::kReduce, {1, 3}},
    {Op::kLoad, {1, kFetch}}, {Op::kSpike, {4, 4}}, {Op::kRandom, {1, kFetch}},
    {Op::kTake, {5, 12}},     {Op::kHeld, {2, 12}}, {Op::kLookup, {16, 24}},
    {Op::kRem, {80, 80}},     {Op::kPast, {8, 12}}, {Op::kGather, {8, 12}},
};

Work WorkOf(Op op) {
  for (const OpWork& known : kOpWork) {
    if (known.op == op) return known.work;
  }
  return {};
}

// Ops that cost no more than to keep and fetch their results, once their operands are known.
constexpr Op kSimple[] = {Op::kRandom, Op::kIndex, Op::kLoad, Op::kMin, Op::kMax,
                          Op::kAbs,    Op::kNeg,   Op::kEq,   Op::kNe,  Op::kLt,
                          Op::kLe,     Op::kGt,    Op::kGe};

bool IsSimple(const ir::Node& node) {
  const bool integer = !ir::IsFloat(node.element);
  if (integer && (node.op == Op::kAdd || node.op == Op::kSub)) return true;
  return std::find(std::begin(kSimple), std::end(kSimple), node.op) != std::end(kSimple);
}

// Finds the nodes of a plan that may go before all others in vectors of twice the lanes.
class NarrowNodes {
 public:
  explicit NarrowNodes(const KernelGraph& graph) : graph_(graph), narrow_(graph.size()) {}

  // Called for all nodes in order.
  bool Include(const PlannedNode& planned) {
    const bool is_spike = graph_.node(planned.id).op == Op::kSpike;
    bool narrow = !is_spike;
    ForEachComputed({planned}, [&](const PlannedNode& computed) {
      const ir::Node& node = graph_.node(computed.id);
      narrow_[computed.id] = !is_spike && IsNarrow(computed);
      narrow = narrow && narrow_[computed.id];
      if (node.op == Op::kStore && !narrow_[computed.id]) stored_.insert(node.attr);
    });
    return narrow;
  }

 private:
  static bool IsSmall(ir::Element element) {
    return element == ir::Element::kI32 || element == ir::Element::kU32;
  }

  // True if the node is a small integer or a bool, and reads nothing else.
  bool IsNarrow(const PlannedNode& planned) const {
    const ir::Node& node = graph_.node(planned.id);
    if (!IsSmall(node.element) && node.element != ir::Element::kBool) return false;
    if (node.op == Op::kRandom) return true;
    if (node.op == Op::kLoad || node.op == Op::kStore) {
      if (!IsSmall(node.element) || stored_.contains(node.attr)) return false;
      if (node.op == Op::kLoad) return true;
    } else if (!reference::IsEvaluable(node.op)) {
      return false;
    }
    const std::vector<NodeId> operands = OperandsOf(graph_, planned);
    return !operands.empty() && std::all_of(operands.begin(), operands.end(), [&](NodeId operand) {
      const ir::Node& read = graph_.node(operand);
      return narrow_[operand] || (read.type().uniform() && IsSmall(read.element));
    });
  }

  const KernelGraph& graph_;
  std::vector<bool> narrow_;   // by node
  std::set<uint64_t> stored_;  // states that nodes which are not narrow have stored
};

// Estimates what loops over the nodes of a plan cost, and finds the best ones.
class LoopPlanner {
 public:
  // The first `narrow` of the nodes have loops of their own, of twice the lanes.
  LoopPlanner(const KernelGraph& graph, const PlanTarget& target,
              const std::vector<PlannedNode>& nodes, size_t narrow)
      : graph_(graph),
        narrow_(narrow),
        masks_(target.has_masks()),
        places_(nodes.size()),
        place_of_(graph.size(), kNowhere) {
    for (size_t p = 0; p < nodes.size(); ++p) AddPlace(p, nodes[p]);
    for (size_t p = 0; p < nodes.size(); ++p) AddReads(p, nodes[p]);
    DecideWhatIsComputedAgain();
    FindHeld(nodes);
  }

  // A division into loops.
  struct Division {
    std::vector<size_t> ends;  // the places behind the loops, ascending
    double cycles = 0;         // for one vector, over all loops
  };
  Division FindBest() const {
    std::vector<Choice> choices(places_.size() + 1);
    choices[0].cycles = 0;
    for (size_t begin = 0; begin < places_.size(); ++begin) {
      ForEachLoopFrom(begin, [&](size_t end, double loop) {
        const double cycles = choices[begin].cycles + loop;
        if (cycles < choices[end].cycles) choices[end] = {cycles, begin};
      });
    }
    Division best;
    best.cycles = choices.back().cycles;
    for (size_t end = places_.size(); end > 0; end = choices[end].begin) best.ends.push_back(end);
    std::reverse(best.ends.begin(), best.ends.end());
    return best;
  }
  double CyclesOf(const std::vector<size_t>& ends) const {
    double cycles = 0;
    size_t begin = 0;
    for (const size_t end : ends) {
      double loop = std::numeric_limits<double>::infinity();
      ForEachLoopFrom(begin, [&](size_t its_end, double its_cycles) {
        if (its_end == end) loop = its_cycles;
      });
      cycles += loop;
      begin = end;
    }
    return cycles;
  }

  // Loops over `nodes`, those that the planner was made of, that end at these places.
  std::vector<Loop> Divide(std::vector<PlannedNode> nodes, const std::vector<size_t>& ends) const {
    std::vector<Loop> loops;
    size_t p = 0;
    for (const size_t end : ends) {
      Loop loop;
      loop.narrow = p < narrow_;
      for (; p < end; ++p) {
        const Place& place = places_[p];
        if (!place.again && place.last_reader >= end) {
          if (place.stored_at < end) {
            const ir::Node& store = graph_.node(places_[place.stored_at].id);
            loop.held.push_back({place.results[0], static_cast<ir::StateId>(store.attr)});
          } else {
            loop.kept.insert(loop.kept.end(), place.results.begin(), place.results.end());
          }
        }
        loop.nodes.push_back(std::move(nodes[p]));
      }
      std::sort(loop.kept.begin(), loop.kept.end());
      loops.push_back(std::move(loop));
    }
    return loops;
  }

 private:
  // A node of the plan, with its cold regions.
  struct Place {
    NodeId id = 0;
    std::vector<NodeId> results;  // the node, or the results of a spike's handler
    Work work;
    std::vector<size_t> reads;    // places, all earlier; not those that only cold regions read
    size_t last_reader = 0;       // the last place that reads it; 0 for none
    int again = 0;                // nodes that computing it again takes; 0 if it is kept
    size_t stored_at = kNowhere;  // the place that stores it in a state, which then holds it
    size_t stores = kNowhere;     // the place whose value it stores so
  };
  // The best division up to a place.
  struct Choice {
    double cycles = std::numeric_limits<double>::infinity();
    size_t begin = 0;  // of its last loop
  };

  void AddPlace(size_t p, const PlannedNode& planned) {
    Place& place = places_[p];
    place.id = planned.id;
    const bool is_spike = graph_.node(planned.id).op == Op::kSpike;
    place.work = WorkOf(graph_.node(planned.id).op);
    if (!is_spike) place.work.instructions += kBranch * static_cast<double>(planned.regions.size());
    for (const ColdRegion& region : planned.regions) {
      if (!is_spike) continue;
      for (const ColdRegion::Result& result : region.results) place.results.push_back(result.value);
    }
    if (place.results.empty()) place.results = {planned.id};
    for (const NodeId result : place.results) place_of_[result] = p;
  }

  void AddReads(size_t p, const PlannedNode& planned) {
    if (planned.regions.empty()) {
      for (const NodeId operand : OperandsOf(graph_, planned)) Read(p, operand);
    }
    for (const ColdRegion& region : planned.regions) {
      Read(p, region.condition);
      for (const ColdRegion::Result& result : region.results) {
        if (result.otherwise != ir::kNoNode) Read(p, result.otherwise);
      }
      // Cold regions need what they read, and take next to no time.
      ForEachComputed(region.nodes, [&](const PlannedNode& computed) {
        for (const NodeId operand : graph_.node(computed.id).inputs()) ReadSeldom(p, operand);
      });
    }
  }

  void Read(size_t reader, NodeId operand) {
    const size_t place = place_of_[operand];
    if (place != kNowhere && place != reader) places_[reader].reads.push_back(place);
    ReadSeldom(reader, operand);
  }

  void ReadSeldom(size_t reader, NodeId operand) {
    const size_t place = place_of_[operand];
    if (place == kNowhere || place == reader) return;  // uniform, or in the same region
    places_[place].last_reader = std::max(places_[place].last_reader, reader);
  }

  void DecideWhatIsComputedAgain() {
    for (size_t p = 0; p < places_.size(); ++p) {
      Place& place = places_[p];
      if (!IsSimple(graph_.node(place.id)) || place.reads.size() > 1) continue;
      place.again = 1 + (place.reads.empty() ? 0 : places_[place.reads[0]].again);
      // Keeping a narrow value costs half. A mask register costs more to keep than a comparison.
      const bool mask = masks_ && graph_.node(place.id).element == ir::Element::kBool;
      const bool narrow = p < narrow_ && !place.reads.empty() && !mask;
      if (narrow || place.again > kMostAgainInLoop) place.again = 0;
    }
    // A reader of a value that is computed again reads what that is computed from.
    for (size_t p = places_.size(); p-- > 0;) {
      if (places_[p].again == 0) continue;
      for (const size_t read : places_[p].reads) {
        places_[read].last_reader = std::max(places_[read].last_reader, places_[p].last_reader);
      }
    }
    for (size_t p = 0; p < places_.size(); ++p) {
      const ir::Node& node = graph_.node(places_[p].id);
      if (node.op == Op::kLoad && IsStoredBeforeLastReader(node.attr, p)) places_[p].again = 0;
    }
  }

  bool IsStoredBeforeLastReader(uint64_t state, size_t place) const {
    for (size_t p = place; p < places_[place].last_reader; ++p) {
      const ir::Node& node = graph_.node(places_[p].id);
      if (node.op == Op::kStore && node.attr == state) return true;
    }
    return false;
  }

  // Finds the values that a state holds for all readers once they are stored.
  void FindHeld(const std::vector<PlannedNode>& nodes) {
    std::map<uint64_t, size_t> handled_at;  // where a handler stores a state once more
    for (size_t p = 0; p < nodes.size(); ++p) {
      for (const ColdRegion& region : nodes[p].regions) {
        ForEachComputed(region.nodes, [&](const PlannedNode& computed) {
          const ir::Node& node = graph_.node(computed.id);
          if (node.op == Op::kStore) handled_at[node.attr] = p;
        });
      }
    }
    for (size_t p = 0; p < places_.size(); ++p) {
      const ir::Node& node = graph_.node(places_[p].id);
      if (node.op != Op::kStore || graph_.accesses(node.attr).stores.size() != 1) continue;
      const NodeId stored = OperandsOf(graph_, nodes[p])[0];
      const size_t value = place_of_[stored];
      if (value == kNowhere || places_[value].results.size() != 1) continue;
      if (stored != places_[value].id || places_[value].stored_at != kNowhere) continue;
      if (graph_.node(stored).element == ir::Element::kBool) continue;
      // A state with a history holds the value in one of its places.
      if (graph_.program().states[node.attr].history != 0) continue;
      const auto handled = handled_at.find(node.attr);
      if (handled != handled_at.end() && places_[value].last_reader > handled->second) continue;
      places_[value].stored_at = p;
      places_[p].stores = value;
    }
  }

  // Marks a place before the loop as fetched; returns the instructions that this takes.
  double Fetch(size_t place, std::vector<bool>& fetched) const {
    if (fetched[place]) return 0;
    fetched[place] = true;
    double instructions = 1;
    if (places_[place].again == 0) return instructions;
    for (const size_t read : places_[place].reads) instructions += Fetch(read, fetched);
    return instructions;
  }

  // Calls `visit` with the end and the cycles of each loop that begins at the place.
  void ForEachLoopFrom(size_t begin, absl::FunctionRef<void(size_t, double)> visit) const {
    const bool narrow = begin < narrow_;
    const size_t furthest = narrow ? narrow_ : places_.size();
    // Half of a narrow vector counts, since it has twice the lanes.
    const double share = narrow ? 0.5 : 1;
    std::vector<double> ready;  // cycles until the results of the loop are known
    std::vector<bool> fetched(begin, false);
    std::vector<int> kept_until(places_.size() + 1, 0);  // values of the loop by last reader
    double instructions = 0;
    double latency = 0;
    int kept = 0;
    for (size_t p = begin; p < furthest && instructions < kLongest; ++p) {
      const Place& place = places_[p];
      instructions += place.work.instructions;
      double start = 0;
      for (const size_t read : place.reads) {
        if (read < begin) instructions += Fetch(read, fetched);
        start = std::max(start, read < begin ? kFetch : ready[read - begin]);
      }
      ready.push_back(start + place.work.latency);
      latency = std::max(latency, ready.back());
      kept -= kept_until[p];
      if (place.again == 0 && place.last_reader > p) {
        const int results = static_cast<int>(place.results.size());
        kept += results;
        kept_until[place.last_reader] += results;
      }
      if (place.stores != kNowhere && place.stores >= begin) {
        const Place& stored = places_[place.stores];
        if (stored.again == 0 && stored.last_reader > p) {
          --kept;
          --kept_until[stored.last_reader];
        }
      }
      const double all = instructions + kKeep * kept;
      visit(p + 1, share * (std::max(all / kIssue, all * latency / kWindow) + kLoop));
    }
  }

  const KernelGraph& graph_;
  const size_t narrow_;
  const bool masks_;
  std::vector<Place> places_;
  std::vector<size_t> place_of_;  // by node
};

// The nodes of all loops in order.
struct Nodes {
  std::vector<PlannedNode> nodes;
  std::vector<size_t> ends;  // of the loops
  size_t narrow = 0;         // nodes in narrow loops, which come first
};

Nodes NodesOf(const KernelPlan& plan) {
  Nodes all;
  for (const Loop& loop : plan.loops) {
    all.nodes.insert(all.nodes.end(), loop.nodes.begin(), loop.nodes.end());
    all.ends.push_back(all.nodes.size());
    if (loop.narrow) all.narrow = all.nodes.size();
  }
  return all;
}

// The nodes with the narrow ones first, and how many of these there are.
std::pair<std::vector<PlannedNode>, size_t> OrderedNarrowFirst(
    const KernelGraph& graph, const std::vector<PlannedNode>& nodes) {
  NarrowNodes narrow_nodes(graph);
  std::vector<PlannedNode> ordered, others;
  for (const PlannedNode& node : nodes) {
    (narrow_nodes.Include(node) ? ordered : others).push_back(node);
  }
  const size_t narrow = ordered.size();
  std::move(others.begin(), others.end(), std::back_inserter(ordered));
  return {std::move(ordered), narrow};
}

}  // namespace

KernelPlan NarrowFirst(const KernelGraph& graph, const PlanTarget& target, KernelPlan plan) {
  const std::vector<PlannedNode>& nodes = plan.loops[0].nodes;
  auto [ordered, narrow] = OrderedNarrowFirst(graph, nodes);
  if (narrow == 0) return plan;
  plan.least_cycles = LoopPlanner(graph, target, nodes, 0).FindBest().cycles;
  const LoopPlanner apart(graph, target, ordered, narrow);
  const double cycles = apart.FindBest().cycles;
  if (cycles >= plan.least_cycles) return plan;
  plan.least_cycles = cycles;
  std::vector<size_t> ends = {narrow};
  if (narrow < ordered.size()) ends.push_back(ordered.size());
  plan.loops = apart.Divide(std::move(ordered), ends);
  return plan;
}

absl::Status CheckNarrowFirst(const KernelGraph& graph, const PlanTarget&, const KernelPlan& plan) {
  if (plan.least_cycles > 0) return absl::OkStatus();
  if (OrderedNarrowFirst(graph, plan.loops[0].nodes).second == 0) return absl::OkStatus();
  return absl::InternalError("it did not weigh whether small integers should run first");
}

KernelPlan DivideLoops(const KernelGraph& graph, const PlanTarget& target, KernelPlan plan) {
  Nodes all = NodesOf(plan);
  const LoopPlanner planner(graph, target, all.nodes, all.narrow);
  const LoopPlanner::Division best = planner.FindBest();
  plan.least_cycles = best.cycles;
  plan.loops = planner.Divide(std::move(all.nodes), best.ends);
  return plan;
}

absl::Status CheckDivideLoops(const KernelGraph& graph, const PlanTarget& target,
                              const KernelPlan& plan) {
  const Nodes all = NodesOf(plan);
  const double cycles = LoopPlanner(graph, target, all.nodes, all.narrow).CyclesOf(all.ends);
  if (cycles <= plan.least_cycles * (1 + 1e-9)) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("a vector is estimated to take ", cycles,
                                          " cycles, where ", plan.least_cycles, " are enough"));
}

}  // namespace bnsyn::compiler
