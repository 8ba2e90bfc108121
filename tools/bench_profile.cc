// bnsyn bench --profile: where the time of a step goes, by role, with the counters of the processor
// and the roofline of the machine; and what has changed since an older profile.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/file.h"
#include "ir/status_macros.h"
#include "tools/bench.h"
#include "tools/bench_parts.h"
#include "tools/counters.h"
#include "tools/output.h"
#include "tools/roofline.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

struct Profile {
  Parts parts;
  std::vector<CounterValue> counters;  // of a step
  Roof roof;
};

absl::StatusOr<Profile> Measure(const Loaded& loaded, const BenchArguments& arguments) {
  BNSYN_ASSIGN_OR_RETURN(Parts parts, MeasureParts(loaded, arguments));
  Profile profile{.parts = std::move(parts), .counters = {}, .roof = {}};
  if (auto counters = Counters::Open(); counters.ok()) {
    BNSYN_RETURN_IF_ERROR(profile.parts.plain.simulation().Step(arguments.steps));
    for (CounterValue& value : counters->Read()) {
      profile.counters.push_back({value.name, value.number / static_cast<double>(arguments.steps)});
    }
  } else {
    profile.parts.notes.emplace_back(counters.status().message());
  }
  BNSYN_ASSIGN_OR_RETURN(profile.roof,
                         MeasureRoof(profile.parts.parts[0].work->bytes, arguments.width));
  return profile;
}

Json ToJson(const Loaded& loaded, const BenchArguments& arguments, const Profile& profile) {
  Json parts = Json::array();
  for (const Part& part : profile.parts.parts) parts.push_back(ToJson(part, &profile.roof));
  Json counters = Json::object();
  for (const CounterValue& value : profile.counters) counters[value.name] = value.number;
  return {{"network", loaded.name},
          {"neurons", loaded.program.Neurons()},
          {"steps", arguments.steps},
          {"measurements", profile.parts.plain.measurements()},
          {"parts", std::move(parts)},
          {"counters_per_step", std::move(counters)},
          {"roof",
           {{"gflops", profile.roof.flops_per_second / 1e9},
            {"gb_per_second", profile.roof.bytes_per_second / 1e9}}},
          {"notes", profile.parts.notes},
          {"receipt", BenchReceipt(arguments, loaded, profile.parts.plain.simulation(), 1)}};
}

void Print(const Loaded& loaded, const BenchArguments& arguments, const Profile& profile) {
  std::printf("%s, one thread, least of %u times %llu steps\n\n", loaded.name.c_str(),
              static_cast<unsigned>(profile.parts.plain.measurements()),
              static_cast<unsigned long long>(arguments.steps));
  std::printf(
      "%s\nroof of one thread: %.1f GFLOP/s, and %.1f GB/s of as much memory as a step "
      "moves\n",
      TableOf(profile.parts.parts, &profile.roof).c_str(), profile.roof.flops_per_second / 1e9,
      profile.roof.bytes_per_second / 1e9);
  if (!profile.counters.empty()) {
    std::printf("counted in a step:");
    for (const CounterValue& value : profile.counters) {
      std::printf(" %s %s", Short(value.number).c_str(), value.name.c_str());
    }
    std::printf("\n");
  }
  for (const std::string& note : profile.parts.notes) std::printf("note: %s\n", note.c_str());
}

// A part in an older profile and now.
struct Change {
  std::string part;
  double before_ns = 0, now_ns = 0;
  bool beyond_noise = false;
};

bool HasTime(const Json& part) {
  const auto number = [&](const char* key) { return part.contains(key) && part[key].is_number(); };
  return part.is_object() && part.contains("name") && number("ns_per_step") && number("noise_ns");
}

absl::StatusOr<std::vector<Change>> Compare(const std::string& path, const Json& now) {
  BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(path, ir::kMostDescription));
  const Json before = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!before.is_object() || !before.contains("parts") || !before.contains("network")) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, " is no profile: `bnsyn bench NET.toml --profile --save ", path, "` writes one"));
  }
  if (before["network"] != now["network"] || before["neurons"] != now["neurons"]) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is of the network ", before["network"].dump(), " of ",
                     before["neurons"].dump(), " neurons: compare with a profile of the same"));
  }
  std::vector<Change> changes;
  for (const Json& part : now["parts"]) {
    for (const Json& old : before["parts"]) {
      if (!HasTime(part) || !HasTime(old) || old["name"] != part["name"]) continue;
      const double was = old["ns_per_step"].get<double>();
      const double is = part["ns_per_step"].get<double>();
      const double noise = old["noise_ns"].get<double>() + part["noise_ns"].get<double>();
      // Least times of runs of one machine differ by some percent, whatever their noise.
      constexpr double kUsual = 0.05;
      changes.push_back({part["name"].get<std::string>(), was, is,
                         std::fabs(is - was) > std::max(3 * noise, kUsual * was)});
    }
  }
  return changes;
}

void Print(const std::string& path, const std::vector<Change>& changes) {
  std::printf("\nsince %s\n\n", path.c_str());
  Table table({"part", "us/step before", "now", "ratio", ""});
  for (const Change& change : changes) {
    table.Add(
        {change.part, absl::StrFormat("%.3f", change.before_ns / 1e3),
         absl::StrFormat("%.3f", change.now_ns / 1e3),
         change.before_ns > 0 ? absl::StrFormat("%.3f", change.now_ns / change.before_ns) : "",
         !change.beyond_noise               ? "within noise"
         : change.now_ns < change.before_ns ? "faster"
                                            : "slower"});
  }
  std::printf("%s", table.ToString().c_str());
}

}  // namespace

absl::StatusOr<bool> BenchProfile(const BenchArguments& arguments) {
  BNSYN_ASSIGN_OR_RETURN(const Loaded loaded, Load(arguments.source));
  BNSYN_ASSIGN_OR_RETURN(const Profile profile, Measure(loaded, arguments));
  Json json = ToJson(loaded, arguments, profile);
  if (!arguments.save.empty()) {
    BNSYN_RETURN_IF_ERROR(ir::WriteFile(arguments.save, TextOf(json) + "\n"));
  }
  std::vector<Change> changes;
  if (!arguments.compare.empty()) {
    BNSYN_ASSIGN_OR_RETURN(changes, Compare(arguments.compare, json));
  }
  if (arguments.json) {
    for (const Change& change : changes) {
      json["changes"].push_back({{"part", change.part},
                                 {"before_ns", change.before_ns},
                                 {"now_ns", change.now_ns},
                                 {"beyond_noise", change.beyond_noise}});
    }
    std::printf("%s\n", TextOf(json).c_str());
  } else {
    Print(loaded, arguments, profile);
    if (!changes.empty()) Print(arguments.compare, changes);
  }
  return std::none_of(changes.begin(), changes.end(), [](const Change& change) {
    return change.beyond_noise && change.now_ns > change.before_ns;
  });
}

}  // namespace bnsyn::tools
