#include "compiler/connect/connect_program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/connect/kernel_signature.h"
#include "compiler/passes/node_arithmetic.h"
#include "compiler/passes/rewrite.h"
#include "reference/philox_rounds.h"
#include "reference/rule_draws.h"
#include "reference/sequences_draws.h"

namespace bnsyn::compiler {
namespace {

using ir::Element;
using ir::Op;
using ir::Value;
using F = NodeArithmetic::F;
using U = NodeArithmetic::U;
using W = NodeArithmetic::W;

// Populations have no size of their own: kernels are called with one.
constexpr uint32_t kNominalSize = 64;

// Marks the nodes that a set of nodes is computed from, and the set itself.
std::vector<bool> NeededFor(const ir::Block& block, absl::Span<const ir::NodeId> ends) {
  std::vector<bool> needed(block.nodes.size());
  for (const ir::NodeId end : ends) needed[end] = true;
  for (size_t id = block.nodes.size(); id-- > 0;) {
    if (!needed[id]) continue;
    for (const ir::NodeId operand : block.nodes[id].inputs()) needed[operand] = true;
  }
  return needed;
}

constexpr ir::ParamId kSeedLow = 0;
constexpr ir::ParamId kSeedHigh = 1;

// Writes one kernel into the step of the program `to`.
class KernelWriter {
 public:
  KernelWriter(const ir::Program& from, ir::ProjectionId id,
               absl::Span<const reference::Array> states, const std::string& name, ir::Program& to)
      : from_(from), id_(id), states_(states), to_(to), builder_(to, to.step[0]), m_(builder_) {
    kernel_.domain = to.populations[to.AddPopulation(name, kNominalSize)].domain;
  }

  // The results that the request names.
  ConnectKernel Synapses(const ConnectRequest& request) {
    const ir::Block* const connect = from_.FindConnect(id_);
    Value weight = Weight();
    bool drawn = false;
    if (connect != nullptr) {
      std::vector<ir::NodeId> ends;
      for (ir::NodeId id = 0; id < connect->nodes.size(); ++id) {
        const Op op = connect->nodes[id].op;
        if (op == Op::kSetWeight || op == Op::kSetDelay || op == Op::kStore) ends.push_back(id);
      }
      const std::vector<Value> values = Copy(*connect, NeededFor(*connect, ends), weight);
      for (const ir::NodeId end : ends) {
        const ir::Node& node = connect->nodes[end];
        const Value value = values[node.operands[0]];
        if (node.op == Op::kSetDelay) Make(ConnectRole::kDelay, 0, Element::kI64, value);
        if (node.op == Op::kStore) {
          Make(ConnectRole::kState, static_cast<uint32_t>(node.attr), node.element, value);
        }
        if (node.op != Op::kSetWeight) continue;
        weight = value;
        drawn = true;
        if (request.weights) Make(ConnectRole::kWeight, 0, Element::kF64, value);
      }
    }
    Quanta(request, weight, drawn);
    return std::move(kernel_);
  }

  // kJoined: each pair by its own draw in the stream of the rule.
  ConnectKernel Pairs() {
    const ir::Block& connect = *from_.FindConnect(id_);
    const auto set =
        std::find_if(connect.nodes.begin(), connect.nodes.end(),
                     [](const ir::Node& node) { return node.op == Op::kSetProbability; });
    const auto end = static_cast<ir::NodeId>(set - connect.nodes.begin());
    const std::vector<Value> values = Copy(connect, NeededFor(connect, {end}), Weight());
    const F p = m_.Of<double>(values[set->operands[0]]);
    const auto [first, second] = Words(from_.projections[id_].rule.stream);
    const F u = reference::sequences::Uniform(m_, first, second);
    const Value joined = builder_.Convert(m_.Write(u < p), Element::kU32);
    const Value valid = m_.Write((p >= F(0.0)) & (p <= F(1.0)));
    const Value fault = builder_.Literal(Element::kU32, kNoProbability);
    Make(ConnectRole::kJoined, 0, Element::kU32,
         builder_.Emit(Op::kSelect, {valid, joined, fault}));
    return std::move(kernel_);
  }

 private:
  // An array of the kernel, declared at its first use.
  ir::StateId ArrayOf(ConnectRole role, uint32_t index, Element element) {
    for (const ConnectArray& array : kernel_.arrays) {
      if (array.role == role && array.index == index) return array.state;
    }
    const auto id = static_cast<ir::StateId>(to_.states.size());
    ir::State& state = to_.states.emplace_back();
    state.name = absl::StrCat(to_.DomainName(kernel_.domain), ".array", id);
    state.type = {element, kernel_.domain};
    kernel_.arrays.push_back({role, index, id});
    return id;
  }
  Value Given(ConnectRole role, uint32_t index, Element element) {
    return builder_.Load(ArrayOf(role, index, element));
  }
  void Make(ConnectRole role, uint32_t index, Element element, Value value) {
    builder_.Store(ArrayOf(role, index, element), value);
  }

