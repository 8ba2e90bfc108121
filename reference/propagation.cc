#include "reference/propagation.h"

#include <Eigen/Dense>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/levels.h"
#include "ir/status_macros.h"
#include "reference/block_runner.h"
#include "reference/connectivity.h"
#include "reference/input_proof.h"

namespace bnsyn::reference {
namespace {

// Draws all synapses of a projection and adds them to the proof.
absl::StatusOr<SynapseRows> BuildRows(const Machine& machine, ir::ProjectionId id,
                                      OnPreTerms& terms, InputProof& proof) {
  const ir::Program& program = machine.program;
  BNSYN_ASSIGN_OR_RETURN(const Connectivity connectivity,
                         Connectivity::Create(program, id, machine.states));
  const uint32_t targets = program.populations[program.projections[id].target].size;
  BNSYN_ASSIGN_OR_RETURN(SynapseRows rows, connectivity.Build(0, targets));
  BNSYN_RETURN_IF_ERROR(Prove(program, id, rows, terms, proof));
  return rows;
}

class CsrPropagator : public Propagator {
 public:
  // Leaves out the synapses of the projections that are marked.
  absl::Status Build(Machine& machine, absl::Span<const std::vector<Event>> events,
                     const std::vector<bool>& marked) {
    machine_ = &machine;
    const ir::Program& program = machine.program;
    BNSYN_ASSIGN_OR_RETURN(InputProof proof, InputProof::Create(program, events));
    for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
      const ir::Block* const on_pre =
          marked[id] ? nullptr : program.FindSynaptic(ir::BlockKind::kOnPre, id);
      SynapseRows rows;
      if (marked[id]) {
        rows.begin.resize(program.populations[program.projections[id].source].size + size_t{1});
      } else {
        OnPreTerms terms(program, on_pre);
        BNSYN_ASSIGN_OR_RETURN(rows, BuildRows(machine, id, terms, proof));
      }
      synapses_ += rows.size();
      machine.AddSynapses(std::move(rows));
    }
    for (const ir::Block& block : program.synaptic) {
      std::optional<BlockRunner>& runner = runners_.emplace_back();
      if (!marked[program.ProjectionOf(block)]) runner.emplace(block, machine);
    }
    machine.coarse = proof.coarse();
    return absl::OkStatus();
  }

  void Deliver(size_t number, Due due) override {
    if (!runners_[number]) return;
    BlockRunner& runner = *runners_[number];
    const ir::Program& program = machine_->program;
    const ir::Block& block = program.synaptic[number];
    const ir::ProjectionId id = program.ProjectionOf(block);
    const SynapseTable& table = machine_->synapses[id];
    const ir::PopulationId spikes = program.SpikesOf(block);
    if (block.kind == ir::BlockKind::kOnPost) {
      for (const uint32_t target : due(spikes, program.DelayOf(block))) {
        runner.Run(target, table.Onto(target));
      }
    } else if (ir::Program::HasOwnDelay(block) || !program.HasOwnDelays(id)) {
      for (const uint32_t source : due(spikes, program.DelayOf(block))) {
        runner.Run(source, table.From(source));
      }
    } else {
      for (const uint32_t delay : table.delays()) {
        for (const uint32_t source : due(spikes, delay)) runner.Run(table.Of(source, delay));
      }
    }
  }

