// Objects of LLVM where memory runs out. LLVM is built without exceptions: a bad_alloc that passes
// through it leaves its objects half changed, and their destructors would fail. They are lost
// instead.
#ifndef BNSYN_COMPILER_EMISSION_UNLESS_THROWN_H_
#define BNSYN_COMPILER_EMISSION_UNLESS_THROWN_H_

#include <exception>
#include <new>
#include <utility>

namespace bnsyn::compiler {

// Deletes an object, as far as there is memory: some destructors of LLVM need some.
template <typename T>
void DeleteOrLose(T* object) {
  try {
    delete object;
  } catch (const std::bad_alloc&) {
    // What is left of it is lost.
  }
}

// Holds an object, which it destroys unless an exception passes.
template <typename T>
class UnlessThrown {
 public:
  template <typename... Arguments>
  explicit UnlessThrown(Arguments&&... arguments)
      : object_(new T{std::forward<Arguments>(arguments)...}) {}
  ~UnlessThrown() {
    if (std::uncaught_exceptions() == exceptions_) DeleteOrLose(object_);
  }
  UnlessThrown(const UnlessThrown&) = delete;
  UnlessThrown& operator=(const UnlessThrown&) = delete;

  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }

 private:
  const int exceptions_ = std::uncaught_exceptions();
  T* const object_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_UNLESS_THROWN_H_
