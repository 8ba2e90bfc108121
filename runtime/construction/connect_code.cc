#include "runtime/construction/connect_code.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "ir/status_macros.h"
#include "reference/rule_draws.h"
#include "runtime/memory/network_memory.h"

namespace bnsyn {

using compiler::ConnectRole;

absl::StatusOr<ConnectCode> ConnectCode::Create(const ir::Program& program,
                                                absl::Span<const compiler::ConnectRequest> requests,
                                                absl::Span<const reference::Array> states,
                                                const compiler::CompileOptions& options) {
  ConnectCode code;
  code.states_ = states;
  code.made_ = compiler::MakeConnectProgram(program, requests, states);
  if (code.made_.program.step[0].nodes.empty()) return code;
  // Only the program of the network is dumped.
  compiler::CompileOptions quiet = options;
  quiet.dump_directory.clear();
  BNSYN_ASSIGN_OR_RETURN(code.placed_, compiler::RunPasses(code.made_.program, quiet, nullptr));
  compiler::CompileReport report;
  BNSYN_ASSIGN_OR_RETURN(code.code_, compiler::CompileKernels(code.placed_, quiet, report));
  for (ir::TableId id = 0; id < code.placed_.tables.size(); ++id) {
    const ir::Table& table = code.placed_.tables[id];
    std::vector<double>& numbers = code.tables_.emplace_back();
    if (LookupBytes(code.placed_, id) == 0) continue;
    for (size_t row = 0; row < table.rows(); ++row) {
      for (const std::vector<double>& column : table.values) numbers.push_back(column[row]);
    }
  }
  return code;
}

absl::Status KernelArrays::Reserve(size_t size) {
  if (size <= capacity_) return absl::OkStatus();
  capacity_ = RoundUp(size + size / 2, compiler::kGroup);
  const ir::Program& placed = code_->placed_;
  ArenaLayout layout;
  offsets_.clear();
  for (const ir::State& state : placed.states) {
    const size_t elements = state.type.uniform() ? 1 : state.type.domain == domain_ ? capacity_ : 0;
    const auto bytes = static_cast<size_t>(ir::ElementBytes(state.type.element));
    offsets_.push_back(layout.Add(state.name, elements * bytes));
  }
  BNSYN_ASSIGN_OR_RETURN(buffer_, PageBuffer::Create(layout.size()));
  calls_.clear();
  for (const ir::Block& block : placed.step) {
    if (block.domain != domain_ && block.domain != ir::DomainId::kNetwork) continue;
    Call call = {code_->code_->kernel(block.code), {}};
    if (call.function == nullptr) {
      return absl::InternalError(absl::StrCat("no code was made for ", block.name));
    }
    for (const ir::Slot& slot : block.slots) {
      const void* pointer = nullptr;
      if (slot.kind == ir::AttrKind::kState) pointer = Address(slot.index);
      if (slot.kind == ir::AttrKind::kParam) pointer = &placed.params[slot.index].value;
      if (slot.kind == ir::AttrKind::kTable) pointer = code_->tables_[slot.index].data();
      if (slot.kind == ir::AttrKind::kStream) pointer = &slot.index;
      call.slots.push_back(const_cast<void*>(pointer));  // kernels write states alone
    }
    calls_.push_back(std::move(call));
  }
  return absl::OkStatus();
}

// Runs all kernels over one batch of elements after the other, so that the results of one kernel
// are in the cache when the next one reads them.
void KernelArrays::Run(size_t size) const {
  constexpr size_t kBatch = 16 * compiler::kGroup;
  for (size_t begin = 0; begin < size; begin += kBatch) {
    for (const Call& call : calls_) {
      compiler::KernelArgs args = {};
      args.slots = call.slots.data();
      args.seed = code_->placed_.seed;
      args.begin = static_cast<uint32_t>(begin);
      args.end = static_cast<uint32_t>(std::min(begin + kBatch, size));
      call.function(&args);
    }
  }
}

void ConnectArrays::Give(const compiler::ConnectArray& array, absl::Span<const uint32_t> sources,
                         absl::Span<const uint32_t> targets, absl::Span<const uint32_t> occurrences,
                         absl::Span<const double> weights) {
  char* const to = arrays_.Address(array.state);
  const auto copy = [&](const void* from, size_t bytes) { std::memcpy(to, from, bytes); };
  // A state of the source or target of each synapse.
  const auto gather = [&](absl::Span<const uint32_t> neurons) {
    const reference::ArrayView from = code_->states_[array.index].view();
    const auto bytes = static_cast<size_t>(ir::ElementBytes(from.element));
    const auto* const values = static_cast<const char*>(from.data);
    for (size_t i = 0; i < neurons.size(); ++i) {
      std::memcpy(to + i * bytes, values + neurons[i] * bytes, bytes);
    }
  };
  switch (array.role) {
    case ConnectRole::kSource:
      return copy(sources.data(), sources.size() * sizeof(uint32_t));
    case ConnectRole::kTarget:
      return copy(targets.data(), targets.size() * sizeof(uint32_t));
    case ConnectRole::kOccurrence:
      if (!occurrences.empty()) return copy(occurrences.data(), targets.size() * sizeof(uint32_t));
      std::memset(to, 0, targets.size() * sizeof(uint32_t));
      return;
    case ConnectRole::kGiven:
      return copy(weights.data(), weights.size() * sizeof(double));
    case ConnectRole::kPre:
      return gather(sources);
    case ConnectRole::kPost:
      return gather(targets);
    case ConnectRole::kWeight:
    case ConnectRole::kDelay:
    case ConnectRole::kState:
    case ConnectRole::kQuanta:
    case ConnectRole::kContribution:
    case ConnectRole::kJoined:
      return;
  }
}

absl::Status ConnectArrays::Run(absl::Span<const uint32_t> sources,
                                absl::Span<const uint32_t> targets,
                                absl::Span<const uint32_t> occurrences,
                                absl::Span<const double> weights) {
  if (sources.empty()) return absl::OkStatus();
  BNSYN_RETURN_IF_ERROR(arrays_.Reserve(sources.size()));
  for (const compiler::ConnectKernel::Stream& stream : kernel_->streams) {
    std::memcpy(arrays_.Address(stream.cell), &stream.number, sizeof stream.number);
  }
  for (const compiler::ConnectArray& array : kernel_->arrays) {
    Give(array, sources, targets, occurrences, weights);
  }
  arrays_.Run(sources.size());
  return absl::OkStatus();
}

absl::Status RuleWords::Draw(uint32_t stream, uint32_t a, uint32_t b, size_t count) {
  const size_t size = (count + 1) / 2;
  BNSYN_RETURN_IF_ERROR(arrays_.Reserve(size));
  const auto give = [&](ir::StateId state, uint32_t value) {
    std::memcpy(arrays_.Address(state), &value, sizeof value);
  };
  if (size == 0) return absl::OkStatus();
  give(kernel_.a, a);
  give(kernel_.b, b);
  give(kernel_.stream, stream);
  even_ = arrays_.Address(kernel_.even);
  odd_ = arrays_.Address(kernel_.odd);
  arrays_.Run(size);
  return absl::OkStatus();
}

RuleSkips::RuleSkips(const ConnectCode& code, uint64_t seed, uint32_t stream, double log_miss,
                     uint32_t first_block, uint32_t end_block, double expected)
    : kernel_(*code.skips()),
      arrays_(code, kernel_.domain),
      seed_(seed),
      stream_(stream),
      log_miss_(log_miss),
      first_block_(first_block) {
  // A few rows need more numbers; these are drawn one by one.
  constexpr double kMargin = 2;  // standard deviations
  constexpr uint32_t kElements = 1024;
  each_ = std::max(1u, static_cast<uint32_t>((expected + kMargin * std::sqrt(expected)) / 2));
  per_source_ = each_ * (end_block - first_block);
  batch_ = std::max(1u, kElements / std::max(1u, per_source_));
}

absl::Status RuleSkips::Draw(uint32_t source) {
  source_ = source;
  const size_t size = size_t{batch_} * per_source_;
  if (source < first_ || source >= end_) {
    const bool first = end_ == 0;
    BNSYN_RETURN_IF_ERROR(arrays_.Reserve(size));
    const auto array = [&](ir::StateId state) {
      return reinterpret_cast<uint32_t*>(arrays_.Address(state));
    };
    for (uint32_t s = 0; s < batch_; ++s) {
      std::fill_n(array(kernel_.source) + size_t{s} * per_source_, per_source_, source + s);
    }
    if (first) {
      std::memcpy(arrays_.Address(kernel_.stream), &stream_, sizeof stream_);
      std::memcpy(arrays_.Address(kernel_.log_miss), &log_miss_, sizeof log_miss_);
      for (size_t i = 0; i < size; ++i) {
        array(kernel_.block)[i] = first_block_ + static_cast<uint32_t>(i % per_source_) / each_;
        array(kernel_.counter)[i] = static_cast<uint32_t>(i % each_);
      }
    }
    arrays_.Run(size);
    first_ = source;
    end_ = source + batch_;
  }
  const size_t place = size_t{source - first_} * per_source_;
  even_ = reinterpret_cast<const double*>(arrays_.Address(kernel_.even)) + place;
  odd_ = reinterpret_cast<const double*>(arrays_.Address(kernel_.odd)) + place;
  return absl::OkStatus();
}

double RuleSkips::Skip(uint32_t block, uint32_t number) const {
  const uint32_t element = number / 2;
  if (element < each_) {
    const double* const skips = number % 2 == 0 ? even_ : odd_;
    return skips[size_t{block - first_block_} * each_ + element];
  }
  return reference::RuleDraws(seed_, stream_, source_, block, number).NextSkip(log_miss_);
}

}  // namespace bnsyn
