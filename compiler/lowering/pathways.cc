// Pathways: the code of a projection that spikes run, in the order in which it runs.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// The orders of pathways that give none: on_pre code runs first, as in Brian2.
constexpr int kOrderOfPre = -1;
constexpr int kOrderOfPost = 1;

// The name by which pathways of equal order are sorted: Brian2 calls the main ones so.
std::string SortedName(const PathwayCode& pathway) {
  if (!pathway.is_main()) return pathway.name;
  return pathway.on_post ? "post" : "pre";
}

absl::Status CheckName(const Pathway& pathway, std::set<std::string>& names) {
  const ir::SourceText& place = pathway.place;
  const absl::string_view kMain[] = {kMainPathway, "pre", "post"};
  BNSYN_RETURN_IF_ERROR(CheckIdentifier(pathway.name, "a pathway", place, Whole(place)));
  if (absl::c_linear_search(kMain, pathway.name)) {
    return ErrorIn(
        place,
        absl::StrCat("'", pathway.name, "' is a name of the main pathway, on_pre or ", "on_post"),
        "give this one another name");
  }
  if (names.insert(pathway.name).second) return absl::OkStatus();
  return ErrorIn(place, absl::StrCat("there are two pathways '", pathway.name, "'"),
                 "on_pre and on_post pathways share one set of names");
}

// The steps from the step of a spike to the one in which code of that delay runs.
absl::StatusOr<uint32_t> DelayInSteps(const Declarations& declared, const Connection& connection,
                                      const std::optional<Setting>& delay, const std::string& what,
                                      const ir::Program& program) {
  if (!delay.has_value()) return program.spike_lag();
  const Names names = SynapseNames(declared, connection, ir::BlockKind::kOnPre);
  if (IsPlain(names, *delay, what)) {
    return EvaluateDelay(*delay, connection.constants, program, what);
  }
  return ErrorIn(TextOf(*delay, what), absl::StrCat(what, " is one number for all synapses"),
                 "the delay of the projection may differ from synapse to synapse");
}

// The spikes that run a pathway: those of a population, or an event of its model.
absl::StatusOr<ir::PopulationId> SpikesOf(const Connection& connection, bool on_post,
                                          const ir::SourceText& event,
                                          const ir::SourceText& place) {
  const Section& neurons = on_post ? connection.target : connection.source;
  const std::string who =
      absl::StrCat("the ", on_post ? "target" : "source", " '", neurons.name, "'");
  if (event.text.empty() || event.text == "spike") {
    if (neurons.code->threshold.has_value()) return *neurons.population;
    return ErrorIn(place, absl::StrCat(who, " of projection '", connection.description.name,
                                       "' never spikes: its model has no threshold"));
  }
  std::vector<std::string> known = {"spike"};
  for (size_t e = 0; e < neurons.events.size(); ++e) {
    known.push_back(neurons.code->events[e].name);
    if (event.text == known.back()) return neurons.events[e];
  }
  return ErrorIn(
      event,
      absl::StrCat(who, " has no event '", event.text, "'", ir::DidYouMean(event.text, known)),
      absl::StrCat("its events are ", absl::StrJoin(known, ", ")));
}

// True if statements of two pathways that change one variable give the same in either order, but
// for rounding: both add, or both multiply, what the other does not change.
bool Commute(const Statement& a, const Statement& b) {
  const auto adds = [](const Statement& s) { return s.op == '+' || s.op == '-'; };
  const auto scales = [](const Statement& s) { return s.op == '*' || s.op == '/'; };
  const auto reads_own = [](const Statement& s) {
    bool reads = false;
    ForEachName(s.value, [&](const Expr& name) { reads = reads || name.name == s.target; });
    return reads;
  };
  return ((adds(a) && adds(b)) || (scales(a) && scales(b))) && !reads_own(a) && !reads_own(b);
}

// True if whenever one of two pathways runs for a synapse, the other runs in the same step.
bool RunTogether(const PathwayCode& a, const PathwayCode& b) {
  return a.on_post == b.on_post && a.delay == b.delay && a.spikes == b.spikes;
}

// Pathways of equal order run by their names, as in Brian2. Where that decides what becomes of a
// variable in each step, it is more likely a slip.
absl::Status CheckOrder(const Connection& connection, const PathwayCode& first,
                        const PathwayCode& second) {
  if (first.order != second.order || !RunTogether(first, second)) return absl::OkStatus();
  for (const Statement& a : first.code) {
    if (connection.model.section.FindVariable(a.target) == nullptr) continue;
    for (const Statement& b : second.code) {
      if (b.target != a.target || Commute(a, b)) continue;
      const std::string kind = second.on_post ? "on_post" : "on_pre";
      return ir::ErrorAt(
          second.text, b.target_range,
          absl::StrCat("the ", kind, " pathways '", first.name, "' and '", second.name,
                       "' both change '", a.target,
                       "' at the same time, and nothing but their names says which comes first"),
          absl::StrCat(
              "give them an order, as in order = ", second.order + 1,
              " for the later one; the other is ",
              HolderOf(absl::StrCat("in '", first.name, "'"), first.text, a.target_range)));
    }
  }
  return absl::OkStatus();
}

