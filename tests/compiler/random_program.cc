#include "tests/compiler/random_program.h"

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/builder.h"

namespace bnsyn::compiler::testing {
namespace {

using ir::DomainId;
using ir::Element;
using ir::NodeId;
using ir::Op;

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {
    program_.name = "random";
    program_.seed = seed;
    program_.AddPopulation("a", 67);
    program_.AddPopulation("b", 3);
    program_.AddEventPopulation("a.event", program_.populations[0].domain);
    for (const DomainId domain : Domains()) {
      for (const Element element : ir::kElements) AddStates(domain, element);
    }
    AddSymbols();
    AddInit();
    delivers_ = Chance(0.25);
    AddProjection();
  }

  ir::Program Run(int nodes) {
    ir::Block step;
    step.kind = ir::BlockKind::kStep;
    block_ = &step;
    while (static_cast<int>(step.nodes.size()) < nodes) AddSomething();
    for (int i = 0; i < nodes / 4; ++i) AddStore(Pick(Domains()));
    program_.step.push_back(std::move(step));
    return std::move(program_);
  }

 private:
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool Chance(double p) { return std::bernoulli_distribution(p)(random_); }
  template <typename T>
  const T& Pick(const std::vector<T>& items) {
    return items[Below(items.size())];
  }

  std::vector<DomainId> Domains() const {
    return {DomainId::kNetwork, program_.populations[0].domain, program_.populations[1].domain};
  }

  // The declarations.

  void AddStates(DomainId domain, Element element) {
    for (int i = 0; i < 4; ++i) {
      ir::State state;
      state.name = absl::StrCat(
          domain == DomainId::kNetwork ? "" : absl::StrCat(program_.DomainName(domain), "."),
          ir::ElementName(element), "_", i);
      state.type = {element, domain};
      state.initial = Bits(element);
      program_.states.push_back(std::move(state));
    }
  }

  void AddSymbols() {
    for (size_t p = 0; p < 2; ++p) {
      const ir::Population& population = program_.populations[p];
      program_.inputs.push_back(
          {absl::StrCat(population.name, ".in"), population.domain, {.scale_log2 = -20}});
      program_.reductions.push_back({absl::StrCat(population.name, ".sum"), population.domain});
    }
    program_.tables.push_back({.name = "numbers",
                               .file = "",
                               .only = "",
                               .digest = 0,
                               .columns = {"p", "q"},
                               .values = {{1, -2, 0.5}, {0.25, 8, -0.0}}});
    program_.params.push_back({"fixed", Element::kF64, ir::BitsOfF64(1.5), false, ""});
    program_.params.push_back({"free", Element::kF64, ir::BitsOfF64(-0.75), true, ""});
    ir::State checked;
    checked.name = "checked";
    checked.type = {Element::kF64, program_.populations[0].domain};
    checked_ = static_cast<ir::StateId>(program_.states.size());
    program_.states.push_back(checked);
    ir::State shown;
    shown.name = "b.shown";
    shown.type = {Element::kF64, program_.populations[1].domain};
    shown.initial = ir::BitsOfF64(1.5);
    program_.states.push_back(shown);
    program_.inputs.push_back(
        {.name = "b.decaying",
         .population = shown.type.domain,
         .accumulator = {.scale_log2 = -20,
                         .decay = 0.75,
                         .period = 4,
                         .state = static_cast<ir::StateId>(program_.states.size() - 1)}});
  }

  // Every element of a population starts with a value of its own.
  void AddInit() {
    ir::Block init;
    init.kind = ir::BlockKind::kInit;
    block_ = &init;
    for (ir::StateId id = 0; id < checked_; ++id) {
      const ir::Type type = program_.states[id].type;
      if (type.uniform()) continue;
      const NodeId draw =
          Append(Op::kNormal, {Element::kF64, type.domain}, {}, ir::StreamAttr(id, 0));
      const NodeId scaled = Append(Op::kMul, {}, {draw, Literal(Element::kF64, ir::BitsOfF64(3))});
      Append(Op::kStore, {}, {Convert(scaled, type.element)}, id);
    }
    program_.init = std::move(init);
    values_.clear();
  }

