// Stimuli that add to an (input) of a model in every step: an expression, noise, or a value that
// the host sets.
#include "absl/strings/str_cat.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/emit.h"
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
    return ErrorIn(
        text, absl::StrCat("'", text.text, "' is a variable of its own, and not an input"),
        absl::StrCat("declare it as '", text.text, " : ", DisplayUnit(variable->dimension()),
                     " (input)': it is then the sum of what comes in a step"));
  }
  std::vector<std::string> inputs;
  for (const Variable& other : section.variables) {
    if (other.Is("input")) inputs.push_back(other.name());
  }
  return ErrorIn(text,
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
    return ErrorIn(TextOf(setting, what),
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
absl::Status MoveNoise(const StimulusAt& at, CodeScope& scope) {
  ir::Builder& builder = scope.builder();
  BNSYN_ASSIGN_OR_RETURN(const Noise noise,
                         EmitNoise(at.stimulus, at.variable->dimension(), scope));
  const auto emit = [&](ir::Op op, std::initializer_list<ir::Value> operands) {
    return builder.Emit(op, operands);
  };
  const double dt = scope.program().dt;
  const ir::Value decay = emit(ir::Op::kExp, {emit(ir::Op::kDiv, {builder.F64(-dt), noise.tau})});
  const ir::Value lost =
      emit(ir::Op::kNeg,
           {emit(ir::Op::kExpm1, {emit(ir::Op::kDiv, {builder.F64(-2 * dt), noise.tau})})});
  const ir::Value amplitude = emit(ir::Op::kMul, {noise.sigma, emit(ir::Op::kSqrt, {lost})});
  const ir::Value away = emit(ir::Op::kSub, {builder.Load(*at.state), noise.mean});
  const ir::Value kept = emit(ir::Op::kFma, {away, decay, noise.mean});
  const ir::Value next = emit(ir::Op::kFma, {amplitude, Draw(scope), kept});
  StoreVariable(scope.program(), builder, *at.state, next);
  return absl::OkStatus();
}

// Calls `use` with each noise and the section whose neurons it is for.
template <typename Use>
absl::Status ForEachNoise(const Declarations& declared, bool shared, Use use) {
  const Stimulus* last = nullptr;
  for (const StimulusAt& at : declared.stimuli) {
    const Stimulus& stimulus = at.stimulus;
    if (stimulus.kind != StimulusKind::kOrnsteinUhlenbeck || stimulus.shared != shared) continue;
    if (shared && last == &stimulus) continue;
    last = &stimulus;
    BNSYN_RETURN_IF_ERROR(use(at, shared ? declared.uniform : declared.sections[at.section]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DeclareCurrent(const Declarations& declared, StimulusAt& at, ProgramBuilder& out) {
  const Stimulus& stimulus = at.stimulus;
  const Section& section = declared.sections[at.section];
  BNSYN_ASSIGN_OR_RETURN(at.variable, VariableOf(stimulus, section));
  const Dimension& dimension = at.variable->dimension();
  if (stimulus.kind == StimulusKind::kCurrent && at.every == 1) return absl::OkStatus();
  if (stimulus.kind == StimulusKind::kOrnsteinUhlenbeck) {
    BNSYN_RETURN_IF_ERROR(CheckNoise(stimulus, section));
    if (stimulus.shared) {
      for (const StimulusAt& first : declared.stimuli) {
        if (&first.stimulus != &stimulus || !first.state.has_value()) continue;
        at.state = first.state;
        if (first.variable->dimension() == dimension) return absl::OkStatus();
        return StimulusError(stimulus, absl::StrCat("is shared, but the variables it adds to are ",
                                                    DescribeDimension(first.variable->dimension()),
                                                    " and ", DescribeDimension(dimension)));
      }
      at.state =
          out.AddState(stimulus.name, {ir::Element::kF64, ir::DomainId::kNetwork}, dimension);
      return absl::OkStatus();
    }
  }
  at.state = out.AddState(absl::StrCat(section.prefix, at.name),
                          {ir::Element::kF64, section.domain}, dimension);
  return absl::OkStatus();
}

namespace {

// The value of a current that is taken anew every so many steps, and kept between.
ir::Value Hold(const StimulusAt& at, ir::Value value, CodeScope& scope) {
  ir::Builder& builder = scope.builder();
  const auto literal = [&](uint64_t number) { return builder.Literal(ir::Element::kU64, number); };
  const ir::Value step =
      builder.Emit(ir::Op::kStep, {ir::Element::kU64, ir::DomainId::kNetwork}, {});
  // Before the start the current does not act, whatever its value.
  const ir::Value since = builder.Emit(ir::Op::kSub, {step, literal(at.start.value_or(0))});
  const ir::Value within = builder.Emit(ir::Op::kRem, {since, literal(at.every)});
  const ir::Value anew = builder.Emit(ir::Op::kEq, {within, literal(0)});
  const ir::Value held = builder.Emit(ir::Op::kSelect, {anew, value, builder.Load(*at.state)});
  builder.Store(*at.state, held);
  return held;
}

}  // namespace

absl::Status EmitCurrent(const StimulusAt& at, CodeScope& scope) {
  const Stimulus& stimulus = at.stimulus;
  ir::Builder& builder = scope.builder();
  const Variable& variable = *at.variable;
  ir::Value value;
  if (stimulus.kind == StimulusKind::kCurrent) {
    BNSYN_ASSIGN_OR_RETURN(value, EmitSetting(stimulus.value, variable.dimension(),
                                              absl::StrCat("the value of ", stimulus.name), scope));
    if (at.every > 1) value = Hold(at, value, scope);
  } else {
    value = builder.Load(*at.state);
    if (stimulus.kind == StimulusKind::kOrnsteinUhlenbeck && !stimulus.shared) {
      BNSYN_RETURN_IF_ERROR(MoveNoise(at, scope));
    }
  }
  const ir::Value active = EmitActive(at, scope);
  if (active.valid()) value = builder.Emit(ir::Op::kSelect, {active, value, builder.F64(0)});
  const ir::Value before = scope.Get(variable).value;
  const bool nothing =
      builder.node(before).op == ir::Op::kLiteral && builder.node(before).attr == 0;
  scope.Set(variable, nothing ? value : builder.Emit(ir::Op::kAdd, {before, value}));
  return absl::OkStatus();
}

absl::Status EmitNoiseInit(const Declarations& declared, ir::Builder& builder,
                           ProgramBuilder& out) {
  const auto begin = [&](const StimulusAt& at, const Section& section) -> absl::Status {
    const Names names = NamesOf(declared, section);
    CodeScope scope(declared, section, names, builder, out);
    scope.EnterCode("initial", at.stimulus.name);
    if (!at.stimulus.shared) BindNumbers(at, scope);
    BNSYN_ASSIGN_OR_RETURN(const Noise noise,
                           EmitNoise(at.stimulus, at.variable->dimension(), scope));
    const ir::Value drawn = Draw(scope);
    builder.Store(*at.state, builder.Emit(ir::Op::kFma, {noise.sigma, drawn, noise.mean}));
    return absl::OkStatus();
  };
  BNSYN_RETURN_IF_ERROR(ForEachNoise(declared, false, begin));
  return ForEachNoise(declared, true, begin);
}

absl::Status EmitSharedNoise(const Declarations& declared, ir::Builder& builder,
                             ProgramBuilder& out) {
  return ForEachNoise(declared, true, [&](const StimulusAt& at, const Section& section) {
    const Names names = NamesOf(declared, section);
    CodeScope scope(declared, section, names, builder, out);
    scope.EnterCode("stimulus", at.stimulus.name);
    return MoveNoise(at, scope);
  });
}

}  // namespace bnsyn::compiler
