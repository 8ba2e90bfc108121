// Stimuli and tables, run on the oracle against closed forms and statistics.
#include <cmath>
#include <string>
#include <vector>

#include "compiler/lowering/lower.h"
#include "ir/text.h"
#include "network_testing.h"
#include "reference/functions.h"

namespace bnsyn {
namespace {

// A population "p": x is what arrived at its input in the step, sum what has arrived so far.
// Neurons spike where something arrived.
std::string Listener(int size, const std::string& rest, const std::string& dt = "0.1 ms") {
  return absl::StrCat("[network]\ndt = \"", dt, "\"\nseed = 3\n",
                      R"(
[models.listener]
equations = """
I : 1 (input)
x : 1
sum : 1
"""
update = """
x = I
sum = sum + I
"""
threshold = "x != 0"
[populations.p]
model = "listener"
size = )",
                      size, "\n", rest);
}

// A current of this expression.
std::string Current(const std::string& value, const std::string& more = "") {
  return absl::StrCat(
      "[stimuli.c]\ntype = \"current\"\ntarget = \"p\"\nvariable = \"I\"\nvalue = \"", value,
      "\"\n", more);
}

// x of neuron 0 after each of the first `steps` steps.
std::vector<double> Course(const std::string& text, int steps, size_t neuron = 0) {
  Oracle oracle(MustLower(text, BNSYN_SOURCE_DIR "/tests/cases/errors"));
  std::vector<double> course;
  for (int k = 0; k < steps; ++k) {
    oracle.Steps(1);
    course.push_back(oracle.Get("p.x", neuron));
  }
  EXPECT_GT(oracle.count(), 0u) << "nothing arrived";
  return course;
}

struct Moments {
  double mean = 0;
  double variance = 0;
};
Moments MomentsOf(const std::vector<double>& values) {
  Moments moments;
  for (const double value : values) moments.mean += value;
  moments.mean /= static_cast<double>(values.size());
  for (const double value : values) {
    moments.variance += (value - moments.mean) * (value - moments.mean);
  }
  moments.variance /= static_cast<double>(values.size());
  return moments;
}

// Statistics are of fixed seeds: they hold for ever once they hold. Four standard errors leave one
// seed in 16,000 out.
constexpr double kErrors = 4;

TEST(Tables, HoldEachRowForItsInterval) {
  const std::string table = "[tables.course]\ndt = \"0.3 ms\"\nvalues = [1, 2, 3]\n";
  EXPECT_EQ(Course(Listener(1, table + Current("course(t)")), 12),
            (std::vector<double>{1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3}));
}

// t = k*dt is rounded, and must still fall into the row that begins at k, however late.
TEST(Tables, R4_RowsBeginOnTheirStep) {
  std::string values;
  constexpr int kRows = 3000;
  for (int row = 0; row < kRows; ++row) absl::StrAppend(&values, row == 0 ? "" : ", ", row + 1);
  for (const char* dt : {"0.1 ms", "0.05 ms", "0.0125 ms", "0.3 ms"}) {
    const std::string table =
        absl::StrCat("[tables.course]\ndt = \"", dt, "\"\nvalues = [", values, "]\n");
    const std::vector<double> course = Course(Listener(1, table + Current("course(t)"), dt), kRows);
    for (int k = 0; k < kRows; ++k) ASSERT_EQ(course[static_cast<size_t>(k)], k + 1) << dt;
  }
}

TEST(Tables, WithTimesBeginAtZero) {
  const std::string table =
      "[tables.course]\ntimes = [\"0.2 ms\", \"0.3 ms\", \"0.7 ms\"]\nvalues = [5, 6, 7]\n";
  EXPECT_EQ(Course(Listener(1, table + Current("course(t)")), 10),
            (std::vector<double>{0, 0, 5, 6, 6, 6, 6, 7, 7, 7}));
}

TEST(Tables, HaveAColumnForEachNeuron) {
  const std::string table = "[tables.course]\ndt = \"0.1 ms\"\nvalues = [[1, 2, 3], [4, 5, 6]]\n";
  for (size_t neuron = 0; neuron < 3; ++neuron) {
    const double first = static_cast<double>(neuron) + 1;
    EXPECT_EQ(Course(Listener(3, table + Current("course(t, i)")), 3, neuron),
              (std::vector<double>{first, first + 3, first + 3}));
  }
}

// Columns of values stand behind that of times, and no argument reaches it.
TEST(Tables, KeepTimesApartFromValues) {
  const std::string table =
      "[tables.course]\ntimes = [\"0 ms\", \"0.1 ms\"]\nvalues = [[10, 20], [30, 40]]\n";
  EXPECT_EQ(Course(Listener(3, table + Current("course(t, i - 1)")), 2, 0),
            (std::vector<double>{10, 30}));
  EXPECT_EQ(Course(Listener(3, table + Current("course(t, i + 1)")), 2, 2),
            (std::vector<double>{20, 40}));
}

TEST(Tables, MayBeReadAtATimeOfEachNeuron) {
  const std::string table =
      "[tables.course]\ntimes = [\"0 ms\", \"0.2 ms\", \"0.3 ms\"]\nvalues = [5, 6, 7]\n";
  const std::string text = Listener(4, table + Current("course(t - i*0.1 ms)"));
  EXPECT_EQ(Course(text, 5, 1), (std::vector<double>{0, 5, 5, 6, 7}));
  EXPECT_EQ(Course(text, 6, 3), (std::vector<double>{0, 0, 0, 5, 5, 6}));
}

TEST(Tables, MayBeListsByNumber) {
  const std::string table = "[tables.list]\nvalues = [7, 8, 9]\n";
  const std::string text = Listener(5, table + Current("list(i)"));
  EXPECT_EQ(Course(text, 1, 1), (std::vector<double>{8}));
  EXPECT_EQ(Course(text, 1, 4), (std::vector<double>{9}));
}

TEST(Tables, ComeFromFiles) {
  // pairs.csv: pre,post,weight with the weights 0.5, 0.25, -1, 2.
  const std::string table =
      "[tables.course]\nfile = \"pairs.csv\"\ncolumn = \"weight\"\ndt = \"0.1 ms\"\n";
  EXPECT_EQ(Course(Listener(1, table + Current("course(t)")), 5),
            (std::vector<double>{0.5, 0.25, -1, 2, 2}));
  // steps.csv: time,value with 2 from 0.1 ms and 4 from 0.3 ms on.
  const std::string timed = "[tables.course]\nfile = \"steps.csv\"\nunit = \"Hz\"\n";
  EXPECT_EQ(Course(Listener(1, timed + Current("course(t)/(1 Hz)")), 5),
            (std::vector<double>{0, 2, 2, 4, 4}));
}

TEST(Tables, HaveUnits) {
  for (const char* values :
       {"unit = \"Hz\"\nvalues = [10, 2.5]", "values = [\"10 Hz\", \"2.5 Hz\"]"}) {
    const std::string table = absl::StrCat("[tables.course]\ndt = \"0.1 ms\"\n", values, "\n");
    EXPECT_EQ(Course(Listener(1, table + Current("course(t)*(1 second)")), 2),
              (std::vector<double>{10, 2.5}));
  }
}

TEST(Tables, InitialValuesMayReadThem) {
  std::string text = Listener(3, "[tables.list]\nvalues = [7, 8, 9]\n" + Current("1"));
  const std::string size = "size = 3\n";
  text.replace(text.find(size), size.size(), size + "initial = { sum = \"list(i)\" }\n");
  Oracle oracle(MustLower(text));
  EXPECT_EQ(oracle.Get("p.sum", 1), 8);
  oracle.Steps(2);
  EXPECT_EQ(oracle.Get("p.sum", 2), 11);
  EXPECT_GT(oracle.count(), 0u);
}

// The text of the program holds the table, and goes round.
TEST(Tables, TravelInTheText) {
  const ir::Program program =
      MustLower(Listener(2, "[tables.course]\ndt = \"0.1 ms\"\nvalues = [[0.1, 2], [3, 4]]\n" +
                                Current("course(t, i)")));
  const std::string text = ir::Print(program);
  EXPECT_NE(text.find("table course columns=[value_0, value_1] values=[0.1, 2, 3, 4]"),
            std::string::npos)
      << text;
  const auto again = ir::Parse(text, "again.ir");
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(ir::Print(*again), text);
  Oracle first(program), second(*again);
  first.Steps(3);
  second.Steps(3);
  EXPECT_EQ(first.Get("p.sum", 1), 10);
  EXPECT_EQ(second.Get("p.sum", 1), 10);
  EXPECT_GT(first.count(), 0u);
}

TEST(Currents, ComeBetweenStartAndStop) {
  EXPECT_EQ(Course(Listener(1, Current("2", "start = \"0.2 ms\"\nstop = \"0.5 ms\"\n")), 7),
            (std::vector<double>{0, 0, 2, 2, 2, 0, 0}));
}

TEST(Currents, AddUp) {
  const std::string other =
      "[stimuli.d]\ntype = \"current\"\ntarget = \"p\"\nvariable = \"I\"\nvalue = \"i\"\n";
  EXPECT_EQ(Course(Listener(2, Current("0.5") + other), 2, 1), (std::vector<double>{1.5, 1.5}));
}

// To the bit, each operation rounded by itself.
TEST(Currents, SinesAreThoseOfTheFormula) {
  std::string text = Listener(3, Current("0.5 + 2*sin(0.7*(20 Hz*t) + i)"));
  text.replace(text.find("seed = 3"), 8, "seed = 3\nmath = \"strict\"");
  for (size_t neuron = 0; neuron < 3; ++neuron) {
    const std::vector<double> course = Course(text, 200, neuron);
    for (int k = 0; k < 200; ++k) {
      const double t = k * 0.1;
      const double phase = 0.7 * (0.02 * t) + static_cast<double>(neuron);
      EXPECT_EQ(course[static_cast<size_t>(k)], 0.5 + 2 * reference::Sin(phase)) << k;
    }
  }
}

TEST(Spikes, ComeAtTheirTimes) {
  const std::string spikes = R"(
[stimuli.s]
type = "spikes"
target = "p"
times = ["0 ms", "0.3 ms", "0.3 ms", "0.4 ms"]
index = [0, 1, 0, 0]
weight = 2
on_event = "I += w"
)";
  EXPECT_EQ(Course(Listener(2, spikes), 6, 0), (std::vector<double>{2, 0, 0, 2, 2, 0}));
  EXPECT_EQ(Course(Listener(2, spikes), 6, 1), (std::vector<double>{0, 0, 0, 2, 0, 0}));
}

