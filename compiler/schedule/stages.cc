#include "compiler/schedule/stages.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "compiler/schedule/accesses.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;

// Of a processor of our days: the instructions that it begins in a cycle when nothing waits, and
// those it can have under way; and what the loop of a stage adds to a vector, in cycles.
constexpr double kIssue = 3.5;
constexpr double kWindow = 140;
constexpr double kLoop = 2;
constexpr double kFetch = 7;  // latency of the nearest cache
constexpr double kKeep = 2;   // what a value costs that goes through a buffer, in instructions
// A stage of more instructions is not looked for: it is far beyond what is under way together.
constexpr double kLongest = 8 * kWindow;
constexpr double kBranch = 3;  // instructions that find whether a lane wants a rare arm
// The longest chain of nodes that is made anew.
constexpr int kMostAnew = 3;

// Instructions of a node for one vector, and cycles until its result is there.
struct Work {
  double instructions = 1;
  double latency = 1;
};

// Ops that are more than that.
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
};

Work WorkOf(Op op) {
  for (const OpWork& known : kOpWork) {
    if (known.op == op) return known.work;
  }
  return {};
}

// Ops that are no more work than to keep and fetch their results, given their operands.
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
  explicit NarrowNodes(const ir::Block& kernel) : kernel_(kernel), narrow_(kernel.nodes.size()) {}

  // To be asked of all nodes in order.
  bool Includes(const PlannedNode& planned) {
    for (const RareArm& arm : planned.arms) {
      for (const PlannedNode& node : arm.nodes) {
        if (!Includes(node)) return false;
      }
    }
    const ir::Node& node = kernel_.nodes[planned.id];
    const bool narrow = IsNarrow(planned);
    narrow_[planned.id] = narrow;
    if (node.op == Op::kStore && !narrow) stored_.insert(node.attr);
    for (const PlannedNode& reset : planned.resets.nodes) {
      if (kernel_.nodes[reset.id].op == Op::kStore) stored_.insert(kernel_.nodes[reset.id].attr);
    }
    return narrow;
  }

 private:
  static bool IsSmall(ir::Element element) {
    return element == ir::Element::kI32 || element == ir::Element::kU32;
  }

  // Whether the node is a small integer, or a bool that comes of such, and reads nothing that is
  // not.
  bool IsNarrow(const PlannedNode& planned) const {
    const ir::Node& node = kernel_.nodes[planned.id];
    if (!IsSmall(node.element) && node.element != ir::Element::kBool) return false;
    if (node.op == Op::kRandom) return true;
    if (node.op == Op::kLoad || node.op == Op::kStore) {
      if (!IsSmall(node.element) || stored_.contains(node.attr)) return false;
      if (node.op == Op::kLoad) return true;
    } else if (!reference::IsEvaluable(node.op)) {
      return false;
    }
    const std::vector<NodeId> inputs = InputsOf(kernel_, planned);
    return !inputs.empty() && std::all_of(inputs.begin(), inputs.end(), [&](NodeId operand) {
      const ir::Node& read = kernel_.nodes[operand];
      return narrow_[operand] || (read.type().uniform() && IsSmall(read.element));
    });
  }

  const ir::Block& kernel_;
  std::vector<bool> narrow_;   // by node
  std::set<uint64_t> stored_;  // states that others have stored
};

class Planner {
 public:
  // The first `narrow` nodes of the plan are narrow and in stages of their own.
  Planner(const ir::Block& kernel, const std::vector<PlannedNode>& plan, size_t narrow, bool masks)
      : kernel_(kernel),
        narrow_(narrow),
        masks_(masks),
        places_(plan.size()),
        place_of_(kernel.nodes.size(), kNowhere),
        choices_(plan.size() + 1) {
    for (size_t p = 0; p < plan.size(); ++p) {
      places_[p].id = plan[p].id;
      places_[p].results = {plan[p].id};
      if (!plan[p].resets.selects.empty()) places_[p].results = plan[p].resets.selects;
      for (const NodeId result : places_[p].results) place_of_[result] = p;
    }
    for (size_t p = 0; p < plan.size(); ++p) {
      Place& place = places_[p];
      place.work = WorkOf(kernel.nodes[place.id].op);
      for (const NodeId operand : InputsOf(kernel, plan[p])) Read(p, operand, place.reads);
      for (const RareArm& arm : plan[p].arms) {
        place.work.instructions += kBranch;
        ReadSeldom(p, arm.nodes);
      }
      for (const NodeId select : plan[p].resets.selects) {
        Read(p, kernel.nodes[select].operands[2], place.reads);
      }
      // What is deferred reads memory.
      if (!plan[p].resets.deferred) ReadSeldom(p, plan[p].resets.nodes);
    }
    DecideWhatIsAnew();
    FindStored(plan);
    choices_[0].cycles = 0;
    for (size_t begin = 0; begin < places_.size(); ++begin) ExtendFrom(begin);
  }

