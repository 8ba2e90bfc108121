// Recording to files.
#include <pybind11/stl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bnsyn/recorder.h"
#include "python/core/bind.h"
#include "python/core/session.h"
#include "python/core/status.h"

namespace py = pybind11;

namespace bnsyn::python {
namespace {

RecordFormat FormatOf(const std::string& word) {
  const absl::Span<const absl::string_view> words = RecordFormatWords();
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) {
    Raise(absl::InvalidArgumentError(
        absl::StrCat("there is no format '", word, "': there are ", absl::StrJoin(words, ", "))));
  }
  return static_cast<RecordFormat>(found - words.begin());
}

// A recorder to files, with the session whose runs it takes part in.
class Files {
 public:
  Files(std::shared_ptr<Session> session, FileRecorder recorder)
      : session_(std::move(session)),
        recorder_(std::make_unique<FileRecorder>(std::move(recorder))) {}
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  // The thread that writes is not in a process that was forked, and the files are not its own.
  ~Files() {
    if (getpid() != process_) static_cast<void>(recorder_.release());
  }

  std::vector<std::string> Finish(bool complete) {
    session_->Use();
    absl::StatusOr<std::vector<std::string>> names = std::vector<std::string>();
    {
      const py::gil_scoped_release unlocked;
      names = recorder_->Finish(complete);
    }
    return Take(std::move(names));
  }

 private:
  const pid_t process_ = getpid();
  const std::shared_ptr<Session> session_;
  std::unique_ptr<FileRecorder> recorder_;
};

// A recorder of spikes, of variables, and of what the network says itself.
std::unique_ptr<Files> Create(const std::shared_ptr<Session>& session, const Network& network,
                              const std::string& directory, const std::string& format, bool spikes,
                              const std::vector<std::string>& variables,
                              std::optional<double> every) {
  std::vector<Record> records = Take(RecordsOf(network));
  if (spikes) records.push_back(Record::Spikes());
  for (const std::string& variable : variables) {
    Record& record = records.emplace_back(Record::Variable(variable));
    if (every.has_value()) record.Every(Quantity(*every, Unit{dimension::kTime, 0}));
  }
  FileOptions options;
  options.directory = directory;
  options.format = FormatOf(format);
  return std::make_unique<Files>(session,
                                 Take(FileRecorder::Create(session->Use(), records, options)));
}

}  // namespace

void BindRecording(py::module_& module) {
  py::class_<Files>(module, "FileRecorder").def(py::init(&Create)).def("finish", &Files::Finish);
}

}  // namespace bnsyn::python
