#include "tests/fuzz/random_plastic.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/fuzz/draws_kinds.h"
#include "tests/fuzz/random.h"

namespace bnsyn::fuzz {
namespace {

class Writer : DrawsKinds {
 public:
  Writer(Random& random, std::set<std::string>& kinds) : DrawsKinds(random, kinds) {}

  std::string Run() {
    const bool brian2 = random_.OneIn(6);
    absl::StrAppend(&text_, "[network]\ndt = \"0.1 ms\"\nduration = \"15 ms\"\nseed = ",
                    random_.Below(1000), "\n", brian2 ? "schedule = \"brian2\"\n" : "");
    if (brian2) Use("schedule brian2");
    AddNeurons();
    const size_t projections = 1 + random_.Below(2);
    for (size_t p = 0; p < projections; ++p) AddProjection(absl::StrCat("p", p));
    if (UseOneIn(3, "models of the library")) AddLibraryModel();
    AddNetworkLevel();
    return std::move(text_);
  }

 private:
  std::string Steps(size_t most) { return absl::StrCat("0.1 ms*", random_.Below(most + 1)); }

  // Neurons that spike by themselves, so often that the history of a neuron fills now and then, and
  // others that what arrives makes spike.
  void AddNeurons() {
    const bool busy = UseOneIn(3, "busy neurons");
    absl::StrAppend(&text_, R"toml(
[models.cell]
equations = """
dv/dt = (0.6 + 0.2*M + g - v)/(2 ms) : 1
dg/dt = -g/(2 ms) : 1
n : integer
"""
)toml",
                    "threshold = \"v > 1 or rand() < ", busy ? "0.35" : "0.03",
                    "\"\nreset = \"v = 0; n += 1\"\ninitial = { v = \"uniform(0, 1)\" }\n",
                    "\n[populations]\na = { model = \"cell\", size = ",
                    random_.OneIn(3) ? 65 + random_.Below(70) : 2 + random_.Below(20),
                    " }\nb = { model = \"cell\", size = ", 1 + random_.Below(15), " }\n");
  }

  void AddNetworkLevel() {
    std::vector<std::string> equations = {"M : 1"};
    std::vector<std::string> update = {random_.OneIn(2) ? "M = 0.9*M + 0.02*count(a) + 0.1*randn()"
                                                        : "M = sin(t/(1 ms))"};
    std::string clocks;
    if (UseOneIn(3, "sums over synapses")) {
      equations.emplace_back("squares : 1");
      update.emplace_back("squares = sum(p0.w**2)");
    }
    if (UseOneIn(4, "sums over synapses by a clock")) {
      equations.emplace_back("heavy : integer");
      absl::StrAppend(&clocks, "clocks.look = { every = \"", 1 + random_.Below(40), "*dt\"",
                      random_.OneIn(2) ? ", when = \"end\"" : "",
                      ", code = \"heavy = count(p0.w > 0.5)\" }\n");
    }
    absl::StrAppend(&text_, "\n[uniform]\nequations = \"\"\"\n", absl::StrJoin(equations, "\n"),
                    "\n\"\"\"\nupdate = \"\"\"\n", absl::StrJoin(update, "\n"), "\n\"\"\"\n",
                    clocks);
  }

  // A statement that changes the weight; `own` is the trace that pairs read.
  std::string Change(const std::string& own, bool up) {
    const std::string by = absl::StrCat(up ? "0.1*" : "-0.07*", own);
    switch (random_.Below(6)) {
      case 0:
        Use("weights without bounds");
        return absl::StrCat("w += ", by);
      case 1:
        return absl::StrCat("w = clip(w + ", by, "*(1 - w), 0, 1)");
      case 2:
        Use("draws");
        return absl::StrCat("w = clip(w + ", by, "*rand(), 0, 1)");
      case 3:
        return absl::StrCat("w = clip(w*(1 + ", by, "), 0, 2) if ", own, " > 0.3 else w");
      case 4:
        Use("modulators in code of spikes");
        return absl::StrCat("w = clip(w + ", by, "*M, 0, 1)");
      default:
        return absl::StrCat("w = clip(w + ", by, ", 0, 1)");
    }
  }

