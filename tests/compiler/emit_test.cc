// Compiled kernels against the oracle, bit for bit, at every width and at two optimisation levels.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "ir/builder.h"
#include "ir/text.h"
#include "kernel_machine.h"
#include "reference/contribution.h"
#include "reference/evaluate.h"
#include "reference/interpreter.h"
#include "reference/philox.h"

namespace bnsyn::compiler {
namespace {

using ir::Element;
using ir::Op;

struct Variant {
  int width;
  int optimization;
  bool plain = false;  // for the oldest machine of this family: no FMA, two lanes
};

std::vector<Variant> AllVariants() {
  std::vector<Variant> variants;
  for (const int width : {1, 2, 4, 8, 16}) {
    for (const int optimization : {0, 2}) variants.push_back({width, optimization});
  }
  variants.push_back({4, 2, true});
  return variants;
}

std::string Name(const testing::TestParamInfo<Variant>& info) {
  return absl::StrCat("width", info.param.width, "_O", info.param.optimization,
                      info.param.plain ? "_plain" : "");
}

class EmitTest : public testing::TestWithParam<Variant> {
 protected:
  CompileOptions Options() const {
    CompileOptions options;
    options.width = GetParam().width;
    options.optimization = GetParam().optimization;
    return options;
  }
  Target MachineTarget() const {
    Target target = *HostTarget();
    if (!GetParam().plain) return target;
    target.cpu = absl::StartsWith(target.triple, "x86_64") ? "x86-64" : "generic";
    target.features = "";
    target.native_lanes = 2;
    return target;
  }
  KernelMachine Compile(absl::string_view text) const { return Compile(PlacedProgram(text)); }
  KernelMachine Compile(ir::Program placed) const {
    absl::StatusOr<KernelMachine> machine =
        KernelMachine::Create(std::move(placed), Options(), MachineTarget());
    EXPECT_TRUE(machine.ok()) << machine.status();
    if (!machine.ok()) std::abort();
    return *std::move(machine);
  }
};

INSTANTIATE_TEST_SUITE_P(All, EmitTest, testing::ValuesIn(AllVariants()), Name);

// Equal by R10: bits, but that all NaNs are one.
bool Same(Element element, ir::Bits a, ir::Bits b) {
  if (element == Element::kF64 && std::isnan(ir::F64OfBits(a))) return std::isnan(ir::F64OfBits(b));
  if (element == Element::kF32 && std::isnan(ir::F32OfBits(a))) return std::isnan(ir::F32OfBits(b));
  return a == b;
}

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

// A kernel of one op, the states its operands come from and the one its result goes to.
struct OpCase {
  ir::Node node;  // operands unset
  std::vector<Element> elements;
  std::vector<ir::StateId> operands;  // kNoNode where a literal stands
  std::vector<ir::Bits> literals;
  ir::StateId result;
};

enum class Shape { kArrays, kFirstUniform, kLastLiteral, kNetwork };

constexpr uint32_t kSize = 200;  // three groups and a bit

// A program of one kernel an op and choice of elements: everything of the op table that the folder
// can evaluate.
class OpProgram {
 public:
  explicit OpProgram(Shape shape) : shape_(shape) {
    population_ = program_.AddPopulation("p", kSize);
    program_.seed = 0x123456789abcdef;
    for (const ir::OpInfo& info : ir::AllOps()) {
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

TEST_P(EmitTest, EveryOpOverArrays) { CheckOps(Shape::kArrays, Options(), MachineTarget(), 3); }
TEST_P(EmitTest, EveryOpWithAUniformOperand) {
  CheckOps(Shape::kFirstUniform, Options(), MachineTarget(), 5);
}
TEST_P(EmitTest, EveryOpWithALiteralOperand) {
  CheckOps(Shape::kLastLiteral, Options(), MachineTarget(), 1);
}
TEST_P(EmitTest, EveryOpInANetworkKernel) {
  CheckOps(Shape::kNetwork, Options(), MachineTarget(), 100);
}

TEST(EmitCoverage, EveryEvaluableOpHasACase) {
  const OpProgram ops(Shape::kArrays);
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!reference::IsEvaluable(info.op) || info.op == Op::kLiteral) continue;
    EXPECT_GT(ops.count().count(info.op), 0u) << info.name << " is not tested";
  }
}

// Runs kernels beside the interpreter, which runs the same text, and compares states and spikes.
void CompareWithInterpreter(KernelMachine compiled, int steps) {
  KernelMachine* const machine = &compiled;
  auto interpreter =
      reference::Interpreter::Create(machine->program(), reference::Propagation::kCsr);
  ASSERT_TRUE(interpreter.ok()) << interpreter.status();
  const ir::Program& program = machine->program();
  for (int step = 0; step < steps; ++step) {
    machine->Step();
    const absl::Status status = (*interpreter)->Step();
    ASSERT_EQ(machine->fault(), !status.ok()) << status;
    for (ir::StateId s = 0; s < program.states.size(); ++s) {
      const reference::ArrayView expected = (*interpreter)->State(s);
      for (size_t i = 0; i < expected.size; ++i) {
        ASSERT_TRUE(Same(expected.element, machine->state(s).bits(i), expected.bits(i)))
            << program.states[s].name << " of element " << i << " in step " << step << ": "
            << ir::PrintLiteral(expected.element, machine->state(s).bits(i)) << ", not "
            << ir::PrintLiteral(expected.element, expected.bits(i));
      }
    }
    for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
      const auto expected = (*interpreter)->LastSpikes(p);
      ASSERT_EQ(machine->spikes(p), std::vector<uint32_t>(expected.begin(), expected.end()));
    }
  }
}

TEST_P(EmitTest, SpikesCountsAndSums) {
  // Sizes around whole groups; spikes at every place of a group in turn.
  for (const int size : {1, 63, 64, 65, 127, 128, 200}) {
    CompareWithInterpreter(Compile(absl::StrCat(R"(program p dt=1 seed=9
population p size=)",
                                                size, R"(
state p.x : f64[p] = 1
state p.seen : bool[p] = false
state n : i64 = 0i64
state sum : f64 = 0
reduction p.r : p
kernel p : p phase=0 {
  %0 = load p.x : f64[p]
  %1 = uniform stream=4 draw=0 : f64[p]
  %2 = add %0, %1 : f64[p]
  %3 = gt %2, 2.5 : bool[p]
  %4 = select %3, 0, %2 : f64[p]
  %5 = load p.seen : bool[p]
  %6 = or %5, %3 : bool[p]
  store p.x, %4
  store p.seen, %6
  spike p, %3
  reduce p.r, %2
}
kernel n : network phase=1 {
  %0 = count p : i64
  %1 = total p.r : f64
  store n, %0
  store sum, %1
}
)")),
                           6);
  }
}

TEST_P(EmitTest, AReadAfterAStoreSeesIt) {
  CompareWithInterpreter(Compile(R"(program p dt=1 seed=0
population p size=70
param half : f64 = 0.5 tunable
state p.a : f64[p] = 1
state p.b : f64[p] = 0
kernel p : p phase=0 {
  %0 = param half : f64
  %1 = load p.a : f64[p]
  %2 = mul %1, %0 : f64[p]
  store p.a, %2
  %3 = load p.a : f64[p]
  %4 = add %3, %1 : f64[p]
  store p.b, %4
  store p.a, 3
  %5 = load p.a : f64[p]
  %6 = add %5, %3 : f64[p]
  store p.a, %6
}
)"),
                         3);
}

// Draws of one stream with several numbers, of a second population with the same code, and of the
// network, over steps beyond 32 bits.
TEST_P(EmitTest, RandomBitsOfEveryDomain) {
  KernelMachine machine = Compile(R"(program p dt=1 seed=0xfedcba9876543210
population p size=130
population q size=70
state p.r0 : u32[p] = 0u32
state p.r1 : u32[p] = 0u32
state q.r0 : u32[q] = 0u32
state q.r1 : u32[q] = 0u32
state r : u32 = 0u32
kernel p : p phase=0 {
  %0 = random stream=3 draw=0 : u32[p]
  %1 = random stream=3 draw=5 : u32[p]
  store p.r0, %0
  store p.r1, %1
}
kernel q : q phase=0 {
  %0 = random stream=4 draw=0 : u32[q]
  %1 = random stream=4 draw=5 : u32[q]
  store q.r0, %0
  store q.r1, %1
}
kernel n : network phase=1 {
  %0 = random stream=9 draw=2 : u32
  store r, %0
}
)");
  ASSERT_EQ(machine.program().step[0].code, machine.program().step[1].code);
  machine.step = 0x200000001;
  machine.Step();
  const auto expect = [&](const char* state, uint32_t stream, uint32_t draw, uint32_t i) {
    EXPECT_EQ(machine.state(state).bits(i),
              reference::RandomBits(machine.program().seed, stream, i, 0x200000001, draw))
        << state << " " << i;
  };
  for (uint32_t i = 0; i < 130; ++i) {
    expect("p.r0", 3, 0, i);
    expect("p.r1", 3, 5, i);
  }
  for (uint32_t i = 0; i < 70; ++i) {
    expect("q.r0", 4, 0, i);
    expect("q.r1", 4, 5, i);
  }
  expect("r", 9, 2, 0);
}

constexpr char kTakeProgram[] = R"(program p dt=1 seed=0
population p size=70
state p.x : f64[p] = 0
input p.g : p quantum=2^-33
kernel p : p phase=0 {
  %0 = take p.g : f64[p]
  store p.x, %0
}
)";

TEST_P(EmitTest, TakeConvertsExactlyAndEmptiesTheInput) {
  KernelMachine machine = Compile(kTakeProgram);
  const std::vector<int64_t> sums = {
      0, 1, -1, 12345, reference::kMaxSum, -7, 1ll << 50, -reference::kMaxSum};
  for (size_t i = 0; i < 70; ++i) {
    machine.input(0).set_bits(i, static_cast<ir::Bits>(sums[i % sums.size()]));
  }
  machine.Step();
  EXPECT_FALSE(machine.fault());
  for (size_t i = 0; i < 70; ++i) {
    EXPECT_EQ(machine.state("p.x").bits(i),
              ir::BitsOfF64(reference::FromQuanta(sums[i % sums.size()], -33)));
    EXPECT_EQ(machine.input(0).bits(i), 0u);
  }
}

TEST_P(EmitTest, TakeFaultsWhenTheSumIsTooLarge) {
  for (const int64_t sum :
       {reference::kMaxSum + 1, -reference::kMaxSum - 1, std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min(), int64_t{1} << 62}) {
    for (const size_t element : std::vector<size_t>{0, 5, 63, 69}) {
      KernelMachine machine = Compile(kTakeProgram);
      machine.input(0).set_bits(element, static_cast<ir::Bits>(sum));
      machine.Step();
      EXPECT_TRUE(machine.fault()) << sum << " at " << element;
      machine.Step();
      EXPECT_FALSE(machine.fault());
    }
  }
}

TEST_P(EmitTest, CheckFaultsOutsideOfTheBoundsAndOnlyThere) {
  KernelMachine machine = Compile(R"(program p dt=1 seed=0
population p size=70
state p.v : f64[p] = 0 bounds=[-100, 50]
state p.w : f64[p] = 0
state p.f : f32[p] = 0f32
state u : f64 = 0 bounds=[-2, 2]
kernel p : p phase=0 {
  %0 = load p.v : f64[p]
  check p.v, %0
  %1 = load p.w : f64[p]
  check p.w, %1
  %2 = load p.f : f32[p]
  check p.f, %2
}
kernel n : network phase=0 {
  %0 = load u : f64
  check u, %0
}
)");
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double max = std::numeric_limits<double>::max();
  const auto faults = [&](const char* state, size_t element, ir::Bits value) {
    const ir::Bits before = machine.state(state).bits(element);
    machine.state(state).set_bits(element, value);
    machine.Step();
    machine.state(state).set_bits(element, before);
    return machine.fault();
  };
  const auto f64 = [&](const char* state, size_t element, double value) {
    return faults(state, element, ir::BitsOfF64(value));
  };
  for (const size_t element : std::vector<size_t>{0, 3, 17, 63, 64, 69}) {
    for (const double bad : {inf, -inf, nan}) {
      EXPECT_TRUE(f64("p.v", element, bad));
      EXPECT_TRUE(f64("p.w", element, bad));
      EXPECT_TRUE(faults("p.f", element, ir::BitsOfF32(static_cast<float>(bad))));
    }
    for (const double good : {max, -max, 0.0, 0x1p-1074}) EXPECT_FALSE(f64("p.w", element, good));
    EXPECT_FALSE(faults("p.f", element, ir::BitsOfF32(std::numeric_limits<float>::max())));
    EXPECT_FALSE(f64("p.v", element, -100));
    EXPECT_FALSE(f64("p.v", element, 50));
    EXPECT_TRUE(f64("p.v", element, std::nextafter(-100, -101)));
    EXPECT_TRUE(f64("p.v", element, std::nextafter(50, 51)));
  }
  // What stands behind the end does not count.
  EXPECT_FALSE(f64("p.v", 70, 1000));
  EXPECT_FALSE(f64("p.w", 127, nan));
  for (const double bad : {nan, inf, 2.5, -2.5}) EXPECT_TRUE(f64("u", 0, bad));
  for (const double good : {2.0, -2.0, 0.0}) EXPECT_FALSE(f64("u", 0, good));
}

// Delivery: rows of sources with per-synapse weights, states of both ends, literals and parameters.
class DeliverTest : public EmitTest {
 protected:
  static constexpr char kHeader[] = R"(program p dt=1 seed=0
population a size=5
population b size=70
param k : f64 = 3 tunable
state a.x : f64[a] = 0
state b.y : f64[b] = 0
input b.g : b quantum=2^-10
input b.h : b quantum=2^-20
projection ab : a -> b rule=all_to_all weight=0.75 delay=1
)";
  void Run(KernelMachine& machine, const std::vector<double>* weights) {
    const ir::Block& block = machine.program().on_pre[0];
    const std::vector<void*> slots = machine.Slots(block);
    args_ = {};
    args_.slots = slots.data();
    args_.spikes = spikes_.data();
    args_.spike_count = static_cast<uint32_t>(spikes_.size());
    args_.row_begin = rows_.data();
    args_.targets = targets_.data();
    args_.weights = weights == nullptr ? nullptr : weights->data();
    const DeliverFunction deliver = machine.code().deliver(block.code);
    ASSERT_NE(deliver, nullptr);
    deliver(&args_);
  }
  int64_t Input(KernelMachine& machine, ir::InputId input, size_t target) {
    return static_cast<int64_t>(machine.input(input).bits(target));
  }

