// The sequences of all functions of R2 and draws of R3.
#ifndef BNSYN_REFERENCE_ALL_SEQUENCES_H_
#define BNSYN_REFERENCE_ALL_SEQUENCES_H_

#include "reference/sequences_arc.h"      // IWYU pragma: export
#include "reference/sequences_draws.h"    // IWYU pragma: export
#include "reference/sequences_erf.h"      // IWYU pragma: export
#include "reference/sequences_exp.h"      // IWYU pragma: export
#include "reference/sequences_length.h"   // IWYU pragma: export
#include "reference/sequences_log.h"      // IWYU pragma: export
#include "reference/sequences_poisson.h"  // IWYU pragma: export
#include "reference/sequences_trig.h"     // IWYU pragma: export

#endif  // BNSYN_REFERENCE_ALL_SEQUENCES_H_
