// Recordings as NumPy's .npy: one array of records in a file, which grows at its end. The header
// has room for any number of records, and Flush writes the present one into it.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "ir/status_macros.h"
#include "recording/bytes.h"
#include "recording/part_file.h"
#include "recording/record_writer.h"

namespace bnsyn {
namespace {

// The bytes before the data of an array, whose length is a multiple of 64 whatever `count` is.
std::string Header(const std::string& type, uint64_t count) {
  std::string text =
      absl::StrFormat("{'descr': %s, 'fortran_order': False, 'shape': (%-20d,), }", type, count);
  const bool large = text.size() > 60000;
  const size_t before = large ? 12 : 10;
  text.append(63 - (before + text.size()) % 64, ' ');
  text += '\n';
  std::string bytes("\x93NUMPY", 6);
  bytes += large ? '\2' : '\1';
  bytes += '\0';
  if (large) {
    AppendBytes(bytes, static_cast<uint32_t>(text.size()));
  } else {
    AppendBytes(bytes, static_cast<uint16_t>(text.size()));
  }
  return bytes + text;
}

std::string TypeOf(const RecordShape& shape) {
  if (shape.kind == RecordKind::kSpikes) {
    return "[('step', '<u8'), ('time_ms', '<f8'), ('population', '<u4'), ('neuron', '<u4')]";
  }
  std::string type = "[('step', '<u8'), ('time_ms', '<f8')";
  const char* const number = shape.type == RecordedType::kF64   ? "<f8"
                             : shape.type == RecordedType::kF32 ? "<f4"
                                                                : "<i8";
  for (const std::string& column : shape.columns) {
    absl::StrAppendFormat(&type, ", ('%s', '%s')", column, number);
  }
  if (shape.kind == RecordKind::kVariable) {
    absl::StrAppendFormat(&type, ", ('values', '%s'", number);
    if (!shape.elements.empty()) absl::StrAppendFormat(&type, ", (%d,)", shape.elements.size());
    type += ")";
  }
  return type + "]";
}

// An array of texts, as NumPy holds them: all as long as the longest, in UTF-32. Names are ASCII.
std::string Texts(const std::vector<std::string>& texts) {
  size_t longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  std::string bytes = Header(absl::StrCat("'<U", longest, "'"), texts.size());
  for (const std::string& text : texts) {
    for (size_t k = 0; k < longest; ++k) {
      AppendBytes(bytes, k < text.size() ? uint32_t{static_cast<unsigned char>(text[k])} : 0U);
    }
  }
  return bytes;
}

class NpyWriter : public RecordWriter {
 public:
  NpyWriter(RecordShapes shapes, std::string directory)
      : shapes_(std::move(shapes)), directory_(std::move(directory)), counts_(shapes_.size()) {}

  absl::Status Open() {
    for (const RecordShape& shape : shapes_) {
      BNSYN_ASSIGN_OR_RETURN(PartFile file, PartFile::Create(directory_, shape.name + ".npy"));
      BNSYN_RETURN_IF_ERROR(file.Append(Header(TypeOf(shape), 0)));
      files_.push_back(std::move(file));
    }
    return absl::OkStatus();
  }

  absl::Status Write(size_t record, const RecordData& data) override {
    const RecordShape& shape = shapes_[record];
    std::string bytes;
    for (size_t i = 0; i < data.steps.size(); ++i) {
      bytes.clear();
      AppendBytes(bytes, data.steps[i]);
      AppendBytes(bytes, data.times[i]);
      if (shape.kind == RecordKind::kSpikes) {
        AppendBytes(bytes, data.populations[i]);
        AppendBytes(bytes, data.neurons[i]);
      } else if (shape.type == RecordedType::kF32) {
        AppendBytes(bytes, data.f32.data() + i * shape.width(), shape.width());
      } else if (shape.type == RecordedType::kI64) {
        AppendBytes(bytes, data.i64.data() + i * shape.width(), shape.width());
      } else {
        AppendBytes(bytes, data.f64.data() + i * shape.width(), shape.width());
      }
      BNSYN_RETURN_IF_ERROR(files_[record].Append(bytes));
    }
    counts_[record] += data.steps.size();
    return absl::OkStatus();
  }

  absl::Status Flush() override {
    for (size_t record = 0; record < files_.size(); ++record) {
      // The data first, so that the header never counts what is not there.
      BNSYN_RETURN_IF_ERROR(files_[record].Flush());
      BNSYN_RETURN_IF_ERROR(
          files_[record].Overwrite(0, Header(TypeOf(shapes_[record]), counts_[record])));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<std::string>> Finish(uint64_t, bool) override {
    BNSYN_RETURN_IF_ERROR(Flush());
    std::vector<std::string> names;
    for (size_t record = 0; record < files_.size(); ++record) {
      const RecordShape& shape = shapes_[record];
      BNSYN_RETURN_IF_ERROR(files_[record].Publish());
      names.push_back(files_[record].name());
      if (shape.kind == RecordKind::kSpikes) {
        names.push_back(shape.name + ".populations.npy");
        BNSYN_RETURN_IF_ERROR(WritePartFile(directory_, names.back(), Texts(shape.populations)));
      } else if (!shape.elements.empty()) {
        std::string bytes = Header("'<u4'", shape.elements.size());
        AppendBytes(bytes, shape.elements.data(), shape.elements.size());
        names.push_back(shape.name + ".elements.npy");
        BNSYN_RETURN_IF_ERROR(WritePartFile(directory_, names.back(), bytes));
      }
    }
    return names;
  }

 private:
  const RecordShapes shapes_;
  const std::string directory_;
  std::vector<PartFile> files_;
  std::vector<uint64_t> counts_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RecordWriter>> MakeNpyWriter(RecordShapes shapes,
                                                            const std::string& directory) {
  auto writer = std::make_unique<NpyWriter>(std::move(shapes), directory);
  BNSYN_RETURN_IF_ERROR(writer->Open());
  return writer;
}

}  // namespace bnsyn
