// narrow_sums: what arrives at an input is counted in as few bits as it can take.
//
// Where all synapses onto an input add known quanta, these are multiples of a unit, and the rules
// of the projections bound how many arrive in one step. Mostly a projection has one weight, so that
// spikes are counted. Sums of 16 bits take a quarter of the memory that is read, added to, and
// cleared in each step.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "reference/contribution.h"

namespace bnsyn::compiler {
namespace {

// A number of synapses that, where they are drawn one by one, not one neuron in 10^60 exceeds.
double AtMost(double expected) { return expected + 20 * std::sqrt(expected) + 64; }

// So many synapses of a projection one neuron has at most. They are not drawn yet; when they are,
// what they add is checked to fit (runtime/synapse_builder.h).
double MostOntoOne(const ir::Program& program, ir::ProjectionId id) {
  const ir::Projection& projection = program.projections[id];
  const ir::Rule& rule = projection.rule;
  const double sources = program.populations[projection.source].size;
  const double targets = program.populations[projection.target].size;
  const auto count = static_cast<double>(rule.count);
  switch (rule.kind) {
    case ir::RuleKind::kOneToOne:
      return 1;
    case ir::RuleKind::kAllToAll:
      return sources;
    case ir::RuleKind::kBernoulli: {
      const bool by_pair = program.FindConnect(id) != nullptr;
      return by_pair ? sources : std::min(sources, AtMost(sources * rule.p));
    }
    case ir::RuleKind::kFixedInDegree:
      return count;
    case ir::RuleKind::kFixedOutDegree: {
      const double likely = AtMost(sources * count / targets);
      return rule.multiple ? likely : std::min(sources, likely);
    }
    case ir::RuleKind::kFixedTotal: {
      const double likely = std::min(count, AtMost(count / targets));
      return rule.multiple ? likely : std::min(sources, likely);
    }
    case ir::RuleKind::kList:
      return static_cast<double>(program.tables[*rule.table].rows());
  }
  return std::numeric_limits<double>::infinity();
}

// What synapses add to one input.
class Arrivals {
 public:
  // So many, at most, add this much to one neuron in one step.
  void Add(double most, std::optional<double> contribution, int quantum_log2) {
    const int64_t quanta = contribution ? reference::ToQuanta(*contribution, quantum_log2) : 0;
    known_ = known_ && contribution && std::abs(quanta) <= reference::kMaxContribution;
    if (!known_ || quanta == 0) return;
    unit_ = std::gcd(unit_, quanta);
    arrivals_.push_back({most, static_cast<double>(std::abs(quanta))});
  }
  void AddUnknown() { known_ = false; }

  ir::SumForm Form() const {
    if (!known_ || arrivals_.empty()) return {};
    double most = 0;
    for (const Arrival& arrival : arrivals_) {
      most += arrival.most * (arrival.quanta / static_cast<double>(unit_));
    }
    for (const int bits : {16, 32}) {
      const ir::SumForm form = {bits, unit_};
      if (most <= static_cast<double>(form.most())) return form;
    }
    return {};
  }

 private:
  struct Arrival {
    double most;
    double quanta;
  };

  bool known_ = true;
  int64_t unit_ = 0;
  std::vector<Arrival> arrivals_;
};

std::vector<ir::SumForm> NarrowestForms(const ir::Program& program) {
  std::vector<Arrivals> arrivals(program.inputs.size());
  for (const ir::Events& events : program.events) arrivals[events.input].AddUnknown();
  for (const ir::Block& block : program.synaptic) {
    const ir::ProjectionId id = program.domains[static_cast<size_t>(block.domain)].index;
    const double weight = program.projections[id].weight;
    for (ir::NodeId node = 0; node < block.nodes.size(); ++node) {
      if (block.nodes[node].op != ir::Op::kAccumulate) continue;
      Arrivals& arrivals_of_input = arrivals[block.nodes[node].attr];
      if (block.kind != ir::BlockKind::kOnPre || program.HasOwnWeights(id)) {
        arrivals_of_input.AddUnknown();
        continue;
      }
      arrivals_of_input.Add(MostOntoOne(program, id),
                            reference::StaticContribution(program, block, node, weight),
                            program.inputs[block.nodes[node].attr].quantum_log2);
    }
  }
  std::vector<ir::SumForm> forms;
  for (const Arrivals& arrivals_of_input : arrivals) forms.push_back(arrivals_of_input.Form());
  return forms;
}

}  // namespace

absl::StatusOr<ir::Program> NarrowSums(const ir::Program& program, const CompileOptions&) {
  ir::Program result = program;
  const std::vector<ir::SumForm> forms = NarrowestForms(program);
  for (ir::InputId id = 0; id < forms.size(); ++id) result.inputs[id].sum_form = forms[id];
  return result;
}

absl::StatusOr<ir::Program> WidenSums(const ir::Program& program, const CompileOptions&) {
  ir::Program result = program;
  for (ir::Input& input : result.inputs) input.sum_form = ir::SumForm();
  return result;
}

absl::Status CheckNarrowSums(const ir::Program& program) {
  const std::vector<ir::SumForm> forms = NarrowestForms(program);
  for (ir::InputId id = 0; id < forms.size(); ++id) {
    const ir::Input& input = program.inputs[id];
    if (!input.sum_form) {
      return absl::InternalError(absl::StrCat("input ", input.name, " has no form of its sums"));
    }
    if (input.sum() == ir::SumForm() || input.sum() == forms[id]) continue;
    return absl::InternalError(
        absl::StrCat("sums of input ", input.name, " have ", input.sum().bits, " bits in units of ",
                     input.sum().unit, ", not ", forms[id].bits, " in units of ", forms[id].unit));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
