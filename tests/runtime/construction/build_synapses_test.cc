// Synapses are those of the reference on every partition and in every layout (R8).
#include "runtime/construction/build_synapses.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "compiler/connect/connect_program.h"
#include "reference/connectivity.h"
#include "runtime/delivery/synapses.h"
#include "runtime/exchange/thread_team.h"
#include "runtime/memory/partition.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

// The target of a synapse of a group with one projection. Shared rows count sums, which here are
// those of one input.
uint32_t TargetAt(const SynapseBlock& block, uint32_t place, Range own) {
  if (block.form() == SynapseForm::kCode) return block.targets()[place];
  EXPECT_EQ(block.form(), SynapseForm::kConstant);
  const char* const entry = block.entries() + place * block.entry_bytes();
  if (block.target_bits() == 16) return own.begin + *reinterpret_cast<const uint16_t*>(entry);
  return own.begin + *reinterpret_cast<const uint32_t*>(entry);
}

// On every partition.
void ExpectSynapsesOfReference(const ir::Program& program, const std::string& forced) {
  for (const int threads : {1, 2, 3, 8}) {
    const Partition partition(program, threads);
    const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(threads);
    ASSERT_TRUE(team.ok());
    const absl::StatusOr<Layout> layout = ChooseLayout(program, partition, *LimitsByName(forced));
    ASSERT_TRUE(layout.ok());
    const absl::StatusOr<Synapses> synapses =
        BuildSynapses(program, {}, partition, *layout, {}, **team);
    ASSERT_TRUE(synapses.ok()) << synapses.status().message();
    uint64_t total = 0;
    for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
      const absl::StatusOr<reference::Connectivity> connectivity =
          reference::Connectivity::Create(program, p, {});
      ASSERT_TRUE(connectivity.ok());
      const ir::Projection& projection = program.projections[p];
      const absl::StatusOr<reference::SynapseRows> rows =
          connectivity->Build(0, program.populations[projection.target].size);
      ASSERT_TRUE(rows.ok());
      for (uint32_t source = 0; source < program.populations[program.projections[p].source].size;
           ++source) {
        const auto begin = rows->targets.begin();
        const std::vector<uint32_t> expected(
            begin + static_cast<ptrdiff_t>(rows->begin[source]),
            begin + static_cast<ptrdiff_t>(rows->begin[source + size_t{1}]));
        std::vector<uint32_t> found;
        for (int t = 0; t < threads; ++t) {
          const SynapseBlock& block = synapses->block(synapses->layout().GroupOf(p), t);
          if (block.synapses() == 0) continue;
          ASSERT_EQ(block.delays().size(), 1u);
          for (uint32_t place = block.rows()[source]; place < block.rows()[source + 1]; ++place) {
            found.push_back(TargetAt(block, place, partition.range(projection.target, t)));
          }
        }
        EXPECT_EQ(found, expected);
        total += found.size();
      }
    }
    EXPECT_EQ(synapses->synapses(), total);
    EXPECT_GT(total, 30000u);
  }
}

class SynapsesTest : public testing::TestWithParam<std::string> {};

TEST_P(SynapsesTest, AreThoseOfTheReferenceOnEveryPartition) {
  ExpectSynapsesOfReference(Parsed(kBalanced), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Layouts, SynapsesTest,
                         testing::Values("best", "code", "targets32", "far", "apart"),
                         [](const auto& info) { return info.param; });

// Bernoulli rules that draw a lot: by compiled code, but for what few rows need beyond the likely.
// Dense and sparse, with a block of targets and with several, and without synapses onto oneself.
TEST(Synapses, R8_ManyBernoulliDrawsAreThoseOfTheReference) {
  const ir::Program program = Parsed(R"(program many dt=1 seed=3
population a size=1500
population b size=9000
state b.x : f64[b] = 0
state a.x : f64[a] = 0
input b.in : b scale=2^-20
input a.in : a scale=2^-20
projection ab : a -> b rule=bernoulli p=0.1 stream=1 weight=0.5 delay=1
projection aa : a -> a rule=bernoulli p=0.01 self=false stream=2 weight=0.5 delay=1
projection ba : b -> a rule=bernoulli p=0.0001 stream=3 weight=0.5 delay=1
projection bb : b -> b rule=bernoulli p=1e-05 stream=4 weight=0.5 delay=1
on_pre ab {
  accumulate b.in, 0.5
}
on_pre aa {
  accumulate a.in, 0.5
}
on_pre ba {
  accumulate a.in, 0.5
}
on_pre bb {
  accumulate b.in, 0.5
}
step {
  %0 = take b.in : f64[b]
  store b.x, %0
  %1 = take a.in : f64[a]
  store a.x, %1
}
)");
  const std::vector<compiler::ConnectRequest> requests(program.projections.size());
  ASSERT_TRUE(compiler::MakeConnectProgram(program, requests, {}).skips);
  ASSERT_FALSE(compiler::MakeConnectProgram(Parsed(kBalanced), requests, {}).skips);
  ExpectSynapsesOfReference(program, "code");
}

}  // namespace
}  // namespace bnsyn
