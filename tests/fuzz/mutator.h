// Changes of texts that network files and programs share.
#ifndef BNSYN_TESTS_FUZZ_MUTATOR_H_
#define BNSYN_TESTS_FUZZ_MUTATOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/random.h"
#include "tests/fuzz/tokens.h"

namespace bnsyn::fuzz {

// Holds a text of a corpus, and changes it at places that the seed chooses. A change that finds no
// such place leaves the text as it is.
class Mutator {
 public:
  Mutator(const Corpus& corpus, uint64_t seed);

  const std::string& text() const { return text_; }

  // Lines.
  void DeleteLine();
  void RepeatLine();
  void SwapLines();
  void SwapNeighbours();
  void InsertLine();  // one of another text

  // Tokens: another one of the same kind.
  void ReplaceNumber();
  void ReplaceWord();
  void RenameWord();  // wherever it stands
  void ReplaceSign();
  void DeleteToken();
  void RepeatToken();

  // Bytes.
  void ReplaceByte();
  void DeleteBytes();
  void CutOff();

 protected:
  using Lines = std::vector<std::string>;

  void ChangeLines(absl::FunctionRef<void(Lines&)> change);
  // Changes one of the tokens that `fits` accepts.
  void ChangeToken(absl::FunctionRef<bool(const Token&)> fits,
                   absl::FunctionRef<void(Token&)> change);
  void ChangeToken(TokenKind kind, absl::FunctionRef<void(Token&)> change);
  // A word of this text or, less often, of any text of the corpus.
  std::string OtherWord();
  std::string WordOfText();
  // A position in items that are not empty.
  template <typename T>
  ptrdiff_t At(const std::vector<T>& items) {
    return static_cast<ptrdiff_t>(random_.Below(items.size()));
  }

  const Corpus& corpus_;
  Random random_;
  std::string text_;
};

// One to four of `changes`; now and then one of `breaks`, after which few texts are read to the
// end.
template <typename M>
std::string Mutate(M mutator, Random random, const std::vector<void (M::*)()>& changes,
                   const std::vector<void (M::*)()>& breaks) {
  size_t count = 1;
  while (count < 4 && random.OneIn(3)) ++count;
  for (size_t i = 0; i < count; ++i) (mutator.*random.Pick(changes))();
  if (random.OneIn(12)) (mutator.*random.Pick(breaks))();
  return mutator.text();
}

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_MUTATOR_H_