  void AddProjection(const std::string& name) {
    const std::string ends[] = {"a", "b"};
    const bool narrow = UseOneIn(3, "float32");
    std::vector<std::string> equations = {narrow ? "w : 1 (float32)" : "w : 1"};
    std::vector<std::string> pre = {"g_post += 0.1*w"};
    std::vector<std::string> post;
    std::vector<std::string> clocks;
    const std::string per_synapse =
        UseOneIn(4, "traces of synapses") ? ", per synapse" : std::string();
    equations.push_back(absl::StrCat("dx/dt = -x/(", 1 + random_.Below(9), " ms) : 1 (event-driven",
                                     per_synapse, narrow ? ", float32" : "", ")"));
    equations.push_back(absl::StrCat("dy/dt = -y/(2 ms) : 1 (event-driven", per_synapse, ")"));
    const std::string jump_x = UseOneIn(4, "traces that are set") ? "x = 1" : "x += 1";
    const bool eligibility = UseOneIn(2, "eligibility");
    if (random_.OneIn(4)) {
      pre.push_back(jump_x);
      pre.push_back(Change("y", false));
    } else {
      pre.push_back(Change("y", false));
      pre.push_back(jump_x);
    }
    if (!random_.OneIn(5)) {
      if (!random_.OneIn(4)) post.push_back(Change("x", true));
      post.emplace_back("y += 1");
    }
    if (UseOneIn(6, "code of spikes that reads neurons")) pre.emplace_back("w += 1e-3*v_post");
    if (!post.empty() && UseOneIn(6, "code of spikes back that reads its neuron")) {
      post.emplace_back("w = clip(w + 1e-3*v_post, 0, 1)");
    }
    if (!post.empty() && UseOneIn(8, "code of spikes back that adds")) {
      post.emplace_back("g_post += 1e-3*w");
    }
    if (eligibility) {
      switch (random_.Below(3)) {
        case 0:
          Use("eligibility by equation");
          equations.emplace_back("de/dt = -e/(3 ms) : 1 (clock-driven)");
          clocks.emplace_back(
              "learn = { every = \"dt\", code = \"w = clip(w + 0.05*e*M, 0, 1)\" }");
          break;
        case 1:
          Use("eligibility by clock");
          equations.emplace_back("e : 1");
          clocks.emplace_back(
              "learn = { every = \"dt\", code = \"w = clip(w + 0.05*e*M, 0, 1); e *= 0.97\" }");
          break;
        default:
          equations.emplace_back("de/dt = -e/(3 ms) : 1 (event-driven)");
          pre.emplace_back("w = clip(w + 0.05*e*M, 0, 1)");
      }
      pre.emplace_back("e -= 0.5*y");
      if (!post.empty()) post.emplace_back("e += x");
    }
    if (UseOneIn(4, "clocks")) {
      clocks.push_back(absl::StrCat("fade = { every = \"", 2 + random_.Below(30),
                                    "*dt\", code = \"w = 0.98*w + 0.01\" }"));
    }
    absl::StrAppend(&text_, "\n[projections.", name, "]\nsource = \"", ends[random_.Below(2)],
                    "\"\ntarget = \"", ends[random_.Below(2)], "\"\nrule = ", Rule(),
                    "\nweight = \"uniform(0.2, 0.8)\"\ndelay = \"");
    const bool drawn = UseOneIn(5, "drawn delays");
    absl::StrAppend(&text_, drawn ? "uniform(0 ms, 1 ms)" : Steps(12), "\"\n");
    if (UseOneIn(3, "dendritic delays")) {
      absl::StrAppend(&text_, "post_delay = \"", Steps(5), "\"\n");
    }
    absl::StrAppend(&text_, "equations = \"\"\"\n", absl::StrJoin(equations, "\n"), "\n\"\"\"\n");
    AddPathways(pre, post);
    for (const std::string& clock : clocks) absl::StrAppend(&text_, "clocks.", clock, "\n");
    if (UseOneIn(4, "bounds")) absl::StrAppend(&text_, "bounds = { w = [-1000, 1000] }\n");
  }

  void AddLibraryModel() {
    const std::string models[] = {"stdp",         "stdp_multiplicative",  "stdp_gutig",
                                  "stdp_nn_symm", "stdp_nn_pre_centered", "stdp_nn_restr"};
    absl::StrAppend(&text_, "\n[projections.known]\nsource = \"a\"\ntarget = \"",
                    random_.OneIn(2) ? "a" : "b", "\"\nrule = ", Rule(), "\nmodel = \"",
                    models[random_.Below(6)],
                    "\"\ninto = \"g\"\nweight = \"uniform(0.02, 0.08)\"\ndelay = \"", Steps(12),
                    "\"\nparameters = { w_max = 0.1 }\n");
  }

  void AddPathways(const std::vector<std::string>& pre, const std::vector<std::string>& post) {
    if (UseOneIn(4, "pathways")) {
      absl::StrAppend(&text_, "on_pre.main = \"", absl::StrJoin(pre, "; "),
                      "\"\non_pre.late = { code = \"w += 0.001\", delay = \"", Steps(15),
                      "\", order = 3 }\n");
    } else {
      absl::StrAppend(&text_, "on_pre = \"", absl::StrJoin(pre, "; "), "\"\n");
    }
    if (post.empty()) return;
    const bool first = UseOneIn(4, "spikes back first");
    absl::StrAppend(&text_, "on_post = { code = \"", absl::StrJoin(post, "; "), "\"",
                    first ? ", order = -2" : "", " }\n");
  }

  std::string Rule() {
    switch (random_.Below(4)) {
      case 0:
        return "\"all_to_all\"";
      case 1:
        return absl::StrCat("{ type = \"bernoulli\", p = 0.", 2 + random_.Below(7), " }");
      case 2:
        return "{ type = \"fixed_in_degree\", n = 5, multiple = true }";
      default:
        return "{ type = \"fixed_out_degree\", n = 1 }";
    }
  }

  std::string text_;
};

}  // namespace

RandomNetwork MakePlasticNetwork(uint64_t seed) {
  Random random(seed ^ 0x1ea51);
  RandomNetwork network;
  network.text = Writer(random, network.kinds).Run();
  return network;
}

}  // namespace bnsyn::fuzz
