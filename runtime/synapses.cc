#include "runtime/synapses.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/status_macros.h"
#include "reference/contribution.h"
#include "reference/input_proof.h"
#include "reference/machine.h"

namespace bnsyn {

double SynapsesWithMargin(double expected) { return expected + 6 * std::sqrt(expected) + 64; }

size_t SynapseBytes(const ir::Program& program, ir::ProjectionId projection) {
  size_t bytes = sizeof(uint32_t);  // the target
  if (program.HasOwnWeights(projection)) bytes += sizeof(double);
  const std::vector<ir::StateId> states = program.SynapseStates(projection);
  for (const ir::StateId id : states) {
    bytes += static_cast<size_t>(ir::ElementBytes(program.states[id].type.element));
  }
  if (!states.empty()) bytes += sizeof(uint64_t);  // the number
  if (program.FindSynaptic(ir::BlockKind::kOnPost, projection) != nullptr) {
    bytes += 2 * sizeof(uint32_t);  // place and source
  }
  return bytes;
}

namespace {

// The places of synapses, as they stand in SynapseBlock, by what they are in the rows.
struct Order {
  std::vector<uint32_t> delays;  // that occur
  std::vector<uint64_t> begin;   // of each delay
  std::vector<uint64_t>
      of_row;  // for each place, the index in the rows; empty where it is the same
};

Order OrderByDelay(const reference::SynapseRows& rows, uint32_t delay) {
  Order order;
  if (rows.delays.empty()) {
    order.delays = {delay};
    order.begin = {0, rows.size()};
    return order;
  }
  std::vector<uint64_t> counts;
  for (const uint32_t d : rows.delays) {
    if (d >= counts.size()) counts.resize(d + size_t{1});
    ++counts[d];
  }
  std::vector<uint64_t> next(counts.size());
  uint64_t place = 0;
  for (uint32_t d = 0; d < counts.size(); ++d) {
    if (counts[d] == 0) continue;
    order.delays.push_back(d);
    order.begin.push_back(place);
    next[d] = place;
    place += counts[d];
  }
  order.begin.push_back(place);
  order.of_row.resize(rows.size());
  for (uint64_t i = 0; i < rows.size(); ++i) order.of_row[next[rows.delays[i]]++] = i;
  return order;
}

// A buffer of elements of `bytes`, taken from `from` in that order.
absl::StatusOr<PageBuffer> Arrange(const void* from, uint64_t size, size_t bytes,
                                   const Order& order) {
  if (size == 0) return PageBuffer();
  BNSYN_ASSIGN_OR_RETURN(PageBuffer to, PageBuffer::Create(size * bytes));
  const auto* const source = static_cast<const char*>(from);
  if (order.of_row.empty()) {
    std::memcpy(to.data(), source, size * bytes);
    return to;
  }
  for (uint64_t place = 0; place < size; ++place) {
    std::memcpy(to.data() + place * bytes, source + order.of_row[place] * bytes, bytes);
  }
  return to;
}

}  // namespace

absl::StatusOr<SynapseBlock> SynapseBlock::Create(const ir::Program& program,
                                                  ir::ProjectionId projection,
                                                  const reference::SynapseRows& rows) {
  const ir::Projection& declared = program.projections[projection];
  SynapseBlock block;
  const uint64_t size = rows.size();
  block.synapses_ = size;
  if (size > std::numeric_limits<uint32_t>::max()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("projection ", declared.name, ": ", size,
                     " synapses are more than one thread can hold; use more threads"));
  }
  const Order order = OrderByDelay(rows, declared.delay);
  const size_t row_count = program.populations[declared.source].size;
  for (size_t d = 0; d < order.delays.size(); ++d) {
    DelayGroup& group = block.groups_.emplace_back();
    group.delay = order.delays[d];
    BNSYN_ASSIGN_OR_RETURN(group.buffer, PageBuffer::Create((row_count + 1) * sizeof(uint64_t)));
    auto* const begin = As<uint64_t>(group.buffer);
    uint64_t place = order.begin[d];
    for (size_t row = 0; row < row_count; ++row) {
      begin[row] = place;
      if (order.of_row.empty()) {
        place = rows.begin[row + 1];
      } else {
        while (place < order.begin[d + 1] && order.of_row[place] < rows.begin[row + 1]) ++place;
      }
    }
    begin[row_count] = place;
  }
  BNSYN_ASSIGN_OR_RETURN(block.targets_,
                         Arrange(rows.targets.data(), size, sizeof(uint32_t), order));
  if (!rows.weights.empty()) {
    BNSYN_ASSIGN_OR_RETURN(block.weights_,
                           Arrange(rows.weights.data(), size, sizeof(double), order));
  }
  for (const reference::Array& state : rows.states) {
    const auto bytes = static_cast<size_t>(ir::ElementBytes(state.element()));
    BNSYN_ASSIGN_OR_RETURN(PageBuffer values, Arrange(state.view().data, size, bytes, order));
    block.states_.push_back(std::move(values));
  }
  if (!rows.states.empty()) {
    std::vector<uint64_t> numbers(size);
    std::iota(numbers.begin(), numbers.end(), 0);
    BNSYN_ASSIGN_OR_RETURN(block.numbers_, Arrange(numbers.data(), size, sizeof(uint64_t), order));
  }
  if (program.FindSynaptic(ir::BlockKind::kOnPost, projection) != nullptr) {
    BNSYN_RETURN_IF_ERROR(block.BuildOnto(program.populations[declared.source].size,
                                          program.populations[declared.target].size));
  }
  return block;
}

