#include "runtime/memory_plan.h"

#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/status_macros.h"
#include "reference/connectivity.h"
#include "runtime/network_memory.h"
#include "runtime/spikes.h"
#include "runtime/synapses.h"

namespace bnsyn {
namespace {

double Elements(const ir::Program& program, ir::DomainId domain) {
  return static_cast<double>(PaddedSize(program.Size(domain)));
}

// Bytes of all states that live from step to step, or of all temporaries.
double StateBytes(const ir::Program& program, bool temporary) {
  double bytes = 0;
  for (const ir::State& state : program.states) {
    if (state.temporary != temporary) continue;
    bytes += Elements(program, state.type.domain) * ir::ElementBytes(state.type.element);
  }
  return bytes;
}

// The interpreter keeps the value of every node of the step over its whole domain.
double NodeBytes(const ir::Program& program) {
  double bytes = 0;
  for (const ir::Block& block : program.step) {
    for (const ir::Node& node : block.nodes) {
      if (!ir::HasResult(node.op)) continue;
      bytes += Elements(program, node.domain) * ir::ElementBytes(node.element);
    }
  }
  return bytes;
}

// The spikes of one step at most: one of each kind of event a neuron.
double MostSpikes(const ir::Program& program) {
  double spikes = 0;
  for (const ir::Population& population : program.populations) spikes += population.size;
  return spikes;
}

// Of one synapse in the reference's tables: neurons, number, and what it has of its own.
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

// Synapses stand row by row, one list of rows for each delay there may be.
double SynapseListBytes(const ir::Program& program, ir::ProjectionId id, double expected,
                        const SimulationOptions& options) {
  const ir::Projection& projection = program.projections[id];
  const double sources = program.populations[projection.source].size;
  const double targets = program.populations[projection.target].size;
  const double delays =
      program.HasOwnDelays(id) ? projection.max_delay - projection.delay + 1.0 : 1.0;
  const double synapses = SynapsesWithMargin(expected);
  if (options.backend == Backend::kAccelerated) {
    double lists = delays * (sources + 1) * sizeof(uint64_t);
    if (program.FindSynaptic(ir::BlockKind::kOnPost, id) != nullptr) {
      lists += (targets + 1) * sizeof(uint64_t);
    }
    return options.threads * lists + synapses * static_cast<double>(SynapseBytes(program, id));
  }
  switch (options.propagation) {
    case Propagation::kCsr:
      return (sources + targets + 2) * sizeof(uint64_t) +
             synapses * static_cast<double>(ReferenceSynapseBytes(program, id));
    case Propagation::kDense:
      return sources * targets * sizeof(int64_t);
  }
  return 0;
}

// What stands beside the synapses of a projection while they are drawn and put in order.
double BuildingBytes(const ir::Program& program, ir::ProjectionId id, double expected) {
  constexpr size_t kDrawn = 2 * sizeof(uint32_t);  // source or list row, target
  size_t own = (program.HasOwnWeights(id) ? sizeof(double) : 0) +
               (program.HasOwnDelays(id) ? sizeof(uint32_t) : 0);
  for (const ir::StateId state : program.SynapseStates(id)) {
    own += static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
  }
  return SynapsesWithMargin(expected) * static_cast<double>(kDrawn + 2 * own);
}

std::string Megabytes(double bytes) { return absl::StrFormat("%.0f MB", bytes / 1e6); }

}  // namespace

double MemoryPlan::total() const {
  double sum = 0;
  for (const MemoryPart& part : parts) sum += part.bytes;
  return sum;
}

absl::StatusOr<MemoryPlan> PlanMemory(const ir::Program& program,
                                      const SimulationOptions& options) {
  MemoryPlan plan;
  const double spikes = MostSpikes(program);
  double inputs = 0;
  for (const ir::Input& input : program.inputs) {
    inputs += Elements(program, input.population) * sizeof(int64_t);
  }
  plan.parts.push_back({"states", StateBytes(program, false)});
  plan.parts.push_back({"inputs", inputs});
  if (options.backend == Backend::kAccelerated) {
    double tables = 0;
    for (ir::TableId t = 0; t < program.tables.size(); ++t) {
      tables += static_cast<double>(LookupBytes(program, t));
    }
    if (tables > 0) plan.parts.push_back({"tables", tables});
  }
  plan.parts.push_back(
      {"spikes in flight", spikes * sizeof(uint32_t) * SpikeRing::Slots(program.MaxDelay())});
  if (options.backend == Backend::kAccelerated) {
    plan.parts.push_back({"values between kernels", StateBytes(program, true)});
    if (options.record_spikes) {
      const auto worst = static_cast<size_t>(spikes) + program.populations.size();
      plan.parts.push_back(
          {"spike records", options.threads * static_cast<double>(RecordBytes(
                                                  worst / static_cast<size_t>(options.threads)))});
    }
  } else {
    plan.parts.push_back({"values of nodes", StateBytes(program, true) + NodeBytes(program)});
  }
  double building = 0;
  for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
    BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                           reference::Connectivity::Create(program, p, {}));
    const double expected = connectivity.ExpectedSynapses();
    plan.parts.push_back({absl::StrCat("synapses of ", program.projections[p].name),
                          SynapseListBytes(program, p, expected, options)});
    building = std::max(building, BuildingBytes(program, p, expected));
  }
  plan.parts.push_back({"synapses while they are drawn", building});
  return plan;
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
