// The description of a network, built in C++ or read from a TOML file: one and the same thing.
#ifndef BNSYN_COMPILER_DESCRIPTION_NETWORK_H_
#define BNSYN_COMPILER_DESCRIPTION_NETWORK_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/language/units.h"
#include "ir/diagnostic.h"
#include "ir/program.h"

namespace bnsyn {

// A value in a description: a quantity, or an expression in the model language ("0.5 nS * 200/N",
// "normal(-70 mV, 5 mV)"), kept with its place for errors.
class Setting {
 public:
  Setting(double number) : value_(Quantity(number)) {}  // NOLINT: implicit on purpose
  Setting(int number) : value_(Quantity(number)) {}     // NOLINT
  Setting(Quantity quantity) : value_(quantity) {}      // NOLINT
  Setting(const char* expression);                      // NOLINT
  Setting(std::string expression);                      // NOLINT
  Setting(ir::SourceText expression) : value_(std::move(expression)) {}  // NOLINT

  bool is_text() const { return std::holds_alternative<ir::SourceText>(value_); }
  const ir::SourceText& text() const { return std::get<ir::SourceText>(value_); }
  const Quantity& quantity() const { return std::get<Quantity>(value_); }

  // Where its name stands in a file, for errors about the name; empty when built in C++.
  const ir::SourceText& name_place() const { return name_place_; }
  void set_name_place(ir::SourceText place) { name_place_ = std::move(place); }

 private:
  std::variant<Quantity, ir::SourceText> value_;
  ir::SourceText name_place_;
};

// Name and value pairs in the order given.
using Settings = std::vector<std::pair<std::string, Setting>>;

// How the differential equations of a model move on in a step; see Model::Method, Substeps, Order.
struct Integration {
  ir::SourceText method;  // of all that are not named below; empty to choose by itself
  std::vector<std::pair<ir::SourceText, ir::SourceText>> methods;  // variable, method
  std::optional<Setting> substeps;
  std::vector<std::vector<ir::SourceText>> order;

  bool given() const {
    return !method.text.empty() || !methods.empty() || substeps.has_value() || !order.empty();
  }
};

// A model: equations of a point neuron and what happens at a threshold. Code is text in the model
// language; see README and compiler/language/expression.h.
class Model {
 public:
  explicit Model(std::string name) : name(std::move(name)) {}

  Model& Equations(ir::SourceText text);
  Model& Equations(const char* text);
  Model& Parameters(Settings values);
  // Initial values of its populations, for variables that they give none themselves. An expression
  // may read parameters and other variables, and sees the values that a population gave them.
  Model& Initial(Settings values);
  // Sequential statements run every step, in place of integrating differential equations.
  Model& Update(const char* text);
  Model& Threshold(const char* text);
  Model& Reset(const char* text);
  // A time; an expression of one, which is taken to the nearest step when a neuron spikes; or a
  // condition, and a neuron that spiked is then refractory as long as it holds.
  Model& Refractory(Setting time);
  // An event besides the spike: where `condition` holds after the update, `code` runs, following
  // the reset. A projection takes it for its source's spike by its name.
  Model& OnEvent(std::string name, const char* condition, const char* code = "");
  // How differential equations are integrated: all by one method, which moves them together from
  // the values at the start of the step ("exact", "exponential_euler", "euler", "heun", "rk2",
  // "rk4", "euler_maruyama", "milstein"; compiler/equations/integration_plan.h has the formulas).
  // Without one, equations that are linear with constant coefficients are solved exactly, those that
  // are linear in their own variable by exponential Euler, and the rest by explicit Euler steps.
  Model& Method(const char* name);
  // Methods by variable, "default" standing for the variables not named.
  Model& Method(const std::vector<std::pair<std::string, std::string>>& methods);
  // All of a step's integration is done `count` times over with a step of dt/count; events, the
  // threshold and the reset stay once a step.
  Model& Substeps(Setting count);
  // Equations that move one after another, each from the newest values of the others; those in one
  // group move together. A variable named n times takes n steps of dt/n, so that {{"v"}, {"v"},
  // {"u"}} is two half steps of v and then one step of u. Every differential equation is named.
  Model& Order(const std::vector<std::vector<std::string>>& groups);
  // These parameters may change while running.
  Model& Tunable(std::vector<std::string> parameters);
  // The run stops when the variable leaves [lower, upper].
  Model& Bounds(std::string variable, Setting lower, Setting upper);