  // The weight of a synapse before the connect block.
  Value Weight() {
    const ir::Projection& projection = from_.projections[id_];
    return projection.weight_column ? Given(ConnectRole::kGiven, 0, Element::kF64)
                                    : builder_.F64(projection.weight);
  }

  // Words 0 and 1 of a synapse in a stream (R3).
  std::pair<W, W> Words(uint32_t stream) {
    const auto known = words_.find(stream);
    if (known != words_.end()) return known->second;
    const auto number = [&](ConnectRole role) {
      return m_.Of<uint64_t>(builder_.Convert(Given(role, 0, Element::kU32), Element::kU64));
    };
    const auto param = [&](ir::ParamId id) { return m_.Of<uint64_t>(builder_.Param(id)); };
    const auto cell = static_cast<ir::StateId>(to_.states.size());
    ir::State& state = to_.states.emplace_back();
    state.name = absl::StrCat(to_.DomainName(kernel_.domain), ".stream", cell);
    state.type.element = Element::kU32;
    kernel_.streams.push_back({cell, stream});
    const U number_of_stream =
        m_.Of<uint64_t>(builder_.Convert(builder_.Load(cell), Element::kU64));
    const U target = number(ConnectRole::kTarget);
    const U source = number(ConnectRole::kSource);
    const U occurrence = number(ConnectRole::kOccurrence);
    const std::array<U, 4> words = reference::philox::Rounds<U>(
        {target, source, occurrence, number_of_stream}, {param(kSeedLow), param(kSeedHigh)});
    const auto word = [&](U term) {
      return m_.Of<uint32_t>(builder_.Convert(m_.Write(term), Element::kU32));
    };
    const W first = word(words[0]);
    return words_.emplace(stream, std::pair(first, word(words[1]))).first->second;
  }

  Value Draw(const ir::Node& node, absl::Span<const Value> operands) {
    namespace sequences = reference::sequences;
    const auto [first, second] = Words(static_cast<uint32_t>(node.attr >> 32));
    if (node.op == Op::kUniform) return m_.Write(sequences::Uniform(m_, first, second));
    if (node.op == Op::kNormal) return m_.Write(sequences::Normal(m_, first, second));
    if (node.op == Op::kExponential) return m_.Write(sequences::Exponential(m_, first, second));
    if (node.op == Op::kBernoulli) {
      return m_.Write(sequences::Bernoulli(m_, m_.Of<double>(operands[0]), first));
    }
    return m_.Write(first);  // random
  }

  // Copies the needed nodes of a connect or on_pre block, without effects. Returns the copies by
  // node.
  std::vector<Value> Copy(const ir::Block& block, const std::vector<bool>& needed, Value weight) {
    std::vector<Value> values(block.nodes.size());
    for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
      const ir::Node& node = block.nodes[id];
      if (!needed[id] || !ir::HasResult(node.op)) continue;
      std::vector<Value> operands;
      for (const ir::NodeId operand : node.inputs()) operands.push_back(values[operand]);
      values[id] = node.op == Op::kWeight ? weight : CopyNode(node, operands);
    }
    return values;
  }

  Value CopyNode(const ir::Node& node, absl::Span<const Value> operands) {
    const auto state = static_cast<uint32_t>(node.attr);
    if (ir::Info(node.op).attr == ir::AttrKind::kStream && !node.type().uniform()) {
      return Draw(node, operands);
    }
    if (node.op == Op::kParam) {
      return builder_.Literal(node.element, from_.params[node.attr].value);
    }
    if (node.op == Op::kLoad) return builder_.Literal(node.element, states_[node.attr].bits(0));
    if (node.op == Op::kLoadPre) return Given(ConnectRole::kPre, state, node.element);
    if (node.op == Op::kLoadPost) return Given(ConnectRole::kPost, state, node.element);
    if (node.op == Op::kIndexPre) return Given(ConnectRole::kSource, 0, node.element);
    if (node.op == Op::kIndexPost) return Given(ConnectRole::kTarget, 0, node.element);
    return EmitLike(builder_, node, operands);
  }

