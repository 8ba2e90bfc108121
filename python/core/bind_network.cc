// Networks: read from text, changed, explained and dumped; and the model library.
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bnsyn/network.h"
#include "bnsyn/sonata.h"
#include "compiler/description/model_library.h"
#include "compiler/lowering/lower.h"
#include "ir/diagnostic.h"
#include "python/core/arrays.h"
#include "python/core/bind.h"
#include "python/core/status.h"
#include "runtime/stages.h"

namespace bnsyn::python {
namespace {

std::vector<std::string> NamesOf(const Settings& settings) {
  std::vector<std::string> names;
  for (const auto& [name, value] : settings) names.push_back(name);
  return names;
}

// The names of populations, groups, projections and stimuli.
py::dict NamesOfParts(const Network& network) {
  py::dict names;
  const auto add = [&](const char* part, const auto& described) {
    py::list list;
    for (const auto& one : described) list.append(one.name);
    names[part] = list;
  };
  add("populations", network.populations);
  add("groups", network.groups);
  add("projections", network.projections);
  add("stimuli", network.stimuli);
  return names;
}

void AddFile(Network& network, const std::string& name, const std::vector<std::string>& names,
             const std::vector<Numbers<double>>& values) {
  FileColumns columns;
  columns.names = names;
  for (const Numbers<double>& column : values) columns.values.push_back(VectorOf(column));
  network.AddFile(name, std::move(columns));
}

std::string DumpStage(const Network& network, const std::string& stage, int threads) {
  const std::vector<std::string> stages = AllStages();
  if (std::find(stages.begin(), stages.end(), stage) == stages.end()) {
    Raise(absl::InvalidArgumentError(
        absl::StrCat("there is no stage '", stage, "'", ir::DidYouMean(stage, stages),
                     "; the stages are ", absl::StrJoin(stages, ", "))));
  }
  if (stage == kEquationsStage) return Take(ExplainEquations(network));
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.threads = threads;
  const StageTexts texts =
      Take(DumpNetwork(network, options, [&](const std::string& name) { return name == stage; }));
  std::string all;
  for (const auto& [name, text] : texts) all += text;
  return all;
}

template <typename Library>
std::vector<std::string> NamesIn(const Library& library) {
  std::vector<std::string> names;
  for (const compiler::LibraryModel& model : library) names.emplace_back(model.name);
  return names;
}

}  // namespace

void BindNetwork(py::module_& module) {
  py::class_<Network, std::shared_ptr<Network>>(module, "Network")
      .def_static(
          "parse",
          [](const std::string& text, const std::string& file, const std::string& directory) {
            return std::make_shared<Network>(Take(ParseNetwork(text, file, directory)));
          })
      .def_static("read_sonata",
                  [](const std::string& config) {
                    return std::make_shared<Network>(Take(ReadSonata(config)));
                  })
      .def("names", NamesOfParts)
      .def("set", [](Network& network, const std::string& path,
                     const std::string& value) { Check(network.Set(path, value)); })
      .def("add_file", AddFile)
      .def("duration_steps", [](const Network& network) { return Take(DurationSteps(network)); })
      .def("dump", DumpStage);
  module.def("stages", AllStages);
  module.def("library_models", [] { return NamesIn(compiler::ModelLibrary()); });
  module.def("library_synapses", [] { return NamesIn(compiler::SynapseLibrary()); });
  module.def("library_text", [](const std::string& name) {
    const bool synapse = compiler::HasModel(compiler::SynapseLibrary(), name);
    const auto library = synapse ? compiler::SynapseLibrary() : compiler::ModelLibrary();
    return std::string(Take(compiler::FindLibraryModel(library, name)).text);
  });
  // The names of the parameters of a model of the library.
  module.def("library_parameters", [](const std::string& name) {
    const Model model = Take(ReadLibraryModel(name));
    std::vector<std::string> names = NamesOf(model.parameters);
    for (const Model::Numbering& numbering : model.numbered) {
      for (const SourceText& parameter : numbering.parameters) names.push_back(parameter.text);
    }
    return names;
  });
}

}  // namespace bnsyn::python