  std::string name;
  ir::SourceText place;  // of the name in a file, for errors
  ir::SourceText equations;
  Settings parameters;
  Settings initial;
  ir::SourceText update;
  ir::SourceText threshold;
  ir::SourceText reset;
  Integration integration;
  std::optional<Setting> refractory;
  std::vector<std::string> tunable;  // parameters that may change while running
  struct NamedEvent {
    std::string name;
    ir::SourceText place;  // of the name in a file
    ir::SourceText condition;
    ir::SourceText code;
  };
  std::vector<NamedEvent> events;
  struct Bound {
    std::string variable;
    Setting lower;
    Setting upper;
  };
  std::vector<Bound> bounds;
};

// Handles to what a network holds.
struct ModelHandle {
  uint32_t index = 0;
};
struct PopulationHandle {
  uint32_t index = 0;
};
struct ProjectionHandle {
  uint32_t index = 0;
};

// Rules of connectivity.
//
// Probabilities, conditions, weights and delays may be expressions: of constants alone, or of what
// the two neurons are. Then i and j are their numbers, NAME_pre and NAME_post their variables, with
// the values they begin with, and parameters; rand(), normal(m, s) and the like are drawn for each
// synapse. N_pre and N_post are the sizes of the populations, wherever a rule is described.
struct ConnectionRule {
  ir::RuleKind kind = ir::RuleKind::kAllToAll;
  // kBernoulli: a number, or an expression that is evaluated for every pair. kFixedTotal: the
  // probability of each pair is proportional to it.
  Setting p = 1.0;
  Setting n = 0.0;        // kFixedInDegree, kFixedOutDegree, kFixedTotal: a whole number
  bool self = true;       // may a neuron connect to itself
  bool multiple = false;  // kFixed...: may a pair be joined more than once
  // kList: CSV with columns pre, post and optionally weight and delay. The weight of a synapse is
  // then its number in the file times the weight of the projection ("1 nS"; without one, the bare
  // number); its delay is in ms and goes to the nearest step.
  std::string file;
  // kAllToAll, kBernoulli, kFixedTotal: only pairs for which it holds are joined.
  std::optional<Setting> condition = {};

  // This rule with the condition: AllToAll().Where("i != j and abs(i - j) < 10").
  ConnectionRule Where(Setting holds) const;
};
ConnectionRule AllToAll(bool self = true);
ConnectionRule OneToOne();
ConnectionRule Bernoulli(Setting p, bool self = true);
// n sources for each target; n targets for each source; n synapses in all.
ConnectionRule FixedInDegree(Setting n, bool self = true, bool multiple = false);
ConnectionRule FixedOutDegree(Setting n, bool self = true, bool multiple = false);
ConnectionRule FixedTotal(Setting n, bool self = true, bool multiple = false);
ConnectionRule FromFile(std::string csv);

struct ConnectOptions {
  // What happens when a spike of the source arrives: "g_ampa_post += w"; `w` is the weight. It may
  // read variables of both neurons and of the synapse, assign the latter, and add to those of the
  // target; where bounds of variables do not bound what is added, sums are multiples of 2^-30 of
  // their unit.
  ir::SourceText on_pre = {};
  std::optional<Setting> weight = {};  // needed unless the rule's file has a column "weight"
  // A number of steps; dt if not given. An expression is rounded to the nearest step, and its least
  // and greatest value must be known: "clip(normal(1.5 ms, 0.75 ms), dt, 10 ms)".
  std::optional<Setting> delay = {};
  // Named numbers that the expressions of this projection, its rule and its code may use.
  Settings constants = {};
  // The event of the source's model (Model::OnEvent) that the projection takes for a spike; empty
  // for the spike itself.
  ir::SourceText event = {};
  // What happens when the target spikes, whatever the delay.
  ir::SourceText on_post = {};
  // Variables of each synapse: "x : unit", "x = expression : unit", "dx/dt = ... : unit" with the
  // flag (clock-driven) or (event-driven), and "I_post = expression : unit (summed)", which adds to
  // the (input) variable I of the target in every step. A variable `w` begins with the weight.
  ir::SourceText equations = {};
  // Values that variables of synapses begin with, as expressions like the weight; 0 if not given.
  Settings initial = {};
  // The run stops when a variable leaves its bounds.
  std::vector<Model::Bound> bounds = {};

  ConnectOptions& OnPre(const char* text);
  ConnectOptions& OnPost(const char* text);
  ConnectOptions& Event(const char* name);
  ConnectOptions& Equations(const char* text);
};

// What reaches neurons from outside. *Events* come one by one: `on_event` runs for neurons that
// have some in a step, and `w` is the weight times their number. *Currents* add to the variable
// `variable` in every step, which the model declares as an (input). The README says which of them
// is which of NEST's generators.
enum class StimulusKind : uint8_t {
  kPoisson,    // events: a Poisson number with mean number*rate*dt
  kBernoulli,  // events: one with probability rate*dt
  kFile,       // events: CSV with columns step or time (ms), index and optionally value:
               // that many
  kSpikes,     // events: one at each of `times`, at the neuron in the same place of `neurons`
  kHost,       // events or a current that the host gives, see Simulation::AddEvents, SetInput
  kCurrent,    // a current: `value` in every step
  kOrnsteinUhlenbeck,  // a current: noise that forgets with the time constant `tau`
};
struct Stimulus {
  std::string name;
  ir::SourceText place;  // of the name in a file, for errors
  StimulusKind kind = StimulusKind::kPoisson;
  std::vector<std::string> targets;  // populations

