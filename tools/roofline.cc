#include "tools/roofline.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/emission/jit.h"
#include "compiler/schedule/plan_rows.h"
#include "ir/access.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "runtime/simulation_internal.h"

namespace bnsyn::tools {
namespace {

double FlopsOf(const ir::Node& node) {
  if (!ir::IsFloat(node.element)) return 0;
  switch (node.op) {
    case ir::Op::kAdd:
    case ir::Op::kSub:
    case ir::Op::kMul:
    case ir::Op::kDiv:
    case ir::Op::kSqrt:
      return 1;
    case ir::Op::kFma:
      return 2;
    default:
      return 0;
  }
}

// By node: what the plan of a kernel runs behind a branch, or in a tail.
absl::StatusOr<std::vector<bool>> RareNodes(const ir::Program& program, const ir::Block& kernel) {
  std::vector<bool> rare(kernel.nodes.size());
  if (kernel.domain == ir::DomainId::kNetwork) return rare;
  BNSYN_ASSIGN_OR_RETURN(const compiler::Target target, compiler::HostTarget());
  const compiler::KernelGraph graph(program, kernel);
  BNSYN_ASSIGN_OR_RETURN(const compiler::KernelPlan plan,
                         compiler::PlanKernel(graph, {target.native_lanes}, {}));
  std::vector<bool> usual(kernel.nodes.size());
  for (const compiler::Loop& loop : plan.loops) {
    for (const compiler::PlannedNode& planned : loop.nodes) {
      if (planned.regions.empty()) usual[planned.id] = true;
    }
  }
  for (size_t id = 0; id < rare.size(); ++id) {
    rare[id] = !usual[id] && !kernel.nodes[id].type().uniform();
  }
  return rare;
}

constexpr int kStates = 8;  // as many chains as hide the latency of a multiply-add
constexpr int kChain = 64;  // multiply-adds of each

// A population whose step computes chains of multiply-adds.
std::string Chains(uint32_t size) {
  std::string text = absl::StrCat("program chains dt=1 seed=0\npopulation p size=", size, "\n");
  for (int s = 0; s < kStates; ++s) absl::StrAppend(&text, "state p.x", s, " : f64[p] = 1\n");
  absl::StrAppend(&text, "step {\n");
  for (int s = 0; s < kStates; ++s)
    absl::StrAppend(&text, "  %", s, " = load p.x", s, " : f64[p]\n");
  int value = kStates;
  for (int i = 0; i < kChain; ++i) {
    for (int s = 0; s < kStates; ++s, ++value) {
      absl::StrAppend(&text, "  %", value, " = fma %", value - kStates, ", 0.5, 0.5 : f64[p]\n");
    }
  }
  for (int s = 0; s < kStates; ++s) {
    absl::StrAppend(&text, "  store p.x", s, ", %", value - kStates + s, "\n");
  }
  return absl::StrCat(text, "}\n");
}

// A population whose step reads and writes a state.
std::string Stream(uint32_t size) {
  return absl::StrCat("program stream dt=1 seed=0\npopulation p size=", size,
                      "\nstate p.x : f64[p] = 0\nstep {\n  %0 = load p.x : f64[p]\n",
                      "  %1 = add %0, 1 : f64[p]\n  store p.x, %1\n}\n");
}

// The least seconds that a step of a program takes. `steps` are measured together, so few that the
// system seldom runs other programs meanwhile.
absl::StatusOr<double> SecondsOf(const std::string& text, int width, uint64_t steps) {
  BNSYN_ASSIGN_OR_RETURN(ir::Program program, ir::Parse(text, "roofline"));
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.compile.width = width;
  options.profile = true;
  options.record_spikes = false;
  BNSYN_ASSIGN_OR_RETURN(Simulation simulation, Compile(std::move(program), options));
  BNSYN_RETURN_IF_ERROR(simulation.Step(1));
  double least = std::numeric_limits<double>::infinity();
  constexpr int kRepeats = 30;
  for (int i = 0; i < kRepeats; ++i) {
    const double before = ReportOf(simulation).kernels[0].seconds;
    BNSYN_RETURN_IF_ERROR(simulation.Step(steps));
    least = std::min(least, ReportOf(simulation).kernels[0].seconds - before);
  }
  return least / static_cast<double>(steps);
}

}  // namespace

double Roof::Seconds(const Work& work) const {
  return std::max(work.flops / flops_per_second, work.bytes / bytes_per_second);
}

absl::StatusOr<Work> WorkOf(const ir::Program& program, const ir::Block& kernel) {
  BNSYN_ASSIGN_OR_RETURN(const std::vector<bool> rare, RareNodes(program, kernel));
  Work work;
  std::set<std::pair<uint64_t, bool>> moved;  // state, and whether it is written
  for (ir::NodeId id = 0; id < kernel.nodes.size(); ++id) {
    const ir::Node& node = kernel.nodes[id];
    if (rare[id]) continue;
    const double elements = node.type().uniform() ? 1 : program.Size(node.domain);
    work.flops += FlopsOf(node) * elements * kernel.times;
    if (node.op == ir::Op::kLoad || node.op == ir::Op::kStore || node.op == ir::Op::kGather) {
      if (!moved.insert({node.attr, node.op == ir::Op::kStore}).second) continue;
      work.bytes += elements * ir::ElementBytes(node.element);
    }
    // A sum is read, and what is taken is cleared.
    if (node.op == ir::Op::kTake || node.op == ir::Op::kHeld) {
      const auto bytes = static_cast<double>(program.inputs[node.attr].accumulator.bytes());
      work.bytes += elements * bytes * (node.op == ir::Op::kTake ? 2 : 1);
    }
  }
  return work;
}

Work WorkOfEvent(const ir::Program& program) {
  Work sum;
  double projections = 0;
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const ir::Block* const on_pre = program.FindSynaptic(ir::BlockKind::kOnPre, id);
    if (on_pre == nullptr) continue;
    Work work;
    work.bytes = sizeof(uint32_t) + (program.HasOwnWeights(id) ? sizeof(double) : 0);
    for (const ir::Node& node : on_pre->nodes) {
      work.flops += FlopsOf(node);
      if (!ir::Accumulates(node)) continue;
      work.bytes += 2 * static_cast<double>(program.inputs[node.attr].accumulator.bytes());
    }
    sum = sum + work;
    ++projections;
  }
  return projections == 0 ? Work{} : Work{sum.flops / projections, sum.bytes / projections};
}

absl::StatusOr<Roof> MeasureRoof(double bytes, int width) {
  Roof roof;
  constexpr uint32_t kInCache = 512;
  BNSYN_ASSIGN_OR_RETURN(const double chains, SecondsOf(Chains(kInCache), width, 20));
  roof.flops_per_second = 2.0 * kStates * kChain * kInCache / chains;
  constexpr double kMoved = 16;  // bytes of an element that a step reads and writes
  const double elements = std::clamp(bytes / kMoved, 1024.0, 1e7);
  const auto steps = static_cast<uint64_t>(std::clamp(1e7 / (elements * kMoved), 1.0, 1000.0));
  BNSYN_ASSIGN_OR_RETURN(const double stream,
                         SecondsOf(Stream(static_cast<uint32_t>(elements)), width, steps));
  roof.bytes_per_second = elements * kMoved / stream;
  return roof;
}

}  // namespace bnsyn::tools
