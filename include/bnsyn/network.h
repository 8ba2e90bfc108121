// The description of a network: models, populations, projections and stimuli, built in C++ or read
// from a TOML file.
//
//   using namespace bnsyn::literals;
//   bnsyn::Network net({.dt = 0.1_ms, .seed = 42});
//   auto lif = net.AddModel(bnsyn::Model("lif").Equations("dV/dt = (-45 mV - V)/(20 ms) : volt")
//                               .Threshold("V >= -50 mV").Reset("V = -60 mV").Refractory(2_ms));
//   auto exc = net.AddPopulation("exc", lif, 800, {}, {{"V", "uniform(-60 mV, -50 mV)"}});
//   net.Connect("ee", exc, exc, bnsyn::Bernoulli(0.1),
//               bnsyn::ConnectOptions{.weight = 0.2_mV, .delay = 1.5_ms}.OnPre("V_post += w"));
//
// Nothing is checked while a description is built. bnsyn::Compile (bnsyn/simulation.h) checks
// names, units, shapes and values, and returns an error that points at the text that is wrong. Code
// is text in the model language, which docs/networks.md describes.
#ifndef BNSYN_NETWORK_H_
#define BNSYN_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bnsyn/off_grid.h"
#include "bnsyn/rule_kind.h"
#include "bnsyn/source_text.h"
#include "bnsyn/units.h"

namespace bnsyn {

// A value in a description: a number, a quantity, or an expression in the model language, such as
// "0.5 nS * 200/N" or "normal(-70 mV, 5 mV)".
class Setting {
 public:
  Setting(double number);           // NOLINT: implicit on purpose
  Setting(int number);              // NOLINT
  Setting(Quantity quantity);       // NOLINT
  Setting(const char* expression);  // NOLINT
  Setting(std::string expression);  // NOLINT
  Setting(SourceText expression);   // NOLINT
  // Not inline, so that host programs compile quickly; so for the other classes here.
  Setting(const Setting&);
  Setting(Setting&&) noexcept;
  Setting& operator=(const Setting&);
  Setting& operator=(Setting&&) noexcept;
  ~Setting();

  bool is_text() const { return std::holds_alternative<SourceText>(value_); }
  const SourceText& text() const { return std::get<SourceText>(value_); }  // if is_text()
  const Quantity& quantity() const { return std::get<Quantity>(value_); }  // if not

  // From the step that begins at `time` on, the value is another one. Parameters, the gain of a
  // projection, and the rate, value and mean of a stimulus may change so, any number of
  // times in the order of time: Setting("0 pA").ChangeAt("100 ms", "300 pA").ChangeAt("200 ms", "0
  // pA").
  Setting& ChangeAt(Setting time, Setting value);
  struct Change;
  const std::vector<Change>& changes() const { return changes_; }

  // The place of the name that has this value, for errors about the name; empty if the description
  // was built in C++.
  const SourceText& name_place() const { return name_place_; }
  void set_name_place(SourceText place) { name_place_ = std::move(place); }

 private:
  std::variant<Quantity, SourceText> value_;
  std::vector<Change> changes_;
  SourceText name_place_;
};
struct Setting::Change {
  Setting time;
  Setting value;
};

// Names and values, in the order given: {{"tau_m", 20_ms}, {"E_L", "-70 mV"}}.
using Settings = std::vector<std::pair<std::string, Setting>>;

// How a step integrates the differential equations of a model: see Model::Method, Substeps, Order.
struct Integration {
  SourceText method;  // of all variables that `methods` does not name; empty for the default
  std::vector<std::pair<SourceText, SourceText>> methods;  // variable, method
  std::optional<Setting> substeps;
  std::vector<std::vector<SourceText>> order;
  bool interpolated_spikes = false;  // see Model::InterpolatedSpikes

