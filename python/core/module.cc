// The extension bnsyn._core: what the package needs of the library. Users call the package.
#include <pybind11/pybind11.h>

#include "python/core/bind.h"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiler and the runtime of bnsyn; the package bnsyn is what to call.";
  bnsyn::python::BindUnits(module);
  bnsyn::python::BindNetwork(module);
  bnsyn::python::BindSimulation(module);
  bnsyn::python::BindRecording(module);
  bnsyn::python::BindAnalysis(module);
}
