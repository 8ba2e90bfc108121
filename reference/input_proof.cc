#include "reference/input_proof.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "ir/access.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "reference/columns.h"
#include "reference/fault.h"
#include "reference/known_bits.h"

namespace bnsyn::reference {
namespace {

// "input b.g of element 3".
std::string Place(const ir::Program& program, ir::InputId input, uint32_t target) {
  return absl::StrCat("input ", program.inputs[input].name, " of element ", target);
}

absl::Status Refused(const ir::Program& program, ir::ProjectionId projection,
                     const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrCat("projection ", program.projections[projection].name, ": ", why));
}

absl::Status TooLarge(const ir::Program& program, ir::ProjectionId projection, ir::InputId input,
                      uint32_t target, const std::string& what, Quanta quanta, Quanta limit) {
  const ir::Input& in = program.inputs[input];
  return Refused(program, projection,
                 absl::StrCat(what, " ", Place(program, input, target), " reaches ",
                              ShowIn(in, FromQuanta(quanta, in.accumulator.scale_log2)), ", but ",
                              DescribeLimit(in, limit)));
}

}  // namespace

std::optional<double> StaticContribution(const ir::Program& program, const ir::Block& block,
                                         ir::NodeId node, double weight) {
  if (block.nodes[node].op == ir::Op::kAccumulatePre) return std::nullopt;
  const std::optional<ir::Bits> bits =
      KnownBits(program, block, weight)[block.nodes[node].operands[0]];
  return bits ? std::optional<double>(ir::F64OfBits(*bits)) : std::nullopt;
}

bool MayBeStatic(const ir::Program& program, const ir::Block& block) {
  if (block.kind != ir::BlockKind::kOnPre) return false;
  // Deferred code is written as on_pre code, of which the projection may have none.
  const ir::Block* const first = program.FindSynaptic(block.kind, program.ProjectionOf(block));
  return first != nullptr && first->pathway == block.pathway;
}

bool AddsStatic(const ir::Program& program, const ir::Block& block, ir::NodeId node) {
  // It does not depend on the weight.
  return MayBeStatic(program, block) && StaticContribution(program, block, node, 0).has_value();
}

OnPreTerms::OnPreTerms(const ir::Program& program, const ir::Block* block)
    : program_(program), block_(block) {
  if (block == nullptr) return;
  for (ir::NodeId id = 0; id < block->nodes.size(); ++id) {
    const ir::Node& node = block->nodes[id];
    if (!ir::Accumulates(node)) continue;
    const bool to_source = node.op == ir::Op::kAccumulatePre;
    terms_.push_back({id, static_cast<ir::InputId>(node.attr), to_source, std::nullopt});
  }
}

std::optional<OnPreTerms::Known> OnPreTerms::Find(size_t term, double weight) {
  Term& t = terms_[term];
  if (!t.last || t.last->first != weight) {
    const std::optional<double> value = StaticContribution(program_, *block_, t.node, weight);
    std::optional<Known> known;
    if (value) known = {*value, ToQuanta(*value, program_.inputs[t.input].accumulator.scale_log2)};
    t.last = {weight, known};
  }
  return t.last->second;
}

bool OnPreTerms::AllStatic() {
  for (size_t term = 0; term < terms_.size(); ++term) {
    if (!Find(term, 0.0)) return false;  // true for one weight, true for all
  }
  return true;
}

std::vector<std::vector<OtherAddition>> OtherAdditions(const ir::Program& program) {
  std::vector<std::vector<OtherAddition>> inputs(program.projections.size());
  const bool delivers = program.Delivers();
  for (const ir::Block& block : program.synaptic) {
    if (MayBeStatic(program, block)) continue;
    const uint32_t times = program.MostRuns(block, delivers);
    for (const ir::Node& added : block.nodes) {
      if (!ir::Accumulates(added)) continue;
      const bool to_source = added.op == ir::Op::kAccumulatePre;
      std::vector<OtherAddition>& all = inputs[program.ProjectionOf(block)];
      all.insert(all.end(), times, {static_cast<ir::InputId>(added.attr), to_source});
    }
  }
  return inputs;
}