 private:
  Machine* machine_ = nullptr;
  std::vector<std::optional<BlockRunner>> runners_;  // by synaptic block
};

// Dense propagation: a matrix of quanta (targets by sources) times the vector of spikes.
class DensePropagator : public Propagator {
 public:
  absl::Status Build(Machine& machine, absl::Span<const std::vector<Event>> events) {
    const ir::Program& program = machine.program;
    machine_ = &machine;
    BNSYN_RETURN_IF_ERROR(CheckSize(program));
    BNSYN_ASSIGN_OR_RETURN(InputProof proof, InputProof::Create(program, events));
    for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
      const ir::Projection& projection = program.projections[id];
      OnPreTerms on_pre(program, program.FindSynaptic(ir::BlockKind::kOnPre, id));
      for (const ir::Block& block : program.SynapticOf(id)) {
        if (block.kind == ir::BlockKind::kOnPre) continue;
        return absl::InvalidArgumentError(absl::StrCat("projection ", projection.name,
                                                       ": dense propagation is of on_pre code ",
                                                       "alone; use CSR propagation"));
      }
      const ir::Block* const on_pre_block = program.FindSynaptic(ir::BlockKind::kOnPre, id);
      const bool stores = on_pre_block != nullptr && ir::ActsOnNeurons(program, *on_pre_block);
      if (!on_pre.AllStatic() || stores) {
        return absl::InvalidArgumentError(
            absl::StrCat("projection ", projection.name,
                         ": dense propagation needs on_pre code that depends on ",
                         "nothing but the weight; use CSR propagation"));
      }
      if (program.HasOwnDelays(id)) {
        return absl::InvalidArgumentError(absl::StrCat("projection ", projection.name,
                                                       ": dense propagation needs one delay for ",
                                                       "all synapses; use CSR propagation"));
      }
      if (program.SynapticOf(id).size() > 1) {
        return absl::InvalidArgumentError(absl::StrCat("projection ", projection.name,
                                                       ": dense propagation is of one on_pre ",
                                                       "block; use CSR propagation"));
      }
      if (!program.SynapseStates(id).empty()) {
        return absl::InvalidArgumentError(absl::StrCat("projection ", projection.name,
                                                       ": dense propagation is of synapses ",
                                                       "without states; use CSR propagation"));
      }
      BNSYN_ASSIGN_OR_RETURN(const SynapseRows rows, BuildRows(machine, id, on_pre, proof));
      synapses_ += rows.size();
      std::vector<Term>& terms = projections_.emplace_back();
      for (size_t t = 0; t < on_pre.size(); ++t) {
        Term& term = terms.emplace_back(
            Term{on_pre.input(t), Matrix::Zero(program.populations[projection.target].size,
                                               program.populations[projection.source].size)});
        if (program.inputs[term.input].accumulator.wide) {
          return absl::InvalidArgumentError(
              absl::StrCat("projection ", projection.name,
                           ": dense propagation is to inputs of 64 bits; use ", "CSR propagation"));
        }
        const bool decays = program.inputs[term.input].accumulator.decays();
        if (decays && !rows.weights.empty()) {
          return absl::InvalidArgumentError(
              absl::StrCat("projection ", projection.name, ": dense propagation to a decaying ",
                           "input needs one weight for all synapses; use CSR propagation"));
        }
        const auto quanta = [&](double weight) {
          return static_cast<int64_t>(on_pre.Find(t, weight)->quanta);
        };
        if (decays) term.each = quanta(projection.weight);
        for (uint32_t source = 0; source + size_t{1} < rows.begin.size(); ++source) {
          for (size_t i = rows.begin[source]; i < rows.begin[source + size_t{1}]; ++i) {
            const double weight = rows.weights.empty() ? projection.weight : rows.weights[i];
            term.quanta(rows.targets[i], source) += decays ? 1 : quanta(weight);
          }
        }
      }
    }
    machine.coarse = proof.coarse();
    return absl::OkStatus();
  }

  void Deliver(size_t number, Due due) override {
    const ir::Program& program = machine_->program;
    const ir::Block& block = program.synaptic[number];
    const std::vector<uint32_t> sources = due(program.SpikesOf(block), program.DelayOf(block));
    for (const Term& term : projections_[program.ProjectionOf(block)]) {
      Vector spikes = Vector::Zero(term.quanta.cols());
      for (const uint32_t source : sources) ++spikes[source];
      const AccumulatorArithmetic& sum = machine_->accumulators[term.input];
      const Quanta each = sum.Counted(term.each, sum.PhaseOf(machine_->step));
      const Vector added = term.quanta * spikes * static_cast<int64_t>(each);
      for (Eigen::Index i = 0; Quanta & input : machine_->inputs[term.input]) input += added[i++];
    }
  }

 private:
  using Matrix = Eigen::Matrix<int64_t, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<int64_t, Eigen::Dynamic, 1>;
  // One accumulate of a projection.
  struct Term {
    ir::InputId input;
    Matrix quanta;  // for a decaying input: numbers of synapses that add `each`
    int64_t each = 1;
  };

  static absl::Status CheckSize(const ir::Program& program) {
    double bytes = 0;
    for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
      const ir::Projection& projection = program.projections[id];
      const OnPreTerms on_pre(program, program.FindSynaptic(ir::BlockKind::kOnPre, id));
      bytes += 8.0 * static_cast<double>(on_pre.size()) *
               program.populations[projection.source].size *
               program.populations[projection.target].size;
    }
    if (bytes <= static_cast<double>(kMaxDenseBytes)) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("dense propagation of ", program.name, " would take ", bytes / (1 << 30),
                     " GiB of matrices; at most 4 are allowed. Use CSR propagation"));
  }

  Machine* machine_ = nullptr;
  std::vector<std::vector<Term>> projections_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Propagator>> Propagator::CreateWithout(
    const std::vector<bool>& marked, Machine& machine,
    absl::Span<const std::vector<Event>> events) {
  auto propagator = std::make_unique<CsrPropagator>();
  BNSYN_RETURN_IF_ERROR(propagator->Build(machine, events, marked));
  return propagator;
}

absl::StatusOr<std::unique_ptr<Propagator>> Propagator::Create(
    Machine& machine, Propagation kind, absl::Span<const std::vector<Event>> events) {
  switch (kind) {
    case Propagation::kCsr:
      return CreateWithout(std::vector<bool>(machine.program.projections.size()), machine, events);
    case Propagation::kDense: {
      auto propagator = std::make_unique<DensePropagator>();
      BNSYN_RETURN_IF_ERROR(propagator->Build(machine, events));
      return propagator;
    }
  }
  return absl::InternalError("no such propagation");
}

}  // namespace bnsyn::reference