TEST(Spikes, OfAFileMayHaveTimes) {
  const std::string spikes = R"(
[stimuli.s]
type = "file"
target = "p"
file = "spikes.csv"
on_event = "I += w"
)";
  // time,index: 0.2 ms at 0, 0.5 ms at 3.
  EXPECT_EQ(Course(Listener(4, spikes), 7, 0), (std::vector<double>{0, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(Course(Listener(4, spikes), 7, 3), (std::vector<double>{0, 0, 0, 0, 0, 1, 0}));
}

TEST(Spikes, FeedASource) {
  Oracle oracle(MustLower(R"(
[populations.source]
model = "spike_source"
size = 3
[stimuli.s]
type = "spikes"
target = "source"
times = ["0.2 ms", "0.7 ms"]
index = 0
on_event = "arrived += w"
)"));
  oracle.Steps(10);
  EXPECT_EQ(oracle.first(), (std::vector<int>{1, 6})) << "the steps that end at 0.2 and 0.7 ms";
  EXPECT_EQ(oracle.count(), 2u);
}

// A spike of step k has the time (k + 1) dt.
TEST(Sources, R4_RegularOnesKeepTheirTimes) {
  const auto times = [](const std::string& parameters, int steps) {
    Oracle oracle(MustLower(absl::StrCat("[populations.p]\nmodel = \"regular_source\"\nsize = 1\n",
                                         "parameters = { ", parameters, " }\n")));
    oracle.Steps(steps);
    return oracle.first();
  };
  EXPECT_EQ(times("period = \"0.3 ms\"", 10), (std::vector<int>{2, 5, 8}));
  EXPECT_EQ(times("period = \"0.3 ms\", phase = \"0.5 ms\"", 12), (std::vector<int>{4, 7, 10}));
  // Between steps, the nearest: 0.3, 0.5, 0.8, 1 ms.
  EXPECT_EQ(times("period = \"0.25 ms\", phase = \"0.02 ms\"", 12), (std::vector<int>{2, 4, 7, 9}));
  // A million steps on, as exactly.
  const std::vector<int> late = times("period = \"0.7 ms\"", 200000);
  for (size_t spike = 0; spike < late.size(); ++spike) {
    ASSERT_EQ(late[spike], 7 * static_cast<int>(spike) + 6);
  }
  EXPECT_EQ(late.size(), 28571u);
}

TEST(Sources, PoissonOnesKeepTheirRate) {
  constexpr double kNeurons = 500, kSteps = 2000;
  Oracle oracle(MustLower(
      "[populations.p]\nmodel = \"poisson_source\"\nsize = 500\nparameters = { rate = \"50 Hz\", "
      "start = \"20 ms\", stop = \"180 ms\" }\n"));
  oracle.Steps(200);
  EXPECT_EQ(oracle.count(), 0u);
  oracle.Steps(static_cast<int>(kSteps) - 200);
  const double p = 50e-3 * 0.1, expected = kNeurons * (kSteps - 400) * p;
  EXPECT_NEAR(static_cast<double>(oracle.count()), expected,
              kErrors * std::sqrt(expected * (1 - p)));
}

// A neuron spikes once in a step: what would be lost is refused.
TEST(Sources, ProbabilitiesAboveOneAreRefused) {
  const auto lowered = [](const std::string& parameters, const std::string& model) {
    const absl::StatusOr<Network> network =
        ParseNetwork(absl::StrCat("[network]\ndt = \"1 ms\"\n[populations.p]\nmodel = \"", model,
                                  "\"\nsize = 3\nparameters = { ", parameters, " }\n"),
                     "test.toml");
    EXPECT_TRUE(network.ok()) << network.status().message();
    return LowerNetwork(*network).status();
  };
  EXPECT_TRUE(lowered("rate = \"1 kHz\"", "poisson_source").ok());
  for (const char* rate : {"5 kHz", "-1 Hz"}) {
    const absl::Status status = lowered(absl::StrCat("rate = \"", rate, "\""), "poisson_source");
    EXPECT_NE(std::string(status.message()).find("a neuron spikes at most once in a step of 1 ms"),
              std::string::npos)
        << status.message();
    EXPECT_NE(std::string(status.message()).find("type = \"poisson\""), std::string::npos);
  }
}

absl::Status StatusAfter(const std::string& text, int steps) {
  auto made = reference::Interpreter::Create(MustLower(text), reference::Propagation::kCsr);
  EXPECT_TRUE(made.ok()) << made.status().message();
  absl::Status status;
  for (int k = 0; k < steps && status.ok(); ++k) status = (*made)->Step();
  return status;
}

TEST(Sources, R10_ProbabilitiesThatRiseAboveOneStopTheRun) {
  const auto status = [](const std::string& threshold) {
    return StatusAfter(absl::StrCat("[models.m]\nequations = \"x = t/(1 ms) : 1\"\nthreshold = \"",
                                    threshold, "\"\n[populations.p]\nmodel = \"m\"\nsize = 3\n"),
                       20);
  };
  for (const char* threshold : {"rand() < x", "i > 0 and x >= rand()", "bernoulli(0.9 - x)"}) {
    EXPECT_EQ(status(threshold).code(), absl::StatusCode::kOutOfRange) << threshold;
    EXPECT_NE(std::string(status(threshold).message()).find("p.threshold.probability"),
              std::string::npos)
        << status(threshold).message();
  }
  // What is a probability by its form needs no state.
  EXPECT_TRUE(status("rand() < 1 - exp(-x)").ok());
  EXPECT_TRUE(status("x > 1 and bernoulli(min(x, 1))").ok());
}

TEST(Sources, R10_SpikeOnceAStepWithoutMultiplicityOrStopTheRun) {
  const std::string twice = R"(
[populations.source]
model = "spike_source"
size = 3
[stimuli.s]
type = "spikes"
target = "source"
times = ["0.2 ms", "0.2 ms"]
index = [0, 0]
on_event = "arrived += w"
)";
  EXPECT_TRUE(StatusAfter(twice, 5).ok());
  const absl::Status fast = StatusAfter(
      "[populations.p]\nmodel = \"regular_source\"\nsize = 1\nparameters = { period = \"0.05 ms\" "
      "}\n",
      2);
  EXPECT_NE(std::string(fast.message()).find("p.steps_apart"), std::string::npos) << fast.message();
}

// Events so far at each of 1000 neurons.
Moments Events(const std::string& stimulus, int steps) {
  Oracle oracle(MustLower(Listener(
      1000, absl::StrCat("[stimuli.s]\ntype = \"poisson\"\ntarget = \"p\"\non_event = \"I += w\"\n",
                         stimulus, "\n"))));
  oracle.Steps(steps);
  EXPECT_GT(oracle.count(), 0u);
  std::vector<double> sums;
  for (size_t neuron = 0; neuron < 1000; ++neuron) sums.push_back(oracle.Get("p.sum", neuron));
  return MomentsOf(sums);
}

// A Poisson number: mean and variance are `expected`, with standard errors over 1000 neurons.
void ExpectPoisson(const Moments& moments, double expected) {
  EXPECT_NEAR(moments.mean, expected, kErrors * std::sqrt(expected / 1000));
  EXPECT_NEAR(moments.variance, expected,
              kErrors * std::sqrt((expected + 2 * expected * expected) / 1000));
}

TEST(Poisson, HasItsRate) { ExpectPoisson(Events("rate = \"200 Hz\"", 500), 10); }

TEST(Poisson, SourcesAddTheirRates) {
  ExpectPoisson(Events("rate = \"8 Hz\"\nn = 1600", 100), 128);
}

TEST(Poisson, ManyEventsAStepHaveTheirRate) {
  ExpectPoisson(Events("rate = \"8 kHz\"\nn = 10000", 10), 80000);
}

TEST(Poisson, RatesMayChangeInSteps) {
  const std::string rate =
      "rate = { times = [\"10 ms\", \"30 ms\"], values = [\"400 Hz\", \"100 Hz\"] }";
  ExpectPoisson(Events(rate, 400), 0.4 * 20 + 0.1 * 10);
}

TEST(Poisson, RatesMayBeExpressionsOfTime) {
  ExpectPoisson(Events("rate = \"400 Hz * int(t >= 10 ms and t < 30 ms)\"", 400), 8);
}

TEST(Poisson, StopsAtItsStop) {
  ExpectPoisson(Events("rate = \"400 Hz\"\nstart = \"10 ms\"\nstop = \"30 ms\"", 400), 8);
}

// A rate that depends on time is checked while running (R10).
TEST(Poisson, R10_RatesOutOfBoundsStopTheRun) {
  for (const char* rate :
       {"1 Hz * (5 - i)", "10 Hz - 100 Hz*int(t > 1 ms)", "1e5 Hz * sqrt(3 - i)"}) {
    auto made = reference::Interpreter::Create(
        MustLower(Listener(10, absl::StrCat("[stimuli.s]\ntype = \"poisson\"\ntarget = \"p\"\n",
                                            "rate = \"", rate, "\"\non_event = \"I += w\"\n"))),
        reference::Propagation::kCsr);
    ASSERT_TRUE(made.ok()) << made.status().message();
    absl::Status status;
    for (int k = 0; k < 100 && status.ok(); ++k) status = (*made)->Step();
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << rate;
    EXPECT_NE(std::string(status.message()).find("p.s.rate"), std::string::npos)
        << status.message();
  }
}

// The process with stationary variance sigma^2 and correlation exp(-|t|/tau), from its first step
// on.
TEST(Noise, IsAnOrnsteinUhlenbeckProcess) {
  constexpr size_t kNeurons = 4000;
  const std::string noise = R"(
[stimuli.n]
type = "ornstein_uhlenbeck"
target = "p"
variable = "I"
mean = 3
sigma = 2
tau = "5 ms"
)";
  Oracle oracle(MustLower(Listener(kNeurons, noise)));
  const auto read = [&] {
    std::vector<double> values;
    for (size_t i = 0; i < kNeurons; ++i) values.push_back(oracle.Get("p.x", i));
    return values;
  };
  oracle.Steps(1);
  const std::vector<double> first = read();
  oracle.Steps(50);  // 5 ms: one time constant
  const std::vector<double> second = read();
  const double n = kNeurons;
  for (const std::vector<double>& values : {first, second}) {
    const Moments moments = MomentsOf(values);
    EXPECT_NEAR(moments.mean, 3, kErrors * 2 / std::sqrt(n));
    EXPECT_NEAR(moments.variance, 4, kErrors * 4 * std::sqrt(2 / n));
  }
  double covariance = 0;
  for (size_t i = 0; i < kNeurons; ++i) covariance += (first[i] - 3) * (second[i] - 3) / n;
  const double correlation = std::exp(-1);
  EXPECT_NEAR(covariance / 4, correlation, kErrors * std::sqrt((1 + correlation) / n));
  EXPECT_GT(oracle.count(), 0u);
}

TEST(Noise, MayBeSharedByAll) {
  const std::string noise = R"(
[populations.q]
model = "listener"
size = 2
[stimuli.n]
type = "ornstein_uhlenbeck"
target = ["p", "q"]
variable = "I"
sigma = 2
tau = "5 ms"
shared = true
)";
  Oracle oracle(MustLower(Listener(3, noise)));
  double last = 0;
  for (int k = 0; k < 20; ++k) {
    oracle.Steps(1);
    EXPECT_NE(oracle.Get("p.x", 0), last);
    last = oracle.Get("p.x", 0);
    EXPECT_EQ(oracle.Get("p.x", 2), last);
    EXPECT_EQ(oracle.Get("q.x", 1), last);
  }
  EXPECT_GT(oracle.count(), 0u);
}

