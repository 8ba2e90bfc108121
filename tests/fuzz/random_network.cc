#include "tests/fuzz/random_network.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/fuzz/draws_kinds.h"
#include "tests/fuzz/random.h"

namespace bnsyn::fuzz {
namespace {

// A population under construction.
struct Cells {
  std::string name;
  size_t size = 1;
  bool linked = false;
};

class Writer : DrawsKinds {
 public:
  Writer(Random& random, std::set<std::string>& kinds) : DrawsKinds(random, kinds) {}

  std::string Run() {
    const size_t schedule = random_.Below(4);
    absl::StrAppend(&text_, "[network]\ndt = \"0.1 ms\"\nduration = \"10 ms\"\nseed = ",
                    random_.Below(1000), "\n");
    if (schedule > 1) {
      const std::string name = schedule == 2 ? "brian2" : "bnsyn-original";
      absl::StrAppend(&text_, "schedule = \"", name, "\"\n");
      Use(absl::StrCat("schedule ", name));
    }
    absl::StrAppend(&text_, "\n[uniform]\nequations = \"drive : 1\"\nupdate = \"drive = 0.9*drive",
                    random_.OneIn(2) ? " + 0.001*count(first)" : "", "\"\n");
    const size_t populations = 1 + random_.Below(3);
    for (size_t p = 0; p < populations; ++p) AddCells(p);
    AddGroups();
    const size_t projections = 1 + random_.Below(4);
    for (size_t p = 0; p < projections; ++p) AddProjection(p);
    AddStimulus();
    return std::move(text_);
  }

 private:
  // A time of 0 to `most` steps.
  std::string Steps(size_t most) { return absl::StrCat("0.1 ms*", random_.Below(most + 1)); }

  void AddCells(size_t number) {
    static const char* const kNames[] = {"first", "second", "third"};
    Cells cells;
    cells.name = kNames[number];
    cells.size = random_.OneIn(3) ? 65 + random_.Below(90) : 1 + random_.Below(30);
    const bool narrow = random_.OneIn(3);
    if (narrow) Use("float32");
    std::string equations = absl::StrCat(
        "dv/dt = (1.3 + drive + g + r - v)/(3 ms) : 1 (unless refractory",
        narrow ? ", float32" : "", ")\ndg/dt = -g/(2 ms) : 1", narrow ? " (float32)" : "",
        "\nr : 1 (input)\nx : 1", random_.OneIn(3) ? " (float32)" : "", "\nn : integer\n");
    std::string reset = "v = 0.2*rand(); n += 1";
    if (random_.OneIn(2)) {
      absl::StrAppend(&reset, "; x = 0.5*v(t - ", Steps(9), ")");
      Use("past of neurons");
    }
    std::string links;
    if (number > 0 && random_.OneIn(2)) {
      cells.linked = true;
      const Cells& other = cells_[random_.Below(number)];
      absl::StrAppend(&equations, "partner : 1 (linked)\n");
      links =
          absl::StrCat("linked = { partner = \"", other.name, ".v[(3*i) % ", other.size, "]\" }\n");
      Use("links");
    } else if (random_.OneIn(4)) {
      cells.linked = true;
      absl::StrAppend(&equations, "partner : 1 (linked)\n");
      links = absl::StrCat("linked = { partner = \"", cells.name, ".x[(i + 1) % N]\" }\n");
      Use("links");
    }
    absl::StrAppend(&text_, "\n[models.", cells.name, "_model]\nequations = \"\"\"\n", equations,
                    "\"\"\"\nthreshold = \"v > 1\"\nreset = \"", reset, "\"\nrefractory = \"",
                    Steps(5), "\"\ninitial = { v = \"uniform(0, 1)\" }\n");
    if (random_.OneIn(3)) {
      absl::StrAppend(&text_, "events = { third_spike = \"n >= 3\" }\n",
                      "on_event = { third_spike = \"n = 0\" }\n");
      Use("events");
    }
    absl::StrAppend(&text_, "\n[populations.", cells.name, "]\nmodel = \"", cells.name,
                    "_model\"\nsize = ", cells.size, "\n", links);
    if (random_.OneIn(3)) {
      const std::string code = cells.linked ? "x = 0.9*x + 0.1*partner" : "x += 0.01*randn()";
      absl::StrAppend(&text_, "clocks.turn = { every = \"", 1 + random_.Below(9),
                      "*dt\", code = \"", code, "\"", random_.OneIn(2) ? ", when = \"end\"" : "",
                      " }\n");
      Use("clocks");
    }
    cells_.push_back(std::move(cells));
  }

