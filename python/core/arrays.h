// Arrays of NumPy over the memory of C++, which they keep alive.
#ifndef BNSYN_PYTHON_CORE_ARRAYS_H_
#define BNSYN_PYTHON_CORE_ARRAYS_H_

#include <pybind11/numpy.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"

namespace bnsyn::python {

namespace py = pybind11;

// The first numbers of a vector, as many as the shape has. The array cannot be written, and keeps
// the vector alive.
template <typename T>
py::array_t<T> ViewOf(std::shared_ptr<const std::vector<T>> values,
                      std::vector<py::ssize_t> shape) {
  const T* const data = values->data();
  auto* const owner = new std::shared_ptr<const std::vector<T>>(std::move(values));
  const py::capsule base(
      owner, [](void* held) { delete static_cast<std::shared_ptr<const std::vector<T>>*>(held); });
  py::array_t<T> view(std::move(shape), data, base);
  view.attr("setflags")(py::arg("write") = false);
  return view;
}

// An array that owns the values, without copying them.
template <typename T>
py::array_t<T> ArrayOf(std::vector<T> values) {
  auto* const owner = new std::vector<T>(std::move(values));
  const py::capsule base(owner, [](void* held) { delete static_cast<std::vector<T>*>(held); });
  return py::array_t<T>({static_cast<py::ssize_t>(owner->size())}, owner->data(), base);
}

// An argument: numbers of one dimension, converted where they are of another type.
template <typename T>
using Numbers = py::array_t<T, py::array::c_style | py::array::forcecast>;

template <typename T>
absl::Span<const T> SpanOf(const Numbers<T>& numbers) {
  return {numbers.data(), static_cast<size_t>(numbers.size())};
}

template <typename T>
std::vector<T> VectorOf(const Numbers<T>& numbers) {
  return {numbers.data(), numbers.data() + numbers.size()};
}

}  // namespace bnsyn::python

#endif  // BNSYN_PYTHON_CORE_ARRAYS_H_
