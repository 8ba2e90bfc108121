#include "runtime/memory/network_memory.h"

#include <algorithm>
#include <cstring>

#include "compiler/emission/kernel_abi.h"
#include "ir/access.h"
#include "ir/status_macros.h"

namespace bnsyn {

uint32_t PaddedSize(uint32_t size) {
  return static_cast<uint32_t>(RoundUp(size, compiler::kGroup));
}

size_t LookupBytes(const ir::Program& program, ir::TableId table) {
  const auto looks_up = [table](const ir::Block& block) {
    return std::any_of(block.nodes.begin(), block.nodes.end(), [table](const ir::Node& node) {
      return node.op == ir::Op::kLookup && node.attr == table;
    });
  };
  // The interpreter runs the init block and reads the tables of the program.
  const bool used = std::any_of(program.synaptic.begin(), program.synaptic.end(), looks_up) ||
                    std::any_of(program.step.begin(), program.step.end(), looks_up);
  const ir::Table& read = program.tables[table];
  return used ? read.rows() * read.columns.size() * sizeof(double) : 0;
}

uint32_t NetworkMemory::Groups(ir::ReductionId reduction) const {
  const ir::DomainId population = program_->reductions[reduction].population;
  return PaddedSize(program_->Size(population)) / compiler::kGroup;
}

void* NetworkMemory::Input(ir::InputId input, int thread) const {
  const auto own = reinterpret_cast<uintptr_t>(Sum(input, places_.Begin(input, thread), thread));
  const uint64_t first = RangeOf(*program_, *partition_, input, thread).begin;
  return reinterpret_cast<void*>(own - first * program_->inputs[input].accumulator.bytes());
}

reference::Quanta NetworkMemory::SumOf(ir::InputId input, uint32_t element) const {
  const ir::Accumulator& sum = program_->inputs[input].accumulator;
  const ir::PopulationId population =
      program_->domains[static_cast<size_t>(program_->inputs[input].population)].index;
  const int owner = partition_->owner(population, element);
  if (HasShares(input)) CollectShares(input, owner);
  const char* const place = static_cast<const char*>(Input(input, owner)) + element * sum.bytes();
  if (sum.wide) return *reinterpret_cast<const reference::Quanta*>(place);
  int64_t units = 0;
  std::memcpy(&units, place, sum.bytes());
  const int above = 64 - sum.width();
  return (units << above >> above) * sum.unit;
}

std::vector<reference::Quanta> NetworkMemory::SumsOf(ir::InputId input) const {
  std::vector<reference::Quanta> sums(program_->Size(program_->inputs[input].population));
  for (uint32_t i = 0; i < sums.size(); ++i) sums[i] = SumOf(input, i);
  return sums;
}

bool NetworkMemory::CanHold(ir::InputId input, reference::Quanta sum) const {
  const ir::Accumulator& accumulator = program_->inputs[input].accumulator;
  if (!accumulator.is_narrow()) return reference::LimitsOf(accumulator).Holds(sum);
  const reference::Quanta unit = accumulator.unit;
  return sum % unit == 0 && reference::Magnitude(sum / unit) <= accumulator.most();
}

void NetworkMemory::SetSum(ir::InputId input, uint32_t element, reference::Quanta sum) const {
  const ir::Accumulator& accumulator = program_->inputs[input].accumulator;
  const ir::PopulationId population =
      program_->domains[static_cast<size_t>(program_->inputs[input].population)].index;
  const int owner = partition_->owner(population, element);
  if (HasShares(input)) CollectShares(input, owner);
  char* const place = static_cast<char*>(Input(input, owner)) + element * accumulator.bytes();
  if (accumulator.wide) {
    *reinterpret_cast<reference::Quanta*>(place) = sum;
    return;
  }
  const auto units = static_cast<int64_t>(sum / accumulator.unit);
  std::memcpy(place, &units, accumulator.bytes());
}

namespace {

template <typename T>
void Collect(absl::Span<T> sums, T* share) {
  for (T& sum : sums) {
    sum += *share;
    *share++ = 0;
  }
}

}  // namespace

void NetworkMemory::CollectShares(ir::InputId input, int thread) const {
  const Range own = RangeOf(*program_, *partition_, input, thread);
  const bool wide = program_->inputs[input].accumulator.wide;
  const auto collect = [&]<typename T>(T) {
    const absl::Span<T> sums(static_cast<T*>(Input(input, thread)) + own.begin, own.size());
    for (int from = 0; from < threads_; ++from) {
      Collect(sums, static_cast<T*>(Share(input, from)) + own.begin);
    }
  };
  wide ? collect(reference::Quanta{}) : collect(int64_t{});
}

absl::StatusOr<NetworkMemory> NetworkMemory::Create(const ir::Program& program,
                                                    const Partition& partition, Arena& arena) {
  NetworkMemory memory(program, partition);
  const int threads = partition.threads();
  memory.threads_ = threads;
  ArenaLayout layout;
  const auto copies = [&](const char* name, size_t bytes, int count) {
    Part part{layout.Add(name, bytes), RoundUp(bytes, kCacheLine)};
    for (int i = 1; i < count; ++i) layout.Add(name, bytes);
    return part;
  };

  for (const ir::State& state : program.states) memory.copied_.push_back(state.type.uniform());
  for (const ir::Block& block : program.synaptic) {
    for (const ir::Node& node : block.nodes) {
      if (node.op == ir::Op::kStorePre) memory.copied_[node.attr] = true;
    }
  }
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    const ir::State& state = program.states[id];
    const auto bytes = static_cast<size_t>(ir::ElementBytes(state.type.element)) * state.places();
    const char* const name = state.temporary      ? "values between kernels"
                             : state.history != 0 ? "histories"
                                                  : "states";
    const uint32_t size = state.type.uniform() ? 1 : PaddedSize(program.Size(state.type.domain));
    memory.states_.push_back(copies(name, size * bytes, memory.Copies(id)));
  }
  size_t most_sums = 0;
  for (int t = 0; t < threads; ++t) most_sums = std::max(most_sums, memory.places_.Bytes(t));
  memory.sums_ = copies("inputs", most_sums, threads);
  memory.shares_.resize(program.inputs.size());
  for (ir::InputId input = 0; threads > 1 && input < program.inputs.size(); ++input) {
    if (!ir::AddsToSources(program, input)) continue;
    const size_t size = PaddedSize(program.Size(program.inputs[input].population));
    memory.shares_[input] =
        copies("inputs", size * program.inputs[input].accumulator.bytes(), threads);
  }
  memory.params_ = copies("uniform values", program.params.size() * sizeof(ir::Bits), 1);
  memory.totals_ = copies("uniform values", program.reductions.size() * sizeof(double), threads);
  const size_t saved_bytes = layout.size();
  uint32_t most_groups = 0;
  for (uint32_t r = 0; r < program.reductions.size(); ++r) {
    most_groups = std::max(most_groups, memory.Groups(r));
    memory.partials_.push_back(copies("uniform values", memory.Groups(r) * sizeof(double), 2));
  }
  for (ir::TableId t = 0; t < program.tables.size(); ++t) {
    memory.tables_.push_back(copies("tables", LookupBytes(program, t), 1));
  }
  memory.counts_ = copies("uniform values", program.populations.size() * sizeof(int64_t), threads);
  memory.scratch_ = copies("uniform values", most_groups * sizeof(double), threads);

