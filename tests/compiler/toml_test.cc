// TOML documents: order and places of what stands in them.
#include <string>

#include "compiler/description/toml_document.h"
#include "gtest/gtest.h"

namespace bnsyn::compiler {
namespace {

TomlDocument MustParse(const std::string& text) {
  absl::StatusOr<TomlDocument> document = ParseToml(text, "test.toml");
  EXPECT_TRUE(document.ok()) << document.status().message();
  return document.ok() ? *std::move(document) : TomlDocument{};
}

TEST(Toml, KeepsTheOrderOfTheFile) {
  const TomlDocument document = MustParse("[zebra]\nz = 1\na = 2\n[ape]\nm = { y = 1, b = 2 }\n");
  ASSERT_EQ(document.root.children.size(), 2u);
  EXPECT_EQ(document.root.children[0].key, "zebra");
  EXPECT_EQ(document.root.children[0].children[0].key, "z");
  EXPECT_EQ(document.root.children[1].key, "ape");
  EXPECT_EQ(document.root.children[1].Find("m")->children[0].key, "y");
  EXPECT_EQ(document.root.Find("none"), nullptr);
}

// Texts know where their first character stands, whatever the quotes.
TEST(Toml, PlacesTexts) {
  const TomlDocument document = MustParse(
      "a = \"one\"\n"
      "  b = '''two'''\n"
      "c = \"\"\"\n"
      "three\n"
      "four\"\"\"\n"
      "d = { \"µ\" = \"µ\", e = \"five\" }\n");
  const auto place = [](const TomlNode* node) {
    return node->text.text + "@" + std::to_string(node->text.first_line) + ":" +
           std::to_string(node->text.first_column);
  };
  EXPECT_EQ(place(document.root.Find("a")), "one@1:6");
  EXPECT_EQ(place(document.root.Find("b")), "two@2:10");
  EXPECT_EQ(place(document.root.Find("c")), "three\nfour@4:1");
  // Columns count characters, not bytes.
  EXPECT_EQ(place(document.root.Find("d")->Find("e")), "five@6:23");
  const ir::SourceText key = document.KeyPlace(*document.root.Find("d")->Find("e"));
  EXPECT_EQ(key.text, "e");
  EXPECT_EQ(key.first_column, 18);
}

TEST(Toml, WritesNumbersAsExpressions) {
  const TomlDocument document = MustParse("a = 1e3\nb = 1_000\nc = 0x10\nd = true\ne = 2.50\n");
  const auto text = [&](const char* key) {
    return document.ValueText(*document.root.Find(key)).text;
  };
  EXPECT_EQ(text("a"), "1e3");
  EXPECT_EQ(text("b"), "1000");
  EXPECT_EQ(text("c"), "16");
  EXPECT_EQ(text("d"), "true");
  EXPECT_EQ(text("e"), "2.50");
}

TEST(Toml, DrawsErrors) {
  const TomlDocument document = MustParse("[network]\nseed = 7\n");
  const TomlNode& seed = *document.root.Find("network")->Find("seed");
  EXPECT_EQ(document.ErrorAtKey(seed, "bad", "do better").message(),
            "test.toml:2:1: error: bad\n  seed = 7\n  ^~~~\n  note: do better");
  EXPECT_EQ(document.ErrorAtValue(seed, "bad").message(),
            "test.toml:2:8: error: bad\n  seed = 7\n         ^");
}

// What reads a document goes down into it by recursion.
TEST(Toml, RefusesDepth) {
  std::string dotted = "a";
  for (int i = 0; i < 20000; ++i) dotted += ".a";
  const std::string nested = std::string(20000, '[') + std::string(20000, ']');
  for (const std::string& text :
       {dotted + " = 1\n", "b = { " + dotted + " = 1 }\n", "[" + dotted + "]\nb = 1\n",
        "b = \"c.c\"\n'a'." + dotted + " = 1\n"}) {
    EXPECT_NE(ParseToml(text, "f").status().message().find("more than 32 parts"),
              absl::string_view::npos)
        << ParseToml(text, "f").status().message();
  }
  EXPECT_FALSE(ParseToml("a = " + nested + "\n", "f").ok());
  // Dots elsewhere are none between the parts of a key.
  MustParse("a = \"" + dotted + "\" # " + dotted + "\n");
  MustParse("a = \"\"\"\n\\\"" + dotted + "\"\"\"\nb = '" + dotted + "'\n");
  MustParse("a = [ 1.0, 2.0" + std::string(100, '\n') + "]\n");
}

TEST(Toml, RefusesWhatIsNoToml) {
  const std::string messages[] = {
      std::string(ParseToml("a = \n", "f").status().message()),
      std::string(ParseToml("a = 1\na = 2\n", "f").status().message()),
      std::string(ParseToml("a = \"x", "f").status().message()),
  };
  EXPECT_NE(messages[0].find("f:1:5: error: this is not valid TOML"), std::string::npos)
      << messages[0];
  EXPECT_NE(messages[1].find("f:2:"), std::string::npos) << messages[1];
  EXPECT_NE(messages[2].find("end-of-file"), std::string::npos) << messages[2];
  const std::string binary("a\0b", 3);
  EXPECT_NE(std::string(ParseToml(binary, "f").status().message()).find("byte 1 is zero"),
            std::string::npos);
}

}  // namespace
}  // namespace bnsyn::compiler