  // The contributions of static accumulates of the on_pre block, rounded as R6 says.
  void Quanta(const ConnectRequest& request, Value weight, bool drawn) {
    const std::vector<ir::NodeId>& accumulates = request.quanta;
    if (accumulates.empty()) return;
    const ir::Block& on_pre = *from_.FindSynaptic(ir::BlockKind::kOnPre, id_);
    const std::vector<Value> values = Copy(on_pre, NeededFor(on_pre, accumulates), weight);
    for (const ir::NodeId id : accumulates) {
      const int scale = from_.inputs[on_pre.nodes[id].attr].accumulator.scale_log2;
      const Value contribution = values[on_pre.nodes[id].operands[0]];
      if (request.contributions) Make(ConnectRole::kContribution, id, Element::kF64, contribution);
      F quanta = m_.Of<double>(contribution);
      // A factor beyond the range of normal numbers is split; only the last product can round.
      for (int left = -scale; left != 0;) {
        const int part = std::clamp(left, -1000, 1000);
        quanta = quanta * F(std::ldexp(1.0, part));
        left -= part;
      }
      quanta = m_.Rint(quanta);
      if (drawn) {
        const auto finite = m_.Abs(m_.Of<double>(weight)) <= F(std::numeric_limits<double>::max());
        quanta = m_.Select(finite, quanta, F(std::numeric_limits<double>::quiet_NaN()));
      }
      Make(ConnectRole::kQuanta, id, Element::kF64, m_.Write(quanta));
    }
  }

  const ir::Program& from_;
  const ir::ProjectionId id_;
  const absl::Span<const reference::Array> states_;
  ir::Program& to_;
  ir::Builder builder_;
  NodeArithmetic m_;
  ConnectKernel kernel_;
  std::map<uint32_t, std::pair<W, W>> words_;  // by stream
};

bool Sets(const ir::Block& block, Op op) {
  return std::any_of(block.nodes.begin(), block.nodes.end(),
                     [op](const ir::Node& node) { return node.op == op; });
}

// Writes the kernels that draw the numbers of rules.
class RuleWriter {
 public:
  RuleWriter(ir::Program& to, absl::string_view name)
      : to_(to),
        name_(name),
        domain_(to.populations[to.AddPopulation(std::string(name), kNominalSize)].domain),
        builder_(to, to.step[0]),
        m_(builder_) {}

  ir::DomainId domain() const { return domain_; }
  ir::Builder& builder() { return builder_; }
  NodeArithmetic& arithmetic() { return m_; }

  ir::StateId Array(absl::string_view name, Element element) {
    return Declare(name, {element, domain_});
  }
  ir::StateId Scalar(absl::string_view name, Element element) {
    return Declare(name, {element, ir::DomainId::kNetwork});
  }
  U Wide(Value value) { return m_.Of<uint64_t>(builder_.Convert(value, Element::kU64)); }
  W Narrow(U term) { return m_.Of<uint32_t>(builder_.Convert(m_.Write(term), Element::kU32)); }
  // Words of the sequence (a, b); all arguments are u32.
  std::array<U, 4> Words(Value counter, ir::StateId a, ir::StateId b, ir::StateId stream) {
    const auto load = [&](ir::StateId state) { return Wide(builder_.Load(state)); };
    const auto seed = [&](ir::ParamId id) { return m_.Of<uint64_t>(builder_.Param(id)); };
    return reference::philox::Rounds<U>({Wide(counter), load(a), load(b), load(stream)},
                                        {seed(kSeedLow), seed(kSeedHigh)});
  }

 private:
  ir::StateId Declare(absl::string_view name, ir::Type type) {
    ir::State& state = to_.states.emplace_back();
    state.name = absl::StrCat(name_, ".", name);
    state.type = type;
    return static_cast<ir::StateId>(to_.states.size() - 1);
  }

