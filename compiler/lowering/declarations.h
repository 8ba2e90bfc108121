// What the text of a network declares, resolved: models, populations, tables, stimuli and
// projections with their states, inputs and parameters in the program. Built once by Declare, and
// const from then on.
#ifndef BNSYN_COMPILER_LOWERING_DECLARATIONS_H_
#define BNSYN_COMPILER_LOWERING_DECLARATIONS_H_

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "bnsyn/network.h"
#include "compiler/equations/integration_plan.h"
#include "compiler/language/code.h"
#include "compiler/language/expression.h"
#include "compiler/lowering/select_neurons.h"
#include "ir/diagnostic.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// An event of a model besides the spike: the condition under which it happens, and its code.
struct EventCode {
  std::string name;
  ir::SourceText condition_text;
  Expr condition;
  ir::SourceText code_text;
  std::vector<Statement> code;
};

// Code with a clock of its own (bnsyn::Clock), in steps.
struct ClockCode {
  std::string name;
  ir::SourceText place;  // of the name
  uint32_t every = 1;
  uint32_t offset = 0;
  bool at_end = false;
  double order = 0;
  ir::SourceText text;
  std::vector<Statement> code;
};

// A model with its code parsed. The code of the network level is one too.
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
  // How often a neuron spikes for which the threshold holds; without it, once.
  ir::SourceText multiplicity_text;
  std::optional<Expr> multiplicity;
  uint64_t most_spikes = 1;

  const Equation* Find(absl::string_view name) const { return FindEquation(equations, name); }
};

struct Parameter {
  std::string name;
  Quantity value;
  ir::ParamId id = 0;
  bool tunable = false;
  // Of a parameter that changes at given times: a table of steps and values, from step 0 on.
  std::optional<ir::TableId> course;
  ir::SourceText place;  // where its value is given

  // True if its value is not one number for the whole run.
  bool varies() const { return tunable || course.has_value(); }
};

// Who holds the value of a variable. A variable of synapses that is the same for all synapses of a
// source, or of a target, is a state of that neuron (see FindTraces).
enum class Keeper : uint8_t { kOwner, kSource, kTarget };

// What a linked variable of a population is: a variable of other neurons (link.cc).
struct Link {
  const struct Section* section = nullptr;    // of the other population
  const struct Variable* variable = nullptr;  // there
  ir::SourceText index_text;                  // empty where neurons of the same number are linked
  std::optional<ir::StateId> index;           // u32: the neuron there, where there is a text
};

// A variable that holds a value of its own: a state, or an input that is empty between steps.
struct Variable {
  const Equation* equation = nullptr;
  std::optional<ir::StateId> state;  // none for an input
  std::optional<ir::InputId> input;  // that projections add to, if any do
  Keeper keeper = Keeper::kOwner;
  std::optional<Link> link;         // of a linked variable, whose state is a temporary
  std::optional<ir::StateId> past;  // keeps its past values, if code reads any (history.cc)

  const std::string& name() const { return equation->name; }
  const Dimension& dimension() const { return equation->unit.dimension; }
  bool Is(absl::string_view flag) const { return equation->Is(flag); }
};

// How long the neurons of a population are refractory after a spike.
enum class RefractoryKind : uint8_t {
  kNone,
  kSteps,      // a number of steps, the same for all
  kTime,       // a time that is taken when the neuron spikes; Schedule::kBrian2: in every step
  kCondition,  // as long as a condition holds
};
struct Refractoriness {
  RefractoryKind kind = RefractoryKind::kNone;
  uint32_t steps = 0;                       // kSteps
  double time = 0;                          // kSteps with interpolated spikes, in ms
  ir::SourceText text = {};                 // kTime, kCondition
  std::optional<Expr> expr = std::nullopt;  // kTime, kCondition
  // i32, the steps left, or with interpolated spikes f64, the time left; kCondition and
  // Schedule::kBrian2: bool, true if it is refractory.
  std::optional<ir::StateId> state = {};
};

// The initial value of a variable: in the declaration of its state, or code of the init block.
struct InitialValue {
  const Equation* variable = nullptr;
  std::optional<Expr> code;
  ir::SourceText text;
  // Of a group, which replaces the value that its neurons have; it has code.
  std::string group = {};
  const NeuronSet* neurons = nullptr;
};

