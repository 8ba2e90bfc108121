// Moves along right sides: Euler, Heun, Runge-Kutta, Milstein, and the adaptive steps of rk45.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/equations/rk45.h"
#include "compiler/equations/step_emitter.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;
using Values = std::vector<Value>;

}  // namespace

Values StepEmitter::Drifts(const Subsystem& subsystem, const Values& at, double more,
                           const char* name) {
  Values drifts;
  for (const size_t e : subsystem.members) {
    drifts.push_back(Drift(subsystem, e, at, more));
    NameValue(drifts.back(), absl::StrCat(name, "_", ode(e).name()));
  }
  return drifts;
}

Values StepEmitter::Along(const Subsystem& subsystem, const Values& x, double h,
                          const Values& slopes) const {
  Values moved = x;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    const size_t e = subsystem.members[i];
    moved[e] = Held(e, MulAdd(Number(h), slopes[i], x[e]), x[e]);
  }
  return moved;
}

Value StepEmitter::Increment(size_t source, const Subsystem& subsystem) {
  const auto key = std::make_tuple(source, subsystem.parts, subsystem.part);
  const auto [found, fresh] = increments_.try_emplace(key);
  if (fresh) {
    const NoiseSource& noise = system_.noises()[source];
    // One name may stand for a noise of each neuron and for one that all neurons share.
    const bool shared = noise.domain == ir::DomainId::kNetwork;
    system_.scope().EnterCode(shared ? "shared_noise" : "noise", noise.name, draws_[source]++);
    const Value draw = builder().Emit(Op::kNormal, {ir::Element::kF64, noise.domain}, {},
                                      ir::StreamAttr(scope().NextStream(), 0));
    found->second = builder().Emit(Op::kMul, {Number(std::sqrt(subsystem.h)), draw});
    NameValue(found->second, absl::StrCat("dW_", noise.name));
  }
  return found->second;
}

Values StepEmitter::Euler(const Subsystem& subsystem, const Values& x) {
  Values next;
  for (const size_t e : subsystem.members) {
    Value value = Moved(x[e], Number(subsystem.h), Drift(subsystem, e, x));
    for (const NoiseTerm& term : ode(e).noise) {
      value = MulAdd(At(subsystem, term.factor, x), Increment(term.source, subsystem), value);
    }
    next.push_back(value);
  }
  return next;
}

Values StepEmitter::Rk2(const Subsystem& subsystem, const Values& x) {
  const Values k = Drifts(subsystem, x, 0, "k");
  const Values middle = Along(subsystem, x, subsystem.h / 2, k);
  const Values slopes = Drifts(subsystem, middle, subsystem.h / 2, "m");
  Values next;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    next.push_back(MulAdd(Number(subsystem.h), slopes[i], x[subsystem.members[i]]));
  }
  return next;
}

Values StepEmitter::Heun(const Subsystem& subsystem, const Values& x) {
  const Values first = Drifts(subsystem, x, 0, "k");
  const Values end = Along(subsystem, x, subsystem.h, first);
  const Values last = Drifts(subsystem, end, subsystem.h, "m");
  Values next;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    const Value sum = builder().Emit(Op::kAdd, {first[i], last[i]});
    next.push_back(MulAdd(Number(subsystem.h / 2), sum, x[subsystem.members[i]]));
  }
  return next;
}

Values StepEmitter::Rk4(const Subsystem& subsystem, const Values& x) {
  const double h = subsystem.h;
  const Values k1 = Drifts(subsystem, x, 0, "k1");
  const Values k2 = Drifts(subsystem, Along(subsystem, x, h / 2, k1), h / 2, "k2");
  const Values k3 = Drifts(subsystem, Along(subsystem, x, h / 2, k2), h / 2, "k3");
  const Values k4 = Drifts(subsystem, Along(subsystem, x, h, k3), h, "k4");
  Values next;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    const Value ends = builder().Emit(Op::kAdd, {k1[i], k4[i]});
    const Value middles = builder().Emit(Op::kAdd, {k2[i], k3[i]});
    const Value sum = MulAdd(Number(2), middles, ends);
    next.push_back(MulAdd(Number(h / 6), sum, x[subsystem.members[i]]));
  }
  return next;
}

Values StepEmitter::StochasticHeun(const Subsystem& subsystem, const Values& x) {
  Values next;
  for (const size_t e : subsystem.members) {
    next.push_back(MulAdd(Number(subsystem.h), Drift(subsystem, e, x), x[e]));
  }
  for (size_t source = 0; source < system_.noises().size(); ++source) {
    Values support = x;
    bool drives = false;
    for (const size_t e : subsystem.members) {
      for (const NoiseTerm& term : ode(e).noise) {
        if (term.source != source) continue;
        drives = true;
        const Value factor = At(subsystem, term.factor, x);
        support[e] = Held(e, MulAdd(factor, Increment(source, subsystem), x[e]), x[e]);
        NameValue(support[e], absl::StrCat("s_", ode(e).name()));
      }
    }
    if (!drives) continue;
    const Value half = builder().Emit(Op::kMul, {Number(0.5), Increment(source, subsystem)});
    for (size_t i = 0; i < subsystem.members.size(); ++i) {
      for (const NoiseTerm& term : ode(subsystem.members[i]).noise) {
        if (term.source != source) continue;
        const Value before = At(subsystem, term.factor, x);
        const Value after = At(subsystem, term.factor, support, subsystem.h);
        next[i] = MulAdd(half, builder().Emit(Op::kAdd, {before, after}), next[i]);
      }
    }
  }
  return next;
}

Values StepEmitter::Milstein(const Subsystem& subsystem, const Values& x) {
  const double root = std::sqrt(subsystem.h);
  Values next;
  for (const size_t e : subsystem.members) {
    Value value = MulAdd(Number(subsystem.h), Drift(subsystem, e, x), x[e]);
    for (const NoiseTerm& term : ode(e).noise) {
      const Value factor = At(subsystem, term.factor, x);
      const Value increment = Increment(term.source, subsystem);
      value = MulAdd(factor, increment, value);
      if (!DependsOn(builder(), term.factor, {ode(e).stand_in})) continue;
      Values support = x;
      support[e] = Held(e, MulAdd(Number(root), factor, x[e]), x[e]);
      NameValue(support[e], absl::StrCat("s_", ode(e).name()));
      const Value change = builder().Emit(Op::kSub, {At(subsystem, term.factor, support), factor});
      const Value square = builder().Emit(Op::kMul, {increment, increment});
      const Value scaled = builder().Emit(Op::kMul, {Number(1 / (2 * root)), change});
      value = MulAdd(scaled, square, value);
    }
    next.push_back(value);
  }
  return next;
}

Values StepEmitter::AdaptiveSteps(const Subsystem& subsystem, const Values& x) {
  Rk45 step;
  step.h = subsystem.h;
  step.x = x;
  for (size_t i = 0; i < subsystem.members.size(); ++i) {
    const Tolerances& tolerances = subsystem.tolerances[i];
    step.members.push_back({subsystem.members[i], tolerances.relative, tolerances.absolute});
  }
  const Value begin = TimeOf(subsystem);
  step.drift = [&](size_t e, const Values& at, Value elapsed) {
    const Value time = builder().Emit(Op::kAdd, {begin, elapsed});
    const Value drift = within_ != nullptr ? within_->InPass(ode(e).drift) : ode(e).drift;
    return system_.At(WithMeans(drift), at, time);
  };
  return EmitRk45(system_, step, within_);
}

}  // namespace bnsyn::compiler
