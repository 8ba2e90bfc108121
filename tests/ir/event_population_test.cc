// Populations that are a further kind of event of the neurons of another.
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "ir/verifier.h"

namespace bnsyn::ir {
namespace {

constexpr const char* kBursts = R"(program bursts dt=0.1 seed=1
population exc size=4
population inh size=2
population exc.burst size=4 domain=exc
state exc.V : f64[exc] = 0
input inh.g : inh scale=2^-20
projection ei : exc.burst -> inh rule=all_to_all weight=0.5 delay=1
on_pre ei {
  %0 = weight : f64[ei]
  accumulate inh.g, %0
}
step {
  %0 = load exc.V : f64[exc]
  %1 = ge %0, 1 : bool[exc]
  spike exc, %1
  %2 = ge %0, 2 : bool[exc]
  spike exc.burst, %2
}
)";

Program Bursts() {
  auto program = Parse(kBursts, "bursts.ir");
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

TEST(EventPopulation, SharesTheDomainOfItsNeurons) {
  const Program program = Bursts();
  ASSERT_TRUE(Verify(program).ok());
  EXPECT_EQ(Print(program), kBursts);
  EXPECT_EQ(program.populations[2].domain, program.populations[0].domain);
  EXPECT_EQ(program.domains.size(), 1u + 2u + 1u);
  EXPECT_TRUE(program.HasNeurons(0));
  EXPECT_FALSE(program.HasNeurons(2));
  EXPECT_EQ(program.Neurons(), 6u);
}

TEST(EventPopulation, EventsOfEventsAreOfTheNeurons) {
  const auto program = Parse(
      "program x dt=0.1 seed=1\npopulation exc size=4\npopulation exc.a size=4 domain=exc\n"
      "population exc.b size=4 domain=exc.a\nstate exc.V : f64[exc.b] = 0\n",
      "x.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(Print(*program),
            "program x dt=0.1 seed=1\npopulation exc size=4\npopulation exc.a size=4 domain=exc\n"
            "population exc.b size=4 domain=exc\nstate exc.V : f64[exc] = 0\n");
}

TEST(EventPopulation, WithoutSelfANeuronHasOneTargetLess) {
  const auto text = [](int n) {
    return absl::StrCat(
        "program x dt=0.1 seed=1\npopulation exc size=4\npopulation exc.a size=4 domain=exc\n"
        "projection ee : exc.a -> exc rule=fixed_out_degree n=",
        n, " stream=2 self=false weight=1 delay=1\n");
  };
  EXPECT_TRUE(Parse(text(3), "x.ir").ok()) << Parse(text(3), "x.ir").status();
  EXPECT_FALSE(Parse(text(4), "x.ir").ok());
}

void ExpectRefused(const Program& program, const char* message) {
  const absl::Status status = Verify(program);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << message;
  EXPECT_TRUE(absl::StrContains(status.message(), message)) << status.message();
}

TEST(EventPopulation, IsVerified) {
  Program program = Bursts();
  program.populations[2].size = 3;
  ExpectRefused(program, "has size 3, but its domain 'exc' has 4");

  program = Bursts();
  program.projections[0].target = 2;
  ExpectRefused(program, "is a kind of event, which cannot be a target");

  program = Bursts();
  program.populations[1].domain = program.populations[0].domain;  // nothing has its own then
  ExpectRefused(program, "the domains do not belong");

  program = Bursts();
  program.populations[2].domain = DomainId::kNetwork;
  ExpectRefused(program, "the domains do not belong");

  program = Bursts();
  program.populations[2].domain = program.projections[0].domain;
  ExpectRefused(program, "the domains do not belong");

  program = Bursts();
  program.domains[static_cast<size_t>(program.populations[0].domain)].index = 2;  // comes later
  ExpectRefused(program, "the domains do not belong");
}

TEST(EventPopulation, SpikesWhereItsNeuronsDo) {
  Program program = Bursts();
  for (Node& node : program.step[0].nodes) {
    if (node.op == Op::kSpike && node.attr == 2) node.attr = 1;
  }
  EXPECT_FALSE(Verify(program).ok()) << "a condition of exc is none of inh";
  program = Bursts();
  for (Node& node : program.step[0].nodes) {
    if (node.op == Op::kSpike) node.attr = 2;
  }
  ExpectRefused(program, "spike exc.burst stands twice in a step");
}

}  // namespace
}  // namespace bnsyn::ir
