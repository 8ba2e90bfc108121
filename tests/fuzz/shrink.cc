#include "tests/fuzz/shrink.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace bnsyn::fuzz {
namespace {

using Parts = std::vector<std::string>;

// The text cut before each place where a table begins.
Parts Tables(const std::string& text) {
  Parts tables(1);
  for (const absl::string_view line : absl::StrSplit(text, absl::ByChar('\n'))) {
    if (absl::StartsWith(line, "[") && !tables.back().empty()) tables.emplace_back();
    tables.back().append(line.data(), line.size()).append("\n");
  }
  tables.back().pop_back();  // there is a line end between two lines
  return tables;
}

// Each part with the separator behind it.
Parts PartsBehind(const std::string& text, absl::string_view separators) {
  Parts parts(1);
  for (const char c : text) {
    parts.back().push_back(c);
    if (absl::StrContains(separators, c)) parts.emplace_back();
  }
  return parts;
}

// Leaves out as many neighbours at once as possible: half of all first, and one at the end.
std::string WithoutParts(Parts parts, absl::FunctionRef<bool(const std::string&)> fails) {
  for (size_t size = std::max<size_t>(1, parts.size() / 2); size > 0; size /= 2) {
    for (size_t end = parts.size(); end > 0;) {
      const size_t begin = end > size ? end - size : 0;
      Parts rest(parts.begin(), parts.begin() + static_cast<ptrdiff_t>(begin));
      rest.insert(rest.end(), parts.begin() + static_cast<ptrdiff_t>(end), parts.end());
      if (fails(absl::StrJoin(rest, ""))) parts = std::move(rest);
      end = begin;
    }
  }
  return absl::StrJoin(parts, "");
}

}  // namespace

std::string Shrunk(std::string text, absl::FunctionRef<bool(const std::string&)> fails, int most) {
  const auto fails_still = [&](const std::string& shorter) { return most-- > 0 && fails(shorter); };
  while (true) {
    std::string shorter = WithoutParts(Tables(text), fails_still);
    shorter = WithoutParts(PartsBehind(shorter, "\n"), fails_still);
    shorter = WithoutParts(PartsBehind(shorter, ";,\n"), fails_still);
    if (shorter.size() == text.size() || most <= 0) return shorter;
    text = std::move(shorter);
  }
}

}  // namespace bnsyn::fuzz
