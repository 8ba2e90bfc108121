// Stimuli that bring a current, or whatever else a model takes as an (input): an expression, noise,
// or what the host sets.
#include "absl/strings/str_cat.h"
#include "compiler/lowering/stimulus.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// The input of the target that the current adds to.
absl::StatusOr<const Variable*> VariableOf(const Stimulus& stimulus, const Section& section) {
  const ir::SourceText& text = stimulus.variable;
  const Variable* variable = section.FindVariable(text.text);
  if (variable != nullptr && variable->Is("input")) return variable;
  if (variable != nullptr) {
    return ir::ErrorAt(
        text, Whole(text),
        absl::StrCat("'", text.text, "' is a variable of its own, and not an input"),
        absl::StrCat("declare it as '", text.text, " : ", DisplayUnit(variable->dimension()),
                     " (input)': it is then the sum of what comes in a step"));
  }
  std::vector<std::string> inputs;
  for (const Variable& other : section.variables) {
    if (other.Is("input")) inputs.push_back(other.name());
  }
  return ir::ErrorAt(text, Whole(text),
                     absl::StrCat("'", section.name, "' has no input '", text.text, "'",
                                  ir::DidYouMean(text.text, inputs)),
                     "declare it in the equations of its model, as in I_ext : amp (input)");
}

// Noise with the stationary distribution normal(mean, sigma) and the correlation exp(-|t|/tau).
struct Noise {
  ir::Value mean;
  ir::Value sigma;
  ir::Value tau;
};

absl::Status CheckNoise(const Stimulus& stimulus, const Section& section) {
  const auto check = [&](const Setting& setting, const char* name, bool zero) {
    const std::optional<Quantity> known = KnownSetting(setting, section);
    if (!known.has_value() || known->value > 0 || (zero && known->value == 0)) {
      return absl::OkStatus();
    }
    const std::string what = absl::StrCat("the ", name, " of ", stimulus.name);
    const ir::SourceText text = TextOf(setting, what);
    return ir::ErrorAt(text, Whole(text),
                       absl::StrCat(what, zero ? " must not be negative" : " must be above 0"));
  };
  BNSYN_RETURN_IF_ERROR(check(stimulus.sigma, "sigma", true));
  return check(stimulus.tau, "tau", false);
}

absl::StatusOr<Noise> EmitNoise(const Stimulus& stimulus, const Dimension& dimension,
                                CodeScope& scope) {
  const auto emit = [&](const Setting& setting, const Dimension& expected, const char* name) {
    // The number 0 fits every dimension.
    if (!setting.is_text() && setting.quantity().value == 0) {
      return absl::StatusOr<ir::Value>(scope.builder().F64(0));
    }
    return EmitSetting(setting, expected, absl::StrCat("the ", name, " of ", stimulus.name), scope);
  };
  Noise noise;
  BNSYN_ASSIGN_OR_RETURN(noise.mean, emit(stimulus.mean, dimension, "mean"));
  BNSYN_ASSIGN_OR_RETURN(noise.sigma, emit(stimulus.sigma, dimension, "sigma"));
  BNSYN_ASSIGN_OR_RETURN(noise.tau, emit(stimulus.tau, dimension::kTime, "tau"));
  return noise;
}

ir::Value Draw(CodeScope& scope) {
  return scope.builder().Emit(ir::Op::kNormal, {ir::Element::kF64, scope.domain()}, {},
                              ir::StreamAttr(scope.NextStream(), 0));
}

// The exact step of an Ornstein-Uhlenbeck process (Gillespie, Phys. Rev. E 54, 1996):
//   x(t + dt) = mean + (x(t) - mean) exp(-dt/tau) + sigma sqrt(1 - exp(-2 dt/tau)) normal(0, 1)
absl::Status MoveNoise(Lowering& lowering, const Stimulus& stimulus, ir::StateId state,
                       const Dimension& dimension, CodeScope& scope) {
  ir::Builder& builder = scope.builder();
  BNSYN_ASSIGN_OR_RETURN(const Noise noise, EmitNoise(stimulus, dimension, scope));
  const auto emit = [&](ir::Op op, std::initializer_list<ir::Value> operands) {
    return builder.Emit(op, operands);
  };
  const double dt = lowering.network.options.dt.value;
  const ir::Value decay = emit(ir::Op::kExp, {emit(ir::Op::kDiv, {builder.F64(-dt), noise.tau})});
  const ir::Value lost =
      emit(ir::Op::kNeg,
           {emit(ir::Op::kExpm1, {emit(ir::Op::kDiv, {builder.F64(-2 * dt), noise.tau})})});
  const ir::Value amplitude = emit(ir::Op::kMul, {noise.sigma, emit(ir::Op::kSqrt, {lost})});
  const ir::Value away = emit(ir::Op::kSub, {builder.Load(state), noise.mean});
  const ir::Value kept = emit(ir::Op::kFma, {away, decay, noise.mean});
  const ir::Value next = emit(ir::Op::kFma, {amplitude, Draw(scope), kept});
  StoreVariable(lowering, builder, state, next);
  return absl::OkStatus();
}

// The dimension of what a stimulus adds: that of its variable at the first target.
absl::StatusOr<Dimension> DimensionOf(const Lowering& lowering, const Stimulus& stimulus) {
  for (const Section& section : lowering.sections) {
    if (section.name != stimulus.targets[0]) continue;
    BNSYN_ASSIGN_OR_RETURN(const Variable* variable, VariableOf(stimulus, section));
    return variable->dimension();
  }
  return absl::InternalError("a stimulus without a target");
}