  void AddProjection() {
    ir::Projection projection;
    projection.name = "ab";
    projection.source = 0;
    projection.target = 1;
    projection.rule.kind = ir::RuleKind::kBernoulli;
    projection.rule.p = 0.5;
    projection.rule.stream = 1000;
    projection.weight = 0.25;
    const ir::ProjectionId id = program_.AddProjection(projection);
    ir::Block on_pre;
    on_pre.kind = ir::BlockKind::kOnPre;
    on_pre.name = "ab";
    on_pre.domain = program_.projections[id].domain;
    block_ = &on_pre;
    const NodeId weight = Append(Op::kWeight, {Element::kF64, on_pre.domain}, {});
    Append(Op::kAccumulate, {}, {weight}, 1);
    // What arrives at a decaying input arrives before the step.
    if (!delivers_) Append(Op::kAccumulate, {}, {weight}, 2);
    const ir::StateId of_source = AddArrived("a.arrived", 0);
    CountArrival(of_source, Op::kLoadPre, Op::kStorePre);
    program_.synaptic.push_back(std::move(on_pre));
    values_.clear();

    ir::State state;
    state.name = "ab.x";
    state.type = {Element::kF64, program_.projections[id].domain};
    state.initial = ir::BitsOfF64(1);
    program_.states.push_back(state);
    const auto x = static_cast<ir::StateId>(program_.states.size() - 1);
    AddRunBlock(x, ir::BlockKind::kOnStep, Op::kLoadPre, of_source);
    AddRunBlock(x, ir::BlockKind::kOnPost, Op::kLoadPost, AddArrived("b.arrived", 1));
  }

  // A state that arriving spikes store.
  ir::StateId AddArrived(const char* name, size_t population) {
    ir::State state;
    state.name = name;
    state.type = {Element::kF64, program_.populations[population].domain};
    program_.states.push_back(state);
    return static_cast<ir::StateId>(program_.states.size() - 1);
  }

  // x := x/2 + 1, for each arriving spike of the neuron.
  void CountArrival(ir::StateId x, Op load, Op store) {
    const NodeId now = Append(load, {Element::kF64, block_->domain}, {}, x);
    const NodeId half = Literal(Element::kF64, ir::BitsOfF64(0.5));
    const NodeId next = Append(Op::kFma, {}, {now, half, Literal(Element::kF64, ir::BitsOfF64(1))});
    Append(Op::kCheck, {}, {next}, x);
    Append(store, {}, {next}, x);
  }

  // x := x/2 + a state of the neuron + what its arrivals left; the input of the target grows.
  void AddRunBlock(ir::StateId x, ir::BlockKind kind, Op neuron, ir::StateId arrived) {
    const ir::Type type = program_.states[x].type;
    const size_t population = neuron == Op::kLoadPre ? 0 : 1;
    const std::vector<ir::StateId> states = StatesOf(program_.populations[population].domain);
    ir::StateId read = Pick(states);
    while (program_.states[read].type.element != Element::kF64) read = Pick(states);
    ir::Block block;
    block.kind = kind;
    block.name = "ab";
    block.domain = type.domain;
    block_ = &block;
    const NodeId half = Literal(Element::kF64, ir::BitsOfF64(0.5));
    const NodeId now = Append(Op::kLoad, type, {}, x);
    const NodeId read_now = Append(neuron, type, {}, read);
    const NodeId sum = Append(Op::kAdd, {}, {read_now, Append(neuron, type, {}, arrived)});
    Append(Op::kStore, {}, {Append(Op::kFma, {}, {now, half, sum})}, x);
    Append(Op::kAccumulate, {}, {half}, 1);
    if (kind == ir::BlockKind::kOnPost) CountArrival(arrived, neuron, Op::kStorePost);
    program_.synaptic.push_back(std::move(block));
    values_.clear();
  }

  // Nodes, appended without value numbering: finding what is common is left to the passes.

  NodeId Append(Op op, ir::Type type, std::vector<NodeId> operands, uint64_t attr = 0) {
    std::vector<ir::Type> types;
    for (NodeId id : operands) types.push_back(block_->nodes[id].type());
    const auto result = ir::ResultType(program_, *block_, op, types, attr, type);
    if (!result.ok()) {
      std::fprintf(stderr, "%s\n", result.status().ToString().c_str());
      std::abort();
    }
    ir::Node node;
    node.op = op;
    node.element = result->element;
    node.domain = result->domain;
    node.attr = attr;
    std::copy(operands.begin(), operands.end(), node.operands);
    block_->nodes.push_back(node);
    const auto id = static_cast<NodeId>(block_->nodes.size() - 1);
    if (ir::HasResult(op) && op != Op::kLiteral) values_.push_back(id);
    return id;
  }

