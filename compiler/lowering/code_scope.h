// Code of a section over the present values of its variables.
#ifndef BNSYN_COMPILER_LOWERING_CODE_SCOPE_H_
#define BNSYN_COMPILER_LOWERING_CODE_SCOPE_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/value_range.h"
#include "compiler/equations/equation_scope.h"
#include "compiler/language/code.h"
#include "compiler/lowering/declarations.h"
#include "compiler/lowering/environment.h"
#include "compiler/lowering/names.h"
#include "compiler/lowering/program_builder.h"
#include "compiler/lowering/streams.h"

namespace bnsyn::compiler {

// What a clock of the network reads of populations and synapses: what has to run for that besides
// its own code.
struct ClockReads {
  const ClockCode& clock;
  // States that count the spikes since the clock ran.
  std::vector<std::pair<ir::StateId, ir::PopulationId>> counts;
  std::vector<ir::InputId> synapses;  // inputs for run_sums, which run before these:
  std::vector<ir::Block> sums;        // clocks that sum variables, which run before it
};

// Emits code into a block: what a name means comes from Names, the value it has from the
// environment. Variables are stored at the end, by StoreChanged.
class CodeScope : public EquationScope {
 public:
  // All arguments must outlive the scope.
  CodeScope(const Declarations& declared, const Section& section, const Names& names,
            ir::Builder& builder, ProgramBuilder& out)
      : declared_(declared), section_(section), names_(names), builder_(builder), out_(out) {}

  ir::Builder& builder() override { return builder_; }
  MathMode math() const override { return declared_.math; }
  ir::DomainId domain() const override {
    return environment_.shared.empty() ? section_.domain : ir::DomainId::kNetwork;
  }
  uint32_t NextStream() override;
  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override;
  // Tables, and at the network level count(exc), sum(exc.V) and mean(exc.V).
  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override;
  // Rows of tables and files: table[i], file("x.csv")[i][j].
  absl::StatusOr<std::optional<TypedValue>> Subscript(const Expr& expr,
                                                      const ir::SourceText& source) override;
  std::vector<std::string> KnownNames() const override;
  std::string AdviceFor(const std::string& unknown) const override;
  std::optional<ir::SourceText> PlaceOf(const std::string& name) const override;
  std::optional<ZeroValue> FindZero(const std::string& name) const override;
  absl::Status Assign(const Statement& statement, TypedValue right,
                      const ir::SourceText& source) override;
  void Expect(ir::Op op, ir::Value a, ir::Value b) override;
  void LeaveArm() override;

  absl::Span<const Equation> equations() const override { return section_.code->equations; }
  const ir::SourceText& equations_text() const override { return section_.code->equations_text; }
  const ir::Program& program() const override { return out_.program; }
  // The same, to which code may add tables.
  ir::Program& ChangeProgram() { return out_.program; }
  ir::Value Present(const Equation& variable) override { return Get(VariableOf(variable)).value; }
  void Update(const Equation& variable, ir::Value value) override {
    Set(VariableOf(variable), value);
  }
  void Assume(const Equation& variable, ir::Value value) override {
    Change().variables[&VariableOf(variable)] = value;
  }
  std::vector<ir::Value> EmitLoop(const LoopShape& shape,
                                  const std::vector<LoopVariable>& variables) override;
  ir::StateId AddOwnState(const std::string& name, double initial, double lower,
                          double upper) override;
  void KeepTiny(const Equation& variable) override {
    environment_.tiny_kept.insert(&VariableOf(variable));
  }
  ir::Value active() const override { return environment_.active; }
  void EnterCode(std::string kind, absl::string_view part, uint32_t draw) override;
  absl::StatusOr<TypedValue> EmitOver(const StandIns& stand_ins, const Expr& expr,
                                      const std::string& shared) override;

  const Section& section() const { return section_; }
  const Names& names() const { return names_; }
  const Environment& environment() const { return environment_; }
  // For a change: values of equations x = ... are computed anew after it.
  Environment& Change() {
    environment_.definitions.clear();
    return environment_;
  }

  // The present value of a variable.
  TypedValue Get(const Variable& variable);
  // Gives a variable a new value, for elements for which the guards hold.
  void Set(const Variable& variable, ir::Value value);
  bool HasChanged(const Variable& variable) const {
    return environment_.changed.count(&variable) != 0;
  }
  // Stores the variables that were set, in order of declaration. Those of `once_more` are stored
  // without a check: they change again before the step ends.
  void StoreChanged(const std::set<const Variable*>& once_more = {});
  // The time of the values that the code sees.
  ir::Value Time();
  // The time of the neuron's last spike; its population has a threshold.
  ir::Value LastSpike();

  // The draws of what follows are numbered from 0 on: EnterCode("reset") names the streams
  // "reset exc 0", ..., and EnterCode("threshold", "burst") "threshold exc.burst 0", ...
  void EnterCode(std::string kind, absl::string_view part = "") {
    EnterCode(std::move(kind), part, 0);
  }

  // Where the code is that of a clock of the network or of synapses: what it reads of populations;
  // else null.
  void SetClock(ClockReads* clock) { clock_ = clock; }
  ClockReads* clock() const { return clock_; }

  // The input of run_sums, over the synapses of a projection, that code of the network has begun.
  std::optional<ir::InputId> FindSums(ir::ProjectionId projection) const;
  // Runs the block before this code, or here.
  void AddSums(ir::ProjectionId projection, ir::InputId input);
  // The same of the code of a group: "initial left.V 0", ...
  void EnterGroupCode(std::string kind, const std::string& group, absl::string_view part) {
    EnterCode(std::move(kind), part, 0);
    next_draw_.owner = absl::StrCat(group, ".", part);
  }

