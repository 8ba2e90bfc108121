// Mutated network files.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/mutator.h"

namespace bnsyn::fuzz {
namespace {

class NetworkMutator : public Mutator {
 public:
  using Mutator::Mutator;

  // Puts a declaration of another text at the end.
  void AppendSection() { absl::StrAppend(&text_, "\n", random_.Pick(corpus_.sections)); }

  // Mostly by another section of the same sort, "[projections.".
  void ReplaceSection() {
    const size_t begin = text_.find("\n[", random_.Below(text_.size() + 1));
    if (begin == std::string::npos) return;
    const size_t end = std::min(text_.find("\n[", begin + 1), text_.size());
    const std::string sort = text_.substr(begin + 1, text_.find_first_of(".]", begin) - begin);
    std::string other;
    for (int tries = 0; tries < 20 && !absl::StartsWith(other, sort); ++tries) {
      other = random_.Pick(corpus_.sections);
    }
    text_.replace(begin + 1, end - begin - 1, other);
  }

  // Gives a key the value that it has in another text.
  void ReplaceValue() {
    ChangeLines([&](Lines& lines) {
      for (int tries = 0; tries < 10; ++tries) {
        std::string& line = lines[random_.Below(lines.size())];
        const std::string key = line.substr(0, line.find(" = "));
        const auto values = corpus_.values.find(key);
        if (key.size() == line.size() || values == corpus_.values.end()) continue;
        line = absl::StrCat(key, " = ", random_.Pick(values->second));
        return;
      }
    });
  }

  void ReplaceOperator() {
    static const std::vector<std::string> operators = {"+", "-", "*",  "/",  "**", "//",  "%",
                                                       "<", ">", "<=", "==", "!=", "and", "or"};
    ReplaceAmong(operators);
  }

  void ReplaceUnit() {
    static const std::vector<std::string> units = {
        "mV", "V",  "uV", "nS",  "uS",   "S",     "pA",           "nA",      "A",      "ms",
        "s",  "us", "Hz", "kHz", "MOhm", "volt",  "amp",          "siemens", "second", "farad",
        "pF", "nF", "F",  "mM",  "1",    "mV/ms", "second**-0.5", "coulomb"};
    ReplaceAmong(units);
  }

  // Wraps a name or a number in a function or in brackets, once or many times.
  void Nest() {
    const TokenKind kind = random_.OneIn(2) ? TokenKind::kWord : TokenKind::kNumber;
    ChangeToken(kind, [&](Token& token) {
      static const std::vector<std::string> around = {
          "(",    "-(",   "exp(",   "log(",  "1/(",   "sqrt(",      "abs(",     "0*(",
          "sin(", "int(", "1e30*(", "rint(", "not (", "normal(0, ", "poisson(", "uniform(0, "};
      const std::string& open = random_.Pick(around);
      const size_t depth = random_.OneIn(20) ? 200 : 1 + random_.Below(3);
      std::string text;
      for (size_t i = 0; i < depth; ++i) absl::StrAppend(&text, open);
      token.text = absl::StrCat(text, token.text, std::string(depth, ')'));
    });
  }

 private:
  // Exchanges one of the `words` for another.
  void ReplaceAmong(const std::vector<std::string>& words) {
    ChangeToken([&](const Token& token) { return absl::c_linear_search(words, token.text); },
                [&](Token& token) { token.text = random_.Pick(words); });
  }
};

}  // namespace

std::string MutatedNetwork(const Corpus& corpus, uint64_t seed) {
  using M = NetworkMutator;
  return Mutate<M>(M(corpus, seed), Random(~seed),
                   {
                       &M::DeleteLine,
                       &M::RepeatLine,
                       &M::SwapLines,
                       &M::InsertLine,
                       &M::AppendSection,
                       &M::ReplaceSection,
                       &M::ReplaceSection,
                       &M::ReplaceValue,
                       &M::ReplaceValue,
                       &M::ReplaceValue,
                       &M::ReplaceNumber,
                       &M::ReplaceNumber,
                       &M::ReplaceNumber,
                       &M::ReplaceNumber,
                       &M::ReplaceNumber,
                       &M::ReplaceNumber,
                       &M::ReplaceWord,
                       &M::RenameWord,
                       &M::ReplaceOperator,
                       &M::ReplaceOperator,
                       &M::ReplaceOperator,
                       &M::ReplaceUnit,
                       &M::ReplaceUnit,
                       &M::Nest,
                       &M::Nest,
                   },
                   {&M::DeleteToken, &M::RepeatToken, &M::ReplaceSign, &M::ReplaceByte,
                    &M::DeleteBytes, &M::CutOff});
}

}  // namespace bnsyn::fuzz
