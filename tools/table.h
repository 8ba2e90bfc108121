// Tables for people.
#ifndef BNSYN_TOOLS_TABLE_H_
#define BNSYN_TOOLS_TABLE_H_

#include <string>
#include <vector>

namespace bnsyn::tools {

// Rows of cells under a header. A column is as wide as its widest cell; numbers are aligned right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// 1234567 as "1.23M"; with three significant digits.
std::string Short(double number);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_TABLE_H_
