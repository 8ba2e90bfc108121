#include "compiler/lowering/mr_estimate.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;

constexpr int64_t kMostLags = 100;
constexpr int64_t kLongestMemory = int64_t{1} << 40;
// Nothing is said before so many runs, as many times the lags, and so many spikes.
constexpr int64_t kFewestRuns = 200;
constexpr int64_t kRunsOfALag = 10;
constexpr double kFewestSpikes = 100;
// Of m, and of its change in a run.
constexpr double kFirst = 0.9;
constexpr double kLeast = 0.01;
constexpr double kGreatest = 1.2;
constexpr double kMostChange = 0.1;
constexpr double kNothingToSay = -1;

class MrEmitter {
 public:
  MrEmitter(CodeScope& scope, int64_t lags, int64_t memory)
      : scope_(scope), builder_(scope.builder()), lags_(lags), memory_(memory) {}

  Value Run(Value activity) {
    const ir::StateId runs_state = State("runs", 0);
    const Value runs = builder_.Load(runs_state);  // before this one
    Update(activity, runs);
    builder_.Store(runs_state, Do(Op::kAdd, {runs, F64(1)}));
    const Value told = Told(activity, runs);
    return Fit(told);
  }

 private:
  Value F64(double number) { return builder_.F64(number); }
  Value Do(Op op, std::initializer_list<Value> operands) { return builder_.Emit(op, operands); }
  Value Fma(Value a, Value b, Value c) { return Do(Op::kFma, {a, b, c}); }
  // Names of three parts are hidden from hosts.
  ir::StateId State(const std::string& name, double initial) {
    return scope_.AddOwnState(absl::StrCat(kMrEstimate, ".of.", name), initial,
                              -std::numeric_limits<double>::max(),
                              std::numeric_limits<double>::max());
  }

  // Takes the newest value into the means, variances and covariances of all lags, with a weight of
  // 1/n for the n-th: that makes them plain means. The weight stays at that of the memory later.
  void Update(Value newest, Value runs) {
    const Value pairs =
        Do(Op::kMax, {Do(Op::kSub, {runs, F64(static_cast<double>(lags_ - 1))}), F64(1)});
    Value weight = Do(Op::kDiv, {F64(1), pairs});
    if (memory_ > 0) weight = Do(Op::kMax, {weight, F64(1 / static_cast<double>(memory_))});
    const Value begun = Do(Op::kGe, {runs, F64(static_cast<double>(lags_))});
    weight = Do(Op::kSelect, {begun, weight, F64(0)});
    const Value rest = Do(Op::kSub, {F64(1), weight});
    const auto toward = [&](ir::StateId mean_state, Value value) {
      const Value mean = builder_.Load(mean_state);
      const Value away = Do(Op::kSub, {value, mean});
      builder_.Store(mean_state, Fma(weight, away, mean));
      return away;
    };
    // mean of (x - mean)(y - mean), from the distances to the means before this pair.
    const auto moment = [&](ir::StateId state, Value a, Value b) {
      const Value before = builder_.Load(state);
      const Value added = Fma(Do(Op::kMul, {weight, a}), b, before);
      const Value next = Do(Op::kMul, {rest, added});
      builder_.Store(state, next);
      return next;
    };
    const Value y = toward(State("y", 0), newest);
    Value follower = newest;
    for (int64_t lag = 1; lag <= lags_; ++lag) {
      const ir::StateId past_state = State("past", 0);
      const Value past = builder_.Load(past_state);
      builder_.Store(past_state, follower);
      follower = past;
      const Value x = toward(State("x", 0), past);
      const Value variance = moment(State("xx", 0), x, x);
      const Value covariance = moment(State("xy", 0), x, y);
      const Value slope = Do(Op::kDiv, {covariance, variance});
      slopes_.push_back(Do(Op::kSelect, {Do(Op::kGt, {variance, F64(0)}), slope, F64(0)}));
    }
  }

  // True if there were enough runs and spikes.
  Value Told(Value activity, Value runs) {
    const ir::StateId spikes_state = State("spikes", 0);
    const double kept = memory_ > 0 ? 1 - 1 / static_cast<double>(memory_) : 1;
    const Value before = builder_.Load(spikes_state);
    const Value spikes = Fma(F64(kept), before, activity);
    builder_.Store(spikes_state, spikes);
    const auto fewest = static_cast<double>(std::max(kFewestRuns, kRunsOfALag * lags_));
    return Do(Op::kAnd,
              {Do(Op::kGe, {runs, F64(fewest)}), Do(Op::kGe, {spikes, F64(kFewestSpikes)})});
  }

