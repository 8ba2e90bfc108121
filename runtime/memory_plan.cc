#include "runtime/memory_plan.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/status_macros.h"
#include "reference/accumulator.h"
#include "reference/connectivity.h"
#include "runtime/delivery/group_history.h"
#include "runtime/delivery/synapse_block.h"
#include "runtime/exchange/epoch.h"
#include "runtime/exchange/spikes.h"
#include "runtime/memory/network_memory.h"
#include "runtime/run_memory.h"

namespace bnsyn {
namespace {

double Elements(const ir::Program& program, ir::DomainId domain) {
  return static_cast<double>(PaddedSize(program.Size(domain)));
}

// Bytes of all states that last from step to step, or of all temporaries.
double StateBytes(const ir::Program& program, bool temporary) {
  double bytes = 0;
  for (const ir::State& state : program.states) {
    if (state.temporary != temporary) continue;
    bytes += Elements(program, state.type.domain) * ir::ElementBytes(state.type.element) *
             state.places();
  }
  return bytes;
}

// The interpreter keeps the value of every node of the step over its whole domain.
double NodeBytes(const ir::Program& program) {
  double bytes = 0;
  for (const std::vector<ir::Block>* const blocks : {&program.loops, &program.step}) {
    for (const ir::Block& block : *blocks) {
      for (const ir::Node& node : block.nodes) {
        if (!ir::HasResult(node.op)) continue;
        bytes += Elements(program, node.domain) * ir::ElementBytes(node.element);
      }
    }
  }
  return bytes;
}

// The spikes of one step at most: one of each kind of event a neuron, or as many as it may have.
double MostSpikes(const ir::Program& program) {
  double spikes = 0;
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    spikes += static_cast<double>(program.populations[p].size) * program.MostRepeats(p);
  }
  return spikes;
}

// Bytes of one synapse in the tables of the reference: neurons, number, weight, delay, states.
size_t ReferenceSynapseBytes(const ir::Program& program, ir::ProjectionId id) {
  size_t bytes = 2 * sizeof(uint32_t) + sizeof(uint64_t);
  if (program.HasOwnWeights(id)) bytes += sizeof(double);
  if (program.HasOwnDelays(id)) bytes += sizeof(uint32_t);
  for (const ir::StateId state : program.SynapseStates(id)) {
    bytes += static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
  }
  if (program.FindSynaptic(ir::BlockKind::kOnPost, id) != nullptr) bytes += sizeof(uint64_t);
  return bytes;
}

// Bytes of the synapses of a projection in the tables of the reference.
double ReferenceBytes(const ir::Program& program, ir::ProjectionId id, double expected,
                      Propagation propagation) {
  const ir::Projection& projection = program.projections[id];
  const double sources = program.populations[projection.source].size;
  const double targets = program.populations[projection.target].size;
  switch (propagation) {
    case Propagation::kCsr:
      return (sources + targets + 2) * sizeof(uint64_t) +
             SynapsesWithMargin(expected) * static_cast<double>(ReferenceSynapseBytes(program, id));
    case Propagation::kDense:
      return sources * targets * sizeof(int64_t);
  }
  return 0;
}

// Additional bytes while the reference draws and sorts the synapses of a projection.
double DrawingBytes(const ir::Program& program, ir::ProjectionId id, double expected) {
  constexpr size_t kDrawn = 2 * sizeof(uint32_t);  // source or list row, target
  size_t own = (program.HasOwnWeights(id) ? sizeof(double) : 0) +
               (program.HasOwnDelays(id) ? sizeof(uint32_t) : 0);
  for (const ir::StateId state : program.SynapseStates(id)) {
    own += static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
  }
  return SynapsesWithMargin(expected) * static_cast<double>(kDrawn + 2 * own);
}

// How many synapses of a group a thread is likely to have: its part of the targets, with a margin.
uint64_t LikelySynapses(const ir::Program& program, const SynapseGroup& group,
                        const Partition& partition, int thread) {
  double expected = 0;
  for (size_t i = 0; i < group.projections.size(); ++i) {
    const ir::ProjectionId id = group.projections[i];
    const Range own = partition.range(program.projections[id].target, thread);
    const ir::SelectedNeurons targets = program.TargetsOf(id);
    expected += group.expected_each[i] * (targets.RankOf(own.end) - targets.RankOf(own.begin)) /
                targets.size();
  }
  // More bytes than any machine has, and few enough for 64 bits.
  constexpr double kMost = 0x1p55;
  return static_cast<uint64_t>(std::min(std::ceil(SynapsesWithMargin(expected)), kMost));
}

// Bytes of the synapses of a group.
absl::StatusOr<double> GroupBytes(const ir::Program& program, const SynapseGroup& group,
                                  const Partition& partition, const SumPlaces& places) {
  Arena arena = Arena::Counting();
  for (int thread = 0; thread < partition.threads(); ++thread) {
    const uint64_t synapses = LikelySynapses(program, group, partition, thread);
    SynapseBlock block(program, group, TargetSumsOf(program, group, places, thread));
    BNSYN_RETURN_IF_ERROR(block.Reserve(program, group, synapses, arena));
    BNSYN_RETURN_IF_ERROR(block.ReserveByTarget(program, group, synapses, arena));
    BNSYN_RETURN_IF_ERROR(block.ReserveSaved(program, group, synapses, arena));
  }
  return arena.parts()[0].bytes;
}

// Bytes of the pairs of a group that are drawn by target, before they are stored as synapses.
double DrawnBytes(const ir::Program& program, const SynapseGroup& group, int threads) {
  double bytes = 0;
  for (const ir::ProjectionId id : group.projections) {
    const ir::Projection& projection = program.projections[id];
    const bool total = projection.rule.kind == ir::RuleKind::kFixedTotal;
    if (!total && projection.rule.kind != ir::RuleKind::kFixedInDegree) continue;
    const double columns = total ? 1 : program.TargetsOf(id).size();
    bytes += static_cast<double>(projection.rule.count) * columns * sizeof(uint32_t);
    bytes += 2.0 * threads * program.populations[group.source].size * sizeof(uint64_t);
  }
  return bytes;
}

// Additional bytes while synapses are built. Pairs are freed as synapses are stored, so that a
// group takes the larger of both; batches of synapses are small.
double BuildingBytes(const ir::Program& program, const Layout& layout, const Partition& partition,
                     const std::vector<double>& group_bytes) {
  constexpr double kBatch = 16384;
  constexpr double kPair = 12;
  constexpr double kSynapse = 96;  // with all arrays of the code that makes it
  double done = 0;
  double peak = 0;
  double batches = 0;
  for (size_t g = 0; g < layout.groups.size(); ++g) {
    const SynapseGroup& group = layout.groups[g];
    const double bytes = group_bytes[g];
    peak = std::max(peak, done + std::max(bytes, DrawnBytes(program, group, partition.threads())));
    done += bytes;
    const double most =
        kBatch * partition.threads() * static_cast<double>(group.projections.size());
    const bool computed = group.form != SynapseForm::kConstant || group.delays() > 1;
    batches = std::max(batches, std::min(group.expected, most) * (computed ? kSynapse : kPair));
  }
  double sums = 0;  // of the proof that inputs do not overflow
  for (const ir::Input& input : program.inputs) sums += program.Size(input.population);
  const bool wide = std::any_of(program.inputs.begin(), program.inputs.end(),
                                [](const ir::Input& input) { return input.accumulator.wide; });
  const double bound = sizeof(int64_t) + (wide ? sizeof(reference::Quanta) : 0);
  return std::max(0.0, peak - done) + batches + 2 * sums * bound;
}

std::string Megabytes(double bytes) { return absl::StrFormat("%.0f MB", bytes / 1e6); }

}  // namespace