  std::vector<uint64_t> rows_ = {0, 3, 3, 4, 8, 9};
  std::vector<uint32_t> targets_ = {1, 2, 69, 7, 0, 1, 1, 5, 69};
  std::vector<uint32_t> spikes_ = {0, 1, 3};
  DeliverArgs args_ = {};
};

INSTANTIATE_TEST_SUITE_P(All, DeliverTest, testing::Values(Variant{4, 0}, Variant{4, 2}), Name);

TEST_P(DeliverTest, TheWeightOfTheProjection) {
  KernelMachine machine = Compile(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = weight : f64[ab]
  accumulate b.g, %0
  accumulate b.h, 0.5
}
)"));
  Run(machine, nullptr);
  EXPECT_EQ(args_.fault, 0u);
  std::map<size_t, int64_t> times;
  for (const size_t synapse : std::vector<size_t>{0, 1, 2, 4, 5, 6, 7}) ++times[targets_[synapse]];
  for (size_t i = 0; i < 70; ++i) {
    EXPECT_EQ(Input(machine, 0, i), times[i] * reference::ToQuanta(0.75, -10));
    EXPECT_EQ(Input(machine, 1, i), times[i] * reference::ToQuanta(0.5, -20));
  }
}

TEST_P(DeliverTest, AWeightOfEachSynapse) {
  ir::Program program = PlacedProgram(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = weight : f64[ab]
  accumulate b.g, %0
}
)"));
  program.projections[0].weight_column = ir::ColumnRef{0, 0};
  KernelMachine machine = Compile(program);
  const std::vector<double> weights = {0.25, -1.5, 3, 99, 0.0004, 0.0005, 7, 8, 99};
  Run(machine, &weights);
  EXPECT_EQ(args_.fault, 0u);
  std::map<size_t, int64_t> sums;
  for (const size_t synapse : std::vector<size_t>{0, 1, 2, 4, 5, 6, 7}) {
    sums[targets_[synapse]] += reference::ToQuanta(weights[synapse], -10);
  }
  for (size_t i = 0; i < 70; ++i) EXPECT_EQ(Input(machine, 0, i), sums[i]);
}