  BNSYN_ASSIGN_OR_RETURN(memory.arena_, arena.Allocate(layout));
  BNSYN_ASSIGN_OR_RETURN(memory.saved_, arena.Allocate("saved states", saved_bytes));
  if (arena.counts()) return memory;
  for (uint32_t p = 0; p < program.params.size(); ++p) *memory.Param(p) = program.params[p].value;
  for (ir::TableId t = 0; t < program.tables.size(); ++t) {
    if (LookupBytes(program, t) == 0) continue;
    const ir::Table& table = program.tables[t];
    double* number = memory.Table(t);
    for (size_t row = 0; row < table.rows(); ++row) {
      for (const std::vector<double>& column : table.values) *number++ = column[row];
    }
  }
  return memory;
}

reference::ArrayView NetworkMemory::View(ir::StateId state) const {
  const ir::Type type = program_->states[state].type;
  return {type.element, At(states_[state], 0), type.uniform() ? 1 : program_->Size(type.domain)};
}

// As compiled code has it (BlockEmitter::InHistory).
size_t NetworkMemory::PlaceOf(ir::StateId state, size_t place, size_t element) const {
  const ir::State& declared = program_->states[state];
  if (declared.type.uniform()) return place;
  const size_t in_group = element % compiler::kGroup;
  const size_t groups_before = element - in_group;
  return groups_before * declared.places() + place * compiler::kGroup + in_group;
}

