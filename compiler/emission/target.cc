#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/emission/codegen.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/TargetParser/Host.h"

namespace bnsyn::compiler {

absl::StatusOr<Target> HostTarget() {
  Target target;
  target.triple = llvm::sys::getProcessTriple();
  target.cpu = llvm::sys::getHostCPUName().str();
  if (target.triple.empty()) return absl::UnavailableError("LLVM does not know this machine");
  const llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> features;
  for (const auto& feature : host) {
    features.push_back(absl::StrCat(feature.second ? "+" : "-", feature.first().str()));
  }
  std::sort(features.begin(), features.end());  // the map has the order of its hashes
  target.features = absl::StrJoin(features, ",");

  const auto has = [&host](const char* feature) { return host.lookup(feature); };
  target.native_lanes = has("avx512f") && has("avx512dq") && has("avx512vl") ? 8
                        : has("avx2")                                        ? 4
                                                                             : 2;
  target.default_width = 2 * target.native_lanes;
  return target;
}

absl::StatusOr<int> ChooseWidth(const CompileOptions& options, const Target& target) {
  if (options.optimization < 0 || options.optimization > 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no optimization level ", options.optimization, ": choose 0 to 3"));
  }
  switch (options.width) {
    case 0:
      return target.default_width;
    case 1:
    case 2:
    case 4:
    case 8:
    case 16:
      return options.width;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "a vector of ", options.width, " lanes is not possible: choose 1, 2, 4, 8 or 16"));
}

std::string LlvmVersion() { return LLVM_VERSION_STRING; }

}  // namespace bnsyn::compiler
