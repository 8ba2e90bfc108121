#include "tests/fuzz/random_cells.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "compiler/description/model_library.h"
#include "compiler/equations/integration_plan.h"
#include "ir/op.h"

namespace bnsyn::fuzz {
namespace {

using compiler::LibraryModel;

// "tau_syn_k" of a numbered model is "tau_syn_1" in a population.
std::string FirstOfNumbered(absl::string_view name, const LibraryModel& model) {
  const bool numbered = absl::StrContains(model.text, "\nnumbered = ") && name.size() > 2 &&
                        name[name.size() - 2] == '_' &&
                        absl::StrContains("akl", name.substr(name.size() - 1));
  if (!numbered) return std::string(name);
  return absl::StrCat(name.substr(0, name.size() - 1), 1);
}

// What a library model's equations declare: dNAME/dt = ... : UNIT, and NAME : UNIT (input).
void ReadPorts(const LibraryModel& model, Cells& cells) {
  for (absl::string_view line : absl::StrSplit(model.text, '\n')) {
    const std::vector<absl::string_view> sides = absl::StrSplit(line, absl::MaxSplits(" : ", 1));
    if (sides.size() != 2) continue;
    absl::string_view name = sides[0].substr(0, sides[0].find(' '));
    const absl::string_view unit = sides[1].substr(0, sides[1].find(' '));
    if (AmountOf(std::string(unit)).empty()) continue;
    if (absl::ConsumePrefix(&name, "d") && absl::ConsumeSuffix(&name, "/dt")) {
      const Port port = {FirstOfNumbered(name, model), std::string(unit)};
      if (unit == "volt" && cells.voltage.empty()) cells.voltage = port.name;
      cells.ports.push_back(port);
    } else if (absl::StrContains(sides[1], "(input")) {
      const Port port = {std::string(sides[0]), std::string(unit)};
      (port.name == "arrived" ? cells.ports : cells.inputs).push_back(port);
    }
  }
}

// Parameters with which a library model spikes.
std::string Drive(const LibraryModel& model, Random& random) {
  if (absl::StrContains(model.text, "\nI_e = \"0 mV/ms\"")) {
    return absl::StrCat("I_e = \"", 10 + random.Below(40), " mV/ms\"");
  }
  if (absl::StrContains(model.text, "\nI_e = ")) {
    return absl::StrCat("I_e = \"", 500 + 100 * random.Below(50), " pA\"");
  }
  if (model.name == "poisson_source" || model.name == "poisson_generator") {
    return absl::StrCat("rate = \"", 100 + random.Below(900), " Hz\"");
  }
  if (model.name == "regular_source") return "period = \"12*dt\", phase = \"3*dt\"";
  return "";
}

size_t DrawSize(Random& random) {
  static const std::vector<size_t> sizes = {4, 5, 17, 64, 65, 130};
  return random.Pick(sizes);
}

std::string DrawMethod(Random& random) {
  const absl::Span<const compiler::MethodInfo> methods = compiler::AllMethods();
  return std::string(methods[random.Below(methods.size())].name);
}

void DrawLibraryCells(Cells& cells, Random& random, std::set<std::string>& kinds) {
  const absl::Span<const LibraryModel> library = compiler::ModelLibrary();
  const LibraryModel& model = library[random.Below(library.size())];
  kinds.insert(absl::StrCat("model ", model.name));
  ReadPorts(model, cells);
  cells.fed = model.name == "spike_source" || model.name == "parrot";
  cells.text =
      absl::StrCat("\n[populations.", cells.name, "]\nmodel = \"", model.name,
                   "\"\nsize = ", cells.size, "\nparameters = { ", Drive(model, random), " }\n");
  if (random.OneIn(8)) {
    std::string method = DrawMethod(random);
    // These are for noise, which no model of the library has.
    if (method == "milstein" || method == "euler_maruyama") method = "euler";
    kinds.insert(absl::StrCat("method ", method));
    absl::StrAppend(&cells.text, "method = \"", method, "\"\n");
  }
  if (!cells.voltage.empty()) cells.start = absl::StrCat(cells.voltage, " = \"-60 mV\"");
  if (!cells.voltage.empty() && random.OneIn(3)) {
    absl::StrAppend(&cells.text, "initial = { ", cells.voltage, " = \"normal(-60 mV, 5 mV)\" }\n");
  }
}

// A model of its own, v without unit, which spikes by itself.
class Drawn {
 public:
  Drawn(Cells& cells, Random& random, std::set<std::string>& kinds)
      : cells_(cells), random_(random), kinds_(kinds) {}

