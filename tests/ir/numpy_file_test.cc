// Tables from files of NumPy, whole and damaged.
#include "ir/numpy_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ir/table.h"

namespace bnsyn::ir {
namespace {

template <typename... T>
std::string Bytes(T... values) {
  std::string bytes;
  const auto add = [&](auto value) {
    char raw[sizeof(value)];
    std::memcpy(raw, &value, sizeof(value));
    bytes.append(raw, sizeof(value));
  };
  (add(values), ...);
  return bytes;
}

// An array as numpy.save writes it.
std::string Array(const std::string& type, const std::string& shape, const std::string& data,
                  const std::string& order = "False") {
  std::string header =
      absl::StrCat("{'descr': ", type, ", 'fortran_order': ", order, ", 'shape': ", shape, ", }");
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  return absl::StrCat(absl::string_view("\x93NUMPY\x01\x00", 8),
                      Bytes(static_cast<uint16_t>(header.size())), header, data);
}

// numpy.savez_compressed(..., pre=np.array([1, 2], "u4"), w=np.array([0.5, -1.5])).
std::string Archive() {
  std::ifstream file(BNSYN_SOURCE_DIR "/tests/ir/pairs.npz", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

NumberColumns Read(const std::string& bytes) {
  const absl::StatusOr<NumberColumns> columns = ReadNumpyFile(bytes, "a.npy");
  EXPECT_TRUE(columns.ok()) << columns.status();
  return columns.ok() ? *columns : NumberColumns();
}

std::string ErrorOf(const std::string& bytes) {
  return std::string(ReadNumpyFile(bytes, "a.npy").status().message());
}

using Names = std::vector<std::string>;
using Values = std::vector<std::vector<double>>;

TEST(NumpyFile, HasColumns) {
  const NumberColumns one = Read(Array("'<f8'", "(2,)", Bytes(0.1, -3.0)));
  EXPECT_EQ(one.names, Names{"value"});
  EXPECT_EQ(one.values, (Values{{0.1, -3}}));

  const std::string six = Bytes(1.F, 2.F, 3.F, 4.F, 5.F, 6.F);
  const NumberColumns rows = Read(Array("'<f4'", "(2, 3)", six));
  EXPECT_EQ(rows.names, (Names{"0", "1", "2"}));
  EXPECT_EQ(rows.values, (Values{{1, 4}, {2, 5}, {3, 6}}));
  EXPECT_EQ(Read(Array("'<f4'", "(2, 3)", six, "True")).values, (Values{{1, 2}, {3, 4}, {5, 6}}));

  const std::string type = "[('pre', '<u4'), ('x', '|i1'), ('v', '<f8', (2,))]";
  const NumberColumns named = Read(Array(type, "(2,)",
                                         Bytes(uint32_t{7}, int8_t{-2}) + Bytes(0.5, 1.5) +
                                             Bytes(uint32_t{8}, int8_t{-3}) + Bytes(2.5, 3.5)));
  EXPECT_EQ(named.names, (Names{"pre", "x", "0", "1"}));
  EXPECT_EQ(named.values, (Values{{7, 8}, {-2, -3}, {0.5, 2.5}, {1.5, 3.5}}));
  // Of one dimension both orders are the same.
  EXPECT_EQ(Read(Array("[('a', '<f8', (2,))]", "(2,)", Bytes(1.0, 2.0, 3.0, 4.0), "True")).values,
            (Values{{1, 3}, {2, 4}}));
  EXPECT_EQ(Read(Array("'<i8'", "(1,)", Bytes(int64_t{1} << 53))).values, (Values{{0x1p53}}));
  EXPECT_TRUE(Read(Array("'<i8'", "(0,)", "")).values[0].empty());

  const NumberColumns archive = Read(Archive());
  EXPECT_EQ(archive.names, (Names{"pre", "w"}));
  EXPECT_EQ(archive.values, (Values{{1, 2}, {0.5, -1.5}}));
}

TEST(NumpyFile, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {Array("'>f8'", "(1,)", Bytes(1.0)), "highest byte first"},
      {Array("'<c16'", "(1,)", Bytes(1.0, 1.0)), "'<c16' is no type of numbers"},
      {Array("'|O'", "(1,)", Bytes(1.0)), "'|O' is no type of numbers"},
      {Array("'<f8'", "(2,)", Bytes(1.0)), "says that it has 2 rows of 8 bytes"},
      {Array("'<f8'", "(2305843009213693953,)", Bytes(1.0)), "the file ends before them"},
      {Array("'<f8'", "(1, 4611686018427387904)", Bytes(1.0)), "more than 65536 columns"},
      {Array("[('a', '<f8', (2305843009213693952,))]", "(1,)", Bytes(1.0)),
       "more than 65536 columns"},
      {Array("'<f8', 'descr': [('a', '<f8'), ('b', '<f8')]", "(1,)", Bytes(1.0, 2.0)),
       "is damaged"},
      {Array("'<f8'", "(1,), 'shape': (2,)", Bytes(1.0, 2.0)), "is damaged"},
      {Array("'<f8'", "()", Bytes(1.0)), "has 0 dimensions"},
      {Array("'<f8'", "(1, 1, 1)", Bytes(1.0)), "has 3 dimensions"},
      {Array("'<f8'", "(2,)", Bytes(1.0, std::nan(""))), "row 2 of column 'value' is NaN"},
      {Array("'<i8'", "(1,)", Bytes((int64_t{1} << 53) + 1)), "beyond 2^53"},
      {Array("[('a', '<f8'), ('a', '<f8')]", "(1,)", Bytes(1.0, 1.0)), "two columns 'a'"},
      {Array("[('a', [('b', '<f8')])]", "(1,)", Bytes(1.0)), "records within records"},
      {Array("'<f8'", "(1,", Bytes(1.0)), "header of this array is damaged"},
      {"\x93NUMPY", "this is no array of NumPy"}};
  for (const auto& [bytes, message] : cases) {
    EXPECT_TRUE(absl::StrContains(ErrorOf(bytes), message)) << ErrorOf(bytes);
  }
}

// Cut anywhere, or with any byte changed: columns or an error, and never more.
TEST(NumpyFile, MayBeDamaged) {
  for (const std::string& whole :
       {Array("[('pre', '<u4'), ('w', '<f8')]", "(1,)", Bytes(uint32_t{7}) + Bytes(0.5)),
        Archive()}) {
    ASSERT_GT(whole.size(), 100u);
    size_t errors = 0;
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(ReadNumpyFile(whole.substr(0, size), "a.npy").ok()) << size;
    }
    for (size_t at = 0; at < whole.size(); ++at) {
      for (const char byte : {'\0', '\x01', '\x7f', '\xff'}) {
        std::string damaged = whole;
        damaged[at] = byte;
        errors += !ReadNumpyFile(damaged, "a.npy").ok();
      }
    }
    EXPECT_GT(errors, whole.size());
  }
}

TEST(NumpyFile, IsATable) {
  const std::string directory = ::testing::TempDir() + "/bnsyn_numpy_table";
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/pairs.npz", std::ios::binary) << Archive();
  std::ofstream(directory + "/pairs.csv") << "pre,w\n1,0.5\n2,-1.5\n";
  const absl::StatusOr<Table> npz = ReadTable("t", "pairs.npz", directory);
  const absl::StatusOr<Table> csv = ReadTable("t", "pairs.csv", directory);
  ASSERT_TRUE(npz.ok()) << npz.status();
  ASSERT_TRUE(csv.ok()) << csv.status();
  EXPECT_EQ(npz->columns, csv->columns);
  EXPECT_EQ(npz->values, csv->values);
  EXPECT_EQ(npz->digest, csv->digest);
  std::ofstream(directory + "/spikes.npy", std::ios::binary)
      << Array("[('step', '<u8'), ('time_ms', '<f8'), ('population', '<u4'), ('neuron', '<u4')]",
               "(1,)", Bytes(uint64_t{4}, 0.5) + Bytes(uint32_t{0}, uint32_t{3}));
  const absl::StatusOr<Table> spikes = ReadTable("t", "spikes.npy", directory);
  ASSERT_TRUE(spikes.ok()) << spikes.status();
  EXPECT_EQ(spikes->columns, (Names{"time", "index"}));
  EXPECT_EQ(spikes->values, (Values{{0.5}, {3}}));
}

// Recorded spikes of several populations: those of the one that is named.
TEST(NumpyFile, HasSpikesOfOnePopulation) {
  const std::string directory = ::testing::TempDir() + "/bnsyn_numpy_spikes";
  std::filesystem::create_directories(directory);
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(directory + "/" + name, std::ios::binary) << bytes;
  };
  const auto error_of = [&](const std::string& only, const std::string& file) {
    return std::string(ReadTable("t", file, directory, only).status().message());
  };
  const std::string type = "[('time_ms', '<f8'), ('population', '<u4'), ('neuron', '<u4')]";
  write("two.npy",
        Array(type, "(3,)",
              Bytes(0.5) + Bytes(uint32_t{0}, uint32_t{3}) + Bytes(0.7) +
                  Bytes(uint32_t{1}, uint32_t{4}) + Bytes(0.9) + Bytes(uint32_t{0}, uint32_t{5})));
  EXPECT_TRUE(absl::StrContains(error_of("", "two.npy"), "several populations: say whose"));
  EXPECT_TRUE(absl::StrContains(error_of("exc", "two.npy"), "two.populations.npy"));
  const std::string names = Bytes(uint32_t{'e'}, uint32_t{'x'}, uint32_t{'c'}) +
                            Bytes(uint32_t{'i'}, uint32_t{'n'}, uint32_t{0});
  write("two.populations.npy", Array("'<U3'", "(2,)", names));
  const absl::StatusOr<Table> exc = ReadTable("t", "two.npy", directory, "exc");
  ASSERT_TRUE(exc.ok()) << exc.status();
  EXPECT_EQ(exc->columns, (Names{"time", "index"}));
  EXPECT_EQ(exc->values, (Values{{0.5, 0.9}, {3, 5}}));
  EXPECT_EQ(ReadTable("t", "two.npy", directory, "in")->values, (Values{{0.7}, {4}}));
  EXPECT_TRUE(absl::StrContains(error_of("exd", "two.npy"), "did you mean 'exc'"));
  write("two.populations.npy", Array("'<U3'", "(3,)", names));
  EXPECT_TRUE(absl::StrContains(error_of("exc", "two.npy"), "ends before them"));
  write("two.populations.npy", Array("'<f8'", "(2,)", names));
  EXPECT_TRUE(absl::StrContains(error_of("exc", "two.npy"), "no type of texts"));
  write("plain.npy", Array("[('time', '<f8')]", "(1,)", Bytes(0.5)));
  EXPECT_TRUE(absl::StrContains(error_of("exc", "plain.npy"), "of no row whose spike"));
  write("both.npy", Array("[('time', '<f8'), ('time_ms', '<f8')]", "(1,)", Bytes(0.5, 0.5)));
  EXPECT_TRUE(absl::StrContains(error_of("", "both.npy"), "which the file has besides"));
}

}  // namespace
}  // namespace bnsyn::ir
