#include "runtime/deferral/history.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"

namespace bnsyn {
namespace {

// Enough that a source which spikes as often as its targets do seldom lags too far.
constexpr uint32_t kMostArrivals = 32;
constexpr uint32_t kLeastArrivals = 8;
// The bytes of histories that a synapse of a target pays for, unless there are so few synapses that
// kLeastArrivals take more.
constexpr double kBytesOfSynapse = 2;
// The values of so many steps fit the first-level cache if a few are captured.
constexpr uint32_t kSteps = 4096;

// What a pointer to the element of `own.begin` is as a pointer to element 0.
template <typename T>
T* FromZero(const PageBuffer& buffer, size_t skipped) {
  return reinterpret_cast<T*>(reinterpret_cast<uintptr_t>(buffer.data()) - skipped * sizeof(T));
}

}  // namespace

HistoryShape ChooseHistory(const ir::Program& program, const compiler::Deferral& deferral,
                           double synapses, const HistoryLimits& limits) {
  HistoryShape shape;
  if (deferral.post.has_value()) {
    shape.post_captured = static_cast<uint32_t>(deferral.post_captured.size());
    const auto entry =
        static_cast<double>(sizeof(uint32_t) + shape.post_captured * sizeof(uint64_t));
    const double of_target = synapses / program.TargetsOf(deferral.projection).size();
    const double affordable =
        std::clamp<double>(of_target * kBytesOfSynapse / entry, kLeastArrivals, kMostArrivals);
    shape.most = program.MostRuns(program.synaptic[*deferral.post], deferral.delivers);
    shape.arrivals =
        limits.arrivals != 0 ? limits.arrivals : std::bit_floor(static_cast<uint32_t>(affordable));
    shape.arrivals = std::max(shape.arrivals, std::bit_ceil(shape.most));
  }
  if (!deferral.step_captured.empty()) {
    shape.step_captured = static_cast<uint32_t>(deferral.step_captured.size());
    shape.steps = limits.steps != 0 ? limits.steps : kSteps;
  }
  return shape;
}

absl::StatusOr<History> History::Create(const ir::Program& program, ir::ProjectionId projection,
                                        const HistoryShape& shape, Range own, uint64_t rows,
                                        Arena& arena) {
  const std::string part = absl::StrCat("histories of ", program.projections[projection].name);
  History history;
  history.shape_ = shape;
  history.own_ = own;
  const auto allocate = [&](size_t bytes, PageBuffer& buffer) -> absl::Status {
    if (bytes == 0) return absl::OkStatus();
    BNSYN_ASSIGN_OR_RETURN(buffer, arena.Allocate(part, bytes));
    return absl::OkStatus();
  };
  const size_t targets = shape.arrivals == 0 ? 0 : own.size();
  const size_t entries = targets * shape.arrivals;
  BNSYN_RETURN_IF_ERROR(allocate(targets * sizeof(compiler::Arrivals), history.arrivals_));
  BNSYN_RETURN_IF_ERROR(allocate(entries * sizeof(uint32_t), history.times_));
  BNSYN_RETURN_IF_ERROR(
      allocate(entries * shape.post_captured * sizeof(uint64_t), history.values_));
  BNSYN_RETURN_IF_ERROR(
      allocate(size_t{shape.steps} * shape.step_captured * sizeof(uint64_t), history.window_));
  BNSYN_RETURN_IF_ERROR(allocate(rows * sizeof(uint32_t), history.positions_));
  return history;
}

void History::SetArgs(compiler::DeferArgs& args) const {
  const size_t first = own_.begin;
  const size_t entries = first * shape_.arrivals;
  args.arrivals = FromZero<compiler::Arrivals>(arrivals_, first);
  args.times = FromZero<uint32_t>(times_, entries);
  args.values = shape_.post_captured == 0
                    ? nullptr
                    : FromZero<uint64_t>(values_, entries * shape_.post_captured);
  args.capacity = shape_.arrivals;
  args.window = reinterpret_cast<uint64_t*>(window_.data());
  args.window_steps = shape_.steps;
  args.done = positions();
}

void History::Clear() const {
  if (arrivals_.size() != 0) std::memset(arrivals_.data(), 0, arrivals_.size());
}

}  // namespace bnsyn
