// Recorders to memory and to functions.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "tests/recording/networks.h"

namespace bnsyn {
namespace {

using namespace literals;

Recorder Made(absl::StatusOr<Recorder> recorder) {
  EXPECT_TRUE(recorder.ok()) << recorder.status();
  return *std::move(recorder);
}

// Each recorder has what the simulation says itself, on every backend, whether spikes are kept or
// not.
TEST(Recorder, HasTheSpikes) {
  for (const auto& [backend, threads] :
       {std::pair(Backend::kReference, 1), std::pair(Backend::kAccelerated, 1),
        std::pair(Backend::kAccelerated, 2)}) {
    for (const bool keep : {true, false}) {
      Simulation kept = SmallSimulation(backend, threads);
      Simulation simulation = SmallSimulation(backend, threads, keep);
      const Recorder all = Made(Recorder::ToMemory(simulation, Record::Spikes()));
      const Recorder some =
          Made(Recorder::ToMemory(simulation, Record::Spikes("left").From("5 ms").Until("30 ms")));
      ASSERT_TRUE(kept.Run(50_ms).ok());
      ASSERT_TRUE(simulation.Run(50_ms).ok());
      EXPECT_EQ(kept.Digest().ToString(), simulation.Digest().ToString());
      EXPECT_EQ(all.shape().populations, (std::vector<std::string>{"exc", "inh"}));
      size_t of_left = 0;
      for (uint32_t p = 0; p < 2; ++p) {
        const SpikeTrain& train = kept.Spikes({p});
        const std::vector<double> times = kept.SpikeTimes({p});
        ASSERT_GT(train.steps.size(), 20u);
        size_t next = 0;
        for (size_t i = 0; i < all.data().steps.size(); ++i) {
          if (all.data().populations[i] != p) continue;
          ASSERT_LT(next, train.steps.size());
          EXPECT_EQ(all.data().steps[i], train.steps[next]);
          EXPECT_EQ(all.data().neurons[i], train.neurons[next]);
          EXPECT_EQ(all.data().times[i], times[next]);
          ++next;
        }
        EXPECT_EQ(next, train.steps.size());
        for (size_t i = 0; p == 0 && i < train.steps.size(); ++i) {
          of_left += train.neurons[i] < 5 && train.steps[i] >= 50 && train.steps[i] < 300;
        }
        EXPECT_EQ(simulation.Spikes({p}).steps.empty(), !keep);
      }
      EXPECT_GT(of_left, 0u);
      EXPECT_EQ(some.data().steps.size(), of_left);
      EXPECT_EQ(some.shape().name, "left.spikes");
    }
  }
}

TEST(Recorder, HasTheValues) {
  Simulation simulation = SmallSimulation();
  Simulation stepped = SmallSimulation();
  const Recorder v =
      Made(Recorder::ToMemory(simulation, Record::Variable("exc.V[3:6]").Every("0.5 ms")));
  const Recorder single =
      Made(Recorder::ToMemory(simulation, Record::Variable("exc.V[3:6]").Every("0.5 ms").Single()));
  const Recorder count =
      Made(Recorder::ToMemory(simulation, Record::Variable("inh.count").Every("10 ms")));
  const Recorder w =
      Made(Recorder::ToMemory(simulation, Record::Variable("ei.w").From("2 ms").Until("40 ms")));
  const Recorder active = Made(Recorder::ToMemory(simulation, Record::Variable("active")));
  ASSERT_TRUE(simulation.Run(20_ms).ok());
  ASSERT_TRUE(simulation.Run(30_ms).ok());
  EXPECT_EQ(v.shape().width(), 3u);
  EXPECT_EQ(v.shape().unit, "mV");
  EXPECT_EQ(v.shape().elements, (std::vector<uint32_t>{3, 4, 5}));
  EXPECT_EQ(count.shape().type, RecordedType::kI64);
  EXPECT_EQ(active.shape().width(), 1u);
  EXPECT_TRUE(active.shape().elements.empty());
  ASSERT_EQ(v.data().steps.size(), 101u);
  ASSERT_EQ(count.data().steps.size(), 6u);
  ASSERT_EQ(active.data().steps.size(), 501u);
  ASSERT_EQ(w.data().steps.size(), 381u);
  EXPECT_EQ(w.data().steps.front(), 20u);
  EXPECT_EQ(w.data().times.back(), 40);
  for (uint64_t step = 0; step <= 500; ++step) {
    const std::vector<double> now = *stepped.StateByName("exc.V[3:6]");
    if (step % 5 == 0) {
      for (size_t k = 0; k < 3; ++k) {
        ASSERT_EQ(v.data().f64[step / 5 * 3 + k], now[k]);
        ASSERT_EQ(single.data().f32[step / 5 * 3 + k], static_cast<float>(now[k]));
      }
      ASSERT_EQ(v.data().steps[step / 5], step);
    }
    ASSERT_EQ(active.data().f64[step], *stepped.Uniform("active"));
    if (step % 100 == 0) {
      const std::vector<double> counts = *stepped.StateByName("inh.count");
      for (size_t k = 0; k < 10; ++k) {
        ASSERT_EQ(static_cast<double>(count.data().i64[step / 100 * 10 + k]), counts[k]);
      }
    }
    if (step == 400) {
      const std::vector<double> weights = *stepped.StateByName("ei.w");
      ASSERT_EQ(weights.size(), w.shape().width());
      EXPECT_TRUE(std::equal(weights.begin(), weights.end(),
                             w.data().f64.end() - static_cast<std::ptrdiff_t>(weights.size())));
    }
    ASSERT_TRUE(stepped.Step(step < 500 ? 1 : 0).ok());
  }
  EXPECT_GT(simulation.report().spikes, 0u);
}

TEST(Recorder, HasStatistics) {
  Simulation simulation = SmallSimulation();
  const Recorder weights = Made(Recorder::ToMemory(
      simulation, Record::Statistics("ei.w").Every("25 ms").Bins("0 mV", "1 mV", 4)));
  const Recorder bounded =
      Made(Recorder::ToMemory(simulation, Record::Statistics("ei.w").Every("25 ms")));
  ASSERT_TRUE(simulation.Run(50_ms).ok());
  const std::vector<std::string> columns = {"count",     "mean",     "deviation", "least",
                                            "greatest",  "at_low",   "at_high",   "from_0",
                                            "from_0.25", "from_0.5", "from_0.75"};
  EXPECT_EQ(weights.shape().columns, columns);
  EXPECT_EQ(bounded.shape().columns.size(), 27u);
  ASSERT_EQ(weights.data().steps.size(), 3u);
  const std::vector<double> now = *simulation.StateByName("ei.w");
  const double* const last = weights.data().f64.data() + 22;
  EXPECT_EQ(last[0], static_cast<double>(now.size()));
  EXPECT_EQ(last[3], *std::min_element(now.begin(), now.end()));
  EXPECT_EQ(last[4], *std::max_element(now.begin(), now.end()));
  EXPECT_NE(weights.data().f64[1], last[1]) << "no weight has moved";
  EXPECT_GT(simulation.report().spikes, 0u);
}

TEST(Recorder, HandsDataToAFunction) {
  Simulation simulation = SmallSimulation();
  RecordData all;
  size_t calls = 0;
  const Recorder spikes = Made(Recorder::ToFunction(
      simulation, Record::Spikes(), [&](const RecordShape& shape, const RecordData& data) {
        EXPECT_EQ(shape.populations.size(), 2u);
        EXPECT_FALSE(data.steps.empty());
        all.steps.insert(all.steps.end(), data.steps.begin(), data.steps.end());
        ++calls;
        return absl::OkStatus();
      }));
  const Recorder kept = Made(Recorder::ToMemory(simulation, Record::Spikes()));
  ASSERT_TRUE(simulation.Run(25_ms).ok());
  ASSERT_TRUE(simulation.Run(25_ms).ok());
  EXPECT_GT(calls, 1u);
  EXPECT_EQ(all.steps, kept.data().steps);
  EXPECT_GT(all.steps.size(), 50u);
  EXPECT_TRUE(spikes.data().steps.empty());

  const Recorder failing =
      Made(Recorder::ToFunction(simulation, Record::Variable("exc.V"),
                                [](const RecordShape&, const RecordData&) -> absl::Status {
                                  return absl::AbortedError("enough");
                                }));
  EXPECT_EQ(simulation.Run(50_ms).message(), "enough");
  EXPECT_LT(simulation.step(), 1000u);
}

TEST(Recorder, SharesWhatNeverChanges) {
  std::shared_ptr<const RecordData> held;
  std::optional<Recorder> recorder;
  {
    Simulation simulation = SmallSimulation();
    recorder = Made(Recorder::ToMemory(simulation, Record::Spikes()));
    ASSERT_TRUE(simulation.Run(20_ms).ok());
    held = recorder->Share();
    EXPECT_EQ(held.get(), &recorder->data()) << "without a copy";
    const std::vector<uint64_t> before = held->steps;
    ASSERT_GT(before.size(), 10u);
    Simulation moved = std::move(simulation);
    ASSERT_TRUE(moved.Run(20_ms).ok());
    EXPECT_EQ(held->steps, before);
    EXPECT_GT(recorder->data().steps.size(), before.size());
  }
  EXPECT_GT(recorder->data().steps.size(), held->steps.size());
  recorder->Clear();
  EXPECT_TRUE(recorder->data().steps.empty());
}

TEST(Recorder, EndsWithItsObject) {
  Simulation simulation = SmallSimulation();
  size_t calls = 0;
  {
    const Recorder spikes =
        Made(Recorder::ToFunction(simulation, Record::Spikes(), [&](const auto&, const auto&) {
          ++calls;
          return absl::OkStatus();
        }));
    ASSERT_TRUE(simulation.Run(20_ms).ok());
  }
  const size_t before = calls;
  EXPECT_GT(before, 0u);
  ASSERT_TRUE(simulation.Run(20_ms).ok());
  EXPECT_EQ(calls, before);
}

TEST(Recorder, SaysWhatIsWrong) {
  Simulation simulation = SmallSimulation();
  const std::pair<Record, std::string> cases[] = {
      {Record::Variable("exc.v"), "did you mean 'exc.V'"},
      {Record::Variable("exc.V[0:41]"), "41 is past the end"},
      {Record::Variable("exc"), "no state is named 'exc'"},
      {Record::Spikes("ecx"), "did you mean"},
      {Record::Variable("exc.V").Every("0.25 ms"), "no multiple of dt"},
      {Record::Variable("exc.V").Every("0 ms"), "at least one step"},
      {Record::Variable("exc.V").From("1 mV"), "start must have the dimension"},
      {Record::Variable("exc.V").Name("../V"), "cannot name a record"},
      {Record::Statistics("ei.w").Bins("0 mV", "1 mV", 0), "from 1 to 10000"},
      {Record::Statistics("ei.w").Bins("1 mV", "0 mV", 3), "from a lower to a higher"},
      {Record::Statistics("exc.V").Bins(0, "1 mV", 3), "but the variable is volt"}};
  for (const auto& [record, message] : cases) {
    const absl::Status status = Recorder::ToMemory(simulation, record).status();
    EXPECT_TRUE(absl::StrContains(status.message(), message)) << status;
  }
  absl::StatusOr<Simulation> deaf =
      Compile(SmallNetwork(), {.record_spikes = false, .spike_recorders = false});
  ASSERT_TRUE(deaf.ok());
  EXPECT_EQ(Recorder::ToMemory(*deaf, Record::Spikes()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Recorder::ToMemory(*deaf, Record::Variable("exc.V")).ok());
}

}  // namespace
}  // namespace bnsyn
