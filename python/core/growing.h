// A vector that grows while others look at what it had.
#ifndef BNSYN_PYTHON_CORE_GROWING_H_
#define BNSYN_PYTHON_CORE_GROWING_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/types/span.h"

namespace bnsyn::python {

// Numbers in order. A view is the present vector and its size: what it sees is never written again
// and never moves. Where the vector has no room left, a longer one takes its place, and the old one
// lives as long as a view of it.
template <typename T>
class Growing {
 public:
  void Append(absl::Span<const T> values) {
    const size_t size = values_->size() + values.size();
    if (size > values_->capacity()) Replace(values_->size(), std::max(size, 2 * values_->capacity()));
    values_->insert(values_->end(), values.begin(), values.end());
  }

  // Drops all but the first values. What comes in their place must not be seen by earlier views.
  void Truncate(size_t size) {
    if (size >= values_->size()) return;
    if (values_.use_count() > 1) {
      Replace(size, size);
    } else {
      values_->resize(size);
    }
  }

  size_t size() const { return values_->size(); }
  const T& operator[](size_t i) const { return (*values_)[i]; }
  absl::Span<const T> span() const { return *values_; }
  std::shared_ptr<const std::vector<T>> view() const { return values_; }

 private:
  void Replace(size_t kept, size_t capacity) {
    auto longer = std::make_shared<std::vector<T>>();
    longer->reserve(capacity);
    longer->insert(longer->end(), values_->begin(),
                   values_->begin() + static_cast<std::ptrdiff_t>(kept));
    values_ = std::move(longer);
  }

  std::shared_ptr<std::vector<T>> values_ = std::make_shared<std::vector<T>>();
};

}  // namespace bnsyn::python

#endif  // BNSYN_PYTHON_CORE_GROWING_H_