InputProof::InputProof(const ir::Program& program)
    : program_(&program), delivers_(program.Delivers()), others_(OtherAdditions(program)) {
  for (const ir::Input& input : program.inputs) {
    bounds_.emplace_back(program.Size(input.population));
    limits_.push_back(LimitsOf(input.accumulator));
    most_.push_back(AccumulatorArithmetic(input.accumulator).MostInAStep());
  }
}

EventBounds BoundEvents(const ir::Program& program, absl::Span<const std::vector<Event>> events) {
  struct Arrival {
    uint64_t step;
    uint32_t element;
    Quanta quanta;
  };
  std::vector<std::vector<Arrival>> arrivals(program.inputs.size());
  for (size_t i = 0; i < events.size(); ++i) {
    const ir::InputId input = program.events[i].input;
    const int scale = program.inputs[input].accumulator.scale_log2;
    for (const Event& event : events[i]) {
      const Quanta quanta = Magnitude(ToQuanta(event.value, scale));
      arrivals[input].push_back({event.step, event.element, quanta});
    }
  }
  EventBounds bounds(program.inputs.size());
  for (ir::InputId input = 0; input < bounds.size(); ++input) {
    std::vector<Arrival>& all = arrivals[input];
    std::sort(all.begin(), all.end(), [](const Arrival& a, const Arrival& b) {
      return std::tie(a.step, a.element) < std::tie(b.step, b.element);
    });
    Quanta sum = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      const bool same =
          i > 0 && all[i - 1].step == all[i].step && all[i - 1].element == all[i].element;
      sum = same ? sum + all[i].quanta : all[i].quanta;
      Quanta& most = bounds[input][all[i].element];
      most = std::max(most, sum);
    }
  }
  return bounds;
}

absl::StatusOr<InputProof> InputProof::Create(const ir::Program& program,
                                              absl::Span<const std::vector<Event>> events) {
  InputProof proof(program);
  for (size_t i = 0; i < events.size(); ++i) proof.CountEvents(i, events[i]);
  const EventBounds bounds = BoundEvents(program, events);
  for (ir::InputId input = 0; input < bounds.size(); ++input) {
    for (const auto& [target, quanta] : bounds[input]) {
      proof.bounds_[input][target] = {quanta, quanta};
      if (quanta <= proof.most_[input] || Mutant("R6.proof_of_events")) continue;
      const ir::Input& in = program.inputs[input];
      return absl::InvalidArgumentError(
          absl::StrCat("the sum of the events of one step at ", Place(program, input, target),
                       " reaches ", ShowIn(in, FromQuanta(quanta, in.accumulator.scale_log2)),
                       ", but ", DescribeLimit(in, proof.most_[input])));
    }
  }
  return proof;
}

void InputProof::CountEvents(size_t declaration, absl::Span<const Event> events) {
  const ir::InputId input = program_->events[declaration].input;
  const int scale = program_->inputs[input].accumulator.scale_log2;
  const CoarseSource source = {CoarseSource::Kind::kEvents, static_cast<uint32_t>(declaration),
                               input};
  for (const Event& event : events) {
    if (IsCoarse(event.value, scale)) coarse_[source].Count(event.value, scale);
  }
}

