#include "reference/interpreter.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "ir/verifier.h"
#include "reference/block_runner.h"
#include "reference/event_file.h"
#include "reference/fault.h"
#include "reference/machine.h"
#include "reference/propagation.h"
#include "reference/spike_history.h"

namespace bnsyn::reference {
namespace {

class ProgramInterpreter : public Interpreter {
 public:
  explicit ProgramInterpreter(Machine machine)
      : machine_(std::move(machine)),
        delivers_(machine_.program.Delivers()),
        history_(machine_.program.populations.size(), machine_.program.MaxDelay()) {
    for (const ir::Block& block : machine_.program.step) blocks_.emplace_back(block, machine_);
  }

  // Completes the construction once the machine has its final address.
  absl::Status Prepare(Propagation propagation) {
    BNSYN_RETURN_IF_ERROR(machine_.Begin());
    BNSYN_ASSIGN_OR_RETURN(events_, ReadAllEvents(machine_.program));
    BNSYN_ASSIGN_OR_RETURN(propagator_, Propagator::Create(machine_, propagation, events_));
    machine_.deliver = [this] { DeliverSpikes(); };
    return absl::OkStatus();
  }
  absl::Status PrepareAt(const StepStart& start);

  const ir::Program& program() const override { return machine_.program; }
  uint64_t step() const override { return machine_.step; }
  uint64_t synapses() const override { return propagator_->synapses(); }

  absl::Status Step() override;

  ArrayView State(ir::StateId state) const override { return machine_.states[state].view(); }
  absl::Status SetState(ir::StateId state, uint32_t element, ir::Bits value) override;
  absl::Status SetParam(ir::ParamId param, ir::Bits value) override;
  absl::Span<const uint32_t> LastSpikes(ir::PopulationId population) const override {
    return delivers_ ? machine_.spikes[population] : history_.At(population, machine_.step - 1);
  }
  absl::Status InjectSpikes(ir::PopulationId population,
                            absl::Span<const uint32_t> neurons) override;
  Digest ComputeDigest() const override;
  const CoarseTallies& Coarse() const override { return machine_.coarse; }
  Moment Now() const override;
  void Resume(const Moment& moment, const StateValues& values) override;

 private:
  // Runs the on_pre and on_post blocks of the spikes that arrive.
  void DeliverSpikes();
  void DeliverFileEvents();
  // The neurons that spiked so many steps before the present one, in order. A neuron whose spike in
  // the present step was injected may be there twice.
  std::vector<uint32_t> SpikesBefore(ir::PopulationId population, uint32_t delay) const;
  // The step whose spikes the host injects before the next step. What is found in a step may arrive
  // in it where the step delivers, so that injected spikes must be of that step too.
  uint64_t InjectionStep() const { return delivers_ ? machine_.step : machine_.step - 1; }

