#include "tools/describe.h"

#include <cstdio>
#include <memory>

#include "tools/command.h"

namespace bnsyn::tools {

void AddDescribe(CommandLine& line) {
  Command& describe = line.AddHidden("describe", "print the manual page, or completion of a shell");
  auto format = std::make_shared<std::string>();
  describe.Add({.name = "format",
                .value = format.get(),
                .help = "man, bash or zsh",
                .one_of = {"man", "bash", "zsh"},
                .required = true});
  describe.SetFooter("Example:\n  bnsyn describe man | man --local-file -");
  describe.SetAction([&line, format] {
    const LineText text = line.Text();
    const std::string printed = *format == "man"    ? ManualPage(text)
                                : *format == "bash" ? BashCompletion(text)
                                                    : ZshCompletion(text);
    std::fputs(printed.c_str(), stdout);
    return kDone;
  });
}

}  // namespace bnsyn::tools
