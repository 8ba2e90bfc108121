#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ir/attribute_fields.h"
#include "ir/attributes.h"
#include "ir/parser.h"
#include "ir/program.h"
#include "ir/status_macros.h"

namespace bnsyn::ir {
namespace {

template <auto member>
absl::Status ReadWhole(TokenReader& reader, Input& input, int64_t least, int64_t most) {
  BNSYN_ASSIGN_OR_RETURN(const int64_t value, reader.ReadInteger(least, most));
  auto& field = input.accumulator.*member;
  field = static_cast<std::remove_reference_t<decltype(field)>>(value);
  return absl::OkStatus();
}

bool Decays(const Input& input) { return input.accumulator.decays(); }

// A power of two: "2^-33".
absl::Status ReadScale(TokenReader& reader, const Program&, Input& input) {
  BNSYN_RETURN_IF_ERROR(reader.ReadInteger(2, 2).status());
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("^"));
  return ReadWhole<&Accumulator::scale_log2>(reader, input, -1000, 1000);
}

Text ScaleText(const Program&, const Input& input) {
  return absl::StrCat("2^", input.accumulator.scale_log2);
}

Result CheckScale(const Program&, const Input& input) {
  const int scale = input.accumulator.scale_log2;
  if (scale >= -1000 && scale <= 1000) return std::nullopt;
  return Fail(absl::StrCat("the scale 2^", scale, " is out of range"),
              "its exponent is from -1000 to 1000");
}

// A power of two: "2^52".
absl::Status ReadLimit(TokenReader& reader, const Program&, Input& input) {
  BNSYN_RETURN_IF_ERROR(reader.ReadInteger(2, 2).status());
  BNSYN_RETURN_IF_ERROR(reader.ReadPunctuation("^"));
  return ReadWhole<&Accumulator::limit_log2>(reader, input, 40, 125);
}

Text LimitText(const Program&, const Input& input) {
  const int limit = input.accumulator.limit_log2;
  return limit == 0 ? std::nullopt : Text(absl::StrCat("2^", limit));
}

Result CheckLimit(const Program&, const Input& input) {
  const Accumulator& sum = input.accumulator;
  if (sum.limit_log2 == 0) return std::nullopt;
  if (sum.decays()) return Fail("a decaying input has no limit", "leave the limit out");
  if (sum.limit_log2 >= sum.least_limit() && sum.limit_log2 <= sum.greatest_limit()) {
    return std::nullopt;
  }
  return Fail(absl::StrCat("the limit 2^", sum.limit_log2, " is out of range"),
              absl::StrCat("its exponent is from ", sum.least_limit(), " to ", sum.greatest_limit(),
                           sum.wide ? " where sums are wide" : ""));
}

Result CheckBits(const Program&, const Input& input) {
  const Accumulator& sum = input.accumulator;
  if (sum.wide) {
    if (sum.bits == 0 || sum.bits == 128) return std::nullopt;
    return Fail(absl::StrCat("a wide sum has 128 bits, not ", sum.bits));
  }
  for (const int bits : {0, 16, 32, Accumulator::kExactBits, 64}) {
    if (sum.bits == bits) return std::nullopt;
  }
  return Fail(absl::StrCat("there are no sums of ", sum.bits, " bits"), "give 16, 32, 52 or 64");
}

Result CheckUnit(const Program&, const Input& input) {
  const Accumulator& sum = input.accumulator;
  if (sum.unit >= 1 && sum.unit <= (sum.width() >= 64 ? 1 : kMaxAccumulatorUnit)) {
    return std::nullopt;
  }
  return Fail(absl::StrCat("the unit ", sum.unit, " of its sums is out of range"),
              "it is from 1 to 2^40 for sums of 16 and 32 bits, and 1 for others");
}

Result CheckDecay(const Program&, const Input& input) {
  const Accumulator& sum = input.accumulator;
  if (!sum.decays()) return std::nullopt;
  if (sum.wide) return Fail("a decaying input cannot be wide");
  if (sum.is_narrow()) return Fail("a decaying input has sums of 64 bits");
  if (sum.period < 1 || sum.period > kLongestDecayPeriod || (sum.period & (sum.period - 1)) != 0) {
    return Fail(absl::StrCat("the period ", sum.period, " of the decay is out of range"),
                absl::StrCat("it is a power of two, at most ", kLongestDecayPeriod));
  }
  const double left = std::pow(sum.decay, sum.period);
  if (sum.decay > 0 && left <= 0.5 && left >= 0x1p-16) return std::nullopt;
  return Fail(absl::StrCat("the decay ", sum.decay, " does not suit its period"),
              "a period leaves at most a half, and at least 2^-16");
}

Text HolderText(const Program& program, const Input& input) {
  if (!Decays(input)) return std::nullopt;
  return program.states[input.accumulator.state].name;
}

Result CheckHolder(const Program& program, const Input& input) {
  const StateId state = input.accumulator.state;
  if (!Decays(input) || (state < program.states.size() &&
                         program.states[state].type == Type{Element::kF64, input.population})) {
    return std::nullopt;
  }
  return Fail("an f64 state of its population holds the sum of a decaying input");
}

}  // namespace

template <>
const std::vector<Attribute<Input>>& AttributesOf() {
  static const auto* const rows = new std::vector<Attribute<Input>>{
      {"scale", "what a quantum is worth", false, ReadScale, ScaleText, CheckScale},
      Flag<Input, &Input::accumulator, &Accumulator::wide>("wide", "sums have 128 bits"),
      {"limit", "the most quanta of a contribution that is not static", false, ReadLimit, LimitText,
       CheckLimit},
      {"bits", "of compiled sums", false,
       [](TokenReader& reader, const Program&, Input& d) {
         return ReadWhole<&Accumulator::bits>(reader, d, 16, 128);
       },
       [](const Program&, const Input& d) {
         return d.accumulator.bits == 0 ? std::nullopt : Text(absl::StrCat(d.accumulator.bits));
       },
       CheckBits},
      {"unit", "the quanta that one count of a compiled sum stands for", false,
       [](TokenReader& reader, const Program&, Input& d) {
         return ReadWhole<&Accumulator::unit>(reader, d, 1, kMaxAccumulatorUnit);
       },
       [](const Program&, const Input& d) {
         return d.accumulator.unit == 1 ? std::nullopt : Text(absl::StrCat(d.accumulator.unit));
       },
       CheckUnit},
      Field<Input, &Input::accumulator, &Accumulator::decay>("decay", "what a step leaves of 1",
                                                             Decays, CheckDecay),
      {"period", "steps after which a decaying sum is in full quanta again", false,
       [](TokenReader& reader, const Program&, Input& d) {
         return ReadWhole<&Accumulator::period>(reader, d, 1, kLongestDecayPeriod);
       },
       [](const Program&, const Input& d) {
         return Decays(d) ? Text(absl::StrCat(d.accumulator.period)) : std::nullopt;
       },
       nullptr},
      {"state", "holds the value of a decaying sum between steps", false,
       [](TokenReader& reader, const Program& program, Input& d) {
         return ReadInto(d.accumulator.state,
                         [&] { return ReadSymbol(reader, program, AttrKind::kState); });
       },
       HolderText, CheckHolder},
      Field<Input, &Input::unit>("in", "the unit of what arrives, for people"),
  };
  return *rows;
}

}  // namespace bnsyn::ir