// As in Brian2, "g += w" adds to the variable g of the target, and is "g_post += w": unless g is of
// the synapses, a constant, or a value that a statement before it has made.
void AddToTarget(const Connection& connection, std::vector<Statement>& code) {
  std::set<std::string> made;
  for (Statement& statement : code) {
    const std::string& name = statement.target;
    const bool adds = statement.op == '+' || statement.op == '-';
    const bool taken = connection.model.code.Find(name) != nullptr || made.count(name) != 0 ||
                       absl::c_any_of(connection.constants, [&](const Constant& constant) {
                         return constant.name == name;
                       });
    if (statement.op == '=') made.insert(name);
    if (!adds || taken || connection.target.FindVariable(name) == nullptr) continue;
    absl::StrAppend(&statement.target, std::string(kPost));
  }
}

}  // namespace

absl::Status CheckOrders(const Connection& connection) {
  const std::vector<PathwayCode>& pathways = connection.model.pathways;
  for (size_t b = 0; b < pathways.size(); ++b) {
    for (size_t a = 0; a < b; ++a) {
      BNSYN_RETURN_IF_ERROR(CheckOrder(connection, pathways[a], pathways[b]));
    }
  }
  return absl::OkStatus();
}

absl::Status ParsePathways(Connection& connection) {
  const ConnectOptions& options = connection.description.options;
  std::vector<PathwayCode>& pathways = connection.model.pathways;
  const auto add = [&](bool on_post, const std::string& name, const ir::SourceText& place,
                       const ir::SourceText& text, std::optional<int> order) -> absl::Status {
    PathwayCode pathway = {on_post, name, place, text, {}};
    BNSYN_ASSIGN_OR_RETURN(pathway.code, ParseStatements(text));
    AddToTarget(connection, pathway.code);
    pathway.order = order.value_or(on_post ? kOrderOfPost : kOrderOfPre);
    if (!pathway.code.empty()) pathways.push_back(std::move(pathway));
    return absl::OkStatus();
  };
  const ir::SourceText& pre = options.on_pre;
  const ir::SourceText& post = options.on_post;
  BNSYN_RETURN_IF_ERROR(add(false, kMainPathway, pre, pre, options.pre_order));
  BNSYN_RETURN_IF_ERROR(add(true, kMainPathway, post, post, options.post_order));
  std::set<std::string> names;
  for (const Pathway& pathway : options.pathways) {
    BNSYN_RETURN_IF_ERROR(CheckName(pathway, names));
    const size_t before = pathways.size();
    BNSYN_RETURN_IF_ERROR(
        add(pathway.on_post, pathway.name, pathway.place, pathway.code, pathway.options.order));
    if (pathways.size() != before) continue;
    return ErrorIn(pathway.place, absl::StrCat("the pathway '", pathway.name, "' has no code"),
                   "say what a spike does, as in code = \"g_nmda_post += w\"");
  }
  std::stable_sort(pathways.begin(), pathways.end(),
                   [](const PathwayCode& a, const PathwayCode& b) {
                     return std::pair(a.order, SortedName(a)) < std::pair(b.order, SortedName(b));
                   });
  return absl::OkStatus();
}

absl::StatusOr<ir::PopulationId> DeclareSpikes(Connection& connection) {
  const Network::ProjectionDescription& description = connection.description;
  const ConnectOptions& options = description.options;
  const auto is_pre = [](const PathwayCode& pathway) { return !pathway.on_post; };
  // A projection without code for the spikes of its source may have one that never spikes.
  ir::PopulationId source = *connection.source.population;
  if (absl::c_any_of(connection.model.pathways, is_pre) || !options.event.text.empty()) {
    BNSYN_ASSIGN_OR_RETURN(source, SpikesOf(connection, false, options.event, description.place));
  }
  for (PathwayCode& pathway : connection.model.pathways) {
    const ir::SourceText* event = pathway.on_post ? &options.post_event : nullptr;
    for (const Pathway& further : options.pathways) {
      if (further.name != pathway.name) continue;
      event =
          pathway.on_post || !further.options.event.text.empty() ? &further.options.event : nullptr;
    }
    if (event == nullptr) continue;  // that of the projection
    BNSYN_ASSIGN_OR_RETURN(const ir::PopulationId spikes,
                           SpikesOf(connection, pathway.on_post, *event, pathway.text));
    const ir::PopulationId usual = pathway.on_post ? *connection.target.population : source;
    if (spikes != usual) pathway.spikes = spikes;
  }
  return source;
}

absl::Status DeclarePathwayDelays(const Declarations& declared, const ir::Program& program,
                                  Connection& connection) {
  const ConnectOptions& options = connection.description.options;
  const std::string& owner = connection.model.section.name;
  for (PathwayCode& pathway : connection.model.pathways) {
    std::optional<Setting> delay = {};
    std::string what = absl::StrCat("the delay of ", owner, ".", pathway.name);
    if (!pathway.is_main()) {
      const auto further = absl::c_find_if(
          options.pathways, [&](const Pathway& other) { return other.name == pathway.name; });
      delay = further->options.delay;
    }
    if (!pathway.on_post && !delay.has_value()) continue;  // that of the projection
    if (!delay.has_value()) {
      delay = options.post_delay;
      what = absl::StrCat("the post_delay of ", owner);
    }
    BNSYN_ASSIGN_OR_RETURN(pathway.delay, DelayInSteps(declared, connection, delay, what, program));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
