#include "tests/fuzz/harness.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bnsyn::fuzz {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

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

// Runs the trials [begin, end) in a child; returns the first one that is still to be run.
uint64_t RunBatch(uint64_t begin, uint64_t end, const Trial& trial, const Limits& limits,
                  Report& report) {
  int ends[2];
  if (::pipe(ends) != 0) return end;
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    RunChild(ends[1], begin, end, trial, limits);
  }
  ::close(ends[1]);
  const std::vector<Verdict> verdicts = Verdicts(Receive(ends[0]));
  ::close(ends[0]);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) < 0) {
    Note(begin, {Outcome::kFailure, "no process could be made"}, report);
    return end;
  }
  uint64_t seed = begin;
  for (const Verdict& verdict : verdicts) Note(seed++, verdict, report);
  if (seed < end) Note(seed++, {Outcome::kFailure, HowItEnded(status, limits)}, report);
  return seed;
}

}  // namespace

Report RunTrials(uint64_t first, uint64_t count, const Trial& trial, const Limits& limits) {
  Report report;
  for (uint64_t seed = first; seed < first + count;) {
    seed = RunBatch(seed, std::min(seed + kBatch, first + count), trial, limits, report);
  }
  return report;
}

std::string Summary(const Report& report) {
  std::string text;
  for (const auto& [outcome, count] : report.outcomes) {
    absl::StrAppendFormat(&text, "%7d %s\n", count, OutcomeName(outcome));
  }
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