// Calls `use` with each noise: what it is of, its state, and the section whose neurons it is for.
template <typename Use>
absl::Status ForEachNoise(Lowering& lowering, bool shared, Use use) {
  const std::vector<Stimulus>& stimuli = lowering.network.stimuli;
  std::optional<size_t> last;
  // In order of stimuli, and of targets among those of one.
  for (const auto& [key, state] : lowering.stimulus_states) {
    const Stimulus& stimulus = stimuli[key.first];
    if (stimulus.kind != StimulusKind::kOrnsteinUhlenbeck || stimulus.shared != shared) continue;
    if (shared && last == key.first) continue;
    last = key.first;
    const Section& section = shared ? lowering.uniform : lowering.sections[key.second];
    BNSYN_ASSIGN_OR_RETURN(const Dimension dimension, DimensionOf(lowering, stimulus));
    BNSYN_RETURN_IF_ERROR(use(stimulus, state, dimension, section));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DeclareCurrent(Lowering& lowering, const StimulusAt& at) {
  const Stimulus& stimulus = at.stimulus;
  const Section& section = lowering.sections[at.target];
  BNSYN_ASSIGN_OR_RETURN(const Variable* variable, VariableOf(stimulus, section));
  if (stimulus.kind == StimulusKind::kCurrent) return absl::OkStatus();
  if (stimulus.kind == StimulusKind::kOrnsteinUhlenbeck) {
    BNSYN_RETURN_IF_ERROR(CheckNoise(stimulus, section));
    if (stimulus.shared) {
      BNSYN_ASSIGN_OR_RETURN(const Dimension first, DimensionOf(lowering, stimulus));
      if (variable->dimension() != first) {
        return StimulusError(stimulus, absl::StrCat("is shared, but the variables it adds to are ",
                                                    DescribeDimension(first), " and ",
                                                    DescribeDimension(variable->dimension())));
      }
      const auto known = lowering.program.FindState(stimulus.name);
      lowering.stimulus_states[at.key()] =
          known.has_value() ? *known
                            : AddStimulusState(lowering, stimulus.name, ir::DomainId::kNetwork,
                                               variable->dimension());
      return absl::OkStatus();
    }
  }
  lowering.stimulus_states[at.key()] = AddStimulusState(
      lowering, absl::StrCat(section.prefix, stimulus.name), section.domain, variable->dimension());
  return absl::OkStatus();
}

absl::Status LowerCurrent(Lowering& lowering, const StimulusAt& at, CodeScope& scope) {
  const Stimulus& stimulus = at.stimulus;
  ir::Builder& builder = scope.builder();
  BNSYN_ASSIGN_OR_RETURN(const Variable* variable, VariableOf(stimulus, scope.section()));
  ir::Value value;
  if (stimulus.kind == StimulusKind::kCurrent) {
    BNSYN_ASSIGN_OR_RETURN(value, EmitSetting(stimulus.value, variable->dimension(),
                                              absl::StrCat("the value of ", stimulus.name), scope));
  } else {
    const ir::StateId state = lowering.stimulus_states.at(at.key());
    value = builder.Load(state);
    if (stimulus.kind == StimulusKind::kOrnsteinUhlenbeck && !stimulus.shared) {
      BNSYN_RETURN_IF_ERROR(MoveNoise(lowering, stimulus, state, variable->dimension(), scope));
    }
  }
  BNSYN_ASSIGN_OR_RETURN(const ir::Value window, EmitWindow(lowering, stimulus, builder));
  if (window.valid()) value = builder.Emit(ir::Op::kSelect, {window, value, builder.F64(0)});
  const ir::Value before = scope.Get(*variable).value;
  const bool nothing =
      builder.node(before).op == ir::Op::kLiteral && builder.node(before).attr == 0;
  scope.Set(*variable, nothing ? value : builder.Emit(ir::Op::kAdd, {before, value}));
  return absl::OkStatus();
}

absl::Status LowerStimuliInit(Lowering& lowering, ir::Builder& builder) {
  const auto begin = [&](const Stimulus& stimulus, ir::StateId state, const Dimension& dimension,
                         const Section& section) -> absl::Status {
    CodeScope scope(lowering, section, builder);
    scope.EnterCode("initial", stimulus.name);
    BNSYN_ASSIGN_OR_RETURN(const Noise noise, EmitNoise(stimulus, dimension, scope));
    const ir::Value drawn = Draw(scope);
    builder.Store(state, builder.Emit(ir::Op::kFma, {noise.sigma, drawn, noise.mean}));
    return absl::OkStatus();
  };
  BNSYN_RETURN_IF_ERROR(ForEachNoise(lowering, false, begin));
  return ForEachNoise(lowering, true, begin);
}

absl::Status LowerSharedStimuli(Lowering& lowering, ir::Builder& builder) {
  return ForEachNoise(lowering, true,
                      [&](const Stimulus& stimulus, ir::StateId state, const Dimension& dimension,
                          const Section& section) {
                        CodeScope scope(lowering, section, builder);
                        scope.EnterCode("stimulus", stimulus.name);
                        return MoveNoise(lowering, stimulus, state, dimension, scope);
                      });
}

}  // namespace bnsyn::compiler