  void Draw() {
    const bool by_code = UseOneIn(5, "update code");
    if (!by_code && !random_.OneIn(3)) {
      method_ = DrawMethod(random_);
      Use(absl::StrCat("method ", method_));
    }
    interpolated_ = method_ == "rk45" && UseOneIn(2, "interpolated spikes");
    refractory_ = UseOneIn(2, "refractory");
    cells_.start = "v = 0.5";
    cells_.ports = {{"g", "1"}};
    cells_.inputs = {{"I_ext", "1"}};
    absl::StrAppend(&cells_.text, "\n[models.", cells_.name, "_model]\nequations = \"\"\"\n");
    if (by_code) {
      AddCode();
    } else {
      AddEquations();
    }
    AddSpikes();
    AddKeys();
    AddPopulation();
  }

 private:
  void Use(const std::string& kind) { kinds_.insert(kind); }
  bool UseOneIn(size_t n, const std::string& kind) {
    if (!random_.OneIn(n)) return false;
    Use(kind);
    return true;
  }
  std::string Expression() {
    return DrawExpression({"v", "g", "x", "i/N", "t/ms"}, random_, kinds_);
  }

  void AddVariables() {
    absl::StrAppend(&cells_.text, "x : 1", UseOneIn(4, "float32") ? " (float32)" : "",
                    "\nn : integer\nI_ext : 1 (input)\n");
    if (UseOneIn(4, "links")) {
      absl::StrAppend(&cells_.text, "partner : 1 (linked)\n");
      linked_ = true;
    }
    if (UseOneIn(4, "shared variables")) absl::StrAppend(&cells_.text, "all : 1 (shared)\n");
    if (UseOneIn(4, "constants of neurons")) {
      absl::StrAppend(&cells_.text, "c : 1 (constant)\n");
      constant_ = true;
    }
    if (UseOneIn(4, "constant over dt")) {
      absl::StrAppend(&cells_.text, "held = ", Expression(), " : 1 (constant over dt)\n");
    }
  }

  void AddCode() {
    absl::StrAppend(&cells_.text, "v : 1\ng : 1\n");
    AddVariables();
    absl::StrAppend(&cells_.text, "\"\"\"\nupdate = \"\"\"\ng = 0.95*g\nx = ", Expression(),
                    "\nv += dt/(3 ms)*(k + I_ext + g + 0.1*x - v)\n\"\"\"\n");
  }

  void AddEquations() {
    const bool linear = method_ == "exact";
    const bool takes_noise = method_.empty() || method_ == "euler" || method_ == "heun" ||
                             method_ == "milstein" || method_ == "euler_maruyama";
    std::string more;
    if (!linear && random_.OneIn(2)) more = absl::StrCat(" + 0.1*", Expression());
    const bool needs_noise = method_ == "milstein" || method_ == "euler_maruyama";
    const bool noisy = needs_noise || (takes_noise && UseOneIn(3, "noise"));
    absl::StrAppend(&cells_.text, "dv/dt = (k + I_ext + g", more, " - v)/(3 ms)",
                    noisy ? " + 0.1*xi/ms**0.5" : "", " : 1",
                    refractory_ ? " (unless refractory)" : "", "\n");
    absl::StrAppend(&cells_.text, "dg/dt = -g/(2 ms) : 1\n");
    if (UseOneIn(4, "numbered variables")) {
      absl::StrAppend(&cells_.text, "dp_q/dt = -p_q/tau_q : 1\n");
      numbered_ = true;
      cells_.ports.push_back({"p_2", "1"});
    }
    AddVariables();
    absl::StrAppend(&cells_.text, "\"\"\"\n");
    if (!method_.empty()) absl::StrAppend(&cells_.text, "method = \"", method_, "\"\n");
    if (interpolated_) absl::StrAppend(&cells_.text, "spike_time = \"interpolated\"\n");
    stepped_ = method_ != "rk45" && method_ != "exact";
    if (!numbered_ && (method_ == "euler" || method_ == "heun") && UseOneIn(2, "order")) {
      absl::StrAppend(&cells_.text, "order = [\"g\", \"v\"]\n");
    } else if (stepped_ && UseOneIn(5, "substeps")) {
      absl::StrAppend(&cells_.text, "substeps = ", 2 + random_.Below(3), "\n");
    }
  }

