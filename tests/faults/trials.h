// Tries a scenario once for each call that can fail, and says what came of it.
#ifndef BNSYN_TESTS_FAULTS_TRIALS_H_
#define BNSYN_TESTS_FAULTS_TRIALS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/faults/interposer.h"

namespace bnsyn::faults {

enum class Outcome : uint8_t {
  kRight,      // the result is that of a run without faults
  kRefused,    // a clear error
  kAbandoned,  // a clear error; what LLVM held is lost, since it has no exceptions
  kEnded,      // so does a command that cannot even undo what it did
  kKilled,     // as the fault demands, and the next run is right
  // All others are failures.
  kWrong,     // another result
  kUnclear,   // an error that does not say what is wrong
  kHalfFile,  // a file that looks whole and is not, or one that is left over
  kLeak,      // memory that nobody deletes
  kCrash,
  kHang,
  kNotHit,  // there were fewer calls: the end
};
const char* Name(Outcome outcome);
bool IsFailure(Outcome outcome);

struct Answer {
  Outcome outcome = Outcome::kWrong;  // kRight, kRefused, kUnclear or kWrong
  std::string text;                   // the result, or the error
};

// Something that a user does, and what is true of its files afterwards, whatever failed.
struct Scenario {
  std::string name;
  std::function<void()> prepare;  // the files before it
  std::function<Answer()> run;    // calls Disarm() as soon as it has the answer
  // What is wrong with the files, or nothing; a process that was killed may leave parts.
  std::function<std::string(bool killed)> check;

  // Of a command: its words, for tests that run it as a process of its own, and whether its files
  // are those of a run to the end.
  std::vector<std::string> words = {};
  std::function<bool()> is_right = nullptr;
};

// A kind of fault, and how many calls of it there are.
struct Row {
  std::string scenario;
  std::string fault;
  uint64_t calls = 0;  // without a fault
  uint64_t tried = 0;
  std::map<Outcome, uint64_t> outcomes;
  std::vector<std::string> failures;  // what failed, with the number of the call
};

// Runs the scenario with the fault at each of its calls, each time in a process forked from this
// one, until no call is hit. If there are more calls than `most`: at the first ones, and at as many
// that are spread over the others.
Row Try(const Scenario& scenario, Fault fault, uint64_t most);

std::string Table(const std::vector<Row>& rows);

}  // namespace bnsyn::faults

#endif  // BNSYN_TESTS_FAULTS_TRIALS_H_