  NodeId Literal(Element element, ir::Bits bits) {
    return Append(Op::kLiteral, {element, DomainId::kNetwork}, {}, bits);
  }

  NodeId Convert(NodeId a, Element to) {
    return Append(Op::kConvert, {to, block_->nodes[a].domain}, {a});
  }

  // The numbers that matter most to the rules of arithmetic.
  ir::Bits Bits(Element element) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    static const std::vector<double> kNumbers = {
        0.0, -0.0, 1,   -1,     2,         0.5,        3,    -1.5,
        10,  1e-3, 700, 1e-310, kInfinity, -kInfinity, 1e38, std::nan("")};
    static const std::vector<int64_t> kIntegers = {0, 1, -1, 2, 3, 31, 32, 64, 1 << 20};
    switch (element) {
      case Element::kF64:
        return ir::BitsOfF64(Pick(kNumbers));
      case Element::kF32:
        return ir::BitsOfF32(static_cast<float>(Pick(kNumbers)));
      case Element::kI64:
      case Element::kU64:
        return static_cast<ir::Bits>(Pick(kIntegers));
      case Element::kI32:
      case Element::kU32:
        return static_cast<uint32_t>(Pick(kIntegers));
      case Element::kBool:
        return Below(2);
    }
    return 0;
  }

  // A value of this element that can be used in this domain: one there already, mostly.
  NodeId Operand(Element element, DomainId domain) {
    std::vector<NodeId> known;
    std::vector<NodeId> convertible;
    for (NodeId id : values_) {
      const ir::Type type = block_->nodes[id].type();
      if (!type.uniform() && type.domain != domain) continue;
      (type.element == element ? known : convertible).push_back(id);
    }
    if (!known.empty() && Chance(0.75)) return Chance(0.5) ? known.back() : Pick(known);
    if (!convertible.empty() && Chance(0.3)) return Convert(Pick(convertible), element);
    return Literal(element, Bits(element));
  }

  void AddSomething() {
    const DomainId domain = Pick(Domains());
    if (Chance(0.12)) return AddLoad(domain);
    if (Chance(0.12)) return AddStore(domain);
    if (Chance(0.12)) return AddMeeting(domain);
    if (Chance(0.04)) return AddRun();
    if (Chance(0.03)) return AddLoop(domain);
    AddPure(Pick(std::vector<ir::OpInfo>(ir::AllOps().begin(), ir::AllOps().end())), domain);
  }

  void AddLoad(DomainId domain) {
    const ir::StateId id = StateOf(domain);
    Append(Op::kLoad, program_.states[id].type, {}, id);
  }

  void AddStore(DomainId domain) {
    if (domain == program_.populations[0].domain && Chance(0.1)) {
      const NodeId value = Convert(Operand(Element::kBool, domain), Element::kF64);
      Append(Op::kCheck, {}, {value}, checked_);
      Append(Op::kStore, {}, {value}, checked_);
      return;
    }
    const ir::StateId id = StateOf(domain);
    Append(Op::kStore, {}, {Operand(program_.states[id].type.element, domain)}, id);
  }

  std::vector<ir::StateId> StatesOf(DomainId domain) const {
    std::vector<ir::StateId> states;
    for (ir::StateId id = 0; id < checked_; ++id) {
      if (program_.states[id].type.domain == domain) states.push_back(id);
    }
    return states;
  }
  ir::StateId StateOf(DomainId domain) { return Pick(StatesOf(domain)); }

  void AddRun() {
    const size_t block = Below(delivers_ ? 2 : 1);
    if (std::exchange(ran_[block], true)) return;
    Append(block == 0 ? Op::kRunOnStep : Op::kDeliver, {}, {}, 0);
  }

