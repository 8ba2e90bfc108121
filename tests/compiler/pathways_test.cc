// Pathways of projections: the blocks that are written for them, and their order.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {
namespace {

constexpr char kNetwork[] = R"toml(
[network]
dt = "1 ms"
[models.m]
equations = "v : volt\nn : 1"
threshold = "v > 10 mV"
reset = "v = 0 mV"
events = { burst = "v > 5 mV" }
on_event = { burst = "n += 1" }
[populations.a]
model = "m"
size = 2
[projections.p]
source = "a"
target = "a"
rule = "all_to_all"
weight = 1
equations = "x : 1"
)toml";

// The headers of the blocks of projection p, as they run.
std::string Blocks(const ir::Program& program) {
  std::vector<std::string> headers;
  for (const ir::Block& block : program.SynapticOf(0)) {
    const std::string text = ir::PrintBlock(program, block);
    headers.push_back(text.substr(0, text.find(" {")));
  }
  return absl::StrJoin(headers, "; ");
}
std::string BlocksOf(const std::string& keys) {
  return Blocks(MustLower(absl::StrCat(kNetwork, keys)));
}

TEST(Pathways, R5_RunInTheirOrder) {
  EXPECT_EQ(BlocksOf("on_post = \"x = 2\"\non_pre = \"x = 1\"\n"), "on_pre p; on_post p delay=1");
  EXPECT_EQ(BlocksOf("on_post = { code = \"x = 2\", order = -2 }\non_pre = \"x = 1\"\n"),
            "on_post p delay=1; on_pre p");
  EXPECT_EQ(BlocksOf("on_pre = { code = \"x = 1\", order = 2 }\non_post = \"x = 2\"\n"),
            "on_post p delay=1; on_pre p");
  // Of equal order by name, where the main ones are called pre and post.
  EXPECT_EQ(BlocksOf("on_pre = { z = \"n_post += 1\", main = \"x = 2\", b = \"n_post += 3\" }\n"
                     "on_post = { q = \"n_post += 4\", a = { code = \"x += n_post\", order = -1, "
                     "delay = \"1 ms\" } }\n"),
            "on_post p pathway=a delay=2; on_pre p pathway=b; on_pre p; on_pre p pathway=z; "
            "on_post p pathway=q delay=1");
  EXPECT_EQ(BlocksOf("on_pre.pre = \"x = 1\"\non_post.post = \"x = 2\"\n"),
            "on_pre p; on_post p delay=1");
}

TEST(Pathways, R5_HaveDelaysAndEventsOfTheirOwn) {
  const std::string keys =
      "delay = \"3 ms\"\npost_delay = \"2 ms\"\n"
      "on_pre = { main = \"x = 1\", late = { code = \"x = 2\", delay = \"5 ms\" } }\n"
      "on_post = { main = \"x = 3\", most = { code = \"x = 4\", delay = \"7 ms\", event = "
      "\"burst\" } }\n";
  const ir::Program program = MustLower(absl::StrCat(kNetwork, keys));
  EXPECT_EQ(Blocks(program),
            "on_pre p pathway=late delay=6; on_pre p; "
            "on_post p pathway=most delay=8 spikes=a.burst; on_post p delay=3");
  EXPECT_EQ(program.projections[0].delay, 4u);
  EXPECT_EQ(program.MaxDelay(), 8u);
  // The event of the projection is that of its on_pre pathways, unless they say another.
  EXPECT_EQ(
      BlocksOf("event = \"burst\"\n"
               "on_pre = { main = \"x = 1\", late = { code = \"x = 2\", event = \"spike\" } }\n"
               "on_post = \"x = 3\"\n"),
      "on_pre p pathway=late spikes=a; on_pre p; on_post p delay=1");
}

TEST(Pathways, AreTheSameInCpp) {
  const std::string keys =
      "delay = \"2 ms\"\n"
      "on_pre = { main = \"x = 1\", late = { code = \"x = 2\", delay = \"5 ms\", order = 3 } }\n"
      "on_post = { code = \"x = 3\", delay = \"1 ms\", order = -4, event = \"burst\" }\n";
  const absl::StatusOr<Network> file = ParseNetwork(absl::StrCat(kNetwork, keys), "test.toml");
  ASSERT_TRUE(file.ok()) << file.status().message();
  Network network = *file;
  network.projections.clear();
  ConnectOptions options = {.weight = Setting(1)};
  options.Equations("x : 1");
  options.OnPre("main", "x = 1", {.delay = "2 ms"});
  options.OnPre("late", "x = 2", {.delay = "5 ms", .order = 3});
  options.OnPost("main", "x = 3",
                 {.delay = "1 ms", .order = -4, .event = {"event", "burst", 1, 1}});
  network.Connect("p", PopulationHandle{0}, PopulationHandle{0}, AllToAll(), options);
  const absl::StatusOr<ir::Program> program = LowerNetwork(network);
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_EQ(ir::Print(*program), ir::Print(MustLower(absl::StrCat(kNetwork, keys))));
}

TEST(Pathways, AreSet) {
  absl::StatusOr<Network> network = ParseNetwork(
      absl::StrCat(kNetwork, "on_pre = { main = \"x = 1\", late = { code = \"x = 2\" } }\n"),
      "test.toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  ASSERT_TRUE(network->Set("p.late.delay", "4 ms").ok());
  ASSERT_TRUE(network->Set("p.post_delay", "4 ms").ok());
  const absl::StatusOr<ir::Program> program = LowerNetwork(*network);
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_EQ(Blocks(*program), "on_pre p pathway=late delay=5; on_pre p");
}

}  // namespace
}  // namespace bnsyn