  // Emits an expression for its errors alone, into a block that is thrown away: variables have the
  // values of their states.
  absl::StatusOr<TypedValue> Try(const Expr& expr, const ir::SourceText& source);
  // The same for every equation x = ..., so that errors are found in those nothing reads.
  absl::Status TryDefinitions();

  // Takes the values of equations (constant over dt), which they keep from here on.
  absl::Status HoldDefinitions();

  // The value, or NaN where integers had no result since the last call; for code that cannot have
  // expectations.
  ir::Value NanWithoutResult(ir::Value value);
  // True if integers may have had no result since that call.
  bool may_have_no_result() const { return no_result_.valid(); }

  // Adds `value` to the variable of the target or source that `name`, "I_post" or "I_pre", names.
  absl::Status AddToNeuron(const std::string& name, ir::SourceRange name_range, TypedValue value,
                           ir::SourceRange value_range, const ir::SourceText& source);

 protected:
  ir::Value StatementCondition() const override { return environment_.guard; }

 private:
  const Variable& VariableOf(const Equation& equation) const {
    return *section_.FindVariable(equation.name);
  }
  absl::StatusOr<TypedValue> ReadMeaning(const Meaning& meaning);
  absl::StatusOr<TypedValue> ReadDefinition(const Equation& equation);
  TypedValue ReadParameter(const Parameter& parameter);
  // The number of a neuron, among all of its population or those given.
  TypedValue Index(ir::Op op, const NeuronSet* among);
  // The neuron of which an op reads a state, u32: load, the one at hand; load_pre or load_post, an
  // end of the synapse.
  ir::Value ElementAt(ir::Op op);
  // The neuron to which that neuron is linked.
  ir::Value LinkedElement(const Link& link, ir::Op op);
  // The delayed read of a variable, x(t - delay) (history.cc).
  absl::StatusOr<TypedValue> ReadPast(const Meaning& meaning, const Expr& call,
                                      const ir::SourceText& source);
  // The value of a variable at the beginning of the step.
  TypedValue AtStepBegin(const Meaning& meaning);
  // The neuron whose past is read, u32.
  ir::Value ElementOf(const Meaning& meaning);
  // A number of steps, i64, and its bounds.
  struct PastSteps {
    ir::Value value;
    int64_t least = 0;
    int64_t greatest = 0;
  };
  absl::StatusOr<PastSteps> StepsBack(const std::string& name, const Expr& delay,
                                      const ir::SourceText& source);
  Range RangeOfDelay(ir::Value steps) const;
  // An error where code does not know the delay of its synapse.
  absl::Status CheckDelay(const ir::SourceText& source, ir::SourceRange range) const;
  // The delay of the synapse in steps, i64.
  ir::Value DelaySteps();
  // The last spike of the neuron, or of the source or target of the synapse.
  absl::StatusOr<TypedValue> LastSpikeOf(const Section& section, bool of_target);
  TypedValue LoadOf(const Variable& variable, ir::Op op);
  // The same as its state keeps it.
  ir::Value LoadKept(const Variable& variable, ir::Op op);
  // An error where a shared definition reads what neurons do not share.
  absl::Status CheckShared(const std::string& name, const ir::SourceText& source,
                           ir::SourceRange range) const;
  absl::Status AssignVariable(const Statement& statement, const Variable& variable,
                              TypedValue right, const ir::SourceText& source);
  absl::Status AssignNeuron(const Statement& statement, TypedValue right,
                            const ir::SourceText& source);
  absl::Status AssignLocal(const Statement& statement, TypedValue right,
                           const ir::SourceText& source);

  const Declarations& declared_;
  const Section& section_;
  const Names& names_;
  ir::Builder& builder_;
  ProgramBuilder& out_;
  Environment environment_;
  StreamName next_draw_;  // of the code that is being emitted
  size_t expectations_ = 0;
  std::vector<const Equation*> defined_in_arm_;
  ir::Value no_result_;
  ClockReads* clock_ = nullptr;
  std::vector<std::pair<ir::ProjectionId, ir::InputId>> sums_;  // see AddSums
};

// The value of a call of count, sum or mean in code of the network level; nullopt for others.
absl::StatusOr<std::optional<TypedValue>> CallReduction(const Declarations& declared,
                                                        const Expr& call,
                                                        const ir::SourceText& source,
                                                        CodeScope& scope, ProgramBuilder& out);

// Fails unless `value` is what the equation declares: a number or a boolean.
absl::Status CheckKind(const Equation& equation, const TypedValue& value,
                       const ir::SourceText& source, ir::SourceRange range);

// The same, and the value as its equation declares it: an integer as i64, another number as f64.
absl::StatusOr<TypedValue> AsDeclared(const Equation& equation, const TypedValue& value,
                                      const ir::SourceText& source, ir::SourceRange range,
                                      Scope& scope);

// The value that code computes with where a state has `kept`: an f32 as f64 (R1).
ir::Value AsComputed(ir::Builder& builder, ir::Value kept);
// `value` as a state keeps it: rounded once where that is an f32.
ir::Value AsKept(const ir::Program& program, ir::Builder& builder, ir::StateId state,
                 ir::Value value);

// What becomes of tiny values that are stored (R9).
enum class Tiny : uint8_t { kFlushed, kFlushedIfDenormal, kKept };
// Flushes tiny values to zero (R9), checks (R10) unless that is left to a later store, and stores.
void StoreVariable(const ir::Program& program, ir::Builder& builder, ir::StateId state,
                   ir::Value value, Tiny tiny = Tiny::kFlushed, bool checked = true,
                   ir::Op store = ir::Op::kStore);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_CODE_SCOPE_H_