double MemoryPlan::total() const {
  double sum = 0;
  for (const MemoryPart& part : parts) sum += part.bytes;
  return sum;
}

namespace {

// The sums of the reference, which have 128 bits whatever the program says.
double InputBytes(const ir::Program& program) {
  double bytes = 0;
  for (const ir::Input& input : program.inputs) {
    bytes += Elements(program, input.population) * sizeof(reference::Quanta);
  }
  return bytes;
}

absl::StatusOr<MemoryPlan> PlanReference(const ir::Program& program, const EngineOptions& options) {
  MemoryPlan plan;
  plan.parts.push_back({"states", StateBytes(program, false)});
  plan.parts.push_back({"inputs", InputBytes(program)});
  plan.parts.push_back(
      {"spikes in flight", MostSpikes(program) * sizeof(uint32_t) * SpikeRing::Slots(program, 1)});
  plan.parts.push_back({"values of nodes", StateBytes(program, true) + NodeBytes(program)});
  double drawing = 0;
  for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
    BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                           reference::Connectivity::Create(program, p, {}));
    const double expected = connectivity.ExpectedSynapses();
    plan.parts.push_back({absl::StrCat("synapses of ", program.projections[p].name),
                          ReferenceBytes(program, p, expected, options.propagation)});
    drawing = std::max(drawing, DrawingBytes(program, p, expected));
  }
  plan.parts.push_back({"synapses while they are drawn", drawing});
  return plan;
}

}  // namespace

