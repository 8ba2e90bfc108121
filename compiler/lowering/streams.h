// Random streams by name (R3): a stream is the hash of the name of what draws from it, so that an
// edit of anything else leaves the draw as it was.
//
//   StreamNames streams;
//   rule.stream = streams.Find({"rule", "ee"});        // a number for the time being
//   ...
//   streams.Settle(program);                           // "rule ee 0" is stream 3328179611
#ifndef BNSYN_COMPILER_LOWERING_STREAMS_H_
#define BNSYN_COMPILER_LOWERING_STREAMS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// What draws: the kind of code, whose code it is, and the number of the draw within that code,
// counted from 0. Its text is "reset exc 0".
struct StreamName {
  std::string code;   // "rule", "weight", "initial", "equation", "stimulus", "reset", ...
  std::string owner;  // "ee", "exc", "exc.V", "network", ...
  uint32_t draw = 0;

  std::string ToString() const;
};

// FNV-1a of the bytes of a text, in 32 bits.
uint32_t StreamHash(absl::string_view text);

// The streams of different names, which are the hashes of these. Of names with the same hash the
// first in alphabetical order keeps it, and the others in that order take the next numbers that are
// no name's hash and are not taken yet.
std::vector<uint32_t> AssignStreams(const std::vector<std::string>& names);

// The names of a program's streams while it is lowered.
class StreamNames {
 public:
  // The stream of a name, the same whenever it is asked for: a number from 0 on, until Settle.
  uint32_t Find(const StreamName& name);

  // Replaces these numbers in the whole program by the streams of their names. Names that nothing
  // in the program draws from have no part in it.
  void Settle(ir::Program& program) const;

 private:
  std::map<std::string, uint32_t> numbers_;
  std::vector<std::string> names_;  // by number
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_STREAMS_H_
