#include "ir/attribute_fields.h"

#include <utility>
#include <vector>

#include "ir/text.h"

namespace bnsyn::ir {

absl::Status ReadField(TokenReader& reader, double& field) {
  return ReadInto(field, [&] { return reader.ReadDouble(); });
}
absl::Status ReadField(TokenReader& reader, uint64_t& field) {
  return ReadInto(field, [&] { return reader.ReadUnsigned(); });
}
absl::Status ReadField(TokenReader& reader, uint32_t& field) {
  return ReadInto(field, [&] { return reader.ReadUnsigned32(); });
}
absl::Status ReadField(TokenReader& reader, std::string& field) {
  return ReadInto(field, [&] { return reader.ReadString(); });
}
absl::Status ReadField(TokenReader& reader, bool& field) {
  return ReadInto(field, [&] { return ReadValue(reader, Element::kBool); });
}
std::string FieldText(double field) { return PrintLiteral(Element::kF64, BitsOfF64(field)); }
std::string FieldText(uint64_t field) { return absl::StrCat(field); }
std::string FieldText(uint32_t field) { return absl::StrCat(field); }
std::string FieldText(const std::string& field) { return Quoted(field); }
std::string FieldText(bool field) { return field ? "true" : "false"; }

absl::Status ReadSelection(TokenReader& reader, Selection& selection) {
  std::vector<NumberRange> ranges;
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("["));
  do {
    const Token& token = reader.peek();
    NumberRange range;
    BNSYN_ASSIGN_OR_RETURN(range.begin, reader.ReadUnsigned32());
    range.end = range.begin + 1;
    if (reader.TakePunctuation(":")) {
      BNSYN_ASSIGN_OR_RETURN(range.end, reader.ReadUnsigned32());
      if (reader.TakePunctuation(":")) {
        BNSYN_ASSIGN_OR_RETURN(range.stride, reader.ReadUnsigned32());
      }
    }
    if (!range.is_sound()) {
      return reader.Error(token, "this range has no numbers",
                          "it is FIRST:END or FIRST:END:STRIDE, without END");
    }
    // The end as it is printed.
    range.end = range.last() + 1;
    if (range.size() == 1) range.stride = 1;
    if (!ranges.empty() && range.begin < ranges.back().end) {
      return reader.Error(token, "the numbers of neurons ascend from range to range");
    }
    ranges.push_back(range);
  } while (reader.TakePunctuation(","));
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("]"));
  selection = Selection(std::move(ranges));
  return absl::OkStatus();
}

Result CheckSelection(const Selection& selection, uint32_t size) {
  uint32_t next = 0;
  for (const NumberRange& range : selection.ranges()) {
    if (!range.is_sound() || range.begin < next || range.end != range.last() + 1) {
      return Fail("the ranges of neurons do not ascend");
    }
    next = range.end;
  }
  if (next <= size) return std::nullopt;
  return Fail(absl::StrCat("there is no neuron ", next - 1, " among ", size),
              "neurons are counted from 0");
}

}  // namespace bnsyn::ir