reference::Array NetworkMemory::History(ir::StateId state) const {
  const ir::State& declared = program_->states[state];
  reference::Array values(declared.type.element, program_->Values(state));
  const reference::ArrayView all = {declared.type.element, At(states_[state], 0), values.size()};
  const size_t elements = values.size() / declared.places();
  for (size_t i = 0; i < values.size(); ++i) {
    values.set_bits(i, all.bits(PlaceOf(state, i / elements, i % elements)));
  }
  return values;
}

void NetworkMemory::SetHistory(ir::StateId state, const reference::Array& values) {
  const ir::State& declared = program_->states[state];
  const auto bytes = static_cast<size_t>(ir::ElementBytes(declared.type.element));
  const size_t elements = values.size() / declared.places();
  for (int copy = 0; copy < Copies(state); ++copy) {
    for (size_t i = 0; i < values.size(); ++i) {
      const ir::Bits bits = values.bits(i);
      std::memcpy(At(states_[state], copy) + PlaceOf(state, i / elements, i % elements) * bytes,
                  &bits, bytes);
    }
  }
}

NetworkMemory::Piece NetworkMemory::PieceOf(ir::StateId state, int thread) const {
  const ir::State& declared = program_->states[state];
  const auto bytes =
      static_cast<size_t>(ir::ElementBytes(declared.type.element)) * declared.places();
  const Part part = states_[state];
  if (copied_[state]) {
    const size_t size = declared.type.uniform() ? 1 : program_->Size(declared.type.domain);
    return {part.offset + part.stride * static_cast<size_t>(thread), size * bytes};
  }
  const Range own =
      partition_->range(program_->domains[static_cast<size_t>(declared.type.domain)].index, thread);
  // The places of a group of elements stand together.
  const size_t size = declared.history == 0 ? own.size() : RoundUp(own.size(), compiler::kGroup);
  return {part.offset + own.begin * bytes, size * bytes};
}

NetworkMemory::Piece NetworkMemory::PieceOfInput(ir::InputId input, int thread) const {
  const auto* const first =
      static_cast<const char*>(Sum(input, places_.Begin(input, thread), thread));
  const Range own = RangeOf(*program_, *partition_, input, thread);
  return {static_cast<size_t>(first - arena_.data()),
          own.size() * program_->inputs[input].accumulator.bytes()};
}

void NetworkMemory::ForEachSaved(int thread, absl::FunctionRef<void(Piece)> use) const {
  // The arena of an empty network has no address to copy from.
  const auto use_some = [use](Piece piece) {
    if (piece.size != 0) use(piece);
  };
  for (ir::StateId id = 0; id < program_->states.size(); ++id) {
    const ir::State& state = program_->states[id];
    if (!state.temporary && program_->Size(state.type.domain) != 0) use_some(PieceOf(id, thread));
  }
  // What is added behind a take waits for the next step.
  for (ir::InputId input = 0; input < program_->inputs.size(); ++input) {
    use_some(PieceOfInput(input, thread));
  }
  const auto copy = static_cast<size_t>(thread);
  for (const Part share : shares_) use_some({share.offset + share.stride * copy, share.stride});
  use_some({totals_.offset + totals_.stride * copy, program_->reductions.size() * sizeof(double)});
  if (thread == 0) use_some({params_.offset, program_->params.size() * sizeof(ir::Bits)});
}

size_t NetworkMemory::SavedBytes() const {
  size_t bytes = 0;
  for (int thread = 0; thread < threads_; ++thread) {
    ForEachSaved(thread, [&](Piece piece) { bytes += piece.size; });
  }
  return bytes;
}

void NetworkMemory::Save(int thread) const {
  ForEachSaved(thread, [this](Piece piece) {
    if (piece.size == 0) return;  // of an arena that may be empty
    std::memcpy(saved_.data() + piece.offset, arena_.data() + piece.offset, piece.size);
  });
}

void NetworkMemory::Restore(int thread) const {
  ForEachSaved(thread, [this](Piece piece) {
    if (piece.size == 0) return;
    std::memcpy(arena_.data() + piece.offset, saved_.data() + piece.offset, piece.size);
  });
}

void NetworkMemory::SetState(ir::StateId state, uint32_t element, ir::Bits bits) {
  const ir::Type type = program_->states[state].type;
  const auto bytes = static_cast<size_t>(ir::ElementBytes(type.element));
  for (int copy = 0; copy < Copies(state); ++copy) {
    std::memcpy(At(states_[state], copy) + element * bytes, &bits, bytes);
  }
}

}  // namespace bnsyn
