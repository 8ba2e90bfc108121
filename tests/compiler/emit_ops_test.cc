// Every op of the table as compiled code against the oracle, bit for bit, at every width.
//
//   BNSYN_TEST_OP=fma build/release/bin/compiler_test --gtest_filter='*EmitOps*'     one op alone
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "emit_testing.h"
#include "ir/builder.h"
#include "ir/text.h"
#include "kernel_machine.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {
namespace {

using ir::Element;
using ir::Op;

using EmitOpsTest = EmitTest;
INSTANTIATE_TEST_SUITE_P(All, EmitOpsTest, testing::ValuesIn(AllVariants()), Name);

// Random bits of all kinds: small and large integers, numbers of ordinary size, and the corners of
// the formats.
class Values {
 public:
  ir::Bits Next(Element element) {
    const uint64_t random = Random();
    const bool corner = Random() % 4 == 0;
    const bool modest = Random() % 2 == 0;
    switch (element) {
      case Element::kF64: {
        if (corner) return Corner64(random);
        return modest ? ir::BitsOfF64((static_cast<double>(random >> 11) * 0x1p-53 - 0.5) * 1000)
                      : random;
      }
      case Element::kF32: {
        const auto value = static_cast<float>(ir::F64OfBits(Next(Element::kF64)));
        return modest || corner ? ir::BitsOfF32(value) : random >> 32;
      }
      case Element::kI32:
      case Element::kU32:
        return modest ? random % 40 : (corner ? Corner64(random) >> 32 : random >> 32);
      case Element::kI64:
      case Element::kU64:
        return modest ? random % 70 : (corner ? Corner64(random) : random);
      case Element::kBool:
        return random >> 63;
    }
    return 0;
  }

 private:
  // SplitMix64 of Steele, Lea & Flood.
  uint64_t Random() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  static ir::Bits Corner64(uint64_t random) {
    constexpr double kCorners[] = {0,
                                   1,
                                   0.5,
                                   1.5,
                                   2.5,
                                   0x1p31,
                                   0x1p31 - 1,
                                   0x1p32,
                                   0x1p32 - 1,
                                   0x1p52,
                                   0x1p52 + 0.5,
                                   0x1p63,
                                   0x1p64,
                                   0x1.fffffffffffffp63,
                                   0x1.fffffep127,
                                   0x1p-126,
                                   0x1p-149,
                                   0x1p-1022,
                                   0x1p-1074,
                                   0x1.fffffffffffffp1023,
                                   std::numeric_limits<double>::infinity(),
                                   std::numeric_limits<double>::quiet_NaN()};
    const double corner = kCorners[random % std::size(kCorners)];
    return ir::BitsOfF64(random >> 63 ? -corner : corner);
  }

  uint64_t state_ = 1;
};

// A kernel of one op, with the states of its operands and the state of its result.
struct OpCase {
  ir::Node node;  // operands unset
  std::vector<Element> elements;
  std::vector<ir::StateId> operands;  // kNoNode where a literal stands
  std::vector<ir::Bits> literals;
  ir::StateId result;
};

enum class Shape { kArrays, kFirstUniform, kLastLiteral, kNetwork };

constexpr uint32_t kSize = 200;  // three groups and a bit

// A program with one kernel for each op and choice of elements, for all ops that the oracle folds.
class OpProgram {
 public:
  explicit OpProgram(Shape shape) : shape_(shape) {
    population_ = program_.AddPopulation("p", kSize);
    program_.seed = 0x123456789abcdef;
    const char* const only = std::getenv("BNSYN_TEST_OP");
    for (const ir::OpInfo& info : ir::AllOps()) {
      if (only != nullptr && info.name != only) continue;
      if (reference::IsEvaluable(info.op) && info.op != Op::kLiteral) AddOp(info);
    }
  }

  const ir::Program& program() const { return program_; }
  const std::vector<OpCase>& cases() const { return cases_; }
  const std::map<Op, int>& count() const { return count_; }

 private:
  ir::DomainId Domain() const {
    return shape_ == Shape::kNetwork ? ir::DomainId::kNetwork
                                     : program_.populations[population_].domain;
  }

  // Every choice of elements that the op's type rule admits.
  void AddOp(const ir::OpInfo& info) {
    if (info.arity == 0 && shape_ != Shape::kArrays && shape_ != Shape::kNetwork) return;
    if (info.op == Op::kIndex && shape_ == Shape::kNetwork) return;
    const size_t arity = static_cast<size_t>(info.arity);
    size_t choices = 1;
    for (size_t i = 0; i < arity; ++i) choices *= std::size(ir::kElements);
    for (size_t choice = 0; choice < choices; ++choice) {
      std::vector<Element> elements;
      for (size_t i = 0, rest = choice; i < arity; ++i, rest /= std::size(ir::kElements)) {
        elements.push_back(ir::kElements[rest % std::size(ir::kElements)]);
      }
      for (const Element result : ir::kElements) TryCase(info, elements, result);
    }
  }

  ir::StateId AddState(ir::Type type) {
    ir::State state;
    state.name = absl::StrCat(type.uniform() ? "" : "p.", "s", program_.states.size());
    state.type = type;
    program_.states.push_back(state);
    return static_cast<ir::StateId>(program_.states.size() - 1);
  }

