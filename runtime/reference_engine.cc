// The reference backend: the interpreter as an engine.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ir/status_macros.h"
#include "ir/text.h"
#include "reference/interpreter.h"
#include "runtime/engine.h"
#include "runtime/memory_plan.h"

namespace bnsyn {
namespace {

class ReferenceEngine : public Engine {
 public:
  explicit ReferenceEngine(std::unique_ptr<reference::Interpreter> interpreter)
      : interpreter_(std::move(interpreter)),
        spike_counts_(interpreter_->program().populations.size()) {}

  const ir::Program& program() const override { return interpreter_->program(); }
  uint64_t step() const override { return interpreter_->step(); }
  uint64_t synapses() const override { return interpreter_->synapses(); }

  absl::Status Run(uint64_t steps, SpikeSink* sink) override {
    for (uint64_t i = 0; i < steps; ++i) {
      const uint64_t step = interpreter_->step();
      const absl::Status status = interpreter_->Step();
      for (ir::PopulationId p = 0; p < spike_counts_.size(); ++p) {
        const absl::Span<const uint32_t> spikes = interpreter_->LastSpikes(p);
        spike_counts_[p] += spikes.size();
        if (sink != nullptr && !spikes.empty()) sink->OnSpikes(p, step, spikes);
      }
      BNSYN_RETURN_IF_ERROR(status);
    }
    return absl::OkStatus();
  }

  reference::ArrayView State(ir::StateId state) const override {
    return interpreter_->State(state);
  }
  absl::Status SetState(ir::StateId state, uint32_t element, ir::Bits bits) override {
    return interpreter_->SetState(state, element, bits);
  }
  absl::Status SetParam(ir::ParamId param, ir::Bits value) override {
    return interpreter_->SetParam(param, value);
  }
  absl::Status InjectSpikes(ir::PopulationId population,
                            absl::Span<const uint32_t> neurons) override {
    return interpreter_->InjectSpikes(population, neurons);
  }
  reference::Digest ComputeDigest() const override { return interpreter_->ComputeDigest(); }
  uint64_t SpikeCount(ir::PopulationId population) const override {
    return spike_counts_[population];
  }
  reference::CoarseTallies Coarse() const override { return interpreter_->Coarse(); }

  const ir::Program& lowered() const override { return program(); }
  std::string LoweredText() const override { return ir::Print(program()); }
  reference::Moment Now() const override {
    reference::Moment moment = interpreter_->Now();
    moment.spike_counts = spike_counts_;
    return moment;
  }
  void ReadValues(ir::StateId state, char* out) const override { CopyBytes(State(state), out); }
  uint64_t ValueCount(ir::StateId state) const override { return State(state).size; }
  absl::Status Resume(const reference::Moment& moment,
                      const reference::StateValues& values) override {
    interpreter_->Resume(moment, values);
    spike_counts_ = moment.spike_counts;
    return absl::OkStatus();
  }

 private:
  std::unique_ptr<reference::Interpreter> interpreter_;
  std::vector<uint64_t> spike_counts_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> MakeReferenceEngine(ir::Program program,
                                                            const EngineOptions& options,
                                                            EngineReport& report) {
  BNSYN_ASSIGN_OR_RETURN(const MemoryPlan plan, PlanMemory(program, options));
  BNSYN_RETURN_IF_ERROR(CheckMemory(plan, options.memory_limit));
  report.memory_bytes = static_cast<uint64_t>(plan.total());
  BNSYN_ASSIGN_OR_RETURN(std::unique_ptr<reference::Interpreter> interpreter,
                         reference::Interpreter::Create(std::move(program), options.propagation));
  return std::make_unique<ReferenceEngine>(std::move(interpreter));
}

}  // namespace bnsyn
