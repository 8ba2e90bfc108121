// Any bytes as a file of numbers, which tables, spikes and lists of synapses come from: a table with
// columns of one length and without NaN, or an error.
#include <stdlib.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "ir/table.h"
#include "tests/libfuzzer/require.h"

namespace {

std::string Directory() {
  static const std::string directory = [] {
    std::string pattern = (std::filesystem::temp_directory_path() / "bnsyn_fuzz_XXXXXX").string();
    return std::string(mkdtemp(pattern.data()));
  }();
  return directory;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string directory = Directory();
  std::ofstream(directory + "/table.csv", std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  const auto table = bnsyn::ir::ReadTable("table", "table.csv", directory);
  if (!table.ok()) {
    bnsyn::fuzz::RequireClear(table.status());
    return 0;
  }
  bnsyn::fuzz::Require(table->values.size() == table->columns.size(), "each column has values");
  for (const auto& column : table->values) {
    bnsyn::fuzz::Require(column.size() == table->rows(), "columns are of one length");
    for (const double value : column) bnsyn::fuzz::Require(!std::isnan(value), "no NaN is read");
  }
  return 0;
}
