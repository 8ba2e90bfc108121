#include "ir/access.h"

namespace bnsyn::ir {

bool RunsSynapses(const Node& node) {
  return Info(node.op).attr == AttrKind::kProjection || node.op == Op::kDeliver ||
         node.op == Op::kRunSums;
}

std::vector<const Block*> BlocksRunBy(const Program& program, const Node& node) {
  if (node.op == Op::kRunOnStep) {
    return program.SynapticOf(BlockKind::kOnStep, static_cast<ProjectionId>(node.attr));
  }
  if (node.op != Op::kRunSums) return {};
  const Block* const block = program.FindSums(static_cast<InputId>(node.attr));
  if (block == nullptr) return {};
  return {block};
}

bool AddsToSources(const Program& program, InputId input) {
  for (const Block& block : program.synaptic) {
    for (const Node& node : block.nodes) {
      if (node.op == Op::kAccumulatePre && node.attr == input) return true;
    }
  }
  return false;
}

bool SynapsesDraw(const Program& program, ProjectionId projection) {
  const DomainId domain = program.projections[projection].domain;
  for (const Block& block : program.synaptic) {
    if (block.domain != domain) continue;
    for (const Node& node : block.nodes) {
      if (Info(node.op).attr == AttrKind::kStream && node.domain == domain) return true;
    }
  }
  return false;
}

bool SynapsesDrawByOccurrence(const Program& program, ProjectionId projection) {
  const Rule& rule = program.projections[projection].rule;
  return (rule.multiple || rule.kind == RuleKind::kList) && SynapsesDraw(program, projection);
}

ReadElement ElementRead(const Program& program, const Block& block, const Node& read) {
  const Node& index = block.nodes[read.operands[0]];
  const DomainId domain = program.states[read.attr].type.domain;
  if (index.op == Op::kIndex && index.domain == domain) return ReadElement::kOwn;
  if (index.op != Op::kIndexPre && index.op != Op::kIndexPost) return ReadElement::kAny;
  const bool source = index.op == Op::kIndexPre;
  const Projection& projection =
      program.projections[program.domains[static_cast<size_t>(block.domain)].index];
  const PopulationId end = source ? projection.source : projection.target;
  if (program.populations[end].domain != domain) return ReadElement::kAny;
  return source ? ReadElement::kSource : ReadElement::kTarget;
}

namespace {

// A check looks at its operand, not at the state.
bool ReadsOperandsAlone(Op op) { return op == Op::kCheck || IsExpectation(op); }

// Adds what a block of synapses reads and writes.
void AddAccesses(const Program& program, const Block& block, std::vector<Access>& accesses) {
  // Its own states are those of the projection.
  accesses.push_back({AttrKind::kProjection, program.ProjectionOf(block), true});
  for (const Node& node : block.nodes) {
    const OpInfo& info = Info(node.op);
    const bool own = info.attr == AttrKind::kState && node.domain == block.domain &&
                     (node.op == Op::kLoad || node.op == Op::kStore);
    if (info.effect == Effect::kPure || ReadsOperandsAlone(node.op) || own) continue;
    accesses.push_back({info.attr, node.attr, info.effect == Effect::kWrite});
  }
}

// What the blocks of synapses that a node of the step runs read and write.
std::vector<Access> AccessesOfSynapses(const Program& program, const Node& run) {
  std::vector<Access> accesses;
  if (run.op != Op::kDeliver) {
    for (const Block* const block : BlocksRunBy(program, run)) {
      AddAccesses(program, *block, accesses);
    }
    return accesses;
  }
  for (const Block& block : program.synaptic) {
    if (block.kind == BlockKind::kOnStep) continue;
    if (program.DelayOf(block) == 0) {
      accesses.push_back({AttrKind::kPopulation, program.SpikesOf(block), false});
    }
    AddAccesses(program, block, accesses);
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
