#include "reference/input_proof.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "reference/accumulator.h"
#include "reference/columns.h"
#include "reference/known_bits.h"

namespace bnsyn::reference {
namespace {

absl::Status TooLarge(const ir::Program& program, ir::ProjectionId projection, ir::InputId input,
                      uint32_t target, const std::string& what, int64_t quanta, int64_t limit) {
  const ir::Input& in = program.inputs[input];
  const int scale = in.accumulator.scale_log2;
  return absl::InvalidArgumentError(absl::StrCat(
      "projection ", program.projections[projection].name, ": ", what, " input ", in.name,
      " of element ", target, " reaches ", ShowValue(FromQuanta(quanta, scale)),
      ", but its scale 2^", scale, " allows at most ", ShowValue(FromQuanta(limit, scale)),
      "; a larger scale allows more"));
}

}  // namespace

std::optional<double> StaticContribution(const ir::Program& program, const ir::Block& block,
                                         ir::NodeId node, double weight) {
  const std::optional<ir::Bits> bits =
      KnownBits(program, block, weight)[block.nodes[node].operands[0]];
  return bits ? std::optional<double>(ir::F64OfBits(*bits)) : std::nullopt;
}

OnPreTerms::OnPreTerms(const ir::Program& program, const ir::Block* block)
    : program_(program), block_(block) {
  if (block == nullptr) return;
  for (ir::NodeId id = 0; id < block->nodes.size(); ++id) {
    const ir::Node& node = block->nodes[id];
    if (node.op != ir::Op::kAccumulate) continue;
    terms_.push_back({id, static_cast<ir::InputId>(node.attr), std::nullopt});
  }
}

std::optional<int64_t> OnPreTerms::Quanta(size_t term, double weight) {
  Term& t = terms_[term];
  if (!t.last || t.last->first != weight) {
    const std::optional<double> value = StaticContribution(program_, *block_, t.node, weight);
    std::optional<int64_t> quanta;
    if (value) quanta = ToQuanta(*value, program_.inputs[t.input].accumulator.scale_log2);
    t.last = {weight, quanta};
  }
  return t.last->second;
}

bool OnPreTerms::AllStatic() {
  for (size_t term = 0; term < terms_.size(); ++term) {
    if (!Quanta(term, 0.0)) return false;  // true for one weight, true for all
  }
  return true;
}

InputProof::InputProof(const ir::Program& program) : program_(program) {
  for (const ir::Input& input : program.inputs) {
    bounds_.emplace_back(program.Size(input.population));
    most_.push_back(AccumulatorArithmetic(input.accumulator).MostInAStep());
  }
}

absl::Status InputProof::Add(ir::ProjectionId projection, uint32_t target, double weight,
                             OnPreTerms& terms) {
  for (size_t term = 0; term < terms.size(); ++term) {
    const ir::InputId input = terms.input(term);
    Bound& bound = bounds_[input][target];
    const std::optional<int64_t> quanta = terms.Quanta(term, weight);
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
    OnPreTerms terms(program, &block);
    for (size_t term = 0; term < terms.size(); ++term) {
      const ir::Input& input = program.inputs[terms.input(term)];
      if (!input.accumulator.decays() || terms.Quanta(term, 0.0)) continue;
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
    OnPreTerms terms(program, &block);
    // The proof holds no contributions of other blocks than on_pre.
    return terms.size() == 0 || (block.kind == ir::BlockKind::kOnPre && terms.AllStatic());
  });
}

}  // namespace bnsyn::reference
