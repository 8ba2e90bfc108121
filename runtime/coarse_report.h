// The coarse contributions (R6) of an engine, as a report names them.
#ifndef BNSYN_RUNTIME_COARSE_REPORT_H_
#define BNSYN_RUNTIME_COARSE_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bnsyn/simulation.h"
#include "ir/program.h"
#include "reference/coarse.h"

namespace bnsyn {

// `program` is the one whose numbers the tallies have.
std::vector<CoarseContributions> DescribeCoarse(const ir::Program& program,
                                                const reference::CoarseTallies& tallies);

// "dst.x receives 3 contributions of p that rounding changes by more than 2^-24, at worst 1e-30 pA
// to 0", without a point.
std::string CoarseSentence(const ir::Program& program, const CoarseContributions& coarse);

// InvalidArgument, with a line for each, if there are some and the program has strict sums.
absl::Status CheckCoarse(const ir::Program& program,
                         const std::vector<CoarseContributions>& coarse);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_COARSE_REPORT_H_