// A population, the network level or the synapses of a projection: the parts of a model, and the
// states, inputs and parameters of the program that they became.
struct Section {
  std::string name;          // "exc"; "uniform" for the network level
  std::string prefix;        // of its names in the program: "exc." or ""
  std::string stream_owner;  // of its random streams (R3): "exc", "network", "ee"
  ir::DomainId domain = ir::DomainId::kNetwork;
  std::optional<ir::PopulationId> population;
  uint32_t size = 1;
  const ModelCode* code = nullptr;
  std::vector<Parameter> parameters;
  std::vector<Variable> variables;
  std::vector<Constant> constants;  // for constant expressions: the network's, dt, its parameters
  Refractoriness refractory;
  // The time of each neuron's last spike, -inf before the first; only if some code reads it.
  std::optional<ir::StateId> last_spike;
  // With interpolated spikes: how long before the end of its step, in ms, each neuron last spiked.
  std::optional<ir::StateId> spike_before;
  std::vector<ir::PopulationId> events;     // those of the code, in order
  std::optional<ir::StateId> multiplicity;  // how often each neuron spiked in the last step
  // States that check probabilities of its threshold that differ or change, each with the number of
  // the probability among all of the threshold.
  std::vector<std::pair<size_t, ir::StateId>> chances;
  std::vector<InitialValue> initial;  // in the order in which variables get them
  std::vector<ClockCode> clocks;      // in the order in which they run

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
  OffGrid off_grid = OffGrid::kError;  // where times between two steps go
  uint64_t interval_steps = 0;         // between rows; 0 where rows are not evenly spaced in time
  Unit unit;                           // of the numbers
};

// A variable of synapses that is the same for all synapses of a target, as a state of the target.
// It decays in every step, and jumps where spikes of the target arrive.
struct Trace {
  size_t section = 0;  // of the target, in Declarations::sections
  ir::StateId state = 0;
  double decay = 1;  // factor of a step
};

// Code of a projection that runs when spikes arrive: an on_pre or on_post block of the program.
struct PathwayCode {
  bool on_post = false;
  std::string name;  // kMainPathway for on_pre and on_post themselves
  ir::SourceText place;
  ir::SourceText text;
  std::vector<Statement> code;
  int order = 0;
  // As an ir::Block has them.
  std::optional<uint32_t> delay = {};
  std::optional<ir::PopulationId> spikes = {};

  bool is_main() const { return name == kMainPathway; }
  ir::BlockKind kind() const { return on_post ? ir::BlockKind::kOnPost : ir::BlockKind::kOnPre; }
};

// The flag of an equation x = ... that has one value in all of a step.
inline constexpr absl::string_view kConstantOverDt = "constant over dt";
// Flags of the equations of synapses. Without "per synapse" an event-driven variable may become a
// trace.
inline constexpr absl::string_view kEventDriven = "event-driven";
inline constexpr absl::string_view kPerSynapse = "per synapse";

// The flag of a variable that is kept as f32 (R1).
inline constexpr absl::string_view kFloat32 = "float32";
// The flag of a variable that is one of other neurons.
inline constexpr absl::string_view kLinked = "linked";

// An equation dx/dt = A*x + B with fixed A and B, flagged (event-driven). When an event needs x, it
// is brought up to date by the exact solution x' = x0 + (x - x0)*exp(A*elapsed), x0 = -B/A.
struct EventDriven {
  std::string name;
  Expr proportional;         // A*x
  std::optional<Expr> rest;  // B
  // Of one that sources hold, the step up to which it has moved, as i64.
  std::optional<ir::StateId> last = {};
};

struct SynapseModel {
  SynapseModel() = default;
  // The section points at the code.
  SynapseModel(const SynapseModel&) = delete;
  SynapseModel& operator=(const SynapseModel&) = delete;

  // All equations but the summed ones. Event-driven ones have the kind of a variable here, since
  // they do not move in a step.
  ModelCode code;
  Section section;
  std::vector<Equation> summed;  // I_post = expression, added up for each target in every step
  std::vector<EventDriven> event_driven;
  std::vector<PathwayCode> pathways;  // those that have code, in the order in which they run
  // The step up to which event-driven variables of the synapse have moved, as i64.
  std::optional<ir::StateId> last;
  // The meaning of w, unless it is a variable: the dimension of weights, and the factor of the
  // program's weights.
  std::optional<Quantity> weight;
  // A factor of each w that on_pre and on_post code reads; as a parameter, since it may change.
  std::optional<Parameter> gain;
  bool whole_weight = false;  // w is known to be a whole number

  // True if some code reads or assigns `name`, equations x = ... followed.
  bool Mentions(const std::vector<Statement>& statements, absl::string_view name) const;
  // True if a clock reads or assigns `name`, equations x = ... followed.
  bool ClocksMention(absl::string_view name) const;
  // True if any code or equation reads or assigns `name`, equations x = ... followed.
  bool Uses(absl::string_view name) const;
  // The right side of the equation x = ..., or null.
  const Expr* DefinitionOf(absl::string_view name) const;
};

