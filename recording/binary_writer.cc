// Recordings as records of bytes, for pipes; docs/recording.md has the layout.
#include <nlohmann/json.hpp>
#include <utility>

#include "ir/status_macros.h"
#include "recording/bytes.h"
#include "recording/part_file.h"
#include "recording/record_writer.h"

namespace bnsyn {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kMagic[] = "bnsynrec";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kEnd = 0xffffffff;  // in the place of the number of a record

Json ToJson(const RecordShape& shape) {
  Json json = {{"name", shape.name}, {"dt_ms", shape.dt_ms}, {"start", shape.start}};
  if (shape.kind == RecordKind::kSpikes) {
    json["kind"] = "spikes";
    json["populations"] = shape.populations;
    json["sizes"] = shape.sizes;
    return json;
  }
  json["kind"] = shape.kind == RecordKind::kVariable ? "variable" : "statistics";
  json["variable"] = shape.variable;
  json["unit"] = shape.unit;
  json["every"] = shape.every;
  json["width"] = shape.width();
  json["type"] = shape.type == RecordedType::kF64   ? "<f8"
                 : shape.type == RecordedType::kF32 ? "<f4"
                                                    : "<i8";
  if (shape.kind == RecordKind::kVariable) {
    json["elements"] = shape.elements;
  } else {
    json["columns"] = shape.columns;
  }
  return json;
}

class BinaryWriter : public RecordWriter {
 public:
  BinaryWriter(RecordShapes shapes, int descriptor)
      : shapes_(std::move(shapes)), descriptor_(descriptor) {}

  absl::Status Open() {
    Json records = Json::array();
    for (const RecordShape& shape : shapes_) records.push_back(ToJson(shape));
    const std::string text = records.dump(-1, ' ', false, Json::error_handler_t::replace);
    bytes_.assign(kMagic, sizeof(kMagic) - 1);
    AppendBytes(bytes_, kVersion);
    AppendBytes(bytes_, static_cast<uint32_t>(text.size()));
    bytes_ += text;
    return Flush();
  }

  absl::Status Write(size_t record, const RecordData& data) override {
    const RecordShape& shape = shapes_[record];
    AppendBytes(bytes_, static_cast<uint32_t>(record));
    AppendBytes(bytes_, static_cast<uint32_t>(data.steps.size()));
    for (size_t i = 0; i < data.steps.size(); ++i) {
      AppendBytes(bytes_, data.steps[i]);
      AppendBytes(bytes_, data.times[i]);
      if (shape.kind == RecordKind::kSpikes) {
        AppendBytes(bytes_, data.populations[i]);
        AppendBytes(bytes_, data.neurons[i]);
        continue;
      }
      const size_t width = shape.width();
      switch (shape.type) {
        case RecordedType::kF64:
          AppendBytes(bytes_, data.f64.data() + i * width, width);
          break;
        case RecordedType::kF32:
          AppendBytes(bytes_, data.f32.data() + i * width, width);
          break;
        case RecordedType::kI64:
          AppendBytes(bytes_, data.i64.data() + i * width, width);
          break;
      }
    }
    return Flush();
  }

  absl::Status Flush() override {
    if (!WriteAll(descriptor_, bytes_)) {
      return absl::UnavailableError(
          "cannot write the recording to the pipe: does its reader still run?");
    }
    bytes_.clear();
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> Finish(uint64_t end, bool complete) override {
    AppendBytes(bytes_, kEnd);
    AppendBytes(bytes_, uint32_t{complete});
    AppendBytes(bytes_, end);
    BNSYN_RETURN_IF_ERROR(Flush());
    return std::vector<std::string>();
  }

 private:
  const RecordShapes shapes_;
  const int descriptor_;
  std::string bytes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RecordWriter>> MakeBinaryWriter(RecordShapes shapes,
                                                               int descriptor) {
  auto writer = std::make_unique<BinaryWriter>(std::move(shapes), descriptor);
  BNSYN_RETURN_IF_ERROR(writer->Open());
  return writer;
}

}  // namespace bnsyn
