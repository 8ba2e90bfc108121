// Record a simulation while it runs: to memory, to a function, or to files.
//
//   absl::StatusOr<bnsyn::Recorder> trace =
//       bnsyn::Recorder::ToMemory(*sim, bnsyn::Record::Variable("exc.V[0:5]").Every("0.5 ms"));
//   absl::Status ran = sim->Run(1_s);
//   absl::Span<const double> v = trace->data().f64;      // trace->shape().width() to a sample
//
//   absl::StatusOr<bnsyn::FileRecorder> files = bnsyn::FileRecorder::Create(
//       *sim, {bnsyn::Record::Spikes()}, {.directory = "results"});
//   ran = sim->Run(1_s);
//   absl::StatusOr<std::vector<std::string>> names = files->Finish();    // results/spikes.csv
//
// Recorders take part in Run and Step of their simulation from where they are made until they are
// destroyed. A recorder may outlive its simulation, and keeps what it has. Recording changes no
// digest. Values are in the internal units (ms, mV, nS, pF, pA).
#ifndef BNSYN_RECORDER_H_
#define BNSYN_RECORDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "bnsyn/network.h"
#include "bnsyn/record.h"
#include "bnsyn/simulation.h"

namespace [[gnu::visibility("default")]] bnsyn {

enum class RecordedType : uint8_t {
  kF64,
  kF32,  // with Record::single
  kI64,  // variables that are whole numbers
};

// What a recorder records, known before the first step.
struct RecordShape {
  std::string name;  // of the files, without an ending
  RecordKind kind = RecordKind::kSpikes;
  double dt_ms = 0;
  uint64_t start = 0;          // the step of the first sample, or of the first spikes
  uint64_t every = 1;          // steps between samples
  uint64_t stop = UINT64_MAX;  // the step of the last sample, or of the first spikes left out
  uint64_t seed = 0;           // of the network
  // Of spikes: the populations, by the number that RecordData::populations holds, and their sizes.
  // Of a variable of neurons: their population alone.
  std::vector<std::string> populations;
  std::vector<uint32_t> sizes;

  // Of variables and statistics.
  std::string variable;  // "exc.V"
  std::string unit;      // "mV"; empty for none
  RecordedType type = RecordedType::kF64;
  // Of variables: the numbers of the neurons or synapses, one for each value of a sample; empty for
  // a variable that has one value.
  std::vector<uint32_t> elements;
  // Of statistics: what each value of a sample is: "count", "mean", ..., "from_0.5".
  std::vector<std::string> columns;

  // The values of a sample.
  size_t width() const;
};

// Spikes or samples, in the order of time; all but the vectors that are said to be of one kind are
// empty for others.
struct RecordData {
  std::vector<uint64_t> steps;        // of each spike or sample
  std::vector<double> times;          // the same in ms; a spike has the time of docs/time.md
  std::vector<uint32_t> neurons;      // of each spike, its number in its population
  std::vector<uint32_t> populations;  // of each spike: RecordShape::populations has the name
  std::vector<double> f64;            // of samples, width() for each; by RecordShape::type one of
  std::vector<float> f32;             // these three
  std::vector<int64_t> i64;
};

// Takes what was recorded since the last call; the data are valid until it returns. Called by the
// thread that runs the simulation, every few milliseconds and at the end of Run and Step. An error
// ends the run with it.
using RecordFunction = std::function<absl::Status(const RecordShape&, const RecordData&)>;

// Records one Record to memory or to a function. Movable. Creating one fails with InvalidArgument
// or NotFound where the record names what there is not, with a time that is no whole number of
// steps; and for spikes with FailedPrecondition if the simulation was compiled with neither
// record_spikes nor spike_recorders.
class Recorder {
 public:
  static absl::StatusOr<Recorder> ToMemory(Simulation& simulation, const Record& record);
  static absl::StatusOr<Recorder> ToFunction(Simulation& simulation, const Record& record,
                                             RecordFunction function);
  Recorder(Recorder&&) noexcept;
  Recorder& operator=(Recorder&&) noexcept;
  ~Recorder();

  const RecordShape& shape() const;
  // What was recorded to memory. The reference is valid until the simulation runs or the recorder
  // ends. A simulation that went back in time (Simulation::Restore) takes what came later along.
  const RecordData& data() const;
  // The same for longer: these data never change, whatever happens to recorder and simulation. No
  // copy is made before the recorder must add to data that are held.
  std::shared_ptr<const RecordData> Share() const;
  // Forgets what was recorded so far.
  void Clear();

 private:
  class [[gnu::visibility("hidden")]] Impl;
  explicit Recorder(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // the simulation knows it by a weak pointer
};

// How files are written (docs/recording.md has what they hold).
enum class RecordFormat : uint8_t {
  kCsv,     // spikes.csv, exc.V.csv
  kNpy,     // spikes.npy, exc.V.npy: NumPy's
  kSonata,  // spikes.h5, exc.V.h5: HDF5 as SONATA lays it out
  kBinary,  // records of bytes, for pipes
};
// The words of the command and of Python: "csv", "npy", "sonata", "binary", in this order.
absl::Span<const absl::string_view> RecordFormatWords();

struct FileOptions {
  std::string directory;  // made if it is missing
  RecordFormat format = RecordFormat::kCsv;
  // Of kBinary, which has no directory: the descriptor of an open file, 1 for standard output. It
  // stays open.
  int descriptor = 1;
  // The most bytes that wait to be written. A run waits where the disk is slower than that.
  uint64_t buffer_bytes = uint64_t{64} << 20;
};

// Records any number of Records to files, which a thread of its own writes. Until Finish the files
// are named NAME.PID.part; what was recorded up to a second ago is in them whatever happens to the
// process, and they can be read as they are. An error of writing ends the run with it. Movable.
class FileRecorder {
 public:
  // Fails like Recorder, if two records have one name, and if a file cannot be made.
  static absl::StatusOr<FileRecorder> Create(Simulation& simulation,
                                             const std::vector<Record>& records,
                                             const FileOptions& options);
  FileRecorder(FileRecorder&&) noexcept;
  FileRecorder& operator=(FileRecorder&&) noexcept;
  // Without Finish the files are deleted.
  ~FileRecorder();

  // Waits until all that was recorded so far is in the files, so that it is there if the process is
  // killed from now on. Fails with the first error of writing.
  absl::Status Flush();
  // Ends the recording: waits until all is written, and gives the files their names, which it
  // returns; those of the records first, in their order. `complete` false says that the run was
  // ended early: files that can, say so (the attribute `complete` of HDF5).
  absl::StatusOr<std::vector<std::string>> Finish(bool complete = true);

 private:
  class [[gnu::visibility("hidden")]] Impl;
  explicit FileRecorder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The records of a network, their settings evaluated with its constants, so that recorders need the
// network no more.
absl::StatusOr<std::vector<Record>> RecordsOf(const Network& network);

}  // namespace bnsyn

#endif  // BNSYN_RECORDER_H_
