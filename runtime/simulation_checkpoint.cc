// Checkpoints of a simulation, and changes of its parameters, which carry its state over.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bnsyn/checkpoint.h"
#include "bnsyn/simulation.h"
#include "compiler/language/units.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "runtime/change_parameters.h"
#include "runtime/checkpoint_bytes.h"
#include "runtime/conversion.h"
#include "runtime/memory_plan.h"
#include "runtime/simulation_impl.h"

namespace bnsyn {
namespace {

std::string Megabytes(uint64_t bytes) {
  return absl::StrFormat("%.4g MB", static_cast<double>(bytes) / 1e6);
}

// ResourceExhausted if a checkpoint needs more than there is.
absl::Status CheckRoom(uint64_t bytes, uint64_t room) {
  if (bytes <= room) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("the checkpoint needs ", Megabytes(bytes),
                                                   " of memory, but there are ", Megabytes(room),
                                                   "\n  note: end other programs, or raise the "
                                                   "memory limit if there is one"));
}

// Bytes that may be taken; the greatest number where the system does not say.
uint64_t FreeMemory() {
  const uint64_t free = AvailableMemory();
  return free == 0 ? UINT64_MAX : free;
}

// FailedPrecondition if a checkpoint is none of a program, with the first thing that differs.
absl::Status CheckProgram(const Checkpoint& checkpoint, const SavedProgram& own) {
  const auto lines = FirstDifference(ReadDeclarations(checkpoint.bytes()), own.declarations);
  if (checkpoint.program() == own.hash && !lines.has_value()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the checkpoint is of another network: ",
      lines.has_value()
          ? absl::StrCat("it has '", lines->first, "' where this one has '", lines->second, "'")
          : "its equations, initial values or tables are others",
      "\n  note: the network, what is set in it, its tables and its seed must be those of the run ",
      "that was saved; the duration and what is recorded may be others"));
}

// What --set would say.
std::string TextOf(const Quantity& value) {
  const std::string unit = DisplayUnit(value.dimension);
  return absl::StrCat(ShowNumber(value.value), unit.empty() ? "" : " ", unit);
}

}  // namespace

absl::StatusOr<Checkpoint> Checkpoint::FromBytes(std::string bytes) {
  return ir::WithinMemory([&]() -> absl::StatusOr<Checkpoint> {
    BNSYN_ASSIGN_OR_RETURN(const CheckpointHeader header, CheckBytes(bytes));
    Checkpoint checkpoint;
    checkpoint.bytes_ = std::move(bytes);
    checkpoint.program_ = header.program;
    checkpoint.step_ = header.step;
    checkpoint.time_ms_ = static_cast<double>(header.step) * header.dt;
    return checkpoint;
  });
}

absl::StatusOr<Checkpoint> Checkpoint::Read(const std::string& path) {
  return ir::WithinMemory([&]() -> absl::StatusOr<Checkpoint> {
    std::error_code unknown;
    const uintmax_t size = std::filesystem::file_size(path, unknown);
    if (!unknown) BNSYN_RETURN_IF_ERROR(CheckRoom(size, FreeMemory()));
    BNSYN_ASSIGN_OR_RETURN(std::string bytes, ir::ReadFile(path, unknown ? 0 : size));
    absl::StatusOr<Checkpoint> checkpoint = FromBytes(std::move(bytes));
    if (checkpoint.ok()) return checkpoint;
    return absl::Status(checkpoint.status().code(),
                        absl::StrCat(path, ": ", checkpoint.status().message()));
  });
}

absl::Status Checkpoint::Write(const std::string& path) const {
  return ir::WithinMemory([&] { return ir::WriteFile(path, bytes_); });
}

const SavedProgram& Simulation::Impl::FirstProgram() const {
  if (saved.hash.empty()) saved = SavedProgramOf(engine->LoweredText());
  return saved;
}

