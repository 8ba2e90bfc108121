// Which neurons: handles to what a network holds, and parts of populations.
#ifndef BNSYN_NEURONS_H_
#define BNSYN_NEURONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"
#include "bnsyn/source_text.h"

namespace [[gnu::visibility("default")]] bnsyn {

class Neurons;

// Handles to what a network holds. Those of a Network are valid for a Simulation compiled from it.
struct ModelHandle {
  uint32_t index = 0;
};
struct PopulationHandle {
  uint32_t index = 0;

  // Some of its neurons: see Neurons.
  Neurons Slice(int64_t begin, int64_t end, int64_t step = 1) const;
  Neurons Where(absl::string_view condition) const;
};
struct GroupHandle {
  uint32_t index = 0;

  Neurons Slice(int64_t begin, int64_t end, int64_t step = 1) const;
  Neurons Where(absl::string_view condition) const;
};
struct ProjectionHandle {
  uint32_t index = 0;
};
struct SynapseHandle {
  uint32_t index = 0;
};

// Neurons of one population: all of them, a group of them that has a name (Network::AddGroup), or
// some of either. The neurons have the numbers 0, 1, ... among those that are selected, in the
// order of their numbers in the population.
//
//   net.Connect("a", exc, "inh[0:50]", ...);                 // a text, as in a network file
//   net.Connect("b", exc.Slice(0, 50), inh.Where("i % 2 == 0"), ...);
class Neurons {
 public:
  Neurons(PopulationHandle population);  // NOLINT: implicit on purpose
  Neurons(GroupHandle group);            // NOLINT
  // "exc", "exc[0:50]", "exc[10:]", "exc[-5:]", "exc[::2]", "exc[7]", "exc[[3, 5, 8]]", or a
  // condition over the numbers i of neurons: "exc[i % 2 == 0]". The name may be that of a group.
  Neurons(const char* text);  // NOLINT
  Neurons(std::nullptr_t) = delete;
  Neurons(std::string text);        // NOLINT
  Neurons(bnsyn::SourceText text);  // NOLINT
  Neurons(const Neurons&);
  Neurons(Neurons&&) noexcept;
  Neurons& operator=(const Neurons&);
  Neurons& operator=(Neurons&&) noexcept;
  ~Neurons();

  // Of these the ones with the numbers begin, begin + step, ... below `end`, where a negative
  // number counts from the end as in Python.
  Neurons Slice(int64_t begin, int64_t end, int64_t step = 1) const;
  // Of these the ones for whose number i the condition holds: "i % 2 == 0".
  Neurons Where(absl::string_view condition) const;

  // What the calls above have set.
  std::variant<PopulationHandle, GroupHandle, SourceText> of;
  std::string subscripts;  // that come behind: "[0:50][i % 2 == 0]"
};

}  // namespace bnsyn

#endif  // BNSYN_NEURONS_H_
