#include "compiler/description/keys.h"

#include <algorithm>
#include <iterator>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/settings.h"
#include "ir/rule.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

using Population = Network::PopulationDescription;
using Group = Network::GroupDescription;
using Projection = Network::ProjectionDescription;
using Uniform = Network::UniformDescription;

// The member of a declaration that the members lead to.
template <auto... members, typename T>
Field At(T& declaration) {
  return &(declaration.*....*members);
}

template <typename T>
Field ByHand(T&) {
  return ReadByHand{};
}

constexpr Key<Network> kNetworkKeys[] = {
    {"name", At<&Network::options, &NetworkOptions::name>},
    {"dt", [](Network& n) -> Field { return TimeStep{&n.options.dt}; }},
    {"duration", At<&Network::duration>},
    {"seed", At<&Network::options, &NetworkOptions::seed>},
    {"math",
     [](Network& n) -> Field {
       return Word{&n.options.strict_math, {"default", "strict"}};
     }},
    {"precision",
     [](Network& n) -> Field {
       return Word{&n.options.strict_precision, {"report", "strict"}};
     }},
    {"schedule",
     [](Network& n) -> Field {
       return Word{&n.options.schedule, {"default", "brian2", "bnsyn-original"}};
     }},
};

constexpr Key<Model> kModelKeys[] = {
    {"parameters", At<&Model::parameters>},
    {"equations", At<&Model::equations>, kAnyKind, kAnyKind,
     "declare its variables, as in \"dV/dt = ... : volt\""},
    {"initial", At<&Model::initial>},
    {"update", At<&Model::update>},
    {"threshold", At<&Model::threshold>},
    {"reset", At<&Model::reset>},
    {"refractory", At<&Model::refractory>},
    {"events", ByHand},
    {"on_event", ByHand},
    {"bounds", At<&Model::bounds>},
    {"require", At<&Model::requirements>},
    {"resolution", At<&Model::resolution>},
    {"tunable", ByHand},
    {"numbered", ByHand},
    {"method", At<&Model::integration, &Integration::method>},
    {"substeps", At<&Model::integration, &Integration::substeps>},
    {"order", ByHand},
    {"clocks", At<&Model::clocks>},
    {"multiplicity", At<&Model::multiplicity>},
    {"most_spikes", At<&Model::most_spikes>},
    {"spike_time",
     [](Model& m) -> Field {
       return Word{&m.integration.interpolated_spikes, {"grid", "interpolated"}};
     }},
};

constexpr Key<Clock> kClockKeys[] = {
    {"every", At<&Clock::every>, kAnyKind, kAnyKind, "as in every = \"1 ms\""},
    {"code", At<&Clock::code>, kAnyKind, kAnyKind, "as in code = \"V = clip(V, E_L, V_th)\""},
    {"offset", At<&Clock::offset>},
    {"when",
     [](Clock& c) -> Field {
       return Word{&c.at_end, {"start", "end"}};
     }},
    {"order", At<&Clock::order>},
};

// Before the name of a projection or a stimulus, which may have one name.
constexpr char kOfProjections[] = "projections.";
constexpr char kOfStimuli[] = "stimuli.";

constexpr absl::string_view kOffGridWords[] = {"error", "nearest", "up", "down"};

// Of these a population may have its own.
constexpr Key<Model> kIntegrationKeys[] = {
    {"method", At<&Model::integration, &Integration::method>},
    {"substeps", At<&Model::integration, &Integration::substeps>},
    {"spike_time",
     [](Model& m) -> Field {
       return Word{&m.integration.interpolated_spikes, {"grid", "interpolated"}};
     }},
};

constexpr Key<Population> kPopulationKeys[] = {
    {"model", ByHand, kAnyKind, kAnyKind, "name one, as in model = \"adex\""},
    {"size", At<&Population::size>, kAnyKind, kAnyKind, "as in size = 800, or \"0.8*N\""},
    {"parameters", At<&Population::parameters>},
    {"initial", At<&Population::initial>},
    {"linked", At<&Population::linked>},
    {"clocks", At<&Population::clocks>},
    {"method", ByHand},
    {"substeps", ByHand},
    {"order", ByHand},
    {"spike_time", ByHand},
};

