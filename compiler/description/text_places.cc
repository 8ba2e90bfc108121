#include "compiler/description/text_places.h"

#include <algorithm>

namespace bnsyn::compiler {
namespace {

constexpr size_t kBlock = 64;  // bytes; a question reads at most so many

// Bytes that continue a character are none of their own.
bool StartsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

}  // namespace

TextPlaces::TextPlaces(absl::string_view text) {
  lines_.push_back(0);
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % kBlock == 0) blocks_.push_back(characters);
    if (StartsCharacter(text[i])) ++characters;
    if (text[i] == '\n') lines_.push_back(i + 1);
  }
  blocks_.push_back(characters);
}

size_t TextPlaces::CharactersBefore(absl::string_view text, size_t offset) const {
  const size_t block = std::min(offset / kBlock, blocks_.size() - 1);
  size_t characters = blocks_[block];
  for (size_t i = block * kBlock; i < std::min(offset, text.size()); ++i) {
    if (StartsCharacter(text[i])) ++characters;
  }
  return characters;
}

size_t TextPlaces::Offset(absl::string_view text, size_t line, size_t column) const {
  if (line == 0) return 0;
  if (line > lines_.size()) return text.size();
  // The byte where one more character than this number begins.
  const size_t before = CharactersBefore(text, lines_[line - 1]) + column - (column > 0 ? 1 : 0);
  const auto above = std::upper_bound(blocks_.begin(), blocks_.end(), before);
  const auto block = static_cast<size_t>(above - blocks_.begin()) - 1;
  size_t characters = blocks_[block];
  size_t offset = block * kBlock;
  for (; offset < text.size(); ++offset) {
    if (!StartsCharacter(text[offset])) continue;
    if (characters == before) break;
    ++characters;
  }
  return std::min(offset, text.size());
}

std::pair<int, int> TextPlaces::LineAndColumn(absl::string_view text, size_t offset) const {
  const auto after = std::upper_bound(lines_.begin(), lines_.end(), offset);
  const auto line = static_cast<size_t>(after - lines_.begin());
  const size_t before = CharactersBefore(text, lines_[line - 1]);
  const size_t column = CharactersBefore(text, offset) - before + 1;
  return {static_cast<int>(line), static_cast<int>(column)};
}

}  // namespace bnsyn::compiler
