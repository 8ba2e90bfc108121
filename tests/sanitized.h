// Whether a test is built with the sanitizer of addresses, by g++ or by clang: it takes terabytes
// of address space, and several times as long.
#ifndef BNSYN_TESTS_SANITIZED_H_
#define BNSYN_TESTS_SANITIZED_H_

#if !defined(__has_feature)
#define __has_feature(name) 0
#endif

namespace bnsyn {

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace bnsyn

#endif  // BNSYN_TESTS_SANITIZED_H_
