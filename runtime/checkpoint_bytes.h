// The bytes of a checkpoint. All numbers are little-endian, and each part begins at a multiple of 8
// bytes:
//
//   header      "bnsyn checkpoint", u64 version, u64 number of all bytes, u64[2] checksum of what
//               follows, 32 digits hash of the program, u64 next step, f64 dt in ms
//   program     its declarations, as u64 number of bytes and bytes: they say what differs
//   changed     u64 number of parameters that were changed and compiled in again; of each its name
//               and the text of its value, as u64 number of bytes and bytes
//   values      u64 number and u64 bits of all parameters; the same of all totals
//   sums        of each input u64 bytes of a sum (0: all are 0, 8, 16), the sums in quanta
//   spikes      of each population u64 number since step 0; of each step in flight u64 number and
//               u32 neurons
//   digest      u64[2] of all spikes since step 0
//   coarse      u64 number; of each u64 kind, index, input and count, f64 error and value
//   states      of each state that is not temporary u64 number of its values, and these, one after
//               another as C has them; those of synapses in the order of their numbers
#ifndef BNSYN_RUNTIME_CHECKPOINT_BYTES_H_
#define BNSYN_RUNTIME_CHECKPOINT_BYTES_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ir/program.h"
#include "reference/moment.h"
#include "runtime/engine.h"

namespace bnsyn {

// Parameters that were not tunable and have been changed, with the texts of their present values as
// Network::Set takes them.
using ChangedParameters = std::map<std::string, std::string>;

// A program as it was first compiled.
struct SavedProgram {
  std::string hash;  // 32 digits, of its text
  // Of the text the lines before the first block, without the numbers of tables.
  std::string declarations;
};
SavedProgram SavedProgramOf(const std::string& text);

struct CheckpointHeader {
  std::string program;  // 32 digits
  uint64_t step = 0;
  double dt = 0;  // ms
};

// Checks the version, the number of bytes and the checksum. What follows takes bytes that are
// right.
absl::StatusOr<CheckpointHeader> CheckBytes(absl::string_view bytes);
absl::StatusOr<ChangedParameters> ReadChanged(absl::string_view bytes);
// Of the program whose state it is; empty if the bytes are none of a checkpoint.
absl::string_view ReadDeclarations(absl::string_view bytes);

// What the bytes say of the network of an engine: InvalidArgument if they do not fit it. `values`
// refers to the bytes.
struct CheckpointContents {
  reference::Moment moment;
  reference::StateValues values;
};
absl::StatusOr<CheckpointContents> ReadContents(absl::string_view bytes, const Engine& engine);

// Returns an error if there is no memory for so many bytes.
using MemoryCheck = std::function<absl::Status(uint64_t bytes)>;
// What an engine of a program holds. `check` is asked before any memory is taken.
absl::StatusOr<std::string> WriteCheckpoint(const Engine& engine, const SavedProgram& program,
                                            const ChangedParameters& changed,
                                            const MemoryCheck& check);

// Gives bytes that were changed the number and the checksum that they should have.
void Seal(std::string& bytes);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CHECKPOINT_BYTES_H_
