// A piece of text in the model language and its place, so that an error can point at it.
//
//   balanced.toml:14:29: error: dV/dt has the dimension volt/second, but the right side is volt
//     dV/dt = (E_L - V) + I/C_m : volt
//             ^~~~~~~~~
#ifndef BNSYN_SOURCE_TEXT_H_
#define BNSYN_SOURCE_TEXT_H_

#include <string>

namespace [[gnu::visibility("default")]] bnsyn {

// `text` begins at line `first_line` and column `first_column` of the file `name`, so that errors
// in an equation of a network file give the lines of that file. For text that comes from no file,
// `name` says what the text is: "lif.threshold".
struct SourceText {
  std::string name;
  std::string text;
  int first_line = 1;    // counted from 1
  int first_column = 1;  // counted from 1; of the first line only
};

}  // namespace bnsyn

#endif  // BNSYN_SOURCE_TEXT_H_
