#include "bnsyn/recorder.h"

#include <utility>

#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "recording/record_source.h"
#include "runtime/run_observer.h"

namespace bnsyn {

size_t RecordShape::width() const {
  if (kind == RecordKind::kSpikes) return 0;
  if (kind == RecordKind::kStatistics) return columns.size();
  return elements.empty() ? 1 : elements.size();
}

absl::Span<const absl::string_view> RecordFormatWords() {
  static constexpr absl::string_view kWords[] = {"csv", "npy", "sonata", "binary"};
  return kWords;
}

class Recorder::Impl : public RunObserver {
 public:
  Impl(RecordSource source, RecordFunction function)
      : source_(std::move(source)),
        function_(std::move(function)),
        data_(std::make_shared<RecordData>()) {}

  const RecordSource& source() const { return source_; }
  const RecordData& data() const { return *data_; }
  std::shared_ptr<const RecordData> Share() const { return data_; }
  void Clear() {
    if (data_.use_count() > 1) {
      data_ = std::make_shared<RecordData>();
    } else {
      *data_ = {};
    }
  }

  absl::Status Begin(uint64_t step) override {
    // The host went back: what it saw from this step on is of another past.
    if (step < end_) Cut(step);
    end_ = step;
    return absl::OkStatus();
  }

  uint64_t NextSample(uint64_t step) const override {
    const bool taken = sampled_ > step;
    return source_.NextSample(taken ? sampled_ : step);
  }

  absl::Status Sample(uint64_t step) override {
    sampled_ = step + 1;
    return source_.Sample(step, Own());
  }

  void OnSpikes(ir::PopulationId population, uint64_t step, absl::Span<const uint32_t> neurons,
                absl::Span<const double> before) override {
    source_.AddSpikes(population, step, neurons, before, Own());
  }

  absl::Status EndSlice(uint64_t step) override {
    end_ = step;
    if (function_ == nullptr || data_->steps.empty()) return absl::OkStatus();
    const absl::Status status = function_(source_.shape(), *data_);
    Clear();
    return status;
  }

 private:
  // The data, which nobody else holds then.
  RecordData& Own() {
    if (data_.use_count() > 1) data_ = std::make_shared<RecordData>(*data_);
    return *data_;
  }

  // Drops what is of `step` and later. A sample before `step` is of an earlier one.
  void Cut(uint64_t step) {
    RecordData& data = Own();
    size_t kept = data.steps.size();
    while (kept > 0 && data.steps[kept - 1] >= step) --kept;
    const size_t width = source_.shape().width();
    const auto cut = [](auto& values, size_t size) {
      if (values.size() > size) values.resize(size);
    };
    cut(data.steps, kept);
    cut(data.times, kept);
    cut(data.neurons, kept);
    cut(data.populations, kept);
    cut(data.f64, kept * width);
    cut(data.f32, kept * width);
    cut(data.i64, kept * width);
    sampled_ = std::min(sampled_, step);
  }

  const RecordSource source_;
  const RecordFunction function_;
  std::shared_ptr<RecordData> data_;
  uint64_t end_ = 0;      // where the last run ended
  uint64_t sampled_ = 0;  // steps before this one have their samples
};

Recorder::Recorder(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Recorder::Recorder(Recorder&&) noexcept = default;
Recorder& Recorder::operator=(Recorder&&) noexcept = default;
Recorder::~Recorder() = default;

absl::StatusOr<Recorder> Recorder::ToFunction(Simulation& simulation, const Record& record,
                                              RecordFunction function) {
  return ir::WithinMemory([&]() -> absl::StatusOr<Recorder> {
    BNSYN_ASSIGN_OR_RETURN(RecordSource source, RecordSource::Create(simulation, record));
    const bool spikes = source.takes_spikes();
    auto impl = std::make_shared<Impl>(std::move(source), std::move(function));
    BNSYN_RETURN_IF_ERROR(Attach(simulation, impl, spikes));
    return Recorder(std::move(impl));
  });
}

absl::StatusOr<Recorder> Recorder::ToMemory(Simulation& simulation, const Record& record) {
  return ToFunction(simulation, record, nullptr);
}

const RecordShape& Recorder::shape() const { return impl_->source().shape(); }
const RecordData& Recorder::data() const { return impl_->data(); }
std::shared_ptr<const RecordData> Recorder::Share() const { return impl_->Share(); }
void Recorder::Clear() { impl_->Clear(); }

}  // namespace bnsyn
