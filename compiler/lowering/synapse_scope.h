// What names mean in the code of synapses while the network runs, and what that code may change.
#ifndef BNSYN_COMPILER_LOWERING_SYNAPSE_SCOPE_H_
#define BNSYN_COMPILER_LOWERING_SYNAPSE_SCOPE_H_

#include <optional>
#include <string>
#include <vector>

#include "compiler/lowering/scope.h"
#include "compiler/lowering/synapse_model.h"

namespace bnsyn::compiler {

// Variables of the synapse are read and assigned; `w` is the weight where it is none of them; of
// neurons are read NAME_pre and NAME_post, and what NAME_post is an input or a variable that can be
// added to.
class SynapseCodeScope : public CodeScope {
 public:
  // `kind` is kOnPre, kOnStep or kOnPost. All arguments must outlive the scope.
  SynapseCodeScope(SynapseContext& context, const SynapseModel& model, ir::BlockKind kind,
                   ir::Builder& builder);

  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override;
  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override;
  std::vector<std::string> Names() const override;
  absl::Status Assign(const Statement& statement, TypedValue right,
                      const ir::SourceText& source) override;

  // The code of an event, with event-driven variables brought up to its time before, and what has
  // changed stored after.
  absl::Status RunEvent(const std::vector<Statement>& statements, const ir::SourceText& source);
  // Adds `value` to the variable of the target that `name`, "I_post", names.
  absl::Status AddToTarget(const std::string& name, ir::SourceRange name_range, TypedValue value,
                           ir::SourceRange value_range, const ir::SourceText& source);
  // Stores what has changed.
  void StoreChanged();

 protected:
  absl::StatusOr<TypedValue> Initial(const Variable& variable, const ir::SourceText& source,
                                     ir::SourceRange range) override;

 private:
  // The number of the step that begins when the event happens, f64: arrivals come at the beginning
  // of their step, spikes at the end.
  ir::Value Now();
  absl::Status BringUpToDate(ir::Value now);
  absl::StatusOr<ir::Value> Moved(const EventDriven& moving, const Variable& variable,
                                  ir::Value steps);
  // The value of part of an equation with `value` in the place of the variable, as a literal if it
  // is one number.
  absl::StatusOr<ir::Value> Part(const Expr& part, const std::string& name, TypedValue value);
  absl::Status AssignOther(const Statement& statement, TypedValue right,
                           const ir::SourceText& source);

  SynapseContext& context_;
  const SynapseModel& model_;
  const ir::BlockKind kind_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_SYNAPSE_SCOPE_H_
