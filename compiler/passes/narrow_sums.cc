// narrow_sums: what arrives at an input is counted in as few bits as it can take.
//
// Where all synapses onto an input add known quanta, these are multiples of a unit, and the rules
// of the projections bound how many arrive in one step. Mostly a projection has one weight, so that
// spikes are counted. Sums of 16 bits take a quarter of the memory that is read, added to, and
// cleared in each step.
#include <cstdlib>
#include <numeric>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/in_degree.h"
#include "compiler/passes/passes.h"
#include "reference/contribution.h"

namespace bnsyn::compiler {
namespace {

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
  for (ir::InputId id = 0; id < program.inputs.size(); ++id) {
    if (program.inputs[id].decay) arrivals[id].AddUnknown();
  }
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
      arrivals_of_input.Add(InDegreeOf(program, id).most,
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
