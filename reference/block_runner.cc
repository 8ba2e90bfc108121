#include "reference/block_runner.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/inlined_vector.h"
#include "ir/access.h"
#include "ir/levels.h"
#include "ir/mutant.h"
#include "reference/columns.h"
#include "reference/evaluate.h"
#include "reference/expectation.h"
#include "reference/fault.h"
#include "reference/input_proof.h"
#include "reference/not_finite.h"
#include "reference/reduction.h"

namespace bnsyn::reference {
namespace {

// Converts an array of any element type.
Array AsDoubles(const ArrayView& values) {
  ir::Node convert;
  convert.op = ir::Op::kConvert;
  convert.element = ir::Element::kF64;
  Array result(ir::Element::kF64, values.size);
  Evaluate(convert, EvaluationPoint{}, {values}, result);
  return result;
}

// Calls f with a value of the unsigned integer that has as many bytes as the element.
template <typename F>
void WithBitsOf(ir::Element element, F f) {
  switch (ir::ElementBytes(element)) {
    case 8:
      return f(uint64_t{});
    case 4:
      return f(uint32_t{});
    default:
      return f(uint8_t{});
  }
}

// The blocks that a node runs.
std::vector<const ir::Block*> FindRun(const ir::Program& program, const ir::Node& node) {
  if (node.op == ir::Op::kRun) return {&program.loops[node.attr]};
  return ir::BlocksRunBy(program, node);
}

// to[i] = from[place(i)], for arrays of one element.
template <typename F>
void Gather(const Array& from, F place, Array& to) {
  WithBitsOf(to.element(), [&]<typename T>(T) {
    for (size_t i = 0; i < to.size(); ++i) to.as<T>()[i] = from.as<T>()[place(i)];
  });
}

// result[i] = number(i)
template <typename T, typename F>
void Generate(F number, Array& result) {
  for (size_t i = 0; i < result.size(); ++i) result.as<T>()[i] = number(i);
}

}  // namespace

BlockRunner::BlockRunner(const ir::Block& block, Machine& machine)
    : block_(block),
      machine_(machine),
      values_(block.nodes.size()),
      is_static_(block.nodes.size()),
      blocks_(block.nodes.size()) {
  if (IsOfSynapses(machine.program, block.domain) && block.kind != ir::BlockKind::kKernel) {
    levels_ = ir::LevelsOf(machine.program, block);
    acts_on_neurons_ = ir::ActsOnNeurons(machine.program, block);
  }
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    for (const ir::Block* const runs : FindRun(machine.program, block.nodes[id])) {
      blocks_[id].push_back(std::make_unique<BlockRunner>(*runs, machine));
    }
    if (ir::Accumulates(block.nodes[id])) {
      is_static_[id] = AddsStatic(machine.program, block, id);
    }
  }
}

size_t BlockRunner::Size(ir::DomainId domain) const {
  if (!IsOfSynapses(machine_.program, domain)) return machine_.program.Size(domain);
  return neuron_.has_value() ? 1 : synapses_.size();
}

uint32_t BlockRunner::Source(size_t i) const {
  return neuron_.has_value() ? *neuron_ : Table().source(synapses_[i]);
}

uint32_t BlockRunner::Target(size_t i) const {
  return neuron_.has_value() ? *neuron_ : Table().target(synapses_[i]);
}

// What the head reads of the projection is one value for all of its synapses.
int64_t BlockRunner::Delay(size_t i) const {
  if (!neuron_.has_value()) return Table().delay(synapses_[i]);
  return machine_.program.projections[machine_.program.ProjectionOf(block_)].delay;
}

double BlockRunner::Weight(size_t i) const {
  if (!neuron_.has_value()) return Table().weight(synapses_[i]);
  return machine_.program.projections[machine_.program.ProjectionOf(block_)].weight;
}

// Nodes that act on the neuron stand behind all others; that run needs the head alone.
bool BlockRunner::Stands(ir::NodeId id) const {
  const ir::Node& node = block_.nodes[id];
  if (!neuron_.has_value()) {
    return !acts_on_neurons_ || !ir::ActsOnNeuron(machine_.program, block_, node);
  }
  return levels_[id] != ir::Level::kSynapse && !ir::Accumulates(node);
}

const SynapseTable& BlockRunner::Table() const {
  return machine_.synapses[machine_.program.domains[static_cast<size_t>(block_.domain)].index];
}

