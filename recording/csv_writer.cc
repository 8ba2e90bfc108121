// Recordings as CSV: a header, and a line for each spike or sample.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "recording/part_file.h"
#include "recording/record_writer.h"

namespace bnsyn {
namespace {

// The shortest decimal that reads back as the same value.
void AppendNumber(std::string& line, double value) {
  absl::StrAppend(&line, ir::PrintLiteral(ir::Element::kF64, ir::BitsOfF64(value)));
}
void AppendNumber(std::string& line, float value) {
  const std::string literal = ir::PrintLiteral(ir::Element::kF32, ir::BitsOfF32(value));
  absl::StrAppend(&line, absl::StripSuffix(literal, "f32"));
}
void AppendNumber(std::string& line, int64_t value) { absl::StrAppend(&line, value); }

class CsvWriter : public RecordWriter {
 public:
  CsvWriter(RecordShapes shapes) : shapes_(std::move(shapes)) {}

  absl::Status Open(const std::string& directory) {
    for (const RecordShape& shape : shapes_) {
      BNSYN_ASSIGN_OR_RETURN(PartFile file, PartFile::Create(directory, shape.name + ".csv"));
      BNSYN_RETURN_IF_ERROR(file.Append(HeaderOf(shape)));
      files_.push_back(std::move(file));
    }
    return absl::OkStatus();
  }

  absl::Status Write(size_t record, const RecordData& data) override {
    const RecordShape& shape = shapes_[record];
    PartFile& file = files_[record];
    std::string line;
    for (size_t i = 0; i < data.steps.size(); ++i) {
      line.clear();
      if (shape.kind == RecordKind::kSpikes) {
        absl::StrAppend(&line, shape.populations[data.populations[i]], ",", data.neurons[i], ",",
                        data.steps[i], ",");
        AppendNumber(line, data.times[i]);
      } else {
        AppendNumber(line, data.times[i]);
        AppendSample(shape, data, i, line);
      }
      line += '\n';
      BNSYN_RETURN_IF_ERROR(file.Append(line));
    }
    return absl::OkStatus();
  }

  absl::Status Flush() override {
    for (PartFile& file : files_) BNSYN_RETURN_IF_ERROR(file.Flush());
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> Finish(uint64_t, bool) override {
    std::vector<std::string> names;
    for (PartFile& file : files_) {
      BNSYN_RETURN_IF_ERROR(file.Publish());
      names.push_back(file.name());
    }
    return names;
  }

 private:
  static std::string HeaderOf(const RecordShape& shape) {
    if (shape.kind == RecordKind::kSpikes) return "population,neuron,step,time_ms\n";
    std::string header = "time_ms";
    for (const std::string& column : shape.columns) absl::StrAppend(&header, ",", column);
    for (const uint32_t element : shape.elements) absl::StrAppend(&header, ",", element);
    if (shape.kind == RecordKind::kVariable && shape.elements.empty()) header += ",0";
    return header + "\n";
  }

  static void AppendSample(const RecordShape& shape, const RecordData& data, size_t sample,
                           std::string& line) {
    const size_t width = shape.width();
    for (size_t k = 0; k < width; ++k) {
      line += ',';
      const size_t at = sample * width + k;
      if (!shape.columns.empty() && IsCount(k)) {
        AppendNumber(line, static_cast<int64_t>(data.f64[at]));
        continue;
      }
      switch (shape.type) {
        case RecordedType::kF64:
          AppendNumber(line, data.f64[at]);
          break;
        case RecordedType::kF32:
          AppendNumber(line, data.f32[at]);
          break;
        case RecordedType::kI64:
          AppendNumber(line, data.i64[at]);
          break;
      }
    }
  }

  // True of the columns of statistics but mean, deviation, least and greatest.
  static bool IsCount(size_t column) { return column == 0 || column > 4; }

  const RecordShapes shapes_;
  std::vector<PartFile> files_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RecordWriter>> MakeCsvWriter(RecordShapes shapes,
                                                            const std::string& directory) {
  auto writer = std::make_unique<CsvWriter>(std::move(shapes));
  BNSYN_RETURN_IF_ERROR(writer->Open(directory));
  return writer;
}

}  // namespace bnsyn
