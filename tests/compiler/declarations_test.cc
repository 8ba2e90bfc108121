// Declare decides all states, inputs, parameters and projections; emission only adds blocks, and
// the tables of files that code names.
#include "compiler/lowering/declarations.h"

#include <filesystem>
#include <string>

#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/numbered.h"
#include "gtest/gtest.h"

namespace bnsyn::compiler {
namespace {

struct Counts {
  size_t states;
  size_t inputs;
  size_t params;
  size_t projections;
  size_t tables;
  bool operator==(const Counts&) const = default;
};

// Loops bring temporaries, and sums over synapses inputs, which the code around them alone knows.
Counts CountsOf(const ir::Program& program) {
  size_t states = 0;
  for (const ir::State& state : program.states) states += state.temporary ? 0 : 1;
  size_t sums = 0;
  for (const ir::Block& block : program.synaptic) sums += block.sums.has_value() ? 1 : 0;
  return {states, program.inputs.size() - sums, program.params.size(), program.projections.size(),
          program.tables.size()};
}

void ExpectOnlyBlocksAreEmitted(const Network& network) {
  const absl::StatusOr<Network> written = WriteOutNumbered(network);
  ASSERT_TRUE(written.ok()) << written.status().message();
  Declarations declared(*written);
  ProgramBuilder out;
  const absl::Status status = Declare(declared, out);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(out.program.step.empty());
  const Counts before = CountsOf(out.program);
  const absl::Status emitted = Emit(declared, out);
  ASSERT_TRUE(emitted.ok()) << emitted.message();
  EXPECT_FALSE(out.program.step.empty());
  EXPECT_TRUE(CountsOf(out.program) == before);
}

TEST(Declarations, AreAllMadeBeforeCodeIsEmitted) {
  const std::filesystem::path folder =
      std::filesystem::path(BNSYN_SOURCE_DIR) / "examples/networks";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    SCOPED_TRACE(entry.path().string());
    const absl::StatusOr<Network> network = ReadNetwork(entry.path().string());
    ASSERT_TRUE(network.ok()) << network.status().message();
    ExpectOnlyBlocksAreEmitted(*network);
  }
}

constexpr char kReadsLastSpike[] = R"toml(
[models.m]
equations = """
dv/dt = -v/(10 ms) : 1
since = t - lastspike : second
seen : second
"""
threshold = "v > 1"
reset = "v = 0; seen = since"

[populations.a]
model = "m"
size = 4

[stimuli.ext]
type = "poisson"
target = "a"
rate = "10 Hz*(1 + sin(t/(10 ms)))"
on_event = "v += w"
)toml";

TEST(Declarations, HoldTheStatesThatCodeNeeds) {
  const absl::StatusOr<Network> network = ParseNetwork(kReadsLastSpike, "test.toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  ExpectOnlyBlocksAreEmitted(*network);
  Declarations declared(*network);
  ProgramBuilder out;
  ASSERT_TRUE(Declare(declared, out).ok());
  EXPECT_TRUE(out.program.FindState("a.lastspike").has_value());
  EXPECT_TRUE(out.program.FindState("a.ext.rate").has_value());
  EXPECT_EQ(declared.stimuli[0].rate, out.program.FindState("a.ext.rate"));
}

}  // namespace
}  // namespace bnsyn::compiler
