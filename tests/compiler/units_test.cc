#include "compiler/language/units.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace bnsyn {
namespace {

using namespace literals;

Dimension Of(const char* unit) { return ParseUnit(unit).value().dimension; }

TEST(UnitsTest, SymbolsHaveTheirDimensionAndPowerOfTen) {
  const struct {
    const char* symbol;
    Dimension dimension;
    int exponent;
  } cases[] = {
      {"V", dimension::kVoltage, 3},
      {"mV", dimension::kVoltage, 0},
      {"uV", dimension::kVoltage, -3},
      {"kV", dimension::kVoltage, 6},
      {"volt", dimension::kVoltage, 3},
      {"mvolt", dimension::kVoltage, 0},
      {"A", dimension::kCurrent, 12},
      {"pA", dimension::kCurrent, 0},
      {"nA", dimension::kCurrent, 3},
      {"fA", dimension::kCurrent, -3},
      {"amp", dimension::kCurrent, 12},
      {"ampere", dimension::kCurrent, 12},
      {"namp", dimension::kCurrent, 3},
      {"S", dimension::kConductance, 9},
      {"nS", dimension::kConductance, 0},
      {"uS", dimension::kConductance, 3},
      {"mS", dimension::kConductance, 6},
      {"siemens", dimension::kConductance, 9},
      {"nsiemens", dimension::kConductance, 0},
      {"F", dimension::kCapacitance, 12},
      {"pF", dimension::kCapacitance, 0},
      {"uF", dimension::kCapacitance, 6},
      {"farad", dimension::kCapacitance, 12},
      {"ohm", dimension::kResistance, -9},
      {"Mohm", dimension::kResistance, -3},
      {"Gohm", dimension::kResistance, 0},
      {"s", dimension::kTime, 3},
      {"ms", dimension::kTime, 0},
      {"us", dimension::kTime, -3},
      {"second", dimension::kTime, 3},
      {"msecond", dimension::kTime, 0},
      {"minute", dimension::kTime, 4},
      {"hour", dimension::kTime, 5},
      {"Hz", dimension::kFrequency, -3},
      {"kHz", dimension::kFrequency, 0},
      {"hertz", dimension::kFrequency, -3},
      {"m", dimension::kLength, 6},
      {"cm", dimension::kLength, 4},
      {"mm", dimension::kLength, 3},
      {"um", dimension::kLength, 0},
      {"metre", dimension::kLength, 6},
      {"meter", dimension::kLength, 6},
      {"M", dimension::kConcentration, 3},
      {"mM", dimension::kConcentration, 0},
      {"uM", dimension::kConcentration, -3},
      {"nM", dimension::kConcentration, -6},
      {"molar", dimension::kConcentration, 3},
      {"C", dimension::kCurrent * dimension::kTime, 15},
      {"J", dimension::kCurrent * dimension::kTime * dimension::kVoltage, 18},
      {"W", dimension::kCurrent * dimension::kVoltage, 15},
      {"kg", Dimension{{0, 2}}, 12},
      {"g", Dimension{{0, 2}}, 9},
      {"K", Dimension{{0, 0, 0, 0, 2}}, 0},
      {"mol", Dimension{{0, 0, 0, 0, 0, 2}}, 18},
      {"L", dimension::kLength.Power(3), 15},
      {"N", Dimension{{2, 2, -4}}, 12},
  };
  for (const auto& c : cases) {
    const std::optional<Unit> unit = UnitSymbol(c.symbol);
    ASSERT_TRUE(unit.has_value()) << c.symbol;
    EXPECT_EQ(unit->dimension, c.dimension) << c.symbol;
    EXPECT_EQ(unit->exponent, c.exponent) << c.symbol;
  }
}

TEST(UnitsTest, WhatIsNoSymbolIsRefused) {
  for (const char* symbol :
       {"", "x", "volts", "mmV", "ks2", "dV", "cV", "Kg", "mv", "m V", "1", "dm", "ccd", "hz"}) {
    EXPECT_FALSE(UnitSymbol(symbol).has_value()) << symbol;
  }
}

TEST(UnitsTest, EverySymbolListedIsOne) {
  for (const std::string& symbol : UnitSymbols()) {
    EXPECT_TRUE(UnitSymbol(symbol).has_value()) << symbol;
    EXPECT_TRUE(ParseUnit(symbol).has_value()) << symbol;
  }
}

TEST(UnitsTest, SymbolsAreUnambiguous) {
  std::vector<std::string> symbols = UnitSymbols();
  std::sort(symbols.begin(), symbols.end());
  EXPECT_EQ(std::adjacent_find(symbols.begin(), symbols.end()), symbols.end());
}

TEST(UnitsTest, ParsesProductsAndPowers) {
  const struct {
    const char* text;
    Dimension dimension;
    int exponent;
    bool root_ten = false;
  } cases[] = {
      {"1", {}, 0},
      {" mV / ms ", dimension::kVoltage / dimension::kTime, 0},
      {"uF/cm**2", dimension::kCapacitance / dimension::kLength.Power(2), -2},
      {"uF/cm^2", dimension::kCapacitance / dimension::kLength.Power(2), -2},
      {"1/second", dimension::kFrequency, -3},
      {"s**-1", dimension::kFrequency, -3},
      {"nS*mV", dimension::kCurrent, 0},
      {"pA/(nS*mV)", {}, 0},
      {"V/s/s", dimension::kVoltage / dimension::kTime.Power(2), -3},
      {"(mm**2)**2", dimension::kLength.Power(4), 12},
      {"m**0", {}, 0},
      {"ms**-0.5", dimension::kWhiteNoise, 0},
      {"mV/sqrt(ms)", dimension::kVoltage * dimension::kWhiteNoise, 0},
      {"sqrt(V**2/s) * ms**0.5", dimension::kVoltage, 1, true},
      {"second**-0.5", dimension::kWhiteNoise, -2, true},
      {"volt/sqrt(second)", dimension::kVoltage * dimension::kWhiteNoise, 1, true},
      {"volt*second**-0.5", dimension::kVoltage * dimension::kWhiteNoise, 1, true},
      {"sqrt(second)*second**0.5", dimension::kTime, 3},
      {"s**1.5", *dimension::kTime.PowerOfHalves(3), 4, true},
      {"sqrt(s**2)", dimension::kTime, 3},
  };
  for (const auto& c : cases) {
    const std::optional<Unit> unit = ParseUnit(c.text);
    ASSERT_TRUE(unit.has_value()) << c.text;
    EXPECT_EQ(unit->dimension, c.dimension) << c.text;
    EXPECT_EQ(unit->exponent, c.exponent) << c.text;
    EXPECT_EQ(unit->root_ten, c.root_ten) << c.text;
  }
}

TEST(UnitsTest, UnitsWithRootsOfTenMeasure) {
  const Unit root = *ParseUnit("sqrt(second)");
  EXPECT_EQ(Quantity(2, root).value, 2 * std::sqrt(1000.0));
  EXPECT_EQ(Quantity(2, root).In(root), 2);
  const Unit inverse = *ParseUnit("second**-0.5");
  EXPECT_NEAR(Quantity(1, inverse).value, 1 / std::sqrt(1000.0), 1e-17);
  EXPECT_EQ(Quantity(3, inverse).In(inverse), 3);
}

TEST(UnitsTest, WhatIsNoUnitIsRefused) {
  for (const char* text : {"",
                           " ",
                           "2",
                           "12",
                           "mV/",
                           "/ms",
                           "mV ms",
                           "mV**",
                           "mV**x",
                           "mV**2.25",
                           "mV**.5",
                           "sqrt",
                           "sqrt mV",
                           "sqrt(sqrt(mV))",
                           "sqrt(mV",
                           "(mV",
                           "mV)",
                           "mV**12",
                           "2*mV",
                           "mV + mV",
                           "mV**9**9",
                           "m**9*m**9*m**9*m**9*m**9*m**9*m**9",
                           "((((((((((((((((((((mV))))))))))))))))))))",
                           "mV**9/mV**-9/mV**-9/mV**-9"}) {
    EXPECT_FALSE(ParseUnit(text).has_value()) << text;
  }
}

TEST(UnitsTest, QuantitiesRoundOnce) {
  EXPECT_EQ(Quantity(-70, *UnitSymbol("mV")).value, -70);
  EXPECT_EQ(Quantity(0.1, *UnitSymbol("s")).value, 100);
  EXPECT_EQ(Quantity(2000, *UnitSymbol("Hz")).value, 2);
  EXPECT_EQ(Quantity(3, *UnitSymbol("us")).value, 3.0 / 1000);
  EXPECT_EQ(Quantity(0.3, *UnitSymbol("A")).value, 0.3 * 1e12);
  EXPECT_EQ((0.1_s).value, 100);
  EXPECT_EQ((1_s).value, 1000);
  EXPECT_EQ((0.1_ms).value, 0.1);
  EXPECT_EQ((5_nA).value, 5000);
  EXPECT_EQ((20_Hz).value, 20.0 / 1000);
  EXPECT_EQ((20_Hz).dimension, dimension::kFrequency);
  EXPECT_EQ((0.5_nS).dimension, dimension::kConductance);
  EXPECT_EQ((150_pF).dimension, dimension::kCapacitance);
  EXPECT_EQ((80_pA).dimension, dimension::kCurrent);
  EXPECT_EQ((-1.5_mV).value, -1.5);
  EXPECT_EQ((-1.5_mV).dimension, dimension::kVoltage);
}

TEST(UnitsTest, QuantitiesAreReadBackInAnyUnit) {
  EXPECT_EQ((100_ms).In(*UnitSymbol("s")), 0.1);
  EXPECT_EQ((2000_Hz).In(*UnitSymbol("Hz")), 2000);
  EXPECT_EQ((-70_mV).In(*UnitSymbol("mV")), -70);
  EXPECT_EQ((1_nA).In(*UnitSymbol("pA")), 1000);
}

TEST(UnitsTest, DecimalsAreScaledBeforeTheyAreRounded) {
  EXPECT_EQ(ScaledDecimal("0.1", 3), 100);
  EXPECT_EQ(ScaledDecimal("2000", -3), 2);
  EXPECT_EQ(ScaledDecimal("4.1", -3), 4.1e-3);
  EXPECT_NE(4.1 / 1000, 4.1e-3);  // which rounds twice
  EXPECT_EQ(ScaledDecimal("2.5e-3", 6), 2500);
  EXPECT_EQ(ScaledDecimal(".5", 0), 0.5);
  EXPECT_EQ(ScaledDecimal("7.", 0), 7);
  EXPECT_EQ(ScaledDecimal("1E+3", 0), 1000);
  EXPECT_EQ(ScaledDecimal("1e300", -300), 1);
  EXPECT_EQ(ScaledDecimal("1e400", -400), 1);
  EXPECT_EQ(ScaledDecimal("0", 400), 0);
  for (const char* text : {"", ".", "e5", "1e", "1e400", "1e+-3", "-1", "inf", "nan", "0x10",
                           "1.2.3", "1e99999999999999999999", "1 "}) {
    EXPECT_FALSE(ScaledDecimal(text, 0).has_value()) << text;
  }
}

TEST(UnitsTest, DimensionsReadAsPeopleSayThem) {
  const struct {
    const char* unit;
    const char* words;
    const char* display;
  } cases[] = {
      {"1", "a number without unit", ""},
      {"V", "volt", "mV"},
      {"A", "ampere", "pA"},
      {"S", "siemens", "nS"},
      {"F", "farad", "pF"},
      {"ohm", "ohm", "Gohm"},
      {"s", "second", "ms"},
      {"Hz", "hertz", "kHz"},
      {"m", "metre", "um"},
      {"M", "molar", "mM"},
      {"V/s", "volt/second", "mV/ms"},
      {"A/s", "ampere/second", "pA/ms"},
      {"S/s", "siemens/second", "nS/ms"},
      {"A*s", "ampere*second", "pA*ms"},
      {"V**2", "volt**2", "mV**2"},
      {"1/V", "1/volt", "1/mV"},
      {"1/(V*s)", "1/(volt*second)", "1/(mV*ms)"},
      {"V/s**2", "volt/second**2", "mV/ms**2"},
      {"F/m**2", "farad/metre**2", "pF/um**2"},
      {"A/m**2", "ampere/metre**2", "pA/um**2"},
      {"1/s**2", "1/second**2", "1/ms**2"},
      {"W", "watt", "fW"},
      {"kg", "kilogram", "ng"},
      {"s**-0.5", "1/second**0.5", "1/ms**0.5"},
      {"V/s**0.5", "volt/second**0.5", "mV/ms**0.5"},
      {"sqrt(s)", "second**0.5", "ms**0.5"},
      {"A*s**-1.5", "ampere/second**1.5", "pA/ms**1.5"},
      {"M*cd*K", "kelvin*mole*candela/metre**3", "K*(mM*um**3)*cd/um**3"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(DescribeDimension(Of(c.unit)), c.words) << c.unit;
    EXPECT_EQ(DisplayUnit(Of(c.unit)), c.display) << c.unit;
  }
}

TEST(UnitsTest, DisplayUnitsMeasureTheInternalSystem) {
  for (const char* first : {"V", "A", "S", "F", "s", "Hz", "ohm", "M", "m", "C", "N", "J", "W",
                            "Pa", "g", "L", "K", "mol", "cd"}) {
    for (const char* second : {"1", "s", "V**2", "1/m**3", "1/mol", "1/sqrt(s)", "sqrt(mol)"}) {
      const Dimension d = Of(first) * Of(second);
      if (d.dimensionless()) continue;
      const std::optional<Unit> unit = ParseUnit(DisplayUnit(d));
      ASSERT_TRUE(unit.has_value()) << first << " " << second << " " << DisplayUnit(d);
      EXPECT_EQ(unit->dimension, d) << DisplayUnit(d);
      EXPECT_EQ(unit->exponent, 0) << DisplayUnit(d);
      EXPECT_FALSE(unit->root_ten) << DisplayUnit(d);
    }
  }
}

TEST(UnitsTest, DimensionsFormAGroupUntilTheySaturate) {
  EXPECT_EQ(dimension::kVoltage * dimension::kConductance, dimension::kCurrent);
  EXPECT_EQ(dimension::kCapacitance / dimension::kConductance, dimension::kTime);
  EXPECT_EQ(dimension::kTime.Power(-1), dimension::kFrequency);
  EXPECT_TRUE(dimension::kTime.Power(0).dimensionless());
  EXPECT_TRUE((dimension::kResistance * dimension::kConductance).dimensionless());
  const Dimension huge = dimension::kVoltage.Power(std::numeric_limits<int>::max());
  EXPECT_EQ(huge.halves[0], 2 * kMaxDimensionExponent);
  EXPECT_EQ((huge * huge).halves[0], 2 * kMaxDimensionExponent);
  EXPECT_EQ(dimension::kVoltage.Power(std::numeric_limits<int>::min()).halves[0],
            -2 * kMaxDimensionExponent);
}

TEST(UnitsTest, HalfPowersOfDimensions) {
  EXPECT_EQ(dimension::kTime.PowerOfHalves(-1), dimension::kWhiteNoise);
  EXPECT_EQ(dimension::kWhiteNoise * dimension::kWhiteNoise, dimension::kFrequency);
  EXPECT_EQ(dimension::kWhiteNoise.Power(-2), dimension::kTime);
  EXPECT_EQ(dimension::kVoltage.PowerOfHalves(4), dimension::kVoltage.Power(2));
  EXPECT_EQ(dimension::kWhiteNoise.PowerOfHalves(1), std::nullopt);
  EXPECT_EQ(dimension::kTime.PowerOfHalves(std::numeric_limits<int>::max())->halves[2],
            2 * kMaxDimensionExponent);
}

// Another prefix would be another magnitude, by which the network would run.
TEST(UnitsTest, AGuessHasThePrefixThatIsWritten) {
  const struct {
    const char* text;
    const char* guess;
  } cases[] = {
      {"MOhm", "Mohm"},
      {"mOhm", "mohm"},
      {"kOhm", "kohm"},
      {"Mohms", "Mohm"},
      {"GOHM", "Gohm"},
      {"msec", "ms"},
      {"usec", "us"},
      {"secs", "s"},
      {"mVolt", "mvolt"},
      {"millivolt", "mvolt"},
      {"megaOhm", "Mohm"},
      {"nanosiemens", "nsiemens"},
      {"mv", "mV"},
      {"pa", "pA"},
      {"nf", "nF"},
      {"MHZ", "MHz"},
      {"mhz", "mHz"},
      {"Mhom", "Mohm"},
      {"simens", "siemens"},
      {"cm2", "cm**2"},
      {"umetre3", "umetre**3"},
      {"kilograms", "kilogram"},
      {"cV", ""},
      {"PA", ""},
      {"xyz", ""},
      {"NS", ""},
  };
  for (const auto& c : cases) {
    const std::string expected =
        *c.guess == '\0' ? "" : absl::StrCat(" (did you mean '", c.guess, "'?)");
    EXPECT_EQ(UnitGuess(c.text), expected) << c.text;
  }
  // Any one letter behind the first may be wrong.
  int guesses = 0;
  for (const std::string& symbol : UnitSymbols()) {
    for (size_t i = 1; i < symbol.size(); ++i) {
      for (const char letter : {'x', 'M', 'm', 'k'}) {
        std::string text = symbol;
        text[i] = letter;
        const std::string guess = UnitGuess(text);
        if (guess.empty()) continue;
        ++guesses;
        EXPECT_TRUE(absl::StrContains(guess, absl::StrCat("'", text.substr(0, 1))))
            << text << guess;
      }
    }
  }
  EXPECT_GT(guesses, 100);
  EXPECT_EQ(UnitAdvice("celsius"), "a temperature is in kelvin, as in 37*kelvin + zero_celsius");
  EXPECT_EQ(UnitAdvice("mV"), "");
}

TEST(UnitsTest, TimesOfClocksAreMultiplesOfSeconds) {
  EXPECT_EQ(Quantity(2, *ParseUnit("min")).value, 120000);
  EXPECT_EQ(Quantity(0.5, *ParseUnit("hour")).value, 1800000);
  EXPECT_EQ(Quantity(1, *ParseUnit("day")).In(*ParseUnit("h")), 24);
  EXPECT_EQ(Quantity(3, *ParseUnit("hour/minute")).value, 180);
  EXPECT_EQ(Quantity(60, *ParseUnit("1/minute")).In(*ParseUnit("Hz")), 1);
  EXPECT_EQ(Quantity(2, *ParseUnit("minute**2")).value, 2 * 3.6e9);
  EXPECT_FALSE(ParseUnit("mhour").has_value());
}

TEST(UnitsTest, LongNamesStandForLetters) {
  for (const auto& [symbol, name] : {
           std::pair("s", "second"),
           {"m", "metre"},
           {"S", "siemens"},
           {"V", "volt"},
           {"A", "amp"},
           {"M", "molar"},
       }) {
    EXPECT_EQ(LongName(symbol), name);
  }
  EXPECT_EQ(LongName("h"), "hour");
  EXPECT_EQ(LongName("x"), "");
}

TEST(UnitsTest, ConstantsHaveUnits) {
  EXPECT_EQ(NamedConstant("pi")->value, 3.141592653589793);
  EXPECT_EQ(NamedConstant("e")->value, 2.718281828459045);
  EXPECT_TRUE(std::isinf(NamedConstant("inf")->value));
  EXPECT_EQ(NamedConstant("zero_celsius")->In(*ParseUnit("K")), 273.15);
  EXPECT_DOUBLE_EQ(NamedConstant("faraday_constant")->In(*ParseUnit("C/mol")), 96485.33212331);
  EXPECT_DOUBLE_EQ(NamedConstant("gas_constant")->In(*ParseUnit("J/(mol*K)")), 8.31446261815324);
  EXPECT_FALSE(NamedConstant("tau").has_value());
}

}  // namespace
}  // namespace bnsyn
