// Projections: rules, weights, delays and on_pre code; the inputs they add to and their quanta.
#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "compiler/network/lower.h"
#include "compiler/network/lower_table.h"
#include "ir/status_macros.h"
#include "ir/table.h"
#include "reference/contribution.h"

namespace bnsyn::compiler {
namespace {

using Description = Network::ProjectionDescription;

// The end of names in on_pre code that mean something of the target, and of the source.
constexpr absl::string_view kPost = "_post";
constexpr absl::string_view kPre = "_pre";

// What names mean for a synapse when a spike of its source arrives.
class OnPreScope : public Scope {
 public:
  OnPreScope(Lowering& lowering, const Section& source, Section& target,
             const ir::Projection& projection, TypedValue weight, ir::Builder& builder)
      : lowering_(lowering),
        source_(source),
        target_(target),
        projection_(projection),
        weight_(weight),
        builder_(builder) {}

  ir::Builder& builder() override { return builder_; }
  MathMode math() const override { return lowering_.math; }
  ir::DomainId domain() const override { return projection_.domain; }
  uint32_t NextStream() override { return lowering_.streams++; }

  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override {
    if (name == "w") return weight_;
    const auto local = locals_.find(name);
    if (local != locals_.end()) return local->second;
    for (const bool post : {true, false}) {
      const absl::string_view suffix = post ? kPost : kPre;
      if (!absl::EndsWith(name, suffix)) continue;
      const std::string inner(absl::StripSuffix(name, suffix));
      const Section& section = post ? target_ : source_;
      if (const Parameter* parameter = section.FindParameter(inner)) {
        return TypedValue{builder_.Param(parameter->id), parameter->value.dimension};
      }
      if (const Variable* variable = section.FindVariable(inner)) {
        if (!variable->state.has_value()) {
          return ir::ErrorAt(source, range,
                             absl::StrCat("'", inner,
                                          "' is an input: it can be added to, with +=, "
                                          "but not read here"));
        }
        if (variable->Is("shared")) {
          return TypedValue{builder_.Load(*variable->state), variable->dimension()};
        }
        const ir::Element element = lowering_.program.states[*variable->state].type.element;
        return TypedValue{builder_.Emit(post ? ir::Op::kLoadPost : ir::Op::kLoadPre,
                                        {element, projection_.domain}, {}, *variable->state),
                          variable->dimension()};
      }
      if (section.code->Find(inner) != nullptr) {
        return ir::ErrorAt(source, range,
                           absl::StrCat("'", inner,
                                        "' is computed by an equation, which on_pre "
                                        "code cannot read"),
                           "use the variables it is made of");
      }
    }
    return ReadNetworkName(lowering_, builder_, name);
  }

  std::vector<std::string> Names() const override {
    std::vector<std::string> names = {"w"};
    for (const auto& [name, value] : locals_) names.push_back(name);
    for (const bool post : {true, false}) {
      const Section& section = post ? target_ : source_;
      const absl::string_view suffix = post ? kPost : kPre;
      for (const Variable& variable : section.variables) {
        names.push_back(absl::StrCat(variable.name(), suffix));
      }
      for (const Parameter& parameter : section.parameters) {
        names.push_back(absl::StrCat(parameter.name, suffix));
      }
    }
    const std::vector<std::string> network = NetworkNames(lowering_);
    names.insert(names.end(), network.begin(), network.end());
    return names;
  }

  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override {
    return CallTable(lowering_, call, source, *this);
  }

  absl::Status Assign(const Statement& statement, TypedValue right,
                      const ir::SourceText& source) override {
    const std::string& name = statement.target;
    if (absl::EndsWith(name, kPost)) return Accumulate(statement, right, source);
    if (absl::EndsWith(name, kPre) || name == "w" || statement.op != '=') {
      std::vector<std::string> targets;
      for (const Variable& variable : target_.variables) {
        targets.push_back(absl::StrCat(variable.name(), kPost));
      }
      return ir::ErrorAt(source, statement.target_range,
                         absl::StrCat("on_pre code adds to variables of the target, and '", name,
                                      "' is none", ir::DidYouMean(name, targets)),
                         "as in g_ampa_post += w");
    }
    locals_[name] = right;
    return absl::OkStatus();
  }

