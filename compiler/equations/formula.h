// Prints values of a block as formulas that a person reads: "V' = 0.1*(E - V) + V".
#ifndef BNSYN_COMPILER_EQUATIONS_FORMULA_H_
#define BNSYN_COMPILER_EQUATIONS_FORMULA_H_

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/analysis/facts.h"
#include "ir/builder.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// The names of values. A value of `atoms` is printed as its name; a value of `parts` too, but its
// own formula stands in a line before the first formula that needs it.
struct FormulaNames {
  std::map<ir::NodeId, std::string> atoms;
  std::map<ir::NodeId, std::string> parts;
};

class FormulaPrinter {
 public:
  // Variables are printed without `prefix` ("exc.").
  FormulaPrinter(const ir::Program& program, const ir::Builder& builder, const FormulaNames& names,
                 std::string prefix)
      : program_(program),
        builder_(builder),
        facts_(program, builder.block()),
        names_(names),
        prefix_(std::move(prefix)) {}

  // "name = formula", with lines before it for the parts that have not been printed yet, in the
  // order in which they are needed. A value that is one number is printed as that number, shortest
  // round-trip.
  std::vector<std::string> Lines(const std::string& name, ir::Value value);

 private:
  // How tightly an expression binds, for brackets.
  enum Level { kChoice, kOr, kAnd, kNot, kComparison, kSum, kProduct, kUnary, kAtom };
  struct Text {
    std::string text;
    Level level = kAtom;
  };

  Text Print(ir::Value value, bool whole);
  Text PrintNode(const ir::Node& node);
  std::string At(ir::Value value, Level level);
  std::string Operand(const ir::Node& node, size_t i, Level level);
  // a + b, or a - |b| where b begins with a minus.
  Text Sum(const std::string& a, const Text& b) const;
  Text Product(const ir::Node& node);
  Text Call(const std::string& function, const ir::Node& node);

  const ir::Program& program_;
  const ir::Builder& builder_;
  const Facts facts_;
  const FormulaNames& names_;
  std::string prefix_;
  std::set<ir::NodeId> printed_;  // parts
  std::vector<std::string> lines_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_FORMULA_H_
