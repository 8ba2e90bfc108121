// The coarse contributions (R6) of an engine, as a report names them.
#ifndef BNSYN_RUNTIME_COARSE_REPORT_H_
#define BNSYN_RUNTIME_COARSE_REPORT_H_

#include <vector>

#include "bnsyn/simulation.h"
#include "ir/program.h"
#include "reference/coarse.h"

namespace bnsyn {

// `program` is the one whose numbers the tallies have.
std::vector<CoarseContributions> DescribeCoarse(const ir::Program& program,
                                                const reference::CoarseTallies& tallies);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_COARSE_REPORT_H_
