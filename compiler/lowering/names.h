// What names mean in a piece of code: a chain of look-ups, innermost first. The code of
// populations, the network level and synapses differs only in the links of its chain.
//
//   const Names names = NamesOf(declared, exc);
//   names.Find("tau");       // kParameter of exc; null for a name that means nothing
#ifndef BNSYN_COMPILER_LOWERING_NAMES_H_
#define BNSYN_COMPILER_LOWERING_NAMES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "compiler/language/code.h"
#include "compiler/language/expression.h"
#include "compiler/lowering/declarations.h"

namespace bnsyn::compiler {

// The ends of names of the target and of the source, in the code of synapses.
inline constexpr absl::string_view kPost = "_post";
inline constexpr absl::string_view kPre = "_pre";

enum class NameKind : uint8_t {
  kVariable,         // of the section that the code belongs to
  kDefinition,       // an equation x = ... of that section
  kParameter,        // of a section
  kConstant,         // a number
  kSize,             // N, the number of neurons
  kTable,            // read as NAME(t) or NAME(row)
  kTime,             // t
  kIndex,            // i, the number of the neuron
  kNotRefractory,    // not_refractory
  kLastSpike,        // lastspike
  kNetworkVariable,  // of the network level, which populations and synapses only read
  kSourceVariable,   // NAME_pre
  kTargetVariable,   // NAME_post
  kSourceIndex,      // i and i_pre of a synapse
  kTargetIndex,      // j and i_post of a synapse
  kWeight,           // w of a synapse
  kDelay,            // the delay of a synapse
  kOfNeurons,        // the bare name of a variable of neurons, in the code of synapses: of which?
  kOther,            // nothing that can be read
};

struct Meaning {
  NameKind kind = NameKind::kOther;
  const Section* section = nullptr;      // kVariable, kDefinition
  const Variable* variable = nullptr;    // k...Variable
  const Equation* definition = nullptr;  // kDefinition
  const Parameter* parameter = nullptr;  // kParameter; kWeight: its gain, if it has one
  const LoweredTable* table = nullptr;   // kTable
  // k...Index: the neurons among which the number counts; null for all of the population.
  const NeuronSet* among = nullptr;
  Quantity constant = {};  // kConstant, kSize; kWeight: a factor of each weight
  bool of_target = false;  // kLastSpike of the target of a synapse, not its source
  bool whole = false;      // kWeight: it is known to be a whole number
  // Why this code cannot read it, and what to do; empty if it can.
  std::string refusal = {};
  std::string note = {};

  // True if neurons of a population differ in it.
  bool IsOfEachNeuron() const;
};

// Built link by link, then const. A link that is added later stands outside of those before it.
class Names {
 public:
  // The innermost meaning of a name, or null.
  const Meaning* Find(absl::string_view name) const;
  // All names that can be read, for did-you-mean.
  std::vector<std::string> Readable() const;
  // The populations that the code adds to, where it is code of synapses; else null.
  const Section* source() const { return source_; }
  const Section* target() const { return target_; }

  void Add(std::string name, Meaning meaning) { links_.emplace_back(std::move(name), meaning); }
  // Puts a meaning before all others.
  void Hide(std::string name, Meaning meaning) {
    links_.emplace(links_.begin(), std::move(name), std::move(meaning));
  }
  // Variables, equations x = ... and parameters.
  void AddSection(const Section& section);
  // The same of a neuron that a synapse belongs to, as NAME_pre or NAME_post.
  // Code that makes connections runs once, and reads no parameter that may change.
  void AddNeuron(const Section& section, bool post, bool connecting);
  void AddConstants(const std::vector<Constant>& constants);
  // Tables, t, and the variables, parameters and constants of the network.
  void AddNetwork(const Declarations& declared);

  void SetEnds(const Section& source, const Section& target) {
    source_ = &source;
    target_ = &target;
  }
  // "'xi' is white noise, which ..."
  void RefuseNoise(std::string reader, std::string note);

 private:
  std::vector<std::pair<std::string, Meaning>> links_;
  Meaning noise_;  // of xi, xi_a, ...
  const Section* source_ = nullptr;
  const Section* target_ = nullptr;
};

// The names of the code of a population, or of the network level.
Names NamesOf(const Declarations& declared, const Section& section);

// The same for code that runs outside the update of a step: inputs are empty there.
Names NamesOutsideStep(const Declarations& declared, const Section& section);

// True if each name that an expression reads satisfies `known` or is a unit, and it neither draws
// random numbers nor reads a table or file. `unknown` is the answer for names that mean nothing.
bool ReadsOnly(const Expr& expr, const Names& names,
               const std::function<bool(const Meaning&)>& known, bool unknown = false);

// True if an expression reads `name`, by itself or through equations x = ... of `code`.
bool ReadsName(const Expr& expr, const ModelCode& code, absl::string_view name);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_NAMES_H_