  ir::Program& to_;
  const std::string name_;
  const ir::DomainId domain_;
  ir::Builder builder_;
  NodeArithmetic m_;
};

RuleKernel MakeRuleKernel(ir::Program& to) {
  RuleWriter writer(to, "rule");
  RuleKernel kernel;
  kernel.domain = writer.domain();
  kernel.a = writer.Scalar("a", Element::kU32);
  kernel.b = writer.Scalar("b", Element::kU32);
  kernel.stream = writer.Scalar("stream", Element::kU32);
  kernel.even = writer.Array("even", Element::kU64);
  kernel.odd = writer.Array("odd", Element::kU64);
  const Value index = writer.builder().Emit(Op::kIndex, {Element::kU32, kernel.domain}, {});
  const std::array<U, 4> words = writer.Words(index, kernel.a, kernel.b, kernel.stream);
  const auto store = [&](ir::StateId state, U first, U second) {
    const U number = (first << 32) | (second & reference::philox::kLowHalf);
    writer.builder().Store(state, writer.arithmetic().Write(number));
  };
  store(kernel.even, words[0], words[1]);
  store(kernel.odd, words[2], words[3]);
  return kernel;
}

SkipKernel MakeSkipKernel(ir::Program& to) {
  namespace sequences = reference::sequences;
  RuleWriter writer(to, "skips");
  SkipKernel kernel;
  kernel.domain = writer.domain();
  kernel.source = writer.Array("source", Element::kU32);
  kernel.block = writer.Array("block", Element::kU32);
  kernel.counter = writer.Array("counter", Element::kU32);
  kernel.stream = writer.Scalar("stream", Element::kU32);
  kernel.log_miss = writer.Scalar("log_miss", Element::kF64);
  kernel.even = writer.Array("even", Element::kF64);
  kernel.odd = writer.Array("odd", Element::kF64);
  const std::array<U, 4> words = writer.Words(writer.builder().Load(kernel.counter), kernel.source,
                                              kernel.block, kernel.stream);
  NodeArithmetic& m = writer.arithmetic();
  const F log_miss = m.Of<double>(writer.builder().Load(kernel.log_miss));
  const auto store = [&](ir::StateId state, U first, U second) {
    const F skip = sequences::Skip(m, writer.Narrow(first), writer.Narrow(second), log_miss);
    writer.builder().Store(state, m.Write(skip));
  };
  store(kernel.even, words[0], words[1]);
  store(kernel.odd, words[2], words[3]);
  return kernel;
}

// The numbers that Bernoulli rules are expected to draw.
double BernoulliDraws(const ir::Program& program) {
  double draws = 0;
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const ir::Projection& projection = program.projections[id];
    if (projection.rule.kind != ir::RuleKind::kBernoulli || program.SetsPairs(id)) continue;
    const double targets = program.TargetsOf(id).size();
    draws += program.SourcesOf(id).size() *
             (projection.rule.p * targets + std::ceil(targets / reference::kBernoulliBlock));
  }
  return draws;
}

}  // namespace

bool IsCompilable(const ir::Block& connect) { return !Sets(connect, Op::kPoisson); }

ConnectProgram MakeConnectProgram(const ir::Program& program,
                                  absl::Span<const ConnectRequest> requests,
                                  absl::Span<const reference::Array> states) {
  ConnectProgram result;
  ir::Program& to = result.program;
  to.name = absl::StrCat(program.name, ".connect");
  to.dt = program.dt;
  to.seed = program.seed;
  to.tables = program.tables;
  to.directory = program.directory;
  to.params = {{"seed.low", Element::kU64, program.seed & 0xffffffff, /*tunable=*/true, ""},
               {"seed.high", Element::kU64, program.seed >> 32, /*tunable=*/true, ""}};
  to.step.emplace_back();
  const auto by_target = [](const ir::Projection& projection) {
    return ir::TraitsOf(projection.rule.kind).order == ir::DrawOrder::kByTarget;
  };
  if (std::any_of(program.projections.begin(), program.projections.end(), by_target)) {
    result.rule = MakeRuleKernel(to);
  }
  // Fewer numbers are drawn in less time than compilation takes.
  constexpr double kLeastDraws = 1e6;
  if (BernoulliDraws(program) >= kLeastDraws) result.skips = MakeSkipKernel(to);
  KnownKernels synapses;
  KnownKernels pairs;
  result.synapses.resize(program.projections.size());
  result.pairs.resize(program.projections.size());
  for (ir::ProjectionId id = 0; id < program.projections.size(); ++id) {
    const std::string& name = program.projections[id].name;
    const ir::Block* const connect = program.FindConnect(id);
    if (connect != nullptr && !IsCompilable(*connect)) continue;
    if (program.projections[id].rule.kind == ir::RuleKind::kBernoulli && program.SetsPairs(id)) {
      SignatureWriter writer(program, id, states);
      writer.AddStream(program.projections[id].rule.stream);
      writer.AddBlock(connect);
      result.pairs[id] = pairs.Get(writer.Take(), [&] {
        return KernelWriter(program, id, states, absl::StrCat(name, ".pairs"), to).Pairs();
      });
    }
    const bool sets =
        connect != nullptr && (Sets(*connect, Op::kSetWeight) || Sets(*connect, Op::kSetDelay) ||
                               Sets(*connect, Op::kStore));
    if (!sets && requests[id].quanta.empty()) continue;
    SignatureWriter writer(program, id, states);
    writer.AddBlock(connect);
    writer.Add((requests[id].weights ? 1 : 0) + (requests[id].contributions ? 2 : 0));
    for (const ir::NodeId node : requests[id].quanta) writer.Add(node);
    if (!requests[id].quanta.empty()) {
      writer.AddBlock(program.FindSynaptic(ir::BlockKind::kOnPre, id));
    }
    result.synapses[id] = synapses.Get(writer.Take(), [&] {
      return KernelWriter(program, id, states, absl::StrCat(name, ".synapses"), to)
          .Synapses(requests[id]);
    });
  }
  return result;
}

}  // namespace bnsyn::compiler