  void TryCase(const ir::OpInfo& info, const std::vector<Element>& elements, Element result) {
    ir::Block block;
    block.kind = ir::BlockKind::kKernel;
    block.name = absl::StrCat("k", program_.step.size());
    block.domain = Domain();
    const uint64_t attr = info.attr == ir::AttrKind::kStream ? ir::StreamAttr(7, 2) : 0;

    std::vector<ir::Type> types;
    for (size_t i = 0; i < elements.size(); ++i) {
      const bool uniform = (shape_ == Shape::kFirstUniform && i == 0 && elements.size() > 1) ||
                           (shape_ == Shape::kLastLiteral && i + 1 == elements.size());
      types.push_back({elements[i], uniform ? ir::DomainId::kNetwork : Domain()});
    }
    const bool all_literal = shape_ == Shape::kLastLiteral && elements.size() == 1;
    const ir::Type declared = {
        result, info.op == Op::kStep || (all_literal && info.attr != ir::AttrKind::kStream)
                    ? ir::DomainId::kNetwork
                    : Domain()};
    const absl::StatusOr<ir::Type> type =
        ir::ResultType(program_, block, info.op, types, attr, declared);
    if (!type.ok() || type->element != result) return;

    OpCase op_case;
    op_case.elements = elements;
    for (size_t i = 0; i < elements.size(); ++i) {
      const bool literal = shape_ == Shape::kLastLiteral && i + 1 == elements.size();
      op_case.operands.push_back(literal ? ir::kNoNode : AddState(types[i]));
      op_case.literals.push_back(literal ? values_.Next(elements[i]) : 0);
    }
    op_case.result = AddState({result, Domain()});

    ir::Builder builder(program_, block);
    std::vector<ir::Value> values;
    for (size_t i = 0; i < elements.size(); ++i) {
      values.push_back(op_case.operands[i] == ir::kNoNode
                           ? builder.Literal(elements[i], op_case.literals[i])
                           : builder.Load(op_case.operands[i]));
    }
    const ir::Value value = builder.Emit(info.op, *type, values, attr);
    op_case.node = builder.node(value);
    builder.Store(op_case.result, value);
    program_.step.push_back(block);
    cases_.push_back(op_case);
    ++count_[info.op];
  }

  const Shape shape_;
  ir::Program program_;
  ir::PopulationId population_ = 0;
  Values values_;
  std::vector<OpCase> cases_;
  std::map<Op, int> count_;
};

// Fills the operands, runs every kernel and compares with the oracle.
void CheckOps(Shape shape, const CompileOptions& options, const Target& target, int rounds) {
  const OpProgram ops(shape);
  absl::StatusOr<ir::Program> placed = Place(ops.program(), {});
  ASSERT_TRUE(placed.ok()) << placed.status();
  absl::StatusOr<KernelMachine> machine = KernelMachine::Create(*placed, options, target);
  ASSERT_TRUE(machine.ok()) << machine.status();
  const size_t size = shape == Shape::kNetwork ? 1 : kSize;
  Values values;
  machine->step = 0x300000005;
  for (int round = 0; round < rounds; ++round) {
    for (const OpCase& c : ops.cases()) {
      for (const ir::StateId operand : c.operands) {
        if (operand == ir::kNoNode) continue;
        GroupArray& array = machine->state(operand);
        const Element element = ops.program().states[operand].type.element;
        for (size_t i = 0; i < array.padded_size(); ++i) array.set_bits(i, values.Next(element));
      }
    }
    machine->Step();
    for (const OpCase& c : ops.cases()) {
      std::vector<reference::Array> arrays;
      for (size_t k = 0; k < c.operands.size(); ++k) {
        const bool uniform =
            c.operands[k] == ir::kNoNode || ops.program().states[c.operands[k]].type.uniform();
        arrays.emplace_back(c.elements[k], uniform ? 1 : size);
        for (size_t i = 0; i < arrays.back().size(); ++i) {
          arrays.back().set_bits(i, c.operands[k] == ir::kNoNode
                                        ? c.literals[k]
                                        : machine->state(c.operands[k]).bits(i));
        }
      }
      std::vector<reference::ArrayView> views;
      for (const reference::Array& array : arrays) views.push_back(array.view());
      reference::Array expected(c.node.element, size);
      reference::Evaluate(c.node, {ops.program().seed, machine->step - 1, 0}, views, expected);
      for (size_t i = 0; i < size; ++i) {
        const ir::Bits got = machine->state(c.result).bits(i);
        if (Same(c.node.element, got, expected.bits(i))) continue;
        std::string operands;
        for (const reference::Array& a : arrays) {
          absl::StrAppend(&operands, " ",
                          ir::PrintLiteral(a.element(), a.bits(a.size() == 1 ? 0 : i)));
        }
        ADD_FAILURE() << ir::Info(c.node.op).name << operands << " at element " << i << " gives "
                      << ir::PrintLiteral(c.node.element, got) << ", not "
                      << ir::PrintLiteral(c.node.element, expected.bits(i));
        break;
      }
    }
  }
}

TEST_P(EmitOpsTest, EveryOpOverArrays) { CheckOps(Shape::kArrays, Options(), MachineTarget(), 3); }
TEST_P(EmitOpsTest, EveryOpWithAUniformOperand) {
  CheckOps(Shape::kFirstUniform, Options(), MachineTarget(), 5);
}
TEST_P(EmitOpsTest, EveryOpWithALiteralOperand) {
  CheckOps(Shape::kLastLiteral, Options(), MachineTarget(), 1);
}
TEST_P(EmitOpsTest, EveryOpInANetworkKernel) {
  CheckOps(Shape::kNetwork, Options(), MachineTarget(), 100);
}

TEST(EmitCoverage, EveryEvaluableOpHasACase) {
  const OpProgram ops(Shape::kArrays);
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!reference::IsEvaluable(info.op) || info.op == Op::kLiteral) continue;
    EXPECT_GT(ops.count().count(info.op), 0u) << info.name << " is not tested";
  }
}

}  // namespace
}  // namespace bnsyn::compiler