// In C++ as in a file.
TEST(Stimuli, AreBuiltAlike) {
  Network net({.dt = Quantity(0.1, Unit{dimension::kTime, 0}), .seed = 3, .name = "test"});
  const ModelHandle listener = net.AddModel(Model("listener")
                                                .Equations("I : 1 (input)\nx : 1\nsum : 1\n")
                                                .Update("x = I\nsum = sum + I\n")
                                                .Threshold("x != 0"));
  net.AddPopulation("p", listener, 2);
  net.AddTable({.name = "course",
                .place = {},
                .file = "",
                .column = "",
                .rows = {{1.0}, {2.0}},
                .times = {},
                .dt = "0.3 ms",
                .unit = {}});
  Stimulus current;
  current.name = "c";
  current.kind = StimulusKind::kCurrent;
  current.targets = {"p"};
  current.value = "course(t)";
  net.AddStimulus(current.Variable("I"));
  Stimulus spikes;
  spikes.name = "s";
  spikes.kind = StimulusKind::kSpikes;
  spikes.targets = {"p"};
  spikes.times = {"0.2 ms"};
  spikes.neurons = {0, 1};
  net.AddStimulus(spikes.OnEvent("I += w"));
  const absl::StatusOr<ir::Program> built = LowerNetwork(net);
  ASSERT_TRUE(built.ok()) << built.status().message();
  const ir::Program read = MustLower(Listener(2, R"(
[tables.course]
dt = "0.3 ms"
values = [1, 2]
)" + Current("course(t)") + R"(
[stimuli.s]
type = "spikes"
target = "p"
times = "0.2 ms"
index = [0, 1]
on_event = "I += w"
)"));
  EXPECT_EQ(ir::Print(*built), ir::Print(read));
  Oracle oracle(*built);
  oracle.Steps(4);
  EXPECT_EQ(oracle.Get("p.sum", 1), 6);
  EXPECT_GT(oracle.count(), 0u);
}

TEST(Stimuli, SettingsReachThem) {
  absl::StatusOr<Network> net = ParseNetwork(Listener(1, Current("1")), "test.toml");
  ASSERT_TRUE(net.ok());
  ASSERT_TRUE(net->Set("c.value", "7").ok());
  const absl::StatusOr<ir::Program> program = LowerNetwork(*net);
  ASSERT_TRUE(program.ok()) << program.status().message();
  Oracle oracle(*program);
  oracle.Steps(1);
  EXPECT_EQ(oracle.Get("p.x"), 7);
  EXPECT_GT(oracle.count(), 0u);
  EXPECT_FALSE(net->Set("c.rate", "7 Hz").ok());
}

}  // namespace
}  // namespace bnsyn