void Simulation::Impl::NoteResumed(const reference::Moment& moment) {
  for (ir::ParamId id = 0; id < params.size(); ++id) {
    params[id].value = moment.params[id];
    if (!params[id].tunable) continue;
    SetRequiredValue(params[id].name, ToDouble(params[id].element, params[id].value), requirements);
  }
  for (ir::PopulationId p = 0; p < trains.size(); ++p) {
    SpikeTrain& train = trains[p];
    const auto end = std::lower_bound(train.steps.begin(), train.steps.end(), moment.step);
    const auto kept = static_cast<size_t>(end - train.steps.begin());
    train.steps.resize(kept);
    train.neurons.resize(kept);
    if (!train.before.empty()) train.before.resize(kept);
    cleared_counts[p] = std::min(cleared_counts[p], engine->SpikeCount(p));
  }
  RefreshReport();
}

absl::StatusOr<Checkpoint> Simulation::Save() const {
  return ir::WithinMemory([&]() -> absl::StatusOr<Checkpoint> {
    if (impl_->spent) {
      return absl::FailedPreconditionError(
          "the system refused memory in an earlier call, so that the state of the simulation is "
          "not known and cannot be saved");
    }
    const auto check = [this](uint64_t bytes) {
      const uint64_t limit = impl_->options.memory_limit;
      const uint64_t taken = impl_->report.memory_bytes;
      return CheckRoom(bytes, limit == 0 ? FreeMemory() : limit - std::min(limit, taken));
    };
    BNSYN_ASSIGN_OR_RETURN(std::string bytes, WriteCheckpoint(*impl_->engine, impl_->FirstProgram(),
                                                              impl_->changed, check));
    return Checkpoint::FromBytes(std::move(bytes));
  });
}

absl::Status Simulation::Restore(const Checkpoint& checkpoint) {
  std::unique_ptr<Impl> other;  // where other parameters are compiled in
  CheckpointContents contents;
  BNSYN_RETURN_IF_ERROR(impl_->Prepare([&]() -> absl::Status {
    BNSYN_RETURN_IF_ERROR(CheckProgram(checkpoint, impl_->FirstProgram()));
    BNSYN_ASSIGN_OR_RETURN(const ChangedParameters changed, ReadChanged(checkpoint.bytes()));
    if (changed != impl_->changed) {
      if (impl_->network == nullptr) {
        return absl::FailedPreconditionError(
            absl::StrCat("the checkpoint was saved after a change of ", changed.begin()->first,
                         ", which is compiled in, and this simulation was compiled from a program "
                         "alone\n  note: compile it from its network"));
      }
      BNSYN_ASSIGN_OR_RETURN(other,
                             SimulationAccess::MakeImpl(impl_->network, changed, impl_->options));
    }
    const Engine& engine = other == nullptr ? *impl_->engine : *other->engine;
    BNSYN_ASSIGN_OR_RETURN(contents, ReadContents(checkpoint.bytes(), engine));
    return absl::OkStatus();
  }));
  return impl_->Try([&]() -> absl::Status {
    Engine& engine = other == nullptr ? *impl_->engine : *other->engine;
    BNSYN_RETURN_IF_ERROR(engine.Resume(contents.moment, contents.values));
    if (other != nullptr) impl_->TakeOver(*other);
    impl_->NoteResumed(contents.moment);
    return absl::OkStatus();
  });
}

void Simulation::Impl::TakeOver(Impl& next) {
  FirstProgram();  // while there is its engine
  next.report.run_seconds = report.run_seconds;
  next.report.run_processor_seconds = report.run_processor_seconds;
  report = std::move(next.report);
  changed = std::move(next.changed);
  params = std::move(next.params);
  requirements = std::move(next.requirements);
  before_end = std::move(next.before_end);
  variables.reset();
  engine = std::move(next.engine);
  variables.emplace(*engine, params);
}

absl::StatusOr<ir::Program> Simulation::Impl::LowerAgain() const {
  BNSYN_ASSIGN_OR_RETURN(ir::Program program, LowerChanged(*network, changed, options.compile));
  if (ir::Print(program) == engine->LoweredText()) return program;
  return absl::FailedPreconditionError(
      "a file that the network reads has changed since it was compiled, and its state is that of "
      "the old file\n  note: compile the network again");
}