 private:
  absl::Status Accumulate(const Statement& statement, TypedValue right,
                          const ir::SourceText& source) {
    const std::string name(absl::StripSuffix(statement.target, kPost));
    Variable* variable = target_.FindVariable(name);
    if (variable == nullptr || variable->equation->boolean) {
      return ir::ErrorAt(
          source, statement.target_range,
          absl::StrCat("population '", target_.name, "' has no variable '", name, "' to add to",
                       ir::DidYouMean(name, target_.VariableNames())));
    }
    if (variable->Is("shared")) {
      return ir::ErrorAt(source, statement.target_range,
                         absl::StrCat("'", name, "' is one value for all neurons (shared), but ",
                                      "events add to those of each"));
    }
    if (variable->equation->integer) {
      BNSYN_RETURN_IF_ERROR(
          ExpectInteger(right, absl::StrCat("'", name, "'"), source, statement.value.range));
    }
    if (statement.op != '+' && statement.op != '-') {
      return ir::ErrorAt(source, statement.target_range,
                         absl::StrCat("on_pre code can only add to '", statement.target,
                                      "': spikes of one step arrive in no order"),
                         absl::StrCat("write ", statement.target, " += ..."));
    }
    if (builder_.type(right.value).element != ir::Element::kF64) {
      return ir::ErrorAt(source, statement.value.range, "a number is added, not a boolean",
                         "int(...) makes 0 or 1 of it");
    }
    BNSYN_RETURN_IF_ERROR(ExpectDimension(right, variable->dimension(),
                                          absl::StrCat("'", statement.target, "'"), source,
                                          statement.value.range));
    ir::Value value = right.value;
    if (statement.op == '-') value = builder_.Emit(ir::Op::kNeg, {value});
    builder_.Emit(ir::Op::kAccumulate, {value}, InputOf(lowering_, target_, *variable));
    return absl::OkStatus();
  }

  Lowering& lowering_;
  const Section& source_;
  Section& target_;
  const ir::Projection& projection_;
  TypedValue weight_;
  ir::Builder& builder_;
  std::map<std::string, TypedValue> locals_;
};

std::optional<uint32_t> FindColumn(const ir::Table& table, absl::string_view name) {
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c] == name) return static_cast<uint32_t>(c);
  }
  return std::nullopt;
}

