#include "tests/fuzz/random_synapses.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "compiler/description/model_library.h"

namespace bnsyn::fuzz {
namespace {

using compiler::LibraryModel;

class Writer {
 public:
  Writer(const std::string& name, const Cells& source, const Cells& target, Random& random,
         std::set<std::string>& kinds)
      : name_(name),
        source_(source),
        target_(target),
        random_(random),
        kinds_(kinds),
        port_(random.Pick(target.ports)),
        amount_(port_.name == "arrived" ? "1" : AmountOf(port_.unit)) {}

  Synapses Draw() {
    AddWeightAndDelay();
    if (port_.name == "arrived") {
      AddPlainCode();
      return std::move(out_);
    }
    switch (random_.Below(6)) {
      case 0:
        Use("plastic weights");
        AddPlasticKeys(out_.keys, port_.unit, absl::StrCat(port_.name, "_post"),
                       absl::StrCat("(4*(", amount_, "))"), "(3 ms)", "0.1");
        break;
      case 1:
        AddOwnModel();
        break;
      case 2:
        AddPathways();
        break;
      case 3:
        AddPlainCode();
        break;
      default:
        AddLibraryModel();
    }
    return std::move(out_);
  }

 private:
  void Use(const std::string& kind) { kinds_.insert(kind); }
  bool UseOneIn(size_t n, const std::string& kind) {
    if (!random_.OneIn(n)) return false;
    Use(kind);
    return true;
  }
  std::string Steps(size_t most) { return absl::StrCat(random_.Below(most + 1), "*dt"); }

  void AddWeightAndDelay() {
    const bool drawn = UseOneIn(3, "drawn weights");
    absl::StrAppend(&out_.keys, "weight = \"", drawn ? "uniform(0.5, 1)*(" : "(", amount_, ")\"\n");
    switch (random_.Below(4)) {
      case 0:
        break;
      case 1:
        Use("drawn delays");
        absl::StrAppend(&out_.keys, "delay = \"uniform(0*dt, 15*dt)\"\n");
        break;
      default:
        absl::StrAppend(&out_.keys, "delay = \"", Steps(20), "\"\n");
    }
    if (UseOneIn(5, "streams")) absl::StrAppend(&out_.keys, "stream = \"together\"\n");
    if (!source_.event.empty() && random_.OneIn(3)) {
      absl::StrAppend(&out_.keys, "event = \"", source_.event, "\"\n");
      Use("projections of events");
    }
  }

  void AddPlainCode() {
    absl::StrAppend(&out_.keys, "on_pre = \"", port_.name, "_post += w\"\n");
    if (!UseOneIn(2, "gain")) return;
    absl::StrAppend(&out_.keys,
                    "gain = ", random_.OneIn(2) ? "0.5" : "{ value = 0, at = \"20*dt\", to = 1 }",
                    "\n");
  }

  void AddPathways() {
    Use("pathways");
    const std::string add = absl::StrCat(port_.name, "_post += w");
    const bool of_event = !source_.event.empty() && random_.OneIn(2);
    absl::StrAppend(&out_.keys, "equations = \"u : 1\"\non_pre.main = \"", add, "; u += 1\"\n",
                    "on_pre.late = { code = \"", add,
                    "/2; u = ", DrawExpression({"u"}, random_, kinds_), "\", delay = \"", Steps(15),
                    "\"", of_event ? absl::StrCat(", event = \"", source_.event, "\"") : "",
                    " }\n");
    if (random_.OneIn(2)) {
      absl::StrAppend(&out_.keys, "on_post.main = { code = \"u *= 0.9\", order = -2 }\n");
    }
  }