constexpr Key<Group> kGroupKeys[] = {
    {"neurons", ByHand, kAnyKind, kAnyKind, "as in neurons = \"exc[0:400]\""},
    {"initial", At<&Group::initial>},
};

constexpr Key<Projection> kProjectionKeys[] = {
    {"source", ByHand, kAnyKind, kAnyKind, "as in source = \"exc\""},
    {"target", ByHand, kAnyKind, kAnyKind, "as in target = \"exc\""},
    {"rule", ByHand, kAnyKind, kAnyKind, "as in rule = { type = \"bernoulli\", p = 0.1 }"},
    {"weight", At<&Projection::options, &ConnectOptions::weight>},
    {"delay", At<&Projection::options, &ConnectOptions::delay>},
    {"on_pre", At<&Projection::options, &ConnectOptions::on_pre>},
    {"event", At<&Projection::options, &ConnectOptions::event>},
    {"on_post", At<&Projection::options, &ConnectOptions::on_post>},
    {"post_delay", At<&Projection::options, &ConnectOptions::post_delay>},
    {"equations", At<&Projection::options, &ConnectOptions::equations>},
    {"method", At<&Projection::options, &ConnectOptions::integration, &Integration::method>},
    {"order", ByHand},
    {"initial", At<&Projection::options, &ConnectOptions::initial>},
    {"bounds", At<&Projection::options, &ConnectOptions::bounds>},
    {"stream", At<&Projection::options, &ConnectOptions::stream>},
    {"constants", ByHand},
    {"gain", At<&Projection::options, &ConnectOptions::gain>},
    {"clocks", At<&Projection::options, &ConnectOptions::clocks>},
    {"model", ByHand},
    {"into", At<&Projection::options, &ConnectOptions::into>},
    {"parameters", At<&Projection::options, &ConnectOptions::parameters>},
    {"names", At<&Projection::options, &ConnectOptions::names>},
};

constexpr Key<Synapse> kSynapseKeys[] = {
    {"parameters", ByHand},
    {"require", At<&Synapse::requirements>},
    {"tunable", ByHand},
    {"equations", At<&Synapse::code, &ConnectOptions::equations>},
    {"on_pre", At<&Synapse::code, &ConnectOptions::on_pre>},
    {"on_post", At<&Synapse::code, &ConnectOptions::on_post>},
    {"post_delay", At<&Synapse::code, &ConnectOptions::post_delay>},
    {"method", At<&Synapse::code, &ConnectOptions::integration, &Integration::method>},
    {"order", ByHand},
    {"initial", At<&Synapse::code, &ConnectOptions::initial>},
    {"bounds", At<&Synapse::code, &ConnectOptions::bounds>},
    {"clocks", At<&Synapse::code, &ConnectOptions::clocks>},
};

constexpr Key<Pathway> kPathwayKeys[] = {
    {"code", At<&Pathway::code>, kAnyKind, kAnyKind, "say what a spike does"},
    {"delay", At<&Pathway::options, &PathwayOptions::delay>},
    {"order", ByHand},
    {"event", At<&Pathway::options, &PathwayOptions::event>},
};

// The rules of which `holds` is true.
template <typename Holds>
Kinds RulesThat(Holds holds) {
  Kinds kinds = kNoKind;
  for (const ir::RuleTraits& rule : ir::AllRules()) {
    if (holds(rule)) kinds |= KindsOf(rule.kind);
  }
  return kinds;
}