absl::Status SynapseBlock::BuildOnto(uint32_t sources, uint32_t targets) {
  BNSYN_ASSIGN_OR_RETURN(onto_rows_, PageBuffer::Create((targets + size_t{1}) * sizeof(uint64_t)));
  if (synapses_ == 0) return absl::OkStatus();
  BNSYN_ASSIGN_OR_RETURN(onto_places_, PageBuffer::Create(synapses_ * sizeof(uint32_t)));
  BNSYN_ASSIGN_OR_RETURN(onto_sources_, PageBuffer::Create(synapses_ * sizeof(uint32_t)));
  auto* const rows = As<uint64_t>(onto_rows_);
  for (uint64_t place = 0; place < synapses_; ++place) ++rows[this->targets()[place] + size_t{1}];
  std::partial_sum(rows, rows + targets + 1, rows);
  std::vector<uint64_t> next(rows, rows + targets);
  for (const DelayGroup& group : groups_) {
    for (uint32_t source = 0; source < sources; ++source) {
      for (uint64_t place = group.rows()[source]; place < group.rows()[source + size_t{1}];
           ++place) {
        const uint64_t i = next[this->targets()[place]]++;
        As<uint32_t>(onto_places_)[i] = static_cast<uint32_t>(place);
        As<uint32_t>(onto_sources_)[i] = source;
      }
    }
  }
  return absl::OkStatus();
}

size_t SynapseBlock::bytes() const {
  size_t sum = targets_.size() + weights_.size() + numbers_.size() + onto_rows_.size() +
               onto_places_.size() + onto_sources_.size();
  for (const DelayGroup& group : groups_) sum += group.buffer.size();
  for (const PageBuffer& state : states_) sum += state.size();
  return sum;
}

namespace {

// True when inputs could not overflow even if every source reached every target, once: then no
// synapse needs to be looked at.
bool ObviouslyInRange(const ir::Program& program) {
  std::vector<double> sums(program.inputs.size());
  for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
    const ir::Projection& projection = program.projections[p];
    reference::Contributions contributions(program, program.FindSynaptic(ir::BlockKind::kOnPre, p));
    if (contributions.size() == 0) continue;
    // Lists, and rules that allow it, may join a pair many times over.
    if (projection.rule.kind == ir::RuleKind::kList || projection.rule.multiple) return false;
    if (program.HasOwnWeights(p)) return false;
    for (size_t term = 0; term < contributions.size(); ++term) {
      const std::optional<int64_t> quanta = contributions.Quanta(term, projection.weight);
      if (!quanta || std::abs(*quanta) > reference::kMaxContribution) return false;
      sums[contributions.input(term)] +=
          static_cast<double>(std::abs(*quanta)) * program.populations[projection.source].size;
    }
  }
  // Half the limit leaves room for the rounding of these sums.
  return std::all_of(sums.begin(), sums.end(), [](double sum) {
    return sum <= 0.5 * static_cast<double>(reference::kMaxSum);
  });
}

}  // namespace