absl::Status LowerRule(Lowering& lowering, const Description& description,
                       ir::Projection& projection) {
  const ConnectionRule& rule = description.rule;
  const ir::SourceText& place = description.place;
  projection.rule.kind = rule.kind;
  projection.rule.self = rule.self;
  projection.rule.multiple = rule.multiple;
  switch (rule.kind) {
    case ir::RuleKind::kAllToAll:
      return absl::OkStatus();
    case ir::RuleKind::kOneToOne: {
      const Section& source = lowering.sections[description.source];
      const Section& target = lowering.sections[description.target];
      if (source.size != target.size) {
        return ir::ErrorAt(
            place, Whole(place),
            absl::StrCat("one_to_one joins populations of one size, but '", source.name, "' has ",
                         source.size, " neurons and '", target.name, "' has ", target.size));
      }
      return absl::OkStatus();
    }
    case ir::RuleKind::kBernoulli: {
      const std::string what = absl::StrCat(description.name, ".p");
      BNSYN_ASSIGN_OR_RETURN(const Quantity p,
                             Evaluate(rule.p, lowering.constants, Dimension{}, what));
      if (!(p.value >= 0 && p.value <= 1)) {
        const ir::SourceText text = TextOf(rule.p, what);
        return ir::ErrorAt(text, Whole(text),
                           absl::StrCat("a probability is from 0 to 1, not ", p.value));
      }
      projection.rule.p = p.value;
      projection.rule.stream = lowering.streams++;
      return absl::OkStatus();
    }
    case ir::RuleKind::kFixedInDegree:
    case ir::RuleKind::kFixedOutDegree:
    case ir::RuleKind::kFixedTotal: {
      const std::string what = absl::StrCat(description.name, ".n");
      BNSYN_ASSIGN_OR_RETURN(const Quantity n,
                             Evaluate(rule.n, lowering.constants, Dimension{}, what));
      constexpr double kMost = 1e15;
      if (!(n.value >= 0 && n.value <= kMost) || n.value != std::floor(n.value)) {
        const ir::SourceText text = TextOf(rule.n, what);
        return ir::ErrorAt(text, Whole(text),
                           absl::StrCat("a number of synapses is a whole number, not ", n.value),
                           "floor(...) makes one of it");
      }
      projection.rule.count = static_cast<uint64_t>(n.value);
      projection.rule.stream = lowering.streams++;
      return absl::OkStatus();
    }
    case ir::RuleKind::kList: {
      BNSYN_ASSIGN_OR_RETURN(const ir::TableId id, TableOf(lowering, rule.file, place));
      const ir::Table& table = lowering.program.tables[id];
      for (const absl::string_view column : {"pre", "post"}) {
        if (FindColumn(table, column).has_value()) continue;
        return ir::ErrorAt(place, Whole(place),
                           absl::StrCat("the list ", rule.file, " has no column '", column, "'"),
                           "a list of connections has the columns pre, post and, if they differ, "
                           "weight");
      }
      projection.rule.table = id;
      if (const std::optional<uint32_t> column = FindColumn(table, "weight")) {
        projection.weight_column = ir::ColumnRef{id, *column};
      }
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

// The weight of a synapse: that of the projection, or its number in the list times that.
absl::StatusOr<Quantity> LowerWeight(const Lowering& lowering, const Description& description,
                                     ir::Projection& projection) {
  const std::optional<Setting>& weight = description.options.weight;
  if (!weight.has_value()) {
    if (projection.weight_column.has_value()) return Quantity(1);
    return ir::ErrorAt(description.place, Whole(description.place),
                       absl::StrCat("projection '", description.name, "' has no weight"),
                       "give it one, as in weight = \"0.5 nS\"");
  }
  BNSYN_ASSIGN_OR_RETURN(
      const Quantity quantity,
      Evaluate(*weight, lowering.constants, absl::StrCat("the weight of ", description.name)));
  if (!projection.weight_column.has_value()) projection.weight = quantity.value;
  return quantity;
}

// The largest magnitude a projection adds to each input, into `lowering.largest`.
absl::Status MeasureContributions(Lowering& lowering, const Description& description,
                                  const ir::Projection& projection, const ir::Block& block) {
  std::vector<double> weights = {projection.weight};
  if (projection.weight_column.has_value()) {
    const ir::ColumnRef& column = *projection.weight_column;
    weights = lowering.program.tables[column.table].values[column.column];
    std::sort(weights.begin(), weights.end());
    weights.erase(std::unique(weights.begin(), weights.end()), weights.end());
  }
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    const ir::Node& node = block.nodes[id];
    if (node.op != ir::Op::kAccumulate) continue;
    double& largest = lowering.largest[node.attr];
    for (const double weight : weights) {
      const std::optional<double> value =
          reference::StaticContribution(lowering.program, block, id, weight);
      const ir::SourceText& text = description.options.on_pre;
      if (!value.has_value()) {
        return ir::ErrorAt(text, Whole(text),
                           absl::StrCat("what projection '", description.name,
                                        "' adds must depend on its weight, constants and "
                                        "parameters alone: the sum is exact, and its unit is "
                                        "chosen before running"),
                           "multiply by variables of the target in its equations instead");
      }
      if (!std::isfinite(*value)) {
        return ir::ErrorAt(text, Whole(text),
                           absl::StrCat("with the weight ", weight, ", projection '",
                                        description.name, "' would add ", *value));
      }
      largest = std::max(largest, std::fabs(*value));
    }
  }
  return absl::OkStatus();
}

// What the projection takes for a spike of its source.
absl::StatusOr<ir::PopulationId> EventOf(const Section& source, const Description& description) {
  const ir::SourceText& event = description.options.event;
  if (event.text.empty() || event.text == "spike") {
    if (source.code->threshold.has_value()) return *source.population;
    const ir::SourceText& place = description.place;
    return ir::ErrorAt(
        place, Whole(place),
        absl::StrCat("the source '", source.name, "' of projection '", description.name,
                     "' never spikes: its model has no threshold"));
  }
  std::vector<std::string> known = {"spike"};
  for (size_t e = 0; e < source.events.size(); ++e) {
    known.push_back(source.code->events[e].name);
    if (event.text == known.back()) return source.events[e];
  }
  return ir::ErrorAt(event, Whole(event),
                     absl::StrCat("the source '", source.name, "' has no event '", event.text, "'",
                                  ir::DidYouMean(event.text, known)),
                     absl::StrCat("its events are ", absl::StrJoin(known, ", ")));
}

absl::Status LowerProjection(Lowering& lowering, const Description& description) {
  const ir::SourceText& place = description.place;
  if (description.source >= lowering.sections.size() ||
      description.target >= lowering.sections.size()) {
    return ir::ErrorAt(place, Whole(place),
                       absl::StrCat("projection '", description.name,
                                    "' joins populations that are not of this network"));
  }
  Section& target = lowering.sections[description.target];
  const Section& source = lowering.sections[description.source];
  ir::Projection projection;
  projection.name = description.name;
  BNSYN_ASSIGN_OR_RETURN(projection.source, EventOf(source, description));
  projection.target = *target.population;
  BNSYN_RETURN_IF_ERROR(LowerRule(lowering, description, projection));
  BNSYN_ASSIGN_OR_RETURN(const Quantity weight, LowerWeight(lowering, description, projection));

  const Quantity dt = lowering.network.options.dt;
  const std::string what = absl::StrCat("the delay of ", description.name);
  BNSYN_ASSIGN_OR_RETURN(const uint64_t delay,
                         EvaluateSteps(description.options.delay, lowering.constants, dt, what));
  // Spikes of the last `delay` steps are kept, so this is also a bound on memory.
  constexpr uint64_t kLongest = 1'000'000;
  if (delay < 1 || delay > kLongest) {
    const ir::SourceText text = TextOf(description.options.delay, what);
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat(what, " must be from 1 to 1000000 steps, not ", delay),
                       absl::StrCat("one step is dt = ", dt.value, " ms"));
  }
  projection.delay = static_cast<uint32_t>(delay);
  const bool has_column = projection.weight_column.has_value();
  const ir::ProjectionId id = lowering.program.AddProjection(std::move(projection));
  const ir::Projection& added = lowering.program.projections[id];

  const ir::SourceText& text = description.options.on_pre;
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Statement> statements, ParseStatements(text));
  if (statements.empty()) {
    return ir::ErrorAt(place, Whole(place),
                       absl::StrCat("projection '", description.name, "' has no on_pre code"),
                       "say what a spike does, as in on_pre = \"g_ampa_post += w\"");
  }
  ir::Block block;
  block.kind = ir::BlockKind::kOnPre;
  block.name = added.name;
  block.domain = added.domain;
  ir::Builder builder(lowering.program, block);
  TypedValue w = {builder.Emit(ir::Op::kWeight, {ir::Element::kF64, added.domain}, {}),
                  weight.dimension};
  w.integer = !has_column && IsWhole(weight);
  if (has_column && weight.value != 1) {
    w.value = builder.Emit(ir::Op::kMul, {w.value, builder.F64(weight.value)});
  }
  OnPreScope scope(lowering, source, target, added, w, builder);
  BNSYN_RETURN_IF_ERROR(EmitStatements(statements, text, scope));
  BNSYN_RETURN_IF_ERROR(MeasureContributions(lowering, description, added, block));
  lowering.program.synaptic.push_back(std::move(block));
  return absl::OkStatus();
}

}  // namespace

