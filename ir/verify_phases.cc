#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/access.h"
#include "ir/levels.h"
#include "ir/violation.h"

namespace bnsyn::ir {
namespace {

// True if threads see what others do to the symbol: counts of spikes, totals, and what synapses and
// `gather` read of neurons. Nothing else reads the states of other threads.
bool IsShared(const Program& program, const Node& node, const Access& access) {
  if (access.kind == AttrKind::kPopulation || access.kind == AttrKind::kReduction) return true;
  return access.kind == AttrKind::kState &&
         (access.write || RunsSynapses(node) || node.op == Op::kGather) &&
         !program.states[access.symbol].type.uniform();
}

// By state: true if arriving spikes store it. Each thread has it for itself, or uses what belongs
// to its own neurons.
std::vector<bool> StoredByArrivals(const Program& program) {
  std::vector<bool> stored(program.states.size());
  for (const Block& block : program.synaptic) {
    for (const Node& node : block.nodes) {
      if (StoresNeuron(node)) stored[node.attr] = true;
    }
  }
  return stored;
}

}  // namespace

std::optional<Violation> FindInPhases(const Program& program) {
  const std::vector<bool> stored = StoredByArrivals(program);
  // The last phase that read or wrote each symbol.
  std::map<std::tuple<AttrKind, uint64_t, bool>, uint32_t> touched;
  for (const Block& block : program.step) {
    if (block.kind != BlockKind::kKernel) continue;
    for (NodeId id = 0; id < block.nodes.size(); ++id) {
      const Node& node = block.nodes[id];
      for (const Access& access : AccessesOf(program, node)) {
        if (!IsShared(program, node, access)) continue;
        if (access.kind == AttrKind::kState && stored[access.symbol]) continue;
        const auto other = touched.find({access.kind, access.symbol, !access.write});
        if (other != touched.end() && other->second >= block.phase) {
          return Violation{
              .message = absl::StrCat(Info(node.op).name, " needs threads to meet before it"),
              .note = "they meet between phases: it belongs into a kernel of a later phase",
              .symbol = block.name,
              .block = &block,
              .node = id};
        }
        touched[{access.kind, access.symbol, access.write}] = block.phase;
      }
    }
  }
  return std::nullopt;
}

}  // namespace bnsyn::ir
