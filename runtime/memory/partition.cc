#include "runtime/memory/partition.h"

#include <algorithm>
#include <numeric>

#include "compiler/emission/kernel_abi.h"

namespace bnsyn {

Partition::Partition(const ir::Program& program, int threads) : threads_(threads) {
  using compiler::kGroup;
  const auto n = static_cast<uint32_t>(threads);
  uint32_t first_with_more = 0;
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    const ir::Population& population = program.populations[p];
    if (!program.HasNeurons(p)) {
      // Further events of neurons belong to the thread of the neurons.
      const ir::PopulationId neurons =
          program.domains[static_cast<size_t>(population.domain)].index;
      for (int t = 0; t < threads; ++t) ranges_.push_back(range(neurons, t));
      continue;
    }
    const uint32_t groups = (population.size - 1) / kGroup + 1;
    const uint32_t more = groups % n;
    uint64_t begin = 0;
    for (uint32_t t = 0; t < n; ++t) {
      const bool has_more = (t + n - first_with_more) % n < more;
      const uint64_t end = begin + uint64_t{groups / n + (has_more ? 1 : 0)} * kGroup;
      const auto clamp = [&](uint64_t i) {
        return static_cast<uint32_t>(std::min<uint64_t>(i, population.size));
      };
      ranges_.push_back({clamp(begin), clamp(end)});
      begin = end;
    }
    first_with_more = (first_with_more + more) % n;
  }
}

Range RangeOf(const ir::Program& program, const Partition& partition, ir::InputId input,
              int thread) {
  const auto domain = static_cast<size_t>(program.inputs[input].population);
  return partition.range(program.domains[domain].index, thread);
}

SumPlaces::SumPlaces(const ir::Program& program, const Partition& partition)
    : inputs_(program.inputs.size()) {
  constexpr uint64_t kGroup = compiler::kGroup;
  std::vector<ir::InputId> order(inputs_);
  std::iota(order.begin(), order.end(), ir::InputId{0});
  std::stable_sort(order.begin(), order.end(), [&](ir::InputId a, ir::InputId b) {
    return program.inputs[a].accumulator.width() > program.inputs[b].accumulator.width();
  });
  places_.resize(inputs_ * static_cast<size_t>(partition.threads()));
  for (int thread = 0; thread < partition.threads(); ++thread) {
    Whole whole;
    for (const ir::InputId input : order) {
      const uint64_t neurons = RangeOf(program, partition, input, thread).size();
      Places& own = places_[static_cast<size_t>(thread) * inputs_ + input];
      own = {whole.places, whole.places + (neurons + kGroup - 1) / kGroup * kGroup, whole.bytes,
             program.inputs[input].accumulator.bytes()};
      whole.places = own.end;
      whole.bytes += (own.end - own.begin) * own.sum_bytes;
    }
    wholes_.push_back(whole);
  }
}

}  // namespace bnsyn
