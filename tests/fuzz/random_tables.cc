#include "tests/fuzz/random_tables.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "ir/rule.h"
#include "tests/fuzz/random.h"
#include "tests/fuzz/random_cells.h"
#include "tests/fuzz/random_synapses.h"

namespace bnsyn::fuzz {
namespace {

class Writer {
 public:
  explicit Writer(uint64_t seed) : random_(seed ^ 0x7ab1e5) {}

  RandomNetwork Run() {
    AddNetwork();
    const std::string names[] = {"first", "second", "third"};
    const size_t populations = 1 + random_.Below(3);
    for (size_t p = 0; p < populations; ++p) {
      cells_.push_back(DrawCells(names[p], random_, kinds_));
      absl::StrAppend(&text_, cells_.back().text);
      AddPopulationClock(cells_.back());
    }
    AddNetworkLevel();
    AddGroup();
    const size_t projections = 1 + random_.Below(3);
    for (size_t p = 0; p < projections; ++p) AddProjection(absl::StrCat("p", p));
    for (const Cells& cells : cells_) {
      if (cells.fed) Feed(cells);
    }
    const size_t stimuli = random_.Below(3);
    for (size_t s = 0; s < stimuli; ++s) AddStimulus(absl::StrCat("s", s));
    return {std::move(text_), std::move(kinds_)};
  }

 private:
  void Use(const std::string& kind) { kinds_.insert(kind); }
  bool UseOneIn(size_t n, const std::string& kind) {
    if (!random_.OneIn(n)) return false;
    Use(kind);
    return true;
  }
  std::string Steps(size_t most) { return absl::StrCat(random_.Below(most + 1), "*dt"); }

  void AddNetwork() {
    static const std::vector<std::string> steps = {"0.1 ms", "0.1 ms", "0.1 ms", "0.05 ms",
                                                   "0.25 ms"};
    absl::StrAppend(&text_, "[network]\n", random_.OneIn(4) ? "name = \"drawn\"\n" : "", "dt = \"",
                    random_.Pick(steps), "\"\nduration = \"10 ms\"\nseed = ", random_.Below(1000),
                    "\n");
    static const std::vector<std::string> schedules = {"brian2", "bnsyn-original"};
    if (random_.OneIn(3)) {
      const std::string& schedule = random_.Pick(schedules);
      Use(absl::StrCat("schedule ", schedule));
      absl::StrAppend(&text_, "schedule = \"", schedule, "\"\n");
    }
    if (UseOneIn(4, "strict math")) absl::StrAppend(&text_, "math = \"strict\"\n");
    if (UseOneIn(8, "strict precision")) absl::StrAppend(&text_, "precision = \"strict\"\n");
    if (!UseOneIn(4, "tables")) return;
    table_ = true;
    static const std::vector<std::string> courses = {
        "dt = \"5*dt\"\nvalues = [0.2, 1.5, -0.25, 0.75]",
        "times = [\"3*dt\", \"7.5*dt\"]\nvalues = [1, 2]\noff_grid = \"up\"",
        "file = \"steps.csv\"\ncolumn = \"value\"\noff_grid = \"nearest\"",
    };
    absl::StrAppend(&text_, "\n[tables.course]\n", random_.Pick(courses), "\n",
                    random_.OneIn(2) ? "unit = \"1\"\n" : "");
  }

  void AddPopulationClock(const Cells& cells) {
    if (cells.ports.empty() || cells.fed || !UseOneIn(4, "clocks of populations")) return;
    const Port& port = random_.Pick(cells.ports);
    absl::StrAppend(&text_, "clocks.turn = { every = \"", 1 + random_.Below(9), "*dt\", code = \"",
                    port.name, " = 0.99*", port.name, "\"",
                    random_.OneIn(2) ? ", when = \"end\"" : "",
                    random_.OneIn(3) ? ", offset = \"2*dt\"" : "",
                    random_.OneIn(3) ? ", order = 2" : "", " }\n");
  }

