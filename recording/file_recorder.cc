// FileRecorder: collects what a run shows, and hands it to the thread that writes.
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bnsyn/recorder.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "recording/record_source.h"
#include "recording/record_writer.h"
#include "recording/write_queue.h"
#include "runtime/run_observer.h"
#include "runtime/simulation_internal.h"

namespace bnsyn {
namespace {

// Data are handed to the thread that writes when so many bytes have come together, or after so
// long.
constexpr uint64_t kBatchBytes = uint64_t{256} << 10;
constexpr std::chrono::milliseconds kHandOverEvery(250);

absl::StatusOr<std::unique_ptr<RecordWriter>> MakeWriter(RecordShapes shapes,
                                                         RecordedNetwork network,
                                                         const FileOptions& options) {
  switch (options.format) {
    case RecordFormat::kCsv:
      return MakeCsvWriter(std::move(shapes), options.directory);
    case RecordFormat::kNpy:
      return MakeNpyWriter(std::move(shapes), options.directory);
    case RecordFormat::kSonata:
      return MakeSonataWriter(std::move(shapes), std::move(network), options.directory);
    case RecordFormat::kBinary:
      return MakeBinaryWriter(std::move(shapes), options.descriptor);
  }
  return absl::InvalidArgumentError("no such format");
}

RecordedNetwork Describe(const ir::Program& program) {
  RecordedNetwork network;
  network.name = program.name;
  network.dt_ms = program.dt;
  network.seed = program.seed;
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    if (!program.HasNeurons(p)) continue;
    network.populations.push_back(program.populations[p].name);
    network.sizes.push_back(program.populations[p].size);
  }
  return network;
}

// Collects all records of a FileRecorder.
class Gatherer : public RunObserver {
 public:
  Gatherer(std::vector<RecordSource> sources, std::unique_ptr<WriteQueue> queue, uint64_t step)
      : sources_(std::move(sources)),
        queue_(std::move(queue)),
        data_(sources_.size()),
        sampled_(sources_.size()),
        end_(step) {}

  absl::Status Begin(uint64_t step) override {
    if (step == end_) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "the files that are recorded end at step ", end_, ", and the simulation is at step ", step,
        ": begin new files where it goes to another time"));
  }

  uint64_t NextSample(uint64_t step) const override {
    uint64_t next = UINT64_MAX;
    for (size_t r = 0; r < sources_.size(); ++r) {
      next = std::min(next, sources_[r].NextSample(std::max(step, sampled_[r])));
    }
    return next;
  }

  absl::Status Sample(uint64_t step) override {
    for (size_t r = 0; r < sources_.size(); ++r) {
      if (sources_[r].NextSample(std::max(step, sampled_[r])) != step) continue;
      sampled_[r] = step + 1;
      BNSYN_RETURN_IF_ERROR(sources_[r].Sample(step, data_[r]));
      BNSYN_RETURN_IF_ERROR(HandOver(r, kBatchBytes));
    }
    return absl::OkStatus();
  }

  void OnSpikes(ir::PopulationId population, uint64_t step, absl::Span<const uint32_t> neurons,
                absl::Span<const double> before) override {
    for (size_t r = 0; r < sources_.size(); ++r) {
      if (!sources_[r].takes_spikes()) continue;
      sources_[r].AddSpikes(population, step, neurons, before, data_[r]);
    }
  }

  absl::Status EndSlice(uint64_t step) override {
    end_ = step;
    const auto now = std::chrono::steady_clock::now();
    const bool due = now - handed_over_ >= kHandOverEvery;
    if (due) handed_over_ = now;
    for (size_t r = 0; r < sources_.size(); ++r) {
      BNSYN_RETURN_IF_ERROR(HandOver(r, due ? 1 : kBatchBytes));
    }
    return absl::OkStatus();
  }

  absl::Status Flush() {
    for (size_t r = 0; r < sources_.size(); ++r) BNSYN_RETURN_IF_ERROR(HandOver(r, 1));
    return queue_->Flush();
  }

  absl::StatusOr<std::vector<std::string>> Finish(bool complete) {
    for (size_t r = 0; r < sources_.size(); ++r) BNSYN_RETURN_IF_ERROR(HandOver(r, 1));
    return queue_->Finish(end_, complete);
  }

 private:
  // Hands the data of a record over if they have at least so many bytes.
  absl::Status HandOver(size_t record, uint64_t least) {
    if (BytesOf(data_[record]) < least) return absl::OkStatus();
    return queue_->Push(record, std::exchange(data_[record], {}));
  }

  const std::vector<RecordSource> sources_;
  const std::unique_ptr<WriteQueue> queue_;
  std::vector<RecordData> data_;   // by record: what was not handed over yet
  std::vector<uint64_t> sampled_;  // by record: steps before this one have their samples
  uint64_t end_ = 0;
  std::chrono::steady_clock::time_point handed_over_ = std::chrono::steady_clock::now();
};