  // A loop of plain nodes that changes two temporaries: one that is written out by the passes, or
  // one that is a kernel. What a temporary held before may be used behind the loop.
  void AddLoop(DomainId domain) {
    if (program_.loops.size() == 3) return;
    const auto number = static_cast<ir::LoopId>(program_.loops.size());
    std::vector<ir::StateId> temporaries;
    for (const Element element : {Element::kF64, Element::kU32}) {
      ir::State state;
      state.name = absl::StrCat("loop", number, ".", ir::ElementName(element));
      state.type = {element, domain};
      state.temporary = true;
      temporaries.push_back(static_cast<ir::StateId>(program_.states.size()));
      program_.states.push_back(std::move(state));
      Append(Op::kStore, {}, {Operand(element, domain)}, temporaries.back());
      if (Chance(0.3)) Append(Op::kLoad, {element, domain}, {}, temporaries.back());
    }
    ir::Block* const step = std::exchange(block_, nullptr);
    const std::vector<NodeId> values = std::exchange(values_, {});
    ir::Block loop;
    loop.kind = ir::BlockKind::kLoop;
    loop.name = absl::StrCat("loop", number);
    loop.domain = domain;
    loop.times = Pick(std::vector<uint32_t>{2, 3, 17, 130});
    block_ = &loop;
    for (const ir::StateId state : temporaries) {
      Append(Op::kLoad, program_.states[state].type, {}, state);
    }
    const std::vector<ir::OpInfo> ops(ir::AllOps().begin(), ir::AllOps().end());
    while (loop.nodes.size() < 15) {
      const DomainId of_node = Chance(0.2) ? DomainId::kNetwork : domain;
      Chance(0.1) ? AddLoad(of_node) : AddPure(Pick(ops), of_node);
    }
    for (const ir::StateId state : temporaries) {
      Append(Op::kStore, {}, {Operand(program_.states[state].type.element, domain)}, state);
    }
    if (domain != DomainId::kNetwork && Chance(0.3)) {
      Append(Op::kUntil, {}, {Operand(Element::kBool, domain)});
    }
    block_ = step;
    values_ = values;
    program_.loops.push_back(std::move(loop));
    Append(Op::kRun, {}, {}, number);
    for (const ir::StateId state : temporaries) {
      Append(Op::kLoad, program_.states[state].type, {}, state);
    }
  }

  // Inputs, spikes and sums, and what the network sees of them.
  void AddMeeting(DomainId domain) {
    if (domain == DomainId::kNetwork) {
      const size_t population = Below(3);
      Append(Op::kCount, {Element::kI64, domain}, {}, population);
      if (population < 2 && reduced_[population]) {
        Append(Op::kTotal, {Element::kF64, domain}, {}, population);
      }
      return;
    }
    const size_t population = domain == program_.populations[0].domain ? 0 : 1;
    switch (Below(3)) {
      case 0:
        if (population == 1) Append(Op::kHeld, {Element::kF64, domain}, {}, 2);
        if (std::exchange(taken_[population], true)) return;
        Append(Op::kTake, {Element::kF64, domain}, {}, population);
        return;
      case 1: {
        const size_t spiking = population == 0 && Chance(0.5) ? 2 : population;
        if (std::exchange(spiked_[spiking], true)) return;
        Append(Op::kSpike, {}, {Operand(Element::kBool, domain)}, spiking);
        return;
      }
      default:
        if (std::exchange(reduced_[population], true)) return;
        Append(Op::kReduce, {}, {Operand(Element::kF64, domain)}, population);
        return;
    }
  }

