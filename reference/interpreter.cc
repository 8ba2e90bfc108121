#include "reference/interpreter.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
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
        history_(machine_.program.populations.size(), machine_.program.MaxDelay()) {
    for (const ir::Block& block : machine_.program.step) blocks_.emplace_back(block, machine_);
  }

  // Completes the construction once the machine has its final address.
  absl::Status Prepare(Propagation propagation) {
    BNSYN_RETURN_IF_ERROR(machine_.Begin());
    BNSYN_ASSIGN_OR_RETURN(events_, ReadAllEvents(machine_.program));
    BNSYN_ASSIGN_OR_RETURN(propagator_, Propagator::Create(machine_, propagation, events_));
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
    return history_.At(population, machine_.step - 1);
  }
  absl::Status InjectSpikes(ir::PopulationId population,
                            absl::Span<const uint32_t> neurons) override;
  Digest ComputeDigest() const override;
  const CoarseTallies& Coarse() const override { return machine_.coarse; }

 private:
  void DeliverSynapticEvents();
  void DeliverFileEvents();

  Machine machine_;
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
  }
  return absl::OkStatus();
}

absl::Status ProgramInterpreter::Step() {
  const uint64_t step = machine_.step;
  machine_.BeginStep();
  DeliverSynapticEvents();
  DeliverFileEvents();
  for (BlockRunner& block : blocks_) block.Run();

  for (ir::PopulationId p = 0; p < machine_.spikes.size(); ++p) {
    spike_digest_.AddSpikes(p, step, machine_.spikes[p]);
    history_.At(p, step) = machine_.spikes[p];
  }
  machine_.EndStep();

  if (!machine_.input_fault.ok()) return machine_.input_fault;
  if (!machine_.arithmetic_fault.ok()) return machine_.arithmetic_fault;
  if (!machine_.check_fault) return absl::OkStatus();
  return DescribeCheckFault(machine_.program, step, *machine_.check_fault,
                            [this](ir::ProjectionId projection, uint64_t synapse) {
                              const SynapseTable& table = machine_.synapses[projection];
                              return SynapseEnds{table.source(synapse), table.target(synapse)};
                            });
}

void ProgramInterpreter::DeliverSynapticEvents() {
  for (ir::ProjectionId p = 0; p < machine_.program.projections.size(); ++p) {
    const ir::Projection& projection = machine_.program.projections[p];
    for (const uint32_t delay : propagator_->delays(p)) {
      propagator_->Deliver(p, delay, history_.At(projection.source, machine_.step - delay));
    }
  }
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
  const uint64_t last = machine_.step - 1;
  std::vector<uint32_t>& spikes = history_.At(population, last);
  const uint32_t most = machine_.program.MostRepeats(population);
  for (const uint32_t neuron : neurons) {
    const auto [first, end] = std::equal_range(spikes.begin(), spikes.end(), neuron);
    if (end - first >= most) {
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
    } else if (!declared.temporary) {
      digest.AddState(state, State(state));
    }
  }
  const uint32_t longest = program.MaxDelay();
  for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
    for (uint32_t back = 1; back <= longest; ++back) {
      const uint64_t step = machine_.step - back;
      for (const uint32_t neuron : history_.At(p, step)) digest.AddInFlight(p, step, neuron);
    }
  }
  return digest;
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
