#include "compiler/language/units.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ir/diagnostic.h"

namespace bnsyn {
namespace {

constexpr Dimension Make(int m, int kg, int s, int a, int k = 0, int mol = 0, int cd = 0) {
  return Dimension{{static_cast<int8_t>(2 * m), static_cast<int8_t>(2 * kg),
                    static_cast<int8_t>(2 * s), static_cast<int8_t>(2 * a),
                    static_cast<int8_t>(2 * k), static_cast<int8_t>(2 * mol),
                    static_cast<int8_t>(2 * cd)}};
}

constexpr Dimension kCharge = Make(0, 0, 1, 1);
constexpr Dimension kMass = Make(0, 1, 0, 0);
constexpr Dimension kForce = Make(1, 1, -2, 0);
constexpr Dimension kEnergy = Make(2, 1, -2, 0);
constexpr Dimension kPower = Make(2, 1, -3, 0);
constexpr Dimension kPressure = Make(-1, 1, -2, 0);
constexpr Dimension kVolume = Make(3, 0, 0, 0);
constexpr Dimension kTemperature = Make(0, 0, 0, 0, 1);
constexpr Dimension kAmount = Make(0, 0, 0, 0, 0, 1);
constexpr Dimension kLight = Make(0, 0, 0, 0, 0, 0, 1);

// Powers of ten from the SI base units to the internal ones. ms, pA and um are chosen; the mass
// (1e-12 kg) follows from mV, the amount (1e-18 mol) from mM.
constexpr int kBaseExponent[7] = {6, 12, 3, 12, 0, 18, 0};

// For a dimension of whole exponents.
constexpr int InternalExponent(const Dimension& dimension) {
  int sum = 0;
  for (size_t i = 0; i < 7; ++i) sum += kBaseExponent[i] * dimension.halves[i];
  return sum / 2;
}

enum class Prefixes { kNone, kUsual, kMetre };

struct SymbolRow {
  const char* symbol;
  Dimension dimension;
  int exponent;  // power of ten from the symbol to the SI unit
  Prefixes prefixes;
  double factor = 1;  // and what is left beside that power
};

// No deci, so that dV, dm and dA stay free for names; centi for the metre alone.
constexpr SymbolRow kSymbols[] = {
    {"V", Make(2, 1, -3, -1), 0, Prefixes::kUsual},
    {"A", Make(0, 0, 0, 1), 0, Prefixes::kUsual},
    {"S", Make(-2, -1, 3, 2), 0, Prefixes::kUsual},
    {"F", Make(-2, -1, 4, 2), 0, Prefixes::kUsual},
    {"s", Make(0, 0, 1, 0), 0, Prefixes::kUsual},
    {"Hz", Make(0, 0, -1, 0), 0, Prefixes::kUsual},
    {"ohm", Make(2, 1, -3, -2), 0, Prefixes::kUsual},
    {"M", Make(-3, 0, 0, 0, 0, 1), 3, Prefixes::kUsual},
    {"m", Make(1, 0, 0, 0), 0, Prefixes::kMetre},
    {"C", kCharge, 0, Prefixes::kUsual},
    {"N", kForce, 0, Prefixes::kUsual},
    {"J", kEnergy, 0, Prefixes::kUsual},
    {"W", kPower, 0, Prefixes::kUsual},
    {"Pa", kPressure, 0, Prefixes::kUsual},
    {"g", kMass, -3, Prefixes::kUsual},
    {"L", kVolume, -3, Prefixes::kUsual},
    {"K", kTemperature, 0, Prefixes::kUsual},
    {"mol", kAmount, 0, Prefixes::kUsual},
    {"cd", kLight, 0, Prefixes::kNone},
    {"volt", Make(2, 1, -3, -1), 0, Prefixes::kUsual},
    {"amp", Make(0, 0, 0, 1), 0, Prefixes::kUsual},
    {"ampere", Make(0, 0, 0, 1), 0, Prefixes::kUsual},
    {"siemens", Make(-2, -1, 3, 2), 0, Prefixes::kUsual},
    {"farad", Make(-2, -1, 4, 2), 0, Prefixes::kUsual},
    {"second", Make(0, 0, 1, 0), 0, Prefixes::kUsual},
    {"hertz", Make(0, 0, -1, 0), 0, Prefixes::kUsual},
    {"molar", Make(-3, 0, 0, 0, 0, 1), 3, Prefixes::kUsual},
    {"metre", Make(1, 0, 0, 0), 0, Prefixes::kMetre},
    {"meter", Make(1, 0, 0, 0), 0, Prefixes::kMetre},
    {"coulomb", kCharge, 0, Prefixes::kUsual},
    {"newton", kForce, 0, Prefixes::kUsual},
    {"joule", kEnergy, 0, Prefixes::kUsual},
    {"watt", kPower, 0, Prefixes::kUsual},
    {"pascal", kPressure, 0, Prefixes::kUsual},
    {"gram", kMass, -3, Prefixes::kUsual},
    {"litre", kVolume, -3, Prefixes::kUsual},
    {"liter", kVolume, -3, Prefixes::kUsual},
    {"kelvin", kTemperature, 0, Prefixes::kUsual},
    {"mole", kAmount, 0, Prefixes::kUsual},
    {"candela", kLight, 0, Prefixes::kNone},
    {"kilogram", kMass, 0, Prefixes::kNone},
    {"radian", Dimension{}, 0, Prefixes::kUsual},
    {"rad", Dimension{}, 0, Prefixes::kUsual},
    {"minute", Make(0, 0, 1, 0), 1, Prefixes::kNone, 6},
    {"min", Make(0, 0, 1, 0), 1, Prefixes::kNone, 6},
    {"hour", Make(0, 0, 1, 0), 2, Prefixes::kNone, 36},
    {"h", Make(0, 0, 1, 0), 2, Prefixes::kNone, 36},
    {"day", Make(0, 0, 1, 0), 2, Prefixes::kNone, 864},
};

struct PrefixRow {
  char letter;
  int exponent;
};
constexpr PrefixRow kPrefixes[] = {{'m', -3}, {'u', -6}, {'n', -9}, {'p', -12}, {'f', -15},
                                   {'k', 3},  {'M', 6},  {'G', 9},  {'c', -2}};

bool Takes(const SymbolRow& row, const PrefixRow& prefix) {
  switch (row.prefixes) {
    case Prefixes::kNone:
      return false;
    case Prefixes::kUsual:
      return prefix.letter != 'c';
    case Prefixes::kMetre:
      return true;
  }
  return false;
}

constexpr int kMaxHalves = 2 * kMaxDimensionExponent;

int8_t Saturate(int halves) {
  return static_cast<int8_t>(std::clamp(halves, -kMaxHalves, kMaxHalves));
}

bool Keepable(const Dimension& d) {
  return std::all_of(d.halves.begin(), d.halves.end(),
                     [](int8_t halves) { return std::abs(halves) < kMaxHalves; });
}

// 10^n, and sqrt(10) 10^n where there is a root, correctly rounded (the first exact up to 22).
double PowerOfTen(int n, bool root) {
  return *ScaledDecimal(root ? "3.16227766016837933199889354443271853372067247945290" : "1", n);
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

// Dimensions with names of their own: in words, and as the unit with which the internal system
// measures them (null where no prefix fits).
struct NamedDimension {
  Dimension dimension;
  const char* words;
  const char* display;
};
constexpr NamedDimension kNamed[] = {
    {Make(0, 0, 1, 0), "second", "ms"},
    {Make(1, 0, 0, 0), "metre", "um"},
    {Make(2, 1, -3, -1), "volt", "mV"},
    {Make(0, 0, 0, 1), "ampere", "pA"},
    {Make(-2, -1, 3, 2), "siemens", "nS"},
    {Make(-2, -1, 4, 2), "farad", "pF"},
    {Make(2, 1, -3, -2), "ohm", "Gohm"},
    {Make(-3, 0, 0, 0, 0, 1), "molar", "mM"},
    {kForce, "newton", "pN"},
    {kPower, "watt", "fW"},
    {kEnergy, "joule", nullptr},
    {kPressure, "pascal", "Pa"},
    {kMass, "kilogram", "ng"},
    {kTemperature, "kelvin", "K"},
    {kAmount, "mole", nullptr},
    {kLight, "candela", "cd"},
};
constexpr NamedDimension kHertz = {Make(0, 0, -1, 0), "hertz", "kHz"};

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

Dimension operator*(const Dimension& a, const Dimension& b) {
  Dimension product;
  for (size_t i = 0; i < 7; ++i) product.halves[i] = Saturate(a.halves[i] + b.halves[i]);
  return product;
}

Dimension operator/(const Dimension& a, const Dimension& b) { return a * b.Power(-1); }

Dimension Dimension::Power(int n) const {
  Dimension power;
  // Beyond this every exponent but 0 saturates.
  const int bounded = std::clamp(n, -kMaxHalves, kMaxHalves);
  for (size_t i = 0; i < 7; ++i) power.halves[i] = Saturate(halves[i] * bounded);
  return power;
}

std::optional<Dimension> Dimension::PowerOfHalves(int n) const {
  if (n % 2 == 0) return Power(n / 2);
  Dimension power;
  const int bounded = std::clamp(n, -kMaxHalves, kMaxHalves);
  for (size_t i = 0; i < 7; ++i) {
    if (halves[i] % 2 != 0) return std::nullopt;
    power.halves[i] = Saturate(halves[i] / 2 * bounded);
  }
  return power;
}

namespace dimension {
constexpr Dimension kTime = Make(0, 0, 1, 0);
constexpr Dimension kVoltage = Make(2, 1, -3, -1);
constexpr Dimension kCurrent = Make(0, 0, 0, 1);
constexpr Dimension kConductance = Make(-2, -1, 3, 2);
constexpr Dimension kCapacitance = Make(-2, -1, 4, 2);
constexpr Dimension kResistance = Make(2, 1, -3, -2);
constexpr Dimension kFrequency = Make(0, 0, -1, 0);
constexpr Dimension kLength = Make(1, 0, 0, 0);
constexpr Dimension kConcentration = Make(-3, 0, 0, 0, 0, 1);
constexpr Dimension kWhiteNoise = Dimension{{0, 0, -1}};
}  // namespace dimension

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

std::optional<Unit> UnitSymbol(absl::string_view symbol) {
  for (const SymbolRow& row : kSymbols) {
    const absl::string_view base(row.symbol);
    const int exponent = InternalExponent(row.dimension) + row.exponent;
    if (symbol == base) return Unit{row.dimension, exponent, false, row.factor};
    if (symbol.size() != base.size() + 1 || symbol.substr(1) != base) continue;
    for (const PrefixRow& prefix : kPrefixes) {
      if (symbol[0] == prefix.letter && Takes(row, prefix)) {
        return Unit{row.dimension, exponent + prefix.exponent, false, row.factor};
      }
    }
  }
  return std::nullopt;
}

std::vector<std::string> UnitSymbols() {
  std::vector<std::string> symbols;
  for (const SymbolRow& row : kSymbols) {
    symbols.emplace_back(row.symbol);
    for (const PrefixRow& prefix : kPrefixes) {
      if (Takes(row, prefix))
        symbols.push_back(absl::StrCat(std::string(1, prefix.letter), row.symbol));
    }
  }
  return symbols;
}

namespace {

// Other names of units that have no symbol of their own here.
struct UnitName {
  const char* name;
  const char* symbol;
};
constexpr UnitName kNames[] = {{"sec", "s"},
                               {"secs", "s"},
                               {"seconds", "second"},
                               {"volts", "volt"},
                               {"amps", "amp"},
                               {"amperes", "ampere"},
                               {"farads", "farad"},
                               {"ohms", "ohm"},
                               {"mho", "S"},
                               {"Ohm", "ohm"},
                               {"OHM", "ohm"},
                               {"Ohms", "ohm"},
                               {"hz", "Hz"},
                               {"HZ", "Hz"},
                               {"v", "V"},
                               {"a", "A"},
                               {"f", "F"},
                               {"Volt", "volt"},
                               {"Volts", "volt"},
                               {"Amp", "amp"},
                               {"Ampere", "amp"},
                               {"Siemens", "S"},
                               {"siemen", "S"},
                               {"Second", "second"},
                               {"Sec", "s"},
                               {"Farad", "farad"},
                               {"Hertz", "Hz"},
                               {"minutes", "minute"},
                               {"mins", "min"},
                               {"hours", "hour"},
                               {"days", "day"},
                               {"radians", "radian"},
                               {"kilograms", "kilogram"},
                               {"grams", "gram"},
                               {"moles", "mole"},
                               {"meters", "metre"},
                               {"metres", "metre"},
                               {"Coulomb", "coulomb"}};

struct PrefixName {
  const char* name;
  const char* letter;
};
constexpr PrefixName kPrefixNames[] = {{"milli", "m"}, {"micro", "u"}, {"nano", "n"},
                                       {"pico", "p"},  {"femto", "f"}, {"kilo", "k"},
                                       {"mega", "M"},  {"giga", "G"},  {"centi", "c"}};

std::optional<std::string> SymbolOfName(absl::string_view name) {
  if (UnitSymbol(name).has_value()) return std::string(name);
  for (const UnitName& known : kNames) {
    if (name == known.name) return std::string(known.symbol);
  }
  return std::nullopt;
}

bool IsPrefix(char letter) {
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [letter](const PrefixRow& prefix) { return prefix.letter == letter; });
}

// The symbol that a text most likely means, where it begins with a prefix as it is written.
std::optional<std::string> GuessUnit(absl::string_view text) {
  if (const auto symbol = SymbolOfName(text)) return symbol;
  for (const PrefixName& prefix : kPrefixNames) {
    absl::string_view rest = text;
    if (!absl::ConsumePrefix(&rest, prefix.name)) continue;
    const auto symbol = SymbolOfName(rest);
    if (symbol && UnitSymbol(absl::StrCat(prefix.letter, *symbol))) {
      return absl::StrCat(prefix.letter, *symbol);
    }
  }
  if (text.size() < 2 || !IsPrefix(text[0])) return std::nullopt;
  const auto symbol = SymbolOfName(text.substr(1));
  if (!symbol) return std::nullopt;
  std::string prefixed = absl::StrCat(text.substr(0, 1), *symbol);
  if (!UnitSymbol(prefixed).has_value()) return std::nullopt;
  return prefixed;
}

}  // namespace

std::string UnitGuess(absl::string_view text) {
  std::optional<std::string> guess = GuessUnit(text);
  // cm2, as Brian2 has it.
  const bool square = absl::EndsWith(text, "2") || absl::EndsWith(text, "3");
  if (square && UnitSymbol(text.substr(0, text.size() - 1)).has_value()) {
    guess = absl::StrCat(text.substr(0, text.size() - 1), "**", text.substr(text.size() - 1));
  }
  constexpr size_t kTelling = 4;  // nearly every short text is one letter from some short unit
  if (!guess && text.size() >= kTelling) {
    // One slip within a long word, behind its first letter, which may be a prefix.
    std::vector<std::string> words = UnitSymbols();
    std::erase_if(words, [&](const std::string& word) {
      return word.size() < kTelling || word[0] != text[0];
    });
    return ir::DidYouMean(text, words);
  }
  return guess ? absl::StrCat(" (did you mean '", *guess, "'?)") : "";
}

std::string UnitAdvice(absl::string_view text) {
  for (const char* celsius : {"celsius", "Celsius", "degC", "degreeC", "centigrade"}) {
    if (text == celsius) return "a temperature is in kelvin, as in 37*kelvin + zero_celsius";
  }
  for (const char* degree : {"deg", "degree", "degrees"}) {
    if (text == degree) return "an angle is in radian, as in deg2rad(90)";
  }
  return "";
}

std::string LongName(absl::string_view symbol) {
  const std::optional<Unit> unit = UnitSymbol(symbol);
  if (!unit.has_value()) return "";
  for (const SymbolRow& row : kSymbols) {
    const absl::string_view name(row.symbol);
    if (name.size() < 2 || row.dimension != unit->dimension || row.factor != unit->factor ||
        InternalExponent(row.dimension) + row.exponent != unit->exponent) {
      continue;
    }
    return std::string(name);
  }
  return "";
}

std::optional<Quantity> NamedConstant(absl::string_view name) {
  struct Row {
    const char* name;
    const char* number;
    const char* unit;
  };
  // The physical constants and their names are those of brian2.units.constants (CODATA 2018).
  constexpr Row kRows[] = {
      {"pi", "3.14159265358979323846264338327950288", "1"},
      {"e", "2.71828182845904523536028747135266250", "1"},
      {"avogadro_constant", "6.02214076e23", "1/mol"},
      {"boltzmann_constant", "1.380649e-23", "J/K"},
      {"electric_constant", "8.8541878128e-12", "F/m"},
      {"electron_mass", "9.1093837015e-31", "kg"},
      {"elementary_charge", "1.602176634e-19", "C"},
      {"faraday_constant", "96485.3321233100184", "C/mol"},
      {"gas_constant", "8.31446261815324", "J/(mol*K)"},
      {"magnetic_constant", "1.25663706212e-6", "N/A**2"},
      {"molar_mass_constant", "0.99999999965e-3", "kg/mol"},
      {"zero_celsius", "273.15", "K"},
  };
  if (name == "inf") return Quantity(std::numeric_limits<double>::infinity());
  for (const Row& row : kRows) {
    if (name != row.name) continue;
    const Unit unit = *ParseUnit(row.unit);
    Quantity constant(*ScaledDecimal(row.number, unit.exponent));
    constant.dimension = unit.dimension;
    return constant;
  }
  return std::nullopt;
}

std::optional<Unit> ParseUnit(absl::string_view text) { return UnitParser(text).Parse(); }

std::optional<double> ScaledDecimal(absl::string_view text, int exponent) {
  const size_t e = text.find_first_of("eE");
  const absl::string_view mantissa = text.substr(0, e);
  if (mantissa.find_first_not_of("0123456789.") != absl::string_view::npos) return std::nullopt;
  long written = 0;
  if (e != absl::string_view::npos) {
    absl::string_view digits = text.substr(e + 1);
    if (absl::StartsWith(digits, "+") && !absl::StartsWith(digits, "+-")) digits.remove_prefix(1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), written);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    constexpr long kBeyond = 1000000;
    written = std::clamp(written, -kBeyond, kBeyond);
  }
  const std::string shifted = absl::StrCat(mantissa, "e", written + exponent);
  double value = 0;
  const char* last = shifted.data() + shifted.size();
  const auto [end, error] = std::from_chars(shifted.data(), last, value);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

Quantity::Quantity(double number, const Unit& unit)
    : value(unit.exponent >= 0 || unit.root_ten
                ? number * unit.factor * PowerOfTen(unit.exponent, unit.root_ten)
                : number * unit.factor / PowerOfTen(-unit.exponent, false)),
      dimension(unit.dimension) {}

double Quantity::In(const Unit& unit) const {
  assert(dimension == unit.dimension);
  const double number = unit.exponent >= 0 || unit.root_ten
                            ? value / PowerOfTen(unit.exponent, unit.root_ten)
                            : value * PowerOfTen(-unit.exponent, false);
  return number / unit.factor;
}

namespace literals {
namespace {
Quantity Of(long double v, const char* symbol) {
  return Quantity(static_cast<double>(v), *UnitSymbol(symbol));
}
Quantity Of(unsigned long long v, const char* symbol) {
  return Quantity(static_cast<double>(v), *UnitSymbol(symbol));
}
}  // namespace

Quantity operator""_ms(long double v) { return Of(v, "ms"); }
Quantity operator""_ms(unsigned long long v) { return Of(v, "ms"); }
Quantity operator""_s(long double v) { return Of(v, "s"); }
Quantity operator""_s(unsigned long long v) { return Of(v, "s"); }
Quantity operator""_mV(long double v) { return Of(v, "mV"); }
Quantity operator""_mV(unsigned long long v) { return Of(v, "mV"); }
Quantity operator""_nS(long double v) { return Of(v, "nS"); }
Quantity operator""_nS(unsigned long long v) { return Of(v, "nS"); }
Quantity operator""_pF(long double v) { return Of(v, "pF"); }
Quantity operator""_pF(unsigned long long v) { return Of(v, "pF"); }
Quantity operator""_pA(long double v) { return Of(v, "pA"); }
Quantity operator""_pA(unsigned long long v) { return Of(v, "pA"); }
Quantity operator""_nA(long double v) { return Of(v, "nA"); }
Quantity operator""_nA(unsigned long long v) { return Of(v, "nA"); }
Quantity operator""_Hz(long double v) { return Of(v, "Hz"); }
Quantity operator""_Hz(unsigned long long v) { return Of(v, "Hz"); }
}  // namespace literals

}  // namespace bnsyn
