#include "absl/strings/str_cat.h"
#include "compiler/language/code_emitter.h"
#include "compiler/language/code_integer.h"

namespace bnsyn::compiler {
namespace {

// Factors that people often forget.
struct Factor {
  const Dimension& dimension;
  const char* noun;
  const char* quotient;
  const char* product;
};

}  // namespace

std::optional<Dimension> CommonDimension(const TypedValue& a, const TypedValue& b) {
  if (a.zero || a.of_file) return b.dimension;
  if (b.zero || b.of_file || a.dimension == b.dimension) return a.dimension;
  return std::nullopt;
}

std::string DimensionAdvice(const Dimension& expected, const Dimension& found) {
  if (found.dimensionless()) {
    return absl::StrCat("give the number a unit, as in 1 ", DisplayUnit(expected));
  }
  if (expected.dimensionless()) {
    return absl::StrCat("divide by a value of the same dimension, as in x/(1 ", DisplayUnit(found),
                        ")");
  }
  const Factor factors[] = {
      {dimension::kTime, "time constant", "(E_L - V)/tau_m", "dt*x"},
      {dimension::kCapacitance, "capacitance", "I/C_m", "C_m*x"},
      {dimension::kConductance, "conductance", "I/g_L", "g_L*(E_L - V)"},
      {dimension::kResistance, "resistance", "V/R_m", "R_m*I"},
      {dimension::kVoltage, "voltage", "I/(V - E)", "g*(V - E)"},
      {dimension::kCurrent, "current", "V/I", "R_m*I"},
  };
  const Dimension ratio = found / expected;
  for (const Factor& factor : factors) {
    if (ratio == factor.dimension) {
      return absl::StrCat("divide by a ", factor.noun, ", as in ", factor.quotient);
    }
  }
  for (const Factor& factor : factors) {
    if (ratio == factor.dimension.Power(-1)) {
      return absl::StrCat("multiply by a ", factor.noun, ", as in ", factor.product);
    }
  }
  return absl::StrCat("it is off by a factor of the dimension ", DescribeDimension(ratio));
}

absl::Status ExpectDimension(const TypedValue& value, const Dimension& expected,
                             absl::string_view what, const ir::SourceText& source,
                             ir::SourceRange range) {
  const bool boolean = value.boolean;
  if (!boolean && (value.zero || value.of_file || value.dimension == expected))
    return absl::OkStatus();
  // An equation or statement stands whole in its source; the value of a setting stands alone.
  const bool has_sides = source.text.find('=') < range.offset;
  const std::string has = expected.dimensionless() ? absl::StrCat(what, " is a number without unit")
                                                   : absl::StrCat(what, " has the dimension ",
                                                                  DescribeDimension(expected));
  const std::string is =
      absl::StrCat(has, ", but ", has_sides ? "the right side" : "the value", " is ");
  if (boolean) {
    return ir::ErrorAt(source, range, absl::StrCat(is, "true or false"),
                       "int(...) makes 1 or 0 of it");
  }
  return ir::ErrorAt(source, range, absl::StrCat(is, DescribeDimension(value.dimension)),
                     DimensionAdvice(expected, value.dimension));
}

absl::Status ExpectBoolean(const TypedValue& value, absl::string_view what,
                           const ir::SourceText& source, ir::SourceRange range) {
  if (value.boolean) return absl::OkStatus();
  return ir::ErrorAt(
      source, range,
      absl::StrCat(
          what, " is true or false, but this is ",
          value.dimension.dimensionless() ? "a number" : DescribeDimension(value.dimension)),
      "compare it with something, as in V > V_th");
}

absl::StatusOr<TypedValue> EmitInteger(const TypedValue& value, absl::string_view what,
                                       const ir::SourceText& source, ir::SourceRange range,
                                       Scope& scope) {
  if ((value.integer || value.whole) && !value.boolean) {
    return IntegerArithmetic(source, range, scope).AsI64(value);
  }
  return ir::ErrorAt(
      source, range,
      absl::StrCat(what, " is an integer, but this ",
                   value.boolean ? "is true or false" : "need not be a whole number"),
      value.boolean ? "int(...) makes 1 or 0 of it" : "int(...) drops the fraction");
}

}  // namespace bnsyn::compiler