  // For one vector of all stages.
  double cycles() const { return choices_.back().cycles; }

  // Divides the plan that the planner was made of.
  std::vector<Stage> Divide(std::vector<PlannedNode> plan) const {
    std::vector<Stage> stages;
    size_t place = 0;
    for (const size_t end : Ends()) {
      Stage stage;
      stage.narrow = place < narrow_;
      for (; place < end; ++place) {
        if (IsKept(place, end)) {
          const std::vector<NodeId>& results = places_[place].results;
          if (places_[place].stored_at < end) {
            const ir::Node& store = kernel_.nodes[places_[places_[place].stored_at].id];
            stage.stored.push_back({results[0], static_cast<ir::StateId>(store.attr)});
          } else {
            stage.kept.insert(stage.kept.end(), results.begin(), results.end());
          }
        }
        stage.nodes.push_back(std::move(plan[place]));
      }
      std::sort(stage.kept.begin(), stage.kept.end());
      stages.push_back(std::move(stage));
    }
    return stages;
  }

 private:
  static constexpr size_t kNowhere = std::numeric_limits<size_t>::max();

  // A node of the plan that stands in no arm.
  struct Place {
    NodeId id = 0;
    std::vector<NodeId> results;  // the node, or the selects of a spike's resets
    Work work;
    std::vector<size_t> reads;    // places, all earlier; what only its arms read is not among them
    size_t last_reader = 0;       // the last place that reads it, itself or in an arm; 0 for none
    int anew = 0;                 // nodes that take part in making it anew; 0 where it is kept
    size_t stored_at = kNowhere;  // the place that stores it in a state that holds it from then on
    size_t stores = kNowhere;     // the place whose value it stores so
  };
  // The best division up to some place.
  struct Choice {
    double cycles = std::numeric_limits<double>::infinity();
    size_t begin = 0;  // of its last stage
  };

  // Where stages end, in order.
  std::vector<size_t> Ends() const {
    std::vector<size_t> ends;
    for (size_t end = places_.size(); end > 0; end = choices_[end].begin) ends.push_back(end);
    std::reverse(ends.begin(), ends.end());
    return ends;
  }

  void FindStored(const std::vector<PlannedNode>& plan) {
    const std::map<uint64_t, int> count = CountStores(kernel_);
    std::map<uint64_t, size_t> reset_at;  // where a reset stores a state once more
    for (size_t p = 0; p < plan.size(); ++p) {
      if (plan[p].resets.deferred) continue;
      for (const PlannedNode& reset : plan[p].resets.nodes) {
        const ir::Node& node = kernel_.nodes[reset.id];
        if (node.op == Op::kStore) reset_at[node.attr] = p;
      }
    }
    for (size_t p = 0; p < places_.size(); ++p) {
      const ir::Node& node = kernel_.nodes[places_[p].id];
      if (node.op != Op::kStore || count.at(node.attr) != 1) continue;
      const NodeId stored = InputsOf(kernel_, plan[p])[0];
      const size_t value = place_of_[stored];
      if (value == kNowhere || places_[value].results.size() != 1) continue;
      if (stored != places_[value].id || places_[value].stored_at != kNowhere) continue;
      if (kernel_.nodes[stored].element == ir::Element::kBool) continue;
      const auto reset = reset_at.find(node.attr);
      if (reset != reset_at.end() && places_[value].last_reader > reset->second) continue;
      places_[value].stored_at = p;
      places_[p].stores = value;
    }
  }

  // Whether a stage that ends before place `end` keeps the value of the place.
  bool IsKept(size_t place, size_t end) const {
    return places_[place].anew == 0 && places_[place].last_reader >= end;
  }

  void Read(size_t reader, NodeId operand, std::vector<size_t>& reads) {
    const size_t place = place_of_[operand];
    if (place == kNowhere) return;  // uniform, or in the same arm
    reads.push_back(place);
    places_[place].last_reader = std::max(places_[place].last_reader, reader);
  }