  void AddSpikes() {
    std::string threshold = "v > 1";
    if (!interpolated_) {
      static const std::vector<std::string> more = {"", "", " and rand() < 0.9", " + 0.1*sin(t/ms)",
                                                    " and t - lastspike > 0.5 ms"};
      threshold += random_.Pick(more);
    }
    static const std::vector<std::string> draws = {"rand()",
                                                   "0.1*randn()",
                                                   "uniform(-1, 0.5)",
                                                   "normal(0, 0.1)",
                                                   "lognormal(-2, 0.5)",
                                                   "0.1*exponential(1)",
                                                   "(0.5 if bernoulli(0.5) else 0)",
                                                   "0.1*poisson(2)",
                                                   "0"};
    absl::StrAppend(&cells_.text, "threshold = \"", threshold, "\"\nreset = \"v = 0.2*",
                    random_.Pick(draws), "; n += 1; x = ", Expression(), "\"\n");
    if (refractory_) {
      static const std::vector<std::string> times = {"3*dt", "0.5 ms + 0.1 ms*(n % 3)", "v > 1.2"};
      absl::StrAppend(&cells_.text, "refractory = \"",
                      interpolated_ ? "0.37 ms" : random_.Pick(times), "\"\n");
    }
    if (!interpolated_ && UseOneIn(5, "several spikes of a step")) {
      absl::StrAppend(&cells_.text, "multiplicity = \"1 + n % 3\"\nmost_spikes = 3\n");
    }
    if (UseOneIn(4, "events")) {
      absl::StrAppend(&cells_.text, "events = { often = \"n >= 3\" }\n",
                      "on_event = { often = \"n = 0\" }\n");
      cells_.event = "often";
    }
  }

  void AddKeys() {
    absl::StrAppend(&cells_.text, "parameters = { k = 1.4", numbered_ ? ", tau = [\"2 ms\"]" : "",
                    " }\n");
    if (numbered_) absl::StrAppend(&cells_.text, "numbered = { q = [\"tau\"] }\n");
    if (UseOneIn(4, "bounds")) absl::StrAppend(&cells_.text, "bounds = { v = [-1000, 1000] }\n");
    if (UseOneIn(6, "resolution")) absl::StrAppend(&cells_.text, "resolution = { g = 1e-9 }\n");
    if (random_.OneIn(3)) absl::StrAppend(&cells_.text, "initial = { g = 0.1 }\n");
    if (UseOneIn(6, "require")) {
      absl::StrAppend(&cells_.text, "require = { \"k > 0\" = \"it drives the neuron\" }\n");
    }
    tunable_ = UseOneIn(4, "tunable parameters");
    if (tunable_) absl::StrAppend(&cells_.text, "tunable = [\"k\"]\n");
    if (UseOneIn(6, "clocks of models")) {
      absl::StrAppend(&cells_.text, "clocks.rest = { every = \"", 1 + random_.Below(20),
                      "*dt\", code = \"g = 0.5*g\" }\n");
    }
  }

  void AddPopulation() {
    absl::StrAppend(&cells_.text, "\n[populations.", cells_.name, "]\nmodel = \"", cells_.name,
                    "_model\"\nsize = ", cells_.size, "\ninitial = { v = \"uniform(0, 1)\"",
                    constant_ ? ", c = \"i/N\"" : "", " }\n");
    if (linked_) {
      absl::StrAppend(&cells_.text, "linked = { partner = \"", cells_.name,
                      ".x[(i + 1) % N]\" }\n");
    }
    if (stepped_ && UseOneIn(6, "integration of populations")) {
      absl::StrAppend(&cells_.text,
                      random_.OneIn(2) ? "substeps = 2\n" : "spike_time = \"grid\"\n");
    } else if (stepped_ && !numbered_ && UseOneIn(8, "integration of populations")) {
      absl::StrAppend(&cells_.text, "method = \"euler\"\norder = [\"v\", \"g\", \"v\"]\n");
    }
    std::string parameters = numbered_ ? "tau = [\"1 ms\", \"3 ms\"]" : "";
    if (!tunable_ && UseOneIn(4, "parameters that change")) {
      absl::StrAppend(&parameters, parameters.empty() ? "" : ", ",
                      "k = { value = 1.4, at = [\"30*dt\", \"60*dt\"], to = [1.1, 2] }");
    }
    absl::StrAppend(&cells_.text, "parameters = { ", parameters, " }\n");
  }

