// The keys of a network file, one row each: ReadNetwork and Network::Set (the command's --set) both
// work from these rows, so that a key which is added here is read, set and suggested everywhere.
//
//   constexpr Key<Stimulus> kStimulusKeys[] = {
//       {"rate", At<&Stimulus::rate>, kDrawn, kDrawn, "as in rate = \"2000 Hz\""},
//       {"weight", At<&Stimulus::weight>, kEvents}, ...
#ifndef BNSYN_COMPILER_DESCRIPTION_KEYS_H_
#define BNSYN_COMPILER_DESCRIPTION_KEYS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "bnsyn/network.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {

// A key with a reader of its own; Network::Set cannot change it.
struct ReadByHand {};
// A positive time, which is evaluated when it is read.
struct TimeStep {
  Quantity* value;
};
// One of some words: the value is the number of the word.
struct Word {
  std::variant<bool*, Schedule*> value;
  std::vector<std::string> words;

  // Takes the word that `text` is; false if it is none.
  bool Take(absl::string_view text) const;
};
// A parameter of a model that a population may override.
struct Override {
  Settings* values;
  std::string name;
};
// Where the value of a key goes. The type says what may be written there.
using Field = std::variant<ReadByHand, Setting*, std::optional<Setting>*, Settings*,
                           std::vector<Setting>*, std::vector<Model::Bound>*,
                           std::vector<Model::Requirement>*, ir::SourceText*, std::string*, bool*,
                           uint64_t*, TimeStep, Word, Override, OffGrid*, std::vector<Clock>*>;

// std::visit of a field takes Overloaded{handler, handler, ...}.
template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

// Some of the kinds of a declaration, as bits: 1 << kind.
using Kinds = uint32_t;
inline constexpr Kinds kAnyKind = ~Kinds{0};
inline constexpr Kinds kNoKind = 0;
template <typename... Kind>
constexpr Kinds KindsOf(Kind... kinds) {
  return (kNoKind | ... | (Kinds{1} << static_cast<unsigned>(kinds)));
}

template <typename T>
struct Key {
  absl::string_view name;
  Field (*field)(T& declaration);
  Kinds kinds = kAnyKind;    // kinds of the declaration that have the key
  Kinds required = kNoKind;  // kinds that need it
  const char* example = "";  // what to write where a required key is missing
};

absl::Span<const Key<Network>> NetworkKeys();  // of [network]
absl::Span<const Key<Model>> ModelKeys();
absl::Span<const Key<Model>> IntegrationKeys();  // of a model, which a population may replace
absl::Span<const Key<Network::PopulationDescription>> PopulationKeys();
absl::Span<const Key<Network::GroupDescription>> GroupKeys();
absl::Span<const Key<Network::ProjectionDescription>> ProjectionKeys();
absl::Span<const Key<Pathway>> PathwayKeys();
absl::Span<const Key<Synapse>> SynapseKeys();
absl::Span<const Key<ConnectionRule>> RuleKeys();  // by RuleKind
absl::Span<const Key<Stimulus>> StimulusKeys();    // by StimulusKind
absl::Span<const Key<ValueTable>> TableKeys();     // by TableKind
absl::Span<const Key<Network::UniformDescription>> UniformKeys();
absl::Span<const Key<Clock>> ClockKeys();

absl::Span<const Key<Record>> RecordKeys();        // by RecordKind

// The words for what becomes of times between two steps, in the order of OffGrid.
absl::Span<const absl::string_view> OffGridWords();

enum class TableKind : uint8_t { kFile, kValues };
inline TableKind KindOf(const ValueTable& table) {
  return table.file.empty() ? TableKind::kValues : TableKind::kFile;
}

// A field that Network::Set can change: "dt", "exc.b", "ee.weight", "ext.rate", "ee.initial.x".
struct NamedField {
  std::string path;
  int group = 0;  // the sort of declaration; the first sort that has a path takes it
  Field field;
};
std::vector<NamedField> SettableFields(Network& network);
// True if a projection and a stimulus both have the path, which is then written with "projections."
// or "stimuli." before it.
bool IsAmbiguous(const std::vector<NamedField>& fields, absl::string_view path);

// Gives a settable field the value that `text` holds.
absl::Status SetField(const ir::SourceText& text, const Field& field);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_DESCRIPTION_KEYS_H_
