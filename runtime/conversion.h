// Between doubles, which hosts speak, and values of elements.
#ifndef BNSYN_RUNTIME_CONVERSION_H_
#define BNSYN_RUNTIME_CONVERSION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ir/program.h"

namespace bnsyn {

// The nearest double.
double ToDouble(ir::Element element, ir::Bits bits);

// The same; an error of `name` for an integer beyond 2^53, which a double may not hold.
absl::StatusOr<double> ToExactDouble(ir::Element element, ir::Bits bits, absl::string_view name);

// A float rounds to the nearest; every other element must be able to hold the value exactly, or the
// error says so of `name`. An i64 takes doubles up to 2^53, where they are exact.
absl::StatusOr<ir::Bits> FromDouble(ir::Element element, double value, absl::string_view name);

// "3", "0.1", "nan": shortest digits that read back the same.
std::string ShowNumber(double value);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_CONVERSION_H_
