#include "runtime/deferral/backlog.h"

#include <algorithm>

#include "ir/mutant.h"

namespace bnsyn {
namespace {

// How far a row that is done up to `done` lags behind `time`; not above 0 where it does not.
int32_t Lag(uint32_t done, uint64_t time) {
  return static_cast<int32_t>(static_cast<uint32_t>(time) - done);
}

// The limit of a sweep in which all work from time `needed` or before must be done: later than
// that, so that the next one is not due at once.
uint64_t LimitOf(uint64_t needed, uint64_t now) { return needed + 1 + (now - needed) / 4; }

}  // namespace

Backlog::Backlog(compiler::Deferral deferral, History history, uint32_t sources, uint32_t rows)
    : deferral_(std::move(deferral)),
      history_(std::move(history)),
      sources_(sources),
      rows_(rows),
      lagging_(sources) {
  history_.SetArgs(args_);
}

void Backlog::SetCode(DeferredCall catch_up, DeferredCall head, DeferredCall capture) {
  catch_up_ = std::move(catch_up);
  head_ = std::move(head);
  capture_ = std::move(capture);
}

void Backlog::Begin(uint64_t time) {
  history_.Clear();
  std::fill_n(history_.positions(), size_t{sources_} * rows_, static_cast<uint32_t>(time));
  all_done_ = time;
  failed_ = false;
}

bool Backlog::Run(const DeferredCall& call, absl::Span<const uint32_t> neurons, size_t row,
                  size_t count, uint64_t step) {
  compiler::DeliverArgs args = call.args;
  args.slots = call.slots.data();
  args.step = step;
  args.spikes = neurons.data();
  args.spike_count = static_cast<uint32_t>(neurons.size());
  if (args.row_begin != nullptr) args.row_begin += row;
  args.row_count = count;
  if (call.delays != nullptr) args.delay = call.delays[row];
  args.defer = &args_;
  call.function(&args);
  return args.fault == 0;
}

bool Backlog::CatchUp(absl::Span<const uint32_t> sources, size_t row, size_t count,
                      uint64_t until) {
  if (sources.empty() || all_done_ >= until || Mutant("runtime.deferral_catch_up")) {
    return !failed_;
  }
  const size_t step = catch_up_.delays == nullptr ? count : 1;
  const size_t end = row + count;
  for (; row < end; row += step) {
    args_.done = history_.positions() + row;
    args_.until = until;
    failed_ |= !Run(catch_up_, sources, row, step, until / 2);
  }
  return !failed_;
}

bool Backlog::SweepLagging(uint64_t limit, uint64_t until) {
  if (all_done_ >= limit) return !failed_;
  size_t count = 0;
  const uint32_t* done = history_.positions();
  for (uint32_t source = 0; source < sources_; ++source, done += rows_) {
    const bool lags =
        std::any_of(done, done + rows_, [limit](uint32_t row) { return Lag(row, limit) > 0; });
    if (lags) lagging_[count++] = source;
  }
  const bool fine = CatchUp(absl::MakeConstSpan(lagging_).first(count), 0, rows_, until);
  all_done_ = limit;
  return fine;
}

bool Backlog::Sweep(uint64_t until) { return SweepLagging(until, until); }

bool Backlog::MakeRoom(absl::Span<const uint32_t> targets, uint64_t step) {
  const auto now = static_cast<uint32_t>(deferral_.TimeOfPost(step));
  const auto since = static_cast<uint32_t>(deferral_.TimeOfPost(step) - all_done_);
  const uint32_t more = history_.shape().most - 1;  // arrivals behind the next one
  uint32_t age = since + 1;  // of the latest entry that is overwritten and needed; more than
                             // `since` without one
  for (const size_t target : targets) {
    const uint32_t last = args_.arrivals[target].count + more;
    if (last < args_.capacity) continue;
    const size_t entry = target * args_.capacity + (last & (args_.capacity - 1));
    age = std::min(age, now - args_.times[entry]);
  }
  if (age > since || Mutant("runtime.deferral_room")) return true;
  const uint64_t time = deferral_.TimeOfPost(step);
  return SweepLagging(LimitOf(time - age, time), time);
}

bool Backlog::NotePosts(absl::Span<const uint32_t> targets, uint64_t step) {
  args_.needed_from = static_cast<uint32_t>(all_done_);
  return Run(head_, targets, 0, 1, step);
}

bool Backlog::NoteStep(uint64_t step) {
  if (deferral_.step_captured.empty()) return true;
  bool fine = true;
  const uint64_t now = deferral_.TimeOfStep(step);
  if (step >= args_.window_steps && !Mutant("runtime.deferral_window")) {
    const uint64_t overwritten = deferral_.TimeOfStep(step - args_.window_steps);
    if (all_done_ <= overwritten) fine = SweepLagging(LimitOf(overwritten, now), now);
  }
  return Run(capture_, {}, 0, 1, step) && fine;
}

}  // namespace bnsyn
