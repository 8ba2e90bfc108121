// What the fuzz targets demand. Whatever it is, libFuzzer keeps the input that breaks it.
#ifndef BNSYN_TESTS_LIBFUZZER_REQUIRE_H_
#define BNSYN_TESTS_LIBFUZZER_REQUIRE_H_

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"

namespace bnsyn::fuzz {

inline void Require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "required: %s\n", what.c_str());
  std::abort();
}

// An error is of the input, and says what is wrong with it.
inline void RequireClear(const absl::Status& status) {
  Require(!absl::IsInternal(status) && !absl::IsUnknown(status) && !status.message().empty(),
          "a clear error, not " + status.ToString());
}

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_LIBFUZZER_REQUIRE_H_
