// Array: the values of one state or node, of any element type. ArrayView: such values elsewhere.
#ifndef BNSYN_REFERENCE_ARRAY_H_
#define BNSYN_REFERENCE_ARRAY_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "ir/type.h"

namespace bnsyn::reference {

// `size` elements at `data`, laid out as C arrays of the element's type (bool: one byte).
struct ArrayView {
  ir::Element element = ir::Element::kF64;
  const void* data = nullptr;
  size_t size = 0;

  // The raw bits of element i, as ir::Bits describes them.
  ir::Bits bits(size_t i) const {
    const auto bytes = static_cast<size_t>(ir::ElementBytes(element));
    ir::Bits b = 0;
    std::memcpy(&b, static_cast<const char*>(data) + i * bytes, bytes);
    return b;
  }
};

class Array {
 public:
  Array() = default;
  Array(ir::Element element, size_t size) { Reshape(element, size); }

  // Makes room for so many values of that element, which are of any kind until they are set. Memory
  // that suffices is kept.
  void Reshape(ir::Element element, size_t size) {
    element_ = element;
    size_ = size;
    storage_.resize(size * static_cast<size_t>(ir::ElementBytes(element)));
  }

  ir::Element element() const { return element_; }
  size_t size() const { return size_; }
  ArrayView view() const { return {element_, storage_.data(), size_}; }

  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(storage_.data());
  }
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(storage_.data());
  }
  ir::Bits bits(size_t i) const { return view().bits(i); }
  void set_bits(size_t i, ir::Bits b) {
    const auto bytes = static_cast<size_t>(ir::ElementBytes(element_));
    std::memcpy(storage_.data() + i * bytes, &b, bytes);
  }
  void Fill(ir::Bits b) {
    for (size_t i = 0; i < size_; ++i) set_bits(i, b);
  }

 private:
  ir::Element element_ = ir::Element::kF64;
  size_t size_ = 0;
  std::vector<unsigned char> storage_;  // allocated by operator new: aligned for every element
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_ARRAY_H_