  // Nodes that only seldom run: they need what they read, and take next to no time.
  void ReadSeldom(size_t reader, const std::vector<PlannedNode>& nodes) {
    for (const PlannedNode& node : nodes) {
      for (const NodeId operand : kernel_.nodes[node.id].inputs()) {
        const size_t place = place_of_[operand];
        if (place == kNowhere || place == reader) continue;
        places_[place].last_reader = std::max(places_[place].last_reader, reader);
      }
      for (const RareArm& arm : node.arms) ReadSeldom(reader, arm.nodes);
    }
  }

  void DecideWhatIsAnew() {
    for (size_t p = 0; p < places_.size(); ++p) {
      Place& place = places_[p];
      if (!IsSimple(kernel_.nodes[place.id]) || place.reads.size() > 1) continue;
      place.anew = 1 + (place.reads.empty() ? 0 : places_[place.reads[0]].anew);
      // To keep what is narrow costs half.
      const bool mask = masks_ && kernel_.nodes[place.id].element == ir::Element::kBool;
      const bool narrow = p < narrow_ && !place.reads.empty() && !mask;
      if (narrow || place.anew > kMostAnew) place.anew = 0;
    }
    // Whoever reads what is made anew reads what that is made of.
    for (size_t p = places_.size(); p-- > 0;) {
      if (places_[p].anew == 0) continue;
      for (const size_t read : places_[p].reads) {
        places_[read].last_reader = std::max(places_[read].last_reader, places_[p].last_reader);
      }
    }
    for (size_t p = 0; p < places_.size(); ++p) {
      const ir::Node& node = kernel_.nodes[places_[p].id];
      if (node.op == Op::kLoad && IsStored(node.attr, p)) places_[p].anew = 0;
    }
  }

  // Whether the state is stored between the place and its last reader.
  bool IsStored(uint64_t state, size_t place) const {
    for (size_t p = place; p < places_[place].last_reader; ++p) {
      const ir::Node& node = kernel_.nodes[places_[p].id];
      if (node.op == Op::kStore && node.attr == state) return true;
    }
    return false;
  }

  // Marks a place before the stage as fetched; the instructions that this takes.
  double Fetch(size_t place, std::vector<bool>& fetched) const {
    if (fetched[place]) return 0;
    fetched[place] = true;
    double instructions = 1;
    if (places_[place].anew == 0) return instructions;
    for (const size_t read : places_[place].reads) instructions += Fetch(read, fetched);
    return instructions;
  }

  // Tries all stages that begin at a place.
  void ExtendFrom(size_t begin) {
    const bool narrow = begin < narrow_;
    const size_t furthest = narrow ? narrow_ : places_.size();
    // Half of a narrow vector counts, since it has twice the lanes.
    const double share = narrow ? 0.5 : 1;
    std::vector<double> ready;  // cycles until the results of the stage are there
    std::vector<bool> fetched(begin, false);
    std::vector<int> kept_until(places_.size() + 1, 0);  // values of the stage by last reader
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
      if (place.anew == 0 && place.last_reader > p) {
        const int results = static_cast<int>(place.results.size());
        kept += results;
        kept_until[place.last_reader] += results;
      }
      if (place.stores != kNowhere && place.stores >= begin) {
        const Place& stored = places_[place.stores];
        if (stored.anew == 0 && stored.last_reader > p) {
          --kept;
          --kept_until[stored.last_reader];
        }
      }
      const double all = instructions + kKeep * kept;
      const double stage = std::max(all / kIssue, all * latency / kWindow) + kLoop;
      const double cycles = choices_[begin].cycles + share * stage;
      if (cycles < choices_[p + 1].cycles) choices_[p + 1] = {cycles, begin};
    }
  }

  const ir::Block& kernel_;
  const size_t narrow_;
  const bool masks_;
  std::vector<Place> places_;
  std::vector<size_t> place_of_;  // by node
  std::vector<Choice> choices_;   // by end
};

}  // namespace

std::vector<Stage> PlanStages(const ir::Block& kernel, std::vector<PlannedNode> plan, bool masks) {
  NarrowNodes narrow_nodes(kernel);
  std::vector<PlannedNode> narrow_first, others;
  for (const PlannedNode& node : plan) {
    (narrow_nodes.Includes(node) ? narrow_first : others).push_back(node);
  }
  const size_t narrow = narrow_first.size();
  std::move(others.begin(), others.end(), std::back_inserter(narrow_first));

  const Planner together(kernel, plan, 0, masks);
  const Planner apart(kernel, narrow_first, narrow, masks);
  return apart.cycles() < together.cycles() ? apart.Divide(std::move(narrow_first))
                                            : together.Divide(std::move(plan));
}

}  // namespace bnsyn::compiler
