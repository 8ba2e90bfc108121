#include "compiler/schedule/accesses.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/types/span.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;

class Mover {
 public:
  Mover(const ir::Block& kernel, std::vector<PlannedNode> plan)
      : kernel_(kernel),
        stores_(CountStores(kernel)),
        plan_(std::move(plan)),
        followers_(plan_.size()),
        place_of_(kernel.nodes.size(), plan_.size()) {
    for (size_t p = 0; p < plan_.size(); ++p) {
      if (plan_[p].resets.nodes.empty()) place_of_[plan_[p].id] = p;
    }
  }

  // The new plan; to be asked for once.
  std::vector<PlannedNode> Move() && {
    std::vector<bool> moved(plan_.size());
    for (size_t p = 0; p < plan_.size(); ++p) {
      if (!MayMove(p)) continue;
      const ir::Node& store = kernel_.nodes[plan_[p].id];
      std::vector<size_t>& followers = followers_[place_of_[store.operands[0]]];
      for (size_t check = 0; check < plan_.size(); ++check) {
        const ir::Node& node = kernel_.nodes[plan_[check].id];
        if (node.op != Op::kCheck || node.attr != store.attr) continue;
        if (node.operands[0] != store.operands[0]) continue;
        followers.push_back(check);
        moved[check] = true;
      }
      followers.push_back(p);
      moved[p] = true;
    }
    std::vector<PlannedNode> result;
    for (size_t p = 0; p < plan_.size(); ++p) {
      if (moved[p]) continue;
      result.push_back(std::move(plan_[p]));
      for (const size_t follower : followers_[p]) result.push_back(std::move(plan_[follower]));
    }
    return result;
  }

 private:
  bool MayMove(size_t place) const {
    const ir::Node& store = kernel_.nodes[plan_[place].id];
    if (store.op != Op::kStore || plan_[place].before_reset || stores_.at(store.attr) != 1) {
      return false;
    }
    const size_t value = place_of_[store.operands[0]];
    if (value >= place) return false;
    for (size_t p = value + 1; p < plan_.size(); ++p) {
      const auto loads = [&](const ir::Node& node) {
        return node.op == Op::kLoad && node.attr == store.attr;
      };
      if (AnyWithin(kernel_, plan_[p], loads)) return false;
    }
    return true;
  }

  const ir::Block& kernel_;
  const std::map<uint64_t, int> stores_;
  std::vector<PlannedNode> plan_;
  std::vector<std::vector<size_t>> followers_;  // what goes behind a place
  std::vector<size_t> place_of_;                // in the plan, by node; of others its size
};

}  // namespace

std::vector<PlannedNode> TakeLate(const ir::Block& kernel, std::vector<PlannedNode> plan) {
  std::vector<PlannedNode> takes, result;
  for (PlannedNode& planned : plan) {
    for (auto take = takes.begin(); take != takes.end();) {
      const auto reads = [&](const ir::Node& node) {
        const absl::Span<const NodeId> inputs = node.inputs();
        return std::find(inputs.begin(), inputs.end(), take->id) != inputs.end();
      };
      if (AnyWithin(kernel, planned, reads)) {
        result.push_back(*take);
        take = takes.erase(take);
      } else {
        ++take;
      }
    }
    const bool is_take = kernel.nodes[planned.id].op == Op::kTake;
    (is_take ? takes : result).push_back(std::move(planned));
  }
  // What arrives is taken where nothing reads it as well.
  std::move(takes.begin(), takes.end(), std::back_inserter(result));
  return result;
}

std::vector<PlannedNode> StoreEarly(const ir::Block& kernel, std::vector<PlannedNode> plan) {
  return Mover(kernel, std::move(plan)).Move();
}

std::map<uint64_t, int> CountStores(const ir::Block& kernel) {
  std::map<uint64_t, int> stores;
  for (const ir::Node& node : kernel.nodes) {
    if (node.op == Op::kStore) ++stores[node.attr];
  }
  return stores;
}

}  // namespace bnsyn::compiler
