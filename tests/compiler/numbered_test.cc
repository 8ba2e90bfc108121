// Numbered names of models: as many as a population gives values. What they mean is shown by
// tests/cases/truth/numbered.toml, and their errors by tests/cases/errors/numbered_*.toml.
#include "compiler/lowering/numbered.h"

#include <cmath>
#include <string>

#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {
namespace {

using namespace literals;

Model Ports() {
  return Model("ports")
      .Equations(
          "dv/dt = (sum(I_k) - v)/(10 ms) : volt\n"
          "dI_k/dt = -I_k/tau_k : volt")
      .Numbered("k", {"tau"})
      .Parameters({{"tau_1", 2_ms}})
      .Initial({{"I_k", "3 mV"}})
      .Threshold("v > 1 V");
}

TEST(Numbered, PopulationsHaveTheirOwnNumbers) {
  Network network;
  const ModelHandle ports = network.AddModel(Ports());
  network.AddPopulation("one", ports, 1);
  network.AddPopulation("three", ports, 1, {{"tau_1", 1_ms}, {"tau_2", 2_ms}, {"tau_3", 4_ms}});
  const absl::StatusOr<ir::Program> program = LowerNetwork(network);
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_TRUE(program->FindState("one.I_1").has_value());
  EXPECT_FALSE(program->FindState("one.I_2").has_value());
  EXPECT_TRUE(program->FindState("three.I_3").has_value());
  EXPECT_FALSE(program->FindState("three.I_k").has_value());
  Oracle oracle(*program);
  EXPECT_EQ(oracle.Get("three.I_2"), 3);
  oracle.Steps(10);
  // Each is solved with v as a whole: v = sum of a (exp(-t/10) - exp(-t/tau))/(1/tau - 1/10).
  const auto v = [](double tau) {
    return 3.0 / 10 * (std::exp(-0.1) - std::exp(-1 / tau)) / (1 / tau - 0.1);
  };
  EXPECT_NEAR(oracle.Get("one.v"), v(2), 1e-12);
  EXPECT_NEAR(oracle.Get("three.v"), v(1) + v(2) + v(4), 1e-12);
}

// A sum over one number is that number, so one port is the model without numbers, to the bit.
TEST(Numbered, OnePortIsThePlainModel) {
  Network numbered;
  numbered.AddPopulation("p", numbered.AddModel(Ports()), 1);
  Network plain;
  plain.AddPopulation("p",
                      plain.AddModel(Model("plain")
                                         .Equations("dv/dt = (I_1 - v)/(10 ms) : volt\n"
                                                    "dI_1/dt = -I_1/tau_1 : volt")
                                         .Parameters({{"tau_1", 2_ms}})
                                         .Initial({{"I_1", "3 mV"}})
                                         .Threshold("v > 1 V")),
                      1);
  const absl::StatusOr<ir::Program> one = LowerNetwork(numbered);
  const absl::StatusOr<ir::Program> other = LowerNetwork(plain);
  ASSERT_TRUE(one.ok()) << one.status().message();
  ASSERT_TRUE(other.ok()) << other.status().message();
  Oracle first(*one);
  Oracle second(*other);
  first.Steps(50);
  second.Steps(50);
  EXPECT_GT(first.Get("p.v"), 0.1);
  EXPECT_EQ(first.Get("p.v"), second.Get("p.v"));
}

// An error in numbered code points at the line of the file, however many numbers there are.
TEST(Numbered, ErrorsKeepTheirPlaces) {
  const absl::StatusOr<Network> network = ParseNetwork(R"toml([models.m]
equations = """
dx_k/dt = -x_k/tau_k : 1
dy/dt = sum(x_k)/missing : 1
"""
numbered = { k = "tau" }
parameters = { tau = ["1 ms", "2 ms", "3 ms"] }
[populations.p]
model = "m"
size = 1
)toml",
                                                       "test.toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  const std::string message(LowerNetwork(*network).status().message());
  EXPECT_NE(message.find("test.toml:4:18: error: "), std::string::npos) << message;
}

}  // namespace
}  // namespace bnsyn
