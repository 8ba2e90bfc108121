// The bnsyn command.
#include <csignal>

#include "tools/arguments.h"
#include "tools/command.h"

namespace {

int Run(int argc, char** argv) {
  bnsyn::tools::CommandLine line(
      "bnsyn compiles spiking neural networks, in milliseconds, and runs them.\n\n"
      "Examples:\n"
      "  bnsyn run examples/networks/bnsyn.toml --backend accelerated\n"
      "  bnsyn dump examples/networks/bnsyn.toml --stage fuse\n"
      "  bnsyn verify examples/networks/bnsyn.toml\n"
      "  bnsyn bench examples/networks/bnsyn.toml --set N=4000\n"
      "`bnsyn COMMAND --help` explains each.",
      "bnsyn " BNSYN_VERSION);
  bnsyn::tools::AddRun(line);
  bnsyn::tools::AddDump(line);
  bnsyn::tools::AddVerify(line);
  bnsyn::tools::AddCheck(line);
  bnsyn::tools::AddDiff(line);
  bnsyn::tools::AddBench(line);
  bnsyn::tools::AddAnalyse(line);
  bnsyn::tools::AddLists(line);
  bnsyn::tools::AddDescribe(line);
  return line.Run(argc, argv);
}

}  // namespace

int main(int argc, char** argv) {
  // A file that may not grow any more is an error, and not the end.
  std::signal(SIGXFSZ, SIG_IGN);
  return bnsyn::tools::Guarded([&] { return Run(argc, argv); });
}