constexpr Kinds kHost = KindsOf(StimulusKind::kHost);
constexpr Kinds kDrawn = KindsOf(StimulusKind::kPoisson, StimulusKind::kBernoulli);
constexpr Kinds kListed = KindsOf(StimulusKind::kSpikes);
constexpr Kinds kFromFile = KindsOf(StimulusKind::kFile);
constexpr Kinds kEvents = kDrawn | kListed | kFromFile;
constexpr Kinds kCurrent = KindsOf(StimulusKind::kCurrent);
constexpr Kinds kNoise = KindsOf(StimulusKind::kOrnsteinUhlenbeck);
constexpr Key<Stimulus> kStimulusKeys[] = {
    {"type", ByHand},
    {"target", ByHand, kAnyKind, kAnyKind, "as in target = \"exc\""},
    {"start", At<&Stimulus::start>},
    {"stop", At<&Stimulus::stop>},
    {"rate", At<&Stimulus::rate>, kDrawn, kDrawn, "as in rate = \"2000 Hz\""},
    {"n", At<&Stimulus::number>, KindsOf(StimulusKind::kPoisson)},
    {"weight", At<&Stimulus::weight>, kEvents | kHost},
    {"on_event", At<&Stimulus::on_event>, kEvents | kHost, kEvents,
     "say what an event does: on_event = \"g_ampa += w\""},
    {"file", At<&Stimulus::file>, kFromFile, kFromFile, "as in file = \"events.csv\""},
    {"times", At<&Stimulus::times>, kListed, kListed, "as in times = [\"10 ms\", \"20 ms\"]"},
    {"index", ByHand, kListed, kListed, "as in index = [0, 1], or index = 0 for one neuron"},
    {"off_grid", At<&Stimulus::off_grid>, kListed | kFromFile},
    {"population", At<&Stimulus::population>, kFromFile},
    {"variable", At<&Stimulus::variable>, kCurrent | kNoise | kHost, kCurrent | kNoise,
     "name an (input) of the model: variable = \"I_ext\""},
    {"value", At<&Stimulus::value>, kCurrent, kCurrent,
     "as in value = \"100 pA * sin(2*pi*10 Hz*t)\""},
    {"every", At<&Stimulus::every>, kCurrent},
    {"mean", At<&Stimulus::mean>, kNoise},
    {"sigma", At<&Stimulus::sigma>, kNoise, kNoise,
     "the stationary standard deviation, as in sigma = \"50 pA\""},
    {"tau", At<&Stimulus::tau>, kNoise, kNoise, "the correlation time, as in tau = \"5 ms\""},
    {"shared", At<&Stimulus::shared>, kNoise},
};

constexpr Kinds kOfFile = KindsOf(TableKind::kFile);
constexpr Kinds kOfValues = KindsOf(TableKind::kValues);
constexpr Key<ValueTable> kTableKeys[] = {
    {"file", At<&ValueTable::file>, kOfFile},
    {"column", At<&ValueTable::column>, kOfFile},
    {"unit", At<&ValueTable::unit>},
    {"dt", At<&ValueTable::dt>},
    {"times", At<&ValueTable::times>, kOfValues},
    {"values", ByHand, kOfValues, kOfValues, "as in values = [1, 2, 3], or file = \"x.csv\""},
    {"off_grid", At<&ValueTable::off_grid>},
};

constexpr Key<Uniform> kUniformKeys[] = {
    {"parameters", At<&Uniform::parameters>},
    {"equations", At<&Uniform::equations>},
    {"initial", At<&Uniform::initial>},
    {"update", At<&Uniform::update>},
    {"tunable", ByHand},
    {"require", At<&Uniform::requirements>},
    {"clocks", At<&Uniform::clocks>},
};

