// Takes places in a text from lines and columns to bytes and back. Columns count characters, as
// people do, and a line may have millions of them, so that each question costs a search and not a
// walk along the line.
#ifndef BNSYN_COMPILER_DESCRIPTION_TEXT_PLACES_H_
#define BNSYN_COMPILER_DESCRIPTION_TEXT_PLACES_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace bnsyn::compiler {

// All methods take the text that the constructor has seen, in UTF-8.
class TextPlaces {
 public:
  TextPlaces() = default;
  explicit TextPlaces(absl::string_view text);

  // The byte at a line and column, both from 1; the end of the text for a place behind it.
  size_t Offset(absl::string_view text, size_t line, size_t column) const;
  // The line and column of a byte.
  std::pair<int, int> LineAndColumn(absl::string_view text, size_t offset) const;

 private:
  // The number of characters that begin before a byte.
  size_t CharactersBefore(absl::string_view text, size_t offset) const;

  std::vector<size_t> lines_;   // where each line begins
  std::vector<size_t> blocks_;  // the characters before each block of bytes
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_DESCRIPTION_TEXT_PLACES_H_
