// The one header a host program includes.
#ifndef BNSYN_BNSYN_H_
#define BNSYN_BNSYN_H_

#include "compiler/description/network.h"  // IWYU pragma: export
#include "compiler/language/units.h"       // IWYU pragma: export
#include "runtime/simulation.h"            // IWYU pragma: export

#endif  // BNSYN_BNSYN_H_