absl::StatusOr<MemoryPlan> PlanAccelerated(const AcceleratedProgram& accelerated,
                                           const EngineOptions& options) {
  const auto& [program, partition, layout] = accelerated;
  const uint32_t epoch = StepsPerEpoch(program, layout, partition.threads());
  Arena arena = Arena::Counting();
  BNSYN_RETURN_IF_ERROR(
      RunMemory::Allocate(program, partition, epoch, options.record_spikes, arena).status());
  MemoryPlan plan = {arena.parts()};
  std::vector<double> group_bytes;
  const SumPlaces places(program, partition);
  for (const SynapseGroup& group : layout.groups) {
    // The projections of a group share its bytes in proportion to their expected synapses.
    BNSYN_ASSIGN_OR_RETURN(const double bytes, GroupBytes(program, group, partition, places));
    group_bytes.push_back(bytes);
    for (size_t i = 0; i < group.projections.size(); ++i) {
      const double share = group.expected > 0 ? group.expected_each[i] / group.expected
                                              : 1.0 / static_cast<double>(group.projections.size());
      plan.parts.push_back(
          {absl::StrCat("synapses of ", program.projections[group.projections[i]].name),
           bytes * share});
    }
  }
  Arena histories = Arena::Counting();
  BNSYN_RETURN_IF_ERROR(CountHistories(program, layout, partition, options.histories, histories));
  plan.parts.insert(plan.parts.end(), histories.parts().begin(), histories.parts().end());
  plan.parts.push_back(
      {"synapses while they are drawn", BuildingBytes(program, layout, partition, group_bytes)});
  return plan;
}

absl::StatusOr<MemoryPlan> PlanMemory(const ir::Program& program, const EngineOptions& options) {
  if (options.backend == Backend::kReference) return PlanReference(program, options);
  BNSYN_ASSIGN_OR_RETURN(const AcceleratedProgram accelerated,
                         PrepareAccelerated(program, options));
  return PlanAccelerated(accelerated, options);
}

absl::Status CheckMemory(const MemoryPlan& plan, uint64_t limit) {
  const bool given = limit != 0;
  if (!given) limit = AvailableMemory();
  if (limit == 0 || plan.total() <= static_cast<double>(limit)) return absl::OkStatus();
  std::vector<MemoryPart> parts = plan.parts;
  std::stable_sort(parts.begin(), parts.end(),
                   [](const MemoryPart& a, const MemoryPart& b) { return a.bytes > b.bytes; });
  std::string message =
      absl::StrCat("the network needs ", Megabytes(plan.total()), " of memory, but ",
                   given ? "it may take " : "this machine has ",
                   Megabytes(static_cast<double>(limit)), given ? "" : " free", ":");
  constexpr size_t kShown = 4;
  for (size_t i = 0; i < std::min(kShown, parts.size()); ++i) {
    absl::StrAppend(&message, "\n  ", Megabytes(parts[i].bytes), "  ", parts[i].name);
  }
  if (parts.size() > kShown) {
    double rest = 0;
    for (size_t i = kShown; i < parts.size(); ++i) rest += parts[i].bytes;
    absl::StrAppend(&message, "\n  ", Megabytes(rest), "  ", parts.size() - kShown, " other parts");
  }
  absl::StrAppend(&message, "\n  note: make populations or connection probabilities smaller",
                  given ? ", or raise the memory limit" : "");
  return absl::ResourceExhaustedError(message);
}

uint64_t AvailableMemory() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  uint64_t kilobytes = 0;
  std::string unit;
  while (file >> key >> kilobytes) {
    if (key == "MemAvailable:") return kilobytes * 1024;
    std::getline(file, unit);
  }
  return 0;
}

}  // namespace bnsyn
