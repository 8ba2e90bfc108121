#include "python/core/status.h"

#include <pybind11/pybind11.h>

#include <string>

namespace py = pybind11;

namespace bnsyn::python {

void Raise(const absl::Status& error) {
  const py::object exception =
      py::module_::import("bnsyn.errors")
          .attr("of_status")(absl::StatusCodeToString(error.code()), std::string(error.message()));
  PyErr_SetObject(py::type::handle_of(exception).ptr(), exception.ptr());
  throw py::error_already_set();
}

}  // namespace bnsyn::python