absl::StatusOr<Simulation::Impl::Changed> Simulation::Impl::CompileChanged(
    const ChangedParameters& changed_now) const {
  BNSYN_ASSIGN_OR_RETURN(const ir::Program before, LowerAgain());
  BNSYN_ASSIGN_OR_RETURN(const ir::Program after,
                         LowerChanged(*network, changed_now, options.compile));
  BNSYN_RETURN_IF_ERROR(CheckSameShape(before, after));
  Changed result;
  BNSYN_ASSIGN_OR_RETURN(result.impl, SimulationAccess::MakeImpl(network, changed_now, options));
  const auto values = [&](ir::StateId state) { return engine->Values(state); };
  BNSYN_ASSIGN_OR_RETURN(result.moment, Translate(engine->Now(), values, before, after));
  for (ir::StateId state = 0; state < after.states.size(); ++state) {
    if (after.states[state].temporary) continue;
    const uint64_t count = engine->ValueCount(state);
    if (result.impl->engine->ValueCount(state) == count) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("with the new value there are ", result.impl->engine->ValueCount(state),
                     " values of ", after.states[state].name, ", not ", count,
                     ", so that there is no place for the state of the simulation"));
  }
  result.otherwise_between_steps = OtherwiseBetweenSteps(before, after);
  return result;
}

absl::Status Simulation::Impl::CompileIn(const ChangedParameters& changed_now) {
  Changed next;
  BNSYN_RETURN_IF_ERROR(Prepare([&]() -> absl::Status {
    BNSYN_ASSIGN_OR_RETURN(next, CompileChanged(changed_now));
    return absl::OkStatus();
  }));
  return Try([&]() -> absl::Status {
    for (const ir::ProjectionId projection : next.otherwise_between_steps) {
      BNSYN_RETURN_IF_ERROR(variables->BringToPresent(projection));
    }
    const auto values = [&](ir::StateId state) { return engine->Values(state); };
    BNSYN_RETURN_IF_ERROR(next.impl->engine->Resume(next.moment, values));
    TakeOver(*next.impl);
    NoteResumed(next.moment);
    return absl::OkStatus();
  });
}

absl::Status Simulation::Impl::Tune(ir::ParamId id, const Quantity& value) {
  ir::Param& param = params[id];
  BNSYN_ASSIGN_OR_RETURN(const ir::Bits bits, FromDouble(param.element, value.value, param.name));
  BNSYN_RETURN_IF_ERROR(compiler::ChangeRequiredValue(param.name, value, requirements));
  BNSYN_RETURN_IF_ERROR(variables->BeforeParamChanges(id));
  BNSYN_RETURN_IF_ERROR(engine->SetParam(id, bits));
  param.value = bits;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ir::ParamId>> Simulation::Impl::FindParameter(
    const std::string& name, const Quantity& value) const {
  if (!std::isfinite(value.value)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " cannot be ", ShowNumber(value.value)));
  }
  std::vector<std::string> names;
  for (const ir::Param& param : params) names.push_back(param.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) {
    const auto id = static_cast<ir::ParamId>(found - names.begin());
    BNSYN_RETURN_IF_ERROR(CheckDimension(name, params[id].unit, value));
    if (params[id].tunable) return id;
  }
  // Parameters that models of synapses have are in no program.
  const bool known =
      found != names.end() || (network != nullptr && Network(*network).Set(name, "0").ok());
  if (!known) {
    return absl::NotFoundError(
        absl::StrCat("no parameter is named '", name, "'", ir::DidYouMean(name, names)));
  }
  if (network != nullptr) return std::nullopt;
  return absl::FailedPreconditionError(absl::StrCat(
      name,
      " was compiled in as a constant, and the simulation was compiled from a program; "
      "declare it tunable to change it, or compile the network"));
}

absl::Status Simulation::SetParameter(absl::string_view name, Quantity value) {
  std::optional<ir::ParamId> tunable;
  ChangedParameters changed;
  BNSYN_RETURN_IF_ERROR(impl_->Prepare([&]() -> absl::Status {
    BNSYN_ASSIGN_OR_RETURN(tunable, impl_->FindParameter(std::string(name), value));
    changed = impl_->changed;
    changed[std::string(name)] = TextOf(value);
    return absl::OkStatus();
  }));
  if (!tunable.has_value()) return impl_->CompileIn(changed);
  return impl_->Try([&] { return impl_->Tune(*tunable, value); });
}

}  // namespace bnsyn