constexpr Kinds kOfSpikes = KindsOf(RecordKind::kSpikes);
constexpr Kinds kOfVariable = KindsOf(RecordKind::kVariable);
constexpr Kinds kOfStatistics = KindsOf(RecordKind::kStatistics);
constexpr Kinds kSampled = kOfVariable | kOfStatistics;
constexpr Key<Record> kRecordKeys[] = {
    {"spikes", ByHand, kOfSpikes},
    {"variable", ByHand, kOfVariable},
    {"statistics", ByHand, kOfStatistics},
    {"every", At<&Record::every>, kSampled},
    {"start", At<&Record::start>},
    {"stop", At<&Record::stop>},
    {"type",
     [](Record& r) -> Field {
       return Word{&r.single, {"f64", "f32"}};
     },
     kOfVariable},
    {"low", At<&Record::low>, kOfStatistics},
    {"high", At<&Record::high>, kOfStatistics},
    {"bins", At<&Record::bins>, kOfStatistics},
};

bool IsSettable(const Field& field) {
  return std::visit(Overloaded{
                        [](const ReadByHand&) { return false; },
                        [](Settings*) { return false; },
                        [](std::vector<Setting>*) { return false; },
                        [](std::vector<Model::Bound>*) { return false; },
                        [](std::vector<Model::Requirement>*) { return false; },
                        [](std::vector<Clock>*) { return false; },
                        [](const auto&) { return true; },
                    },
                    field);
}

// Collects the fields of a network by path.
class Collector {
 public:
  explicit Collector(std::vector<NamedField>& out) : out_(out) {}

  void NextGroup() { ++group_; }

  void Add(std::string path, Field field) {
    if (IsSettable(field)) out_.push_back({std::move(path), group_, std::move(field)});
  }

  // What a table of names and values holds. Parameters and constants have the owner's name alone
  // before theirs: "exc.b", but "exc.initial.V".
  void AddValues(const std::string& owner, absl::string_view key, Settings& values) {
    const std::string prefix = key == "parameters" ? owner : absl::StrCat(owner, key, ".");
    for (auto& [name, value] : values) Add(absl::StrCat(prefix, name), &value);
  }

  // `owner` ends with a point, or is empty.
  template <typename T>
  void AddKeys(const std::string& owner, absl::Span<const Key<T>> keys, T& declaration,
               Kinds kind = kAnyKind) {
    for (const Key<T>& key : keys) {
      if ((key.kinds & kind) == 0) continue;
      // Overrides stand for them.
      const bool may_override = std::is_same_v<T, Population> || std::is_same_v<T, Projection>;
      if (may_override && key.name == "parameters") continue;
      Field field = key.field(declaration);
      if (Settings** values = std::get_if<Settings*>(&field)) {
        AddValues(owner, key.name, **values);
      } else if (std::vector<Clock>** clocks = std::get_if<std::vector<Clock>*>(&field)) {
        for (Clock& clock : **clocks) {
          AddKeys(absl::StrCat(owner, "clocks.", clock.name, "."), ClockKeys(), clock);
        }
      } else {
        Add(absl::StrCat(owner, std::string(key.name)), std::move(field));
      }
    }
  }

 private:
  std::vector<NamedField>& out_;
  int group_ = 0;
};

}  // namespace

bool Word::Take(absl::string_view text) const {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) return false;
  std::visit(
      [&](auto* target) {
        *target = static_cast<std::remove_reference_t<decltype(*target)>>(found - words.begin());
      },
      value);
  return true;
}

