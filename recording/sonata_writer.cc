// Recordings as SONATA lays them out in HDF5 (github.com/AllenInstitute/sonata, "reports"): a file
// of spikes, and one for each report, with the configuration that opens them as a simulation.
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "recording/hdf5.h"
#include "recording/hdf5_driver.h"
#include "recording/part_file.h"
#include "recording/record_writer.h"
#include "recording/sonata_config.h"

namespace bnsyn {
namespace {

using hdf5::Growing;
using hdf5::Handle;

constexpr uint32_t kMagic = 0x0A7A;
constexpr uint32_t kVersion[2] = {0, 1};

// The enumeration of how spikes are sorted.
enum class Sorting : uint8_t { kNone = 0, kById = 1, kByTime = 2 };

// An open file of one record, until it is whole.
struct OpenFile {
  PartFile part;
  Handle file;
};

absl::StatusOr<OpenFile> MakeFile(const std::string& directory, const std::string& name) {
  BNSYN_ASSIGN_OR_RETURN(PartFile part, PartFile::Reserve(directory, name));
  OpenFile open = {std::move(part), {}};
  open.file = hdf5::CreateFile(open.part.partial());
  const bool fine =
      open.file.ok() && hdf5::WriteAttribute(open.file, "magic", kMagic) &&
      hdf5::WriteNumbers(open.file, "version", H5T_NATIVE_UINT32, kVersion, uint64_t{2}) &&
      hdf5::WriteAttribute(open.file, "complete", uint32_t{0});
  if (!fine) return open.part.Failed();
  return open;
}

bool WriteSorting(const Handle& group, Sorting sorting) {
  const Handle type(H5Tenum_create(H5T_NATIVE_UINT8), &H5Tclose);
  const auto add = [&](const char* name, Sorting value) {
    return H5Tenum_insert(type.id(), name, &value) >= 0;
  };
  return type.ok() && add("none", Sorting::kNone) && add("by_id", Sorting::kById) &&
         add("by_time", Sorting::kByTime) &&
         hdf5::WriteNumbers(group, "sorting", type.id(), &sorting, std::nullopt);
}

// One record in its file.
class SonataFile {
 public:
  virtual ~SonataFile() = default;
  virtual bool Write(const RecordData& data) = 0;
  virtual bool Flush() = 0;
};

class SpikeFile : public SonataFile {
 public:
  static std::unique_ptr<SonataFile> Make(const RecordShape& shape, const Handle& file) {
    auto made = std::make_unique<SpikeFile>();
    const Handle spikes = hdf5::CreateGroup(file, "spikes");
    if (!spikes.ok()) return nullptr;
    for (const std::string& name : shape.populations) {
      OfPopulation one;
      one.group = hdf5::CreateGroup(spikes, name);
      if (!one.group.ok() || !WriteSorting(one.group, Sorting::kByTime)) return nullptr;
      one.timestamps = Growing::Create(one.group, "timestamps", H5T_NATIVE_DOUBLE, 0);
      one.node_ids = Growing::Create(one.group, "node_ids", H5T_NATIVE_UINT64, 0);
      if (!one.timestamps.ok() || !one.node_ids.ok() ||
          !hdf5::WriteText(one.timestamps.set(), "units", "ms")) {
        return nullptr;
      }
      made->populations_.push_back(std::move(one));
    }
    return made;
  }

  bool Write(const RecordData& data) override {
    for (size_t i = 0; i < data.steps.size(); ++i) {
      OfPopulation& one = populations_[data.populations[i]];
      const double time = data.times[i];
      const uint64_t neuron = data.neurons[i];
      // Spikes within a step may have times of their own.
      if (time < one.latest && one.sorted) {
        one.sorted = false;
        if (!WriteSorting(one.group, Sorting::kNone)) return false;
      }
      one.latest = time;
      if (!one.timestamps.Append(&time, 1) || !one.node_ids.Append(&neuron, 1)) return false;
    }
    return true;
  }

  bool Flush() override {
    for (OfPopulation& one : populations_) {
      if (!one.timestamps.Flush() || !one.node_ids.Flush()) return false;
    }
    return true;
  }

 private:
  struct OfPopulation {
    Handle group;
    Growing timestamps;
    Growing node_ids;
    double latest = 0;
    bool sorted = true;
  };
  std::vector<OfPopulation> populations_;
};

class ReportFile : public SonataFile {
 public:
  static std::unique_ptr<SonataFile> Make(const RecordShape& shape, const Handle& file) {
    auto made = std::make_unique<ReportFile>();
    made->shape_ = shape;
    const Handle report = hdf5::CreateGroup(file, "report");
    const Handle population = hdf5::CreateGroup(report, ReportedPopulation(shape));
    if (!population.ok()) return nullptr;
    made->of_f64_ = shape.kind == RecordKind::kStatistics;
    made->data_ = Growing::Create(
        population, "data", made->of_f64_ ? H5T_NATIVE_DOUBLE : H5T_NATIVE_FLOAT, shape.width());
    if (!made->data_.ok() || !hdf5::WriteText(made->data_.set(), "units", shape.unit)) {
      return nullptr;
    }
    const Handle mapping = hdf5::CreateGroup(population, "mapping");
    if (!mapping.ok() || !made->WriteMapping(mapping)) return nullptr;
    return made;
  }