  bool given() const {
    return !method.text.empty() || !methods.empty() || substeps.has_value() || !order.empty();
  }
};

// Code that runs every so often instead of in every step, as the run_regularly of Brian2 does. Its
// owner is a model or a population, a projection or the network: it reads and assigns what other
// code of that owner does.
//
//   bnsyn::Clock("homeostasis", "10 ms", "V_th += eta*(rate - target)")
struct Clock {
  // Runs `code` at 0, `every`, 2*`every`, ...
  Clock(std::string name, Setting every, const char* code);
  Clock();
  Clock(const Clock&);
  Clock(Clock&&) noexcept;
  Clock& operator=(const Clock&);
  Clock& operator=(Clock&&) noexcept;
  ~Clock();

  std::string name;
  SourceText place;      // of the name in a file, for errors
  SourceText code;       // statements
  Setting every = 0.0;   // a whole number of steps, at least one
  Setting offset = 0.0;  // the time of the first run, a whole number of steps
  // True to run at the end of the step that begins at such a time, after all else; by default it
  // runs at the start, before stimuli and updates. Clocks of projections run at the start.
  bool at_end = false;
  // Of the clocks of one owner that run in the same place, those of lower order run before others.
  Setting order = 0.0;
};

// A model: the equations of a neuron, and what happens when it spikes. Each call returns the model,
// so that calls can be chained:
//
//   bnsyn::Model("lif").Equations("dV/dt = (E_L + R*I_e - V)/tau_m : volt")
//       .Parameters({{"E_L", -70_mV}, {"tau_m", 20_ms}, {"R", "100 Mohm"}, {"I_e", 300_pA}})
//       .Threshold("V >= -50 mV").Reset("V = E_L").Refractory(2_ms)
class Model {
 public:
  explicit Model(std::string name);
  Model(const Model&);
  Model(Model&&) noexcept;
  Model& operator=(const Model&);
  Model& operator=(Model&&) noexcept;
  ~Model();

