#include "tests/faults/trials.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/arguments.h"

namespace bnsyn::faults {
namespace {

// Trials of one process. Those that follow a fault show that the process is as good as before.
constexpr size_t kBatch = 50;
constexpr unsigned kMostSeconds = 60;  // of one trial

using Text = std::array<char, 4000>;

// What a child tells of a trial. It lies in memory that both processes see.
struct Told {
  bool ended = false;
  bool hit = false;
  Outcome outcome = Outcome::kCrash;
  Text text = {};
};

class Shared {
 public:
  Shared() {
    void* const memory = ::mmap(nullptr, sizeof(Told) * kBatch, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) told_ = new (memory) Told[kBatch];
  }
  ~Shared() {
    if (told_ != nullptr) ::munmap(told_, sizeof(Told) * kBatch);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  bool valid() const { return told_ != nullptr; }
  Told& operator[](size_t trial) { return told_[trial]; }

 private:
  Told* told_ = nullptr;
};

// Nothing is hit, and all calls are counted.
Fault Never(Call call) { return {.call = call, .at = UINT64_MAX}; }

struct Measured {
  Answer answer;
  bool hit = false;
  int64_t left = 0;  // blocks that were not deleted
};

void Copy(const std::string& from, Text& to) {
  const size_t size = std::min(from.size(), to.size() - 1);
  std::memcpy(to.data(), from.data(), size);
  to[size] = '\0';
}

Measured Run(const Scenario& scenario, const Fault& fault) {
  scenario.prepare();
  Measured measured;
  Text text;
  const int64_t before = LiveBlocks();
  Arm(fault);
  {
    const Answer answer = scenario.run();
    Disarm();
    measured.hit = Hit();
    measured.answer.outcome = answer.outcome;
    Copy(answer.text, text);
  }
  measured.left = LiveBlocks() - before;
  measured.answer.text = text.data();
  return measured;
}

// True if the fault is at a place whose exceptions pass through LLVM, or beside its objects.
bool HitWithinLlvm() {
  return HitWithin("CompileKernels") || HitWithin("4llvm") || HitLaterWithinLlvm();
}

Answer TryOnce(const Scenario& scenario, const Fault& fault, bool& hit) {
  const Measured measured = Run(scenario, fault);
  hit = measured.hit;
  Answer answer = measured.answer;
  const bool within_llvm = hit && HitWithinLlvm();
  const std::string trace = hit ? HitTrace() : "";
  const auto failed = [&](Outcome outcome, const std::string& text) -> Answer {
    return {outcome, absl::StrCat(text, "\n", trace)};
  };
  if (IsFailure(answer.outcome)) return failed(answer.outcome, answer.text);
  if (const std::string wrong = scenario.check(/*killed=*/false); !wrong.empty()) {
    return failed(Outcome::kHalfFile, wrong);
  }
  if (measured.left > 0 && within_llvm) {
    answer.outcome = Outcome::kAbandoned;
  } else if (measured.left > 0) {
    // What is made once in a process stays; a leak comes back.
    const Measured again = Run(scenario, fault);
    if (again.left > 0) return failed(Outcome::kLeak, absl::StrCat(again.left, " blocks"));
  }
  const Measured clean = Run(scenario, Never(fault.call));
  if (clean.answer.outcome != Outcome::kRight) {
    return failed(Outcome::kWrong, absl::StrCat("the next run: ", clean.answer.text));
  }
  return answer;
}

void Tell(const Answer& answer, bool hit, Told& told) {
  told.hit = hit;
  told.outcome = answer.outcome;
  Copy(answer.text, told.text);
  told.ended = true;
}

void StartClock() {
  const rlimit no_core = {0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::alarm(kMostSeconds);
}

// Runs `body` in a child, and returns its status.
int InChild(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    // An exception ends the child here, not in the code of the parent above.
    [&]() noexcept { body(); }();
    std::fflush(nullptr);
    ::_exit(0);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 ? status : -1;
}

void Note(uint64_t number, Outcome outcome, const std::string& text, Row& row) {
  ++row.tried;
  ++row.outcomes[outcome];
  if (IsFailure(outcome)) {
    row.failures.push_back(absl::StrFormat("%s, %s, call %d: %s: %s", row.scenario, row.fault,
                                           number, Name(outcome), text));
  }
}

// Tries the numbers of one batch; returns how many have been tried.
size_t TryBatch(const Scenario& scenario, Fault fault, std::span<const uint64_t> numbers,
                Shared& shared, Row& row) {
  for (size_t i = 0; i < numbers.size(); ++i) shared[i] = Told();
  const int status = InChild([&] {
    TellOnCrash();
    for (size_t i = 0; i < numbers.size(); ++i) {
      StartClock();
      fault.at = numbers[i];
      bool hit = false;
      const Answer answer = TryOnce(scenario, fault, hit);
      Tell(answer, hit, shared[i]);
    }
  });
  size_t done = 0;
  for (; done < numbers.size() && shared[done].ended; ++done) {
    const Told& told = shared[done];
    const bool over = !told.hit && told.outcome == Outcome::kRight;
    Note(numbers[done], over ? Outcome::kNotHit : told.outcome, told.text.data(), row);
  }
  if (done == numbers.size()) return done;
  if (WIFEXITED(status) && WEXITSTATUS(status) == tools::kError) {
    const std::string wrong = scenario.check(/*killed=*/true);
    Note(numbers[done], wrong.empty() ? Outcome::kEnded : Outcome::kHalfFile, wrong, row);
    return done + 1;
  }
  const bool hang = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
  const std::string how = WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status))
                                              : absl::StrCat("exit code ", WEXITSTATUS(status));
  Note(numbers[done], hang ? Outcome::kHang : Outcome::kCrash, how, row);
  return done + 1;
}

// One process that is killed, and one that finds what it left.
void TryKill(const Scenario& scenario, const Fault& fault, Shared& shared, Row& row) {
  shared[0] = Told();
  const int status = InChild([&] {
    StartClock();
    scenario.prepare();
    Arm(fault);
    Tell(scenario.run(), /*hit=*/false, shared[0]);
  });
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
    const bool over = shared[0].ended && shared[0].outcome == Outcome::kRight;
    return Note(fault.at, over ? Outcome::kNotHit : Outcome::kCrash, shared[0].text.data(), row);
  }
  if (const std::string wrong = scenario.check(/*killed=*/true); !wrong.empty()) {
    return Note(fault.at, Outcome::kHalfFile, wrong, row);
  }
  InChild([&] {
    StartClock();
    Tell(scenario.run(), /*hit=*/false, shared[0]);
  });
  const bool right = shared[0].ended && shared[0].outcome == Outcome::kRight;
  Note(fault.at, right ? Outcome::kKilled : Outcome::kWrong, shared[0].text.data(), row);
}

// The numbers of the calls to hit: all up to `calls` and the one behind them, or a choice of about
// `most`.
std::vector<uint64_t> Numbers(uint64_t calls, uint64_t most) {
  std::vector<uint64_t> numbers;
  const uint64_t first = calls <= most ? calls : most / 2;
  for (uint64_t number = 1; number <= first; ++number) numbers.push_back(number);
  const uint64_t others = std::min(calls, most) - first;
  for (uint64_t other = 1; other <= others; ++other) {
    numbers.push_back(first + (calls - first) * other / others);
  }
  numbers.push_back(calls + 1);
  return numbers;
}

std::string Describe(const Fault& fault) {
  std::string text = Name(fault.call);
  switch (fault.effect) {
    case Effect::kFails:
      absl::StrAppend(&text, " fails");
      if (fault.error != 0) absl::StrAppend(&text, " (", ::strerrorname_np(fault.error), ")");
      break;
    case Effect::kIsShort:
      absl::StrAppend(&text, " is short");
      break;
    case Effect::kInterrupted:
      absl::StrAppend(&text, " is interrupted");
      break;
    case Effect::kKills:
      absl::StrAppend(&text, ": killed");
      break;
  }
  return absl::StrCat(text, fault.lasting ? ", and all later ones" : "");
}

}  // namespace