  // M and P, which plastic models of the library read, and others.
  void AddNetworkLevel() {
    std::string equations = "M : 1\nP : 1\nS : 1\n";
    std::string update = "M = 0.9*M + 0.05*count(first)\nP = 0.5\n";
    if (UseOneIn(4, "mr_estimate")) {
      absl::StrAppend(&update, "S = mr_estimate(count(first), 5)\n");
    } else if (table_) {
      absl::StrAppend(&update, "S = course(t)\n");
    } else {
      absl::StrAppend(&update, "S = ", DrawExpression({"M", "P", "t/ms"}, random_, kinds_), "\n");
    }
    if (UseOneIn(3, "sums over neurons") && !cells_[0].voltage.empty()) {
      absl::StrAppend(&equations, "up : integer\nmiddle : volt\n");
      absl::StrAppend(&update, "up = count(first.", cells_[0].voltage,
                      " > -60 mV)\nmiddle = mean(first.", cells_[0].voltage, ")\n");
    }
    absl::StrAppend(&text_, "\n[uniform]\nequations = \"\"\"\n", equations,
                    "\"\"\"\nupdate = \"\"\"\n", update, "\"\"\"\n");
    if (UseOneIn(3, "parameters of the network")) {
      absl::StrAppend(
          &text_, "parameters = { height = 0.5 }\ntunable = [\"height\"]\n",
          "require = { \"height > 0\" = \"it is one\" }\ninitial = { S = \"height\" }\n");
    }
    if (UseOneIn(4, "clocks of the network")) {
      absl::StrAppend(&text_, "clocks.look = { every = \"", 1 + random_.Below(30),
                      "*dt\", code = \"M = 0.5*M + count(first)/10\" }\n");
    }
  }

  void AddGroup() {
    groups_ = UseOneIn(3, "groups");
    if (!groups_) return;
    absl::StrAppend(&text_, "\n[groups.chosen]\nneurons = \"first[0:4]\"\n");
    if (!cells_[0].start.empty() && random_.OneIn(2)) {
      absl::StrAppend(&text_, "initial = { ", cells_[0].start, " }\n");
    }
  }

  // Some neurons of a population, at least four.
  std::string Some(const Cells& cells) {
    if (!random_.OneIn(3)) return cells.name;
    Use("parts of populations");
    if (groups_ && cells.name == "first" && random_.OneIn(2)) return "chosen";
    switch (random_.Below(3)) {
      case 0:
        return absl::StrCat(cells.name, "[0:4]");
      case 1:
        return absl::StrCat(cells.name, "[-4:]");
      default:
        return absl::StrCat(cells.name, "[[0, 1, 2, 3]]");
    }
  }

  std::string Rule(std::string& source, std::string& target, const Cells& from, const Cells& to) {
    const absl::Span<const ir::RuleTraits> rules = ir::AllRules();
    const ir::RuleTraits* rule = nullptr;
    do {
      rule = &rules[random_.Below(rules.size())];
    } while (!rule->in_networks);
    Use(absl::StrCat("rule ", rule->name));
    // Rules that join neurons by their numbers need as many on both sides.
    if (rule->kind == ir::RuleKind::kOneToOne) {
      source = absl::StrCat(from.name, "[0:4]");
      target = absl::StrCat(to.name, "[-4:]");
    }
    std::string text = absl::StrCat("{ type = \"", rule->name, "\"");
    if (rule->takes_p) {
      absl::StrAppend(&text, ", p = ", random_.OneIn(3) ? "\"exp(-((i - j)/10)**2)\"" : "0.2");
    }
    if (rule->takes_relative_p && random_.OneIn(2)) absl::StrAppend(&text, ", p = \"1 + i % 3\"");
    if (rule->takes_n) absl::StrAppend(&text, ", n = ", 1 + random_.Below(3));
    if (rule->takes_self && random_.OneIn(3)) absl::StrAppend(&text, ", self = false");
    if (rule->takes_multiple && random_.OneIn(2)) absl::StrAppend(&text, ", multiple = true");
    if (rule->takes_table) absl::StrAppend(&text, ", file = \"pairs.csv\"");
    if (rule->pairwise.has_value() && UseOneIn(4, "conditions")) {
      absl::StrAppend(&text, ", condition = \"(i + j) % 3 != 0\"");
    }
    return absl::StrCat(text, " }");
  }