ir::InputId AddInput(Lowering& lowering, const Section& section, std::string name) {
  lowering.program.inputs.push_back({std::move(name), section.domain});
  lowering.largest.push_back(0);
  return static_cast<ir::InputId>(lowering.program.inputs.size() - 1);
}

ir::InputId InputOf(Lowering& lowering, const Section& section, Variable& variable) {
  if (!variable.input.has_value()) {
    variable.input = AddInput(
        lowering, section,
        absl::StrCat(section.prefix, variable.name(), variable.state.has_value() ? ".in" : ""));
  }
  return *variable.input;
}

absl::StatusOr<ir::TableId> TableOf(Lowering& lowering, const std::string& file,
                                    const ir::SourceText& place) {
  ir::Program& program = lowering.program;
  for (size_t t = 0; t < program.tables.size(); ++t) {
    if (program.tables[t].file == file) return static_cast<ir::TableId>(t);
  }
  // Named after the file, as far as a name can be.
  std::string name(absl::StripSuffix(file.substr(file.find_last_of('/') + 1), ".csv"));
  for (char& c : name) {
    if (!IsIdentifier(absl::string_view(&c, 1)) && (c < '0' || c > '9')) c = '_';
  }
  if (!IsIdentifier(name)) name.insert(0, "table_");
  const auto taken = [&](const std::string& candidate) {
    const auto is_named = [&](const auto& described) { return described.name == candidate; };
    const Network& network = lowering.network;
    return program.FindTable(candidate).has_value() ||
           absl::c_any_of(network.populations, is_named) ||
           absl::c_any_of(network.projections, is_named) ||
           absl::c_any_of(network.stimuli, is_named) || absl::c_any_of(network.tables, is_named);
  };
  std::string unique = name;
  for (int n = 2; taken(unique); ++n) unique = absl::StrCat(name, "_", n);
  absl::StatusOr<ir::Table> table = ir::ReadTable(unique, file, program.directory);
  // What is wrong within a file is told by its own place.
  if (absl::IsNotFound(table.status())) {
    return ir::ErrorAt(place, Whole(place), table.status().message(),
                       "files are sought from the folder of the network file");
  }
  BNSYN_RETURN_IF_ERROR(table.status());
  program.tables.push_back(*std::move(table));
  return static_cast<ir::TableId>(program.tables.size() - 1);
}

absl::Status LowerProjections(Lowering& lowering) {
  std::set<std::string> names = {"network"};
  for (const Section& section : lowering.sections) names.insert(section.name);
  for (const Description& description : lowering.network.projections) {
    const ir::SourceText& place = description.place;
    if (!IsIdentifier(description.name)) {
      return ir::ErrorAt(place, Whole(place),
                         absl::StrCat("'", description.name, "' cannot name a projection"),
                         "a name is letters, digits and '_', and does not begin with a digit");
    }
    if (!names.insert(description.name).second) {
      return ir::ErrorAt(place, Whole(place),
                         absl::StrCat("the name '", description.name, "' is used twice"),
                         "populations and projections have names of their own");
    }
    BNSYN_RETURN_IF_ERROR(LowerProjection(lowering, description));
  }
  return absl::OkStatus();
}

void ChooseQuanta(Lowering& lowering) {
  for (size_t i = 0; i < lowering.largest.size(); ++i) {
    if (lowering.largest[i] > 0) {
      lowering.program.inputs[i].quantum_log2 = reference::QuantumFor(lowering.largest[i]);
    }
  }
}

}  // namespace bnsyn::compiler
