#include "ir/access.h"

namespace bnsyn::ir {

bool RunsSynapses(const Node& node) { return Info(node.op).attr == AttrKind::kProjection; }

namespace {

// A check looks at its operand, not at the state.
bool ReadsOperandsAlone(Op op) { return op == Op::kCheck || IsExpectation(op); }

// What a block of synapses, run by a node of the step, reads and writes.
std::vector<Access> AccessesOfSynapses(const Program& program, const Node& run) {
  const bool on_post = run.op == Op::kRunOnPost;
  const auto projection = static_cast<ProjectionId>(run.attr);
  const Block& block =
      *program.FindSynaptic(on_post ? BlockKind::kOnPost : BlockKind::kOnStep, projection);
  // Its own states are those of the projection.
  std::vector<Access> accesses = {{AttrKind::kProjection, projection, true}};
  if (on_post) {
    accesses.push_back({AttrKind::kPopulation, program.projections[projection].target, false});
  }
  for (const Node& node : block.nodes) {
    const OpInfo& info = Info(node.op);
    const bool own = info.attr == AttrKind::kState && node.domain == block.domain &&
                     (node.op == Op::kLoad || node.op == Op::kStore);
    if (info.effect == Effect::kPure || ReadsOperandsAlone(node.op) || own) continue;
    accesses.push_back({info.attr, node.attr, info.effect == Effect::kWrite});
  }
  return accesses;
}

// What a loop reads and writes: states alone.
std::vector<Access> AccessesOfLoop(const Block& loop) {
  std::vector<Access> accesses;
  for (const Node& node : loop.nodes) {
    const OpInfo& info = Info(node.op);
    if (info.attr != AttrKind::kState) continue;
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
  return {{info.attr, node.attr, info.effect == Effect::kWrite}};
}

}  // namespace bnsyn::ir