void BlockRunner::Run() {
  causes_.clear();
  ended_.clear();
  for (pass_ = 0; pass_ < block_.times; ++pass_) {
    for (ir::NodeId id = 0; id < block_.nodes.size(); ++id) {
      if (Stands(id)) RunNode(id);
    }
    if (!ended_.empty() && absl::c_all_of(ended_, [](bool ended) { return ended; })) break;
  }
}

// Whose passes have ended changes nothing more: `Store` leaves them out.
void BlockRunner::EndPasses(const ir::Node& until) {
  const Array& ends = values_[until.operands[0]];
  const size_t size = Size(until.domain);
  ended_.resize((size + kPassGroup - 1) / kPassGroup);
  std::vector<bool> all(ended_.size(), true);
  for (size_t i = 0; i < size; ++i) {
    if (!ends.as<uint8_t>()[ends.size() == 1 ? 0 : i]) all[i / kPassGroup] = false;
  }
  for (size_t group = 0; group < all.size(); ++group) {
    if (all[group] && !Mutant("R5.until")) ended_[group] = true;
  }
}

// Synapses cannot see one another (R5): the block runs over some after others, so few that their
// values stay in the nearest cache.
void BlockRunner::Run(absl::Span<const uint64_t> synapses) {
  constexpr size_t kTogether = 512;
  for (size_t begin = 0; begin < synapses.size(); begin += kTogether) {
    synapses_ = synapses.subspan(begin, kTogether);
    Run();
  }
}

void BlockRunner::Run(uint32_t neuron, absl::Span<const uint64_t> synapses) {
  if (Mutant("R5.stores_of_neurons_come_last")) {
    RunOnNeuron(neuron);
    return Run(synapses);
  }
  Run(synapses);
  RunOnNeuron(neuron);
}

void BlockRunner::RunOnNeuron(uint32_t neuron) {
  if (!acts_on_neurons_) return;
  neuron_ = neuron;
  Run();
  neuron_.reset();
}

void BlockRunner::RunNode(ir::NodeId id) {
  if constexpr (kMutants) return RunFlippedNode(id);
  RunPlainNode(id);
}

void BlockRunner::RunPlainNode(ir::NodeId id) {
  const ir::Node& node = block_.nodes[id];
  Array& result = values_[id];
  if (ir::HasResult(node.op)) result.Reshape(node.element, Size(node.domain));
  if (IsEvaluable(node.op)) {
    absl::InlinedVector<ArrayView, 3> operands;
    for (const ir::NodeId operand : node.inputs()) operands.push_back(values_[operand].view());
    EvaluationPoint point = {machine_.program.seed, machine_.step, 0, pass_};
    if (ir::Info(node.op).attr == ir::AttrKind::kStream &&
        IsOfSynapses(machine_.program, node.domain)) {
      point.synapses = Drawing();
    }
    Evaluate(node, point, operands, result);
    return;
  }
  switch (node.op) {
    case ir::Op::kPass:
      return result.Fill(pass_);
    case ir::Op::kParam:
      return result.Fill(machine_.params[node.attr]);
    case ir::Op::kLookup:
      return LookUp(machine_.program.tables[node.attr], values_[node.operands[0]].view(),
                    values_[node.operands[1]].view(), result);
    case ir::Op::kLoad:
      return Load(node, result);
    case ir::Op::kLoadPre:
      return Gather(
          machine_.states[node.attr], [&](size_t i) { return Source(i); }, result);
    case ir::Op::kLoadPost:
      return Gather(
          machine_.states[node.attr], [&](size_t i) { return Target(i); }, result);
    case ir::Op::kGather:
      return Gather(
          machine_.states[node.attr], [&](size_t i) { return ElementOf(node, i); }, result);
    case ir::Op::kPast:
      return Gather(
          machine_.states[node.attr], [&](size_t i) { return PlaceOf(node, i); }, result);
    case ir::Op::kDelay:
      return Generate<int64_t>([&](size_t i) { return Delay(i); }, result);
    case ir::Op::kIndexPre:
      return Generate<uint32_t>([&](size_t i) { return Source(i); }, result);
    case ir::Op::kIndexPost:
      return Generate<uint32_t>([&](size_t i) { return Target(i); }, result);
    case ir::Op::kWeight:
      return Generate<double>([&](size_t i) { return Weight(i); }, result);
    case ir::Op::kAccumulate:
    case ir::Op::kAccumulatePre:
      return Accumulate(node);
    case ir::Op::kRun:
    case ir::Op::kRunOnStep:
    case ir::Op::kRunSums:
      return RunBlocks(id);
    case ir::Op::kDeliver:
      return machine_.deliver();
    case ir::Op::kStore:
      return Store(node);
    case ir::Op::kStorePre:
    case ir::Op::kStorePost:
      return machine_.states[node.attr].set_bits(*neuron_, values_[node.operands[0]].bits(0));
    case ir::Op::kCheck:
      return Check(node);
#define BNSYN_EXPECT(name, ...) case ir::Op::k##name:
#include "ir/ops.def"
      return Expect(node);
    case ir::Op::kTake:
      return Take(node, result);
    case ir::Op::kHeld:
      return Held(static_cast<ir::InputId>(node.attr), result);
    case ir::Op::kScale: {
      const AccumulatorArithmetic& sum = machine_.accumulators[node.attr];
      *result.as<double>() = sum.ScaleAfter(sum.PhaseOf(machine_.step));
      return;
    }
    case ir::Op::kUntil:
      return EndPasses(node);
    case ir::Op::kSpike:
      return Spike(node);
    case ir::Op::kCount:
      *result.as<int64_t>() = static_cast<int64_t>(machine_.spikes[node.attr].size());
      return;
    case ir::Op::kReduce:
      return Reduce(node);
    case ir::Op::kTotal:
      *result.as<double>() = machine_.totals[node.attr];
      return;

    case ir::Op::kSetProbability:
    case ir::Op::kSetWeight:
    case ir::Op::kSetDelay:
      return;  // stand in connect blocks, which Connectivity runs

    case ir::Op::kLiteral:
    case ir::Op::kStep:
    case ir::Op::kIndex:
    case ir::Op::kRandom:
#define BNSYN_PLAIN(name, ...) case ir::Op::k##name:
#define BNSYN_FUNCTION(name, ...) case ir::Op::k##name:
#define BNSYN_FUNCTION_OF_TWO(name, ...) case ir::Op::k##name:
#define BNSYN_DRAW(name, ...) case ir::Op::k##name:
#include "ir/ops.def"
      return;  // evaluable: done above
  }
}

