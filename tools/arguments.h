// The command line as data: a subcommand lists its arguments, and one file parses them.
//
//   Command& run = line.Add("run", "run a network");
//   run.Add({.name = "network", .value = &path, .help = "a network file", .type = "FILE",
//            .required = true});
//   run.Add({.name = "--threads", .value = &threads, .help = "threads of the backend",
//            .type = "N", .range = {{1, 1024}}, .show_default = true});
//   run.SetAction([&] { return Run(path, threads); });
//   return line.Run(argc, argv);
#ifndef BNSYN_TOOLS_ARGUMENTS_H_
#define BNSYN_TOOLS_ARGUMENTS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace bnsyn::tools {

// Exit codes of the process.
inline constexpr int kDone = 0;
inline constexpr int kNo = 1;     // the answer is no
inline constexpr int kError = 2;  // an error was reported

// Where the value of an argument goes, which must live as long as the command. A bool is a flag
// without value; a vector takes one value each time that the argument is given.
using ArgumentValue =
    std::variant<bool*, int*, int64_t*, uint64_t*, std::string*, std::vector<std::string>*>;

struct Argument {
  std::string name;  // "--threads", or "network" for an argument by its position
  ArgumentValue value;
  std::string help;
  const char* type = nullptr;            // what to show for the value: "N", "FILE"
  std::vector<std::string> one_of = {};  // the values that are allowed; empty for any
  std::optional<std::pair<int, int>> range = std::nullopt;  // the least and the greatest value
  const char* variable =
      nullptr;            // of the environment, with the value if the argument is not given
  bool positive = false;  // the value must be greater than 0
  bool required = false;
  bool show_default = false;
  std::vector<std::string> excludes = {};  // names of arguments that cannot be given with it
};

// An argument that begins with dashes; others are told by their position.
bool IsOption(const Argument& argument);
bool TakesValue(const Argument& argument);
bool IsRepeatable(const Argument& argument);

struct LineText;  // tools/describe.h

// One subcommand.
class Command {
 public:
  virtual ~Command() = default;
  virtual void Add(const Argument& argument) = 0;
  // Shown at the end of the command's help.
  virtual void SetFooter(const std::string& text) = 0;
  // Runs when the command is chosen, and returns the exit code of the process.
  virtual void SetAction(std::function<int()> action) = 0;
};

class CommandLine {
 public:
  CommandLine(const std::string& description, const std::string& version);
  ~CommandLine();

  // The command is owned by the command line.
  Command& Add(const std::string& name, const std::string& description);
  // Likewise, but help and manual do not show it.
  Command& AddHidden(const std::string& name, const std::string& description);
  // All that help shows.
  LineText Text() const;
  // Parses and runs the command that is named. Prints help or errors by itself.
  int Run(int argc, char** argv);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_ARGUMENTS_H_
