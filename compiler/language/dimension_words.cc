// Dimensions in words, and as the unit that people print them with.
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "compiler/language/unit_dimensions.h"
#include "compiler/language/units.h"

namespace bnsyn {
namespace {

// Dimensions with names of their own: in words, and as the unit with which the internal system
// measures them (null where no prefix fits).
struct NamedDimension {
  Dimension dimension;
  const char* words;
  const char* display;
};
constexpr NamedDimension kNamed[] = {
    {BasePowers(0, 0, 1, 0), "second", "ms"},
    {BasePowers(1, 0, 0, 0), "metre", "um"},
    {BasePowers(2, 1, -3, -1), "volt", "mV"},
    {BasePowers(0, 0, 0, 1), "ampere", "pA"},
    {BasePowers(-2, -1, 3, 2), "siemens", "nS"},
    {BasePowers(-2, -1, 4, 2), "farad", "pF"},
    {BasePowers(2, 1, -3, -2), "ohm", "Gohm"},
    {BasePowers(-3, 0, 0, 0, 0, 1), "molar", "mM"},
    {kForce, "newton", "pN"},
    {kPower, "watt", "fW"},
    {kEnergy, "joule", nullptr},
    {kPressure, "pascal", "Pa"},
    {kMass, "kilogram", "ng"},
    {kTemperature, "kelvin", "K"},
    {kAmount, "mole", nullptr},
    {kLight, "candela", "cd"},
};
constexpr NamedDimension kHertz = {BasePowers(0, 0, -1, 0), "hertz", "kHz"};

// One factor of a dimension in print, with its power in halves.
struct Factor {
  std::string name;
  int halves;
};

std::string JoinFactors(const std::vector<Factor>& factors) {
  std::string over;
  std::string under;
  int under_count = 0;
  for (const Factor& factor : factors) {
    if (factor.halves == 0) continue;
    std::string& side = factor.halves > 0 ? over : under;
    if (factor.halves < 0) ++under_count;
    if (!side.empty()) side += "*";
    side += factor.name;
    const int halves = std::abs(factor.halves);
    if (halves != 2) absl::StrAppend(&side, "**", halves / 2, halves % 2 != 0 ? ".5" : "");
  }
  if (over.empty()) over.push_back('1');
  if (under.empty()) return over;
  return under_count > 1 ? absl::StrCat(over, "/(", under, ")") : absl::StrCat(over, "/", under);
}

// The shortest product of one or two named dimensions, else of the base units. Of equally short
// ones that with a time, then a length, then a voltage as its second factor.
std::string Compose(const Dimension& dimension, const char* NamedDimension::*name,
                    const char* const base_names[7]) {
  if (dimension == kHertz.dimension) return kHertz.*name;
  for (const NamedDimension& named : kNamed) {
    if (dimension == named.dimension && named.*name != nullptr) return named.*name;
  }
  // Powers in halves: whole ones where all exponents are whole, else one that is not.
  const bool whole = dimension.PowerOfHalves(1).has_value();
  const int step = whole ? 2 : 1;
  constexpr int kLongest = 10;
  for (int length = step; length <= kLongest; length += step) {
    for (const NamedDimension& second : kNamed) {
      if (second.*name == nullptr) continue;
      for (const NamedDimension& first : kNamed) {
        if (first.*name == nullptr) continue;
        for (int size = length; size >= step; size -= step) {
          for (int i : {size, -size}) {
            for (int j : {length - size, size - length}) {
              if (i % 2 != 0 && j % 2 != 0) continue;
              const std::optional<Dimension> a = first.dimension.PowerOfHalves(i);
              const std::optional<Dimension> b = second.dimension.PowerOfHalves(j);
              if (!a || !b || *a * *b != dimension) continue;
              return JoinFactors({{first.*name, i}, {second.*name, j}});
            }
          }
        }
      }
    }
  }
  std::vector<Factor> factors;
  for (size_t i = 0; i < 7; ++i) factors.push_back({base_names[i], dimension.halves[i]});
  return JoinFactors(factors);
}

}  // namespace

std::string DescribeDimension(const Dimension& dimension) {
  static constexpr const char* kBase[7] = {"metre",  "kilogram", "second", "ampere",
                                           "kelvin", "mole",     "candela"};
  if (dimension.dimensionless()) return "a number without unit";
  return Compose(dimension, &NamedDimension::words, kBase);
}

std::string DisplayUnit(const Dimension& dimension) {
  // The internal amount, 1e-18 mol, is mM*um**3.
  static constexpr const char* kBase[7] = {"um", "ng", "ms", "pA", "K", "(mM*um**3)", "cd"};
  if (dimension.dimensionless()) return "";
  return Compose(dimension, &NamedDimension::display, kBase);
}

}  // namespace bnsyn
