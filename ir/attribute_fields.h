// What the rows of the tables of attributes are made of: fields of a declaration, ranges, and
// selections of neurons.
#ifndef BNSYN_IR_ATTRIBUTE_FIELDS_H_
#define BNSYN_IR_ATTRIBUTE_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ir/attributes.h"
#include "ir/parser.h"
#include "ir/program.h"
#include "ir/selection.h"
#include "ir/status_macros.h"
#include "ir/violation.h"

namespace bnsyn::ir {

using Text = std::optional<std::string>;

// The value of a field of each type, as it is read and printed.
absl::Status ReadField(TokenReader& reader, double& field);
absl::Status ReadField(TokenReader& reader, uint64_t& field);
absl::Status ReadField(TokenReader& reader, uint32_t& field);
absl::Status ReadField(TokenReader& reader, std::string& field);
absl::Status ReadField(TokenReader& reader, bool& field);
std::string FieldText(double field);
std::string FieldText(uint64_t field);
std::string FieldText(uint32_t field);
std::string FieldText(const std::string& field);
std::string FieldText(bool field);

// An attribute that is the field to which the members lead. It is printed where `shown` says so, or
// else where it differs from the default.
template <typename D, auto... members>
Attribute<D> Field(absl::string_view key, absl::string_view meaning,
                   bool (*shown)(const D&) = nullptr,
                   Result (*check)(const Program&, const D&) = nullptr) {
  return {key,
          meaning,
          false,
          [](TokenReader& reader, const Program&, D& d) {
            return ReadField(reader, (d.*....*members));
          },
          [shown](const Program&, const D& d) -> Text {
            const D standard = {};
            const bool differs = (d.*....*members) != (standard.*....*members);
            if (shown != nullptr ? !shown(d) : !differs) return std::nullopt;
            return FieldText((d.*....*members));
          },
          check};
}

// An attribute without a value that sets the field to which the members lead.
template <typename D, auto... members>
Attribute<D> Flag(absl::string_view key, absl::string_view meaning) {
  return {
      key,
      meaning,
      true,
      [](TokenReader&, const Program&, D& d) { return (d.*....*members) = true, absl::OkStatus(); },
      [](const Program&, const D& d) { return (d.*....*members) ? Text("") : std::nullopt; },
      nullptr};
}

template <typename D>
bool Always(const D&) {
  return true;
}

// A range "[a, b]" of numbers.
template <typename T>
absl::Status ReadRange(TokenReader& reader, T& least, T& greatest) {
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("["));
  BNSYN_RETURN_IF_ERROR(ReadField(reader, least));
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation(","));
  BNSYN_RETURN_IF_ERROR(ReadField(reader, greatest));
  return reader.ReadPunctuation("]");
}
template <typename T>
std::string RangeText(T least, T greatest) {
  return absl::StrCat("[", FieldText(least), ", ", FieldText(greatest), "]");
}

// Some of the neurons of a population: "[0:50, 60]".
absl::Status ReadSelection(TokenReader& reader, Selection& selection);
// `size` is that of the population.
Result CheckSelection(const Selection& selection, uint32_t size);

// An attribute that is the selection `member` among the neurons that `size_of` counts.
template <typename D, Selection D::*member, uint32_t (*size_of)(const Program&, const D&)>
Attribute<D> Selected(absl::string_view key, absl::string_view meaning) {
  return {
      key,
      meaning,
      false,
      [](TokenReader& reader, const Program&, D& d) { return ReadSelection(reader, d.*member); },
      [](const Program&, const D& d) {
        return (d.*member).all() ? std::nullopt : Text((d.*member).Text());
      },
      [](const Program& program, const D& d) {
        return CheckSelection(d.*member, size_of(program, d));
      }};
}

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_ATTRIBUTE_FIELDS_H_