  bool Write(const RecordData& data) override {
    if (of_f64_) return data_.Append(data.f64.data(), data.f64.size());
    std::vector<float> values = data.f32;
    for (const double value : data.f64) values.push_back(static_cast<float>(value));
    for (const int64_t value : data.i64) values.push_back(static_cast<float>(value));
    return data_.Append(values.data(), values.size());
  }

  bool Flush() override {
    if (!data_.Flush()) return false;
    // The time at which the sample behind the last one would be.
    const auto end = static_cast<double>(shape_.start + shape_.every * data_.rows());
    const double times[3] = {static_cast<double>(shape_.start) * shape_.dt_ms, end * shape_.dt_ms,
                             static_cast<double>(shape_.every) * shape_.dt_ms};
    return H5Dwrite(time_.id(), H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, times) >= 0;
  }

 private:
  // One element for each value: point neurons have no others.
  bool WriteMapping(const Handle& mapping) {
    const uint64_t width = shape_.width();
    std::vector<uint64_t> ids(shape_.elements.begin(), shape_.elements.end());
    bool sorted = true;
    for (size_t k = 1; k < ids.size(); ++k) sorted &= ids[k - 1] < ids[k];
    for (uint64_t k = ids.size(); k < width; ++k) ids.push_back(k);
    std::vector<uint64_t> pointers;
    for (uint64_t k = 0; k <= width; ++k) pointers.push_back(k);
    const std::vector<uint32_t> zeros(width);
    const double times[3] = {0, 0, 0};
    const Handle nodes = hdf5::WriteArray<uint64_t>(mapping, "node_ids", ids);
    const Handle begins = hdf5::WriteArray<uint64_t>(mapping, "index_pointers", pointers);
    const Handle elements = hdf5::WriteArray<uint32_t>(mapping, "element_ids", zeros);
    time_ = hdf5::WriteArray<double>(mapping, "time", times);
    return nodes.ok() && begins.ok() && elements.ok() && time_.ok() &&
           hdf5::WriteAttribute(nodes, "sorted", static_cast<uint8_t>(sorted)) &&
           hdf5::WriteText(time_, "units", "ms") && Flush();
  }

  RecordShape shape_;
  bool of_f64_ = false;  // of statistics, whose counts a float does not hold
  Growing data_;
  Handle time_;
};

class SonataWriter : public RecordWriter {
 public:
  SonataWriter(RecordShapes shapes, RecordedNetwork network, std::string directory)
      : shapes_(std::move(shapes)),
        network_(std::move(network)),
        directory_(std::move(directory)) {}

  absl::Status Open() {
    const hdf5::Quiet quiet;
    for (const RecordShape& shape : shapes_) {
      BNSYN_ASSIGN_OR_RETURN(OpenFile open, MakeFile(directory_, shape.name + ".h5"));
      std::unique_ptr<SonataFile> file = shape.kind == RecordKind::kSpikes
                                             ? SpikeFile::Make(shape, open.file)
                                             : ReportFile::Make(shape, open.file);
      if (file == nullptr) return open.part.Failed();
      open_.push_back(std::move(open));
      files_.push_back(std::move(file));
    }
    return Flush();
  }

  absl::Status Write(size_t record, const RecordData& data) override {
    const hdf5::Quiet quiet;
    const bool fine = files_[record]->Write(data) && !hdf5::HasFailed(open_[record].file);
    return fine ? absl::OkStatus() : open_[record].part.Failed();
  }

  // All numbers first, and then what says where they are, in one go: the file on the disk is that
  // of the last flush until then.
  absl::Status Flush() override {
    const hdf5::Quiet quiet;
    for (size_t record = 0; record < files_.size(); ++record) {
      if (!files_[record]->Flush() || H5Fflush(open_[record].file.id(), H5F_SCOPE_LOCAL) < 0 ||
          hdf5::HasFailed(open_[record].file)) {
        return open_[record].part.Failed();
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> Finish(uint64_t end, bool complete) override {
    const hdf5::Quiet quiet;
    BNSYN_RETURN_IF_ERROR(Flush());
    std::vector<std::string> names;
    while (!files_.empty()) {
      files_.erase(files_.begin());
      OpenFile open = std::move(open_.front());
      open_.erase(open_.begin());
      const bool marked =
          hdf5::WriteAttribute(open.file, "complete", static_cast<uint32_t>(complete)) &&
          H5Fflush(open.file.id(), H5F_SCOPE_LOCAL) >= 0 && !hdf5::HasFailed(open.file);
      open.file = Handle();
      if (!marked) return open.part.Failed();
      BNSYN_RETURN_IF_ERROR(open.part.Publish());
      names.push_back(open.part.name());
    }
    BNSYN_ASSIGN_OR_RETURN(const std::vector<std::string> more,
                           WriteSonataConfig(directory_, network_, shapes_, end));
    names.insert(names.end(), more.begin(), more.end());
    return names;
  }

 private:
  const RecordShapes shapes_;
  const RecordedNetwork network_;
  const std::string directory_;
  std::vector<OpenFile> open_;
  std::vector<std::unique_ptr<SonataFile>> files_;  // before open_ in the order of their end
};

}  // namespace

absl::StatusOr<std::unique_ptr<RecordWriter>> MakeSonataWriter(RecordShapes shapes,
                                                               RecordedNetwork network,
                                                               const std::string& directory) {
  auto writer = std::make_unique<SonataWriter>(std::move(shapes), std::move(network), directory);
  BNSYN_RETURN_IF_ERROR(writer->Open());
  return writer;
}

}  // namespace bnsyn
