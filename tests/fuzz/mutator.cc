#include "tests/fuzz/mutator.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace bnsyn::fuzz {

Mutator::Mutator(const Corpus& corpus, uint64_t seed)
    : corpus_(corpus),
      random_(seed),
      text_(random_.Pick(random_.OneIn(8) ? corpus.wrong : corpus.texts)) {}

void Mutator::DeleteLine() {
  ChangeLines([&](Lines& lines) { lines.erase(lines.begin() + At(lines)); });
}

void Mutator::RepeatLine() {
  ChangeLines([&](Lines& lines) {
    const std::string line = random_.Pick(lines);
    lines.insert(lines.begin() + At(lines), line);
  });
}

void Mutator::SwapLines() {
  ChangeLines([&](Lines& lines) {
    std::swap(lines[random_.Below(lines.size())], lines[random_.Below(lines.size())]);
  });
}

void Mutator::SwapNeighbours() {
  ChangeLines([&](Lines& lines) {
    if (lines.size() < 2) return;
    const size_t i = random_.Below(lines.size() - 1);
    std::swap(lines[i], lines[i + 1]);
  });
}

void Mutator::InsertLine() {
  ChangeLines(
      [&](Lines& lines) { lines.insert(lines.begin() + At(lines), random_.Pick(corpus_.lines)); });
}

void Mutator::ReplaceNumber() {
  ChangeToken(TokenKind::kNumber, [&](Token& token) {
    static const std::vector<std::string> extremes = {"0",
                                                      "-1",
                                                      "1",
                                                      "-0.0",
                                                      "0.5",
                                                      "nan",
                                                      "inf",
                                                      "-inf",
                                                      "1e308",
                                                      "-1e308",
                                                      "1e-320",
                                                      "1e-9",
                                                      "1e9",
                                                      "1e17",
                                                      "1e999",
                                                      "3",
                                                      "64",
                                                      "65536",
                                                      "2147483648",
                                                      "4294967296",
                                                      "9007199254740993",
                                                      "9223372036854775808",
                                                      "18446744073709551616"};
    double number = 0;
    if (random_.OneIn(2) || !absl::SimpleAtod(token.text, &number)) {
      token.text = random_.Pick(extremes);
      return;
    }
    const std::vector<double> near = {number + 1, number - 1,         2 * number, number / 2,
                                      -number,    number * 1.0000001, 10 * number};
    token.text = absl::StrCat(random_.Pick(near));
  });
}

void Mutator::ReplaceWord() {
  ChangeToken(TokenKind::kWord, [&](Token& token) { token.text = OtherWord(); });
}

void Mutator::RenameWord() {
  std::vector<Token> tokens = Tokenise(text_);
  const std::string word = WordOfText();
  const std::string other = OtherWord();
  for (Token& token : tokens) {
    if (token.text == word) token.text = other;
  }
  text_ = Join(tokens);
}

void Mutator::ReplaceSign() {
  ChangeToken(TokenKind::kSign, [&](Token& token) {
    static const std::vector<std::string> signs = {"=", "(", ")",  "[", "]", "{", "}", ",",
                                                   ";", ":", "\"", "'", "^", "&", ".", "#"};
    token.text = random_.Pick(signs);
  });
}

void Mutator::DeleteToken() {
  ChangeToken([](const Token&) { return true; }, [](Token& token) { token.text.clear(); });
}

void Mutator::RepeatToken() {
  ChangeToken([](const Token&) { return true; }, [](Token& token) { token.text += token.text; });
}

void Mutator::ReplaceByte() {
  if (text_.empty()) return;
  text_[random_.Below(text_.size())] = static_cast<char>(random_.Below(256));
}

void Mutator::DeleteBytes() {
  if (text_.empty()) return;
  text_.erase(random_.Below(text_.size()), 1 + random_.Below(20));
}

void Mutator::CutOff() { text_.resize(random_.Below(text_.size() + 1)); }

void Mutator::ChangeLines(absl::FunctionRef<void(Lines&)> change) {
  Lines lines = absl::StrSplit(text_, '\n');
  change(lines);
  text_ = absl::StrJoin(lines, "\n");
}

void Mutator::ChangeToken(absl::FunctionRef<bool(const Token&)> fits,
                          absl::FunctionRef<void(Token&)> change) {
  std::vector<Token> tokens = Tokenise(text_);
  std::vector<Token*> found;
  for (Token& token : tokens) {
    if (fits(token)) found.push_back(&token);
  }
  if (found.empty()) return;
  change(*random_.Pick(found));
  text_ = Join(tokens);
}

void Mutator::ChangeToken(TokenKind kind, absl::FunctionRef<void(Token&)> change) {
  ChangeToken([kind](const Token& token) { return token.kind == kind; }, change);
}

std::string Mutator::WordOfText() {
  std::string word;
  ChangeToken(TokenKind::kWord, [&](Token& token) { word = token.text; });
  return word;
}

std::string Mutator::OtherWord() {
  return random_.OneIn(3) ? random_.Pick(corpus_.words) : WordOfText();
}

}  // namespace bnsyn::fuzz
