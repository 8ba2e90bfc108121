#include "compiler/equations/linear_step.h"

#include <cmath>

#include "compiler/analysis/facts.h"
#include "compiler/equations/method_fit.h"
#include "compiler/equations/propagator.h"
#include "compiler/language/code_emitter.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;

// Row `row` of a propagator, of which the first variables are those of the step: the value of its
// variable, if that begins with 0 or is one of them.
Value EmitRow(const OdeSystem& system, const CoupledStep& step, const Propagator& propagator,
              size_t row) {
  Scope& scope = system.scope();
  ir::Builder& builder = system.builder();
  // What is added is summed first: it is often the same for all neurons.
  Value sum;
  const auto add = [&](double factor, Value value) {
    if (factor == 0 || IsZero(builder, value)) return;
    const Value number = builder.F64(factor);
    sum = sum.valid() ? EmitMulAdd(scope, number, value, sum) : EmitMultiply(scope, number, value);
  };
  for (size_t j = 0; j < step.members.size(); ++j) {
    if (step.refractory && system.equations()[step.members[j]].held) continue;
    add(propagator.input[row][j], step.rests[j]);
  }
  for (size_t j = 0; j < step.members.size(); ++j) add(propagator.state[row][j], step.start[j]);
  return sum.valid() ? sum : builder.F64(0);
}

double MeanOfRamp(double k) {
  if (std::fabs(k) > 0.5)
    return static_cast<double>((std::expm1(static_cast<long double>(k)) / k - 1) / k);
  // The sum of k^n/(n + 2)!.
  long double sum = 1;
  for (int n = 20; n >= 3; --n) sum = 1 + sum * k / n;
  return static_cast<double>(sum / 2);
}

}  // namespace

std::vector<Value> SolveTogether(const OdeSystem& system, const CoupledStep& step) {
  const Propagator propagator =
      *MakePropagator(CoefficientsOf(system, step.members, step.refractory), step.h);
  std::vector<Value> next;
  for (size_t i = 0; i < step.members.size(); ++i) {
    next.push_back(EmitRow(system, step, propagator, i));
  }
  return next;
}

// A mean is the solution of dm/dt = x/h at the end of the step, with m = 0 at its start.
std::vector<Value> MeansTogether(const OdeSystem& system, const CoupledStep& step,
                                 const std::vector<size_t>& wanted) {
  const size_t n = step.members.size();
  Matrix a = CoefficientsOf(system, step.members, step.refractory);
  for (std::vector<double>& row : a) row.resize(n + wanted.size());
  for (const size_t member : wanted) {
    a.emplace_back(n + wanted.size()).at(member) = 1 / step.h;
  }
  const std::optional<Propagator> propagator = MakePropagator(a, step.h);
  std::vector<Value> means;
  for (size_t w = 0; w < wanted.size(); ++w) {
    means.push_back(propagator ? EmitRow(system, step, *propagator, n + w) : step.start[wanted[w]]);
  }
  return means;
}

Value EmitMeanOfRamp(const OdeSystem& system, Value k) {
  ir::Builder& builder = system.builder();
  if (const std::optional<double> number = system.Number(k)) {
    return builder.F64(MeanOfRamp(*number));
  }
  // Near 0 the quotient loses digits: half of them where the series is as good.
  const Value small = builder.Emit(Op::kLt, {builder.Emit(Op::kAbs, {k}), builder.F64(1e-5)});
  const Value series = builder.Emit(Op::kFma, {k, builder.F64(1.0 / 6), builder.F64(0.5)});
  const Value above = builder.Emit(Op::kSub, {builder.Emit(Op::kExprel, {k}), builder.F64(1)});
  return builder.Emit(Op::kSelect, {small, series, builder.Emit(Op::kDiv, {above, k})});
}

}  // namespace bnsyn::compiler