  // Keys of a projection or of a model of synapses: a weight between 0 and `most` that pairs of
  // spikes change, with a trace that code of every step moves.
  void AddPlasticKeys(std::string& text, const std::string& unit, const std::string& into,
                      const std::string& most, const std::string& tau, const std::string& up) {
    const bool moves = UseOneIn(2, "clock-driven variables");
    const std::string bound = absl::StrCat("0*", most, ", ", most, ")");
    absl::StrAppend(
        &text, "equations = \"\"\"\nw : ", unit, UseOneIn(3, "float32") ? " (float32)" : "",
        "\ndx/dt = -x/", tau, " : 1 (event-driven)\n",
        moves ? "dz/dt = (0.3 - z)/(2 ms) : 1 (clock-driven)\ndy/dt = -y/(1 ms) : 1 "
                "(clock-driven)\n"
              : "",
        "\"\"\"\non_pre = \"", into, " += w; x += 1; w = clip(w - 0.1*", up, "*", most, ", ", bound,
        "\"\non_post = \"w = clip(w + ", up, "*x*", most, ", ", bound, "\"\n");
    if (moves && random_.OneIn(2)) {
      absl::StrAppend(&text, "method = \"", random_.OneIn(2) ? "euler" : "exponential_euler",
                      "\"\norder = [\"y\", \"z\"]\n");
    }
    if (moves && random_.OneIn(2)) absl::StrAppend(&text, "initial = { z = 0.5 }\n");
    if (UseOneIn(3, "dendritic delays"))
      absl::StrAppend(&text, "post_delay = \"", Steps(5), "\"\n");
    if (UseOneIn(3, "bounds")) {
      absl::StrAppend(&text, "bounds = { w = [\"-", most, "\", \"2*", most, "\"] }\n");
    }
    if (UseOneIn(3, "clocks of synapses")) {
      absl::StrAppend(&text, "clocks.fade = { every = \"", 1 + random_.Below(20),
                      "*dt\", code = \"w = 0.95*w\" }\n");
    }
  }

  void AddOwnModel() {
    Use("models of synapses");
    absl::StrAppend(
        &out_.model, "\n[synapses.", name_,
        "_synapse]\nparameters = { most = { unit = \"weight\" }, tau = \"3 ms\", up = 0.1 "
        "}\nrequire = { \"tau > 0 ms\" = \"it is a time\" }\n",
        random_.OneIn(2) ? "tunable = [\"up\"]\n" : "");
    AddPlasticKeys(out_.model, "weight", "into_post", "most", "tau", "up");
    absl::StrAppend(&out_.keys, "model = \"", name_, "_synapse\"\ninto = \"", port_.name,
                    "\"\nparameters = { most = \"4*(", amount_, ")\" }\n");
  }

  // The model's parameters of the unit of a weight, which it has no defaults for.
  std::string WeightParameters(const LibraryModel& model) const {
    std::string text;
    for (const absl::string_view line : absl::StrSplit(model.text, '\n')) {
      if (!absl::StrContains(line, "{ unit = \"weight\" }")) continue;
      absl::StrAppend(&text, text.empty() ? "" : ", ", line.substr(0, line.find(' ')), " = \"4*(",
                      amount_, ")\"");
    }
    return text;
  }

  void AddLibraryModel() {
    const absl::Span<const LibraryModel> library = compiler::SynapseLibrary();
    const LibraryModel& model = library[random_.Below(library.size())];
    Use(absl::StrCat("synapses ", model.name));
    absl::StrAppend(&out_.keys, "model = \"", model.name, "\"\ninto = \"", port_.name,
                    "\"\nparameters = { ", WeightParameters(model), " }\n");
    if (model.name == "clopath" && target_.voltage != "V") {
      absl::StrAppend(&out_.keys, "names = { V = \"",
                      target_.voltage.empty() ? port_.name : target_.voltage, "\" }\n");
    }
  }

  const std::string& name_;
  const Cells& source_;
  const Cells& target_;
  Random& random_;
  std::set<std::string>& kinds_;
  const Port& port_;
  const std::string amount_;
  Synapses out_;
};

}  // namespace

Synapses DrawSynapses(const std::string& name, const Cells& source, const Cells& target,
                      Random& random, std::set<std::string>& kinds) {
  return Writer(name, source, target, random, kinds).Draw();
}

}  // namespace bnsyn::fuzz
