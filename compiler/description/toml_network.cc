// Network files: TOML to a Network. Every key is known or an error; values keep their places, and
// what they mean is checked by LowerNetwork.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bnsyn/network.h"
#include "compiler/description/model_library.h"
#include "compiler/description/settings.h"
#include "compiler/description/toml_reader.h"
#include "ir/file.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"

namespace bnsyn {
namespace {

using compiler::TomlDocument;
using compiler::TomlKind;
using compiler::TomlNode;

class NetworkReader : public compiler::TomlReader {
 public:
  NetworkReader(compiler::Reading& reading, std::string directory) : TomlReader(reading) {
    network_.options.directory = std::move(directory);
    network_.options.name = std::filesystem::path(document_.source.name).stem().string();
  }

  absl::Status Read() {
    const TomlNode& root = document_.root;
    BNSYN_RETURN_IF_ERROR(
        CheckKeys(root, "a network file",
                  {"network", "constants", "tables", "models", "synapses", "populations", "groups",
                   "stimuli", "projections", "uniform", "record"}));
    if (root.Find("models") == nullptr && root.Find("synapses") == nullptr &&
        root.Find("populations") == nullptr) {
      return ir::ErrorAt(document_.source, {}, "this network has no populations",
                         "they are written [populations.NAME], model = \"lif_exp\", size = 100");
    }
    // In this order whatever the file's, since the later ones name the earlier ones.
    if (const TomlNode* node = root.Find("network")) {
      BNSYN_RETURN_IF_ERROR(ReadKeys(*node, "[network]", compiler::NetworkKeys(), network_));
    }
    if (const TomlNode* node = root.Find("constants")) {
      BNSYN_ASSIGN_OR_RETURN(network_.constants, ReadSettings(*node));
    }
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("models"),
                                       [this](const TomlNode& table) { return ReadModel(table); }));
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("synapses"), [this](const TomlNode& table) {
      return compiler::ReadSynapse(reading_, table);
    }));
    BNSYN_RETURN_IF_ERROR(ForEachTable(
        root.Find("populations"), [this](const TomlNode& table) { return ReadPopulation(table); }));
    if (const TomlNode* node = root.Find("groups")) BNSYN_RETURN_IF_ERROR(ReadGroups(*node));
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("tables"), [this](const TomlNode& table) {
      return compiler::ReadTable(reading_, table);
    }));
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("stimuli"), [this](const TomlNode& table) {
      return compiler::ReadStimulus(reading_, table);
    }));
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("projections"), [this](const TomlNode& table) {
      return compiler::ReadProjection(reading_, table);
    }));
    if (const TomlNode* node = root.Find("uniform")) BNSYN_RETURN_IF_ERROR(ReadUniform(*node));
    BNSYN_RETURN_IF_ERROR(ForEachTable(root.Find("record"), [this](const TomlNode& table) {
      return compiler::ReadRecord(reading_, table);
    }));
    return absl::OkStatus();
  }

 private:
  absl::Status ForEachTable(const TomlNode* node,
                            absl::FunctionRef<absl::Status(const TomlNode&)> read) {
    if (node == nullptr) return absl::OkStatus();
    BNSYN_RETURN_IF_ERROR(Expect(*node, TomlKind::kTable, absl::StrCat("'", node->key, "'")));
    for (const TomlNode& child : node->children) {
      if (child.kind != TomlKind::kTable) {
        return document_.ErrorAtKey(child,
                                    absl::StrCat("'", child.key, "' must be a table, not ",
                                                 std::string(DescribeTomlKind(child.kind))),
                                    absl::StrCat("write it under a header [", node->key, ".NAME]"));
      }
      BNSYN_RETURN_IF_ERROR(read(child));
    }
    return absl::OkStatus();
  }

  static std::vector<std::string> Names(const Settings& settings) {
    std::vector<std::string> names;
    for (const auto& [name, value] : settings) names.push_back(name);
    return names;
  }

  // events = { burst = "V > V_b" }, and on_event = { burst = "..." } for what some of them do.
  absl::Status ReadEvents(const TomlNode& table, Model& model) const {
    const TomlNode* events = table.Find("events");
    if (events != nullptr) {
      BNSYN_RETURN_IF_ERROR(Expect(*events, TomlKind::kTable, "'events'"));
      for (const TomlNode& event : events->children) {
        BNSYN_ASSIGN_OR_RETURN(ir::SourceText condition, ReadText(event));
        model.events.push_back({event.key, document_.KeyPlace(event), std::move(condition), {}});
      }
    }
    const TomlNode* codes = table.Find("on_event");
    if (codes == nullptr) return absl::OkStatus();
    BNSYN_RETURN_IF_ERROR(Expect(*codes, TomlKind::kTable, "'on_event'"));
    for (const TomlNode& code : codes->children) {
      const auto event =
          std::find_if(model.events.begin(), model.events.end(),
                       [&](const Model::NamedEvent& known) { return known.name == code.key; });
      if (event == model.events.end()) {
        std::vector<std::string> known;
        for (const Model::NamedEvent& other : model.events) known.push_back(other.name);
        return document_.ErrorAtKey(
            code,
            absl::StrCat("the model has no event '", code.key, "'",
                         ir::DidYouMean(code.key, known)),
            code.key == "spike"
                ? "what a spike does stands under 'reset'"
                : absl::StrCat("say when it happens: events = { ", code.key, " = \"V > V_b\" }"));
      }
      BNSYN_ASSIGN_OR_RETURN(event->code, ReadText(code));
    }
    return absl::OkStatus();
  }

  // numbered = { k = ["tau_syn", "E_rev"] }.
  absl::Status ReadNumbered(const TomlNode& table, Model& model) const {
    const TomlNode* numbered = table.Find("numbered");
    if (numbered == nullptr) return absl::OkStatus();
    BNSYN_RETURN_IF_ERROR(Expect(*numbered, TomlKind::kTable, "'numbered'"));
    for (const TomlNode& index : numbered->children) {
      Model::Numbering& numbering = model.numbered.emplace_back();
      numbering.index = document_.KeyPlace(index);
      BNSYN_ASSIGN_OR_RETURN(const std::vector<const TomlNode*> names, ReadNames(index));
      for (const TomlNode* name : names) numbering.parameters.push_back(name->text);
    }
    return absl::OkStatus();
  }

  absl::Status ReadModel(const TomlNode& table) {
    Model model(table.key);
    model.place = document_.KeyPlace(table);
    BNSYN_RETURN_IF_ERROR(
        ReadKeys(table, absl::StrCat("[models.", table.key, "]"), compiler::ModelKeys(), model));
    BNSYN_RETURN_IF_ERROR(ReadEvents(table, model));
    BNSYN_RETURN_IF_ERROR(ReadNumbered(table, model));
    BNSYN_RETURN_IF_ERROR(ReadIntegration(table, model.integration));
    std::vector<std::string> parameters = Names(model.parameters);
    for (const Model::Numbering& numbering : model.numbered) {
      for (const ir::SourceText& name : numbering.parameters) parameters.push_back(name.text);
    }
    BNSYN_ASSIGN_OR_RETURN(model.tunable, ReadTunable(table, parameters));
    AddModel(std::move(model));
    return absl::OkStatus();
  }

  uint32_t AddModel(Model model) {
    const auto index = static_cast<uint32_t>(network_.models.size());
    reading_.models.emplace(model.name, index);
    network_.models.push_back(std::move(model));
    return index;
  }

  // The model a population names: one of the file, else one of the library.
  absl::StatusOr<uint32_t> FindModel(const TomlNode& name) {
    const auto found = reading_.models.find(name.text.text);
    if (found != reading_.models.end()) return found->second;
    std::vector<std::string> known;
    for (const Model& model : network_.models) known.push_back(model.name);
    for (const compiler::LibraryModel& library : compiler::ModelLibrary()) {
      known.emplace_back(library.name);
      if (library.name != name.text.text) continue;
      BNSYN_ASSIGN_OR_RETURN(Model model, ReadLibraryModel(library.name));
      return AddModel(std::move(model));
    }
    const std::string missing = absl::StrCat("there is no model '", name.text.text, "'");
    const std::string here = compiler::ModelsElsewhere(compiler::ModelLibrary(), name.text.text);
    if (!here.empty()) return document_.ErrorAtValue(name, missing, here);
    if (compiler::HasModel(compiler::SynapseLibrary(), name.text.text)) {
      return document_.ErrorAtValue(name, missing,
                                    absl::StrCat("'", name.text.text,
                                                 "' is a model of synapses: a projection names "
                                                 "it"));
    }
    // "lif" is the beginning of several names, and no misspelling of "eif".
    std::vector<std::string> longer = known;
    std::erase_if(longer, [&](const std::string& other) {
      return !absl::StartsWith(other, absl::StrCat(name.text.text, "_"));
    });
    if (!longer.empty()) {
      return document_.ErrorAtValue(
          name, missing, absl::StrCat("models of that kind are ", absl::StrJoin(longer, ", ")));
    }
    return document_.ErrorAtValue(name,
                                  absl::StrCat(missing, ir::DidYouMean(name.text.text, known)),
                                  absl::StrCat("define it under [models.", name.text.text,
                                               "], or take one of ", absl::StrJoin(known, ", ")));
  }

  // A population with a method, substeps, an order or a spike_time of its own has a model of its
  // own, in which these replace those of `model`.
  absl::StatusOr<uint32_t> WithIntegration(const TomlNode& table, uint32_t model) {
    const auto given = [&](const char* key) { return table.Find(key) != nullptr; };
    if (!given("method") && !given("substeps") && !given("order") && !given("spike_time")) {
      return model;
    }
    Model own = network_.models[model];
    own.name = absl::StrCat(own.name, "_of_", table.key);
    if (given("method")) {
      own.integration.method = {};
      own.integration.methods.clear();
    }
    if (given("order")) own.integration.order.clear();
    BNSYN_RETURN_IF_ERROR(
        ReadOwnKeys(table, compiler::IntegrationKeys(), own, compiler::kAnyKind, ""));
    BNSYN_RETURN_IF_ERROR(ReadIntegration(table, own.integration));
    return AddModel(std::move(own));
  }

  absl::Status ReadPopulation(const TomlNode& table) {
    Network::PopulationDescription population;
    population.name = table.key;
    population.place = document_.KeyPlace(table);
    BNSYN_RETURN_IF_ERROR(ReadKeys(table, absl::StrCat("[populations.", table.key, "]"),
                                   compiler::PopulationKeys(), population));
    const TomlNode& model = *table.Find("model");
    BNSYN_RETURN_IF_ERROR(Expect(model, TomlKind::kString, "'model'"));
    BNSYN_ASSIGN_OR_RETURN(const uint32_t named, FindModel(model));
    BNSYN_ASSIGN_OR_RETURN(population.model, WithIntegration(table, named));
    reading_.neurons.insert(population.name);
    network_.populations.push_back(std::move(population));
    return absl::OkStatus();
  }

  // [groups] left = "exc[0:400]", or a table with these neurons and initial values of theirs. A
  // group may be a part of one that stands behind it.
  absl::Status ReadGroups(const TomlNode& table) {
    BNSYN_RETURN_IF_ERROR(Expect(table, TomlKind::kTable, "'groups'"));
    for (const TomlNode& node : table.children) reading_.neurons.insert(node.key);
    for (const TomlNode& node : table.children) {
      Network::GroupDescription group;
      group.name = node.key;
      group.place = document_.KeyPlace(node);
      const TomlNode* text = &node;
      if (node.kind == TomlKind::kTable) {
        BNSYN_RETURN_IF_ERROR(
            ReadKeys(node, absl::StrCat("[groups.", node.key, "]"), compiler::GroupKeys(), group));
        text = node.Find("neurons");
      }
      if (text->kind != TomlKind::kString) {
        return document_.ErrorAtValue(*text, absl::StrCat("'", text->key, "' must name neurons"),
                                      "as in left = \"exc[0:400]\"");
      }
      BNSYN_ASSIGN_OR_RETURN(group.neurons, ReadNeurons(*text));
      network_.groups.push_back(std::move(group));
    }
    return absl::OkStatus();
  }

  absl::Status ReadUniform(const TomlNode& table) {
    Network::UniformDescription& uniform = network_.uniform;
    BNSYN_RETURN_IF_ERROR(ReadKeys(table, "[uniform]", compiler::UniformKeys(), uniform));
    BNSYN_ASSIGN_OR_RETURN(uniform.tunable, ReadTunable(table, Names(uniform.parameters)));
    return absl::OkStatus();
  }
};

}  // namespace