  Cells& cells_;
  Random& random_;
  std::set<std::string>& kinds_;
  std::string method_;  // empty for what the compiler chooses
  bool interpolated_ = false;
  bool refractory_ = false;
  bool numbered_ = false;
  bool constant_ = false;
  bool tunable_ = false;
  bool linked_ = false;
  bool stepped_ = false;  // its method takes substeps
};

// The function over an argument where it is a number.
std::string Function(const std::string& argument, Random& random, std::set<std::string>& kinds) {
  const absl::Span<const ir::FunctionInfo> functions = ir::AllFunctions();
  const ir::FunctionInfo& function = functions[random.Below(functions.size())];
  if (function.word.empty()) return argument;
  kinds.insert(absl::StrCat("function ", function.word));
  return absl::StrCat(function.word, "(clip(", argument, ", ", std::max(function.from, -3.0), ", ",
                      std::min(function.to, 3.0), "))");
}

}  // namespace

std::string AmountOf(const std::string& unit) {
  static const std::vector<std::pair<std::string, std::string>> amounts = {
      {"volt", "2 mV"},           {"amp", "150 pA"},
      {"siemens", "3 nS"},        {"1", "0.05"},
      {"molar", "0.01 uM"},       {"hertz", "10 Hz"},
      {"volt/second", "5 mV/ms"}, {"molar/second", "0.01 uM/ms"}};
  for (const auto& [known, amount] : amounts) {
    if (known == unit) return amount;
  }
  return "";
}

std::string DrawExpression(const std::vector<std::string>& names, Random& random,
                           std::set<std::string>& kinds, int depth) {
  if (depth == 0)
    return random.OneIn(4) ? absl::StrCat(0.25 * static_cast<double>(random.Below(9)))
                           : random.Pick(names);
  const auto part = [&] { return DrawExpression(names, random, kinds, depth - 1); };
  const auto within = [](const std::string& text) {
    return absl::StrCat("clip(", text, ", -2, 2)");
  };
  switch (random.Below(9)) {
    case 0: {
      static const std::vector<std::string> signs = {"+", "-", "*", "%", "//", "/"};
      const size_t sign = random.Below(signs.size());
      return within(
          absl::StrCat("(", part(), ") ", signs[sign], " (", sign < 3 ? part() : "1.5", ")"));
    }
    case 1:
      return within(absl::StrCat(part(), " if ", part(), " < ", part(), " else ", part()));
    case 2: {
      static const std::vector<std::string> of_two = {"min", "max", "hypot", "arctan2", "mod"};
      const std::string& word = random.Pick(of_two);
      kinds.insert(absl::StrCat("function ", word));
      return within(absl::StrCat(word, "(", part(), ", ", word == "mod" ? "0.75" : part(), ")"));
    }
    case 3: {
      static const std::vector<std::string> of_one = {"abs",  "sign",  "floor", "ceil",
                                                      "rint", "trunc", "int"};
      const std::string& word = random.Pick(of_one);
      kinds.insert(absl::StrCat("function ", word));
      return within(absl::StrCat(word, "(", part(), ")"));
    }
    case 4:
      return within(absl::StrCat("(", part(), ")**", 2 + random.Below(3)));
    default:
      return within(Function(part(), random, kinds));
  }
}

Cells DrawCells(const std::string& name, Random& random, std::set<std::string>& kinds) {
  Cells cells;
  cells.name = name;
  cells.size = DrawSize(random);
  if (random.OneIn(2)) {
    DrawLibraryCells(cells, random, kinds);
  } else {
    Drawn(cells, random, kinds).Draw();
  }
  return cells;
}

}  // namespace bnsyn::fuzz
