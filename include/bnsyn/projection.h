// What a projection is: the rule that says which neurons it joins, and what its synapses do.
#ifndef BNSYN_PROJECTION_H_
#define BNSYN_PROJECTION_H_

#include <optional>
#include <string>
#include <vector>

#include "bnsyn/model.h"
#include "bnsyn/neurons.h"
#include "bnsyn/rule_kind.h"
#include "bnsyn/setting.h"
#include "bnsyn/source_text.h"

namespace [[gnu::visibility("default")]] bnsyn {

// A rule of connectivity: which pairs of a source and a target neuron a projection joins. The
// functions below make them.
//
// Probabilities, conditions, weights and delays may be expressions of constants, or of the two
// neurons: i and j are the numbers of the source and the target among those that are selected, and
// i_pre and i_post their numbers in the populations; x_pre and x_post are their variables (with the
// values they begin with) and parameters, and N_pre and N_post how many are selected. rand(),
// normal(m, s) and the other random functions are drawn once for each synapse.
struct ConnectionRule {
  ConnectionRule();
  ConnectionRule(const ConnectionRule&);
  ConnectionRule(ConnectionRule&&) noexcept;
  ConnectionRule& operator=(const ConnectionRule&);
  ConnectionRule& operator=(ConnectionRule&&) noexcept;
  ~ConnectionRule();

  RuleKind kind = RuleKind::kAllToAll;
  // kBernoulli: the probability of each pair. kFixedTotal: the probability of each pair is
  // proportional to it.
  Setting p = 1.0;
  Setting n = 0.0;        // kFixedInDegree, kFixedOutDegree, kFixedTotal: a whole number
  bool self = true;       // true if a neuron may connect to itself
  bool multiple = false;  // kFixed...: true if a pair may be joined more than once
  // kList: a CSV file with the columns pre and post and, optionally, weight and delay. The weight
  // of a synapse is its number in the file times the weight of the projection ("1 nS"), or the bare
  // number if the projection has none. Its delay is in ms and is rounded to the nearest step.
  std::string file;
  // kAllToAll, kBernoulli, kFixedTotal: joins only the pairs for which the condition holds.
  std::optional<Setting> condition = {};

