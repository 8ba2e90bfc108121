// Places in texts, against a walk from the beginning.
#include "compiler/description/text_places.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace bnsyn::compiler {
namespace {

std::pair<int, int> Walk(const std::string& text, size_t offset) {
  std::pair<int, int> place = {1, 1};
  for (size_t i = 0; i < offset; ++i) {
    const bool starts = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (starts) ++place.second;
    if (text[i] == '\n') place = {place.first + 1, 1};
  }
  return place;
}

void ExpectPlaces(const std::string& text) {
  const TextPlaces places(text);
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) == 0x80) continue;
    const auto place = places.LineAndColumn(text, i);
    ASSERT_EQ(place, Walk(text, i)) << i;
    ASSERT_EQ(
        places.Offset(text, static_cast<size_t>(place.first), static_cast<size_t>(place.second)),
        i);
  }
  EXPECT_EQ(places.Offset(text, 1000, 1), text.size());
}

TEST(TextPlaces, AgreeWithAWalk) {
  ExpectPlaces("");
  ExpectPlaces("\n");
  ExpectPlaces("one\ntwo\n\nfour");
  std::string mixed;
  for (int i = 0; i < 300; ++i) {
    absl::StrAppend(&mixed, i % 3 == 0 ? "µ" : "a", i % 7 == 0 ? "漢" : "", i % 11 == 0 ? "😀" : "",
                    i % 41 == 0 ? "\n" : "");
  }
  ExpectPlaces(mixed);
  ExpectPlaces(std::string(200, 'x') + "µ" + std::string(64, 'y') + "\nz");
}

}  // namespace
}  // namespace bnsyn::compiler