  Machine machine_;
  const bool delivers_;
  SpikeHistory history_;
  std::vector<BlockRunner> blocks_;
  std::unique_ptr<Propagator> propagator_;
  std::vector<std::vector<Event>> events_;  // by declaration
  Digest spike_digest_;                     // of all spikes so far
};

absl::Status ProgramInterpreter::PrepareAt(const StepStart& start) {
  // Connectivity depends on the states after the init block.
  BNSYN_RETURN_IF_ERROR(machine_.Begin());
  BNSYN_ASSIGN_OR_RETURN(events_, ReadAllEvents(machine_.program));
  BNSYN_ASSIGN_OR_RETURN(propagator_,
                         Propagator::CreateWithout(start.delivered, machine_, events_));
  machine_.deliver = [this] { DeliverSpikes(); };
  machine_.step = start.step;
  machine_.params = start.params;
  machine_.states = start.states;
  machine_.totals = start.totals;
  machine_.inputs = start.sums;
  const uint32_t longest = machine_.program.MaxDelay();
  for (ir::PopulationId p = 0; p < machine_.program.populations.size(); ++p) {
    for (uint32_t back = 1; back <= longest; ++back) {
      history_.At(p, start.step - back) = start.spikes(p, start.step - back);
    }
    if (delivers_) history_.At(p, start.step) = start.spikes(p, start.step);
  }
  return absl::OkStatus();
}

absl::Status ProgramInterpreter::Step() {
  const uint64_t step = machine_.step;
  machine_.BeginStep();
  if (!Mutant("R5.events_of_tables")) DeliverFileEvents();
  if (!delivers_) DeliverSpikes();
  for (size_t b = 0; b < blocks_.size(); ++b) {
    if (machine_.program.step[b].IsDue(step) || Mutant("R5.clock_of_a_kernel")) blocks_[b].Run();
  }

  for (ir::PopulationId p = 0; p < machine_.spikes.size(); ++p) {
    spike_digest_.AddSpikes(p, step, machine_.spikes[p]);
    history_.At(p, step) = SpikesBefore(p, 0);
    if (delivers_) history_.At(p, step + 1).clear();
  }
  machine_.EndStep();

  if (Mutant("R10.input_fault_goes_first") && !machine_.arithmetic_fault.ok()) {
    return machine_.arithmetic_fault;
  }
  if (!machine_.input_fault.ok()) return machine_.input_fault;
  const bool late = Mutant("R10.expectation_goes_before_checks") && machine_.check_fault;
  if (!machine_.arithmetic_fault.ok() && !late) return machine_.arithmetic_fault;
  if (!machine_.check_fault) return absl::OkStatus();
  return DescribeCheckFault(machine_.program, step, *machine_.check_fault,
                            [this](ir::ProjectionId projection, uint64_t synapse) {
                              const SynapseTable& table = machine_.synapses[projection];
                              return SynapseEnds{table.source(synapse), table.target(synapse)};
                            });
}

void ProgramInterpreter::DeliverSpikes() {
  for (size_t b = 0; b < machine_.program.synaptic.size(); ++b) {
    if (machine_.program.synaptic[b].kind == ir::BlockKind::kOnStep) continue;
    propagator_->Deliver(b, [this](ir::PopulationId population, uint32_t delay) {
      return SpikesBefore(population, delay);
    });
  }
}

std::vector<uint32_t> ProgramInterpreter::SpikesBefore(ir::PopulationId population,
                                                       uint32_t delay) const {
  if (Mutant("R5.delay") && delay > 1) --delay;
  const std::vector<uint32_t>& past = history_.At(population, machine_.step - delay);
  if (delay > 0) return past;
  const std::vector<uint32_t>& found = machine_.spikes[population];
  std::vector<uint32_t> all;
  if (!delivers_) return found;
  std::merge(past.begin(), past.end(), found.begin(), found.end(), std::back_inserter(all));
  return all;
}

void ProgramInterpreter::DeliverFileEvents() {
  for (size_t i = 0; i < events_.size(); ++i) {
    for (const Event& event : EventsOf(events_[i], machine_.step)) {
      machine_.AddStatic(machine_.program.events[i].input, event.element, event.value);
    }
  }
}

absl::Status ProgramInterpreter::SetState(ir::StateId state, uint32_t element, ir::Bits value) {
  const Array& values = machine_.states[state];
  if (element >= values.size()) {
    return absl::InvalidArgumentError(absl::StrCat(machine_.program.states[state].name, " has ",
                                                   values.size(), " elements, none of number ",
                                                   element));
  }
  return machine_.SetState(state, element, value);
}

absl::Status ProgramInterpreter::SetParam(ir::ParamId param, ir::Bits value) {
  const ir::Param& declared = machine_.program.params[param];
  if (!declared.tunable) {
    return absl::FailedPreconditionError(
        absl::StrCat(declared.name, " is fixed; declare it tunable to change it while running"));
  }
  machine_.params[param] = value;
  return absl::OkStatus();
}

absl::Status ProgramInterpreter::InjectSpikes(ir::PopulationId population,
                                              absl::Span<const uint32_t> neurons) {
  const ir::Population& declared = machine_.program.populations[population];
  for (const uint32_t neuron : neurons) {
    if (neuron >= declared.size) {
      return absl::InvalidArgumentError(absl::StrCat("no neuron ", neuron, " in population ",
                                                     declared.name, " of ", declared.size));
    }
  }
  const uint64_t last = InjectionStep() + (Mutant("R5.step_of_injected_spikes") ? 1 : 0);
  std::vector<uint32_t>& spikes = history_.At(population, last);
  const uint32_t most = machine_.program.MostRepeats(population);
  for (const uint32_t neuron : neurons) {
    const auto [first, end] = std::equal_range(spikes.begin(), spikes.end(), neuron);
    if (end - first >= most && !Mutant("R5.injected_spikes_that_are_there")) {
      if (most == 1) continue;
      return TooManySpikes(machine_.program, population, neuron);
    }
    spikes.insert(end, neuron);
    spike_digest_.AddSpike(population, last, neuron);
  }
  return absl::OkStatus();
}

Digest ProgramInterpreter::ComputeDigest() const {
  Digest digest = spike_digest_;
  const ir::Program& program = machine_.program;
  for (ir::StateId state = 0; state < program.states.size(); ++state) {
    const ir::State& declared = program.states[state];
    if (declared.history != 0) {
      digest.AddHistory(state, declared, State(state), machine_.step);
    } else if (!declared.temporary || Mutant("R11.temporaries")) {
      digest.AddState(state, State(state));
    }
  }
  const uint32_t longest = program.MaxDelay();
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    for (uint32_t back = 1; back <= longest; ++back) {
      const uint64_t step = machine_.step - back;
      for (const uint32_t neuron : history_.At(p, step)) digest.AddInFlight(p, step, neuron);
    }
    if (!delivers_) continue;
    for (const uint32_t neuron : history_.At(p, machine_.step)) {
      digest.AddInFlight(p, machine_.step, neuron);
    }
  }
  return digest;
}

Moment ProgramInterpreter::Now() const {
  Moment moment;
  moment.step = machine_.step;
  moment.params = machine_.params;
  moment.totals = machine_.totals;
  moment.sums = machine_.inputs;
  const StepsInFlight steps = InFlightBefore(machine_.program, machine_.step);
  moment.spikes.resize(machine_.program.populations.size());
  for (ir::PopulationId p = 0; p < moment.spikes.size(); ++p) {
    for (uint32_t i = 0; i < steps.count; ++i) {
      moment.spikes[p].push_back(history_.At(p, steps.first + i));
    }
  }
  moment.spike_digest = spike_digest_;
  moment.coarse = machine_.coarse;
  return moment;
}

void ProgramInterpreter::Resume(const Moment& moment, const StateValues& values) {
  machine_.step = moment.step;
  machine_.params = moment.params;
  machine_.totals = moment.totals;
  machine_.inputs = moment.sums;
  machine_.coarse = moment.coarse;
  for (ir::StateId state = 0; state < machine_.states.size(); ++state) {
    if (!machine_.program.states[state].temporary) machine_.states[state] = values(state);
  }
  const StepsInFlight steps = InFlightBefore(machine_.program, moment.step);
  for (ir::PopulationId p = 0; p < moment.spikes.size(); ++p) {
    for (uint32_t i = 0; i < steps.count; ++i) {
      history_.At(p, steps.first + i) = moment.spikes[p][i];
    }
  }
  spike_digest_ = moment.spike_digest;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Interpreter>> Interpreter::CreateAt(ir::Program program,
                                                                   const StepStart& start) {
  BNSYN_ASSIGN_OR_RETURN(Machine machine, Machine::Create(std::move(program)));
  auto interpreter = std::make_unique<ProgramInterpreter>(std::move(machine));
  BNSYN_RETURN_IF_ERROR(interpreter->PrepareAt(start));
  return interpreter;
}

absl::StatusOr<std::unique_ptr<Interpreter>> Interpreter::Create(ir::Program program,
                                                                 Propagation propagation) {
  BNSYN_RETURN_IF_ERROR(ir::Verify(program));
  BNSYN_ASSIGN_OR_RETURN(Machine machine, Machine::Create(std::move(program)));
  auto interpreter = std::make_unique<ProgramInterpreter>(std::move(machine));
  BNSYN_RETURN_IF_ERROR(interpreter->Prepare(propagation));
  return interpreter;
}

}  // namespace bnsyn::reference
