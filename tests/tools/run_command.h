// Runs the bnsyn command, for tests.
#ifndef BNSYN_TESTS_TOOLS_RUN_COMMAND_H_
#define BNSYN_TESTS_TOOLS_RUN_COMMAND_H_

#include <sys/wait.h>

#include <cstdio>
#include <string>

namespace bnsyn {

struct Result {
  int code = -1;
  std::string output;  // of both streams
};

// Runs `COMMAND` in a shell.
inline Result Shell(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  Result result;
  char buffer[4096];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) result.output.append(buffer, n);
  const int status = pclose(pipe);
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace bnsyn

#endif  // BNSYN_TESTS_TOOLS_RUN_COMMAND_H_