const char* Name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kRight:
      return "right";
    case Outcome::kRefused:
      return "clear error";
    case Outcome::kAbandoned:
      return "error, LLVM's memory lost";
    case Outcome::kEnded:
      return "ended with a clear error";
    case Outcome::kKilled:
      return "killed, next right";
    case Outcome::kWrong:
      return "wrong";
    case Outcome::kUnclear:
      return "unclear error";
    case Outcome::kHalfFile:
      return "half file";
    case Outcome::kLeak:
      return "leak";
    case Outcome::kCrash:
      return "crash";
    case Outcome::kHang:
      return "hang";
    case Outcome::kNotHit:
      return "not hit";
  }
  return "";
}

bool IsFailure(Outcome outcome) {
  switch (outcome) {
    case Outcome::kRight:
    case Outcome::kRefused:
    case Outcome::kAbandoned:
    case Outcome::kEnded:
    case Outcome::kKilled:
    case Outcome::kNotHit:
      return false;
    case Outcome::kWrong:
    case Outcome::kUnclear:
    case Outcome::kHalfFile:
    case Outcome::kLeak:
    case Outcome::kCrash:
    case Outcome::kHang:
      return true;
  }
  return true;
}

Row Try(const Scenario& scenario, Fault fault, uint64_t most) {
  Row row;
  row.scenario = scenario.name;
  row.fault = Describe(fault);
  Shared shared;
  if (!shared.valid()) {
    row.failures.emplace_back("no memory for the report");
    return row;
  }
  // What is made once in a process is made here, and the second run counts.
  for (int i = 0; i < 2; ++i) {
    scenario.prepare();
    Arm(Never(fault.call));
    const Answer answer = scenario.run();
    row.calls = Disarm();
    if (answer.outcome == Outcome::kRight) continue;
    row.failures.push_back(absl::StrCat(scenario.name, " without a fault: ", answer.text));
    return row;
  }
  const std::vector<uint64_t> numbers = Numbers(row.calls, most);
  if (fault.effect == Effect::kKills) {
    for (const uint64_t number : numbers) {
      fault.at = number;
      TryKill(scenario, fault, shared, row);
    }
    return row;
  }
  for (size_t done = 0; done < numbers.size();) {
    const size_t count = std::min(kBatch, numbers.size() - done);
    done += TryBatch(scenario, fault, std::span(numbers).subspan(done, count), shared, row);
  }
  return row;
}

std::string Table(const std::vector<Row>& rows) {
  size_t scenario_width = 8;
  size_t fault_width = 5;
  for (const Row& row : rows) {
    scenario_width = std::max(scenario_width, row.scenario.size());
    fault_width = std::max(fault_width, row.fault.size());
  }
  std::string text =
      absl::StrFormat("%-*s  %-*s  %8s %7s  %s\n", static_cast<int>(scenario_width), "scenario",
                      static_cast<int>(fault_width), "fault", "calls", "tried", "outcomes");
  for (const Row& row : rows) {
    std::vector<std::string> outcomes;
    for (const auto& [outcome, count] : row.outcomes) {
      if (outcome != Outcome::kNotHit) outcomes.push_back(absl::StrCat(count, " ", Name(outcome)));
    }
    absl::StrAppendFormat(&text, "%-*s  %-*s  %8d %7d  %s\n", static_cast<int>(scenario_width),
                          row.scenario, static_cast<int>(fault_width), row.fault, row.calls,
                          row.tried, absl::StrJoin(outcomes, ", "));
  }
  return text;
}

}  // namespace bnsyn::faults
