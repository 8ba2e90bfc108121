// Lowering: from the description of a network to a program. Internal to the compiler; the work is
// split by subject over the files of this folder, in the order in which LowerNetwork calls it.
#ifndef BNSYN_COMPILER_LOWERING_LOWERING_H_
#define BNSYN_COMPILER_LOWERING_LOWERING_H_

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bnsyn/network.h"
#include "compiler/description/settings.h"
#include "compiler/language/code.h"
#include "compiler/language/expression.h"
#include "compiler/lowering/streams.h"
#include "compiler/passes/prepare.h"
#include "ir/diagnostic.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// An event of a model besides its spike: when it happens, and what it does then.
struct EventCode {
  std::string name;
  ir::SourceText condition_text;
  Expr condition;
  ir::SourceText code_text;
  std::vector<Statement> code;
};

// A model with its code parsed; the network-level code is one too.
struct ModelCode {
  ir::SourceText equations_text;
  std::vector<Equation> equations;
  ir::SourceText update_text;
  std::vector<Statement> update;
  ir::SourceText threshold_text;
  std::optional<Expr> threshold;
  ir::SourceText reset_text;
  std::vector<Statement> reset;
  std::vector<EventCode> events;
  Integration integration;

  const Equation* Find(absl::string_view name) const { return FindEquation(equations, name); }
};

struct Parameter {
  std::string name;
  Quantity value;
  ir::ParamId id = 0;
  bool tunable = false;
};

// A variable that holds a value of its own: a state, or an input that is empty between steps.
struct Variable {
  const Equation* equation = nullptr;
  std::optional<ir::StateId> state;  // none for an input
  std::optional<ir::InputId> input;  // where projections add to it, when some do

  const std::string& name() const { return equation->name; }
  const Dimension& dimension() const { return equation->unit.dimension; }
  bool Is(absl::string_view flag) const { return equation->Is(flag); }
};

// How long the neurons of a population are refractory after a spike.
enum class RefractoryKind : uint8_t {
  kNone,
  kSteps,      // a number of steps, the same for all
  kTime,       // a time that is taken when the neuron spikes
  kCondition,  // as long as a condition holds
};
struct Refractoriness {
  RefractoryKind kind = RefractoryKind::kNone;
  uint32_t steps = 0;                       // kSteps
  ir::SourceText text = {};                 // kTime, kCondition
  std::optional<Expr> expr = std::nullopt;  // kTime, kCondition
  std::optional<ir::StateId> state = {};    // i32, the steps left; or bool, whether it is so
};

// A population, or the network level: the parts of a model as they stand in the program.
struct Section {
  std::string name;    // "exc"; "uniform" for the network level
  std::string prefix;  // of its symbols: "exc." or ""
  ir::DomainId domain = ir::DomainId::kNetwork;
  std::optional<ir::PopulationId> population;
  uint32_t size = 1;
  const ModelCode* code = nullptr;
  std::vector<Parameter> parameters;
  std::vector<Variable> variables;
  std::vector<Constant> constants;  // of constant expressions: the network's, dt, its parameters
  Refractoriness refractory;
  std::vector<ir::PopulationId> events;  // those of the code, in order

  const Parameter* FindParameter(absl::string_view name) const;
  const Variable* FindVariable(absl::string_view name) const;
  Variable* FindVariable(absl::string_view name);
  std::vector<std::string> VariableNames() const;
};

// A table of the network, as code reads it; see table.h.
struct LoweredTable {
  std::string name;
  ir::TableId id = 0;
  uint32_t first_column = 0;  // of the values
  uint32_t columns = 1;
  bool timed = false;  // rows have times, in time_column
  uint32_t time_column = 0;
  uint64_t interval_steps = 0;  // between rows; 0 where rows are not evenly spaced in time
  Unit unit;                    // of the numbers
};

// A variable of synapses that is one for all of a neuron, as a state of that: it decays, and jumps
// when a spike of the neuron arrives (at a population of sources) or happens (of targets).
struct Trace {
  size_t section = 0;  // in Lowering::sections
  ir::StateId state = 0;
  double decay = 1;  // factor of a step
  double jump = 0;
  bool sets = false;  // it takes the value of the jump, instead of adding it
  // The number of spikes that arrive in the step; none where they are those that happen.
  std::optional<ir::InputId> arrivals;
};
// The spikes of a projection's source on their way to its traces.
struct Arrivals {
  ir::ProjectionId projection = 0;
  ir::InputId input = 0;
};

