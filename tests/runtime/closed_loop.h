// A host that takes part in a run, for tests that compare its digests.
#ifndef BNSYN_TESTS_RUNTIME_CLOSED_LOOP_H_
#define BNSYN_TESTS_RUNTIME_CLOSED_LOOP_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/simulation_internal.h"

namespace bnsyn {

struct ClosedLoopResult {
  std::vector<std::string> digests;  // on the way
  uint64_t spikes = 0;
};

// Runs some hundred steps. On the way it looks at a state, sets its first element to its last one,
// and injects spikes of two neurons of a population.
inline ClosedLoopResult RunClosedLoop(Simulation& simulation, const std::string& state,
                                      const std::string& population,
                                      const RunControl& control = {}) {
  ClosedLoopResult result;
  const auto injected = simulation.Population(population);
  EXPECT_TRUE(injected.ok()) << injected.status();
  for (const uint64_t steps : {1u, 40u, 7u, 60u}) {
    const absl::Status ran = simulation.Step(steps, control);
    EXPECT_TRUE(ran.ok()) << ran;
    const auto values = simulation.StateByName(state);
    EXPECT_TRUE(values.ok()) << values.status();
    if (!values.ok() || !injected.ok()) return result;
    EXPECT_TRUE(simulation.SetState(state, 0, values->back()).ok());
    EXPECT_TRUE(simulation.InjectSpikes(*injected, {0, 2}).ok());
    result.digests.push_back(simulation.Digest().ToString());
  }
  result.spikes = simulation.report().spikes;
  return result;
}

}  // namespace bnsyn

#endif  // BNSYN_TESTS_RUNTIME_CLOSED_LOOP_H_