  // Lines of "dx/dt = ... : unit", "x = ... : unit" and "x : unit".
  Model& Equations(SourceText text);
  Model& Equations(const char* text);
  // Values of the parameters; a population may give others.
  Model& Parameters(Settings values);
  // Values that variables begin with, unless a population gives others; 0 without either. An
  // expression may read parameters and other variables, whose values are those of the population.
  Model& Initial(Settings values);
  // Statements that run line by line in every step, in place of differential equations.
  Model& Update(const char* text);
  // A neuron spikes in a step after which this condition holds and it is not refractory.
  Model& Threshold(const char* text);
  // Statements that run for each neuron that spiked.
  Model& Reset(const char* text);
  // How long a neuron stays refractory after a spike, from the time of the spike on: a time, which
  // must be a whole number of steps; an expression of a time, evaluated at the spike and rounded to
  // the nearest step; or a condition, and the neuron stays refractory as long as it holds.
  Model& Refractory(Setting time);
  // Code with a clock of its own.
  Model& Every(Clock clock);
  // Neurons may spike several times in a step: one for which the threshold holds spikes `number`
  // times, an expression with a whole value from 0 to `most`, taken before the reset.
  Model& Multiplicity(const char* number, uint32_t most = 16);
  // A further kind of event: `code` runs, after the reset, for each neuron for which `condition`
  // holds after the update. A projection with this event's name (ConnectOptions::event) delivers
  // the event in place of the spike.
  Model& OnEvent(std::string name, const char* condition, const char* code = "");
  // One method for all differential equations: "exact", "exponential_euler", "euler", "heun",
  // "rk2", "rk4", "euler_maruyama", "milstein", or "rk45(rtol, atol)", which adapts its steps. All
  // variables then move together, from their values at the start of the step. By default each set
  // of equations that is linear with constant coefficients is solved exactly, an equation that is
  // linear in its own variable is moved by exponential Euler, and every other by explicit Euler.
  Model& Method(const char* name);
  // A method for each variable: {{"V", "exponential_euler"}, {"default", "euler"}}.
  Model& Method(const std::vector<std::pair<std::string, std::string>>& methods);
  // Integrates `count` times with the step dt/count. Threshold, reset and events stay once a step.
  Model& Substeps(Setting count);
  // Finds spikes within the step, where the threshold comes to hold: the neuron is reset there and
  // moves on. All equations are integrated by "rk45".
  Model& InterpolatedSpikes();
  // Groups of variables that move one after another, each group from the newest values of the
  // others; the variables of one group move together. A variable that is named n times takes n
  // steps of dt/n: {{"v"}, {"v"}, {"u"}} is two half steps of v and then one step of u. Every
  // differential equation must be named.
  Model& Order(const std::vector<std::vector<std::string>>& groups);
  // Parameters that Simulation::SetParameter may change while the network runs.
  Model& Tunable(std::vector<std::string> parameters);
  // Names that end in `index` stand for several: with the index "k" and the parameter "tau", which
  // has the values tau_1, tau_2, ..., the equation "dI_k/dt = -I_k/tau_k : amp" is one for each,
  // and so is a statement that assigns I_k; sum(I_k) adds them. A population may give any number of
  // values; a parameter of one value has it for all numbers.
  //   .Equations("dV/dt = (sum(I_k)/C - V/tau_m) : volt\n dI_k/dt = -I_k/tau_k : amp")
  //   .Numbered("k", {"tau"}).Parameters({{"tau_1", 2_ms}, {"tau_2", 20_ms}, ...})
  Model& Numbered(std::string index, std::vector<std::string> parameters);
  // The run stops with an error when the variable leaves [lower, upper].
  Model& Bounds(std::string variable, Setting lower, Setting upper);
  // What projections add to the variable is counted in steps of the greatest power of two of its
  // internal unit that is at most `resolution`: Resolution("I", "1 fA"). By default the compiler
  // takes one that keeps 24 bits of each contribution (docs/precision.md).
  Model& Resolution(std::string variable, Setting resolution);

  // What the calls above have set. The places are those in a file, for errors.
  struct NamedEvent {
    std::string name;
    SourceText place;
    SourceText condition;
    SourceText code;
  };
  struct Bound {
    std::string variable;
    Setting lower;
    Setting upper;
  };
  struct Numbering {
    SourceText index;
    std::vector<SourceText> parameters;
    uint32_t count = 0;  // how many values there are; set by the compiler
  };
  std::string name;
  SourceText place;  // of the name
  SourceText equations;
  Settings parameters;
  Settings initial;
  SourceText update;
  SourceText threshold;
  SourceText reset;
  Integration integration;
  std::optional<Setting> refractory;
  std::vector<std::string> tunable;
  std::vector<Numbering> numbered;
  std::vector<NamedEvent> events;
  std::vector<Bound> bounds;
  Settings resolution;
  std::vector<Clock> clocks;
  SourceText multiplicity;  // empty where a neuron spikes once at most
  uint64_t most_spikes = 16;
};

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

// A rule of connectivity: which pairs of a source and a target neuron a projection joins. The
// functions below make them.
//
// Probabilities, conditions, weights and delays may be expressions of constants, or of the two
// neurons: i and j are the numbers of the source and the target among those that are selected, and
// i_pre and i_post their numbers in the populations; x_pre and x_post are their variables (with the
// values they begin with) and parameters, and N_pre and N_post how many are selected. rand(),
// normal(m, s) and the other random functions are drawn once for each synapse.
struct ConnectionRule {
  ConnectionRule();
  ConnectionRule(const ConnectionRule&);
  ConnectionRule(ConnectionRule&&) noexcept;
  ConnectionRule& operator=(const ConnectionRule&);
  ConnectionRule& operator=(ConnectionRule&&) noexcept;
  ~ConnectionRule();

