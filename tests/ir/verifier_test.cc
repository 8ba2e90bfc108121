#include "ir/verifier.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "tests/ir/programs.h"

namespace bnsyn::ir {
namespace {

Program Pair() {
  auto program = Parse(kPair, "pair.ir");
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

Table SmallTable() {
  Table table;
  table.name = "t";
  table.file = "t.csv";
  table.columns = {"pre", "post", "weight", "odd name", "step", "index", "value"};
  table.values = {{0, 1}, {1, 0}, {0.5, 0.25}, {1, 1}, {0, 5}, {0, 799}, {1, 1}};
  return table;
}

// A change of a sound program, and the error that it must give.
struct Fault {
  std::function<void(Program&)> make;
  const char* message;
};

void ExpectFaults(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    Program program = Pair();
    ASSERT_TRUE(Verify(program).ok());
    fault.make(program);
    const absl::Status status = Verify(program);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << fault.message;
    EXPECT_NE(std::string(status.message()).find(fault.message), std::string::npos)
        << status.message() << "\nexpected: " << fault.message;
  }
}

Node& FirstOf(Block& block, Op op) {
  for (Node& node : block.nodes) {
    if (node.op == op) return node;
  }
  ADD_FAILURE() << "no " << Info(op).name;
  return block.nodes[0];
}

TEST(VerifierTest, ProgramAndNames) {
  ExpectFaults({
      {[](Program& p) { p.dt = 0; }, "dt must be a positive number"},
      {[](Program& p) { p.dt = std::nan(""); }, "dt must be a positive number"},
      {[](Program& p) { p.dt = INFINITY; }, "dt must be a positive number"},
      {[](Program& p) { p.states[1].name = "exc"; }, "the name 'exc' is declared twice"},
      {[](Program& p) { p.projections[1].name = "ee"; }, "the name 'ee' is declared twice"},
      {[](Program& p) { p.params[0].name = "a b"; }, "'a b' cannot be a name"},
      {[](Program& p) { p.params[0].name = ""; }, "'' cannot be a name"},
      {[](Program& p) { p.params[0].name = "x..y"; }, "'x..y' cannot be a name"},
      {[](Program& p) { p.params[0].name = "1x"; }, "'1x' cannot be a name"},
      {[](Program& p) { p.populations[1].name = "network"; }, "'network' cannot be a name"},
      {[](Program& p) { p.domains.pop_back(); }, "the domains do not belong"},
      {[](Program& p) { p.domains[1].index = 1; }, "the domains do not belong"},
      {[](Program& p) { std::swap(p.populations[0].domain, p.populations[1].domain); },
       "the domains do not belong"},
  });
}

TEST(VerifierTest, Declarations) {
  ExpectFaults({
      {[](Program& p) { p.populations[0].size = 0; }, "the population 'exc' has size 0"},
      {[](Program& p) { p.params[0].element = Element::kF32; }, "this value does not fit f32"},
      {[](Program& p) {
         p.params[0].element = Element::kBool;
         p.params[0].value = 2;
       },
       "this value does not fit bool"},
      {[](Program& p) { p.states[2].initial = uint64_t{1} << 32; }, "this value does not fit i32"},
      {[](Program& p) { p.states[0].lower = 51; }, "the bounds of 'exc.V' leave no value"},
      {[](Program& p) { p.states[0].upper = std::nan(""); },
       "the bounds of 'exc.V' leave no value"},
      {[](Program& p) { p.states[0].type.domain = DomainId{99}; }, "this state has no domain"},
      {[](Program& p) { p.inputs[0].accumulator.scale_log2 = -1001; },
       "the scale 2^-1001 is out of range"},
      {[](Program& p) { p.inputs[0].accumulator.scale_log2 = 1001; },
       "the scale 2^1001 is out of range"},
      {[](Program& p) { p.inputs[0].accumulator = {.bits = 24, .unit = 1}; },
       "there are no sums of 24 bits"},
      {[](Program& p) { p.inputs[0].accumulator = {.bits = 128}; },
       "there are no sums of 128 bits"},
      {[](Program& p) { p.inputs[0].accumulator = {.wide = true, .bits = 32}; },
       "a wide sum has 128 bits, not 32"},
      {[](Program& p) { p.inputs[0].accumulator = {.limit_log2 = 63}; },
       "the limit 2^63 is out of range"},
      {[](Program& p) { p.inputs[0].accumulator = {.limit_log2 = 39}; },
       "the limit 2^39 is out of range"},
      {[](Program& p) { p.inputs[0].accumulator = {.wide = true, .limit_log2 = 62}; },
       "the limit 2^62 is out of range"},
      {[](Program& p) { p.inputs[0].accumulator = {.wide = true, .limit_log2 = 126}; },
       "the limit 2^126 is out of range"},
      {[](Program& p) { p.inputs[0].accumulator = {.bits = 52, .unit = 2}; },
       "the unit 2 of its sums is out of range"},
      {[](Program& p) { p.inputs[0].accumulator = {.bits = 64, .unit = 2}; },
       "the unit 2 of its sums is out of range"},
      {[](Program& p) { p.inputs[0].accumulator = {.bits = 16, .unit = 0}; },
       "the unit 0 of its sums is out of range"},
      {[](Program& p) { p.inputs[0].accumulator = {.bits = 16, .unit = kMaxAccumulatorUnit + 1}; },
       "the unit 1099511627777 of its sums is out of range"},
      {[](Program& p) { p.inputs[0].population = DomainId::kNetwork; },
       "an input is of a population"},
      {[](Program& p) { p.reductions[0].population = p.projections[0].domain; },
       "a reduction is over a population"},
      {[](Program& p) { p.projections[0].source = 7; }, "from a population to a population"},
      {[](Program& p) { p.projections[0].delay = 0; }, "the delay is 0 steps"},
      {[](Program& p) { p.projections[0].weight = std::nan(""); }, "weight is not a finite number"},
      {[](Program& p) { p.projections[0].weight = INFINITY; }, "the weight is not a finite number"},
      {[](Program& p) { p.projections[0].rule.p = 1.1; }, "the probability p=1.1 is not between"},
      {[](Program& p) { p.projections[0].rule.p = -0.1; }, "the probability p=-0.1 is not between"},
      {[](Program& p) { p.projections[0].rule.p = std::nan(""); }, "the probability p=nan"},
      {[](Program& p) { p.projections[1].rule.kind = RuleKind::kOneToOne; },
       "one_to_one needs as many sources as targets, not 800 and 200"},
      {[](Program& p) { p.projections[1].rule.kind = RuleKind::kList; }, "rule=list needs a table"},
  });
}

// Adds a decaying input to exc, and the state that holds its sum.
Accumulator& LetDecay(Program& p) {
  State held;
  held.name = "exc.held";
  held.type = {Element::kF64, p.populations[0].domain};
  p.states.push_back(held);
  const auto state = static_cast<StateId>(p.states.size() - 1);
  p.inputs.push_back({.name = "exc.decaying",
                      .population = p.populations[0].domain,
                      .accumulator = {.decay = 0.5, .period = 2, .state = state}});
  return p.inputs.back().accumulator;
}

TEST(VerifierTest, DecayingInputs) {
  const auto decaying = [](const std::function<void(Program&, Accumulator&)>& make) {
    return [make](Program& p) { make(p, LetDecay(p)); };
  };
  const auto state = [](Program& p) { return static_cast<StateId>(p.states.size() - 1); };
  Program sound = Pair();
  LetDecay(sound);
  EXPECT_TRUE(Verify(sound).ok()) << Verify(sound);
  ExpectFaults({
      {decaying([](Program&, Accumulator& d) { d.period = 3; }),
       "the period 3 of the decay is out of"},
      {decaying([](Program&, Accumulator& d) { d.period = 0; }),
       "the period 0 of the decay is out of"},
      {decaying([](Program&, Accumulator& d) { d.period = 2048; }),
       "the period 2048 of the decay is"},
      {decaying([](Program&, Accumulator& d) { d.decay = 0.8; }), "the decay 0.8 does not suit"},
      {decaying([](Program&, Accumulator& d) { d.decay = 0.003; }),
       "the decay 0.003 does not suit"},
      {decaying([](Program&, Accumulator& d) { d.decay = -0.5; }), "the decay -0.5 does not suit"},
      {decaying([](Program&, Accumulator& d) { d.decay = std::nan(""); }),
       "does not suit its period"},
      {decaying([](Program& p, Accumulator&) { p.inputs.back().accumulator.bits = 32; }),
       "a decaying input has sums of 64 bits"},
      {decaying([](Program&, Accumulator& d) { d.wide = true; }),
       "a decaying input cannot be wide"},
      {decaying([](Program&, Accumulator& d) { d.limit_log2 = 50; }),
       "a decaying input has no limit"},
      {decaying([](Program&, Accumulator& d) { d.state = 1; }),
       "an f64 state of its population holds the sum"},
      {decaying([](Program&, Accumulator& d) { d.state = 99; }),
       "an f64 state of its population holds the sum"},
      {decaying([](Program& p, Accumulator&) {
         p.inputs.push_back(Input(p.inputs.back()));
         p.inputs.back().name = "exc.other";
       }),
       "'exc.held' holds the sums of two decaying inputs"},
      {decaying([](Program& p, Accumulator&) {
         p.tables.push_back(SmallTable());
         p.events.push_back({"ext", static_cast<InputId>(p.inputs.size() - 1), 0});
       }),
       "events go to no decaying input"},
      {decaying([](Program& p, Accumulator&) { FirstOf(p.step[0], Op::kTake).attr = 2; }),
       "take cannot be of a decaying input"},
      {[](Program& p) { FirstOf(p.step[0], Op::kTake).op = Op::kHeld; },
       "held is of a decaying input"},
      {decaying(
           [state](Program& p, Accumulator&) { FirstOf(p.step[0], Op::kLoad).attr = state(p); }),
       "load cannot be of a state that holds the sum of a decaying"},
      {decaying(
           [state](Program& p, Accumulator&) { FirstOf(p.step[0], Op::kStore).attr = state(p); }),
       "store cannot be of a state that holds the sum of a decaying"},
      {decaying([](Program& p, Accumulator&) {
         p.synaptic[0].kind = BlockKind::kOnPost;
         FirstOf(p.synaptic[0], Op::kAccumulate).attr = 2;
       }),
       "only on_pre adds to a decaying input"},
  });
}

TEST(VerifierTest, Tables) {
  const auto with_table = [](const std::function<void(Program&)>& make) {
    return [make](Program& p) {
      p.tables.push_back(SmallTable());
      make(p);
    };
  };
  const auto list = [with_table](const std::function<void(Program&)>& make) {
    return with_table([make](Program& p) {
      p.projections[0].rule = {.kind = RuleKind::kList, .table = 0};
      make(p);
    });
  };
  const auto events = [with_table](const std::function<void(Program&)>& make) {
    return with_table([make](Program& p) {
      p.events.push_back({"ext", 0, 0});
      make(p);
    });
  };
  Program sound = Pair();
  list([](Program& p) { p.projections[0].weight_column = ColumnRef{0, 2}; })(sound);
  EXPECT_TRUE(Verify(sound).ok()) << Verify(sound);
  sound = Pair();
  events([](Program&) {})(sound);
  EXPECT_TRUE(Verify(sound).ok()) << Verify(sound);

  ExpectFaults({
      {with_table([](Program& p) { p.tables[0].values[1].pop_back(); }), "must be of one length"},
      {with_table([](Program& p) { p.tables[0].columns.clear(), p.tables[0].values.clear(); }),
       "must be of one length"},
      {with_table([](Program& p) {
         p.states[0].initial_column = ColumnRef{0, 2};
       }),
       "the column has 2 values, but exc has 800 neurons"},
      {with_table([](Program& p) {
         p.states[1].initial_column = ColumnRef{0, 2};
       }),
       "a column can begin only a state of f64 or f32 over a population"},
      {with_table([](Program& p) {
         p.states[0].initial_column = ColumnRef{0, 3};
       }),
       "the column 'odd name' cannot be referred to"},
      {with_table([](Program& p) {
         p.states[0].initial_column = ColumnRef{0, 9};
       }),
       "this column is in no table"},
      {with_table([](Program& p) {
         p.projections[0].weight_column = ColumnRef{0, 2};
       }),
       "weights from a column need rule=list"},
      {list([](Program& p) {
         p.projections[0].weight_column = ColumnRef{0, 2};
         p.tables[0].values[2][1] = INFINITY;
       }),
       "the weight of synapse 1 in t.csv is not finite"},
      {list([](Program& p) { p.tables[0].columns[1] = "to"; }),
       "the table 't' has no column 'post'"},
      {events([](Program& p) { p.events[0].input = 9; }), "events go to an input"},
      {events([](Program& p) { p.events[0].table = 9; }), "events need a table"},
      {events([](Program& p) { p.tables[0].columns[4] = "at"; }),
       "the table 't' has no column 'step'"},
      {events([](Program& p) { p.tables[0].columns[5] = "id"; }),
       "the table 't' has no column 'index'"},
      {events([](Program& p) { p.tables[0].values[4][1] = 0.5; }),
       "the step of event 1 in t.csv is no step number"},
      {events([](Program& p) { p.tables[0].values[5][1] = 800; }),
       "the index of event 1 in t.csv is not one of the 800 neurons"},
      {events([](Program& p) { p.tables[0].values[6][0] = INFINITY; }),
       "the value of event 0 in t.csv is not finite"},
  });
}

TEST(VerifierTest, BlockKinds) {
  ExpectFaults({
      {[](Program& p) { p.step.push_back(p.step[0]); }, "a block of kind step cannot stand here"},
      {[](Program& p) { p.init->kind = BlockKind::kStep; }, "a block of kind step cannot stand"},
      {[](Program& p) { p.synaptic[0].kind = BlockKind::kInit; },
       "a block of kind init cannot stand"},
      {[](Program& p) { p.step[0].kind = BlockKind::kOnPre; }, "a block of kind on_pre cannot"},
      {[](Program& p) { p.synaptic.push_back(p.synaptic[0]); },
       "there are two on_pre blocks of 'ee'"},
      {[](Program& p) {
         Block& later = p.synaptic.emplace_back(p.synaptic[0]);
         later.domain = p.projections[1].domain;
         later.name = p.projections[1].name;
         later.nodes.clear();
         std::swap(p.synaptic.front(), p.synaptic.back());
       },
       "blocks over synapses stand in the order of their projections"},
      {[](Program& p) { p.synaptic[0].name = "exc"; },
       "on_pre is of a projection, and 'exc' is none"},
      {[](Program& p) { p.synaptic[0].domain = p.projections[1].domain; },
       "on_pre is of a projection"},
      {[](Program& p) { p.synaptic[0].code = "a b"; }, "'a b' cannot name code"},
      {[](Program& p) {
         p.synaptic[0].slots = {{AttrKind::kState, 9}};
       },
       "a slot has no symbol"},
      {[](Program& p) {
         p.synaptic[0].slots = {{AttrKind::kNone, 0}};
       },
       "a slot has no symbol"},
  });
}

Program Kernels() {
  auto program = Parse(
      "program k\npopulation exc size=2\npopulation inh size=2\nstate exc.V : f64[exc] = 0\n"
      "state s : f64 = 0\n"
      "kernel a : exc phase=0 {\n  %0 = load exc.V : f64[exc]\n  store exc.V, %0\n}\n"
      "kernel b : network phase=1 {\n  %0 = load s : f64\n  store s, %0\n}\n",
      "k.ir");
  EXPECT_TRUE(program.ok()) << program.status();
  return *std::move(program);
}

TEST(VerifierTest, Kernels) {
  const Fault faults[] = {
      {[](Program& p) { p.step[1].name = "a"; }, "'a' cannot name a kernel, or names two"},
      {[](Program& p) { p.step[1].name = ""; }, "'' cannot name a kernel"},
      {[](Program& p) { p.step[1].phase = 0, p.step[0].phase = 1; },
       "kernel 'b' is of an earlier phase"},
      {[](Program& p) { p.step[0].domain = p.populations[1].domain; },
       "a kernel over inh has no elements of exc"},
      {[](Program& p) { p.step[0].domain = DomainId::kNetwork; },
       "a kernel over network has no elements of exc"},
      {[](Program& p) { p.step[0].domain = DomainId{77}; }, "this kernel has no domain"},
  };
  for (const Fault& fault : faults) {
    Program program = Kernels();
    fault.make(program);
    const absl::Status status = Verify(program);
    EXPECT_NE(std::string(status.message()).find(fault.message), std::string::npos)
        << status << "\nexpected: " << fault.message;
  }
}

TEST(VerifierTest, Nodes) {
  ExpectFaults({
      {[](Program& p) { FirstOf(p.step[0], Op::kLoad).attr = 9; }, "load refers to no state"},
      {[](Program& p) { FirstOf(p.step[0], Op::kTake).attr = 9; }, "take refers to no input"},
      {[](Program& p) { FirstOf(p.step[0], Op::kSpike).attr = 9; },
       "spike refers to no population"},
      {[](Program& p) { FirstOf(p.step[0], Op::kTotal).attr = 9; }, "total refers to no reduction"},
      {[](Program& p) { FirstOf(p.step[0], Op::kGe).domain = DomainId{99}; },
       "this node has no domain"},
      {[](Program& p) { FirstOf(p.step[0], Op::kFma).operands[0] = 1000; },
       "an operand is not defined before its use"},
      {[](Program& p) { FirstOf(p.step[0], Op::kFma).operands[2] = kNoNode; },
       "an operand is not defined before its use"},
      {[](Program& p) { FirstOf(p.step[0], Op::kFma).operands[1] = 3; },
       "an operand is not defined before its use"},
      {[](Program& p) {
         auto& nodes = p.step[0].nodes;
         const auto store = static_cast<NodeId>(&FirstOf(p.step[0], Op::kStore) - nodes.data());
         FirstOf(p.step[0], Op::kReduce).operands[0] = store;
       },
       "an operand yields no value"},
      {[](Program& p) { FirstOf(p.step[0], Op::kLiteral).element = Element::kF32; },
       "a literal does not fit f32"},
      {[](Program& p) {
         Node& literal = FirstOf(p.step[0], Op::kLiteral);
         literal.element = Element::kBool;
         literal.attr = 2;
       },
       "a literal does not fit bool"},
      {[](Program& p) { FirstOf(p.step[0], Op::kLiteral).domain = DomainId{1}; },
       "literal gives f64 here, not f64[exc]"},
      {[](Program& p) { FirstOf(p.step[0], Op::kGe).element = Element::kF64; },
       "ge gives bool[exc] here, not f64[exc]"},
      {[](Program& p) { FirstOf(p.step[0], Op::kGe).domain = DomainId::kNetwork; },
       "ge gives bool[exc] here, not bool"},
      {[](Program& p) { FirstOf(p.step[0], Op::kStore).domain = DomainId::kNetwork; },
       "store gives f64[exc] here, not f64"},
  });
}

// Lines that are put into a block of a sound program, and the error that they must give.
struct BadLines {
  const char* block;  // its header
  const char* lines;
  const char* message;
};

TEST(VerifierTest, WhatMayStandWhere) {
  const BadLines all[] = {
      {"init", "%9 = weight : f64[ee]", "weight cannot stand in init"},
      {"init", "%9 = take exc.g : f64[exc]", "take cannot stand in init"},
      {"init", "spike exc, true", "spike cannot stand in init"},
      {"init", "check exc.V, 1", "check cannot stand in init"},
      {"init", "%9 = count exc : i64", "count cannot stand in init"},
      {"init", "reduce exc.r0, 1", "reduce cannot stand in init"},
      {"init", "%9 = total exc.r0 : f64", "total cannot stand in init"},
      {"init", "accumulate exc.g, 1", "accumulate cannot stand in init"},
      {"init", "store exc.t0, 1", "a temporary lives within a step"},
      {"step", "%9 = weight : f64[ee]", "weight cannot stand in step"},
      {"step", "%9 = load_pre exc.V : f64[ee]", "load_pre cannot stand in step"},
      {"step", "%9 = load_post exc.V : f64[ee]", "load_post cannot stand in step"},
      {"step", "accumulate exc.g, 1", "accumulate cannot stand in step"},
      {"step", "run_on_step ee", "there is no on_step block of ee"},
      {"on_pre ee", "%9 = take exc.g : f64[exc]", "take cannot stand in on_pre"},
      {"on_pre ee", "spike exc, true", "spike cannot stand in on_pre"},
      {"on_pre ee", "check exc.V, 1", "the block checks exc.V, which it does not store"},
      {"step", "store_pre exc.V, 1", "store_pre cannot stand in step"},
      {"on_pre ee", "store_post exc.V, 1", "store_post cannot stand in on_pre"},
      {"on_pre ee", "store_pre sigma, 1", "store_pre in on_pre is of a state of exc"},
      {"on_pre ee", "store_pre exc.t0, 1", "cannot be of exc.t0, which lives within a step"},
      {"on_pre ee", "%9 = load_post exc.V : f64[ee]\nstore_pre exc.V, %9",
       "store_pre needs one value for all synapses of the neuron"},
      {"on_pre ee", "%9 = uniform stream=9 draw=0 : f64[ee]\nstore_pre exc.V, %9",
       "store_pre needs one value for all synapses of the neuron"},
      {"on_pre ee", "store_pre exc.V, 1\nstore_pre exc.V, 2", "the block stores exc.V twice"},
      {"on_pre ee", "store_pre exc.V, 1", "cannot be of exc.V, which store_pre of ee stores"},
      {"on_pre ee", "check sigma, 1", "on_pre cannot check a uniform state"},
      {"on_pre ee", "deliver", "deliver cannot stand in on_pre"},
      {"step", "deliver\ndeliver", "deliver stands twice in a step"},
      {"on_pre ee", "set_weight 1", "set_weight cannot stand in on_pre"},
      {"step", "%9 = delay : i64[ee]", "delay cannot stand in step"},
      {"step", "%9 = past exc.V, 0u32, 1i64 : f64", "past reads a state with a history"},
      {"on_pre ee", "accumulate_pre inh.g, 1", "accumulate_pre adds to an input of exc"},
      {"step", "%9 = index_pre : u32[ee]", "index_pre cannot stand in step"},
      {"step", "set_delay 1i64", "set_delay cannot stand in step"},
      {"on_pre ee", "%9 = count exc : i64", "count cannot stand in on_pre"},
      {"on_pre ee", "reduce exc.r0, 1", "reduce cannot stand in on_pre"},
      {"on_pre ee", "%9 = total exc.r0 : f64", "total cannot stand in on_pre"},
      {"on_pre ee", "%9 = load exc.V : f64[exc]", "on_pre ee has no elements of exc"},
      {"on_pre ee", "%9 = index : u32[exc]", "on_pre ee has no elements of exc"},
      {"on_pre ee", "%9 = index : u32[ee]", "index is of a population's elements"},
      {"on_pre ee", "%9 = normal stream=1 draw=0 : f64[exc]", "on_pre ee has no elements of exc"},
      {"on_pre ee", "accumulate inh.g, 1", "accumulate adds to an input of exc"},
      {"on_pre ee", "store sigma, 1", "on_pre cannot store a uniform state"},
      {"on_pre ee", "%9 = load_pre sigma : f64[ee]", "load_pre reads a state of exc"},
      {"on_pre ee", "%9 = load_post sigma : f64[ee]", "load_post reads a state of exc"},
      {"on_pre ee", "%9 = load_pre exc.t0 : f64[ee]", "a temporary lives within a step"},
      {"step", "%9 = index : u32", "index is of a population's elements"},
      {"step", "%9 = load exc.V : f64[exc]\nstore sigma, %9",
       "store of f64 cannot take a value of "
       "exc"},
      {"step", "%9 = load exc.t0 : f64[exc]", "a temporary is read before it is written"},
      {"step", "%9 = total exc.r0 : f64", "a total is read before its reduce"},
      {"step", "%9 = take exc.g : f64[exc]\n%10 = take exc.g : f64[exc]",
       "take exc.g stands twice in a step"},
      {"step", "spike inh, true\nspike inh, true", "spike inh stands twice in a step"},
      {"step", "reduce exc.r0, 1\nreduce exc.r0, 1", "reduce exc.r0 stands twice in a step"},
  };
  for (const BadLines& bad : all) {
    const std::string header = absl::StrCat("\n", bad.block, " {\n");
    const std::string text =
        absl::StrReplaceAll(kPair, {{header, absl::StrCat(header, bad.lines, "\n")}});
    ASSERT_NE(text, kPair) << header;
    const auto program = Parse(text, "bad.ir");
    EXPECT_NE(std::string(program.status().message()).find(bad.message), std::string::npos)
        << program.status() << "\nexpected: " << bad.message;
  }
}

TEST(VerifierTest, WhatMayStand) {
  const BadLines all[] = {
      {"init", "%9 = load exc.V : f64[exc]\n%10 = bernoulli 0.5 stream=2 draw=0 : bool[inh]", ""},
      {"init", "%9 = index : u32[exc]\n%10 = step : u64\nstore sigma, 1", ""},
      {"on_pre ee", "%9 = load_pre exc.V : f64[ee]\n%10 = load sigma : f64", ""},
      {"on_pre ee", "%9 = index_pre : u32[ee]\n%10 = load_post exc.V : f64[ee]", ""},
      {"on_pre ee", "accumulate exc.g, 1", ""},
      {"step", "store exc.t0, 1\n%9 = load exc.t0 : f64[exc]", ""},
      {"step", "%9 = count exc : i64\nstore exc.V, 1\nspike inh, true", ""},
  };
  for (const BadLines& good : all) {
    const std::string header = absl::StrCat("\n", good.block, " {\n");
    const std::string text =
        absl::StrReplaceAll(kPair, {{header, absl::StrCat(header, good.lines, "\n")}});
    ASSERT_NE(text, kPair) << header;
    const auto program = Parse(text, "good.ir");
    EXPECT_TRUE(program.ok()) << program.status();
  }
}

TEST(VerifierTest, DrawsTheNodeInItsBlock) {
  Program program = Pair();
  FirstOf(program.synaptic[0], Op::kAccumulate).attr = 1;
  EXPECT_EQ(Verify(program).message(),
            "error: accumulate adds to an input of exc\n"
            "  on_pre ee {\n"
            "    %0 = weight : f64[ee]\n"
            "    accumulate inh.g, %0\n"
            "    ^~~~~~~~~~~~~~~~~~~~\n"
            "  }");
}

TEST(VerifierTest, DrawsLiteralsInTheLineThatUsesThem) {
  Program program = Pair();
  FirstOf(*program.init, Op::kLiteral).attr = 1;
  FirstOf(*program.init, Op::kLiteral).element = Element::kBool;
  FirstOf(*program.init, Op::kLiteral).attr = 5;
  const std::string message(Verify(program).message());
  EXPECT_NE(message.find("    %1 = fma %0, true, -70 : f64[exc]\n    ^~~~"), std::string::npos)
      << message;
}

TEST(VerifierTest, R5_Pathways) {
  const std::string head =
      "program k dt=0.1 seed=0\npopulation a size=2\npopulation a.burst size=2 domain=a\n"
      "population b size=3\nstate p.x : f64[p] = 0\ninput b.g : b scale=2^-30\n"
      "projection p : a -> b rule=all_to_all weight=1 delay=2\n";
  struct Case {
    const char* text;
    const char* message;  // empty: it is sound
  };
  const Case cases[] = {
      {"on_pre p pathway=late spikes=a.burst {\n}\non_pre p {\n}\nstep {\n}\n", ""},
      {"on_pre p pathway=late {\n}\non_pre p pathway=late {\n}\nstep {\n}\n",
       "there are two on_pre blocks of the pathway 'late' of 'p'"},
      {"on_pre p spikes=b {\n}\nstep {\n}\n", "the spikes are not of the source"},
      {"on_post p spikes=a.burst {\n}\nstep {\n}\n", "the spikes are not of the target"},
      {"on_step p delay=1 {\n}\nstep {\n}\n", "on_step has no pathway, delay or spikes"},
      {"on_post p delay=0 {\n}\nstep {\n}\n", "the delay is 0 steps"},
      {"on_post p delay=0 {\n}\nstep {\n  spike b, true\n  deliver\n}\n", ""},
      {"on_post p delay=0 {\n}\nstep {\n  deliver\n  spike b, true\n}\n",
       "the spikes of b are found behind deliver"},
      {"on_post p delay=1 {\n}\nstep {\n  deliver\n  spike b, true\n}\n", ""},
      {"step {\n  deliver\n  deliver\n}\n", "deliver stands twice in a step"},
      {"kernel k : network phase=0 {\n  deliver\n  reduce b.r, 1\n}\nreduction b.r : b\n",
       "a kernel that delivers does nothing else"},
      {"kernel k : b phase=0 {\n  deliver\n}\n", "a kernel that delivers runs over the network"},
      // Threads read what other threads' kernels have written.
      {"state a.x : f64[a] = 0\non_pre p {\n  %0 = load_pre a.x : f64[p]\n  accumulate b.g, %0\n}\n"
       "kernel k : a phase=0 {\n  store a.x, 1\n}\nkernel d : network phase=0 {\n  deliver\n}\n",
       "deliver needs threads to meet before it"},
  };
  for (const Case& c : cases) {
    const auto program = Parse(head + c.text, "k.ir");
    if (c.message[0] == '\0') {
      EXPECT_TRUE(program.ok()) << program.status() << c.text;
    } else {
      EXPECT_NE(program.status().message().find(c.message), absl::string_view::npos)
          << program.status() << c.text;
    }
  }
}

TEST(VerifierTest, NamesTheDeclaration) {
  Program program = Pair();
  program.projections[1].delay = 0;
  EXPECT_EQ(Verify(program).message(),
            "error: the delay is 0 steps\n"
            "  in the declaration of 'ei'\n"
            "  note: a spike takes at least one step to arrive, unless deliver stands in the step");
}

}  // namespace
}  // namespace bnsyn::ir
