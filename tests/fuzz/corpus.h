// The valid and invalid texts that the fuzz tests mutate, and the words, lines and values in them.
#ifndef BNSYN_TESTS_FUZZ_CORPUS_H_
#define BNSYN_TESTS_FUZZ_CORPUS_H_

#include <map>
#include <string>
#include <vector>

namespace bnsyn::fuzz {

struct Corpus {
  std::vector<std::string> texts;
  std::vector<std::string> wrong;  // texts that are refused as they are
  // Found in all of them, each once.
  std::vector<std::string> words;
  std::vector<std::string> lines;
  std::vector<std::string> sections;  // "[projections.ee]" and the lines below it
  // What stands behind "key =", by key.
  std::map<std::string, std::vector<std::string>> values;
};

// Network files: the examples with few neurons, the model library, the networks of tests/.
Corpus NetworkCorpus();
// Programs: those of tests/cases, random ones, and those that the networks of `networks` become
// before and after the passes.
Corpus ProgramCorpus(const Corpus& networks);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_CORPUS_H_
