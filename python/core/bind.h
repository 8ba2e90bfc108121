// The parts of the extension: each adds its classes and functions to the module.
#ifndef BNSYN_PYTHON_CORE_BIND_H_
#define BNSYN_PYTHON_CORE_BIND_H_

#include <pybind11/pybind11.h>

#include <array>

#include "bnsyn/units.h"

namespace bnsyn::python {

void BindUnits(pybind11::module_& module);
void BindNetwork(pybind11::module_& module);
void BindSimulation(pybind11::module_& module);
void BindRecording(pybind11::module_& module);
void BindAnalysis(pybind11::module_& module);

// A dimension in Python: the halves of the exponents of m, kg, s, A, K, mol and cd.
using Halves = std::array<int, 7>;
Halves HalvesOf(const Dimension& dimension);
// An exception where an exponent is beyond what a dimension holds.
Dimension DimensionOf(const Halves& halves);

}  // namespace bnsyn::python

#endif  // BNSYN_PYTHON_CORE_BIND_H_
