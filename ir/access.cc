#include "ir/access.h"

namespace bnsyn::ir {

bool RunsSynapses(const Node& node) { return Info(node.op).attr == AttrKind::kProjection; }

namespace {

// A check looks at its operand, not at the state.
bool ReadsOperandsAlone(Op op) { return op == Op::kCheck || IsExpectation(op); }

// What the blocks of synapses that a node of the step runs read and write.
std::vector<Access> AccessesOfSynapses(const Program& program, const Node& run) {
  const bool on_post = run.op == Op::kRunOnPost;
  const auto projection = static_cast<ProjectionId>(run.attr);
  // Its own states are those of the projection.
  std::vector<Access> accesses = {{AttrKind::kProjection, projection, true}};
  if (on_post) {
    accesses.push_back({AttrKind::kPopulation, program.projections[projection].target, false});
  }
  const BlockKind kind = on_post ? BlockKind::kOnPost : BlockKind::kOnStep;
  for (const Block* const block : program.SynapticOf(kind, projection)) {
    for (const Node& node : block->nodes) {
      const OpInfo& info = Info(node.op);
      const bool own = info.attr == AttrKind::kState && node.domain == block->domain &&
                       (node.op == Op::kLoad || node.op == Op::kStore);
      if (info.effect == Effect::kPure || ReadsOperandsAlone(node.op) || own) continue;
      accesses.push_back({info.attr, node.attr, info.effect == Effect::kWrite});
    }
  }
  return accesses;
}

// What a loop or a clock reads and writes.
std::vector<Access> AccessesOfLoop(const Block& loop) {
  std::vector<Access> accesses;
  for (const Node& node : loop.nodes) {
    const OpInfo& info = Info(node.op);
    if (info.effect == Effect::kPure || ReadsOperandsAlone(node.op)) continue;
    accesses.push_back({info.attr, node.attr, info.effect == Effect::kWrite});
  }
  return accesses;
}

}  // namespace

std::vector<Access> AccessesOf(const Program& program, const Node& node) {
  if (RunsSynapses(node)) return AccessesOfSynapses(program, node);
  if (node.op == Op::kRun) return AccessesOfLoop(program.loops[node.attr]);
  const OpInfo& info = Info(node.op);
  if (info.effect == Effect::kPure || ReadsOperandsAlone(node.op)) return {};
  std::vector<Access> accesses = {{info.attr, node.attr, info.effect == Effect::kWrite}};
  if (node.op == Op::kSpike) {
    const auto repeats = program.FindRepeats(static_cast<PopulationId>(node.attr));
    if (repeats) accesses.push_back({AttrKind::kState, *repeats, false});
  }
  return accesses;
}

}  // namespace bnsyn::ir