absl::Span<const Key<Network>> NetworkKeys() { return kNetworkKeys; }
absl::Span<const Key<Model>> ModelKeys() { return kModelKeys; }
absl::Span<const Key<Model>> IntegrationKeys() { return kIntegrationKeys; }
absl::Span<const Key<Population>> PopulationKeys() { return kPopulationKeys; }
absl::Span<const Key<Group>> GroupKeys() { return kGroupKeys; }
absl::Span<const Key<Projection>> ProjectionKeys() { return kProjectionKeys; }
absl::Span<const Key<Pathway>> PathwayKeys() { return kPathwayKeys; }
absl::Span<const Key<Synapse>> SynapseKeys() { return kSynapseKeys; }
absl::Span<const Key<ConnectionRule>> RuleKeys() {
  const auto takes = [](bool ir::RuleTraits::*argument) {
    return RulesThat([argument](const ir::RuleTraits& rule) { return rule.*argument; });
  };
  using Traits = ir::RuleTraits;
  static const Key<ConnectionRule> keys[] = {
      {"type", ByHand},
      {"p", At<&ConnectionRule::p>, takes(&Traits::takes_p) | takes(&Traits::takes_relative_p),
       takes(&Traits::takes_p), "as in rule = { type = \"bernoulli\", p = 0.1 }"},
      {"n", At<&ConnectionRule::n>, takes(&Traits::takes_n), takes(&Traits::takes_n),
       "as in rule = { type = \"fixed_in_degree\", n = 100 }"},
      {"self", At<&ConnectionRule::self>, takes(&Traits::takes_self)},
      {"multiple", At<&ConnectionRule::multiple>, takes(&Traits::takes_multiple)},
      {"file", At<&ConnectionRule::file>, takes(&Traits::takes_table), takes(&Traits::takes_table),
       "as in rule = { type = \"list\", file = \"conn.csv\" }"},
      {"condition", At<&ConnectionRule::condition>,
       RulesThat([](const Traits& rule) { return rule.pairwise.has_value(); })},
  };
  return keys;
}
absl::Span<const Key<Stimulus>> StimulusKeys() { return kStimulusKeys; }
absl::Span<const Key<ValueTable>> TableKeys() { return kTableKeys; }
absl::Span<const Key<Uniform>> UniformKeys() { return kUniformKeys; }
absl::Span<const Key<Clock>> ClockKeys() { return kClockKeys; }
absl::Span<const Key<Record>> RecordKeys() { return kRecordKeys; }
absl::Span<const absl::string_view> OffGridWords() { return kOffGridWords; }

bool IsAmbiguous(const std::vector<NamedField>& fields, absl::string_view path) {
  const auto has = [&](const char* sort) {
    return absl::c_any_of(
        fields, [&](const NamedField& field) { return field.path == absl::StrCat(sort, path); });
  };
  return has(kOfProjections) && has(kOfStimuli);
}

std::vector<NamedField> SettableFields(Network& network) {
  std::vector<NamedField> fields;
  Collector collector(fields);
  collector.AddKeys("", NetworkKeys(), network);
  collector.NextGroup();
  for (auto& [name, value] : network.constants) collector.Add(name, &value);
  collector.NextGroup();
  collector.AddKeys("", UniformKeys(), network.uniform);
  collector.NextGroup();
  for (Population& population : network.populations) {
    const std::string owner = absl::StrCat(population.name, ".");
    // Those of its model, whether or not the population gives them values now.
    if (population.model < network.models.size()) {
      for (const auto& [name, value] : network.models[population.model].parameters) {
        collector.Add(owner + name, Override{&population.parameters, name});
      }
    }
    collector.AddKeys(owner, PopulationKeys(), population);
  }
  collector.NextGroup();
  for (Group& group : network.groups) {
    collector.AddKeys(absl::StrCat(group.name, "."), GroupKeys(), group);
  }
  collector.NextGroup();
  for (Model& model : network.models) {
    collector.AddKeys(absl::StrCat(model.name, "."), ModelKeys(), model);
  }
  collector.NextGroup();
  for (Projection& projection : network.projections) {
    std::vector<std::string> names = {projection.name};
    if (projection.group != projection.name) names.push_back(projection.group);
    for (size_t n = names.size(); n-- > 0;) names.push_back(kOfProjections + names[n]);
    for (const std::string& name : names) {
      const std::string owner = absl::StrCat(name, ".");
      collector.AddKeys(owner, ProjectionKeys(), projection);
      const std::optional<SynapseHandle>& model = projection.options.model;
      if (model.has_value() && model->index < network.synapses.size()) {
        const Synapse& synapse = network.synapses[model->index];
        const auto add = [&](const std::string& parameter) {
          collector.Add(owner + parameter, Override{&projection.options.parameters, parameter});
        };
        for (const Synapse::Need& need : synapse.needs) add(need.name);
        for (const auto& [parameter, value] : synapse.parameters) add(parameter);
      }
      collector.AddValues(owner, "constants", projection.options.constants);
      for (Pathway& pathway : projection.options.pathways) {
        collector.AddKeys(absl::StrCat(owner, pathway.name, "."), PathwayKeys(), pathway);
      }
      collector.AddKeys(owner, RuleKeys(), projection.rule, KindsOf(projection.rule.kind));
    }
  }
  collector.NextGroup();
  for (Synapse& synapse : network.synapses) {
    const std::string owner = absl::StrCat(synapse.name, ".");
    collector.AddValues(owner, "parameters", synapse.parameters);
    collector.AddKeys(owner, SynapseKeys(), synapse);
  }
  collector.NextGroup();
  for (Stimulus& stimulus : network.stimuli) {
    for (const std::string& owner : {stimulus.name, kOfStimuli + stimulus.name}) {
      collector.AddKeys(owner + ".", StimulusKeys(), stimulus, KindsOf(stimulus.kind));
    }
  }
  collector.NextGroup();
  for (ValueTable& table : network.tables) {
    collector.AddKeys(absl::StrCat(table.name, "."), TableKeys(), table, KindsOf(KindOf(table)));
  }
  collector.NextGroup();
  for (Record& record : network.records) {
    collector.AddKeys(absl::StrCat("record.", record.name, "."), RecordKeys(), record,
                      KindsOf(record.kind));
  }
  return fields;
}