// A value that is computed for each synapse when it is made.
struct ConnectValue {
  enum class Kind : uint8_t { kProbability, kCondition, kWeight, kDelay, kInitial };
  Kind kind = Kind::kInitial;
  std::string what;  // its name in errors
  ir::SourceText text;
  std::optional<Expr> code;            // none for a number
  double number = 0;                   // of a condition: the probability where it holds
  ir::Bits initial = 0;                // of the variable, where there is no code
  const Variable* variable = nullptr;  // that begins with it, if any
  bool times_listed = false;           // it is multiplied by the weight in the rule's file
};

// A projection of the network, resolved.
struct Connection {
  Connection(const Network::ProjectionDescription& described, std::vector<Section>& sections,
             NeuronSet from, NeuronSet to)
      : description(described),
        source(sections[from.section]),
        target(sections[to.section]),
        sources(std::move(from)),
        targets(std::move(to)) {}

  // Puts the name that a variable of a neuron has here in the place of that in the model.
  void Rename(std::string& name) const {
    const auto renamed = neuron_names.find(name);
    if (renamed != neuron_names.end()) name = renamed->second;
  }

  const Network::ProjectionDescription& description;
  const Section& source;
  const Section& target;
  const NeuronSet sources;
  const NeuronSet targets;
  // For constant expressions: the projection's own, N_pre, N_post, and the network's.
  std::vector<Constant> constants;
  ir::ProjectionId id = 0;
  // The model that it names, if it does (use_synapse.cc), the units that have names in its
  // equations, and what the variables of neurons that it reads are called here.
  const Synapse* synapse = nullptr;
  std::vector<NamedUnit> units = {};
  std::map<std::string, std::string> neuron_names = {};
  SynapseModel model;
  std::vector<ConnectValue> values;  // of its connect block, in order
};

// A stimulus at one of its targets.
struct StimulusAt {
  const Stimulus& stimulus;
  size_t section;  // of the target, in Declarations::sections
  NeuronSet neurons;
  std::string name;  // of what it keeps there: its own, or with a number behind it where it goes to
                     // several parts of one population
  std::vector<Statement> on_event = {};
  // Its times are those of spikes of the target: it acts in the steps that end at them.
  bool ends = false;
  // Schedule::kBrian2: it acts after the arrivals of a step, and not before the update.
  bool after_arrivals = false;
  // It brings something in the steps [start, stop) alone.
  std::optional<uint64_t> start = {};
  std::optional<uint64_t> stop = {};
  uint64_t every = 1;  // steps for which a current keeps its value; then `state` holds it
  const Variable* variable = nullptr;     // that a current adds to
  std::optional<ir::InputId> input = {};  // of the events of a file or list
  std::optional<ir::StateId> state = {};  // of noise, or of what the host gave
  std::optional<ir::StateId> rate = {};   // of a rate that is checked while running
};

struct Declarations {
  explicit Declarations(const Network& described)
      : network(described),
        math(described.options.strict_math ? MathMode::kStrict : MathMode::kDefault),
        schedule(described.options.schedule) {}
  // Parts point at each other.
  Declarations(const Declarations&) = delete;
  Declarations& operator=(const Declarations&) = delete;

  // What equations read of variables that are solved exactly. Strict math repeats the arithmetic of
  // programs that let currents see decayed conductances, as the original network does.
  Reading reading() const {
    if (schedule == Schedule::kBrian2) return Reading::kStart;
    const bool ends = schedule == Schedule::kBnsynOriginal || math == MathMode::kStrict;
    return ends ? Reading::kEndOfDecays : Reading::kMean;
  }

  const Network& network;
  MathMode math;
  Schedule schedule;
  std::vector<Constant> constants;  // the network's, and dt
  std::deque<ModelCode> models;
  ModelCode uniform_code;
  std::vector<Section> sections;  // of populations, in order
  NamedNeurons neurons;           // populations and groups; NeuronSet::section is in `sections`
  Section uniform;                // the network level
  std::vector<LoweredTable> tables;
  // Projections that name a model of synapses, with its code.
  std::deque<Network::ProjectionDescription> with_models;
  std::deque<Connection> connections;  // in order of their ids
  std::vector<StimulusAt> stimuli;     // in order of stimuli, and of the targets of each
  std::vector<Trace> traces;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_DECLARATIONS_H_