  RuleKind kind = RuleKind::kAllToAll;
  // kBernoulli: the probability of each pair. kFixedTotal: the probability of each pair is
  // proportional to it.
  Setting p = 1.0;
  Setting n = 0.0;        // kFixedInDegree, kFixedOutDegree, kFixedTotal: a whole number
  bool self = true;       // true if a neuron may connect to itself
  bool multiple = false;  // kFixed...: true if a pair may be joined more than once
  // kList: a CSV file with the columns pre and post and, optionally, weight and delay. The weight
  // of a synapse is its number in the file times the weight of the projection ("1 nS"), or the bare
  // number if the projection has none. Its delay is in ms and is rounded to the nearest step.
  std::string file;
  // kAllToAll, kBernoulli, kFixedTotal: joins only the pairs for which the condition holds.
  std::optional<Setting> condition = {};

  // This rule with a condition: AllToAll().Where("i != j and abs(i - j) < 10").
  ConnectionRule Where(Setting holds) const;
};
ConnectionRule AllToAll(bool self = true);
// The first source with the first target, and so on; there must be as many of both.
ConnectionRule OneToOne();
ConnectionRule Bernoulli(Setting p, bool self = true);
// n sources for each target.
ConnectionRule FixedInDegree(Setting n, bool self = true, bool multiple = false);
// n targets for each source.
ConnectionRule FixedOutDegree(Setting n, bool self = true, bool multiple = false);
// n synapses in all.
ConnectionRule FixedTotal(Setting n, bool self = true, bool multiple = false);
// The pairs that a CSV file lists: see ConnectionRule::file.
ConnectionRule FromFile(std::string csv);

// When the code of a pathway runs.
struct PathwayOptions {
  // From the spike to the code, the same for all synapses. Without, that of the projection: `delay`
  // of on_pre code, `post_delay` of on_post code.
  std::optional<Setting> delay = {};
  // Of pathways that run at the same time, those of lower order run first; of equal order, those
  // whose names come first. Without, -1 for on_pre code and 1 for on_post code.
  std::optional<int> order = {};
  // An event of the model of the source, or for on_post code of the target, that runs the code in
  // place of the spike.
  SourceText event = {};
};

// The name of the pathways that are on_pre and on_post themselves.
inline constexpr char kMainPathway[] = "main";

// Further code of a projection, with spikes, a delay and an order of its own.
struct Pathway {
  std::string name;
  SourceText place;  // of the name in a file, for errors
  bool on_post = false;
  SourceText code;
  PathwayOptions options = {};
};

// What the synapses of a projection do.
//
//   bnsyn::ConnectOptions{.weight = 0.5_nS, .delay = 1.5_ms}.OnPre("g_ampa_post += w")
struct ConnectOptions {
  // Code that runs when a spike of the source arrives; `w` is the weight. It may read variables of
  // both neurons and of the synapse, assign variables of the synapse, and add to variables of the
  // target. What is added arrives to 2^-24 of itself, or the report says that it did not
  // (docs/precision.md).
  SourceText on_pre = {};
  // The weight, needed unless the rule's file has a column "weight".
  std::optional<Setting> weight = {};
  // The time from the spike to its arrival, 0 by default: a whole number of steps, or an expression
  // that is rounded to the nearest step. The compiler must be able to find the least and the
  // greatest value of the expression: "clip(normal(1.5 ms, 0.75 ms), dt, 10 ms)".
  std::optional<Setting> delay = {};
  // Named numbers for the expressions and the code of this projection.
  Settings constants = {};
  // An event of the source's model (Model::OnEvent) to deliver; empty for the spike.
  SourceText event = {};
  // Code that runs when the target spikes, `post_delay` after it, 0 by default: the time that a
  // spike takes back through the dendrite to the synapse. It is a whole number of steps.
  SourceText on_post = {};
  std::optional<Setting> post_delay = {};
  // An event of the target's model that runs on_post; empty for the spike.
  SourceText post_event = {};
  // The order of on_pre and on_post: see PathwayOptions::order.
  std::optional<int> pre_order = {};
  std::optional<int> post_order = {};
  // Pathways besides these two.
  std::vector<Pathway> pathways = {};
  // Variables of each synapse: "x : unit", "x = ... : unit", "dx/dt = ... : unit" with the flag
  // (clock-driven) or (event-driven), and "I_post = ... : unit (summed)", which adds to the (input)
  // variable I of the target in every step. A variable `w` begins with the weight.
  SourceText equations = {};
  // How a step integrates the (clock-driven) equations, as in a model; without substeps.
  Integration integration = {};
  // Values that variables of synapses begin with, 0 by default; expressions like the weight.
  Settings initial = {};
  // The run stops with an error when a variable leaves its bounds.
  std::vector<Model::Bound> bounds = {};
  // A factor of w in all code: a number that may change while the network runs
  // (Setting::ChangeAt), where weights stay as they are.
  std::optional<Setting> gain = {};
  // Code of the synapses with clocks of its own.
  std::vector<Clock> clocks = {};
  // The name by which its random numbers are drawn, in place of its own: projections of one stream
  // and one rule have the synapses that one projection of all their neurons has
  // (docs/networks.md).
  SourceText stream = {};

