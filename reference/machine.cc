#include "reference/machine.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "reference/block_runner.h"
#include "reference/columns.h"
#include "reference/evaluate.h"
#include "reference/input_proof.h"

namespace bnsyn::reference {
namespace {

ir::Bits ConvertBits(ir::Element from, ir::Bits bits, ir::Element to) {
  ir::Node convert;
  convert.op = ir::Op::kConvert;
  convert.element = to;
  return Fold(convert, {from}, {bits});
}

// Fills a state from a column of a table, one row an element. A state with a history has each value
// in all of its places.
absl::Status FillFromColumn(const ir::Program& program, const ir::State& state, Array& values) {
  const ir::Table& table = program.tables[state.initial_column->table];
  const std::vector<double>& column = table.values[state.initial_column->column];
  const size_t elements = program.Size(state.type.domain);
  if (column.size() != elements) {
    return absl::InvalidArgumentError(absl::StrCat(table.title(), ": ", state.name, " has ",
                                                   elements, " elements, but the table ",
                                                   column.size(), " rows"));
  }
  const ir::Element element = state.type.element;
  for (size_t i = 0; i < column.size(); ++i) {
    const ir::Bits given = ir::BitsOfF64(column[i]);
    const ir::Bits bits = ConvertBits(ir::Element::kF64, given, element);
    // Floats may round. A number that the integer or bool cannot be is an error.
    if (!ir::IsFloat(element) && ConvertBits(element, bits, ir::Element::kF64) != given) {
      return RowError(table, i,
                      absl::StrCat(ShowValue(column[i]), " is no ", ir::ElementName(element),
                                   " for ", state.name));
    }
    for (size_t place = i; place < values.size(); place += elements) values.set_bits(place, bits);
  }
  return absl::OkStatus();
}

}  // namespace

bool IsOfSynapses(const ir::Program& program, ir::DomainId domain) {
  return program.domains[static_cast<size_t>(domain)].kind == ir::DomainKind::kProjection;
}

absl::StatusOr<Machine> Machine::Create(ir::Program program) {
  Machine machine;
  for (const ir::Param& param : program.params) machine.params.push_back(param.value);
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    const ir::State& state = program.states[id];
    Array values(state.type.element, program.Values(id));
    if (state.initial_column) {
      BNSYN_RETURN_IF_ERROR(FillFromColumn(program, state, values));
    } else {
      values.Fill(state.initial);
    }
    machine.states.push_back(std::move(values));
  }
  for (const ir::Input& input : program.inputs) {
    machine.inputs.emplace_back(program.Size(input.population));
    machine.accumulators.emplace_back(input.accumulator);
  }
  BNSYN_RETURN_IF_ERROR(CheckDecayingInputs(program));
  machine.totals.resize(program.reductions.size());
  machine.spikes.resize(program.populations.size());
  machine.program = std::move(program);
  return machine;
}

absl::StatusOr<std::vector<Array>> InitialStates(const ir::Program& program) {
  BNSYN_ASSIGN_OR_RETURN(Machine machine, Machine::Create(program));
  BNSYN_RETURN_IF_ERROR(machine.Begin());
  return std::move(machine.states);
}

void Machine::AddSynapses(SynapseRows rows) {
  const auto id = static_cast<ir::ProjectionId>(synapses.size());
  const std::vector<ir::StateId> ids = program.SynapseStates(id);
  for (size_t i = 0; i < ids.size(); ++i) states[ids[i]] = std::move(rows.states[i]);
  synapses.emplace_back(program, id, std::move(rows));
}

void Machine::BeginStep() {
  for (std::vector<uint32_t>& population : spikes) population.clear();
  input_fault = absl::OkStatus();
  arithmetic_fault = absl::OkStatus();
  check_fault.reset();
}

void Machine::EndStep() {
  for (ir::InputId input = 0; input < inputs.size(); ++input) {
    if (!accumulators[input].decays()) continue;
    double* values = states[program.inputs[input].accumulator.state].as<double>();
    for (Quanta& held : inputs[input]) {
      auto sum = static_cast<int64_t>(held);
      accumulators[input].EndStep(step, {&sum, 1});
      accumulators[input].ReadSums(step + 1, {&sum, 1}, values++);
      held = sum;
    }
  }
  ++step;
}

namespace {

// Sets an element of the state of a decaying input.
absl::Status HoldInSum(Machine& machine, ir::InputId input, uint32_t element, ir::Bits value) {
  const AccumulatorArithmetic& arithmetic = machine.accumulators[input];
  BNSYN_ASSIGN_OR_RETURN(const int64_t sum, arithmetic.SumFor(machine.step, ir::F64OfBits(value)));
  machine.inputs[input][element] = sum;
  Array& state = machine.states[machine.program.inputs[input].accumulator.state];
  arithmetic.ReadSums(machine.step, {&sum, 1}, state.as<double>() + element);
  return absl::OkStatus();
}

}  // namespace

absl::Status Machine::SetState(ir::StateId state, uint32_t element, ir::Bits value) {
  const std::optional<ir::InputId> input = program.FindInputHeldBy(state);
  if (!input) {
    states[state].set_bits(element, value);
    return absl::OkStatus();
  }
  return HoldInSum(*this, *input, element, value);
}

absl::Status Machine::Begin() {
  if (program.init) {
    BlockRunner runner(*program.init, *this);
    runner.Run();
    BNSYN_RETURN_IF_ERROR(arithmetic_fault);
    if (const std::optional<CheckFault> fault = runner.FindNotFiniteStore()) {
      return DescribeInitialFault(program, *fault);
    }
  }
  for (ir::InputId input = 0; input < inputs.size(); ++input) {
    if (!accumulators[input].decays()) continue;
    const ir::StateId state = program.inputs[input].accumulator.state;
    for (uint32_t element = 0; element < inputs[input].size(); ++element) {
      const absl::Status held = HoldInSum(*this, input, element, states[state].bits(element));
      if (!held.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(program.states[state].name, " of element ",
                                                       element, ": ", held.message()));
      }
    }
  }
  return absl::OkStatus();
}

void Machine::AddStatic(ir::InputId input, uint32_t element, double value) {
  const Quanta quanta = ToQuanta(value, program.inputs[input].accumulator.scale_log2);
  const AccumulatorArithmetic& sum = accumulators[input];
  inputs[input][element] += sum.Counted(quanta, sum.PhaseOf(step));
}

void Machine::AddComputed(ir::ProjectionId from, ir::InputId input, uint32_t element,
                          double value) {
  const ir::Accumulator& sum = program.inputs[input].accumulator;
  const Quanta quanta = ToQuanta(value, sum.scale_log2);
  const bool fits = Magnitude(quanta) <= LimitsOf(sum).unknown;
  // From 2^23 quanta on, half a quantum is within 2^-24.
  const bool is_coarse = Magnitude(quanta) < (Quanta(1) << 23) && IsCoarse(value, sum.scale_log2);
  if (fits && !(is_coarse && program.strict_sums && !Mutant("R6.strict_sums"))) {
    if (is_coarse) {
      coarse[{CoarseSource::Kind::kProjection, from, input}].Count(value, sum.scale_log2);
    }
    inputs[input][element] += quanta;
  } else if (input_fault.ok() || Mutant("R6.first_fault")) {
    input_fault = DescribeContributionFault(program, step, input, element, value);
  }
}

}  // namespace bnsyn::reference
