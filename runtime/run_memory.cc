#include "runtime/run_memory.h"

#include <utility>

#include "ir/status_macros.h"

namespace bnsyn {
namespace {

// The most words that a thread records of one step.
size_t MostWords(const ir::Program& program, const Partition& partition, int thread) {
  size_t words = 0;
  for (const ir::Block& block : program.step) {
    for (const ir::Node& node : block.nodes) {
      if (node.op != ir::Op::kSpike) continue;
      const auto population = static_cast<ir::PopulationId>(node.attr);
      words +=
          1 + size_t{program.MostRepeats(population)} * partition.range(population, thread).size();
    }
  }
  return words;
}

}  // namespace

absl::StatusOr<RunMemory> RunMemory::Allocate(const ir::Program& program,
                                              const Partition& partition, uint32_t epoch,
                                              bool record_spikes, Arena& arena) {
  BNSYN_ASSIGN_OR_RETURN(NetworkMemory values, NetworkMemory::Create(program, partition, arena));
  BNSYN_ASSIGN_OR_RETURN(SpikeRing ring, SpikeRing::Create(program, partition, epoch, arena));
  std::vector<SpikeRecord> records;
  for (int t = 0; t < (record_spikes ? partition.threads() : 0); ++t) {
    const size_t words = MostWords(program, partition, t) * epoch;
    BNSYN_ASSIGN_OR_RETURN(SpikeRecord record, SpikeRecord::Create(words, arena));
    records.push_back(std::move(record));
  }
  return RunMemory{std::move(values), std::move(ring), std::move(records)};
}

}  // namespace bnsyn
