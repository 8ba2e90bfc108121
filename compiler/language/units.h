// What code needs of units beyond bnsyn/units.h: symbols (unit_symbols.cc), decimal numbers, and the
// words of error messages (dimension_words.cc, unit_guess.cc). unit_parser.cc has ParseUnit.
#ifndef BNSYN_COMPILER_LANGUAGE_UNITS_H_
#define BNSYN_COMPILER_LANGUAGE_UNITS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bnsyn/units.h"  // IWYU pragma: export

namespace bnsyn {

// Exponents of a dimension stay below this. Products and powers beyond it saturate here; callers
// that take users' input refuse them.
inline constexpr int kMaxDimensionExponent = 60;

// In words a person uses: "volt", "volt/second", "siemens", "a number without unit".
std::string DescribeDimension(const Dimension& dimension);

// The unit people would print for a dimension: "mV" for a voltage, "nS" for a conductance; "" for a
// number without unit.
std::string DisplayUnit(const Dimension& dimension);

// The unit of a single symbol with optional prefix, for the expression parser.
std::optional<Unit> UnitSymbol(absl::string_view symbol);
// All symbols.
std::vector<std::string> UnitSymbols();
// What to write instead of a text that is no unit: " (did you mean 'Mohm'?)", or "" where there is
// no good guess. The guess never has another prefix, which would be another magnitude.
std::string UnitGuess(absl::string_view text);
// What to write for a unit that there is not, as "celsius"; else "".
std::string UnitAdvice(absl::string_view text);
// A symbol as a word of two letters or more: "second" of "s"; "" where there is none.
std::string LongName(absl::string_view symbol);

// The numbers pi, e (of the natural logarithm) and inf, and constants of physics: gas_constant,
// zero_celsius, ... Names of a network may hide them.
std::optional<Quantity> NamedConstant(absl::string_view name);

// The decimal number `text` ("2.5", ".1", "3e-4", without sign) times 10^exponent, rounded once;
// nullopt if it is no number or is beyond the range of a double.
std::optional<double> ScaledDecimal(absl::string_view text, int exponent);

}  // namespace bnsyn

#endif  // BNSYN_COMPILER_LANGUAGE_UNITS_H_
