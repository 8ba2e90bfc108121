#include "ir/diagnostic.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace bnsyn::ir {
namespace {

// Longest piece of a line that is shown, in bytes, and how much of it may stand before the caret.
constexpr size_t kShown = 160;
constexpr size_t kShownBefore = 100;

// Bytes that continue a UTF-8 character take no column.
bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

size_t Characters(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), StartsCharacter));
}

// How many bytes the UTF-8 character at the beginning of the text has; 0 if there is none.
size_t CharacterLength(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (StartsCharacter(text[i])) return 0;
  }
  // Characters that fewer bytes can hold, surrogates, and those behind the last of Unicode.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) >= 0xa0)) return 0;
  if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) >= 0x90)) return 0;
  return length;
}

// The text as UTF-8: each other byte becomes '?'. Programs that read the error rely on it.
std::string AsUtf8(absl::string_view text) {
  std::string out(text);
  for (size_t i = 0; i < out.size();) {
    const size_t length = CharacterLength(absl::string_view(out).substr(i));
    if (length == 0) out[i] = '?';
    i += std::max<size_t>(length, 1);
  }
  return out;
}

// The text as a terminal can show it: control characters become '?', too, and tabs stay.
std::string Printable(absl::string_view text) {
  std::string out = AsUtf8(text);
  for (char& c : out) {
    if (c != '\t' && absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = '?';
  }
  return out;
}

// Optimal string alignment distance without regard to case: insertions, deletions, replacements and
// swaps of neighbours; `limit` + 1 where it is greater than `limit`. Costs as much as the shorter
// text times the limit, since a longer way never leads back.
size_t EditDistance(absl::string_view a, absl::string_view b, size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  const size_t far = limit + 1;
  // Three rows of the table, of which only a band around the diagonal can matter.
  std::vector<size_t> before(b.size() + 1, far);
  std::vector<size_t> last(b.size() + 1, far);
  std::vector<size_t> row(b.size() + 1, far);
  for (size_t j = 0; j <= std::min(b.size(), limit); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    const size_t begin = i > limit ? i - limit : 0;
    const size_t end = std::min(b.size(), i + limit);
    if (begin > 0) row[begin - 1] = far;
    for (size_t j = begin; j <= end; ++j) {
      if (j == 0) {
        row[j] = i;
        continue;
      }
      const size_t replace = a[i - 1] == b[j - 1] ? 0 : 1;
      size_t best = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, before[j - 2] + 1);
      }
      row[j] = std::min(best, far);
    }
    if (end < b.size()) row[end + 1] = far;
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

// A text of a length that a person reads. What is left out of a longer one stands in its middle:
// names in it may be megabytes long.
std::string Readable(absl::string_view text) {
  constexpr size_t kMost = 2000;
  if (text.size() <= kMost) return AsUtf8(text);
  size_t begin = kMost / 2;
  size_t end = text.size() - kMost / 2;
  while (begin > 0 && !StartsCharacter(text[begin])) --begin;
  while (end < text.size() && !StartsCharacter(text[end])) ++end;
  return absl::StrCat(AsUtf8(text.substr(0, begin)), " ... (", end - begin, " more bytes) ... ",
                      AsUtf8(text.substr(end)));
}

}  // namespace

absl::Status ErrorAt(const SourceText& source, SourceRange range, absl::string_view message,
                     absl::string_view note) {
  const absl::string_view text = source.text;
  size_t offset = std::min(range.offset, text.size());
  // The end of a text that ends in newlines is shown behind its last line.
  if (offset == text.size()) {
    while (offset > 0 && text[offset - 1] == '\n') --offset;
  }
  const size_t newline_before = offset == 0 ? text.npos : text.rfind('\n', offset - 1);
  const size_t begin = newline_before == text.npos ? 0 : newline_before + 1;
  size_t end = std::min(text.find('\n', offset), text.size());
  if (end > begin && text[end - 1] == '\r' && offset < end) --end;

  const auto newlines =
      std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(begin), '\n');
  const int line = source.first_line + static_cast<int>(newlines);
  const int column = static_cast<int>(Characters(text.substr(begin, offset - begin))) +
                     (begin == 0 ? source.first_column : 1);

  size_t shown_begin = offset - begin > kShownBefore ? offset - kShownBefore : begin;
  if (shown_begin > begin) {
    while (shown_begin < offset && !StartsCharacter(text[shown_begin])) ++shown_begin;
  }
  size_t shown_end = std::min(end, shown_begin + kShown);
  while (shown_end < end && !StartsCharacter(text[shown_end])) ++shown_end;
  const std::string before = Printable(text.substr(shown_begin, offset - shown_begin));
  const std::string after = Printable(text.substr(offset, shown_end - offset));

  // Tabs are repeated below the line, so that the caret stands right whatever their width.
  std::string padding;
  for (const char c : before) {
    if (StartsCharacter(c)) padding.push_back(c == '\t' ? '\t' : ' ');
  }
  const size_t marked =
      std::max<size_t>(Characters(absl::string_view(after).substr(0, range.length)), 1);

  std::string rendered =
      absl::StrCat(source.name, ":", line, ":", column, ": error: ", Readable(message), "\n  ",
                   before, after, "\n  ", padding, "^", std::string(marked - 1, '~'));
  if (!note.empty()) absl::StrAppend(&rendered, "\n  note: ", Readable(note));
  return absl::InvalidArgumentError(rendered);
}

std::string DidYouMean(absl::string_view name, const std::vector<std::string>& candidates) {
  const std::string lower = absl::AsciiStrToLower(name);
  // A misspelling changes one letter of a short name, or up to a third of a longer one.
  const size_t limit = std::min<size_t>({std::max<size_t>(name.size() / 3, 1), 3});
  const std::string* nearest = nullptr;
  size_t nearest_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    if (candidate == name) continue;
    const size_t distance = EditDistance(lower, absl::AsciiStrToLower(candidate), limit);
    if (distance < nearest_distance && distance < std::max(name.size(), candidate.size())) {
      nearest = &candidate;
      nearest_distance = distance;
    }
  }
  if (nearest == nullptr) return "";
  return absl::StrCat(" (did you mean '", *nearest, "'?)");
}

}  // namespace bnsyn::ir