  // This rule with a condition: AllToAll().Where("i != j and abs(i - j) < 10").
  ConnectionRule Where(Setting holds) const;
};
ConnectionRule AllToAll(bool self = true);
// The first source with the first target, and so on; there must be as many of both.
ConnectionRule OneToOne();
ConnectionRule Bernoulli(Setting p, bool self = true);
// n sources for each target.
ConnectionRule FixedInDegree(Setting n, bool self = true, bool multiple = false);
// n targets for each source.
ConnectionRule FixedOutDegree(Setting n, bool self = true, bool multiple = false);
// n synapses in all.
ConnectionRule FixedTotal(Setting n, bool self = true, bool multiple = false);
// The pairs that a CSV file lists: see ConnectionRule::file.
ConnectionRule FromFile(std::string csv);

// When the code of a pathway runs.
struct PathwayOptions {
  // From the spike to the code, the same for all synapses. Without, that of the projection: `delay`
  // of on_pre code, `post_delay` of on_post code.
  std::optional<Setting> delay = {};
  // Of pathways that run at the same time, those of lower order run first; of equal order, those
  // whose names come first. Without, -1 for on_pre code and 1 for on_post code.
  std::optional<int> order = {};
  // An event of the model of the source, or for on_post code of the target, that runs the code in
  // place of the spike.
  SourceText event = {};
};

// The name of the pathways that are on_pre and on_post themselves.
inline constexpr char kMainPathway[] = "main";

// Further code of a projection, with spikes, a delay and an order of its own.
struct Pathway {
  std::string name;
  SourceText place;  // of the name in a file, for errors
  bool on_post = false;
  SourceText code;
  PathwayOptions options = {};
};

// What the synapses of a projection do.
//
//   bnsyn::ConnectOptions{.weight = 0.5_nS, .delay = 1.5_ms}.OnPre("g_ampa_post += w")
struct ConnectOptions {
  // Code that runs when a spike of the source arrives; `w` is the weight. It may read variables of
  // both neurons and of the synapse, assign variables of the synapse, and add to variables of the
  // target. What is added arrives to 2^-24 of itself, or the report says that it did not
  // (docs/precision.md).
  SourceText on_pre = {};
  // The weight, needed unless the rule's file has a column "weight".
  std::optional<Setting> weight = {};
  // The time from the spike to its arrival, 0 by default: a whole number of steps, or an expression
  // that is rounded to the nearest step. The compiler must be able to find the least and the
  // greatest value of the expression: "clip(normal(1.5 ms, 0.75 ms), dt, 10 ms)".
  std::optional<Setting> delay = {};
  // Named numbers for the expressions and the code of this projection.
  Settings constants = {};
  // An event of the source's model (Model::OnEvent) to deliver; empty for the spike.
  SourceText event = {};
  // Code that runs when the target spikes, `post_delay` after it, 0 by default: the time that a
  // spike takes back through the dendrite to the synapse. It is a whole number of steps.
  SourceText on_post = {};
  std::optional<Setting> post_delay = {};
  // An event of the target's model that runs on_post; empty for the spike.
  SourceText post_event = {};
  // The order of on_pre and on_post: see PathwayOptions::order.
  std::optional<int> pre_order = {};
  std::optional<int> post_order = {};
  // Pathways besides these two.
  std::vector<Pathway> pathways = {};
  // Variables of each synapse: "x : unit", "x = ... : unit", "dx/dt = ... : unit" with the flag
  // (clock-driven) or (event-driven), and "I_post = ... : unit (summed)", which adds to the (input)
  // variable I of the target in every step. A variable `w` begins with the weight.
  SourceText equations = {};
  // How a step integrates the (clock-driven) equations, as in a model; without substeps.
  Integration integration = {};
  // Values that variables of synapses begin with, 0 by default; expressions like the weight.
  Settings initial = {};
  // The run stops with an error when a variable leaves its bounds.
  std::vector<Model::Bound> bounds = {};
  // A factor of w in all code: a number that may change while the network runs
  // (Setting::ChangeAt), where weights stay as they are.
  std::optional<Setting> gain = {};
  // Code of the synapses with clocks of its own.
  std::vector<Clock> clocks = {};
  // The name by which its random numbers are drawn, in place of its own: projections of one stream
  // and one rule have the synapses that one projection of all their neurons has
  // (docs/networks.md).
  SourceText stream = {};
  // A model of the network (Network::AddSynapse), which has the equations and the code in place of
  // those above. What may stand beside it: initial values, and what says how synapses are made.
  std::optional<SynapseHandle> model = {};
  SourceText model_name = {};  // as a file has it, for errors
  // The variable of the target to which the model adds: "g_ex".
  SourceText into = {};
  // Values of the model's parameters.
  Settings parameters = {};
  // Names of variables that the model reads of neurons, and what they are called here: {{"V",
  // "v"}}.
  Settings names = {};

  ConnectOptions& OnPre(const char* text);
  ConnectOptions& OnPost(const char* text);
  // Code with options: of the pathway "main", which is on_pre or on_post with the delay and the
  // event of the projection, or of a further one.
  //
  //   options.OnPre("late", "g_nmda_post += w", {.delay = 5_ms}).OnPost("main", "w += x", {.order =
  //   -2})
  ConnectOptions& OnPre(std::string name, const char* text, PathwayOptions pathway);
  ConnectOptions& OnPost(std::string name, const char* text, PathwayOptions pathway);
  ConnectOptions& Event(const char* name);
  ConnectOptions& Equations(const char* text);
  ConnectOptions& Stream(const char* name);
  ConnectOptions& Into(const char* name);
  // One method for all (clock-driven) equations: see Model::Method.
  ConnectOptions& Method(const char* name);
};

}  // namespace bnsyn

#endif  // BNSYN_PROJECTION_H_
