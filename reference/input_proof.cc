#include "reference/input_proof.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "reference/columns.h"
#include "reference/contribution.h"
#include "reference/decay.h"

namespace bnsyn::reference {
namespace {

absl::Status TooLarge(const ir::Program& program, ir::ProjectionId projection, ir::InputId input,
                      uint32_t target, const std::string& what, int64_t quanta, int64_t limit) {
  const ir::Input& in = program.inputs[input];
  return absl::InvalidArgumentError(absl::StrCat(
      "projection ", program.projections[projection].name, ": ", what, " input ", in.name,
      " of element ", target, " reaches ", ShowValue(FromQuanta(quanta, in.quantum_log2)),
      ", but its quantum 2^", in.quantum_log2, " allows at most ",
      ShowValue(FromQuanta(limit, in.quantum_log2)), "; a larger quantum allows more"));
}

}  // namespace

Contributions::Contributions(const ir::Program& program, const ir::Block* block)
    : program_(program), block_(block) {
  if (block == nullptr) return;
  for (ir::NodeId id = 0; id < block->nodes.size(); ++id) {
    const ir::Node& node = block->nodes[id];
    if (node.op != ir::Op::kAccumulate) continue;
    terms_.push_back({id, static_cast<ir::InputId>(node.attr), std::nullopt});
  }
}

std::optional<int64_t> Contributions::Quanta(size_t term, double weight) {
  Term& t = terms_[term];
  if (!t.last || t.last->first != weight) {
    const std::optional<double> value = StaticContribution(program_, *block_, t.node, weight);
    std::optional<int64_t> quanta;
    if (value) quanta = ToQuanta(*value, program_.inputs[t.input].quantum_log2);
    t.last = {weight, quanta};
  }
  return t.last->second;
}

bool Contributions::AllStatic() {
  for (size_t term = 0; term < terms_.size(); ++term) {
    if (!Quanta(term, 0.0)) return false;  // what a term depends on is the same for all weights
  }
  return true;
}

InputProof::InputProof(const ir::Program& program) : program_(program) {
  for (const ir::Input& input : program.inputs) {
    bounds_.emplace_back(program.Size(input.population));
    most_.push_back(MostInAStep(input));
  }
}

absl::Status InputProof::Add(ir::ProjectionId projection, uint32_t target, double weight,
                             Contributions& contributions) {
  for (size_t term = 0; term < contributions.size(); ++term) {
    const ir::InputId input = contributions.input(term);
    Bound& bound = bounds_[input][target];
    const std::optional<int64_t> quanta = contributions.Quanta(term, weight);
    if (quanta && std::abs(*quanta) > kMaxContribution) {
      return TooLarge(program_, projection, input, target, "what one synapse adds to",
                      std::abs(*quanta), kMaxContribution);
    }
    if (quanta) bound.known += std::abs(*quanta);
    bound.possible += quanta ? std::abs(*quanta) : kMaxContribution;
    if (bound.known > most_[input]) {
      return TooLarge(program_, projection, input, target,
                      "the sum of what may arrive in one step at", bound.known, most_[input]);
    }
    if (bound.possible > int64_t{1} << 62) {
      return absl::InvalidArgumentError(absl::StrCat(
          "projection ", program_.projections[projection].name, ": more than 2^22 synapses whose ",
          "contributions are computed while running meet in element ", target, " of input ",
          program_.inputs[input].name));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDecayingInputs(const ir::Program& program) {
  for (const ir::Block& block : program.synaptic) {
    Contributions contributions(program, &block);
    for (size_t term = 0; term < contributions.size(); ++term) {
      const ir::Input& input = program.inputs[contributions.input(term)];
      if (!input.decay || contributions.Quanta(term, 0.0)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("projection ", block.name, ": what it adds to the decaying input ",
                       input.name, " must depend on nothing but the weight"));
    }
  }
  return absl::OkStatus();
}

bool SumsAreProven(const ir::Program& program) {
  if (!program.events.empty()) return false;
  return std::all_of(program.synaptic.begin(), program.synaptic.end(), [&](const ir::Block& block) {
    Contributions contributions(program, &block);
    // Those of other blocks than on_pre are in no proof.
    return contributions.size() == 0 ||
           (block.kind == ir::BlockKind::kOnPre && contributions.AllStatic());
  });
}

}  // namespace bnsyn::reference
