#include "ir/diagnostic.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace bnsyn::ir {
namespace {

std::string Render(const SourceText& source, SourceRange range, absl::string_view note = "") {
  const absl::Status status = ErrorAt(source, range, "wrong", note);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(DiagnosticTest, DrawsTheRangeAndTheNote) {
  EXPECT_EQ(Render({"a.toml", "x = y + z", 1, 1}, {4, 5}, "do this"),
            "a.toml:1:5: error: wrong\n"
            "  x = y + z\n"
            "      ^~~~~\n"
            "  note: do this");
}

TEST(DiagnosticTest, FindsTheLineOfLongerTexts) {
  const SourceText source = {"f", "one\ntwo three\nfour\n", 1, 1};
  EXPECT_EQ(Render(source, {8, 5}), "f:2:5: error: wrong\n  two three\n      ^~~~~");
  EXPECT_EQ(Render(source, {14, 1}), "f:3:1: error: wrong\n  four\n  ^");
}

TEST(DiagnosticTest, TextsWithinFilesReportTheFilesLines) {
  const SourceText source = {"f", "dV/dt = x\ndw/dt = y", 14, 12};
  // The column offset is that of the first line alone.
  EXPECT_EQ(Render(source, {8, 1}), "f:14:20: error: wrong\n  dV/dt = x\n          ^");
  EXPECT_EQ(Render(source, {18, 1}), "f:15:9: error: wrong\n  dw/dt = y\n          ^");
}

TEST(DiagnosticTest, TabsAreRepeatedUnderTheLine) {
  EXPECT_EQ(Render({"f", "\ta\tb", 1, 1}, {3, 1}), "f:1:4: error: wrong\n  \ta\tb\n  \t \t^");
}

TEST(DiagnosticTest, CharactersAreCountedNotBytes) {
  EXPECT_EQ(Render({"f", "\u00b5\u00b5 \u00b5m", 1, 1}, {5, 3}),
            "f:1:4: error: wrong\n  \u00b5\u00b5 \u00b5m\n     ^~");
}

TEST(DiagnosticTest, RangesStopAtTheEndOfTheirLine) {
  EXPECT_EQ(Render({"f", "ab\ncd", 1, 1}, {1, 100}), "f:1:2: error: wrong\n  ab\n   ^");
  EXPECT_EQ(Render({"f", "ab\r\ncd", 1, 1}, {0, 100}), "f:1:1: error: wrong\n  ab\n  ^~");
}

TEST(DiagnosticTest, TheEndOfTheTextStandsBehindItsLastLine) {
  EXPECT_EQ(Render({"f", "ab", 1, 1}, {2, 1}), "f:1:3: error: wrong\n  ab\n    ^");
  EXPECT_EQ(Render({"f", "ab\n\n", 1, 1}, {4, 1}), "f:1:3: error: wrong\n  ab\n    ^");
  EXPECT_EQ(Render({"f", "ab", 1, 1}, {99, 1}), "f:1:3: error: wrong\n  ab\n    ^");
  EXPECT_EQ(Render({"f", "", 1, 1}, {0, 1}), "f:1:1: error: wrong\n  \n  ^");
}

TEST(DiagnosticTest, LongLinesAreShownInPart) {
  const std::string line = std::string(1000, 'a') + "X" + std::string(1000, 'b');
  const std::string rendered = Render({"f", line, 1, 1}, {1000, 1});
  EXPECT_EQ(rendered.find("f:1:1001: error"), 0u);
  EXPECT_LT(rendered.size(), 400u);
  EXPECT_NE(rendered.find("aaXbb"), std::string::npos);
}

TEST(DiagnosticTest, LongMessagesAreCutInTheirMiddle) {
  const std::string name(1000000, 'x');
  const absl::Status status =
      ErrorAt({"f", "a", 1, 1}, {0, 1}, absl::StrCat("there is no '", name, "' here"), name);
  EXPECT_LT(status.message().size(), 5000u);
  EXPECT_NE(status.message().find("there is no 'xxx"), absl::string_view::npos);
  EXPECT_NE(status.message().find("more bytes) ... xxx"), absl::string_view::npos);
  EXPECT_NE(status.message().find("xxx' here\n  a"), absl::string_view::npos);
}

TEST(DiagnosticTest, ControlCharactersAreNotShown) {
  EXPECT_EQ(Render({"f", "a\x1b[2Jb", 1, 1}, {0, 1}), "f:1:1: error: wrong\n  a?[2Jb\n  ^");
}

TEST(DiagnosticTest, OtherBytesThanThoseOfUtf8AreNotShown) {
  // A byte alone, one too many, an overlong character, a surrogate, one behind the last, and the
  // beginning of one; between them characters of two, three and four bytes.
  const std::string text =
      "\xac \u00b5\xb5 \xc0\xaf \u20ac \xed\xa0\x80 \xf4\x90\x80\x80 \U0001f600 \xe2\x82";
  const absl::string_view shown = "? \u00b5? ?? \u20ac ??? ???? \U0001f600 ??";
  EXPECT_EQ(Render({"f", text, 1, 1}, {1, 1}),
            absl::StrCat("f:1:1: error: wrong\n  ", shown, "\n   ^"));
  const absl::Status status = ErrorAt({"f", "a", 1, 1}, {0, 1}, text, text);
  EXPECT_EQ(status.message(), absl::StrCat("f:1:1: error: ", shown, "\n  a\n  ^\n  note: ", shown));
}

TEST(DidYouMeanTest, SuggestsTheNearest) {
  EXPECT_EQ(DidYouMean("taum", {"C_m", "tau_m", "tau_w"}), " (did you mean 'tau_m'?)");
  EXPECT_EQ(DidYouMean("tua_m", {"tau_w", "tau_m"}), " (did you mean 'tau_m'?)");
  EXPECT_EQ(DidYouMean("projections", {"populations", "projection"}),
            " (did you mean 'projection'?)");
}

TEST(DidYouMeanTest, CaseIsASlip) {
  EXPECT_EQ(DidYouMean("v", {"w", "V"}), " (did you mean 'V'?)");
  EXPECT_EQ(DidYouMean("e_l", {"E_L"}), " (did you mean 'E_L'?)");
}

TEST(DidYouMeanTest, TiesGoToTheFirst) {
  EXPECT_EQ(DidYouMean("tau", {"tab", "tar"}), " (did you mean 'tab'?)");
}

// All pairs would take memory in proportion to the product of the lengths.
TEST(DidYouMeanTest, ComparesLongNamesNearTheDiagonal) {
  const std::string name(100000, 'a');
  EXPECT_EQ(DidYouMean(name, {std::string(100000, 'b'), std::string(50000, 'a')}), "");
  std::string near = name;
  near[70000] = 'b';
  near.insert(30000, "c");
  EXPECT_EQ(DidYouMean(name, {std::string(100000, 'b'), near}),
            absl::StrCat(" (did you mean '", near, "'?)"));
  // Up to three letters may differ, and a swap is one change.
  EXPECT_EQ(DidYouMean("abcdefghijkl", {"bacdfeghijlk"}), " (did you mean 'bacdfeghijlk'?)");
  EXPECT_EQ(DidYouMean("abcdefghijkl", {"abcdefghi"}), " (did you mean 'abcdefghi'?)");
  EXPECT_EQ(DidYouMean("abcdefghijkl", {"abcdefgh"}), "");
  EXPECT_EQ(DidYouMean("abcdefghijkl", {"xbcxefxhijkx"}), "");
}

TEST(DidYouMeanTest, FarNamesAreNotSuggested) {
  EXPECT_EQ(DidYouMean("x", {"V", "w"}), "");
  EXPECT_EQ(DidYouMean("conductance", {"current", "voltage"}), "");
  EXPECT_EQ(DidYouMean("tau", {}), "");
}

}  // namespace
}  // namespace bnsyn::ir