absl::Status InputProof::AddKnown(ir::ProjectionId projection, ir::InputId input, uint32_t target,
                                  const OnPreTerms::Known& known) {
  const Quanta magnitude = Magnitude(known.quanta);
  if (magnitude > limits_[input].contribution && !Mutant("R6.proof_of_a_contribution")) {
    return TooLarge(*program_, projection, input, target, "what one synapse adds to", magnitude,
                    limits_[input].contribution);
  }
  const int scale = program_->inputs[input].accumulator.scale_log2;
  if (IsCoarse(known.value, scale)) {
    coarse_[{CoarseSource::Kind::kProjection, projection, input}].Count(known.value, scale);
  }
  const Quanta in_a_step =
      Mutant("R6.proof_counts_all_arrivals") ? magnitude : magnitude * MostArrivals(projection);
  bounds_[input][target].known += in_a_step;
  if (bounds_[input][target].known > most_[input] && !Mutant("R6.proof_of_a_sum")) {
    return TooLarge(*program_, projection, input, target,
                    "the sum of what may arrive in one step at", bounds_[input][target].known,
                    most_[input]);
  }
  return AddPossible(projection, input, target, in_a_step);
}

uint32_t InputProof::MostArrivals(ir::ProjectionId projection) const {
  const ir::Block* const on_pre = program_->FindSynaptic(ir::BlockKind::kOnPre, projection);
  return on_pre == nullptr ? 1 : program_->MostRuns(*on_pre, delivers_);
}

absl::Status InputProof::AddPossible(ir::ProjectionId projection, ir::InputId input,
                                     uint32_t element, Quanta magnitude) {
  const SumLimits& limits = limits_[input];
  Quanta& possible = bounds_[input][element].possible;
  if (magnitude <= limits.possible - possible || Mutant("R6.proof_of_what_may_arrive")) {
    possible += magnitude;
    return absl::OkStatus();
  }
  const int scale = program_->inputs[input].accumulator.scale_log2;
  return Refused(
      *program_, projection,
      absl::StrCat("so many synapses meet at ", Place(*program_, input, element),
                   " that its sum might overflow: what they compute while running may be ",
                   ShowValue(FromQuanta(limits.unknown, scale)),
                   " each; bounds of the variables that it is computed from, as in "
                   "bounds = { w = [low, high] }, leave room for more synapses"));
}

absl::Status InputProof::Add(ir::ProjectionId projection, SynapseEnds ends, double weight,
                             OnPreTerms& terms) {
  const uint32_t times = MostArrivals(projection);
  for (size_t term = 0; term < terms.size(); ++term) {
    const std::optional<OnPreTerms::Known> known = terms.Find(term, weight);
    const uint32_t element = terms.to_source(term) ? ends.source : ends.target;
    BNSYN_RETURN_IF_ERROR(known ? AddKnown(projection, terms.input(term), element, *known)
                                : AddPossible(projection, terms.input(term), element,
                                              limits_[terms.input(term)].unknown * times));
  }
  for (const OtherAddition& other : others_[projection]) {
    BNSYN_RETURN_IF_ERROR(AddPossible(projection, other.input,
                                      other.to_source ? ends.source : ends.target,
                                      limits_[other.input].unknown));
  }
  return absl::OkStatus();
}

absl::Status Prove(const ir::Program& program, ir::ProjectionId projection, const SynapseRows& rows,
                   OnPreTerms& terms, InputProof& proof) {
  const double one = program.projections[projection].weight;
  for (uint32_t source = 0; source + size_t{1} < rows.begin.size(); ++source) {
    for (size_t i = rows.begin[source]; i < rows.begin[source + size_t{1}]; ++i) {
      const double weight = rows.weights.empty() ? one : rows.weights[i];
      BNSYN_RETURN_IF_ERROR(proof.Add(projection, {source, rows.targets[i]}, weight, terms));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDecayingInputs(const ir::Program& program) {
  for (const ir::Block& block : program.synaptic) {
    OnPreTerms terms(program, &block);
    for (size_t term = 0; term < terms.size(); ++term) {
      const ir::Input& input = program.inputs[terms.input(term)];
      const bool is_static = MayBeStatic(program, block) && terms.Find(term, 0.0);
      if (!input.accumulator.decays() || is_static) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "projection ", block.name, ": what it adds to the decaying input ", input.name,
          " must depend on nothing but the weight, in its first on_pre ", "block"));
    }
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::reference
