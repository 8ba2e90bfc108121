// What to record while a network runs: spikes, variables over time, statistics of variables. A
// Record says what and when; bnsyn/recorder.h has what does it.
#ifndef BNSYN_RECORD_H_
#define BNSYN_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bnsyn/setting.h"
#include "bnsyn/source_text.h"

namespace [[gnu::visibility("default")]] bnsyn {

enum class RecordKind : uint8_t {
  kSpikes,      // each spike of some neurons
  kVariable,    // the values of a variable, at intervals
  kStatistics,  // mean, deviation, extremes and a histogram of these values, at intervals
};

// In a network file it is [record.NAME]. In C++:
//
//   net.records.push_back(bnsyn::Record::Spikes("exc"));
//   net.records.push_back(bnsyn::Record::Variable("exc.V[0:10]").Every("0.5 ms"));
//   net.records.push_back(bnsyn::Record::Statistics("ee.w").Every("1 s").Bins(0_nS, 1_nS, 20));
struct Record {
  std::string name;  // of its file; empty for that of what it records: "spikes", "exc.V"
  SourceText place;  // of the name in a file, for errors
  RecordKind kind = RecordKind::kSpikes;
  // Of spikes the neurons, "exc", "left" of a group, "exc[0:50]"; none for all of the network. Else
  // one variable: "exc.V", "left.V", "exc.V[0:10]", "ee.w" or "ee.w[0:100]" of synapses, "sigma" of
  // the network as a whole.
  std::vector<SourceText> of;

  // Of variables and statistics: the time between samples, one step by default. Samples are of the
  // state between two steps, at start, start + every, ... up to `stop`, by default from 0 ms to
  // where the run ends. Of spikes those of the steps that begin in [start, stop) are recorded.
  std::optional<Setting> every;
  std::optional<Setting> start;
  std::optional<Setting> stop;

  // Of variables: rounds each value to a float, which halves what is kept.
  bool single = false;
  // Of statistics: so many equal bins of a histogram, from `low` to `high`. By default 20 bins
  // within the bounds of the variable, if it has both, and else no histogram.
  std::optional<Setting> low;
  std::optional<Setting> high;
  std::optional<Setting> bins;

  Record();
  Record(const Record&);
  Record(Record&&) noexcept;
  Record& operator=(const Record&);
  Record& operator=(Record&&) noexcept;
  ~Record();

  static Record Spikes();                                  // of the whole network
  static Record Spikes(std::string neurons);               // "exc"
  static Record Variable(std::string variable);            // "exc.V[0:10]"
  static Record Statistics(std::string variable);          // "ee.w"
  Record& Name(std::string file);                          // sets `name`
  Record& Every(Setting time);                             // sets `every`
  Record& From(Setting time);                              // sets `start`
  Record& Until(Setting time);                             // sets `stop`
  Record& Single();                                        // sets `single`
  Record& Bins(Setting from, Setting to, Setting number);  // sets low, high, bins
};

}  // namespace bnsyn

#endif  // BNSYN_RECORD_H_
