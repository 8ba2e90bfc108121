// What to write in place of a text that is no unit.
#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/language/units.h"
#include "ir/diagnostic.h"

namespace bnsyn {
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
  return std::any_of(std::begin(kPrefixNames), std::end(kPrefixNames),
                     [letter](const PrefixName& prefix) { return *prefix.letter == letter; });
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
  if (text == "weight") {
    return "'weight' is the unit of what a model of synapses adds to: into_post += w";
  }
  for (const char* degree : {"deg", "degree", "degrees"}) {
    if (text == degree) return "an angle is in radian, as in deg2rad(90)";
  }
  return "";
}

}  // namespace bnsyn
