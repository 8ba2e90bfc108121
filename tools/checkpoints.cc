#include "tools/checkpoints.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bnsyn/checkpoint.h"
#include "ir/status_macros.h"

namespace bnsyn::tools {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

void CheckpointOptions::AddArguments(Command& command) {
  command.Add({.name = "--checkpoint-every",
               .value = &every,
               .help = "save the run to DIR/run.checkpoint each time that so much simulated time "
                       "is over, and where it ends; needs --out DIR",
               .type = "TIME"});
  command.Add({.name = "--continue",
               .value = &from,
               .help = "go on from a checkpoint, a file or the directory of the run that saved it, "
                       "until --duration is over in all",
               .type = "FILE|DIR"});
}

absl::StatusOr<Checkpoints> Checkpoints::Create(const CheckpointOptions& options,
                                                const std::string& directory, double dt) {
  Checkpoints checkpoints;
  if (!options.every.empty()) {
    if (directory.empty()) {
      return absl::InvalidArgumentError(
          "--checkpoint-every needs --out DIR, where the checkpoint is written");
    }
    BNSYN_ASSIGN_OR_RETURN(checkpoints.every_, StepsOf("--checkpoint-every", options.every, dt));
    checkpoints.path_ = (std::filesystem::path(directory) / kCheckpointFile).string();
  }
  checkpoints.from_ = options.from;
  std::error_code unknown;
  if (std::filesystem::is_directory(options.from, unknown)) {
    checkpoints.from_ = (std::filesystem::path(options.from) / kCheckpointFile).string();
  }
  return checkpoints;
}

absl::Status Checkpoints::Continue(Simulation& simulation) {
  if (from_.empty()) return absl::OkStatus();
  const Clock::time_point begin = Clock::now();
  const absl::StatusOr<Checkpoint> read = Checkpoint::Read(from_);
  if (!read.ok()) {
    const char* const note = absl::IsNotFound(read.status())
                                 ? "\n  note: a run with --checkpoint-every TIME --out DIR writes "
                                   "it when the first TIME "
                                   "is over"
                                 : "";
    return absl::Status(read.status().code(),
                        absl::StrCat("--continue: ", read.status().message(), note));
  }
  const Checkpoint& checkpoint = *read;
  const absl::Status restored = simulation.Restore(checkpoint);
  if (!restored.ok()) {
    return absl::Status(restored.code(), absl::StrCat(from_, ": ", restored.message()));
  }
  restore_seconds_ = SecondsSince(begin);
  first_ = simulation.step();
  bytes_ = checkpoint.bytes().size();
  return absl::OkStatus();
}

absl::Status Checkpoints::Save(const Simulation& simulation) {
  const Clock::time_point begin = Clock::now();
  BNSYN_ASSIGN_OR_RETURN(const Checkpoint checkpoint, simulation.Save());
  save_seconds_ += SecondsSince(begin);
  const Clock::time_point saved = Clock::now();
  BNSYN_RETURN_IF_ERROR(checkpoint.Write(path_));
  write_seconds_ += SecondsSince(saved);
  bytes_ = checkpoint.bytes().size();
  ++written_;
  return absl::OkStatus();
}

absl::Status Checkpoints::RunTo(Simulation& simulation, uint64_t end, const RunControl& control,
                                const std::function<absl::Status()>& flush) {
  const uint64_t begin = simulation.step();
  if (begin > end) {
    return absl::InvalidArgumentError(absl::StrCat(
        from_, " was saved at ", simulation.time_ms(), " ms, which is later than the end of the ",
        "run\n  note: --duration is the time from the beginning of the first run"));
  }
  const Clock::time_point start = Clock::now();
  RunControl part = control;
  uint64_t done = 0;
  if (control.progress) {
    part.progress = [&](const Progress& progress) {
      control.progress({done + progress.done, end - begin, SecondsSince(start)});
    };
  }
  while (simulation.step() < end) {
    done = simulation.step() - begin;
    uint64_t steps = end - simulation.step();
    if (every_ != 0) steps = std::min(steps, every_ - simulation.step() % every_);
    const absl::Status ran = simulation.Step(steps, part);
    if (every_ != 0 && (ran.ok() || absl::IsCancelled(ran))) {
      BNSYN_RETURN_IF_ERROR(flush());
      BNSYN_RETURN_IF_ERROR(Save(simulation));
    }
    BNSYN_RETURN_IF_ERROR(ran);
  }
  return absl::OkStatus();
}

Json Checkpoints::ToJson() const {
  Json json = Json::object();
  if (written_ == 0 && from_.empty()) return json;
  if (!from_.empty()) {
    json["continued"] = from_;
    json["first_step"] = first_;
    json["restore_ms"] = restore_seconds_ * 1e3;
  }
  json["bytes"] = bytes_;
  json["written"] = written_;
  if (written_ != 0) {
    json["save_ms"] = save_seconds_ * 1e3 / static_cast<double>(written_);
    json["write_ms"] = write_seconds_ * 1e3 / static_cast<double>(written_);
  }
  return json;
}

std::string Checkpoints::ToLine() const {
  std::string line;
  if (!from_.empty()) {
    line =
        absl::StrFormat("continued %s from step %d: %.4g MB, %.1f ms to read and restore\n", from_,
                        first_, static_cast<double>(bytes_) / 1e6, restore_seconds_ * 1e3);
  }
  if (written_ != 0) {
    absl::StrAppendFormat(
        &line, "checkpoints in %s: %d of %.4g MB, %.1f ms each to save and %.1f ms to write\n",
        path_, written_, static_cast<double>(bytes_) / 1e6,
        save_seconds_ * 1e3 / static_cast<double>(written_),
        write_seconds_ * 1e3 / static_cast<double>(written_));
  }
  return line;
}

}  // namespace bnsyn::tools