  ConnectOptions& OnPre(const char* text);
  ConnectOptions& OnPost(const char* text);
  // Code with options: of the pathway "main", which is on_pre or on_post with the delay and the
  // event of the projection, or of a further one.
  //
  //   options.OnPre("late", "g_nmda_post += w", {.delay = 5_ms}).OnPost("main", "w += x", {.order =
  //   -2})
  ConnectOptions& OnPre(std::string name, const char* text, PathwayOptions pathway);
  ConnectOptions& OnPost(std::string name, const char* text, PathwayOptions pathway);
  ConnectOptions& Event(const char* name);
  ConnectOptions& Equations(const char* text);
  ConnectOptions& Stream(const char* name);
  // One method for all (clock-driven) equations: see Model::Method.
  ConnectOptions& Method(const char* name);
};

// A stimulus is input from outside the network: events or a current.
enum class StimulusKind : uint8_t {
  kPoisson,            // events: in each step a Poisson number with the mean number*rate*dt
  kBernoulli,          // events: in each step one with the probability rate*dt
  kFile,               // events: those of a CSV file
  kSpikes,             // events: one at each of `times`
  kHost,               // events or a current that the host program gives while the network runs:
                       // see Simulation::AddEvents and SetInput
  kCurrent,            // a current: `value` in every step
  kOrnsteinUhlenbeck,  // a current: noise with the correlation time `tau`
};

// Events run the code `on_event` for each neuron that has some in a step; `w` is then the weight
// times their number. A current adds to `variable` in every step, which the model must declare with
// the flag (input). Rates and values may read t, i, tables, and variables of the target.
//
//   bnsyn::Stimulus background;
//   background.name = "background";
//   background.targets = {"exc", "inh"};
//   background.rate = "8 Hz";
//   background.number = 1000;
//   background.weight = 0.1_mV;
//   net.AddStimulus(background.OnEvent("V += w"));
struct Stimulus {
  std::string name;
  SourceText place;  // of the name in a file, for errors
  StimulusKind kind = StimulusKind::kPoisson;
  std::vector<Neurons> targets;  // {"exc", "inh[0:50]"}

  // Of events.
  Setting rate = 0.0;             // kPoisson, kBernoulli
  Setting number = 1;             // kPoisson: independent sources of this rate for each neuron
  Setting weight = 1.0;           // of one event
  std::string file;               // kFile: CSV with the columns step or time (in ms), index, and
                                  // optionally value, the number of events
  std::vector<Setting> times;     // kSpikes: a time for each of `neurons`, or one for all of them:
                                  // where a step begins, or that of a spike of a spike_source
  std::vector<uint32_t> neurons;  // kSpikes: a neuron for each of `times`, or one for all of them
  SourceText on_event;            // "g_ampa += 0.7*w"
  OffGrid off_grid = OffGrid::kError;  // kFile, kSpikes: times between two steps
  std::string population;  // kFile: whose spikes to take of a file that `bnsyn run` has recorded

