// What names mean in the code of a population or of the network level.
#ifndef BNSYN_COMPILER_LOWERING_SCOPE_H_
#define BNSYN_COMPILER_LOWERING_SCOPE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/equations/equation_scope.h"
#include "compiler/language/code.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/streams.h"

namespace bnsyn::compiler {

// What becomes of tiny values that are stored (R9).
enum class Tiny : uint8_t { kFlushed, kKept };

// Keeps the present value of each variable as code runs over them; stores happen at the end of the
// step, by its owner.
class CodeScope : public EquationScope {
 public:
  CodeScope(Lowering& lowering, const Section& section, ir::Builder& builder);

  ir::Builder& builder() override { return *builder_; }
  MathMode math() const override { return lowering_.math; }
  ir::DomainId domain() const override {
    return shared_.empty() ? section_.domain : ir::DomainId::kNetwork;
  }
  uint32_t NextStream() override;
  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override;
  // Tables.
  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override;
  std::vector<std::string> Names() const override;
  absl::Status Assign(const Statement& statement, TypedValue right,
                      const ir::SourceText& source) override;

  absl::Span<const Equation> equations() const override { return section_.code->equations; }
  const ir::SourceText& equations_text() const override { return section_.code->equations_text; }
  const ir::Program& program() const override { return lowering_.program; }
  ir::Value Present(const Equation& variable) override { return Get(VariableOf(variable)).value; }
  void Update(const Equation& variable, ir::Value value) override {
    Set(VariableOf(variable), value);
  }
  void KeepTiny(const Equation& variable) override { tiny_kept_.insert(&VariableOf(variable)); }
  ir::Value active() const override { return active_; }
  absl::StatusOr<TypedValue> EmitOver(const StandIns& stand_ins, const Expr& expr,
                                      const std::string& shared) override;

  const Section& section() const { return section_; }

  // The present value of a variable.
  TypedValue Get(const Variable& variable);
  // Gives a variable a new value, for elements for which the guards hold.
  void Set(const Variable& variable, ir::Value value);
  // Variables that were set, in order of declaration.
  std::vector<const Variable*> Changed() const;

  // Makes `name` mean `value` in what follows, before anything else of that name; it cannot be
  // assigned. Equations still see the model's own meaning.
  void Bind(const std::string& name, TypedValue value) { bound_[name] = value; }
  void Unbind(const std::string& name) { bound_.erase(name); }
  // Only elements where `guard` is true are assigned; an invalid value lifts it.
  void SetGuard(ir::Value guard) { guard_ = guard; }
  // Variables marked "unless refractory" keep their value where `free` is false; an invalid value
  // lifts it.
  void HoldUnless(ir::Value free) { free_ = free; }
  void SetActive(ir::Value active) {
    active_ = active;
    definitions_.clear();
  }
  // Where a neuron spiked in this step, once that is known: its last spike is then now.
  void SetSpiked(ir::Value spiked) {
    spiked_ = spiked;
    definitions_.clear();
  }
  Tiny TinyOf(const Variable& variable) const {
    return tiny_kept_.count(&variable) != 0 ? Tiny::kKept : Tiny::kFlushed;
  }
  // The time of the last spike, as a state that is declared by this.
  ir::Value LastSpike();
  // In what follows only what all neurons share can be read, and draws are made once for all: it
  // defines the shared variable `name`; an empty name lifts it.
  void SetShared(std::string name) { shared_ = std::move(name); }
  void ForgetLocals() { locals_.clear(); }
  void EnterCode(std::string kind, absl::string_view part, uint32_t draw) override;
  // The draws of what follows are numbered from 0 on: EnterCode("reset") names the streams
  // "reset exc 0", ..., and EnterCode("threshold", "burst") "threshold exc.burst 0", ...
  void EnterCode(std::string kind, absl::string_view part = "") {
    EnterCode(std::move(kind), part, 0);
  }
  bool HasLocal(const std::string& name) const { return locals_.count(name) != 0; }

  // Emits an expression for its errors alone: its nodes are thrown away, and its draws not counted.
  absl::StatusOr<TypedValue> Try(const Expr& expr, const ir::SourceText& source);
  // The same for every equation x = ..., so that errors are found in those nothing reads.
  absl::Status TryDefinitions();

 protected:
  // How a variable is read that has not been set.
  virtual absl::StatusOr<TypedValue> Initial(const Variable& variable, const ir::SourceText& source,
                                             ir::SourceRange range);

  Lowering& lowering_;

 private:
  const Variable& VariableOf(const Equation& equation) const {
    return *section_.FindVariable(equation.name);
  }
  absl::StatusOr<TypedValue> ReadDefinition(const Equation& equation);
  // Names that only populations have; nullopt when it is none.
  absl::StatusOr<std::optional<TypedValue>> ReadNeuronName(const std::string& name,
                                                           const ir::SourceText& source,
                                                           ir::SourceRange range);
  // An error where a shared definition reads what neurons do not share.
  absl::Status CheckShared(const std::string& name, const ir::SourceText& source,
                           ir::SourceRange range) const;
  absl::Status AssignVariable(const Statement& statement, const Variable& variable,
                              TypedValue right, const ir::SourceText& source);

  const Section& section_;
  ir::Builder* builder_;
  bool trying_ = false;
  std::map<std::string, TypedValue> current_;
  std::map<std::string, bool> changed_;
  std::set<const Variable*> tiny_kept_;
  std::map<std::string, TypedValue> locals_;
  std::map<std::string, TypedValue> bound_;
  std::map<std::string, TypedValue> definitions_;  // values of equations x = ... since the last Set
  StreamName next_draw_;                           // of the code that is being emitted
  ir::Value guard_;
  ir::Value active_;
  ir::Value free_;
  ir::Value spiked_;
  std::string shared_;  // the shared variable that is being defined
};

// Fails unless `value` is what the equation declares: a number, an integer or a boolean.
absl::Status CheckKind(const Equation& equation, const TypedValue& value,
                       const ir::SourceText& source, ir::SourceRange range);

// Flushes tiny values to zero (R9), checks (R10) and stores.
void StoreVariable(const Lowering& lowering, ir::Builder& builder, ir::StateId state,
                   ir::Value value, Tiny tiny = Tiny::kFlushed);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_SCOPE_H_