  void AddProjection(const std::string& name) {
    const Cells& from = random_.Pick(cells_);
    const Cells& to = random_.Pick(cells_);
    if (to.ports.empty()) return;
    std::string source = Some(from);
    std::string target = Some(to);
    const std::string rule = Rule(source, target, from, to);
    const Synapses synapses = DrawSynapses(name, from, to, random_, kinds_);
    // An array of targets is a projection to each.
    const bool several = UseOneIn(6, "projections to several");
    absl::StrAppend(&text_, synapses.model, "\n[projections.", name, "]\nsource = \"", source,
                    "\"\ntarget = ", several ? "[" : "", "\"", target, "\"", several ? "]" : "",
                    "\nrule = ", rule, "\n", several ? "constants = { strength = [0.5] }\n" : "",
                    synapses.keys);
  }

  // Events for neurons that spike at these alone.
  void Feed(const Cells& cells) {
    absl::StrAppend(&text_, "\n[stimuli.feed_", cells.name, "]\ntype = \"bernoulli\"\ntarget = \"",
                    cells.name, "\"\nrate = \"400 Hz\"\nweight = 1\non_event = \"arrived += w\"\n");
  }

  void AddStimulus(const std::string& name) {
    const Cells& cells = random_.Pick(cells_);
    static const std::vector<std::string> of_events = {"poisson", "bernoulli", "spikes", "file",
                                                       "host"};
    static const std::vector<std::string> of_currents = {"current", "ornstein_uhlenbeck", "host"};
    const bool current = !cells.inputs.empty() && random_.OneIn(2);
    if (!current && (cells.ports.empty() || cells.fed)) return;
    const std::string& type = random_.Pick(current ? of_currents : of_events);
    const Port& port = random_.Pick(current ? cells.inputs : cells.ports);
    const std::string amount = AmountOf(port.unit);
    Use(absl::StrCat("stimulus ", type));
    absl::StrAppend(&text_, "\n[stimuli.", name, "]\ntype = \"", type, "\"\ntarget = \"",
                    type == "host" ? cells.name : Some(cells), "\"\n");
    if (current) {
      absl::StrAppend(&text_, "variable = \"", port.name, "\"\n");
    } else {
      absl::StrAppend(&text_, "weight = \"", amount, "\"\non_event = \"", port.name, " += w\"\n");
    }
    if (type == "poisson" || type == "bernoulli") {
      absl::StrAppend(&text_, "rate = ",
                      random_.OneIn(3) ? "{ value = \"300 Hz\", at = \"25*dt\", to = \"900 Hz\" }"
                                       : "\"500 Hz\"",
                      "\n", type == "poisson" && random_.OneIn(2) ? "n = 20\n" : "");
    } else if (type == "spikes") {
      absl::StrAppend(&text_, "times = [\"3*dt\", \"7.5*dt\", \"40*dt\"]\nindex = ",
                      random_.OneIn(2) ? "[0, 1, 3]" : "2", "\noff_grid = \"nearest\"\n");
    } else if (type == "file") {
      absl::StrAppend(&text_, "file = \"drive.csv\"\n");
    } else if (type == "current") {
      absl::StrAppend(&text_, "value = \"(", amount, ")*",
                      DrawExpression({"t/ms", "i/N", "rand()"}, random_, kinds_, 1), "\"\n",
                      random_.OneIn(3) ? "every = \"4*dt\"\n" : "");
    } else if (type == "ornstein_uhlenbeck") {
      absl::StrAppend(&text_, "sigma = \"", amount, "\"\ntau = \"2 ms\"\n",
                      random_.OneIn(3) ? "shared = true\n" : "",
                      random_.OneIn(3) ? absl::StrCat("mean = \"", amount, "\"\n") : "");
    }
    if (UseOneIn(4, "windows of stimuli")) {
      absl::StrAppend(&text_, "start = \"10*dt\"\n", random_.OneIn(2) ? "stop = \"60*dt\"\n" : "");
    }
  }

  Random random_;
  std::string text_;
  std::set<std::string> kinds_;
  std::vector<Cells> cells_;
  bool table_ = false;
  bool groups_ = false;
};

}  // namespace

RandomNetwork MakeTableNetwork(uint64_t seed) { return Writer(seed).Run(); }

}  // namespace bnsyn::fuzz
