#include "compiler/language/lexer.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "tests/compiler/code_testing.h"

namespace bnsyn::compiler {
namespace {

TEST(Lexer, CharactersBeyondAsciiAreNamed) {
  const struct {
    const char* text;
    const char* error;
    const char* note;
  } cases[] = {
      {"x +\u00a0y", "(no-break space, U+00A0) has no meaning here", "ordinary space"},
      {"x\u200b", "(zero width space, U+200B)", "delete it"},
      {"2\u00b7x", "'\u00b7' (middle dot, U+00B7)", "write a product with '*'"},
      {"2\u00d7x", "(multiplication sign, U+00D7)", "write a product with '*'"},
      {"\u221250 mV", "(minus sign, U+2212)", "write '-'"},
      {"\u201350 mV", "(en dash, U+2013)", "write '-'"},
      {"\u2018x\u2019", "(left single quotation mark, U+2018)", "without quotes"},
      {"\u201cx\u201d", "(left double quotation mark, U+201C)", "without quotes"},
      {"3 \u00b5M", "(micro sign, U+00B5)", "write u for micro"},
      {"3 \u03bcM", "(Greek small letter mu, U+03BC)", "write u for micro"},
      {"3 M\u03a9", "(Greek capital letter omega, U+03A9)", "write ohm"},
      {"3 M\u2126", "(ohm sign, U+2126)", "write ohm"},
      {"x\u00b2", "(superscript two, U+00B2)", "**2"},
      {"x \u2264 y", "(less-than or equal to, U+2264)", "write <="},
      {"\u03c4", "'\u03c4' (U+03C4) is not part of the language", "ASCII"},
      {"\xf0\x9f\x98\x80", "(U+1F600) is not part of the language", "ASCII"},
      {"\xc2", "the byte 0xc2 is not part of the language", "ASCII"},
      {"v'", "''' has no meaning here", "a derivative is written dv/dt"},
      {"x && y", "'&' has no meaning here", "write 'and'"},
  };
  for (const auto& c : cases) {
    const ir::SourceText source = Source(c.text);
    const auto tokens = Lex(source);
    ASSERT_FALSE(tokens.ok()) << c.text;
    EXPECT_TRUE(absl::StrContains(tokens.status().message(), c.error)) << tokens.status().message();
    EXPECT_TRUE(absl::StrContains(tokens.status().message(), c.note)) << tokens.status().message();
  }
  EXPECT_EQ(CharacterNote("\u201cE_L"),
            "'\u201c' is the character left double quotation mark, U+201C: names stand without "
            "quotes, and TOML has straight ones");
  EXPECT_EQ(CharacterNote("E_L"), "");
  EXPECT_EQ(CharacterNote(""), "");
}

}  // namespace
}  // namespace bnsyn::compiler