  // Of currents.
  SourceText variable;
  Setting value = 0.0;  // kCurrent
  // kCurrent: how long a value holds before it is taken anew, in whole steps from the start on; one
  // step by default. With a random value this is noise in pieces.
  std::optional<Setting> every;
  Setting mean = 0.0;   // kOrnsteinUhlenbeck, which begins in its stationary distribution
  Setting sigma = 0.0;  // kOrnsteinUhlenbeck: the stationary standard deviation
  Setting tau = 0.0;    // kOrnsteinUhlenbeck: the correlation time
  bool shared = false;  // kOrnsteinUhlenbeck: one noise for all neurons of all targets

  // The stimulus acts in [start, stop): from the beginning and for ever by default.
  std::optional<Setting> start;
  std::optional<Setting> stop;

  Stimulus& OnEvent(const char* text);
  Stimulus& Variable(const char* name);
};

// A table of numbers over time, which expressions read as NAME(t) or, if it has several columns,
// NAME(t, i), like a TimedArray of Brian2: the value is that of the last row whose time has come.
// With `dt` row k begins at k*dt. With times of its own, a table is 0 before the first of them.
// Without either, the first argument is the number of a row, from 0. Beyond the last row or column
// the last one counts.
struct ValueTable {
  std::string name;
  SourceText place;  // of the name in a file, for errors

  // Numbers from a CSV file with a header, where a first column `time` holds times in ms ...
  std::string file;
  std::string column;  // the only column to take; empty for all
  // ... or given here: a list for each row, and the times of the rows.
  std::vector<std::vector<Setting>> rows;
  std::vector<Setting> times;
  std::optional<Setting> dt;
  SourceText unit;                     // of numbers that have none: "Hz"
  OffGrid off_grid = OffGrid::kError;  // times between two steps
};

// The order of what happens in a step, and the times that spikes have (docs/time.md).
enum class Schedule : uint8_t {
  kDefault,  // arrivals, stimuli, variables, thresholds, resets; a spike has the time at which
             // its step ends
  kBrian2,   // Brian2's: variables, thresholds, arrivals, resets; a spike has the time at
             // which its step begins
  kBnsynOriginal,  // that of the original BN-Syn network
};

struct NetworkOptions {
  Quantity dt = Quantity(0.1, Unit{dimension::kTime, 0});  // 0.1 ms
  uint64_t seed = 0;                                       // of all random numbers
  std::string name = "network";
  // Evaluates code exactly as written, without fused multiply-adds or reciprocals: to repeat the
  // arithmetic of another simulator.
  bool strict_math = false;
  // Ends the run with an error where a contribution to synaptic input is rounded by more than 2^-24
  // of itself, in place of a note in the report (docs/precision.md).
  bool strict_precision = false;
  Schedule schedule = Schedule::kDefault;
  std::string directory = ".";  // files are relative to it
};

// A network: bnsyn::Compile makes a Simulation of it.
class Network {
 public:
  explicit Network(NetworkOptions options = {});
  Network(const Network&);
  Network(Network&&) noexcept;
  Network& operator=(const Network&);
  Network& operator=(Network&&) noexcept;
  ~Network();