absl::Span<const SynapseNumber> BlockRunner::Drawing() {
  drawing_.clear();
  for (const uint64_t synapse : synapses_) {
    drawing_.push_back(
        {Table().source(synapse), Table().target(synapse), Table().occurrence(synapse)});
  }
  return drawing_;
}

void BlockRunner::Load(const ir::Node& node, Array& result) const {
  const Array& state = machine_.states[node.attr];
  if (!IsOfSynapses(machine_.program, node.domain)) {
    result = state;
    return;
  }
  Gather(
      state, [&](size_t i) { return synapses_[i]; }, result);
}

size_t BlockRunner::ElementOf(const ir::Node& node, size_t i) const {
  const Array& elements = values_[node.operands[0]];
  const size_t last = machine_.program.Size(machine_.program.states[node.attr].type.domain) - 1;
  const size_t element = elements.as<uint32_t>()[elements.size() == 1 ? 0 : i];
  if (element > last && Mutant("R5.gather_beyond_the_end")) return 0;
  return std::min(element, last);
}

size_t BlockRunner::PlaceOf(const ir::Node& node, size_t i) const {
  const ir::State& state = machine_.program.states[node.attr];
  const Array& steps = values_[node.operands[1]];
  const int64_t back =
      std::clamp<int64_t>(steps.as<int64_t>()[steps.size() == 1 ? 0 : i],
                          Mutant("R5.past_of_no_step") ? 0 : 1, int64_t{state.history});
  const uint64_t place = (machine_.step - static_cast<uint64_t>(back)) % state.places();
  return place * machine_.program.Size(state.type.domain) + ElementOf(node, i);
}

void BlockRunner::Accumulate(const ir::Node& node) {
  const auto input = static_cast<ir::InputId>(node.attr);
  const SynapseTable& table = Table();
  const auto projection = machine_.program.domains[static_cast<size_t>(block_.domain)].index;
  const bool is_static = is_static_[static_cast<size_t>(&node - block_.nodes.data())];
  const Array& operand = values_[node.operands[0]];
  for (size_t i = 0; i < synapses_.size(); ++i) {
    const double value = operand.as<double>()[operand.size() == 1 ? 0 : i];
    const uint32_t neuron =
        node.op == ir::Op::kAccumulatePre ? table.source(synapses_[i]) : table.target(synapses_[i]);
    if (is_static) {
      machine_.AddStatic(input, neuron, value);
      continue;
    }
    const bool fine = machine_.input_fault.ok();
    machine_.AddComputed(projection, input, neuron, value);
    if (std::isfinite(value) || !fine) continue;
    machine_.input_fault = DescribeContributionFault(machine_.program, machine_.step, input, neuron,
                                                     value, CauseOf(node.operands[0], i));
  }
}