TEST_P(DeliverTest, StatesOfBothEndsAndParameters) {
  KernelMachine machine = Compile(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = load_pre a.x : f64[ab]
  %1 = load_post b.y : f64[ab]
  %2 = mul %0, %1 : f64[ab]
  %3 = param k : f64
  accumulate b.g, %2
  accumulate b.h, %3
}
)"));
  for (size_t i = 0; i < 5; ++i)
    machine.state("a.x").set_bits(i, ir::BitsOfF64(0.1 * double(i + 1)));
  for (size_t i = 0; i < 70; ++i) machine.state("b.y").set_bits(i, ir::BitsOfF64(double(i) - 30.3));
  machine.param(0).set_bits(0, ir::BitsOfF64(-1.7));
  Run(machine, nullptr);
  EXPECT_EQ(args_.fault, 0u);
  std::map<size_t, int64_t> g, h;
  for (const uint32_t source : spikes_) {
    for (uint64_t k = rows_[source]; k < rows_[source + 1]; ++k) {
      const double product = (0.1 * (source + 1)) * (double(targets_[k]) - 30.3);
      g[targets_[k]] += reference::ToQuanta(product, -10);
      h[targets_[k]] += reference::ToQuanta(-1.7, -20);
    }
  }
  for (size_t i = 0; i < 70; ++i) {
    EXPECT_EQ(Input(machine, 0, i), g[i]);
    EXPECT_EQ(Input(machine, 1, i), h[i]);
  }
}

