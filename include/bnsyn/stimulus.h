// Input from outside the network: stimuli, and tables of numbers over time.
#ifndef BNSYN_STIMULUS_H_
#define BNSYN_STIMULUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bnsyn/neurons.h"
#include "bnsyn/off_grid.h"
#include "bnsyn/setting.h"
#include "bnsyn/source_text.h"

namespace [[gnu::visibility("default")]] bnsyn {

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

}  // namespace bnsyn

#endif  // BNSYN_STIMULUS_H_
