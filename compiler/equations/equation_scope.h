// The code around differential equations, as the integrators see it: it has the present value of a
// variable and takes the new one. Lowering implements it for populations and for synapses.
#ifndef BNSYN_COMPILER_EQUATIONS_EQUATION_SCOPE_H_
#define BNSYN_COMPILER_EQUATIONS_EQUATION_SCOPE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/language/code.h"
#include "compiler/language/expression.h"
#include "ir/builder.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Values that names have while one expression is emitted.
struct StandIns {
  // Variables, by the equations that declare them. Equations x = ... see these values too.
  std::vector<std::pair<const Equation*, ir::Value>> variables;
  // Names that stand in the expression itself; an equation x = ... that it reads does not see them.
  std::vector<std::pair<std::string, TypedValue>> names;
};

// A value that moves in the passes of a loop.
struct LoopVariable {
  std::string name;    // of the variable, or of what is the method's own
  ir::Value start;     // before the loop
  ir::Value stand_in;  // at the begin of a pass
  ir::Value next;      // at the end of the pass, emitted over the stand-ins
};

struct LoopShape {
  std::string name;
  int times = 1;
  ir::Value pass;        // stands for the number of the pass (f64, uniform)
  ir::NodeId begin = 0;  // from this node on draws are of the pass
  ir::Value until;  // emitted over the stand-ins: true where no further pass is needed, or invalid
};

// A variable is named by the equation that declares it: dx/dt = ... or x : unit.
class EquationScope : public Scope {
 public:
  // All equations of the model, and the text in which they stand.
  virtual absl::Span<const Equation> equations() const = 0;
  virtual const ir::SourceText& equations_text() const = 0;
  // The program under construction: its dt, and the values of its parameters.
  virtual const ir::Program& program() const = 0;

  virtual ir::Value Present(const Equation& variable) = 0;
  // Gives a variable a new value. A variable "unless refractory" keeps its value where active() is
  // false.
  virtual void Update(const Equation& variable, ir::Value value) = 0;
  // Gives a variable a value as it is, even if it is held. Code that follows finds it there.
  virtual void Assume(const Equation& variable, ir::Value value) = 0;
  // Makes a loop of code that stands in the block already: of all that the variables' next values
  // depend on and that differs from pass to pass. That is what depends on the stand-ins of the
  // variables or of the pass, and draws from `begin` on. Returns the values of the variables behind
  // the loop, in their order.
  virtual std::vector<ir::Value> EmitLoop(const LoopShape& shape,
                                          const std::vector<LoopVariable>& variables) = 0;
  // A state of the section that is a method's own and that hosts do not see; `name` has two parts.
  // It begins with a number, and checks hold it within the bounds.
  virtual ir::StateId AddOwnState(const std::string& name, double initial, double lower,
                                  double upper) = 0;
  // Leaves out the flush of tiny values to 0 (R9) when the variable is stored.
  virtual void KeepTiny(const Equation& variable) = 0;
  // True where the neuron is not refractory; invalid if the model has no refractoriness.
  virtual ir::Value active() const = 0;

  // What follows is code of this kind, and of this part of the model: its draws are numbered from
  // `draw` on (R3). EnterCode("noise", "xi", 2) names the next stream "noise exc.xi 2".
  virtual void EnterCode(std::string kind, absl::string_view part, uint32_t draw) = 0;

  // Emits an expression of the equations text over stand-ins. If it defines the shared variable
  // `shared`, it may read only values that all neurons share.
  virtual absl::StatusOr<TypedValue> EmitOver(const StandIns& stand_ins, const Expr& expr,
                                              const std::string& shared = "") = 0;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_EQUATION_SCOPE_H_
