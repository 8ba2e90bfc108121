#include "tools/table.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bnsyn::tools {
namespace {

bool LooksNumeric(const std::string& cell) {
  return !cell.empty() &&
         (std::isdigit(static_cast<unsigned char>(cell[0])) || cell[0] == '-' || cell[0] == '+') &&
         cell.size() < 16;
}

}  // namespace

std::string Table::ToString() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (size_t r = 0; r < rows_.size(); ++r) {
    std::string line;
    for (size_t i = 0; i < rows_[r].size(); ++i) {
      const std::string& cell = rows_[r][i];
      const std::string padding(widths[i] - cell.size(), ' ');
      absl::StrAppend(&line, "  ", LooksNumeric(cell) ? padding + cell : cell + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    absl::StrAppend(&text, line, "\n");
    if (r == 0) {
      size_t total = 0;
      for (size_t width : widths) total += width + 2;
      absl::StrAppend(&text, "  ", std::string(total - 2, '-'), "\n");
    }
  }
  return text;
}

std::string Short(double number) {
  struct Scale {
    double factor;
    const char* suffix;
  };
  for (const Scale& scale : {Scale{1e12, "T"}, Scale{1e9, "G"}, Scale{1e6, "M"}, Scale{1e3, "k"}}) {
    if (std::abs(number) >= scale.factor) {
      return absl::StrFormat("%.3g%s", number / scale.factor, scale.suffix);
    }
  }
  return absl::StrFormat("%.3g", number);
}

}  // namespace bnsyn::tools
