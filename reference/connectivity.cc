#include "reference/connectivity.h"

#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "reference/columns.h"
#include "reference/connect_block.h"
#include "reference/row_finder.h"

namespace bnsyn::reference {

Connectivity::Connectivity(const ir::Program& program, ir::ProjectionId projection,
                           absl::Span<const Array> states)
    : program_(&program),
      id_(projection),
      projection_(&program.projections[projection]),
      states_(states) {}

absl::StatusOr<Connectivity> Connectivity::Create(const ir::Program& program,
                                                  ir::ProjectionId projection,
                                                  absl::Span<const Array> states) {
  Connectivity result(program, projection, states);
  if (result.IsListed()) {
    BNSYN_RETURN_IF_ERROR(FindListedPairs(program, projection, 0, 0).status());
  }
  return result;
}

bool Connectivity::IsListed() const {
  return ir::TraitsOf(projection_->rule.kind).order == ir::DrawOrder::kByTable;
}

absl::StatusOr<SynapseRows> Connectivity::Build(uint32_t begin, uint32_t end) const {
  SynapseRows rows;
  if (IsListed()) {
    BNSYN_ASSIGN_OR_RETURN(rows, List(begin, end));
  } else {
    BNSYN_ASSIGN_OR_RETURN(const std::unique_ptr<RowFinder> finder,
                           MakeRowFinder(*program_, id_, states_, begin, end));
    rows.begin.push_back(0);
    const uint32_t sources = program_->populations[projection_->source].size;
    for (uint32_t source = 0; source < sources; ++source) {
      BNSYN_RETURN_IF_ERROR(finder->AppendRow(source, rows.targets));
      rows.begin.push_back(rows.targets.size());
    }
  }
  FillStates(rows);
  BNSYN_RETURN_IF_ERROR(Connect(rows));
  return rows;
}

// With the weights and delays that the table has.
absl::StatusOr<SynapseRows> Connectivity::List(uint32_t begin, uint32_t end) const {
  BNSYN_ASSIGN_OR_RETURN(ListedPairs pairs, FindListedPairs(*program_, id_, begin, end));
  SynapseRows rows;
  rows.begin = std::move(pairs.begin);
  rows.targets = std::move(pairs.targets);
  if (projection_->weight_column) {
    const auto& column = Column(*projection_->weight_column);
    for (const uint32_t row : pairs.rows) rows.weights.push_back(column[row]);
  }
  if (!projection_->delay_column) return rows;
  const auto& column = Column(*projection_->delay_column);
  for (uint32_t source = 0; source + size_t{1} < rows.begin.size(); ++source) {
    for (uint64_t i = rows.begin[source]; i < rows.begin[source + size_t{1}]; ++i) {
      const double steps = std::nearbyint(column[pairs.rows[i]] / program_->dt) +
                           (Mutant("R4.lag_of_listed_delays") ? 0 : program_->spike_lag());
      BNSYN_RETURN_IF_ERROR(AddDelay(steps, source, rows.targets[i], rows));
    }
  }
  return rows;
}

const std::vector<double>& Connectivity::Column(const ir::ColumnRef& column) const {
  return program_->tables[column.table].values[column.column];
}

absl::Status Connectivity::AddDelay(double steps, uint32_t source, uint32_t target,
                                    SynapseRows& rows) const {
  const uint32_t most = projection_->max_delay + (Mutant("R8.greatest_delay") ? 1 : 0);
  if (steps >= projection_->delay && steps <= most) {
    rows.delays.push_back(static_cast<uint32_t>(steps));
    return absl::OkStatus();
  }
  // People count from the time of the spike.
  const uint32_t lag = program_->spike_lag();
  steps -= lag;
  return PairFault(
      *program_, id_, source, target, "delay",
      absl::StrCat(ShowValue(steps * program_->dt), " ms, that is ", ShowValue(steps), " steps"),
      absl::StrCat("it must be from ", projection_->delay - lag, " to ",
                   projection_->max_delay - lag,
                   " steps; clip(delay, least, greatest) keeps it there"));
}

// Fills states with their declared initial values.
void Connectivity::FillStates(SynapseRows& rows) const {
  for (const ir::StateId id : program_->SynapseStates(id_)) {
    const ir::State& state = program_->states[id];
    rows.states.emplace_back(state.type.element, rows.size()).Fill(state.initial);
  }
}

namespace {

// The fault of the pair with the least target, and of these with the least source: an order that
// does not depend on how targets are divided.
class FirstFault {
 public:
  // Pairs come in the order of their sources.
  template <typename Describe>
  void Note(uint32_t target, Describe describe) {
    if (!status_.ok() && (target >= target_ || Mutant("R8.first_fault"))) return;
    target_ = target;
    status_ = describe();
  }
  const absl::Status& status() const { return status_; }

