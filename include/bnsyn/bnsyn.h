// All of bnsyn for a host program: describe a network, compile it, run it.
//
//   #include <bnsyn/bnsyn.h>
//   using namespace bnsyn::literals;
//   absl::StatusOr<bnsyn::Network> net = bnsyn::ReadNetwork("examples/networks/coba.toml");
//   absl::StatusOr<bnsyn::Simulation> sim =
//       bnsyn::Compile(*net, {.backend = bnsyn::Backend::kAccelerated});
//   absl::Status ran = sim->Run(1_s);
//
// Link the CMake target bnsyn::bnsyn (docs/install.md). No function throws, ends the process, or
// writes to the streams of the host.
#ifndef BNSYN_BNSYN_H_
#define BNSYN_BNSYN_H_

#include "bnsyn/checkpoint.h"  // IWYU pragma: export
#include "bnsyn/digest.h"      // IWYU pragma: export
#include "bnsyn/network.h"     // IWYU pragma: export
#include "bnsyn/recorder.h"    // IWYU pragma: export
#include "bnsyn/simulation.h"  // IWYU pragma: export
#include "bnsyn/sonata.h"      // IWYU pragma: export
#include "bnsyn/units.h"       // IWYU pragma: export

#endif  // BNSYN_BNSYN_H_