absl::StatusOr<Synapses> Synapses::Build(const ir::Program& program, const Partition& partition,
                                         ThreadTeam& team) {
  std::vector<reference::Array> states;
  if (!program.connect.empty()) {
    BNSYN_ASSIGN_OR_RETURN(states, reference::InitialStates(program));
  }
  std::vector<reference::Connectivity> connectivity;
  for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
    BNSYN_ASSIGN_OR_RETURN(reference::Connectivity rows,
                           reference::Connectivity::Create(program, p, states));
    connectivity.push_back(std::move(rows));
  }

  Synapses synapses;
  synapses.threads_ = static_cast<size_t>(partition.threads());
  synapses.blocks_.resize(program.projections.size() * synapses.threads_);
  std::vector<absl::Status> status(synapses.threads_);
  const bool obvious = ObviouslyInRange(program);
  const auto build = [&](int thread) -> absl::Status {
    reference::InputProof proof(program);
    for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
      const ir::Projection& projection = program.projections[p];
      const Range own = partition.range(projection.target, thread);
      if (own.empty()) continue;
      BNSYN_ASSIGN_OR_RETURN(reference::SynapseRows rows,
                             connectivity[p].Build(own.begin, own.end));
      reference::Contributions contributions(program,
                                             program.FindSynaptic(ir::BlockKind::kOnPre, p));
      for (size_t i = 0; i < rows.size() && !obvious; ++i) {
        const double weight = rows.weights.empty() ? projection.weight : rows.weights[i];
        BNSYN_RETURN_IF_ERROR(proof.Add(p, rows.targets[i], weight, contributions));
      }
      BNSYN_ASSIGN_OR_RETURN(synapses.blocks_[p * synapses.threads_ + static_cast<size_t>(thread)],
                             SynapseBlock::Create(program, p, rows));
    }
    return absl::OkStatus();
  };
  const auto job = [&](int thread) { status[static_cast<size_t>(thread)] = build(thread); };
  team.Run(job);
  for (const absl::Status& s : status) BNSYN_RETURN_IF_ERROR(s);
  synapses.Number(program);
  return synapses;
}

void Synapses::Number(const ir::Program& program) {
  for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
    if (program.SynapseStates(p).empty()) continue;
    // How many of a thread come before the row in hand: its own numbers go on from there.
    std::vector<uint64_t> before(threads_);
    uint64_t all_before = 0;
    const uint32_t sources = program.populations[program.projections[p].source].size;
    for (uint32_t source = 0; source < sources; ++source) {
      for (size_t t = 0; t < threads_; ++t) {
        const SynapseBlock& block = this->block(p, static_cast<int>(t));
        uint64_t in_row = 0;
        for (const SynapseBlock::DelayGroup& group : block.groups()) {
          for (uint64_t i = group.rows()[source]; i < group.rows()[source + size_t{1}]; ++i) {
            block.numbers()[i] += all_before - before[t];
            ++in_row;
          }
        }
        before[t] += in_row;
        all_before += in_row;
      }
    }
  }
}

uint64_t Synapses::Count(ir::ProjectionId projection) const {
  uint64_t count = 0;
  for (size_t t = 0; t < threads_; ++t) count += block(projection, static_cast<int>(t)).synapses();
  return count;
}

namespace {

// The projection of a state of synapses, and which of its states it is.
std::pair<ir::ProjectionId, size_t> PlaceOf(const ir::Program& program, ir::StateId state) {
  const ir::DomainId domain = program.states[state].type.domain;
  const ir::ProjectionId projection = program.domains[static_cast<size_t>(domain)].index;
  const std::vector<ir::StateId> states = program.SynapseStates(projection);
  const auto found = std::find(states.begin(), states.end(), state);
  return {projection, static_cast<size_t>(found - states.begin())};
}

}  // namespace

reference::Array Synapses::State(const ir::Program& program, ir::StateId state) const {
  const auto [projection, index] = PlaceOf(program, state);
  const ir::Element element = program.states[state].type.element;
  reference::Array values(element, Count(projection));
  for (size_t t = 0; t < threads_; ++t) {
    const SynapseBlock& block = this->block(projection, static_cast<int>(t));
    if (block.synapses() == 0) continue;
    const reference::ArrayView own = {element, block.state(index), block.synapses()};
    for (uint64_t i = 0; i < own.size; ++i) values.set_bits(block.numbers()[i], own.bits(i));
  }
  return values;
}

void Synapses::SetState(const ir::Program& program, ir::StateId state, uint64_t synapse,
                        ir::Bits bits) {
  const auto [projection, index] = PlaceOf(program, state);
  const auto bytes = static_cast<size_t>(ir::ElementBytes(program.states[state].type.element));
  for (size_t t = 0; t < threads_; ++t) {
    const SynapseBlock& block = this->block(projection, static_cast<int>(t));
    const uint64_t* const end = block.numbers() + block.synapses();
    const uint64_t* const found = std::find(block.numbers(), const_cast<uint64_t*>(end), synapse);
    if (found == end) continue;
    const auto place = static_cast<size_t>(found - block.numbers());
    std::memcpy(static_cast<char*>(block.state(index)) + place * bytes, &bits, bytes);
    return;
  }
}

uint64_t Synapses::synapses() const {
  uint64_t sum = 0;
  for (const SynapseBlock& block : blocks_) sum += block.synapses();
  return sum;
}

size_t Synapses::bytes() const {
  size_t sum = 0;
  for (const SynapseBlock& block : blocks_) sum += block.bytes();
  return sum;
}

}  // namespace bnsyn
