#include "bnsyn/network.h"

#include "absl/strings/str_cat.h"
#include "compiler/description/keys.h"
#include "ir/status_macros.h"

namespace bnsyn {
namespace {

// A text given in C++ has no file; it is named after what it is.
ir::SourceText Code(absl::string_view owner, absl::string_view what, const char* text) {
  return {absl::StrCat(owner, ".", what), text, 1, 1};
}

// A value of a stimulus that changes at given times becomes a table of the network, read at t.
void MakeTableOfChanges(const Stimulus& stimulus, absl::string_view key, Setting& value,
                        Network& network) {
  if (value.changes().empty()) return;
  ValueTable table;
  table.name = absl::StrCat(stimulus.name, "_", std::string(key));
  table.place = value.name_place();
  table.times = {Setting(Quantity(0, Unit{dimension::kTime, 0}))};
  table.rows = {{value}};
  for (const Setting::Change& change : value.changes()) {
    table.times.push_back(change.time);
    table.rows.push_back({change.value});
  }
  ir::SourceText text = value.name_place();
  if (text.name.empty()) text = {absl::StrCat(stimulus.name, ".", std::string(key)), "", 1, 1};
  text.text = absl::StrCat(table.name, "(t)");
  value = Setting(std::move(text));
  network.AddTable(std::move(table));
}

}  // namespace

Setting::Setting(double number) : value_(Quantity(number)) {}
Setting::Setting(int number) : value_(Quantity(number)) {}
Setting::Setting(Quantity quantity) : value_(quantity) {}
Setting::Setting(const char* expression) : value_(ir::SourceText{"", expression, 1, 1}) {}
Setting::Setting(std::string expression)
    : value_(ir::SourceText{"", std::move(expression), 1, 1}) {}
Setting::Setting(ir::SourceText expression) : value_(std::move(expression)) {}
Setting::Setting(const Setting&) = default;
Setting::Setting(Setting&&) noexcept = default;
Setting& Setting::operator=(const Setting&) = default;
Setting& Setting::operator=(Setting&&) noexcept = default;
Setting::~Setting() = default;

Setting& Setting::ChangeAt(Setting time, Setting value) {
  changes_.push_back({std::move(time), std::move(value)});
  return *this;
}

Record::Record() = default;
Record::Record(const Record&) = default;
Record::Record(Record&&) noexcept = default;
Record& Record::operator=(const Record&) = default;
Record& Record::operator=(Record&&) noexcept = default;
Record::~Record() = default;

Record Record::Spikes() { return {}; }
Record Record::Spikes(std::string neurons) {
  Record record;
  record.of = {{"", std::move(neurons), 1, 1}};
  return record;
}
Record Record::Variable(std::string variable) {
  Record record = Spikes(std::move(variable));
  record.kind = RecordKind::kVariable;
  return record;
}
Record Record::Statistics(std::string variable) {
  Record record = Spikes(std::move(variable));
  record.kind = RecordKind::kStatistics;
  return record;
}
Record& Record::Name(std::string file) {
  name = std::move(file);
  return *this;
}
Record& Record::Every(Setting time) {
  every = std::move(time);
  return *this;
}
Record& Record::From(Setting time) {
  start = std::move(time);
  return *this;
}
Record& Record::Until(Setting time) {
  stop = std::move(time);
  return *this;
}
Record& Record::Single() {
  single = true;
  return *this;
}
Record& Record::Bins(Setting from, Setting to, Setting number) {
  low = std::move(from);
  high = std::move(to);
  bins = std::move(number);
  return *this;
}

Clock::Clock(std::string clock_name, Setting period, const char* text)
    : name(std::move(clock_name)),
      place{"clock", name, 1, 1},
      code(Code(name, "code", text)),
      every(std::move(period)) {}
Clock::Clock() = default;
Clock::Clock(const Clock&) = default;
Clock::Clock(Clock&&) noexcept = default;
Clock& Clock::operator=(const Clock&) = default;
Clock& Clock::operator=(Clock&&) noexcept = default;
Clock::~Clock() = default;

Model::Model(std::string name) : name(std::move(name)) {}
Model::Model(const Model&) = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(const Model&) = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model& Model::Equations(ir::SourceText text) {
  equations = std::move(text);
  return *this;
}
Model& Model::Equations(const char* text) { return Equations(Code(name, "equations", text)); }
Model& Model::Parameters(Settings values) {
  parameters = std::move(values);
  return *this;
}
Model& Model::Initial(Settings values) {
  initial = std::move(values);
  return *this;
}
Model& Model::Update(const char* text) {
  update = Code(name, "update", text);
  return *this;
}
Model& Model::Threshold(const char* text) {
  threshold = Code(name, "threshold", text);
  return *this;
}
Model& Model::Reset(const char* text) {
  reset = Code(name, "reset", text);
  return *this;
}
Model& Model::Refractory(Setting time) {
  refractory = std::move(time);
  return *this;
}
Model& Model::Every(Clock clock) {
  clocks.push_back(std::move(clock));
  return *this;
}
Model& Model::Multiplicity(const char* number, uint32_t most) {
  multiplicity = Code(name, "multiplicity", number);
  most_spikes = most;
  return *this;
}
Model& Model::OnEvent(std::string event, const char* condition, const char* code) {
  const std::string owner = absl::StrCat(name, ".", event);
  events.push_back({std::move(event), Code(name, "events", ""), Code(owner, "condition", condition),
                    Code(owner, "on_event", code)});
  return *this;
}
Model& Model::Method(const char* method_name) {
  integration.method = Code(name, "method", method_name);
  return *this;
}
Model& Model::Method(const std::vector<std::pair<std::string, std::string>>& methods) {
  for (const auto& [variable, method] : methods) {
    const ir::SourceText text = Code(name, "method", method.c_str());
    if (variable == "default") {
      integration.method = text;
    } else {
      integration.methods.emplace_back(Code(name, "method", variable.c_str()), text);
    }
  }
  return *this;
}
Model& Model::Substeps(Setting count) {
  integration.substeps = std::move(count);
  return *this;
}
Model& Model::InterpolatedSpikes() {
  integration.interpolated_spikes = true;
  return *this;
}
Model& Model::Order(const std::vector<std::vector<std::string>>& groups) {
  for (const std::vector<std::string>& group : groups) {
    std::vector<ir::SourceText>& texts = integration.order.emplace_back();
    for (const std::string& variable : group) {
      texts.push_back(Code(name, "order", variable.c_str()));
    }
  }
  return *this;
}
Model& Model::Tunable(std::vector<std::string> parameter_names) {
  tunable = std::move(parameter_names);
  return *this;
}
Model& Model::Numbered(std::string index, std::vector<std::string> numbered_parameters) {
  Numbering& numbering = numbered.emplace_back();
  numbering.index = {absl::StrCat(name, ".numbered"), std::move(index), 1, 1};
  for (std::string& parameter : numbered_parameters) {
    numbering.parameters.push_back({absl::StrCat(name, ".numbered"), std::move(parameter), 1, 1});
  }
  return *this;
}
Model& Model::Resolution(std::string variable, Setting value) {
  resolution.emplace_back(std::move(variable), std::move(value));
  return *this;
}
Model& Model::Bounds(std::string variable, Setting lower, Setting upper) {
  bounds.push_back({std::move(variable), std::move(lower), std::move(upper)});
  return *this;
}

Model& Model::Requires(const char* condition, std::string advice) {
  requirements.push_back({Code(name, "require", condition), std::move(advice)});
  return *this;
}

Neurons::Neurons(PopulationHandle population) : of(population) {}
Neurons::Neurons(GroupHandle group) : of(group) {}
Neurons::Neurons(const char* text) : Neurons(std::string(text)) {}
Neurons::Neurons(std::string text) : of(ir::SourceText{"", std::move(text), 1, 1}) {}
Neurons::Neurons(ir::SourceText text) : of(std::move(text)) {}
Neurons::Neurons(const Neurons&) = default;
Neurons::Neurons(Neurons&&) noexcept = default;
Neurons& Neurons::operator=(const Neurons&) = default;
Neurons& Neurons::operator=(Neurons&&) noexcept = default;
Neurons::~Neurons() = default;

Neurons Neurons::Slice(int64_t begin, int64_t end, int64_t step) const {
  Neurons some = *this;
  absl::StrAppend(&some.subscripts, "[", begin, ":", end);
  if (step != 1) absl::StrAppend(&some.subscripts, ":", step);
  some.subscripts += "]";
  return some;
}
Neurons Neurons::Where(absl::string_view condition) const {
  Neurons some = *this;
  absl::StrAppend(&some.subscripts, "[", condition, "]");
  return some;
}
Neurons PopulationHandle::Slice(int64_t begin, int64_t end, int64_t step) const {
  return Neurons(*this).Slice(begin, end, step);
}
Neurons PopulationHandle::Where(absl::string_view condition) const {
  return Neurons(*this).Where(condition);
}
Neurons GroupHandle::Slice(int64_t begin, int64_t end, int64_t step) const {
  return Neurons(*this).Slice(begin, end, step);
}
Neurons GroupHandle::Where(absl::string_view condition) const {
  return Neurons(*this).Where(condition);
}

ConnectionRule::ConnectionRule() = default;
ConnectionRule::ConnectionRule(const ConnectionRule&) = default;
ConnectionRule::ConnectionRule(ConnectionRule&&) noexcept = default;
ConnectionRule& ConnectionRule::operator=(const ConnectionRule&) = default;
ConnectionRule& ConnectionRule::operator=(ConnectionRule&&) noexcept = default;
ConnectionRule::~ConnectionRule() = default;

ConnectionRule AllToAll(bool self) {
  ConnectionRule rule;
  rule.kind = RuleKind::kAllToAll;
  rule.self = self;
  return rule;
}
ConnectionRule OneToOne() {
  ConnectionRule rule;
  rule.kind = RuleKind::kOneToOne;
  return rule;
}
ConnectionRule Bernoulli(Setting p, bool self) {
  ConnectionRule rule;
  rule.kind = RuleKind::kBernoulli;
  rule.p = std::move(p);
  rule.self = self;
  return rule;
}
ConnectionRule FixedInDegree(Setting n, bool self, bool multiple) {
  ConnectionRule rule;
  rule.kind = RuleKind::kFixedInDegree;
  rule.n = std::move(n);
  rule.self = self;
  rule.multiple = multiple;
  return rule;
}
ConnectionRule FixedOutDegree(Setting n, bool self, bool multiple) {
  ConnectionRule rule = FixedInDegree(std::move(n), self, multiple);
  rule.kind = RuleKind::kFixedOutDegree;
  return rule;
}
ConnectionRule FixedTotal(Setting n, bool self, bool multiple) {
  ConnectionRule rule = FixedInDegree(std::move(n), self, multiple);
  rule.kind = RuleKind::kFixedTotal;
  return rule;
}
ConnectionRule FromFile(std::string csv) {
  ConnectionRule rule;
  rule.kind = RuleKind::kList;
  rule.file = std::move(csv);
  return rule;
}

ConnectionRule ConnectionRule::Where(Setting holds) const {
  ConnectionRule rule = *this;
  rule.condition = std::move(holds);
  return rule;
}

ConnectOptions& ConnectOptions::OnPre(const char* text) {
  on_pre = {"on_pre", text, 1, 1};
  return *this;
}

ConnectOptions& ConnectOptions::OnPre(std::string name, const char* text, PathwayOptions pathway) {
  if (name == kMainPathway) {
    if (pathway.delay.has_value()) delay = std::move(pathway.delay);
    if (!pathway.event.text.empty()) event = std::move(pathway.event);
    pre_order = pathway.order;
    return OnPre(text);
  }
  pathways.push_back({name, {name, name, 1, 1}, false, {name, text, 1, 1}, std::move(pathway)});
  return *this;
}

ConnectOptions& ConnectOptions::OnPost(std::string name, const char* text, PathwayOptions pathway) {
  if (name == kMainPathway) {
    if (pathway.delay.has_value()) post_delay = std::move(pathway.delay);
    if (!pathway.event.text.empty()) post_event = std::move(pathway.event);
    post_order = pathway.order;
    return OnPost(text);
  }
  pathways.push_back({name, {name, name, 1, 1}, true, {name, text, 1, 1}, std::move(pathway)});
  return *this;
}

ConnectOptions& ConnectOptions::Event(const char* name) {
  event = {"event", name, 1, 1};
  return *this;
}

ConnectOptions& ConnectOptions::Stream(const char* name) {
  stream = {"stream", name, 1, 1};
  return *this;
}

ConnectOptions& ConnectOptions::Into(const char* name) {
  into = {"into", name, 1, 1};
  return *this;
}

ConnectOptions& ConnectOptions::OnPost(const char* text) {
  on_post = {"on_post", text, 1, 1};
  return *this;
}

ConnectOptions& ConnectOptions::Equations(const char* text) {
  equations = {"equations", text, 1, 1};
  return *this;
}

ConnectOptions& ConnectOptions::Method(const char* name) {
  integration.method = {"method", name, 1, 1};
  return *this;
}

Synapse::Synapse(std::string synapse_name, ConnectOptions synapse_code)
    : name(std::move(synapse_name)), place{"network", name, 1, 1}, code(std::move(synapse_code)) {}
Synapse::Synapse() = default;
Synapse::Synapse(const Synapse&) = default;
Synapse::Synapse(Synapse&&) noexcept = default;
Synapse& Synapse::operator=(const Synapse&) = default;
Synapse& Synapse::operator=(Synapse&&) noexcept = default;
Synapse::~Synapse() = default;

Synapse& Synapse::Parameters(Settings values) {
  parameters = std::move(values);
  return *this;
}
Synapse& Synapse::Needs(std::string parameter, const char* unit) {
  const ir::SourceText text = Code(name, parameter, unit);
  needs.push_back({std::move(parameter), text});
  return *this;
}
Synapse& Synapse::Requires(const char* condition, std::string advice) {
  requirements.push_back({Code(name, "require", condition), std::move(advice)});
  return *this;
}
Synapse& Synapse::Tunable(std::vector<std::string> names) {
  tunable = std::move(names);
  return *this;
}

Stimulus& Stimulus::OnEvent(const char* text) {
  on_event = {"on_event", text, 1, 1};
  return *this;
}

Stimulus& Stimulus::Variable(const char* variable_name) {
  variable = {"variable", variable_name, 1, 1};
  return *this;
}

Network::Network(NetworkOptions network_options) : options(std::move(network_options)) {}
Network::Network(const Network&) = default;
Network::Network(Network&&) noexcept = default;
Network& Network::operator=(const Network&) = default;
Network& Network::operator=(Network&&) noexcept = default;
Network::~Network() = default;

ModelHandle Network::AddModel(Model model) {
  models.push_back(std::move(model));
  return {static_cast<uint32_t>(models.size() - 1)};
}

SynapseHandle Network::AddSynapse(Synapse synapse) {
  synapses.push_back(std::move(synapse));
  return {static_cast<uint32_t>(synapses.size() - 1)};
}

PopulationHandle Network::AddPopulation(std::string name, ModelHandle model, Setting size,
                                        Settings parameters, Settings initial) {
  PopulationDescription population;
  population.place = {"network", name, 1, 1};
  population.name = std::move(name);
  population.model = model.index;
  population.size = std::move(size);
  population.parameters = std::move(parameters);
  population.initial = std::move(initial);
  populations.push_back(std::move(population));
  return {static_cast<uint32_t>(populations.size() - 1)};
}

GroupHandle Network::AddGroup(std::string name, Neurons neurons, Settings initial) {
  GroupDescription group;
  group.place = {"network", name, 1, 1};
  group.name = std::move(name);
  group.neurons = std::move(neurons);
  group.initial = std::move(initial);
  groups.push_back(std::move(group));
  return {static_cast<uint32_t>(groups.size() - 1)};
}

void Network::Link(PopulationHandle population, std::string variable, Setting to) {
  populations[population.index].linked.emplace_back(std::move(variable), std::move(to));
}

ProjectionHandle Network::Connect(std::string name, const Neurons& source, const Neurons& target,
                                  const ConnectionRule& rule,
                                  const ConnectOptions& connect_options) {
  ProjectionDescription projection;
  projection.place = {"network", name, 1, 1};
  projection.group = name;
  projection.name = std::move(name);
  projection.source = source;
  projection.target = target;
  projection.rule = rule;
  projection.options = connect_options;
  projections.push_back(std::move(projection));
  return {static_cast<uint32_t>(projections.size() - 1)};
}

void Network::Every(Clock clock) { uniform.clocks.push_back(std::move(clock)); }

void Network::Every(PopulationHandle population, Clock clock) {
  populations[population.index].clocks.push_back(std::move(clock));
}

void Network::AddStimulus(Stimulus stimulus) {
  if (stimulus.place.name.empty()) stimulus.place = {"network", stimulus.name, 1, 1};
  MakeTableOfChanges(stimulus, "rate", stimulus.rate, *this);
  MakeTableOfChanges(stimulus, "value", stimulus.value, *this);
  MakeTableOfChanges(stimulus, "mean", stimulus.mean, *this);
  stimuli.push_back(std::move(stimulus));
}

void Network::AddTable(ValueTable table) {
  if (table.place.name.empty()) table.place = {"network", table.name, 1, 1};
  tables.push_back(std::move(table));
}

void Network::AddFile(std::string name, FileColumns columns) {
  files[std::move(name)] = std::make_shared<const FileColumns>(std::move(columns));
}

void Network::AddConstant(std::string name, Setting value) {
  constants.emplace_back(std::move(name), std::move(value));
}

void Network::Uniform(ir::SourceText equations, ir::SourceText update, Settings initial,
                      Settings parameters) {
  uniform.equations = std::move(equations);
  uniform.update = std::move(update);
  uniform.initial = std::move(initial);
  uniform.parameters = std::move(parameters);
}

absl::Status Network::Set(absl::string_view path, absl::string_view value) {
  const ir::SourceText text = {absl::StrCat("--set ", path), std::string(value), 1, 1};
  const std::vector<compiler::NamedField> fields = compiler::SettableFields(*this);
  if (compiler::IsAmbiguous(fields, path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", std::string(path), "' is of a projection and of a stimulus: set ",
                     "projections.", std::string(path), " or stimuli.", std::string(path)));
  }
  std::optional<int> group;
  std::vector<std::string> known;
  for (const compiler::NamedField& field : fields) {
    known.push_back(field.path);
    if (field.path != path || (group.has_value() && group != field.group)) continue;
    group = field.group;
    BNSYN_RETURN_IF_ERROR(compiler::SetField(text, field.field));
  }
  if (group.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("there is no '", std::string(path), "' to set", ir::DidYouMean(path, known)));
}

}  // namespace bnsyn
