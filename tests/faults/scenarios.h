// What the fault tests do: networks that are read, compiled and run, as a host program does it and
// as the command does it.
#ifndef BNSYN_TESTS_FAULTS_SCENARIOS_H_
#define BNSYN_TESTS_FAULTS_SCENARIOS_H_

#include <string>
#include <vector>

#include "tests/faults/trials.h"

namespace bnsyn::faults {

// A host program that reads tests/faults/network.toml, runs it, and looks at its states, synapses
// and digest.
Scenario Reference(const std::string& directory);
// The same of the accelerated backend with two threads. Without `cached` it compiles.
Scenario Accelerated(const std::string& directory, bool cached);
// A host that steps, looks at and changes a simulation that is there. Where a call fails it tries
// once more: the simulation then refuses, or nothing is lost.
Scenario ClosedLoop(const std::string& directory);
// `bnsyn run --out`, into a directory that holds the results of an earlier run of another seed.
Scenario RunCommand(const std::string& directory);
// `bnsyn dump --all`.
Scenario DumpCommand(const std::string& directory);

}  // namespace bnsyn::faults

#endif  // BNSYN_TESTS_FAULTS_SCENARIOS_H_
