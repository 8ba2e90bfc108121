#include "ir/text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "ir/builder.h"
#include "ir/literal.h"
#include "ir/symbols.h"
#include "ir/verifier.h"
#include "tests/ir/programs.h"

namespace bnsyn::ir {
namespace {

bool SameNode(const Node& a, const Node& b) {
  return a.op == b.op && a.type() == b.type() && a.attr == b.attr &&
         std::equal(a.operands, a.operands + 3, b.operands);
}

std::vector<Block> Blocks(const Program& program) {
  std::vector<Block> blocks = program.synaptic;
  if (program.init) blocks.push_back(*program.init);
  blocks.insert(blocks.end(), program.step.begin(), program.step.end());
  return blocks;
}

// Prints, parses and prints again; the nodes must come back as they were.
void ExpectRoundTrip(const Program& program) {
  const std::string text = Print(program);
  const auto parsed = Parse(text, "round_trip.ir");
  ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << text;
  EXPECT_EQ(Print(*parsed), text);
  const std::vector<Block> before = Blocks(program);
  const std::vector<Block> after = Blocks(*parsed);
  ASSERT_EQ(after.size(), before.size());
  for (size_t b = 0; b < before.size(); ++b) {
    ASSERT_EQ(after[b].nodes.size(), before[b].nodes.size()) << text;
    for (size_t i = 0; i < before[b].nodes.size(); ++i) {
      EXPECT_TRUE(SameNode(after[b].nodes[i], before[b].nodes[i])) << text;
    }
  }
}

TEST(TextTest, TheCanonicalFormIsAFixedPoint) {
  const auto program = Parse(kPair, "pair.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(Print(*program), kPair);
  EXPECT_EQ(program->seed, 42u);
  EXPECT_EQ(program->dt, 0.1);
  EXPECT_TRUE(program->params[1].tunable);
  EXPECT_EQ(program->states[0].lower, -100);
  EXPECT_EQ(program->projections[0].rule.p, 0.1);
  EXPECT_FALSE(program->projections[0].rule.self);
  EXPECT_EQ(program->init->nodes[0].attr, StreamAttr(3, 0));
  EXPECT_EQ(program->step[0].nodes[0].line, 25u);
}

TEST(TextTest, SpacingCommentsAndOrderAreFree) {
  const auto program = Parse(
      "# a comment\n\n"
      "input exc.g:exc scale=2^-33   # forward reference\n"
      "  state   exc.V:f64 [ exc ]=-65\r\n"
      "population exc size = 3\n"
      "program   x   seed=1 dt=0.5\n"
      "step{\n\n  # nothing yet\n%7=load exc.V:f64[exc]\n%3=add 1,%7:f64[exc]\nstore exc.V , "
      "%3\n}\n",
      "x.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(Print(*program),
            "program x dt=0.5 seed=1\n"
            "population exc size=3\n"
            "state exc.V : f64[exc] = -65\n"
            "input exc.g : exc scale=2^-33\n"
            "step {\n"
            "  %0 = load exc.V : f64[exc]\n"
            "  %1 = add 1, %0 : f64[exc]\n"
            "  store exc.V, %1\n"
            "}\n");
}

TEST(TextTest, NodesAreReadAsWritten) {
  const auto program = Parse(
      "program x\npopulation exc size=3\nstate exc.V : f64[exc] = 0\nstep {\n"
      "  %0 = add 1, 2 : f64\n  %1 = add 1, 2 : f64\n}\n",
      "x.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->step[0].nodes.size(), 6u);
}

TEST(TextTest, KernelsSlotsAndCode) {
  const std::string text = absl::StrReplaceAll(
      kPair, {{"on_pre ee {", "on_pre ee code=ee.on_pre slots=[input exc.g] {"},
              {"step {",
               "kernel exc.update : exc phase=0 code=k0 slots=[state exc.V, input exc.g, "
               "population exc, reduction exc.r0, param exc.b, stream 7] {"},
              {"  %5 = total exc.r0 : f64\n  store sigma, %5\n}",
               "}\nkernel network.update : network phase=1 code=k1 slots=[] {\n"
               "  %0 = total exc.r0 : f64\n  store sigma, %0\n}"}});
  const auto program = Parse(text, "kernels.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(Print(*program), text);
  ASSERT_EQ(program->step.size(), 2u);
  EXPECT_EQ(program->step[1].phase, 1u);
  EXPECT_EQ(program->step[0].slots[1], (Slot{AttrKind::kInput, 0}));
  EXPECT_EQ(program->step[0].slots[5], (Slot{AttrKind::kStream, 7}));
}

TEST(TextTest, StringsMayHoldAnything) {
  Program program;
  program.name = "a \"name\" with\nmuch \u00b5";
  Param param;
  param.name = "tau";
  param.unit = "\u00b5s \\";
  program.params.push_back(param);
  const auto parsed = Parse(Print(program), "x.ir");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->name, program.name);
  EXPECT_EQ(parsed->params[0].unit, param.unit);
  EXPECT_EQ(Print(*parsed), Print(program));
}

TEST(TextTest, R6_InputsSayHowTheySum) {
  const std::string text =
      "program x dt=0.1 seed=0 strict_sums\n"
      "population exc size=4\n"
      "input exc.a : exc scale=2^-64 wide\n"
      "input exc.b : exc scale=2^-64 wide limit=2^125 bits=128\n"
      "input exc.c : exc scale=2^-52 limit=2^52\n"
      "input exc.d : exc scale=2^-30 bits=52\n";
  const auto program = Parse(text, "x.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_TRUE(program->strict_sums);
  EXPECT_EQ(program->inputs[0].accumulator.bytes(), 16u);
  EXPECT_EQ(program->inputs[0].accumulator.limit(), 104);
  EXPECT_EQ(program->inputs[3].accumulator.bytes(), 8u);
  EXPECT_EQ(program->inputs[3].accumulator.most(), (int64_t{1} << 51) - 1);
  EXPECT_EQ(Print(*program), text);
}

TEST(TextTest, TablesKeepTheirDigest) {
  const std::string directory = BNSYN_SOURCE_DIR "/tests/cases/errors";
  const std::string text =
      "program x dt=0.1 seed=0\n"
      "table pairs file=\"pairs.csv\"\n"
      "table drive file=\"drive.csv\"\n"
      "population exc size=4\n"
      "state exc.w : f64[exc] = pairs.weight\n"
      "input exc.g : exc scale=2^-40\n"
      "projection ee : exc -> exc rule=list table=pairs weight=pairs.weight delay=1\n"
      "events ext : exc.g table=drive\n";
  const auto program = Parse(text, "x.ir", directory);
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->directory, directory);
  EXPECT_EQ(program->states[0].initial_column->column, 2u);
  const std::string printed = Print(*program);
  EXPECT_NE(printed.find("pairs.csv\" digest=0x"), std::string::npos);
  const auto again = Parse(printed, "x.ir", directory);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(Print(*again), printed);
}

TEST(TextTest, TablesMayStandInTheText) {
  const std::string text =
      "program x dt=0.1 seed=0\n"
      "table course columns=[time, value] values=[0, 1.5, 10, -0]\n"
      "population exc size=2\n"
      "state sum : f64 = 0\n"
      "step {\n"
      "  %0 = lookup course, 1i64, 0i64 : f64\n"
      "  store sum, %0\n"
      "}\n";
  const auto program = Parse(text, "x.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(program->tables[0].values, (std::vector<std::vector<double>>{{0, 10}, {1.5, 0}}));
  EXPECT_TRUE(std::signbit(program->tables[0].values[1][1]));
  EXPECT_EQ(program->tables[0].rows(), 2u);
  EXPECT_EQ(Print(*program), text);
}

// Calls `use` with all lists of `length` elements.
template <typename Use>
void ForElementLists(int length, std::vector<Element>& list, Use use) {
  if (length == 0) {
    use(list);
    return;
  }
  for (const Element element : kElements) {
    list.push_back(element);
    ForElementLists(length - 1, list, use);
    list.pop_back();
  }
}

bool RunsOverSynapses(BlockKind kind) {
  return kind == BlockKind::kConnect || kind == BlockKind::kOnPre || kind == BlockKind::kOnStep ||
         kind == BlockKind::kOnPost;
}

// Appends `op` with operands of these elements, the last of several a literal, if the types fit.
bool Append(const Program& program, Block& block, Op op, const std::vector<Element>& elements,
            uint64_t attr, Type declared) {
  const bool synapses = RunsOverSynapses(block.kind);
  const Op of_neuron = op == Op::kStorePost ? Op::kLoadPost : Op::kLoadPre;
  const Op load = synapses ? of_neuron : Op::kLoad;
  Node node;
  node.op = op;
  node.attr = attr;
  std::vector<Type> types;
  for (size_t i = 0; i < elements.size(); ++i) {
    Node operand;
    operand.element = elements[i];
    if (i == 0 || i + 1 < elements.size()) {
      operand.op = load;
      operand.attr = *program.FindState(absl::StrCat("exc.", ElementName(elements[i])));
      operand.domain = synapses ? block.domain : DomainId{1};
    } else {
      operand.attr = 1;
    }
    node.operands[i] = static_cast<NodeId>(block.nodes.size());
    block.nodes.push_back(operand);
    types.push_back(operand.type());
  }
  const auto type = ResultType(program, block, op, types, attr, declared);
  if (type.ok()) {
    node.element = type->element;
    node.domain = type->domain;
    block.nodes.push_back(node);
  }
  return type.ok();
}

// A program with one block of the kind, which holds `op` if it may; nullopt if it may not.
std::optional<Program> ProgramWith(Op op, BlockKind kind, const std::vector<Element>& elements,
                                   uint64_t attr, Type declared) {
  Program program = EveryKind();
  // run needs a loop.
  Block& loop = program.loops.emplace_back();
  loop.kind = BlockKind::kLoop;
  loop.name = "exc.loop";
  loop.domain = program.populations[0].domain;
  loop.times = 2;
  Block block;
  block.kind = kind;
  if (kind == BlockKind::kLoop) {
    block = loop;
    block.name = "exc.other";
  }
  if (RunsOverSynapses(kind)) {
    block.name = "ee";
    block.domain = program.projections[0].domain;
    // set_delay and set_probability need these.
    if (op == Op::kSetDelay) program.projections[0].max_delay = 9;
    program.projections[0].rule.kind = RuleKind::kBernoulli;
    // The states are of the source.
    if (op == Op::kStorePost) program.projections[0].target = program.projections[0].source;
  }
  // A total comes behind a reduce.
  if (kind == BlockKind::kStep) Append(program, block, Op::kReduce, {Element::kF64}, 0, {});
  // run_on_step needs a block to run.
  if (kind == BlockKind::kStep) {
    Block& empty = program.synaptic.emplace_back();
    empty.kind = BlockKind::kOnStep;
    empty.name = "ee";
    empty.domain = program.projections[0].domain;
  }
  // run_sums needs a block that adds to its input.
  if (kind == BlockKind::kStep && op == Op::kRunSums) {
    Block& sums = program.synaptic.emplace_back(program.synaptic.back());
    sums.sums = static_cast<InputId>(attr);
    Builder builder(program, sums);
    builder.Emit(Op::kAccumulate, {builder.F64(1)}, attr);
  }
  if (!Append(program, block, op, elements, attr, declared)) return std::nullopt;
  // past needs a history, which each step stores.
  if (op == Op::kPast) {
    program.states[attr].history = 3;
    Block* store = &block;
    if (kind != BlockKind::kStep) {
      store = &program.step.emplace_back();
      store->kind = BlockKind::kStep;
    }
    Builder builder(program, *store);
    // Not the literal of its operands, which the text repeats where it is used.
    const Element stored = program.states[attr].type.element;
    builder.Store(static_cast<StateId>(attr),
                  builder.Literal(stored, stored == Element::kBool ? 1 : 5));
  }
  if (kind == BlockKind::kInit) {
    program.init = block;
  } else if (kind == BlockKind::kConnect) {
    program.connect.push_back(block);
  } else if (kind == BlockKind::kLoop) {
    program.loops.push_back(block);
  } else {
    (kind == BlockKind::kStep ? program.step : program.synaptic).push_back(block);
  }
  if (!Verify(program).ok()) return std::nullopt;
  return program;
}

TEST(TextTest, BlocksMayStandInAnyOrder) {
  const std::string head =
      "program k\npopulation a size=2\n"
      "projection x : a -> a rule=all_to_all weight=1 delay=1\n"
      "projection y : a -> a rule=all_to_all weight=1 delay=1\n"
      "input a.g : a scale=2^-33\n";
  const auto block = [](const char* name) {
    return absl::StrCat("on_pre ", name, " {\n  accumulate a.g, 1\n}\n");
  };
  const auto forward = Parse(head + block("x") + block("y"), "k.ir");
  const auto backward = Parse(head + block("y") + block("x"), "k.ir");
  ASSERT_TRUE(forward.ok()) << forward.status();
  ASSERT_TRUE(backward.ok()) << backward.status();
  EXPECT_EQ(Print(*forward), Print(*backward));
  EXPECT_EQ(backward->FindSynaptic(BlockKind::kOnPre, 1), &backward->synaptic[1]);
}

TEST(TextTest, R5_PathwaysGoRoundInTheirOrder) {
  const std::string text =
      "program k dt=0.1 seed=0\npopulation a size=2\npopulation a.burst size=2 domain=a\n"
      "state p.x : f64[p] = 0\n"
      "projection p : a -> a rule=all_to_all weight=1 delay=2\n"
      "on_post p delay=3 {\n  store p.x, 1\n}\n"
      "on_pre p pathway=late delay=5 spikes=a.burst {\n  store p.x, 2\n}\n"
      "on_pre p {\n  store p.x, 3\n}\n"
      "on_post p pathway=back spikes=a.burst {\n  store p.x, 4\n}\n"
      "step {\n}\n";
  const auto program = Parse(text, "k.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(Print(*program), text);
  EXPECT_EQ(program->MaxDelay(), 5u);
  std::vector<uint32_t> delays;
  for (const Block& block : program->SynapticOf(0)) delays.push_back(program->DelayOf(block));
  EXPECT_EQ(delays, (std::vector<uint32_t>{3, 5, 2, 1}));
}

// All types an op could be declared with; one where its rule says the type.
std::vector<Type> Declarable(const OpInfo& info) {
  if (info.rule != TypeRule::kDeclared && info.rule != TypeRule::kConvert &&
      info.rule != TypeRule::kBitcast) {
    return {Type{}};
  }
  std::vector<Type> types;
  for (const Element element : kElements) {
    for (uint16_t domain = 0; domain < 3; ++domain) types.push_back({element, DomainId{domain}});
  }
  return types;
}

// Every op of the table, in every block it may stand in, with all elements it takes: found by
// trying, so that a new row is covered.
TEST(TextTest, EveryOpGoesRoundInEveryForm) {
  for (const OpInfo& info : AllOps()) {
    if (info.op == Op::kLiteral) continue;
    std::vector<uint64_t> attributes = {info.attr == AttrKind::kStream ? StreamAttr(5, 1) : 0};
    for (uint64_t i = 1; i < SymbolCount(EveryKind(), info.attr); ++i) attributes.push_back(i);
    int forms = 0;
    for (const BlockKind kind :
         {BlockKind::kInit, BlockKind::kConnect, BlockKind::kOnPre, BlockKind::kOnStep,
          BlockKind::kOnPost, BlockKind::kLoop, BlockKind::kStep}) {
      std::vector<Element> list;
      ForElementLists(info.arity, list, [&](const std::vector<Element>& elements) {
        for (const Type declared : Declarable(info)) {
          for (const uint64_t attr : attributes) {
            const auto program = ProgramWith(info.op, kind, elements, attr, declared);
            if (!program) continue;
            ++forms;
            ExpectRoundTrip(*program);
          }
        }
      });
    }
    EXPECT_GT(forms, 0) << info.name << " stands in no program";
  }
}

// A text that is cut off, or that has one byte changed, is either refused with a place or read as a
// program that prints and parses again.
TEST(TextTest, BrokenTextsAreRefusedOrRead) {
  const std::string text = kPair;
  int refused = 0;
  int read = 0;
  const auto check = [&](const std::string& broken) {
    const auto program = Parse(broken, "broken.ir");
    if (program.ok()) {
      ++read;
      ExpectRoundTrip(*program);
    } else {
      ++refused;
      EXPECT_EQ(program.status().message().find("broken.ir:"), 0u) << program.status();
    }
  };
  for (size_t i = 0; i < text.size(); ++i) {
    check(text.substr(0, i));
    for (const char c : {'\n', 'x', '"', '}', '\0'}) {
      std::string broken = text;
      broken[i] = c;
      check(broken);
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(read, 100);
}

void ExpectLiteral(Element element, Bits bits, const std::string& text) {
  EXPECT_EQ(PrintLiteral(element, bits), text);
  const auto literal = ParseLiteral(text);
  ASSERT_TRUE(literal.has_value()) << text;
  EXPECT_EQ(literal->element, element) << text;
  EXPECT_EQ(literal->bits, bits) << text;
}

TEST(LiteralTest, AreWrittenWithTheirElement) {
  ExpectLiteral(Element::kF64, BitsOfF64(0.5), "0.5");
  ExpectLiteral(Element::kF64, BitsOfF64(-65), "-65");
  ExpectLiteral(Element::kF64, BitsOfF64(-0.0), "-0");
  ExpectLiteral(Element::kF64, BitsOfF64(1e300), "1e+300");
  ExpectLiteral(Element::kF64, BitsOfF64(0.1 + 0.2), "0.30000000000000004");
  ExpectLiteral(Element::kF64, 1, "5e-324");
  ExpectLiteral(Element::kF64, BitsOfF64(std::numeric_limits<double>::infinity()), "inf");
  ExpectLiteral(Element::kF64, BitsOfF64(-std::numeric_limits<double>::infinity()), "-inf");
  ExpectLiteral(Element::kF64, 0x7ff8000000000000, "nan");
  ExpectLiteral(Element::kF64, 0xfff8000000000000, "nan_0xfff8000000000000");
  ExpectLiteral(Element::kF64, 0x7ff00000000f3200, "nan_0x7ff00000000f3200");
  ExpectLiteral(Element::kF32, BitsOfF32(0.1f), "0.1f32");
  ExpectLiteral(Element::kF32, BitsOfF32(-1e-5f), "-1e-05f32");
  ExpectLiteral(Element::kF32, BitsOfF32(std::numeric_limits<float>::infinity()), "inff32");
  ExpectLiteral(Element::kF32, BitsOfF32(-std::numeric_limits<float>::infinity()), "-inff32");
  ExpectLiteral(Element::kF32, 0x7fc00000, "nanf32");
  ExpectLiteral(Element::kF32, 0xffc00000, "nan_0xffc00000f32");
  ExpectLiteral(Element::kI32, 0xffffffff, "-1i32");
  ExpectLiteral(Element::kI32, 0x80000000, "-2147483648i32");
  ExpectLiteral(Element::kU32, 0xffffffff, "4294967295u32");
  ExpectLiteral(Element::kI64, ~uint64_t{0}, "-1i64");
  ExpectLiteral(Element::kU64, ~uint64_t{0}, "18446744073709551615u64");
  ExpectLiteral(Element::kBool, 1, "true");
  ExpectLiteral(Element::kBool, 0, "false");
}

TEST(LiteralTest, WhatIsNone) {
  for (const char* text : {"", "x", "1.5i32", "3i16", "4294967296u32", "-1u32", "2147483648i32",
                           "1e999", "1e99f32", "0x10", "infinity", "-nan", "nan_0x1",
                           "nan_0x0000000000000000", "True", "1.5.2", "f32", "-", "1bool"}) {
    EXPECT_FALSE(ParseLiteral(text).has_value()) << text;
  }
}

TEST(TextTest, SpecialLiteralsStandInPrograms) {
  const std::string text =
      "program x dt=0.1 seed=0\n"
      "state a : f64 = -inf\n"
      "step {\n"
      "  %0 = add nan, -inf : f64\n"
      "  %1 = add nan_0xfff8000000000001, 1e-05 : f64\n"
      "  %2 = add nanf32, -inff32 : f32\n"
      "  %3 = and true, false : bool\n"
      "}\n";
  const auto program = Parse(text, "x.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  EXPECT_EQ(Print(*program), text);
}

TEST(TextTest, PrintNodeNumbersAsTheBlockDoes) {
  const auto program = Parse(kPair, "pair.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  const Block& step = program->step[0];
  std::string nodes;
  for (size_t i = 0; i < step.nodes.size(); ++i) {
    if (step.nodes[i].op == Op::kLiteral) continue;
    absl::StrAppend(&nodes, "  ", PrintNode(*program, step, static_cast<NodeId>(i)), "\n");
  }
  EXPECT_EQ(PrintBlock(*program, step), absl::StrCat("step {\n", nodes, "}\n"));
}

TEST(TextTest, DotDrawsNodesAndEdges) {
  const auto program = Parse(kPair, "pair.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  const std::string dot = PrintDot(*program);
  EXPECT_EQ(dot.find("digraph \"pair\" {"), 0u);
  EXPECT_NE(dot.find("subgraph cluster_2 {\n    label=\"step\";"), std::string::npos);
  EXPECT_NE(dot.find("[label=\"%0 = load exc.V : f64[exc]\"]"), std::string::npos);
  EXPECT_NE(dot.find("[label=\"spike exc, %3\", style=bold]"), std::string::npos);
  EXPECT_NE(dot.find("    n1_0 -> n1_1;\n"), std::string::npos);
  // Literals are in the labels, not nodes of their own.
  EXPECT_EQ(dot.find("label=\"0.005\""), std::string::npos);
}

}  // namespace
}  // namespace bnsyn::ir