  // With p = m^k and q = k p the best b is (r p)/(p p). What is left of r has no part along p, and
  // the step of log(m) is (r q - b p q)/(b (q q - (p q)^2/(p p))).
  Value Fit(Value told) {
    const ir::StateId m_state = State("m", kFirst);
    const Value m = builder_.Load(m_state);
    Value power = F64(1);
    Value pp = F64(0), pq = F64(0), qq = F64(0), rp = F64(0), rq = F64(0);
    for (int64_t lag = 1; lag <= lags_; ++lag) {
      power = Do(Op::kMul, {power, m});
      const Value q = Do(Op::kMul, {F64(static_cast<double>(lag)), power});
      const Value slope = slopes_[static_cast<size_t>(lag - 1)];
      pp = Fma(power, power, pp);
      pq = Fma(power, q, pq);
      qq = Fma(q, q, qq);
      rp = Fma(slope, power, rp);
      rq = Fma(slope, q, rq);
    }
    const Value b = Do(Op::kDiv, {rp, pp});
    const Value rise = Do(Op::kSub, {rq, Do(Op::kMul, {b, pq})});
    const Value bend = Do(Op::kSub, {qq, Do(Op::kDiv, {Do(Op::kMul, {pq, pq}), pp})});
    const Value step = Do(Op::kDiv, {rise, Do(Op::kMul, {b, bend})});
    const Value change = Do(Op::kMin, {Do(Op::kMax, {step, F64(-kMostChange)}), F64(kMostChange)});
    const Value moved =
        Do(Op::kMin, {Do(Op::kMax, {Fma(m, change, m), F64(kLeast)}), F64(kGreatest)});
    // Slopes that fall below 0 have no b.
    const Value known = Do(Op::kAnd, {told, Do(Op::kGt, {rp, F64(0)})});
    const Value next = Do(Op::kSelect, {known, moved, m});
    builder_.Store(m_state, next);
    return Do(Op::kSelect, {known, next, F64(kNothingToSay)});
  }

  CodeScope& scope_;
  ir::Builder& builder_;
  int64_t lags_;
  int64_t memory_;  // 0 for all
  std::vector<Value> slopes_;
};

// A whole number from `least` to `greatest` that is known before the run.
absl::StatusOr<int64_t> WholeNumber(const Expr& expr, const ir::SourceText& source,
                                    absl::string_view what, int64_t least, int64_t greatest,
                                    CodeScope& scope) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(expr, source, scope));
  if (value.integer && value.least == value.greatest && value.least >= least &&
      value.least <= greatest) {
    return value.least;
  }
  return ir::ErrorAt(source, expr.range,
                     absl::StrCat(what, " is a whole number from ", least, " to ", greatest,
                                  " that is known before the run"),
                     absl::StrCat("as in ", kMrEstimate, "(count(exc), 20, 10000)"));
}

}  // namespace

absl::StatusOr<TypedValue> EmitMrEstimate(const Expr& call, const ir::SourceText& source,
                                          CodeScope& scope) {
  const std::string usage = absl::StrCat("it is called as ", kMrEstimate, "(count(exc), 20), or ",
                                         kMrEstimate, "(count(exc), 20, 10000)");
  const ir::SourceRange name = {call.range.offset, call.name.size()};
  const std::string& own = scope.clock() != nullptr ? scope.clock()->clock.text.text
                                                    : scope.section().code->update_text.text;
  const Value where = scope.Where();
  if (source.text != own || !IsLiteral(scope.builder(), where)) {
    return ir::ErrorAt(
        source, name,
        absl::StrCat(kMrEstimate, " has to see the activity in every run of its code"),
        absl::StrCat("write x = ", kMrEstimate,
                     "(...) in update code or in that of a clock, and choose by x"));
  }
  if (call.children.size() != 2 && call.children.size() != 3) {
    return ir::ErrorAt(source, call.range,
                       absl::StrCat(kMrEstimate, " takes an activity, a number of lags and, if it ",
                                    "is to forget, a memory"),
                       usage);
  }
  BNSYN_ASSIGN_OR_RETURN(const TypedValue activity, EmitFloat(call.children[0], source, scope));
  if (!activity.dimension.dimensionless()) {
    return ir::ErrorAt(source, call.children[0].range,
                       absl::StrCat("the activity is a number of spikes, not ",
                                    DescribeDimension(activity.dimension)),
                       usage);
  }
  BNSYN_ASSIGN_OR_RETURN(
      const int64_t lags,
      WholeNumber(call.children[1], source, "the number of lags", 2, kMostLags, scope));
  int64_t memory = 0;
  if (call.children.size() == 3) {
    BNSYN_ASSIGN_OR_RETURN(memory, WholeNumber(call.children[2], source, "the memory", 10 * lags,
                                               kLongestMemory, scope));
  }
  return TypedValue{MrEmitter(scope, lags, memory).Run(activity.value), {}};
}

}  // namespace bnsyn::compiler
