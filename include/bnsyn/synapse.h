// A model of synapses: parameters, variables and code that projections use by name.
#ifndef BNSYN_SYNAPSE_H_
#define BNSYN_SYNAPSE_H_

#include <string>
#include <utility>
#include <vector>

#include "bnsyn/projection.h"
#include "bnsyn/setting.h"
#include "bnsyn/source_text.h"

namespace [[gnu::visibility("default")]] bnsyn {

// What the synapses of any number of projections do. Each call returns the model:
//
//   auto stdp = net.AddSynapse(
//       bnsyn::Synapse("my_stdp", bnsyn::ConnectOptions{}
//                                     .Equations("w : weight\n"
//                                                "dx/dt = -x/tau : 1 (event-driven)")
//                                     .OnPre("into_post += w; x += 1")
//                                     .OnPost("w = clip(w + A*x*w_max, 0*w_max, w_max)"))
//           .Parameters({{"tau", 20_ms}, {"A", 0.01}})
//           .Needs("w_max", "weight").Requires("tau > 0 ms", "a trace fades over it"));
//   net.Connect("ee", exc, exc, bnsyn::Bernoulli(0.1),
//               bnsyn::ConnectOptions{.weight = 0.5_nS, .model = stdp, .parameters = {{"w_max",
//               1_nS}}}
//                   .Into("g_ex"));
//
// The model adds to `into_post`: the projection says which variable of its target that is. The unit
// `weight` is that of this variable.
struct Synapse {
  // `synapse_code` has the equations, the code, the clocks, the initial values and the bounds.
  Synapse(std::string synapse_name, ConnectOptions synapse_code);
  Synapse();
  Synapse(const Synapse&);
  Synapse(Synapse&&) noexcept;
  Synapse& operator=(const Synapse&);
  Synapse& operator=(Synapse&&) noexcept;
  ~Synapse();

  // Values of the parameters; a projection may give others.
  Synapse& Parameters(Settings values);
  // A parameter that each projection must give. `unit` is as in equations: "weight", "volt", "1".
  Synapse& Needs(std::string parameter, const char* unit);
  // A condition that parameters must satisfy, over numbers: "w_min <= w_max". `advice` ends the
  // error message.
  Synapse& Requires(const char* condition, std::string advice = "");
  // Parameters that Simulation::SetParameter may change while the network runs.
  Synapse& Tunable(std::vector<std::string> names);

  struct Need {
    std::string name;
    SourceText unit;
  };
  std::string name;
  SourceText place;  // of the name
  std::vector<Need> needs;
  Settings parameters;
  std::vector<Model::Requirement> requirements;
  std::vector<std::string> tunable;
  ConnectOptions code;
};

}  // namespace bnsyn

#endif  // BNSYN_SYNAPSE_H_
