#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/emission/codegen.h"
#include "compiler/emission/levels.h"
#include "ir/diagnostic.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/TargetParser/Host.h"

namespace bnsyn::compiler {
namespace {

// A level of the x86-64 psABI, and what it adds to the one before.
struct CpuLevel {
  absl::string_view name;
  std::vector<std::string> features;
  int native_lanes;
};

std::vector<CpuLevel> LevelsOf(absl::string_view triple) {
  if (!absl::StartsWith(triple, "x86_64")) return {{"generic", {}, 2}};
  return {{"x86-64-v1", {}, 2},
          {"x86-64-v2", {"cx16", "sahf", "popcnt", "sse3", "ssse3", "sse4.1", "sse4.2"}, 2},
          {"x86-64-v3", {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}, 4},
          {"x86-64-v4", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}, 8}};
}

// A target that has the instructions of a level and no others.
Target TargetOf(std::string triple, const std::vector<std::string>& features, int native_lanes) {
  Target target;
  target.triple = std::move(triple);
  target.cpu = absl::StartsWith(target.triple, "x86_64") ? "x86-64" : "generic";
  target.features = absl::StrJoin(features, ",", [](std::string* text, const std::string& feature) {
    absl::StrAppend(text, "+", feature);
  });
  target.native_lanes = native_lanes;
  target.default_width = 2 * native_lanes;
  return target;
}

}  // namespace

absl::StatusOr<Target> HostTarget() {
  const char* const level = std::getenv("BNSYN_CPU");
  if (level != nullptr && *level != '\0') return TargetOfLevel(level);
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

std::vector<std::string> CpuLevels() {
  std::vector<std::string> names;
  for (const CpuLevel& level : LevelsOf(llvm::sys::getProcessTriple())) {
    names.emplace_back(level.name);
  }
  return names;
}

absl::StatusOr<Target> TargetOfLevel(absl::string_view wanted) {
  const std::vector<std::string> known = CpuLevels();
  if (std::find(known.begin(), known.end(), wanted) == known.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no processor level '", wanted, "'", ir::DidYouMean(wanted, known),
                     "; those of this machine's family are ", absl::StrJoin(known, ", ")));
  }
  const std::string triple = llvm::sys::getProcessTriple();
  const llvm::StringMap<bool> host = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> features;
  for (const CpuLevel& level : LevelsOf(triple)) {
    for (const std::string& feature : level.features) {
      features.push_back(feature);
      if (host.lookup(feature)) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("this machine has no ", feature, ", which ", level.name,
                       " needs; choose a lower level than ", wanted));
    }
    if (level.name == wanted) return TargetOf(triple, features, level.native_lanes);
  }
  return absl::InternalError("a level that is known was not found");
}

absl::StatusOr<Target> ForeignTarget(absl::string_view triple) {
  constexpr absl::string_view kArm = "aarch64-linux-gnu";
  if (triple == kArm) return TargetOf(std::string(kArm), {}, 2);
  return absl::InvalidArgumentError(
      absl::StrCat("no code is made for ", triple, ", but for ", kArm));
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