struct Lowering {
  explicit Lowering(const Network& described) : network(described) {}

  const Network& network;
  ir::Program program;
  MathMode math = MathMode::kDefault;
  std::vector<Constant> constants;  // the network's, and dt
  std::deque<ModelCode> models;     // addresses are kept
  ModelCode uniform_code;
  std::vector<Section> sections;  // of populations, in order
  Section uniform;
  std::vector<LoweredTable> tables;
  // What keeps a stimulus from step to step, by stimulus and population: the input that gathers its
  // events, or the state of its noise, its rate or what the host gave.
  std::map<std::pair<size_t, size_t>, ir::InputId> stimulus_inputs;
  std::map<std::pair<size_t, size_t>, ir::StateId> stimulus_states;
  std::vector<Trace> traces;
  std::vector<Arrivals> arrivals;
  ProgramFacts facts;                                   // for the prepare passes
  std::map<ir::PopulationId, ir::StateId> last_spikes;  // those that something reads
  StreamNames streams;
  // Where somebody asks: a title for each population, and what becomes of its equations.
  std::vector<std::pair<std::string, std::string>>* told = nullptr;
};

// All of it, in this order.
absl::Status Lower(Lowering& lowering);
absl::Status LowerConstants(Lowering& lowering);
absl::Status LowerModels(Lowering& lowering);
absl::Status DeclareUniform(Lowering& lowering);
absl::Status DeclareTables(Lowering& lowering);
absl::Status DeclarePopulations(Lowering& lowering);
absl::Status LowerProjections(Lowering& lowering);
absl::Status DeclareStimuli(Lowering& lowering);
absl::Status LowerInit(Lowering& lowering);
absl::Status BoundProjections(Lowering& lowering);
absl::Status LowerStep(Lowering& lowering);

// A part of LowerInit: where noise begins.
absl::Status LowerStimuliInit(Lowering& lowering, ir::Builder& builder);
// Parts of LowerStep: the stimuli of population `index` and its update; the network level.
class CodeScope;
absl::Status LowerStimuli(Lowering& lowering, size_t index, CodeScope& scope);
absl::Status LowerPopulation(Lowering& lowering, size_t index, ir::Builder& builder);
// The traces of population `index`, once it is known which of its neurons spiked.
void LowerTraces(const Lowering& lowering, size_t index, ir::Value spiked, ir::Builder& builder);
absl::Status LowerUniform(Lowering& lowering, ir::Builder& builder);
// Noise that is one for all moves on once everyone has read it.
absl::Status LowerSharedStimuli(Lowering& lowering, ir::Builder& builder);

// The projections that bring arrivals, after all of the network's own.
void AddArrivals(Lowering& lowering);
// Declares the parameters of a section: the values given, in order, with overrides.
absl::Status DeclareParameters(Lowering& lowering, const Settings& values,
                               const Settings& overrides, const std::vector<std::string>& tunable,
                               const ir::SourceText& place, Section& section);
// Declares the states of a section.
void DeclareVariables(Lowering& lowering, Section& section);
// The refractoriness of a section whose variables are declared.
absl::Status DeclareRefractory(Lowering& lowering, const Model& model, Section& section);
// The state that holds the time of each neuron's last spike, -inf before the first; declared on
// first use. The population must have a threshold.
ir::StateId LastSpikeOf(Lowering& lowering, const Section& section);
// The input that adds to `variable`, declared on first use.
ir::InputId InputOf(Lowering& lowering, const Section& section, Variable& variable);
ir::InputId AddInput(Lowering& lowering, const Section& section, std::string name);
// The table of a file, read on first use. `place` is where the file is named.
absl::StatusOr<ir::TableId> TableOf(Lowering& lowering, const std::string& file,
                                    const ir::SourceText& place);

// What every scope can read: constants, dt, t and the network level.
absl::StatusOr<std::optional<TypedValue>> ReadNetworkName(const Lowering& lowering,
                                                          ir::Builder& builder,
                                                          const std::string& name);
std::vector<std::string> NetworkNames(const Lowering& lowering);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_LOWERING_H_
