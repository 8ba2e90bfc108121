// Units as the library parses and prints them.
#include <pybind11/stl.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "compiler/language/units.h"
#include "python/core/bind.h"
#include "python/core/status.h"

namespace py = pybind11;

namespace bnsyn::python {

Halves HalvesOf(const Dimension& dimension) {
  Halves halves;
  for (size_t i = 0; i < halves.size(); ++i) halves[i] = dimension.halves[i];
  return halves;
}

Dimension DimensionOf(const Halves& halves) {
  Dimension dimension;
  for (size_t i = 0; i < halves.size(); ++i) {
    if (std::abs(halves[i]) > kMaxDimensionExponent) {
      Raise(
          absl::InvalidArgumentError(absl::StrCat("a dimension has the exponent ", 0.5 * halves[i],
                                                  ", which is beyond what units can have")));
    }
    dimension.halves[i] = static_cast<int8_t>(halves[i]);
  }
  return dimension;
}

void BindUnits(py::module_& module) {
  module.def("describe_dimension",
             [](const Halves& halves) { return DescribeDimension(DimensionOf(halves)); });
  module.def("display_unit", [](const Halves& halves) { return DisplayUnit(DimensionOf(halves)); });
  // The dimension of a unit, and 1 of it in the internal system.
  module.def("parse_unit", [](const std::string& text) {
    const std::optional<Unit> unit = ParseUnit(text);
    if (!unit.has_value()) {
      Raise(absl::InvalidArgumentError(
          absl::StrCat("'", text, "' is no unit", UnitGuess(text), UnitAdvice(text))));
    }
    return std::pair(HalvesOf(unit->dimension), Quantity(1, *unit).value);
  });
}

}  // namespace bnsyn::python
