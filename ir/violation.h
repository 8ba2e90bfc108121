// A broken rule that the verifier found. The parser shows it in the user's text, Verify in the
// printed program.
#ifndef BNSYN_IR_VIOLATION_H_
#define BNSYN_IR_VIOLATION_H_

#include <optional>
#include <string>
#include <utility>

#include "ir/program.h"

namespace bnsyn::ir {

struct Violation {
  std::string message;
  std::string note;    // what to do next; may be empty
  std::string symbol;  // the name of the declaration or block at fault; empty for the program
  const Block* block = nullptr;  // the block at fault, if one is
  NodeId node = kNoNode;         // the node at fault within it, if one is
};
// What a check finds.
using Result = std::optional<Violation>;
// A violation whose place the caller adds.
inline Violation Fail(std::string message, std::string note = "") {
  return {.message = std::move(message), .note = std::move(note), .symbol = ""};
}

// The first rule that the program breaks, declarations before blocks.
std::optional<Violation> FindViolation(const Program& program);

// The parts of FindViolation: the declarations, then the blocks over sound declarations, then who
// uses what arriving spikes store, and what sound kernels need of each other.
std::optional<Violation> FindInDeclarations(const Program& program);
std::optional<Violation> FindInBlocks(const Program& program);
std::optional<Violation> FindInNeuronStates(const Program& program);
std::optional<Violation> FindInPhases(const Program& program);

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_VIOLATION_H_