void BlockRunner::RunBlocks(ir::NodeId id) {
  const ir::Node& node = block_.nodes[id];
  for (const std::unique_ptr<BlockRunner>& runner : blocks_[id]) {
    if (!runner->block_.IsDue(machine_.step) && !Mutant("R5.clock")) continue;
    if (node.op == ir::Op::kRun) {
      runner->Run();
    } else {
      runner->Run(runner->Table().All());
    }
  }
}

void BlockRunner::Store(const ir::Node& node) {
  Array& state = machine_.states[node.attr];
  const Array& value = values_[node.operands[0]];
  const bool of_synapses = IsOfSynapses(machine_.program, node.domain);
  const size_t size = of_synapses ? synapses_.size() : machine_.program.Size(node.domain);
  const auto put = [&](size_t first) {
    WithBitsOf(state.element(), [&]<typename T>(T) {
      for (size_t i = 0; i < size; ++i) {
        if (HasEnded(i)) continue;
        state.as<T>()[of_synapses ? synapses_[i] : first + i] =
            value.as<T>()[value.size() == 1 ? 0 : i];
      }
    });
  };
  const ir::State& declared = machine_.program.states[node.attr];
  if (declared.history == 0) {
    put(0);
  } else if (Mutant("R5.past_before_the_beginning")) {
    put(machine_.step % declared.places() * size);
  } else if (block_.kind != ir::BlockKind::kInit) {
    put(machine_.step % declared.places() * size);
  } else {
    // What the past is taken to have been.
    for (size_t place = 0; place < declared.places(); ++place) put(place * size);
  }
  if (block_.kind != ir::BlockKind::kLoop || !ir::IsFloat(node.element)) return;
  const Array numbers = AsDoubles(Operand(node));
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (std::isfinite(numbers.as<double>()[i]) || HasEnded(i)) continue;
    const auto [cause, fresh] = causes_.try_emplace(i);
    if (fresh) cause->second = CauseOf(node.operands[0], i);
  }
}

void BlockRunner::Check(const ir::Node& node) {
  const auto state = static_cast<ir::StateId>(node.attr);
  const Array values = AsDoubles(Operand(node));
  const bool of_synapses = IsOfSynapses(machine_.program, node.domain);
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = values.as<double>()[i];
    if (WithinBounds(machine_.program.states[state], value)) continue;
    const uint64_t element = neuron_.has_value() ? *neuron_ : of_synapses ? synapses_[i] : i;
    CheckFault fault = {state, element, value, ""};
    if (machine_.check_fault && Mutant("R10.first_state")) continue;
    if (machine_.check_fault && !fault.GoesBefore(*machine_.check_fault)) continue;
    if (!std::isfinite(value)) fault.cause = CauseOf(node.operands[0], i);
    machine_.check_fault = std::move(fault);
  }
}

std::optional<CheckFault> BlockRunner::FindNotFiniteStore() const {
  std::optional<CheckFault> first;
  for (const ir::Node& node : block_.nodes) {
    if (node.op != ir::Op::kStore || !ir::IsFloat(node.element)) continue;
    const Array values = AsDoubles(Operand(node));
    for (size_t i = 0; i < values.size(); ++i) {
      CheckFault fault = {static_cast<ir::StateId>(node.attr), i, values.as<double>()[i], ""};
      if (std::isfinite(fault.value) || (first && !fault.GoesBefore(*first))) continue;
      fault.cause = CauseOf(node.operands[0], i);
      first = std::move(fault);
    }
  }
  return first;
}

bool BlockRunner::DependsOn(const ir::Block& loop, ir::NodeId node) const {
  const auto stores = [&](const ir::Node& n) {
    return absl::c_any_of(loop.nodes, [&](const ir::Node& store) {
      return store.op == ir::Op::kStore && n.op == ir::Op::kLoad && n.attr == store.attr;
    });
  };
  std::vector<bool> needed(node + size_t{1});
  needed[node] = true;
  for (ir::NodeId id = node + 1; id-- > 0;) {
    if (!needed[id]) continue;
    if (stores(block_.nodes[id])) return true;
    for (const ir::NodeId operand : block_.nodes[id].inputs()) needed[operand] = true;
  }
  return false;
}