absl::StatusOr<std::shared_ptr<Gatherer>> MakeGatherer(Simulation& simulation,
                                                       const std::vector<Record>& records,
                                                       const FileOptions& options) {
  std::vector<RecordSource> sources;
  RecordShapes shapes;
  bool spikes = false;
  for (const Record& record : records) {
    BNSYN_ASSIGN_OR_RETURN(RecordSource source, RecordSource::Create(simulation, record));
    for (const RecordShape& other : shapes) {
      if (other.name != source.shape().name) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "the record ", other.name, " is given twice: each has a file of its own name"));
    }
    spikes |= source.takes_spikes();
    shapes.push_back(source.shape());
    sources.push_back(std::move(source));
  }
  BNSYN_ASSIGN_OR_RETURN(std::unique_ptr<RecordWriter> writer,
                         MakeWriter(std::move(shapes), Describe(ProgramOf(simulation)), options));
  BNSYN_ASSIGN_OR_RETURN(std::unique_ptr<WriteQueue> queue,
                         WriteQueue::Start(std::move(writer), options.buffer_bytes));
  auto gatherer =
      std::make_shared<Gatherer>(std::move(sources), std::move(queue), simulation.step());
  BNSYN_RETURN_IF_ERROR(Attach(simulation, gatherer, spikes));
  return gatherer;
}

}  // namespace

class FileRecorder::Impl {
 public:
  explicit Impl(std::shared_ptr<Gatherer> gatherer) : gatherer_(std::move(gatherer)) {}

  absl::Status Flush() { return gatherer_ == nullptr ? absl::OkStatus() : gatherer_->Flush(); }

  absl::StatusOr<std::vector<std::string>> Finish(bool complete) {
    if (gatherer_ == nullptr) {
      return absl::FailedPreconditionError("this recording has ended already");
    }
    const std::shared_ptr<Gatherer> gatherer = std::move(gatherer_);
    return gatherer->Finish(complete);
  }

 private:
  std::shared_ptr<Gatherer> gatherer_;  // null after Finish
};

FileRecorder::FileRecorder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileRecorder::FileRecorder(FileRecorder&&) noexcept = default;
FileRecorder& FileRecorder::operator=(FileRecorder&&) noexcept = default;
FileRecorder::~FileRecorder() = default;

absl::StatusOr<FileRecorder> FileRecorder::Create(Simulation& simulation,
                                                  const std::vector<Record>& records,
                                                  const FileOptions& options) {
  return ir::WithinMemory([&]() -> absl::StatusOr<FileRecorder> {
    BNSYN_ASSIGN_OR_RETURN(std::shared_ptr<Gatherer> gatherer,
                           MakeGatherer(simulation, records, options));
    return FileRecorder(std::make_unique<Impl>(std::move(gatherer)));
  });
}

absl::Status FileRecorder::Flush() {
  return ir::WithinMemory([&] { return impl_->Flush(); });
}

absl::StatusOr<std::vector<std::string>> FileRecorder::Finish(bool complete) {
  return ir::WithinMemory([&] { return impl_->Finish(complete); });
}

}  // namespace bnsyn
