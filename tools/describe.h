// The command line described for other programs: `man`, and the shells that complete words.
#ifndef BNSYN_TOOLS_DESCRIBE_H_
#define BNSYN_TOOLS_DESCRIBE_H_

#include <string>
#include <vector>

#include "tools/arguments.h"

namespace bnsyn::tools {

// What --help says of a subcommand.
struct CommandText {
  std::string name;
  std::string description;
  std::vector<Argument> arguments;
  std::string footer;
};

struct LineText {
  std::string description;
  std::string version;
  std::vector<CommandText> commands;
};

// The page of `man bnsyn`.
std::string ManualPage(const LineText& line);
// Functions that complete the words of a command line, and tell the shell of it.
std::string BashCompletion(const LineText& line);
std::string ZshCompletion(const LineText& line);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_DESCRIBE_H_
