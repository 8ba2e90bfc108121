#include "ir/program.h"

#include "gtest/gtest.h"
#include "tests/ir/programs.h"

namespace bnsyn::ir {
namespace {

TEST(ProgramTest, DomainsSizesAndNames) {
  Program program;
  const PopulationId exc = program.AddPopulation("exc", 8);
  Projection projection;
  projection.name = "ei";
  projection.delay = 7;
  const PopulationId inh = program.AddPopulation("inh", 2);
  projection.source = exc;
  projection.target = inh;
  EXPECT_EQ(program.MaxDelay(), 1u);
  const ProjectionId ei = program.AddProjection(projection);
  EXPECT_EQ(program.MaxDelay(), 7u);

  EXPECT_EQ(program.Size(DomainId::kNetwork), 1u);
  EXPECT_EQ(program.Size(program.populations[exc].domain), 8u);
  EXPECT_EQ(program.Size(program.populations[inh].domain), 2u);
  EXPECT_EQ(program.Size(program.projections[ei].domain), 0u);
  EXPECT_EQ(program.DomainName(DomainId::kNetwork), "network");
  EXPECT_EQ(program.DomainName(program.populations[inh].domain), "inh");
  EXPECT_EQ(program.DomainName(program.projections[ei].domain), "ei");
}

TEST(ProgramTest, FindsSymbolsByName) {
  const Program program = EveryKind();
  EXPECT_EQ(program.FindPopulation("exc"), 0u);
  EXPECT_EQ(program.FindProjection("ee"), 0u);
  EXPECT_EQ(program.FindState("ee.f64"), 1u);
  EXPECT_EQ(program.FindParam("param.f32"), 1u);
  EXPECT_EQ(program.FindInput("exc.g1"), 1u);
  EXPECT_EQ(program.FindReduction("exc.r1"), 1u);
  EXPECT_EQ(program.FindTable("exc"), std::nullopt);
  EXPECT_EQ(program.FindState("exc"), std::nullopt);
}

}  // namespace
}  // namespace bnsyn::ir
