// A model: the equations and the code of neurons, and how a step integrates them.
#ifndef BNSYN_MODEL_H_
#define BNSYN_MODEL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bnsyn/setting.h"
#include "bnsyn/source_text.h"

namespace [[gnu::visibility("default")]] bnsyn {

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
  // A condition that parameters must satisfy, over numbers: "tau_syn > 0 ms". `advice` ends the
  // error message.
  Model& Requires(const char* condition, std::string advice = "");
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
  struct Requirement {
    SourceText condition;
    std::string advice;
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
  std::vector<Requirement> requirements;
  Settings resolution;
  std::vector<Clock> clocks;
  SourceText multiplicity;  // empty where a neuron spikes once at most
  uint64_t most_spikes = 16;
};

}  // namespace bnsyn

#endif  // BNSYN_MODEL_H_
