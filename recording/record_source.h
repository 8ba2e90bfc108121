// What one Record takes from a simulation: the one part that recorders of all kinds share.
#ifndef BNSYN_RECORDING_RECORD_SOURCE_H_
#define BNSYN_RECORDING_RECORD_SOURCE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "bnsyn/recorder.h"
#include "ir/program.h"
#include "recording/statistics.h"
#include "runtime/sampler.h"

namespace bnsyn {

class RecordSource {
 public:
  static absl::StatusOr<RecordSource> Create(const Simulation& simulation, const Record& record);

  const RecordShape& shape() const { return shape_; }
  bool takes_spikes() const { return shape_.kind == RecordKind::kSpikes; }
  // Of statistics: the bins of the histogram, if there is one.
  const std::optional<Bins>& bins() const { return bins_; }

  // The first step from `step` on at which a sample is due; UINT64_MAX for none.
  uint64_t NextSample(uint64_t step) const;
  // Adds the state before `step` to `data`.
  absl::Status Sample(uint64_t step, RecordData& data) const;
  // Adds those of these spikes to `data` that are asked for.
  void AddSpikes(ir::PopulationId population, uint64_t step, absl::Span<const uint32_t> neurons,
                 absl::Span<const double> before, RecordData& data) const;
  // Of statistics: those of the present values.
  absl::StatusOr<Statistics> PresentStatistics() const;

 private:
  // Of spikes, by population of the program.
  struct Chosen {
    std::optional<uint32_t> number;  // in shape_.populations; nullopt for one that is left out
    std::vector<bool> neurons;       // empty for all
  };

  absl::Status ChooseSpikes(const Simulation& simulation, const Record& record);
  absl::Status ChooseVariable(const Simulation& simulation, const Record& record);
  absl::Status ChooseBins(const ir::State& state, const Record& record,
                          const std::vector<compiler::Constant>& constants);

  RecordShape shape_;
  uint32_t spike_lag_ = 0;  // steps from that in which a spike is found to its time
  std::vector<Chosen> chosen_;
  std::optional<Sampler> sampler_;
  std::optional<Bins> bins_;
};

// The bytes that data take.
uint64_t BytesOf(const RecordData& data);

}  // namespace bnsyn

#endif  // BNSYN_RECORDING_RECORD_SOURCE_H_