absl::StatusOr<Network> ParseNetwork(absl::string_view text, const std::string& file,
                                     const std::string& directory) {
  return ir::WithinMemory([&]() -> absl::StatusOr<Network> {
    BNSYN_ASSIGN_OR_RETURN(const TomlDocument document, compiler::ParseToml(text, file));
    Network network;
    compiler::Reading reading = {document, network};
    BNSYN_RETURN_IF_ERROR(NetworkReader(reading, directory).Read());
    return network;
  });
}

absl::StatusOr<Model> ReadLibraryModel(absl::string_view name) {
  return ir::WithinMemory([&]() -> absl::StatusOr<Model> {
    BNSYN_ASSIGN_OR_RETURN(const compiler::LibraryModel library,
                           compiler::FindLibraryModel(compiler::ModelLibrary(), name));
    BNSYN_ASSIGN_OR_RETURN(
        Network network,
        ParseNetwork(library.text, absl::StrCat("models/", std::string(name), ".toml")));
    // A file of the library defines one model, of its own name; a test holds them to it.
    return std::move(network.models.front());
  });
}

absl::StatusOr<Synapse> ReadLibrarySynapse(absl::string_view name) {
  return ir::WithinMemory([&]() -> absl::StatusOr<Synapse> {
    BNSYN_ASSIGN_OR_RETURN(const compiler::LibraryModel library,
                           compiler::FindLibraryModel(compiler::SynapseLibrary(), name));
    BNSYN_ASSIGN_OR_RETURN(
        Network network,
        ParseNetwork(library.text, absl::StrCat("models/synapses/", std::string(name), ".toml")));
    return std::move(network.synapses.front());
  });
}

absl::StatusOr<Network> ReadNetwork(const std::string& path) {
  return ir::WithinMemory([&]() -> absl::StatusOr<Network> {
    BNSYN_ASSIGN_OR_RETURN(const std::string text, ir::ReadFile(path, ir::kMostDescription));
    const std::string parent = std::filesystem::path(path).parent_path().string();
    return ParseNetwork(text, path, parent.empty() ? "." : parent);
  });
}

}  // namespace bnsyn
