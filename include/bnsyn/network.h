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

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bnsyn/model.h"       // IWYU pragma: export
#include "bnsyn/neurons.h"     // IWYU pragma: export
#include "bnsyn/projection.h"  // IWYU pragma: export
#include "bnsyn/record.h"      // IWYU pragma: export
#include "bnsyn/setting.h"     // IWYU pragma: export
#include "bnsyn/source_text.h"
#include "bnsyn/stimulus.h"  // IWYU pragma: export
#include "bnsyn/synapse.h"   // IWYU pragma: export
#include "bnsyn/units.h"

namespace [[gnu::visibility("default")]] bnsyn {

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

// Numbers in the place of a CSV file: the columns that its header would name, of equal length.
struct FileColumns {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;  // one vector for each name
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
  // A model of synapses, for ConnectOptions::model.
  SynapseHandle AddSynapse(Synapse synapse);
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
  // Where the network reads the file `name`, be it of connections, events, initial values or a
  // table, it takes these columns instead, and copies of the network share them:
  //   net.AddFile("pairs", {{"pre", "post"}, {{0, 0}, {1, 2}}});
  //   net.Connect("ee", exc, exc, bnsyn::FromFile("pairs"), ...);
  // Compile refuses columns that are no numbers or differ in length.
  void AddFile(std::string name, FileColumns columns);
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
    Settings linked;            // variables and what they are linked to
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
    std::vector<Model::Requirement> requirements;
    std::vector<Clock> clocks;
  };
  NetworkOptions options;
  Setting duration = Setting("1 s");  // how long `bnsyn run` runs it
  Settings constants;
  std::vector<Model> models;
  std::vector<Synapse> synapses;
  std::vector<PopulationDescription> populations;
  std::vector<GroupDescription> groups;
  std::vector<ProjectionDescription> projections;
  std::vector<Stimulus> stimuli;
  std::vector<ValueTable> tables;
  std::map<std::string, std::shared_ptr<const FileColumns>> files;  // those of AddFile
  UniformDescription uniform;
  std::vector<Record> records;  // what `bnsyn run --out` records; FileRecorder takes RecordsOf
};

// A model of the library by its name, for Network::AddModel; `bnsyn models` lists the names. An
// unknown name is a NotFound error, with a suggestion.
absl::StatusOr<Model> ReadLibraryModel(absl::string_view name);
// The same of a model of synapses, for Network::AddSynapse.
absl::StatusOr<Synapse> ReadLibrarySynapse(absl::string_view name);

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