  // Some neurons of a population.
  std::string Some(const Cells& cells) {
    if (random_.OneIn(2)) return cells.name;
    Use("groups");
    if (groups_ && random_.OneIn(3) && cells.name == "first") return "chosen";
    switch (random_.Below(3)) {
      case 0:
        return absl::StrCat(cells.name, "[", random_.Below(cells.size), ":]");
      case 1:
        return absl::StrCat(cells.name, "[::", 1 + random_.Below(3), "]");
      default:
        return absl::StrCat(cells.name, "[i % 3 == 0]");
    }
  }

  void AddGroups() {
    groups_ = random_.OneIn(2);
    if (!groups_) return;
    absl::StrAppend(&text_, "\n[groups]\nchosen = \"first[i % 2 == 0]\"\n");
    Use("groups");
  }

  std::string Rule() {
    switch (random_.Below(4)) {
      case 0:
        return "\"all_to_all\"";
      case 1:
        return absl::StrCat("{ type = \"bernoulli\", p = 0.", 1 + random_.Below(9), " }");
      case 2:
        return "{ type = \"fixed_in_degree\", n = 3, multiple = true }";
      default:
        return "{ type = \"fixed_out_degree\", n = 2, multiple = true }";
    }
  }

  void AddProjection(size_t number) {
    const Cells& source = cells_[random_.Below(cells_.size())];
    const Cells& target = cells_[random_.Below(cells_.size())];
    std::string equations = "s : 1\n";
    std::string on_pre = "g_post += w; s += 0.1";
    std::string on_post;
    if (random_.OneIn(2)) {
      absl::StrAppend(&equations, "r_post = 0.01*v_pre(t - delay) : 1 (summed)\n");
      Use("past of synapses");
    }
    if (random_.OneIn(4)) {
      absl::StrAppend(&equations, "r_pre = 0.01*v_post : 1 (summed)\n");
      Use("sums at sources");
    }
    if (random_.OneIn(3)) {
      absl::StrAppend(&on_pre, "; g_pre += 0.002*v_pre(t - delay)");
      Use("sums at sources");
      Use("past of synapses");
    }
    if (random_.OneIn(3)) {
      absl::StrAppend(&on_pre, "; s = 0.5*s + 0.1*rand()");
      Use("draws of synapses");
    }
    if (random_.OneIn(4)) {
      absl::StrAppend(&equations, "dy/dt = -y/(1 ms) + 0.1*xi/(1 ms)**0.5 : 1 (clock-driven)\n");
      Use("noise of synapses");
    }
    if (random_.OneIn(2)) {
      absl::StrAppend(&on_post, "s = clip(s - 0.05, 0, 1); g_post += 0.001*s");
      if (random_.OneIn(3)) {
        absl::StrAppend(&on_post, "; g_pre -= 0.001");
        Use("sums at sources");
      }
    }
    absl::StrAppend(&text_, "\n[projections.p", number, "]\nsource = \"", Some(source),
                    "\"\ntarget = \"", Some(target), "\"\nrule = ", Rule(),
                    "\nweight = ", random_.OneIn(2) ? "0.02" : "\"normal(0.02, 0.01)\"",
                    "\ndelay = \"");
    if (random_.OneIn(2)) {
      absl::StrAppend(&text_, Steps(7), "\"\n");
    } else {
      absl::StrAppend(&text_, "uniform(0 ms, 1.5 ms)\"\n");
      Use("drawn delays");
    }
    if (random_.OneIn(3)) {
      Use("pathways");
      absl::StrAppend(&text_, "on_pre.pre = \"", on_pre,
                      "\"\non_pre.later = { code = \"s += 0.01\"", ", delay = \"", Steps(12),
                      "\" }\n");
    } else {
      absl::StrAppend(&text_, "on_pre = \"", on_pre, "\"\n");
    }
    if (!on_post.empty()) absl::StrAppend(&text_, "on_post = \"", on_post, "\"\n");
    absl::StrAppend(&text_, "equations = \"\"\"\n", equations, "\"\"\"\n");
    if (random_.OneIn(4)) {
      absl::StrAppend(&text_, "clocks.fade = { every = \"", 1 + random_.Below(20),
                      "*dt\", code = \"s = 0.9*s\" }\n");
      Use("clocks");
    }
  }

  void AddStimulus() {
    absl::StrAppend(&text_, "\n[stimuli.noise]\ntype = \"poisson\"\ntarget = \"first\"\n",
                    "rate = \"500 Hz\"\nweight = 0.3\non_event = \"g += w\"\n");
  }

  std::string text_;
  std::vector<Cells> cells_;
  bool groups_ = false;
};

}  // namespace

RandomNetwork MakeRandomNetwork(uint64_t seed) {
  Random random(seed ^ 0xdecade);
  RandomNetwork network;
  network.text = Writer(random, network.kinds).Run();
  return network;
}

}  // namespace bnsyn::fuzz
