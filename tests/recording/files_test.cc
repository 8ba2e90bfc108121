// Recordings in files: what they hold, and what is there when something goes wrong. tests/recording
// has a program of Python besides, which reads all formats with NumPy and h5py.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/recorder.h"
#include "recording/hdf5_hash.h"
#include "tests/recording/networks.h"

namespace bnsyn {
namespace {

using namespace literals;

std::vector<Record> AllKinds() {
  return {Record::Spikes(),
          Record::Variable("exc.V").Every("1 ms"),
          Record::Variable("left.V").Every("1 ms").Single(),
          Record::Variable("inh.count").Every("5 ms"),
          Record::Variable("active"),
          Record::Statistics("ei.w").Every("10 ms")};
}

// Runs the small network for 50 ms with all kinds of records, and returns the names of the files.
std::vector<std::string> Recorded(const std::string& directory, RecordFormat format,
                                  uint64_t buffer_bytes = 1 << 20,
                                  Backend backend = Backend::kAccelerated) {
  Simulation simulation = SmallSimulation(backend, 1, /*keep_spikes=*/false);
  absl::StatusOr<FileRecorder> files = FileRecorder::Create(
      simulation, AllKinds(),
      {.directory = directory, .format = format, .buffer_bytes = buffer_bytes});
  EXPECT_TRUE(files.ok()) << files.status();
  EXPECT_TRUE(simulation.Run(20_ms).ok());
  EXPECT_TRUE(simulation.Run(30_ms).ok());
  absl::StatusOr<std::vector<std::string>> names = files->Finish();
  EXPECT_TRUE(names.ok()) << names.status();
  EXPECT_GT(simulation.report().spikes, 50u);
  return *names;
}

TEST(Files, OfCsvHoldEachSpikeAndSample) {
  const std::string directory = EmptyDirectory("csv");
  const std::vector<std::string> names = Recorded(directory, RecordFormat::kCsv);
  EXPECT_EQ(names,
            (std::vector<std::string>{"spikes.csv", "exc.V.csv", "left.V.csv", "inh.count.csv",
                                      "active.csv", "ei.w.statistics.csv"}));
  EXPECT_EQ(FilesIn(directory).size(), names.size());
  Simulation kept = SmallSimulation();
  ASSERT_TRUE(kept.Run(50_ms).ok());
  const std::vector<std::string> spikes = LinesOf(directory + "/spikes.csv");
  EXPECT_EQ(spikes[0], "population,neuron,step,time_ms");
  EXPECT_EQ(spikes.size(), kept.report().spikes + 1);
  const std::vector<std::string> active = LinesOf(directory + "/active.csv");
  EXPECT_EQ(active.size(), 502u);
  EXPECT_EQ(active[0], "time_ms,0");
  EXPECT_EQ(LinesOf(directory + "/left.V.csv")[0], "time_ms,0,1,2,3,4");
  EXPECT_EQ(LinesOf(directory + "/inh.count.csv").back().substr(0, 3), "50,");
}

// Files do not depend on the backend, on the size of the buffer, or on when they were flushed.
TEST(Files, AreTheSameOnEachRun) {
  for (const RecordFormat format :
       {RecordFormat::kCsv, RecordFormat::kNpy, RecordFormat::kSonata}) {
    const std::string first = EmptyDirectory("first");
    const std::string second = EmptyDirectory("second");
    const std::vector<std::string> names = Recorded(first, format);
    EXPECT_EQ(Recorded(second, format, 1, Backend::kReference), names);
    EXPECT_GE(names.size(), 6u);
    for (const std::string& name : names) {
      const std::string a = absl::StrCat(first, "/", name);
      const std::string b = absl::StrCat(second, "/", name);
      if (absl::EndsWith(name, ".h5")) {
        const absl::StatusOr<std::string> hash = HashOfHdf5(a);
        ASSERT_TRUE(hash.ok()) << hash.status();
        EXPECT_EQ(*hash, *HashOfHdf5(b)) << name;
      } else {
        EXPECT_EQ(LinesOf(a), LinesOf(b)) << name;
      }
    }
  }
  // The hash is of what a file holds.
  const std::string directory = EmptyDirectory("first");
  Recorded(directory, RecordFormat::kSonata);
  EXPECT_NE(*HashOfHdf5(directory + "/exc.V.h5"), *HashOfHdf5(directory + "/active.h5"));
  EXPECT_FALSE(HashOfHdf5(directory + "/node_types.csv").ok());
}

TEST(Files, AreDeletedWithoutFinish) {
  for (const RecordFormat format :
       {RecordFormat::kCsv, RecordFormat::kNpy, RecordFormat::kSonata}) {
    const std::string directory = EmptyDirectory("unfinished");
    {
      Simulation simulation = SmallSimulation();
      absl::StatusOr<FileRecorder> files =
          FileRecorder::Create(simulation, AllKinds(), {.directory = directory, .format = format});
      ASSERT_TRUE(files.ok()) << files.status();
      ASSERT_TRUE(simulation.Run(20_ms).ok());
      const std::vector<std::string> names = FilesIn(directory);
      EXPECT_EQ(names.size(), 6u);
      for (const std::string& name : names) EXPECT_TRUE(absl::EndsWith(name, ".part")) << name;
    }
    EXPECT_TRUE(FilesIn(directory).empty());
  }
}

TEST(Files, SayWhatIsWrong) {
  Simulation simulation = SmallSimulation();
  const std::string directory = EmptyDirectory("wrong");
  const auto create = [&](const std::vector<Record>& records, const std::string& where) {
    return FileRecorder::Create(simulation, records, {.directory = where}).status();
  };
  EXPECT_TRUE(absl::StrContains(
      create({Record::Variable("exc.V"), Record::Variable("exc.V")}, directory).message(),
      "given twice"));
  EXPECT_TRUE(absl::StrContains(create({Record::Spikes()}, "/proc/none").message(),
                                "cannot write /proc/none/spikes.csv"));
  // A full disk ends the run with an error.
  absl::StatusOr<FileRecorder> full =
      FileRecorder::Create(simulation, {Record::Spikes()},
                           {.directory = "", .format = RecordFormat::kBinary, .descriptor = -1});
  EXPECT_TRUE(absl::StrContains(full.status().message(), "cannot write the recording to the pipe"));
  // Files know no way back in time: begun at another step than they go on.
  absl::StatusOr<FileRecorder> files =
      FileRecorder::Create(simulation, {Record::Spikes()}, {.directory = directory});
  ASSERT_TRUE(files.ok());
  ASSERT_TRUE(simulation.Run(10_ms).ok());
  ASSERT_TRUE(files->Finish().ok());
  EXPECT_EQ(files->Finish().status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(simulation.Run(10_ms).ok());
}

// [record.NAME] of network files.
TEST(Files, OfANetworkAreItsRecords) {
  const Network network = SmallNetwork(R"toml(
[record.spikes]
spikes = ["left", "inh"]
[record.traces]
variable = "exc.V[0:10]"
every = "period"
type = "f32"
start = "10*period"
[record.weights]
statistics = "ei.w"
every = "10 ms"
low = "0 mV"
high = "1 mV"
bins = 4
)toml");
  const absl::StatusOr<std::vector<Record>> records = RecordsOf(network);
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 3u);
  absl::StatusOr<Simulation> simulation = Compile(network, {.spike_recorders = true});
  ASSERT_TRUE(simulation.ok()) << simulation.status();
  const std::string directory = EmptyDirectory("network");
  absl::StatusOr<FileRecorder> files =
      FileRecorder::Create(*simulation, *records, {.directory = directory});
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_TRUE(simulation->Run(50_ms).ok());
  ASSERT_TRUE(files->Finish().ok());
  EXPECT_EQ(FilesIn(directory),
            (std::vector<std::string>{"spikes.csv", "traces.csv", "weights.csv"}));
  const std::vector<std::string> traces = LinesOf(directory + "/traces.csv");
  EXPECT_EQ(traces[0], "time_ms,0,1,2,3,4,5,6,7,8,9");
  EXPECT_EQ(traces[1].substr(0, 2), "5,");
  EXPECT_EQ(traces.size(), 92u);
  EXPECT_EQ(LinesOf(directory + "/weights.csv").size(), 7u);
  EXPECT_GT(LinesOf(directory + "/spikes.csv").size(), 20u);

  Network set = network;
  ASSERT_TRUE(set.Set("record.traces.every", "2 ms").ok());
  EXPECT_EQ((*RecordsOf(set))[1].every->quantity().value, 2);
}

}  // namespace
}  // namespace bnsyn
