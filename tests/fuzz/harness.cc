#include "tests/fuzz/harness.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/sanitized.h"

namespace bnsyn::fuzz {
namespace {

// Trials of one child: few enough that memory which one leaves behind does not matter.
constexpr uint64_t kBatch = 100;

// A child writes for each trial that ended: the outcome, whether weights changed, the length of the
// reason, the reason.
void Send(int pipe, const Verdict& verdict) {
  std::string message = {static_cast<char>(verdict.outcome), verdict.learned ? '\1' : '\0'};
  const auto size = static_cast<uint32_t>(verdict.reason.size());
  message.append(reinterpret_cast<const char*>(&size), sizeof(size));
  absl::StrAppend(&message, verdict.reason);
  for (size_t sent = 0; sent < message.size();) {
    const ssize_t written = ::write(pipe, message.data() + sent, message.size() - sent);
    if (written <= 0) ::_exit(1);
    sent += static_cast<size_t>(written);
  }
}

// All that the child wrote until it ended.
std::string Receive(int pipe) {
  std::string received;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(pipe, buffer, sizeof(buffer))) > 0;) {
    received.append(buffer, static_cast<size_t>(n));
  }
  return received;
}

std::vector<Verdict> Verdicts(const std::string& received) {
  std::vector<Verdict> verdicts;
  uint32_t size = 0;
  constexpr size_t kHead = 2;
  for (size_t at = 0; at + kHead + sizeof(size) <= received.size(); at += size) {
    Verdict verdict;
    verdict.outcome = static_cast<Outcome>(received[at]);
    verdict.learned = received[at + 1] != 0;
    std::memcpy(&size, received.data() + at + kHead, sizeof(size));
    at += kHead + sizeof(size);
    verdict.reason = received.substr(at, size);
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

// Processor and wall time: a trial that computes for ever takes the one, one that waits the other.
void StartClocks(const Limits& limits) {
  const itimerval limit = {{0, 0}, {static_cast<time_t>(limits.processor_seconds), 0}};
  ::setitimer(ITIMER_PROF, &limit, nullptr);
  ::alarm(limits.wall_seconds);
}

[[noreturn]] void RunChild(int pipe, uint64_t begin, uint64_t end, const Trial& trial,
                           const Limits& limits) {
  const rlimit no_core = {0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const rlimit memory = {limits.memory_bytes, limits.memory_bytes};
  if (!kSanitized) ::setrlimit(RLIMIT_AS, &memory);
  for (uint64_t seed = begin; seed < end; ++seed) {
    StartClocks(limits);
    Send(pipe, trial(seed));
  }
  ::_exit(0);
}

std::string HowItEnded(int status, const Limits& limits) {
  if (!WIFSIGNALED(status))
    return absl::StrCat("the process ended with code ", WEXITSTATUS(status));
  switch (WTERMSIG(status)) {
    case SIGPROF:
      return absl::StrCat("a hang: ", limits.processor_seconds, " s of processor time");
    case SIGALRM:
      return absl::StrCat("a hang: ", limits.wall_seconds, " s");
    default:
      return absl::StrCat("a crash: ", ::strsignal(WTERMSIG(status)));
  }
}

void Note(uint64_t seed, const Verdict& verdict, Report& report) {
  ++report.outcomes[verdict.outcome];
  if (verdict.learned) ++report.learned;
  if (verdict.outcome == Outcome::kRefused) ++report.refusals[verdict.reason];
  if (verdict.outcome == Outcome::kFailure) report.failures.push_back({seed, verdict.reason});
}

// Seeds [begin, end), and the child that runs their trials.
struct Batch {
  uint64_t begin = 0;
  uint64_t end = 0;
  pid_t child = -1;
  int pipe = -1;
};

// Starts the child of a batch; without one if the system has none to give.
void Start(Batch& batch, const Trial& trial, const Limits& limits) {
  int ends[2];
  if (::pipe(ends) != 0) return;
  std::fflush(nullptr);
  batch.child = ::fork();
  if (batch.child == 0) {
    ::close(ends[0]);
    RunChild(ends[1], batch.begin, batch.end, trial, limits);
  }
  ::close(ends[1]);
  batch.pipe = ends[0];
}

// Waits for the child of a batch; returns the first seed that is still to be tried.
uint64_t Finish(const Batch& batch, const Limits& limits, Report& report) {
  std::vector<Verdict> verdicts;
  if (batch.pipe >= 0) {
    verdicts = Verdicts(Receive(batch.pipe));
    ::close(batch.pipe);
  }
  int status = 0;
  if (batch.child < 0 || ::waitpid(batch.child, &status, 0) < 0) {
    Note(batch.begin, {Outcome::kFailure, "no process could be made"}, report);
    return batch.end;
  }
  uint64_t seed = batch.begin;
  for (const Verdict& verdict : verdicts) Note(seed++, verdict, report);
  if (seed < batch.end) Note(seed++, {Outcome::kFailure, HowItEnded(status, limits)}, report);
  return seed;
}

}  // namespace

Report RunTrials(uint64_t first, uint64_t count, const Trial& trial, const Limits& limits) {
  Report report;
  std::deque<Batch> waiting;
  for (uint64_t seed = first; seed < first + count; seed += kBatch) {
    waiting.push_back({seed, std::min(seed + kBatch, first + count)});
  }
  std::deque<Batch> running;
  while (!waiting.empty() || !running.empty()) {
    if (!waiting.empty() && running.size() < static_cast<size_t>(std::max(1, limits.jobs))) {
      Start(running.emplace_back(waiting.front()), trial, limits);
      waiting.pop_front();
      continue;
    }
    const Batch batch = running.front();
    running.pop_front();
    const uint64_t next = Finish(batch, limits, report);
    if (next < batch.end) waiting.push_front({next, batch.end});
  }
  std::sort(report.failures.begin(), report.failures.end(),
            [](const Failure& a, const Failure& b) { return a.seed < b.seed; });
  return report;
}

uint64_t Count(const Report& report, Outcome outcome) {
  const auto found = report.outcomes.find(outcome);
  return found == report.outcomes.end() ? 0 : found->second;
}

uint64_t Valid(const Report& report) {
  uint64_t valid = 0;
  for (const auto& [outcome, count] : report.outcomes) {
    if (outcome != Outcome::kRefused) valid += count;
  }
  return valid;
}

std::string Summary(absl::string_view what, const Report& report) {
  std::string head = absl::StrFormat("%-24s", "");
  std::string row = absl::StrFormat("%-24s", what);
  const auto column = [&](absl::string_view name, uint64_t count) {
    const int width = std::max(8, static_cast<int>(name.size()) + 2);
    absl::StrAppendFormat(&head, "%*s", width, name);
    absl::StrAppendFormat(&row, "%*d", width, count);
  };
  column("valid", Valid(report));
  for (const Outcome outcome : {Outcome::kRefused, Outcome::kTooLarge, Outcome::kFaulted,
                                Outcome::kSpiking, Outcome::kSilent, Outcome::kFailure}) {
    column(OutcomeName(outcome), Count(report, outcome));
  }
  column("plastic", report.learned);
  std::string text = absl::StrCat(head, "\n", row, "\n");
  if (report.refusals.empty()) return text;
  std::vector<std::pair<uint64_t, std::string>> reasons;
  for (const auto& [reason, count] : report.refusals) reasons.emplace_back(count, reason);
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  constexpr size_t kShown = 15;
  absl::StrAppendFormat(&text, "refused for %d reasons, most often:\n", reasons.size());
  for (size_t i = 0; i < std::min(kShown, reasons.size()); ++i) {
    absl::StrAppendFormat(&text, "%7d %s\n", reasons[i].first, reasons[i].second);
  }
  return text;
}

}  // namespace bnsyn::fuzz