// What a loop makes not finite it makes so in one of its passes, and keeps the cause.
std::string BlockRunner::CauseOf(ir::NodeId node, size_t i) const {
  for (ir::NodeId id = 0; id < node; ++id) {
    if (block_.nodes[id].op != ir::Op::kRun) continue;
    const BlockRunner& loop = *blocks_[id][0];
    const auto cause = loop.causes_.find(loop.block_.domain == ir::DomainId::kNetwork ? 0 : i);
    if (cause != loop.causes_.end() && DependsOn(loop.block_, node)) return cause->second;
  }
  return FirstNotFinite(machine_.program, block_, values_, node, i);
}

void BlockRunner::Expect(const ir::Node& node) {
  const ir::Program& program = machine_.program;
  const size_t size = Size(node.domain);
  const auto bits = [&](size_t operand, size_t i) -> ir::Bits {
    if (operand >= node.inputs().size()) return 0;
    const Array& values = values_[node.operands[operand]];
    return values.bits(values.size() == 1 ? 0 : i);
  };
  for (size_t i = 0; i < size && machine_.arithmetic_fault.ok(); ++i) {
    if (bits(0, i) == 0 || Holds(node.op, bits(1, i), bits(2, i))) continue;
    std::optional<SynapseEnds> ends;
    if (IsOfSynapses(program, node.domain)) {
      ends = {Table().source(synapses_[i]), Table().target(synapses_[i])};
    }
    const auto step =
        block_.kind == ir::BlockKind::kInit ? std::nullopt : std::optional<uint64_t>(machine_.step);
    machine_.arithmetic_fault = DescribeArithmeticFault(
        program, step, node.domain, i, ends, DescribeExpectation(node.op, bits(1, i), bits(2, i)));
  }
}

void BlockRunner::Take(const ir::Node& node, Array& result) {
  const auto input = static_cast<ir::InputId>(node.attr);
  const int scale = machine_.program.inputs[input].accumulator.scale_log2;
  const SumLimits limits = LimitsOf(machine_.program.inputs[input].accumulator);
  std::vector<Quanta>& sums = machine_.inputs[input];
  for (uint32_t i = 0; i < sums.size(); ++i) {
    if (!limits.Holds(sums[i]) && machine_.input_fault.ok()) {
      machine_.input_fault = DescribeSumFault(machine_.program, machine_.step, input, i, sums[i]);
    }
    result.as<double>()[i] = FromQuanta(sums[i], scale);
    if (!Mutant("R5.take_leaves_nothing")) sums[i] = 0;
  }
}

void BlockRunner::Held(ir::InputId input, Array& result) const {
  const std::vector<Quanta>& sums = machine_.inputs[input];
  for (size_t i = 0; i < sums.size(); ++i) {
    result.as<double>()[i] = static_cast<double>(sums[i]);
  }
}

void BlockRunner::Spike(const ir::Node& node) {
  const ArrayView spikes = Operand(node);
  const auto population = static_cast<ir::PopulationId>(node.attr);
  const std::optional<ir::StateId> repeats = machine_.program.FindRepeats(population);
  const int64_t most = machine_.program.MostRepeats(population);
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < machine_.program.populations[node.attr].size; ++i) {
    if (spikes.bits(spikes.size == 1 ? 0 : i) == 0) continue;
    const auto times = repeats ? static_cast<int64_t>(machine_.states[*repeats].bits(i)) : 1;
    found.insert(
        found.end(),
        static_cast<size_t>(std::clamp(times, int64_t{1}, Mutant("R5.repeats") ? 1 : most)), i);
  }
  // A neuron that already spiked in this step does not spike twice.
  std::vector<uint32_t>& all = machine_.spikes[node.attr];
  std::vector<uint32_t> merged;
  if (Mutant("R5.a_neuron_spikes_once")) {
    std::merge(all.begin(), all.end(), found.begin(), found.end(), std::back_inserter(merged));
  } else {
    std::set_union(all.begin(), all.end(), found.begin(), found.end(), std::back_inserter(merged));
  }
  all = std::move(merged);
}

void BlockRunner::Reduce(const ir::Node& node) {
  const size_t size = machine_.program.Size(machine_.program.reductions[node.attr].population);
  const Array& operand = values_[node.operands[0]];
  std::vector<double> values(size, operand.as<double>()[0]);
  if (operand.size() != 1) std::copy_n(operand.as<double>(), size, values.begin());
  std::vector<double> partials;
  for (size_t i = 0; i < size; i += kReductionGroup) {
    partials.push_back(GroupSum(absl::MakeConstSpan(values).subspan(i, kReductionGroup)));
  }
  machine_.totals[node.attr] = TreeSum(absl::MakeSpan(partials));
}

}  // namespace bnsyn::reference
