// Parses units: products, quotients and powers of symbols.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "compiler/language/unit_dimensions.h"
#include "compiler/language/units.h"

namespace bnsyn {
namespace {

bool Keepable(const Dimension& d) {
  return std::all_of(d.halves.begin(), d.halves.end(),
                     [](int8_t halves) { return std::abs(halves) < kMaxHalves; });
}

// The powers of ten of a unit in halves, and back.
int HalvesOfTen(const Unit& unit) { return 2 * unit.exponent + (unit.root_ten ? 1 : 0); }
void SetHalvesOfTen(int halves, Unit& unit) {
  unit.root_ten = halves % 2 != 0;
  unit.exponent = (halves - (unit.root_ten ? 1 : 0)) / 2;
}

// The grammar of ParseUnit: products and quotients, left to right, of factors with powers.
class UnitParser {
 public:
  explicit UnitParser(absl::string_view text) : text_(text) {}

  std::optional<Unit> Parse() {
    std::optional<Unit> unit = Product(0);
    Skip();
    if (!unit || position_ != text_.size() || !Keepable(unit->dimension)) return std::nullopt;
    return unit;
  }

 private:
  static constexpr int kMaxDepth = 16;

  void Skip() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t')) {
      ++position_;
    }
  }
  bool Consume(absl::string_view token) {
    Skip();
    if (!absl::StartsWith(text_.substr(position_), token)) return false;
    position_ += token.size();
    return true;
  }

  std::optional<Unit> Product(int depth) {
    std::optional<Unit> left = Factor(depth);
    while (left) {
      int sign = 0;
      if (Consume("*")) {
        sign = 1;
      } else if (Consume("/")) {
        sign = -1;
      } else {
        return left;
      }
      std::optional<Unit> right = Factor(depth);
      if (!right) return std::nullopt;
      left->dimension = left->dimension * right->dimension.Power(sign);
      SetHalvesOfTen(HalvesOfTen(*left) + sign * HalvesOfTen(*right), *left);
      left->factor = sign > 0 ? left->factor * right->factor : left->factor / right->factor;
      if (!Keepable(left->dimension)) return std::nullopt;
    }
    return left;
  }

  std::optional<Unit> Factor(int depth) {
    std::optional<Unit> base = Base(depth);
    if (!base || !(Consume("**") || Consume("^"))) return base;
    const int sign = Consume("-") ? -1 : 1;
    Skip();
    if (position_ == text_.size() ||
        !absl::ascii_isdigit(static_cast<unsigned char>(text_[position_]))) {
      return std::nullopt;
    }
    int halves = 2 * (text_[position_++] - '0');
    if (absl::StartsWith(text_.substr(position_), ".5")) {
      position_ += 2;
      ++halves;
    }
    return Raise(*base, sign * halves);
  }

  static std::optional<Unit> Raise(const Unit& base, int halves) {
    const std::optional<Dimension> dimension = base.dimension.PowerOfHalves(halves);
    if (!dimension || !Keepable(*dimension)) return std::nullopt;
    const int ten = HalvesOfTen(base) * halves;
    if (ten % 2 != 0) return std::nullopt;
    Unit power;
    power.dimension = *dimension;
    power.factor = std::pow(base.factor, halves / 2.0);
    SetHalvesOfTen(ten / 2, power);
    return power;
  }

  std::optional<Unit> Base(int depth) {
    const bool root = Consume("sqrt");
    if (Consume("(")) {
      if (depth == kMaxDepth) return std::nullopt;
      std::optional<Unit> inner = Product(depth + 1);
      if (!inner || !Consume(")")) return std::nullopt;
      return root ? Raise(*inner, 1) : inner;
    }
    if (root) return std::nullopt;
    if (Consume("1")) return Unit{};
    size_t end = position_;
    while (end < text_.size() && absl::ascii_isalpha(static_cast<unsigned char>(text_[end]))) ++end;
    const absl::string_view symbol = text_.substr(position_, end - position_);
    position_ = end;
    return UnitSymbol(symbol);
  }

  absl::string_view text_;
  size_t position_ = 0;
};

}  // namespace

std::optional<Unit> ParseUnit(absl::string_view text) { return UnitParser(text).Parse(); }

}  // namespace bnsyn
