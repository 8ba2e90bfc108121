// The bnsyn command.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/command.h"

int main(int argc, char** argv) {
  CLI::App app{
      "bnsyn compiles spiking neural networks, in milliseconds, and runs them.\n\n"
      "Examples:\n"
      "  bnsyn run examples/networks/bnsyn.toml --backend accelerated\n"
      "  bnsyn dump examples/networks/bnsyn.toml --stage fuse\n"
      "  bnsyn verify examples/networks/bnsyn.toml\n"
      "  bnsyn bench examples/networks/bnsyn.toml --set N=4000\n"
      "`bnsyn COMMAND --help` tells more of each."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "bnsyn " BNSYN_VERSION);

  bnsyn::tools::Action action;
  bnsyn::tools::AddRun(app, action);
  bnsyn::tools::AddDump(app, action);
  bnsyn::tools::AddVerify(app, action);
  bnsyn::tools::AddDiff(app, action);
  bnsyn::tools::AddBench(app, action);
  bnsyn::tools::AddLists(app, action);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? bnsyn::tools::kDone : bnsyn::tools::kError;
  }
  return action();
}