  void AddPure(const ir::OpInfo& info, DomainId domain) {
    static const std::vector<Element> kFloats = {Element::kF64, Element::kF32};
    static const std::vector<Element> kIntegers = {Element::kI32, Element::kU32, Element::kI64,
                                                   Element::kU64};
    static const std::vector<Element> kAll(std::begin(ir::kElements), std::end(ir::kElements));
    const auto operands = [&](Element element) {
      std::vector<NodeId> ids;
      for (int i = 0; i < info.arity; ++i) ids.push_back(Operand(element, domain));
      // Many rules are about equal operands.
      if (ids.size() == 2 && Chance(0.1)) ids[1] = ids[0];
      return ids;
    };
    const Element number = Chance(0.5) ? Pick(kFloats) : Pick(kIntegers);
    switch (info.rule) {
      case ir::TypeRule::kSame:
      case ir::TypeRule::kCompare:
        Append(info.op, {}, operands(number));
        return;
      case ir::TypeRule::kFloat:
        Append(info.op, {}, operands(Pick(kFloats)));
        return;
      case ir::TypeRule::kInteger:
        Append(info.op, {}, operands(Pick(kIntegers)));
        return;
      case ir::TypeRule::kLogic:
        Append(info.op, {}, operands(Chance(0.5) ? Element::kBool : Pick(kIntegers)));
        return;
      case ir::TypeRule::kSelect: {
        const Element element = Pick(kAll);
        const NodeId condition = Operand(Element::kBool, domain);
        const NodeId yes = Operand(element, domain);
        Append(info.op, {}, {condition, yes, Chance(0.1) ? yes : Operand(element, domain)});
        return;
      }
      case ir::TypeRule::kConvert:
        Convert(Operand(Pick(kAll), domain), Pick(kAll));
        return;
      case ir::TypeRule::kBitcast:
        AddBitcast(domain);
        return;
      case ir::TypeRule::kLookup:
        Append(info.op, {}, operands(Element::kI64), 0);
        return;
      case ir::TypeRule::kGather:
        return;
      case ir::TypeRule::kDeclared:
        AddDeclared(info, domain);
        return;
      case ir::TypeRule::kEffect:
        return;
    }
  }

  // All NaNs are one value (R10), so which bits one has must not be asked.
  void AddBitcast(DomainId domain) {
    static const std::vector<std::pair<Element, Element>> kPairs = {
        {Element::kF64, Element::kI64}, {Element::kF64, Element::kU64},
        {Element::kU64, Element::kF64}, {Element::kF32, Element::kI32},
        {Element::kF32, Element::kU32}, {Element::kU32, Element::kF32},
        {Element::kI64, Element::kU64}, {Element::kI32, Element::kI32}};
    const auto [from, to] = Pick(kPairs);
    NodeId value = Operand(from, domain);
    if (ir::IsFloat(from)) {
      const NodeId number = Append(Op::kEq, {}, {value, value});
      value = Append(Op::kSelect, {}, {number, value, Literal(from, 0)});
    }
    Append(Op::kBitcast, {to, block_->nodes[value].domain}, {value});
  }

  void AddDeclared(const ir::OpInfo& info, DomainId domain) {
    const bool of_synapse = info.op == Op::kWeight || info.op == Op::kDelay ||
                            info.op == Op::kIndexPre || info.op == Op::kIndexPost;
    if (info.effect != ir::Effect::kPure || of_synapse || info.op == Op::kLiteral) return;
    if (info.op == Op::kParam) {
      Append(info.op, {Element::kF64, DomainId::kNetwork}, {}, Below(program_.params.size()));
    } else if (info.op == Op::kPass) {
      if (block_->kind != ir::BlockKind::kLoop) return;
      Append(info.op, {Element::kU64, DomainId::kNetwork}, {});
    } else if (info.op == Op::kScale && block_->kind == ir::BlockKind::kLoop) {
      return;
    } else if (info.op == Op::kStep) {
      Append(info.op, {Element::kU64, DomainId::kNetwork}, {});
    } else if (info.op == Op::kScale) {
      Append(info.op, {Element::kF64, DomainId::kNetwork}, {}, 2);
    } else if (info.op == Op::kIndex) {
      if (domain == DomainId::kNetwork) return;
      Append(info.op, {Element::kU32, domain}, {});
    } else {
      if (domain == DomainId::kNetwork) return;
      Element element = Element::kF64;
      if (info.op == Op::kRandom) element = Element::kU32;
      if (info.op == Op::kBernoulli) element = Element::kBool;
      std::vector<NodeId> operands;
      if (info.arity == 1) operands.push_back(Operand(Element::kF64, domain));
      Append(info.op, {element, domain}, operands,
             ir::StreamAttr(static_cast<uint32_t>(Below(4)), 0));
    }
  }

  std::mt19937_64 random_;
  ir::Program program_;
  ir::StateId checked_ = 0;
  ir::Block* block_ = nullptr;
  std::vector<NodeId> values_;  // what later nodes of the block may use
  bool taken_[2] = {};
  bool spiked_[3] = {};
  bool reduced_[2] = {};
  bool ran_[2] = {};
  bool delivers_ = false;  // arrivals stand within the step
};

}  // namespace

ir::Program RandomProgram(uint64_t seed, int nodes) { return Generator(seed).Run(nodes); }

}  // namespace bnsyn::compiler::testing
