#include "tools/receipt.h"

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/emission/object_cache.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "recording/hdf5_hash.h"

namespace bnsyn::tools {
namespace {

absl::Status Wrong(const std::string& where, absl::string_view key, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(where, ": '", std::string(key), "' should be ",
                                                 std::string(expected),
                                                 "; is this a receipt of bnsyn run?"));
}

// Reads a key that may be missing, of any type that `value` can hold.
template <typename T>
absl::Status Read(const Json& json, const char* key, const char* expected, const std::string& where,
                  T& value) {
  const auto found = json.find(key);
  if (found == json.end()) return absl::OkStatus();
  bool fits = false;
  if constexpr (std::is_same_v<T, std::string>) {
    fits = found->is_string();
  } else if constexpr (std::is_same_v<T, bool>) {
    fits = found->is_boolean();
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    fits = found->is_array();
    for (const Json& one : *found) fits = fits && one.is_string();
  } else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>) {
    fits = found->is_object();
    for (const Json& one : *found) fits = fits && one.is_string();
  } else {
    fits = found->is_number_unsigned();
  }
  if (!fits) return Wrong(where, key, expected);
  value = found->get<T>();
  return absl::OkStatus();
}

template <typename T>
void Write(Json& json, const char* key, const T& value, const T& usual) {
  if (value != usual) json[key] = value;
}

}  // namespace

Receipt ReceiptOf(const Source& source, const Machine& machine, const Loaded& loaded) {
  Receipt receipt;
  receipt.program = compiler::HashText(ir::Print(loaded.program));
  receipt.version = BNSYN_VERSION;
  receipt.network = source.path;
  receipt.sets = source.sets;
  receipt.seed = loaded.program.seed;
  receipt.steps = loaded.steps;
  receipt.machine = machine;
  return receipt;
}

Json ToJson(const Receipt& receipt) {
  Json settings = {{"network", receipt.network}};
  const Machine usual;
  const Machine& machine = receipt.machine;
  Write(settings, "set", receipt.sets, {});
  settings["seed"] = receipt.seed;
  settings["steps"] = receipt.steps;
  Write(settings, "backend", machine.backend, usual.backend);
  Write(settings, "propagation", machine.propagation, usual.propagation);
  Write(settings, "threads", machine.threads, usual.threads);
  Write(settings, "width", machine.width, usual.width);
  Write(settings, "layout", machine.layout, usual.layout);
  Write(settings, "optimization", machine.optimization, usual.optimization);
  Write(settings, "disabled_passes", machine.disabled_passes, {});
  Write(settings, "record", receipt.record.variables, {});
  Write(settings, "statistics", receipt.record.statistics, {});
  Write(settings, "record_every", receipt.record.every, {});
  Write(settings, "record_until", receipt.record.until, {});
  Write(settings, "format", receipt.record.format, RecordOptions().format);
  Write(settings, "synapses", receipt.synapses, {});
  Json json = {{"program", receipt.program},
               {"version", receipt.version},
               {"settings", settings},
               {"spikes", receipt.spikes},
               {"digest", receipt.digest}};
  if (!receipt.files.empty()) json["files"] = receipt.files;
  Write(json, "interrupted", receipt.interrupted, false);
  Write(json, "slow", receipt.slow, false);
  return json;
}

absl::StatusOr<Receipt> ReadReceipt(const Json& json, const std::string& where) {
  Receipt receipt;
  if (!json.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": expected a receipt, as `bnsyn run --json` prints it"));
  }
  // A report has the receipt as a part.
  if (json.contains("receipt")) return ReadReceipt(json["receipt"], where);
  for (const char* key : {"program", "version", "settings", "spikes", "digest"}) {
    if (!json.contains(key)) return Wrong(where, key, "there");
  }
  BNSYN_RETURN_IF_ERROR(Read(json, "program", "a hash", where, receipt.program));
  BNSYN_RETURN_IF_ERROR(Read(json, "version", "text", where, receipt.version));
  BNSYN_RETURN_IF_ERROR(Read(json, "spikes", "a number", where, receipt.spikes));
  BNSYN_RETURN_IF_ERROR(Read(json, "digest", "a hash", where, receipt.digest));
  BNSYN_RETURN_IF_ERROR(Read(json, "files", "names and hashes", where, receipt.files));
  BNSYN_RETURN_IF_ERROR(Read(json, "interrupted", "true", where, receipt.interrupted));
  BNSYN_RETURN_IF_ERROR(Read(json, "slow", "true", where, receipt.slow));

  const Json& settings = json["settings"];
  if (!settings.is_object()) return Wrong(where, "settings", "an object");
  for (const char* key : {"network", "seed", "steps"}) {
    if (!settings.contains(key)) return Wrong(where, key, "there");
  }
  const auto read = [&](const char* key, const char* expected, auto& value) {
    return Read(settings, key, expected, where, value);
  };
  Machine& machine = receipt.machine;
  BNSYN_RETURN_IF_ERROR(read("network", "a path", receipt.network));
  BNSYN_RETURN_IF_ERROR(read("set", "a list of texts", receipt.sets));
  BNSYN_RETURN_IF_ERROR(read("seed", "a number", receipt.seed));
  BNSYN_RETURN_IF_ERROR(read("steps", "a number", receipt.steps));
  BNSYN_RETURN_IF_ERROR(read("backend", "text", machine.backend));
  BNSYN_RETURN_IF_ERROR(read("propagation", "text", machine.propagation));
  BNSYN_RETURN_IF_ERROR(read("threads", "a number", machine.threads));
  BNSYN_RETURN_IF_ERROR(read("width", "a number", machine.width));
  BNSYN_RETURN_IF_ERROR(read("layout", "text", machine.layout));
  BNSYN_RETURN_IF_ERROR(read("optimization", "a number", machine.optimization));
  BNSYN_RETURN_IF_ERROR(read("disabled_passes", "a list of texts", machine.disabled_passes));
  BNSYN_RETURN_IF_ERROR(read("record", "a list of texts", receipt.record.variables));
  BNSYN_RETURN_IF_ERROR(read("statistics", "a list of texts", receipt.record.statistics));
  BNSYN_RETURN_IF_ERROR(read("record_every", "text", receipt.record.every));
  BNSYN_RETURN_IF_ERROR(read("record_until", "text", receipt.record.until));
  BNSYN_RETURN_IF_ERROR(read("format", "text", receipt.record.format));
  BNSYN_RETURN_IF_ERROR(read("synapses", "a list of texts", receipt.synapses));
  return receipt;
}

absl::StatusOr<std::string> HashOfFile(const std::string& path) {
  // Where HDF5 puts what it holds differs from run to run.
  if (absl::EndsWith(path, ".h5")) return HashOfHdf5(path);
  std::ifstream file(path, std::ios::binary);
  if (!file.good()) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  // A recording may be larger than the memory: each part is hashed behind the hash of those before.
  std::string hash;
  std::string part(size_t{1} << 20, '\0');
  while (file.read(part.data(), static_cast<std::streamsize>(part.size())) || file.gcount() > 0) {
    const auto size = static_cast<size_t>(file.gcount());
    hash = compiler::HashText(absl::StrCat(hash, absl::string_view(part).substr(0, size)));
  }
  if (file.bad()) return absl::UnavailableError(absl::StrCat("cannot read ", path));
  return hash.empty() ? compiler::HashText("") : hash;
}

}  // namespace bnsyn::tools