  ModelHandle AddModel(Model model);
  // `size` neurons of a model. `parameters` and `initial` replace the model's own.
  PopulationHandle AddPopulation(std::string name, ModelHandle model, Setting size,
                                 Settings parameters = {}, Settings initial = {});
  // A name for some neurons: AddGroup("left", exc.Slice(0, 400)). `initial` replaces what variables
  // of these neurons begin with.
  GroupHandle AddGroup(std::string name, Neurons neurons, Settings initial = {});
  // Makes a variable of a population, which its model declares (linked), that of other neurons:
  // Link(exc, "drive", "other.x"), or "other.x[i // 4]" with the neuron of `other` for each neuron
  // i of the population. Code reads it as it is at the beginning of a step.
  void Link(PopulationHandle population, std::string variable, Setting to);
  // Synapses from the neurons of `source` to those of `target`.
  ProjectionHandle Connect(std::string name, const Neurons& source, const Neurons& target,
                           const ConnectionRule& rule, const ConnectOptions& options);
  // Code with a clock of its own: of the network as a whole, and of one population.
  void Every(Clock clock);
  void Every(PopulationHandle population, Clock clock);
  void AddStimulus(Stimulus stimulus);
  void AddTable(ValueTable table);
  // A named number for use in all expressions.
  void AddConstant(std::string name, Setting value);
  // Variables of the network as a whole: `equations` declare them, and `update` runs in every step
  // after all populations.
  void Uniform(SourceText equations, SourceText update, Settings initial = {},
               Settings parameters = {});

  // Replaces a value, as the command's option --set does: "N", "exc.size", "exc.b", "adex.b",
  // "ee.weight", "ext.rate", "duration", "dt", "seed", "math", and parameters of the network by
  // their name. If one projection of a file stands for several, its name sets all of them. A path
  // that names nothing is an InvalidArgument error, with a suggestion.
  absl::Status Set(absl::string_view path, absl::string_view value);

  // What the calls above have set. The places are those in a file, for errors.
  struct PopulationDescription {
    std::string name;
    SourceText place;  // of the name
    uint32_t model = 0;
    Setting size = 0.0;
    Settings parameters;
    Settings initial;
    Settings linked;  // variables and what they are linked to
    std::vector<Clock> clocks;  // beside those of the model; in place of one that has its name
  };
  struct GroupDescription {
    std::string name;
    SourceText place;  // of the name
    Neurons neurons = PopulationHandle{};
    Settings initial;
  };
  struct ProjectionDescription {
    std::string name;
    std::string group;  // the name in the file, which several projections share if it has several
                        // targets
    SourceText place;   // of the name
    Neurons source = PopulationHandle{};
    Neurons target = PopulationHandle{};
    ConnectionRule rule;
    ConnectOptions options;
  };
  struct UniformDescription {
    SourceText equations;
    SourceText update;
    Settings initial;
    Settings parameters;
    std::vector<std::string> tunable;
    std::vector<Clock> clocks;
  };
  NetworkOptions options;
  Setting duration = Setting("1 s");  // how long `bnsyn run` runs it
  Settings constants;
  std::vector<Model> models;
  std::vector<PopulationDescription> populations;
  std::vector<GroupDescription> groups;
  std::vector<ProjectionDescription> projections;
  std::vector<Stimulus> stimuli;
  std::vector<ValueTable> tables;
  UniformDescription uniform;
};

// A model of the library by its name, for Network::AddModel; `bnsyn models` lists the names. An
// unknown name is a NotFound error, with a suggestion.
absl::StatusOr<Model> ReadLibraryModel(absl::string_view name);

// Reads a network file. A key that is not known is an error, and so is a value of the wrong type.
absl::StatusOr<Network> ReadNetwork(const std::string& path);
// The same from text: `file` names it in errors, and files are relative to `directory`.
absl::StatusOr<Network> ParseNetwork(absl::string_view text, const std::string& file,
                                     const std::string& directory = ".");

// The duration of the network in steps of its dt, for Simulation::Step. An error if it is no whole
// number of steps.
absl::StatusOr<uint64_t> DurationSteps(const Network& network);

}  // namespace bnsyn

#endif  // BNSYN_NETWORK_H_
