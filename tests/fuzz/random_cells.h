// Random models of neurons for network files: those of the library, and drawn ones whose equations
// have random functions, methods, events and flags.
#ifndef BNSYN_TESTS_FUZZ_RANDOM_CELLS_H_
#define BNSYN_TESTS_FUZZ_RANDOM_CELLS_H_

#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/random.h"

namespace bnsyn::fuzz {

// A variable with its unit, as network files write it.
struct Port {
  std::string name;
  std::string unit;
};

// A population of a network file, and what others may say of it.
struct Cells {
  std::string name;
  size_t size = 1;
  std::string text;          // its model, if it has its own, and its declaration
  std::vector<Port> ports;   // spikes and events may add to them
  std::vector<Port> inputs;  // currents may be added to them
  std::string voltage;       // a variable in volt; empty for none
  std::string start;         // a value that a variable may begin with, as "v = 0.5"
  std::string event;         // besides the spike; empty for none
  bool fed = false;          // it spikes as often as events arrive at `arrived`
};

// Draws the population `name`. What it uses goes to `kinds`.
Cells DrawCells(const std::string& name, Random& random, std::set<std::string>& kinds);

// An amount of that unit which moves a neuron a little; empty for a unit that is not known.
std::string AmountOf(const std::string& unit);

// An expression of the numbers `names` without unit, from -2 to 2; now and then it is NaN.
std::string DrawExpression(const std::vector<std::string>& names, Random& random,
                           std::set<std::string>& kinds, int depth = 2);

}  // namespace bnsyn::fuzz

#endif  // BNSYN_TESTS_FUZZ_RANDOM_CELLS_H_