absl::Status SetField(const ir::SourceText& text, const Field& field) {
  const auto error = [&](absl::string_view message) { return ErrorIn(text, message); };
  const auto replace = [&](Setting& value) {
    const ir::SourceText place = value.name_place();
    value = Setting(text);
    value.set_name_place(place);
    return absl::OkStatus();
  };
  const auto choose = [&](const Word& word) -> absl::Status {
    if (word.Take(text.text)) return absl::OkStatus();
    return error(absl::StrCat("this is either '", absl::StrJoin(word.words, "' or '"), "'"));
  };
  return std::visit(
      Overloaded{
          [&](Setting* value) { return replace(*value); },
          [&](std::optional<Setting>* value) {
            if (!value->has_value()) *value = Setting(0);
            return replace(**value);
          },
          [&](const Override& parameter) {
            std::erase_if(*parameter.values,
                          [&](const auto& entry) { return entry.first == parameter.name; });
            parameter.values->emplace_back(parameter.name, Setting(text));
            return absl::OkStatus();
          },
          [&](ir::SourceText* value) {
            *value = text;
            return absl::OkStatus();
          },
          [&](std::string* value) {
            *value = text.text;
            return absl::OkStatus();
          },
          [&](bool* value) {
            return choose(Word{value, {"false", "true"}});
          },
          [&](const Word& word) { return choose(word); },
          [&](uint64_t* value) {
            if (absl::SimpleAtoi(text.text, value)) return absl::OkStatus();
            return error("this must be an integer from 0 to 18446744073709551615");
          },
          [&](OffGrid* value) -> absl::Status {
            const auto word = absl::c_find(kOffGridWords, text.text);
            if (word == std::end(kOffGridWords)) {
              return error(absl::StrCat("this is one of ", absl::StrJoin(kOffGridWords, ", ")));
            }
            *value = static_cast<OffGrid>(word - std::begin(kOffGridWords));
            return absl::OkStatus();
          },
          [&](const TimeStep& step) -> absl::Status {
            BNSYN_ASSIGN_OR_RETURN(*step.value, EvaluateTimeStep(text));
            return absl::OkStatus();
          },
          [&](const auto&) { return absl::InternalError("a field that cannot be set"); },
      },
      field);
}

}  // namespace bnsyn::compiler