  // Of events. A rate may read t, i, tables and variables of the target.
  Setting rate = 0.0;
  Setting number = 1;  // kPoisson: how many independent sources of this rate each neuron has
  Setting weight = 1.0;
  std::string file;
  std::vector<Setting> times;     // kSpikes; a single one is that of all neurons
  std::vector<uint32_t> neurons;  // a single one is that of all times
  ir::SourceText on_event;        // "g_ampa += 0.7*w"

  // Of currents. A value may read what a rate may.
  ir::SourceText variable;
  Setting value = 0.0;
  // kOrnsteinUhlenbeck, which begins in its stationary distribution.
  Setting mean = 0.0;
  Setting sigma = 0.0;  // the stationary standard deviation
  Setting tau = 0.0;
  bool shared = false;  // one noise for all neurons of all targets, instead of one each

  // Outside of [start, stop) nothing comes.
  std::optional<Setting> start;
  std::optional<Setting> stop;

  Stimulus& OnEvent(const char* text);
  Stimulus& Variable(const char* name);
};

// Numbers that expressions read as NAME(t) or, from several columns, NAME(t, i): those of the last
// row whose time has come, as a TimedArray of Brian2. With `dt`, row k begins at k*dt; with times,
// the value is 0 before the first. Without either the first argument is the number of a row, from
// 0. Rows and columns beyond an end are the last ones there.
struct ValueTable {
  std::string name;
  ir::SourceText place;  // of the name in a file, for errors
  // Either CSV with a header, where a first column `time` holds times in ms ...
  std::string file;
  std::string column;  // the only one to take; empty for all
  // ... or values here, one list a row, and times of the rows.
  std::vector<std::vector<Setting>> rows;
  std::vector<Setting> times;
  std::optional<Setting> dt;
  ir::SourceText unit;  // of numbers without one: "Hz"
};

struct NetworkOptions {
  Quantity dt = Quantity(0.1, Unit{dimension::kTime, 0});
  uint64_t seed = 0;
  std::string name = "network";
  bool strict_math = false;
  std::string directory = ".";  // that files are relative to
};

// What LowerNetwork compiles. Names and values are checked there, not here, so that building one is
// plain.
class Network {
 public:
  explicit Network(NetworkOptions options = {});

  ModelHandle AddModel(Model model);
  PopulationHandle AddPopulation(std::string name, ModelHandle model, Setting size,
                                 Settings parameters = {}, Settings initial = {});
  ProjectionHandle Connect(std::string name, PopulationHandle source, PopulationHandle target,
                           ConnectionRule rule, ConnectOptions options);
  void AddStimulus(Stimulus stimulus);
  void AddTable(ValueTable table);
  // A named number for use in expressions.
  void AddConstant(std::string name, Setting value);
  // Network-level state and code (R5.7): equations declare, `update` runs after all populations.
  void Uniform(ir::SourceText equations, ir::SourceText update, Settings initial = {},
               Settings parameters = {});

  // Overrides as the command's --set: "N", "exc.size", "exc.b", "adex.b", "ee.weight", "ext.rate",
  // "duration", "dt", "seed", "math", and uniform parameters by their name. Where one projection of
  // a file makes several, its name sets all of them. An unknown path is an error with did-you-mean.
  absl::Status Set(absl::string_view path, absl::string_view value);

  struct PopulationDescription {
    std::string name;
    ir::SourceText place;  // of the name in the file, for errors
    uint32_t model = 0;
    Setting size = 0.0;
    Settings parameters;
    Settings initial;
  };
  struct ProjectionDescription {
    std::string name;
    std::string group;  // the name in the file, where it stands for several targets
    ir::SourceText place;
    uint32_t source = 0;
    uint32_t target = 0;
    ConnectionRule rule;
    ConnectOptions options;
  };
  struct UniformDescription {
    ir::SourceText equations;
    ir::SourceText update;
    Settings initial;
    Settings parameters;
    std::vector<std::string> tunable;
  };

  NetworkOptions options;
  Setting duration = Setting("1 s");
  Settings constants;
  std::vector<Model> models;
  std::vector<PopulationDescription> populations;
  std::vector<ProjectionDescription> projections;
  std::vector<Stimulus> stimuli;
  std::vector<ValueTable> tables;
  UniformDescription uniform;
};

// A model of the library by its name, as `bnsyn models` lists them: AddModel takes it.
absl::StatusOr<Model> ReadLibraryModel(absl::string_view name);

// Reads a network file. Every key is known or an error.
absl::StatusOr<Network> ReadNetwork(const std::string& path);
absl::StatusOr<Network> ParseNetwork(absl::string_view text, const std::string& file,
                                     const std::string& directory = ".");

// The network's duration, in steps of its dt.
absl::StatusOr<uint64_t> DurationSteps(const Network& network);
// A time as a whole number of steps of dt, or an error that names both (R4).
absl::StatusOr<uint64_t> StepsOf(const Quantity& time, const Quantity& dt);

}  // namespace bnsyn

#endif  // BNSYN_COMPILER_DESCRIPTION_NETWORK_H_
