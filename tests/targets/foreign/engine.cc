#include "tests/targets/foreign/engine.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/access.h"
#include "ir/status_macros.h"
#include "reference/connectivity.h"
#include "reference/machine.h"
#include "reference/reduction.h"

namespace bnsyn::foreign {
namespace {

using ir::AttrKind;

size_t Padded(size_t elements) {
  return (elements + compiler::kGroup - 1) / compiler::kGroup * compiler::kGroup;
}

absl::Status NotTaken(const std::string& what) {
  return absl::UnimplementedError(absl::StrCat("this engine takes no ", what));
}

template <typename Function>
absl::StatusOr<Function> Find(void* code, const std::string& symbol) {
  void* const address = dlsym(code, symbol.c_str());
  if (address == nullptr) return absl::InternalError(absl::StrCat("no code ", symbol));
  return reinterpret_cast<Function>(address);
}

bool Has(const ir::Block& block, ir::Op op, uint64_t attr) {
  return std::any_of(block.nodes.begin(), block.nodes.end(),
                     [&](const ir::Node& n) { return n.op == op && n.attr == attr; });
}

}  // namespace

Memory::Memory(size_t elements, size_t bytes_of_each) {
  const size_t bytes = Padded(std::max(elements, size_t{1})) * bytes_of_each;
  data_.reset(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
  std::memset(data_.get(), 0, bytes);
}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Create(ir::Program placed, void* code) {
  std::unique_ptr<Engine> engine(new Engine(std::move(placed)));
  BNSYN_RETURN_IF_ERROR(engine->Build(code));
  return engine;
}

absl::Status Engine::Build(void* code) {
  if (!program_.events.empty()) return NotTaken("events of files");
  BNSYN_ASSIGN_OR_RETURN(const std::vector<reference::Array> initial,
                         reference::InitialStates(program_));
  for (ir::StateId id = 0; id < program_.states.size(); ++id) {
    const ir::State& state = program_.states[id];
    if (state.history != 0) return NotTaken("histories");
    const auto bytes = static_cast<size_t>(ir::ElementBytes(state.type.element));
    Memory& memory = states_.emplace_back(initial[id].size(), bytes);
    std::memcpy(memory.data(), initial[id].view().data, initial[id].size() * bytes);
  }
  for (const ir::Param& param : program_.params) params_.push_back(param.value);
  for (const ir::Table& table : program_.tables) {
    auto* number = static_cast<double*>(
        tables_.emplace_back(table.rows() * table.columns.size(), sizeof(double)).data());
    for (size_t row = 0; row < table.rows(); ++row) {
      for (const std::vector<double>& column : table.values) *number++ = column[row];
    }
  }
  for (const ir::Input& input : program_.inputs) {
    const uint32_t size = program_.Size(input.population);
    auto* const sums =
        static_cast<int64_t*>(inputs_.emplace_back(size, input.accumulator.bytes()).data());
    accumulators_.emplace_back(input.accumulator);
    if (!input.accumulator.decays()) continue;
    const auto* const values = static_cast<double*>(states_[input.accumulator.state].data());
    for (uint32_t i = 0; i < size; ++i) {
      BNSYN_ASSIGN_OR_RETURN(sums[i], accumulators_.back().SumFor(0, values[i]));
    }
  }
  counts_.resize(program_.populations.size());
  totals_.resize(program_.reductions.size());
  for (const ir::Reduction& reduction : program_.reductions) {
    partials_.emplace_back(Padded(program_.Size(reduction.population)) / compiler::kGroup);
  }
  history_ = reference::SpikeHistory(program_.populations.size(), program_.MaxDelay());
  for (ir::ProjectionId id = 0; id < program_.projections.size(); ++id) {
    BNSYN_RETURN_IF_ERROR(BuildRows(id, initial));
  }
  for (const ir::Block& block : program_.synaptic) {
    if (block.kind == ir::BlockKind::kOnStep || block.deferred) return NotTaken("code of steps");
    BNSYN_ASSIGN_OR_RETURN(
        deliveries_.emplace_back(),
        Find<compiler::DeliverFunction>(code, absl::StrCat("deliver.", block.code)));
    BNSYN_ASSIGN_OR_RETURN(delivery_slots_.emplace_back(), Slots(block));
    tallies_.emplace_back(std::count_if(block.nodes.begin(), block.nodes.end(), ir::Accumulates));
  }
  for (const ir::Block& block : program_.step) {
    compiler::KernelFunction& kernel = kernels_.emplace_back();
    std::vector<void*>& slots = kernel_slots_.emplace_back();
    if (program_.RunsSynapses(block)) continue;
    BNSYN_ASSIGN_OR_RETURN(
        kernel, Find<compiler::KernelFunction>(code, absl::StrCat("kernel.", block.code)));
    BNSYN_ASSIGN_OR_RETURN(slots, Slots(block));
  }
  return absl::OkStatus();
}

absl::Status Engine::BuildRows(ir::ProjectionId id, absl::Span<const reference::Array> states) {
  if (program_.HasOwnDelays(id)) return NotTaken("delays of single synapses");
  const ir::Projection& projection = program_.projections[id];
  const uint32_t targets = program_.populations[projection.target].size;
  BNSYN_ASSIGN_OR_RETURN(const reference::Connectivity connectivity,
                         reference::Connectivity::Create(program_, id, states));
  BNSYN_ASSIGN_OR_RETURN(const reference::SynapseRows found, connectivity.Build(0, targets));
  Rows& rows = rows_.emplace_back();
  for (const uint64_t begin : found.begin) rows.begin.push_back(static_cast<uint32_t>(begin));
  rows.targets = found.targets;
  rows.weights = found.weights;
  const std::vector<ir::StateId> ids = program_.SynapseStates(id);
  for (size_t s = 0; s < ids.size(); ++s) {
    const reference::Array& values = found.states[s];
    const auto bytes = static_cast<size_t>(ir::ElementBytes(values.element()));
    std::memcpy(rows.states.emplace_back(values.size(), bytes).data(), values.view().data,
                values.size() * bytes);
  }
  rows.onto_begin.assign(targets + size_t{1}, 0);
  for (const uint32_t target : rows.targets) ++rows.onto_begin[target + size_t{1}];
  std::partial_sum(rows.onto_begin.begin(), rows.onto_begin.end(), rows.onto_begin.begin());
  std::vector<uint32_t> next = rows.onto_begin;
  rows.sources.resize(rows.targets.size());
  rows.synapses.resize(rows.targets.size());
  for (uint32_t source = 0; source + size_t{1} < rows.begin.size(); ++source) {
    for (uint32_t s = rows.begin[source]; s < rows.begin[source + size_t{1}]; ++s) {
      const uint32_t place = next[rows.targets[s]]++;
      rows.sources[place] = source;
      rows.synapses[place] = s;
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<void*>> Engine::Slots(const ir::Block& block) {
  std::vector<void*> slots;
  for (const ir::Slot& slot : block.slots) {
    switch (slot.kind) {
      case AttrKind::kState: {
        const ir::DomainId domain = program_.states[slot.index].type.domain;
        if (!reference::IsOfSynapses(program_, domain)) {
          slots.push_back(states_[slot.index].data());
          break;
        }
        const ir::ProjectionId id = program_.domains[static_cast<size_t>(domain)].index;
        const std::vector<ir::StateId> ids = program_.SynapseStates(id);
        const auto place = std::find(ids.begin(), ids.end(), slot.index) - ids.begin();
        slots.push_back(rows_[id].states[static_cast<size_t>(place)].data());
        break;
      }
      case AttrKind::kParam:
        slots.push_back(&params_[slot.index]);
        break;
      case AttrKind::kTable:
        slots.push_back(tables_[slot.index].data());
        break;
      case AttrKind::kInput:
        slots.push_back(inputs_[slot.index].data());
        break;
      case AttrKind::kPopulation:
        slots.push_back(&counts_[slot.index]);
        break;
      case AttrKind::kReduction: {
        const bool reduces = Has(block, ir::Op::kReduce, slot.index);
        slots.push_back(reduces ? partials_[slot.index].data() : &totals_[slot.index]);
        break;
      }
      case AttrKind::kStream:
        slots.push_back(const_cast<uint32_t*>(&slot.index));
        break;
      case AttrKind::kNone:
      case AttrKind::kLiteral:
      case AttrKind::kLoop:
      case AttrKind::kProjection:
        return absl::InternalError("a slot of no kind");
    }
  }
  return slots;
}

absl::Status Engine::Deliver() {
  for (size_t b = 0; b < program_.synaptic.size(); ++b) {
    const ir::Block& block = program_.synaptic[b];
    const ir::ProjectionId id = program_.ProjectionOf(block);
    const Rows& rows = rows_[id];
    const std::vector<uint32_t>& spikes =
        history_.At(program_.SpikesOf(block), step_ - program_.DelayOf(block));
    if (spikes.empty()) continue;
    const bool on_post = block.kind == ir::BlockKind::kOnPost;
    compiler::DeliverArgs args = {};
    args.slots = delivery_slots_[b].data();
    args.step = step_;
    args.seed = program_.seed;
    args.spikes = spikes.data();
    args.spike_count = static_cast<uint32_t>(spikes.size());
    args.row_begin = on_post ? rows.onto_begin.data() : rows.begin.data();
    args.row_stride = 1;
    args.row_count = 1;
    args.others = on_post ? rows.sources.data() : rows.targets.data();
    args.synapses = on_post ? rows.synapses.data() : nullptr;
    args.delay = program_.projections[id].delay;
    args.weights = rows.weights.empty() ? nullptr : rows.weights.data();
    args.coarse = tallies_[b].data();
    deliveries_[b](&args);
    if (args.fault != 0) return absl::InternalError(absl::StrCat(block.name, " failed"));
  }
  return absl::OkStatus();
}

absl::Status Engine::RunKernel(size_t number) {
  const ir::Block& block = program_.step[number];
  if (!block.IsDue(step_)) return absl::OkStatus();
  if (program_.RunsSynapses(block)) {
    if (!Has(block, ir::Op::kDeliver, 0)) return NotTaken("code of steps");
    return Deliver();
  }
  std::vector<std::vector<uint32_t>> lists;
  for (const ir::Node& node : block.nodes) {
    if (node.op == ir::Op::kSpike) lists.emplace_back(Padded(program_.Size(block.domain)));
  }
  std::vector<compiler::SpikeOutput> outputs;
  for (std::vector<uint32_t>& list : lists) outputs.push_back({list.data(), 0});
  compiler::KernelArgs args = {};
  args.slots = kernel_slots_[number].data();
  args.step = step_;
  args.seed = program_.seed;
  args.end = block.domain == ir::DomainId::kNetwork ? 1 : program_.Size(block.domain);
  args.spikes = outputs.data();
  kernels_[number](&args);
  if (args.fault != 0) return absl::InternalError(absl::StrCat(block.name, " failed"));
  size_t list = 0;
  for (const ir::Node& node : block.nodes) {
    if (node.op == ir::Op::kSpike) {
      std::vector<uint32_t>& spikes = lists[list];
      spikes.resize(outputs[list++].count);
      counts_[node.attr] += static_cast<int64_t>(spikes.size());
      spikes_ += spikes.size();
      digest_.AddSpikes(static_cast<uint32_t>(node.attr), step_, spikes);
      history_.At(node.attr, step_) = std::move(spikes);
    } else if (node.op == ir::Op::kReduce) {
      std::vector<double> partials = partials_[node.attr];
      totals_[node.attr] = reference::TreeSum(absl::MakeSpan(partials));
    }
  }
  return absl::OkStatus();
}

absl::Status Engine::Step() {
  for (ir::PopulationId p = 0; p < program_.populations.size(); ++p) {
    counts_[p] = 0;
    history_.At(p, step_).clear();
  }
  if (!program_.Delivers()) BNSYN_RETURN_IF_ERROR(Deliver());
  for (size_t k = 0; k < kernels_.size(); ++k) BNSYN_RETURN_IF_ERROR(RunKernel(k));
  for (ir::InputId input = 0; input < inputs_.size(); ++input) {
    if (!accumulators_[input].decays()) continue;
    const uint32_t size = program_.Size(program_.inputs[input].population);
    auto* const sums = static_cast<int64_t*>(inputs_[input].data());
    accumulators_[input].EndStep(step_, {sums, size});
    accumulators_[input].ReadSums(
        step_ + 1, {sums, size},
        static_cast<double*>(states_[program_.inputs[input].accumulator.state].data()));
  }
  ++step_;
  return absl::OkStatus();
}

reference::Digest Engine::ComputeDigest() const {
  reference::Digest digest = digest_;
  for (ir::StateId id = 0; id < program_.states.size(); ++id) {
    const ir::State& state = program_.states[id];
    if (state.temporary) continue;
    reference::ArrayView view = {state.type.element, states_[id].data(), program_.Values(id)};
    if (reference::IsOfSynapses(program_, state.type.domain)) {
      const ir::ProjectionId of = program_.domains[static_cast<size_t>(state.type.domain)].index;
      const std::vector<ir::StateId> ids = program_.SynapseStates(of);
      const auto place = std::find(ids.begin(), ids.end(), id) - ids.begin();
      view.data = rows_[of].states[static_cast<size_t>(place)].data();
      view.size = rows_[of].targets.size();
    }
    digest.AddState(id, view);
  }
  for (ir::PopulationId p = 0; p < program_.populations.size(); ++p) {
    for (uint32_t back = 1; back <= program_.MaxDelay(); ++back) {
      for (const uint32_t neuron : history_.At(p, step_ - back)) {
        digest.AddInFlight(p, step_ - back, neuron);
      }
    }
  }
  return digest;
}

}  // namespace bnsyn::foreign
