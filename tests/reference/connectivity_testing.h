// The synapses of a projection, for tests of how they are drawn.
#ifndef BNSYN_TESTS_REFERENCE_CONNECTIVITY_TESTING_H_
#define BNSYN_TESTS_REFERENCE_CONNECTIVITY_TESTING_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/connectivity.h"
#include "reference/machine.h"
#include "tests/reference/programs.h"

namespace bnsyn::reference {

// Populations a and b, and a projection between two of them.
inline ir::Program Pair(uint32_t a, uint32_t b, const std::string& projection, uint64_t seed = 7) {
  return ParseProgram(absl::StrCat("program pair dt=0.1 seed=", seed, "\npopulation a size=", a,
                                   "\npopulation b size=", b, "\nprojection p : ", projection,
                                   "\nstep {\n}\n"));
}

// The synapses of projection 0, built once for each range of targets that is asked for.
class Rows {
 public:
  explicit Rows(const ir::Program& program)
      : program_(program), states_(InitialStates(program).value()) {
    absl::StatusOr<Connectivity> connectivity = Connectivity::Create(program, 0, states_);
    EXPECT_TRUE(connectivity.ok()) << connectivity.status().message();
    connectivity_.emplace(*std::move(connectivity));
  }

  double ExpectedSynapses() const { return connectivity_->ExpectedSynapses(); }
  const SynapseRows& Built(uint32_t begin, uint32_t end) const {
    const auto known = built_.find({begin, end});
    if (known != built_.end()) return known->second;
    absl::StatusOr<SynapseRows> rows = connectivity_->Build(begin, end);
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    return built_[{begin, end}] = *std::move(rows);
  }
  const SynapseRows& All() const {
    return Built(0, program_.populations[program_.projections[0].target].size);
  }

 private:
  const ir::Program& program_;
  std::vector<Array> states_;
  std::optional<Connectivity> connectivity_;
  mutable std::map<std::pair<uint32_t, uint32_t>, SynapseRows> built_;
};

template <typename T>
std::vector<T> RowOf(const SynapseRows& rows, const std::vector<T>& values, uint32_t source) {
  return {values.begin() + static_cast<ptrdiff_t>(rows.begin[source]),
          values.begin() + static_cast<ptrdiff_t>(rows.begin[source + size_t{1}])};
}

inline std::vector<uint32_t> Targets(const Rows& rows, uint32_t source, uint32_t begin,
                                     uint32_t end) {
  const SynapseRows& built = rows.Built(begin, end);
  return RowOf(built, built.targets, source);
}

// Counts of sources and targets, and of synapses that join a pair that another joins too.
struct Degrees {
  std::vector<double> out;
  std::vector<double> in;
  double self = 0;
  double repeated = 0;
};

inline Degrees DegreesOf(const SynapseRows& rows, uint32_t sources, uint32_t targets) {
  Degrees degrees{std::vector<double>(sources), std::vector<double>(targets)};
  for (uint32_t source = 0; source < sources; ++source) {
    const std::vector<uint32_t> row = RowOf(rows, rows.targets, source);
    EXPECT_TRUE(std::is_sorted(row.begin(), row.end()));
    degrees.out[source] = static_cast<double>(row.size());
    for (size_t i = 0; i < row.size(); ++i) {
      degrees.in[row[i]] += 1;
      degrees.self += row[i] == source ? 1 : 0;
      degrees.repeated += i > 0 && row[i] == row[i - 1] ? 1 : 0;
    }
  }
  return degrees;
}

// Chi-square of counts that should be alike, each of the given mean and variance, stays within 5
// standard deviations of its expectation, the number of counts.
inline void ExpectAlike(const std::vector<double>& counts, double mean, double variance) {
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - mean) * (count - mean) / variance;
  const auto n = static_cast<double>(counts.size());
  EXPECT_NEAR(chi_square, n, 5 * std::sqrt(2 * n));
}

}  // namespace bnsyn::reference

#endif  // BNSYN_TESTS_REFERENCE_CONNECTIVITY_TESTING_H_
