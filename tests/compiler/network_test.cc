// Networks: built in C++ or read from a file, changed by path; times in steps.
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "bnsyn/network.h"
#include "compiler/description/keys.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "ir/text.h"

namespace bnsyn {
namespace {

using literals::operator""_ms;
using literals::operator""_mV;

constexpr char kFile[] = R"toml(
[network]
name = "pair"
dt = "0.1 ms"
duration = "20 ms"
seed = 7

[constants]
N = 10
strength = "1 mV*10/N"

[models.lif]
parameters = { tau = "20 ms", v_th = "10 mV" }
equations = "dv/dt = -v/tau : volt"
threshold = "v > v_th"
reset = "v = 0 mV"

[populations.exc]
model = "lif"
size = "0.8*N"
initial = { v = "normal(5 mV, 1 mV)" }

[populations.inh]
model = "lif"
size = "0.2*N"
parameters = { tau = "10 ms" }

[stimuli.ext]
type = "poisson"
target = ["exc", "inh"]
rate = "100 Hz"
weight = "1 mV"
on_event = "v += w"

[projections.e]
source = "exc"
target = ["exc", "inh"]
rule = { type = "bernoulli", p = 0.5, self = false }
weight = "strength"
delay = "1.5 ms"
on_pre = "v_post += w"

[uniform]
parameters = { alpha = 0.5 }
equations = "activity : 1"
update = "activity = (1 - alpha)*activity + alpha*count(exc)"
)toml";

Network MustRead(const std::string& text) {
  absl::StatusOr<Network> network = ParseNetwork(text, "test.toml");
  EXPECT_TRUE(network.ok()) << network.status().message();
  return network.ok() ? *std::move(network) : Network();
}

ir::Program MustLower(const Network& network) {
  absl::StatusOr<ir::Program> program = LowerNetwork(network);
  EXPECT_TRUE(program.ok()) << program.status().message();
  return program.ok() ? *std::move(program) : ir::Program();
}

double ParamValue(const ir::Program& program, const char* name) {
  const std::optional<ir::ParamId> id = program.FindParam(name);
  EXPECT_TRUE(id.has_value()) << name;
  return id.has_value() ? ir::F64OfBits(program.params[*id].value) : 0;
}

TEST(Network, BuiltInCodeIsTheSameAsRead) {
  NetworkOptions options;
  options.name = "pair";
  options.dt = 0.1_ms;
  options.seed = 7;
  Network net(options);
  net.AddConstant("N", 10);
  net.AddConstant("strength", "1 mV*10/N");
  const ModelHandle lif = net.AddModel(Model("lif")
                                           .Parameters({{"tau", 20_ms}, {"v_th", 10_mV}})
                                           .Equations("dv/dt = -v/tau : volt")
                                           .Threshold("v > v_th")
                                           .Reset("v = 0 mV"));
  const PopulationHandle exc =
      net.AddPopulation("exc", lif, "0.8*N", {}, {{"v", "normal(5 mV, 1 mV)"}});
  const PopulationHandle inh = net.AddPopulation("inh", lif, "0.2*N", {{"tau", 10_ms}});
  Stimulus ext;
  ext.name = "ext";
  ext.targets = {"exc", "inh"};
  ext.rate = "100 Hz";
  ext.weight = 1_mV;
  ext.on_event = {"ext", "v += w", 1, 1};
  net.AddStimulus(ext);
  ConnectOptions connect;
  connect.OnPre("v_post += w");
  connect.weight = "strength";
  connect.delay = 1.5_ms;
  net.Connect("e_exc", exc, exc, Bernoulli(0.5, false), connect);
  net.Connect("e_inh", exc, inh, Bernoulli(0.5, false), connect);
  net.Uniform({"uniform", "activity : 1", 1, 1},
              {"uniform", "activity = (1 - alpha)*activity + alpha*count(exc)", 1, 1}, {},
              {{"alpha", 0.5}});
  EXPECT_EQ(ir::Print(MustLower(net)), ir::Print(MustLower(MustRead(kFile))));
}

TEST(Network, ErrorsOfCodeNameWhatTheyAreIn) {
  Network net;
  const ModelHandle lif =
      net.AddModel(Model("lif").Parameters({{"tau", 20_ms}}).Equations("dv/dt = -v/tauu : volt"));
  net.AddPopulation("exc", lif, 10);
  EXPECT_EQ(LowerNetwork(net).status().message(),
            "lif.equations:1:12: error: unknown name 'tauu' (did you mean 'tau'?)\n"
            "  dv/dt = -v/tauu : volt\n"
            "             ^~~~");
  Network small;
  small.AddPopulation("exc", small.AddModel(Model("m").Equations("v : volt")), -3);
  EXPECT_EQ(LowerNetwork(small).status().message(),
            "the size of exc:1:1: error: the size of exc must be at least 1, not -3\n"
            "  -3\n"
            "  ^~");
}

TEST(Network, NeedsPopulations) {
  EXPECT_EQ(LowerNetwork(Network()).status().message(), "network 'network' has no populations");
}

TEST(Network, SetsByPath) {
  Network net = MustRead(kFile);
  const std::pair<const char*, const char*> settings[] = {
      {"N", "20"},
      {"exc.tau", "30 ms"},
      {"lif.v_th", "12 mV"},
      {"e.weight", "2 mV"},
      {"e_inh.p", "0.25"},
      {"ext.rate", "200 Hz"},
      {"alpha", "1/4"},
      {"inh.size", "5"},
      {"duration", "1 s"},
      {"dt", "0.5 ms"},
      {"seed", "9"},
      {"math", "strict"},
      {"e_exc.delay", "2*dt"},
  };
  for (const auto& [path, value] : settings) {
    const absl::Status status = net.Set(path, value);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  const ir::Program program = MustLower(net);
  EXPECT_EQ(program.populations[0].size, 16u);
  EXPECT_EQ(program.populations[1].size, 5u);
  EXPECT_EQ(ParamValue(program, "exc.tau"), 30);
  EXPECT_EQ(ParamValue(program, "inh.tau"), 10);
  EXPECT_EQ(ParamValue(program, "exc.v_th"), 12);
  EXPECT_EQ(ParamValue(program, "alpha"), 0.25);
  EXPECT_EQ(program.projections[0].weight, 2);
  EXPECT_EQ(program.projections[1].weight, 2);
  EXPECT_EQ(program.projections[0].rule.p, 0.5);
  EXPECT_EQ(program.projections[1].rule.p, 0.25);
  EXPECT_EQ(program.projections[0].delay, 3u);
  EXPECT_EQ(program.projections[1].delay, 4u);
  EXPECT_EQ(program.dt, 0.5);
  EXPECT_EQ(program.seed, 9u);
  EXPECT_EQ(*DurationSteps(net), 2000u);
}

TEST(Network, SetsWhateverAFileCanSay) {
  Network net = MustRead(kFile);
  ASSERT_TRUE(net.Set("lif.threshold", "v > 2*v_th").ok());
  EXPECT_EQ(net.models[0].threshold.text, "v > 2*v_th");
  ASSERT_TRUE(net.Set("e_exc.self", "false").ok());
  EXPECT_FALSE(net.projections[0].rule.self);
  EXPECT_FALSE(net.Set("e_exc.self", "no").ok());
  ASSERT_TRUE(net.Set("ext.start", "5 ms").ok());
  EXPECT_EQ(net.stimuli[0].start->text().text, "5 ms");
  ASSERT_TRUE(net.Set("name", "other").ok());
  EXPECT_EQ(net.options.name, "other");
  // A table, and a key that other rules have.
  EXPECT_FALSE(net.Set("lif.parameters", "1").ok());
  EXPECT_FALSE(net.Set("e_exc.n", "1").ok());
}

TEST(Network, HasEveryPathOnce) {
  Network net = MustRead(kFile);
  std::set<std::string> paths;
  for (const compiler::NamedField& field : compiler::SettableFields(net)) {
    // Several projections of one table share its name.
    if (absl::StartsWith(absl::StripPrefix(field.path, "projections."), "e.")) continue;
    EXPECT_TRUE(paths.insert(field.path).second) << field.path;
  }
  EXPECT_EQ(paths.count("inh.size"), 1u);
}

TEST(Network, RefusesToSetWhatIsNotThere) {
  Network net = MustRead(kFile);
  EXPECT_EQ(net.Set("exc.taw", "1 ms").message(),
            "there is no 'exc.taw' to set (did you mean 'exc.tau'?)");
  EXPECT_EQ(net.Set("seed", "many").message(),
            "--set seed:1:1: error: this must be an integer from 0 to 18446744073709551615\n"
            "  many\n  ^~~~");
  EXPECT_FALSE(net.Set("dt", "1 mV").ok());
  EXPECT_FALSE(net.Set("math", "fast").ok());
  // Values are checked where they are used, with the option as their place.
  ASSERT_TRUE(net.Set("exc.tau", "1 mV").ok());
  EXPECT_EQ(LowerNetwork(net).status().message(),
            "--set exc.tau:1:1: error: exc.tau must have the dimension second, but this is volt\n"
            "  1 mV\n  ^~~~\n  note: give it a unit such as ms");
}

TEST(Network, TakesModelsFromTheLibrary) {
  const Network net = MustRead("[populations.exc]\nmodel = \"adex\"\nsize = 10\n");
  const ir::Program program = MustLower(net);
  EXPECT_TRUE(program.FindState("exc.V").has_value());
}

TEST(Network, MissingFilesAreNotFound) {
  EXPECT_EQ(ReadNetwork("no/such.toml").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(ReadNetwork("/").ok());
}

// R4: times are whole steps.
TEST(R4, TimesAreWholeSteps) {
  EXPECT_EQ(*StepsOf(1.5_ms, 0.1_ms), 15u);
  EXPECT_EQ(*StepsOf(0.3_ms, 0.1_ms), 3u);  // 0.3/0.1 is not 3 in doubles
  EXPECT_EQ(*StepsOf(Quantity(0, Unit{dimension::kTime, 0}), 0.1_ms), 0u);
  // 10^10 steps: the quotient is off by more than an absolute tolerance would allow.
  EXPECT_EQ(*StepsOf(Quantity(1e9, Unit{dimension::kTime, 0}), 0.1_ms), 10'000'000'000u);
  EXPECT_EQ(StepsOf(1.55_ms, 0.1_ms).status().message(),
            "1.55 ms is no multiple of dt = 0.1 ms; the nearest are 1.5 ms and 1.6 ms");
  EXPECT_FALSE(StepsOf(0.05_ms, 0.1_ms).ok());
  EXPECT_FALSE(StepsOf(-1_ms, 0.1_ms).ok());
  EXPECT_FALSE(StepsOf(1_mV, 0.1_ms).ok());
  EXPECT_FALSE(StepsOf(1_ms, Quantity(0, Unit{dimension::kTime, 0})).ok());
}

}  // namespace
}  // namespace bnsyn