TEST_P(DeliverTest, AContributionOutOfRangeIsAFaultWhereItIsDelivered) {
  KernelMachine machine = Compile(absl::StrCat(kHeader, R"(on_pre ab {
  %0 = param k : f64
  accumulate b.g, %0
}
)"));
  const auto faults = [&](double value, std::vector<uint32_t> spikes) {
    machine.param(0).set_bits(0, ir::BitsOfF64(value));
    spikes_ = std::move(spikes);
    Run(machine, nullptr);
    return args_.fault != 0;
  };
  const double limit = std::ldexp(static_cast<double>(reference::kMaxContribution), -10);
  EXPECT_FALSE(faults(limit, {0}));
  EXPECT_FALSE(faults(-limit, {0}));
  EXPECT_TRUE(faults(limit + 1, {0}));
  EXPECT_TRUE(faults(-limit - 1, {0}));
  EXPECT_TRUE(faults(std::numeric_limits<double>::quiet_NaN(), {4}));
  EXPECT_TRUE(faults(std::numeric_limits<double>::infinity(), {4}));
  EXPECT_FALSE(faults(limit + 1, {1})) << "the row of source 1 is empty";
  EXPECT_FALSE(faults(limit + 1, {}));
}

}  // namespace
}  // namespace bnsyn::compiler
