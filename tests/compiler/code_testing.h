// A scope to emit code in by itself.
#ifndef BNSYN_TESTS_COMPILER_CODE_TESTING_H_
#define BNSYN_TESTS_COMPILER_CODE_TESTING_H_

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/language/code.h"
#include "ir/text.h"
#include "ir/verifier.h"

namespace bnsyn::compiler {

inline ir::SourceText Source(std::string text) { return {"net.toml", std::move(text), 1, 1}; }

// A population with states V (volt), w (ampere), x and y (numbers), flag (true or false), and
// parameters g, C, tau, E, k. Variables are assigned to in memory, not stored.
class TestScope : public Scope {
 public:
  explicit TestScope(MathMode math = MathMode::kDefault)
      : math_(math), program_(Population()), builder_(program_, block_) {
    const Dimension none;
    const struct {
      const char* name;
      Dimension dimension;
    } kinds[] = {{"V", dimension::kVoltage},
                 {"w", dimension::kCurrent},
                 {"x", none},
                 {"y", none},
                 {"flag", none},
                 {"g", dimension::kConductance},
                 {"C", dimension::kCapacitance},
                 {"tau", dimension::kTime},
                 {"E", dimension::kVoltage},
                 {"k", none},
                 {"dt", dimension::kTime}};
    for (const auto& kind : kinds) dimensions_[kind.name] = kind.dimension;
  }

  ir::Builder& builder() override { return builder_; }
  MathMode math() const override { return math_; }
  ir::DomainId domain() const override { return program_.populations[0].domain; }
  uint32_t NextStream() override { return streams_++; }

  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                 const ir::SourceText& source,
                                                 ir::SourceRange range) override {
    if (name == "secret") return ir::ErrorAt(source, range, "'secret' cannot be read here");
    if (const auto set = set_.find(name); set != set_.end()) return set->second;
    const auto dimension = dimensions_.find(name);
    if (dimension == dimensions_.end()) return std::nullopt;
    if (name == "dt") return TypedValue{builder_.F64(0.1), dimension->second};
    if (const auto state = program_.FindState("exc." + name)) {
      return TypedValue{builder_.Load(*state), dimension->second};
    }
    return TypedValue{builder_.Param(*program_.FindParam("exc." + name)), dimension->second};
  }

  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call, const ir::SourceText&) override {
    if (call.name != "count") return std::nullopt;
    return TypedValue{builder_.F64(7), {}};
  }

  std::vector<std::string> KnownNames() const override {
    std::vector<std::string> names;
    for (const auto& [name, dimension] : dimensions_) names.push_back(name);
    return names;
  }

  absl::Status Assign(const Statement& statement, TypedValue right,
                      const ir::SourceText& source) override {
    const auto old = Read(statement.target, source, statement.target_range);
    if (!old.ok()) return old.status();
    if (!*old) {
      set_[statement.target] = right;
      return absl::OkStatus();
    }
    const auto result = ApplyAssignment(statement, **old, right, source, *this);
    if (!result.ok()) return result.status();
    set_[statement.target] = *result;
    return absl::OkStatus();
  }

  const ir::Program& program() const { return program_; }
  const ir::Block& block() const { return block_; }
  TypedValue value(const std::string& name) { return set_.at(name); }
  // What was emitted, as the step of the program.
  absl::Status Verify() const {
    ir::Program whole = program_;
    whole.step = {block_};
    return ir::Verify(whole);
  }

 private:
  static ir::Program Population() {
    ir::Program program;
    program.AddPopulation("exc", 4);
    const ir::DomainId domain = program.populations[0].domain;
    for (const char* name : {"exc.V", "exc.w", "exc.x", "exc.y", "exc.flag"}) {
      ir::State state;
      state.name = name;
      const bool boolean = absl::EndsWith(name, "flag");
      state.type = {boolean ? ir::Element::kBool : ir::Element::kF64, domain};
      program.states.push_back(state);
    }
    for (const char* name : {"exc.g", "exc.C", "exc.tau", "exc.E", "exc.k"}) {
      ir::Param param;
      param.name = name;
      param.value = ir::BitsOfF64(1);  // so that it can be divided by
      program.params.push_back(param);
    }
    return program;
  }

  MathMode math_;
  ir::Program program_;
  ir::Block block_;
  ir::Builder builder_;
  std::map<std::string, Dimension> dimensions_;
  std::map<std::string, TypedValue> set_;
  uint32_t streams_ = 0;
};

// The value of node `v` as one nested term: "fma(x, y, 2)".
inline std::string Term(const TestScope& scope, ir::NodeId v) {
  const ir::Node& node = scope.block().nodes[v];
  switch (node.op) {
    case ir::Op::kLiteral:
      return ir::PrintLiteral(node.element, node.attr);
    case ir::Op::kLoad:
      return scope.program().states[node.attr].name.substr(4);
    case ir::Op::kParam:
      return scope.program().params[node.attr].name.substr(4);
    default:
      break;
  }
  std::string term = std::string(ir::Info(node.op).name);
  if (ir::Info(node.op).attr == ir::AttrKind::kStream) absl::StrAppend(&term, node.attr >> 32);
  term += "(";
  for (size_t i = 0; i < node.inputs().size(); ++i) {
    absl::StrAppend(&term, i > 0 ? ", " : "", Term(scope, node.operands[i]));
  }
  return term + ")";
}

inline absl::StatusOr<TypedValue> EmitText(const std::string& text, Scope& scope) {
  const ir::SourceText source = Source(text);
  const absl::StatusOr<Expr> expr = ParseExpression(source);
  if (!expr.ok()) return expr.status();
  return EmitExpression(*expr, source, scope);
}

inline absl::Status RunCode(const std::string& text, TestScope& scope) {
  const ir::SourceText source = Source(text);
  const auto statements = ParseStatements(source);
  if (!statements.ok()) return statements.status();
  return EmitStatements(*statements, source, scope);
}

}  // namespace bnsyn::compiler

#endif  // BNSYN_TESTS_COMPILER_CODE_TESTING_H_
