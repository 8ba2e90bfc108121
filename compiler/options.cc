#include "compiler/options.h"

#include <cstdlib>

namespace bnsyn::compiler {

std::string DefaultCacheDirectory() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const std::string own = variable("BNSYN_CACHE"); !own.empty()) return own;
  if (const std::string xdg = variable("XDG_CACHE_HOME"); !xdg.empty()) return xdg + "/bnsyn";
  if (const std::string home = variable("HOME"); !home.empty()) return home + "/.cache/bnsyn";
  return "";
}

}  // namespace bnsyn::compiler
