#include "reference/propagation.h"

#include <Eigen/Dense>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "reference/block_runner.h"
#include "reference/connectivity.h"
#include "reference/input_proof.h"

namespace bnsyn::reference {
namespace {

// Calls `visit(source, row)` for every row of a projection, after the proof of its inputs.
template <typename Visit>
absl::Status VisitRows(const ir::Program& program, ir::ProjectionId id,
                       Contributions& contributions, InputProof& proof, Visit visit) {
  BNSYN_ASSIGN_OR_RETURN(const Connectivity connectivity, Connectivity::Create(program, id));
  const ir::Projection& projection = program.projections[id];
  const uint32_t targets = program.populations[projection.target].size;
  std::vector<Synapse> row;
  for (uint32_t source = 0; source < program.populations[projection.source].size; ++source) {
    row.clear();
    connectivity.Row(source, 0, targets, row);
    for (const Synapse& synapse : row) {
      BNSYN_RETURN_IF_ERROR(proof.Add(id, synapse.target, synapse.weight, contributions));
    }
    visit(source, row);
  }
  return absl::OkStatus();
}

class CsrPropagator : public Propagator {
 public:
  absl::Status Build(Machine& machine) {
    const ir::Program& program = machine.program;
    InputProof proof(program);
    for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
      const ir::Block* const on_pre = FindOnPre(program, id);
      Contributions contributions(program, on_pre);
      Rows rows;
      const bool weighted = program.projections[id].weight_column.has_value();
      if (!weighted) rows.weights = {program.projections[id].weight};
      const auto append = [&](uint32_t, const std::vector<Synapse>& row) {
        for (const Synapse& synapse : row) {
          rows.targets.push_back(synapse.target);
          if (weighted) rows.weights.push_back(synapse.weight);
        }
        rows.begin.push_back(rows.targets.size());
      };
      BNSYN_RETURN_IF_ERROR(VisitRows(program, id, contributions, proof, append));
      synapses_ += rows.targets.size();
      if (on_pre != nullptr) rows.on_pre.emplace(*on_pre, machine);
      projections_.push_back(std::move(rows));
    }
    return absl::OkStatus();
  }

  void Deliver(ir::ProjectionId projection, absl::Span<const uint32_t> sources) override {
    Rows& rows = projections_[projection];
    if (!rows.on_pre) return;
    const bool weighted = rows.weights.size() == rows.targets.size();
    for (const uint32_t source : sources) {
      const size_t begin = rows.begin[source];
      const size_t count = rows.begin[source + size_t{1}] - begin;
      const auto weights = absl::MakeConstSpan(rows.weights);
      rows.on_pre->Run({source, absl::MakeConstSpan(rows.targets).subspan(begin, count),
                        weighted ? weights.subspan(begin, count) : weights});
    }
  }

 private:
  // The synapses of one projection: row s is [begin[s], begin[s + 1]).
  struct Rows {
    std::vector<size_t> begin = {0};
    std::vector<uint32_t> targets;
    std::vector<double> weights;  // one a synapse, or one for all
    std::optional<BlockRunner> on_pre;
  };
  std::vector<Rows> projections_;
};

// The dense N^2 propagation: matrices of quanta, targets by sources, times the vector of spikes.
class DensePropagator : public Propagator {
 public:
  absl::Status Build(Machine& machine) {
    const ir::Program& program = machine.program;
    machine_ = &machine;
    BNSYN_RETURN_IF_ERROR(CheckSize(program));
    InputProof proof(program);
    for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
      const ir::Projection& projection = program.projections[id];
      Contributions contributions(program, FindOnPre(program, id));
      if (!contributions.AllStatic()) {
        return absl::InvalidArgumentError(
            absl::StrCat("projection ", projection.name,
                         ": dense propagation needs on_pre code that depends on ",
                         "nothing but the weight; use CSR propagation"));
      }
      std::vector<Term>& terms = projections_.emplace_back();
      for (size_t term = 0; term < contributions.size(); ++term) {
        terms.push_back(
            {contributions.input(term), Matrix::Zero(program.populations[projection.target].size,
                                                     program.populations[projection.source].size)});
      }
      const auto fill = [&](uint32_t source, const std::vector<Synapse>& row) {
        synapses_ += row.size();
        for (const Synapse& synapse : row) {
          for (size_t term = 0; term < terms.size(); ++term) {
            terms[term].quanta(synapse.target, source) +=
                *contributions.Quanta(term, synapse.weight);
          }
        }
      };
      BNSYN_RETURN_IF_ERROR(VisitRows(program, id, contributions, proof, fill));
    }
    return absl::OkStatus();
  }

  void Deliver(ir::ProjectionId projection, absl::Span<const uint32_t> sources) override {
    for (const Term& term : projections_[projection]) {
      Vector spikes = Vector::Zero(term.quanta.cols());
      for (const uint32_t source : sources) spikes[source] = 1;
      std::vector<int64_t>& input = machine_->inputs[term.input];
      Eigen::Map<Vector>(input.data(), term.quanta.rows()) += term.quanta * spikes;
    }
  }

 private:
  using Matrix = Eigen::Matrix<int64_t, Eigen::Dynamic, Eigen::Dynamic>;
  using Vector = Eigen::Matrix<int64_t, Eigen::Dynamic, 1>;
  // What one accumulate of a projection adds.
  struct Term {
    ir::InputId input;
    Matrix quanta;
  };

  static absl::Status CheckSize(const ir::Program& program) {
    double bytes = 0;
    for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
      const ir::Projection& projection = program.projections[id];
      const Contributions contributions(program, FindOnPre(program, id));
      bytes += 8.0 * static_cast<double>(contributions.size()) *
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

template <typename Kind>
absl::StatusOr<std::unique_ptr<Propagator>> Build(Machine& machine) {
  auto propagator = std::make_unique<Kind>();
  BNSYN_RETURN_IF_ERROR(propagator->Build(machine));
  return propagator;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Propagator>> Propagator::Create(Machine& machine, Propagation kind) {
  switch (kind) {
    case Propagation::kCsr:
      return Build<CsrPropagator>(machine);
    case Propagation::kDense:
      return Build<DensePropagator>(machine);
  }
  return absl::InternalError("no such propagation");
}

}  // namespace bnsyn::reference
