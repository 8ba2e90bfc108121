// Network files: models of synapses, and the pathways of projections.
#include "compiler/description/toml_synapses.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/model_library.h"

namespace bnsyn::compiler {
namespace {

class SynapseReader : public SynapseCodeReader {
 public:
  using SynapseCodeReader::SynapseCodeReader;

  absl::Status Read(const TomlNode& table) {
    Synapse synapse;
    synapse.name = table.key;
    synapse.place = document_.KeyPlace(table);
    Begin(table, synapse.code);
    BNSYN_RETURN_IF_ERROR(
        ReadKeys(table, absl::StrCat("[synapses.", table.key, "]"), SynapseKeys(), synapse));
    BNSYN_RETURN_IF_ERROR(ReadIntegration(table, synapse.code.integration));
    BNSYN_RETURN_IF_ERROR(ReadParameters(table, synapse));
    std::vector<std::string> known;
    for (const Synapse::Need& need : synapse.needs) known.push_back(need.name);
    for (const auto& [name, value] : synapse.parameters) known.push_back(name);
    BNSYN_ASSIGN_OR_RETURN(synapse.tunable, ReadTunable(table, known));
    reading_.synapses.emplace(synapse.name, static_cast<uint32_t>(network_.synapses.size()));
    network_.AddSynapse(std::move(synapse));
    return absl::OkStatus();
  }

 private:
  // A parameter has a value, or, as { unit = "volt" }, one that each projection gives.
  absl::Status ReadParameters(const TomlNode& table, Synapse& synapse) const {
    const TomlNode* parameters = table.Find("parameters");
    if (parameters == nullptr) return absl::OkStatus();
    BNSYN_RETURN_IF_ERROR(Expect(*parameters, TomlKind::kTable, "'parameters'"));
    for (const TomlNode& child : parameters->children) {
      const TomlNode* unit = child.kind == TomlKind::kTable ? child.Find("unit") : nullptr;
      if (unit == nullptr) {
        BNSYN_ASSIGN_OR_RETURN(Setting value, ReadChanging(child));
        synapse.parameters.emplace_back(child.key, std::move(value));
        continue;
      }
      BNSYN_RETURN_IF_ERROR(CheckKeys(child, absl::StrCat("'", child.key, "'"), {"unit"}));
      BNSYN_ASSIGN_OR_RETURN(ir::SourceText text, ReadText(*unit));
      synapse.needs.push_back({child.key, std::move(text)});
    }
    return absl::OkStatus();
  }
};

}  // namespace

absl::Status ReadSynapse(Reading& reading, const TomlNode& table) {
  return SynapseReader(reading).Read(table);
}

absl::StatusOr<SynapseHandle> FindSynapse(Reading& reading, const TomlNode& name) {
  const std::string& wanted = name.text.text;
  const auto found = reading.synapses.find(wanted);
  if (found != reading.synapses.end()) return SynapseHandle{found->second};
  std::vector<std::string> known;
  for (const Synapse& synapse : reading.network.synapses) known.push_back(synapse.name);
  for (const LibraryModel& library : SynapseLibrary()) {
    known.emplace_back(library.name);
    if (library.name != wanted) continue;
    BNSYN_ASSIGN_OR_RETURN(Synapse synapse, ReadLibrarySynapse(library.name));
    const SynapseHandle handle = reading.network.AddSynapse(std::move(synapse));
    reading.synapses.emplace(wanted, handle.index);
    return handle;
  }
  const std::string missing = absl::StrCat("there is no model of synapses '", wanted, "'");
  const std::string here = ModelsElsewhere(SynapseLibrary(), wanted);
  if (!here.empty()) return reading.document.ErrorAtValue(name, missing, here);
  if (HasModel(ModelLibrary(), wanted)) {
    return reading.document.ErrorAtValue(
        name, missing, absl::StrCat("'", wanted, "' is a model of neurons: a population names it"));
  }
  return reading.document.ErrorAtValue(
      name, absl::StrCat(missing, ir::DidYouMean(wanted, known)),
      absl::StrCat("define it under [synapses.", wanted, "], or take one of ",
                   absl::StrJoin(known, ", ")));
}

absl::Status SynapseCodeReader::ReadField(const TomlNode& node, const Field& field) {
  const bool on_post = node.key == "on_post";
  if (node.kind != TomlKind::kTable || (node.key != "on_pre" && !on_post)) {
    return TomlReader::ReadField(node, field);
  }
  if (node.Find("code") != nullptr) return ReadPathway(node, kMainPathway, on_post);
  for (const TomlNode& child : node.children) {
    const bool main = child.key == (on_post ? "post" : "pre");
    BNSYN_RETURN_IF_ERROR(ReadPathway(child, main ? kMainPathway : child.key, on_post));
  }
  return absl::OkStatus();
}

// The code of a pathway, or a table with its code and what PathwayOptions has.
absl::Status SynapseCodeReader::ReadPathway(const TomlNode& node, const std::string& name,
                                            bool on_post) {
  Pathway pathway;
  pathway.name = name;
  pathway.place = document_.KeyPlace(node);
  pathway.on_post = on_post;
  if (node.kind == TomlKind::kTable) {
    BNSYN_RETURN_IF_ERROR(
        ReadKeys(node, absl::StrCat("the pathway '", node.key, "'"), PathwayKeys(), pathway));
    BNSYN_RETURN_IF_ERROR(ReadOrder(node, pathway.options));
  } else {
    BNSYN_ASSIGN_OR_RETURN(pathway.code, ReadText(node));
  }
  if (name != kMainPathway) {
    options_->pathways.push_back(std::move(pathway));
    return absl::OkStatus();
  }
  return TakeMain(node, std::move(pathway));
}

// The main pathway has the delay and the event of the projection.
absl::Status SynapseCodeReader::TakeMain(const TomlNode& node, Pathway main) {
  ConnectOptions& options = *options_;
  const bool on_post = main.on_post;
  for (const absl::string_view key : {on_post ? "post_delay" : "delay", "event"}) {
    const TomlNode* const own = node.Find(key == "event" ? "event" : "delay");
    if (own == nullptr || table_->Find(key) == nullptr || (on_post && key == "event")) continue;
    return document_.ErrorAtKey(*own,
                                absl::StrCat("the projection has '", std::string(key), "' already"),
                                "it is that of the main pathway: leave one of the two out");
  }
  (on_post ? options.on_post : options.on_pre) = std::move(main.code);
  (on_post ? options.post_order : options.pre_order) = main.options.order;
  if (main.options.delay.has_value()) {
    (on_post ? options.post_delay : options.delay) = std::move(main.options.delay);
  }
  if (!main.options.event.text.empty()) {
    (on_post ? options.post_event : options.event) = std::move(main.options.event);
  }
  return absl::OkStatus();
}

absl::Status SynapseCodeReader::ReadOrder(const TomlNode& node, PathwayOptions& options) const {
  const TomlNode* const order = node.Find("order");
  if (order == nullptr) return absl::OkStatus();
  BNSYN_RETURN_IF_ERROR(Expect(*order, TomlKind::kInteger, "'order'"));
  constexpr int64_t kMost = 1'000'000'000;
  if (order->integer < -kMost || order->integer > kMost) {
    return document_.ErrorAtValue(*order, "an order is a small whole number",
                                  "on_pre code has -1, on_post code 1 if nothing is said");
  }
  options.order = static_cast<int>(order->integer);
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