 private:
  uint32_t target_ = 0;
  absl::Status status_;
};

}  // namespace

// Runs the connect block over each row.
absl::Status Connectivity::Connect(SynapseRows& rows) const {
  const ir::Block* const block = program_->FindConnect(id_);
  if (block == nullptr) return absl::OkStatus();
  const ConnectBlock connect(*program_, *block, states_);
  const bool sets_weight = connect.Sets(ir::Op::kSetWeight);
  const bool sets_delay = connect.Sets(ir::Op::kSetDelay);
  const std::vector<ir::StateId> states = program_->SynapseStates(id_);
  const std::vector<double> given = std::move(rows.weights);
  rows.weights.clear();
  if (!sets_weight) rows.weights = given;
  if (sets_delay) rows.delays.clear();
  FirstFault fault;
  for (uint32_t source = 0; source + size_t{1} < rows.begin.size(); ++source) {
    const size_t begin = rows.begin[source];
    const size_t size = rows.begin[source + size_t{1}] - begin;
    if (size == 0) continue;
    const ConnectRow row = {source, absl::MakeConstSpan(rows.targets).subspan(begin, size),
                            given.empty() ? absl::MakeConstSpan(&projection_->weight, 1)
                                          : absl::MakeConstSpan(given).subspan(begin, size)};
    if (sets_weight) {
      const Array weights = connect.Run(ir::Op::kSetWeight, row);
      for (size_t i = 0; i < size; ++i) {
        const double weight = weights.as<double>()[i];
        if (!std::isfinite(weight)) {
          fault.Note(row.targets[i], [&] {
            return PairFault(*program_, id_, source, row.targets[i], "weight", ShowValue(weight),
                             "a weight is a finite number");
          });
        }
        rows.weights.push_back(Mutant("R8.set_weight") ? projection_->weight : weight);
      }
    }
    for (size_t state = 0; state < rows.states.size(); ++state) {
      if (!connect.Stores(states[state])) continue;
      const Array values = connect.RunStore(states[state], row);
      for (size_t i = 0; i < size; ++i) {
        if (!Mutant("R8.initial_state")) rows.states[state].set_bits(begin + i, values.bits(i));
        if (values.element() != ir::Element::kF64 || std::isfinite(values.as<double>()[i]))
          continue;
        fault.Note(row.targets[i], [&] {
          return PairFault(*program_, id_, source, row.targets[i],
                           absl::StrCat("initial ", program_->states[states[state]].name),
                           ShowValue(values.as<double>()[i]), "it must be a finite number");
        });
      }
    }
    if (!sets_delay) continue;
    const Array delays = connect.Run(ir::Op::kSetDelay, row);
    for (size_t i = 0; i < size; ++i) {
      const absl::Status added =
          AddDelay(static_cast<double>(delays.as<int64_t>()[i]), source, row.targets[i], rows);
      if (!added.ok()) fault.Note(row.targets[i], [&] { return added; });
    }
  }
  return fault.status();
}

double Connectivity::ExpectedSynapses() const {
  const ir::Rule& rule = projection_->rule;
  return ir::TraitsOf(rule.kind).synapses(rule, program_->SizesOf(id_));
}

}  // namespace bnsyn::reference
