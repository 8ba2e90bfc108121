// Each op in each kind of block, over each domain and element: the verifier refuses it where it
// stands, or every pass, plan and engine takes it. Nothing is an internal error.
#include <gtest/gtest.h>

#include <cctype>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "ir/op.h"
#include "ir/symbols.h"
#include "ir/text.h"
#include "ir/type.h"
#include "runtime/accelerated_program.h"
#include "runtime/simulation_internal.h"

namespace bnsyn::testing {
namespace {

// The domains of the programs: the network, a population with events, the one that it projects to,
// and the synapses.
const std::vector<std::string> kDomains = {"", "a", "b", "ab"};

std::string Type(ir::Element element, const std::string& domain) {
  const std::string name(ir::ElementName(element));
  return domain.empty() ? name : absl::StrCat(name, "[", domain, "]");
}

// 1, as a literal of this element.
std::string One(ir::Element element) {
  if (element == ir::Element::kBool) return "true";
  if (element == ir::Element::kF64) return "1";
  return absl::StrCat("1", std::string(ir::ElementName(element)));
}

std::string StateName(ir::Element element, const std::string& domain) {
  return absl::StrCat(domain.empty() ? "net" : domain, ".", std::string(ir::ElementName(element)));
}

// The declarations of every program.
std::string Declarations() {
  std::string text =
      "program placement dt=1 seed=1\n"
      "table numbers columns=[p, q] values=[1, 2, 3, 4]\n"
      "population a size=67\n"
      "population b size=3\n"
      "population a.event size=67 domain=a\n"
      "param fixed : f64 = 1.5\n"
      "param free : i64 = 2i64 tunable\n";
  for (const std::string& domain : kDomains) {
    for (const ir::Element element : ir::kElements) {
      absl::StrAppend(&text, "state ", StateName(element, domain), " : ", Type(element, domain),
                      " = ", One(element), "\n");
    }
  }
  absl::StrAppend(&text,
                  "state b.held : f64[b] = 1\n"
                  "state a.history : f64[a] = 1 history=3\n"
                  "temp a.temporary : f64[a]\n"
                  "temp temporary : f64\n"
                  "input a.in : a scale=2^-20\n"
                  "input b.in : b scale=2^-20\n"
                  "input b.decaying : b scale=2^-20 decay=0.75 period=4 state=b.held\n"
                  "reduction a.sum : a\n"
                  "reduction b.sum : b\n"
                  "projection ab : a -> b rule=bernoulli p=0.5 weight=1 delay=[1, 3]\n"
                  "projection ba : b -> a rule=all_to_all weight=1 delay=1\n"
                  "loop a.loop : a times=2 {\n  %1 = pass : u64\n}\n");
  return text;
}

// The kinds of blocks, as the header of the block under test and what else the program needs.
struct Place {
  const char* header;
  const char* rest;
};
constexpr char kStep[] =
    "step {\n  run_on_step ab\n  %1 = load a.bool : bool[a]\n  spike a, %1\n  store a.history, "
    "1\n}\n";
constexpr char kKernels[] =
    "kernel spikes : a phase=1 {\n  %1 = load a.bool : bool[a]\n  spike a, %1\n  store a.history, "
    "1\n}\n";
constexpr char kRun[] =
    "step {\n  %1 = load a.f64 : f64[a]\n  store a.temporary, %1\n  %2 = load net.f64 : f64\n"
    "  store temporary, %2\n  run test\n  %3 = load a.bool : bool[a]\n  spike a, %3\n  store "
    "a.history, 1\n}\n";
const Place kPlaces[] = {
    {"init {\n", kStep},
    {"connect ab {\n", kStep},
    {"on_pre ab {\n", kStep},
    {"on_pre ab pathway=late delay=2 {\n", kStep},
    {"on_step ab {\n", kStep},
    {"on_step ab every=3 offset=1 {\n", kStep},
    {"on_post ab {\n", kStep},
    {"now ab {\n", kStep},
    {"loop test : a times=3 {\n", kRun},
    {"loop test : network times=3 {\n", kRun},
    {"clock test : a every=3 offset=1 {\n", kRun},
    {"clock test : network every=3 offset=1 {\n", kRun},
    {"step {\n", ""},
    {"kernel test : network phase=0 {\n", kKernels},
    {"kernel test : a phase=0 {\n", kKernels},
    {"kernel test : ab phase=0 {\n", kKernels},
    {"kernel test : a phase=0 times=3 {\n", kKernels},
    {"kernel test : a phase=0 every=3 offset=1 {\n", kKernels},
};

std::string Program(const Place& place, std::string nodes) {
  const std::string header = place.header;
  const std::string delays = "  set_delay 1i64\n";
  std::string text = Declarations();
  // What the declarations and the step need.
  for (const char* other : {"connect ab {\n", "on_step ab {\n", "on_post ab {\n"}) {
    const bool connects = absl::StartsWith(other, "connect");
    if (header != other) {
      absl::StrAppend(&text, other, connects ? delays : "", "}\n");
    } else if (connects && !absl::StrContains(nodes, "set_delay")) {
      absl::StrAppend(&nodes, delays);
    }
  }
  const bool stores = absl::StrContains(nodes, "store a.history");
  if (absl::StartsWith(header, "step") && !stores)
    absl::StrAppend(&nodes, "  store a.history, 1\n");
  return absl::StrCat(text, header, nodes, "}\n", place.rest);
}

// Nodes with one op under test, which end in it or in a store of its result.
struct Sample {
  ir::Op op;
  std::string symbol;
  std::string nodes;
};

// A value %name of an element over a domain.
std::string Operand(const std::string& name, ir::Element element, const std::string& domain) {
  // Blocks of synapses read their synapses by `weight`: connect loads no states of them.
  if (domain == "ab") {
    return absl::StrCat("  %1", name, " = weight : f64[ab]\n  %", name, " = convert %1", name,
                        " : ", Type(element, domain), "\n");
  }
  return absl::StrCat("  %", name, " = load ", StateName(element, domain), " : ",
                      Type(element, domain), "\n");
}

// The elements of the operands of an op: `element`, but for a condition.
std::vector<ir::Element> OperandElements(const ir::OpInfo& info, ir::Element element) {
  std::vector<ir::Element> elements(static_cast<size_t>(info.arity), element);
  const bool conditional = info.rule == ir::TypeRule::kSelect || ir::IsExpectation(info.op);
  if (conditional) elements[0] = ir::Element::kBool;
  if (info.rule == ir::TypeRule::kGather) elements = {ir::Element::kU32, ir::Element::kI64};
  elements.resize(static_cast<size_t>(info.arity));
  return elements;
}

// The samples of an op with a symbol ("" for none), operands of one element over one domain (the
// last one uniform, if `mixed`), and a result declared of a type.
Sample MakeSample(const ir::OpInfo& info, const std::string& symbol, ir::Element element,
                  const std::string& domain, bool mixed, const std::string& type,
                  const std::string& store) {
  std::string nodes;
  std::vector<std::string> arguments;
  if (!symbol.empty()) arguments.push_back(symbol);
  const std::vector<ir::Element> elements = OperandElements(info, element);
  for (size_t i = 0; i < elements.size(); ++i) {
    const bool uniform = mixed && i + 1 == elements.size();
    absl::StrAppend(&nodes, Operand(absl::StrCat(i + 1), elements[i], uniform ? "" : domain));
    arguments.push_back(absl::StrCat("%", i + 1));
  }
  std::string op = absl::StrCat(std::string(info.name), " ", absl::StrJoin(arguments, ", "));
  if (info.attr == ir::AttrKind::kStream) absl::StrAppend(&op, " stream=5 draw=0");
  if (!ir::HasResult(info.op)) {
    absl::StrAppend(&nodes, "  ", op, "\n");
  } else {
    absl::StrAppend(&nodes, "  %9 = ", op, " : ", type, "\n");
    if (!store.empty()) absl::StrAppend(&nodes, "  store ", store, ", %9\n");
  }
  return {info.op, symbol, nodes};
}

std::vector<std::string> Symbols(ir::AttrKind kind) {
  if (!ir::IsSymbol(kind)) return {""};
  std::vector<std::string> names;
  const std::string word(ir::SymbolWord(kind));
  for (const absl::string_view line : absl::StrSplit(Declarations(), '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    const bool temporary = word == "state" && words[0] == "temp";
    if (words[0] == word || temporary) names.push_back(words[1]);
  }
  return names;
}

// The elements to try with a symbol: that of a state and another one, which must be refused; all
// where nothing but the declared result has an element; else one of each sort.
std::vector<ir::Element> ElementsToTry(const ir::OpInfo& info, const std::string& symbol) {
  if (info.attr == ir::AttrKind::kState) {
    const auto own = ir::ElementFromName(symbol.substr(symbol.rfind('.') + 1));
    const ir::Element element = own.value_or(ir::Element::kF64);
    return {element, element == ir::Element::kI64 ? ir::Element::kF64 : ir::Element::kI64};
  }
  if (info.arity == 0) return {std::begin(ir::kElements), std::end(ir::kElements)};
  return {ir::Element::kF64, ir::Element::kI64, ir::Element::kBool};
}

std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (info.op == ir::Op::kLiteral) continue;  // an operand of its own kind
    for (const std::string& symbol : Symbols(info.attr)) {
      for (const std::string& domain : kDomains) {
        for (const ir::Element element : ElementsToTry(info, symbol)) {
          // Ops that read no operand differ in what they are declared to give.
          for (const ir::Element result : ElementsToTry(info, symbol)) {
            const bool follows =
                info.rule == ir::TypeRule::kSame || info.rule == ir::TypeRule::kFloat ||
                info.rule == ir::TypeRule::kInteger || info.rule == ir::TypeRule::kLogic ||
                info.rule == ir::TypeRule::kSelect;
            if (follows && result != element) continue;
            if (info.arity == 0 && result != element) continue;
            if (!ir::HasResult(info.op) && result != ir::Element::kF64) continue;
            const std::string type = Type(result, domain);
            const std::string store = StateName(result, domain);
            samples.push_back(MakeSample(info, symbol, element, domain, false, type, store));
            samples.push_back(MakeSample(info, symbol, element, domain, false, type, ""));
            if (info.arity > 0 && !domain.empty()) {
              samples.push_back(MakeSample(info, symbol, element, domain, true, type, store));
            }
          }
        }
      }
    }
  }
  return samples;
}

// The same nodes with values of other names, for the block of several samples.
std::string Renamed(const std::string& nodes, size_t number) {
  return absl::StrReplaceAll(nodes, {{"%", absl::StrCat("%", number + 1, "00")}});
}

class Placement : public ::testing::TestWithParam<Place> {};

// Which samples stand in a block of this kind; each other one is refused at its line.
std::vector<Sample> Accepted(const Place& place) {
  std::vector<Sample> accepted;
  std::set<std::string> seen;
  for (const Sample& sample : Samples()) {
    if (!seen.insert(sample.nodes).second) continue;
    const absl::Status status = ir::Parse(Program(place, sample.nodes), "placement.ir").status();
    if (status.ok()) {
      accepted.push_back(sample);
      continue;
    }
    const std::string message(status.message());
    EXPECT_TRUE(absl::StartsWith(message, "placement.ir:") &&
                absl::StrContains(message, ": error: ") && absl::StrContains(message, "^"))
        << sample.nodes << message;
  }
  return accepted;
}

EngineOptions Accelerated(int threads, const std::string& without) {
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.threads = threads;
  options.compile.optimization = 0;
  if (!without.empty()) options.compile.disabled_passes = {without};
  return options;
}

// Runs a program on both backends, with and without the passes that may be left out.
void ExpectRuns(const std::string& text) {
  const auto program = ir::Parse(text, "placement.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  auto reference = Compile(*program);
  constexpr uint64_t kSteps = 5;
  const absl::Status expected = reference.ok() ? reference->Step(kSteps) : reference.status();
  for (const EngineOptions& options :
       {Accelerated(1, ""), Accelerated(2, "fuse"), Accelerated(2, "simplify")}) {
    auto simulation = Compile(*program, options);
    const absl::Status actual = simulation.ok() ? simulation->Step(kSteps) : simulation.status();
    ASSERT_EQ(expected, actual) << text;
    if (!expected.ok()) continue;  // a fault
    EXPECT_EQ(reference->Digest().ToString(), simulation->Digest().ToString()) << text;
    // As a host reads them, which runs `now`.
    EXPECT_EQ(reference->StateByName("ab.f64").value(), simulation->StateByName("ab.f64").value());
  }
}

// A sample with its elements left out: one of each is tried alone.
std::string Shape(const Sample& sample) {
  std::string shape = sample.nodes;
  for (const ir::Element element : ir::kElements) {
    shape = absl::StrReplaceAll(shape, {{std::string(ir::ElementName(element)), "T"}});
  }
  return shape;
}

// False if both backends refuse the program, such as one whose sums may leave their limits. The
// passes take all others.
bool PassesTake(const std::string& text) {
  const auto program = ir::Parse(text, "placement.ir");
  const absl::Status reference = Compile(*program).status();
  if (!reference.ok()) {
    EXPECT_TRUE(absl::IsInvalidArgument(reference) || absl::IsOutOfRange(reference))
        << reference << "\n"
        << text;
    EXPECT_EQ(Compile(*program, Accelerated(2, "")).status(), reference) << text;
    return false;
  }
  for (const char* without : {"", "fuse"}) {
    const absl::Status status = PrepareAccelerated(*program, Accelerated(2, without)).status();
    EXPECT_TRUE(status.ok()) << status << "\n" << text;
  }
  return true;
}

// How often what a sample does may stand in a block: the effect under test, and spikes and sums
// with those who read them, once; the store of its result some times, but once in connect.
std::vector<std::pair<std::string, size_t>> Effects(const Place& place, const Sample& sample) {
  std::vector<std::pair<std::string, size_t>> effects;
  const ir::OpInfo& info = ir::Info(sample.op);
  if (info.attr == ir::AttrKind::kPopulation || info.attr == ir::AttrKind::kReduction) {
    effects.emplace_back(sample.symbol, 1);
  } else if (info.effect == ir::Effect::kWrite && !ir::IsExpectation(info.op)) {
    effects.emplace_back(absl::StrCat(std::string(info.name), " ", sample.symbol), 1);
  }
  const size_t store = sample.nodes.rfind("  store ");
  if (store != std::string::npos && info.op != ir::Op::kStore) {
    const size_t most = absl::StartsWith(place.header, "connect") ? 1 : 10;
    effects.emplace_back(sample.nodes.substr(store + 2, sample.nodes.find(',', store) - store - 2),
                         most);
  }
  return effects;
}

// True for what stops a run at some values: it is tried without stores, which change them.
bool MayFault(ir::Op op) { return op == ir::Op::kCheck || ir::IsExpectation(op); }

// True if one of two ops is alone in its block: what gather reads nothing in its kernel may store,
// and what arriving spikes store few ops may read.
bool StandsAlone(const Place& place, ir::Op op, ir::Op first) {
  const bool kernel = absl::StartsWith(place.header, "kernel");
  const auto alone = [&](ir::Op one) {
    return one == ir::Op::kDeliver || one == ir::Op::kStorePre || one == ir::Op::kStorePost ||
           (kernel && one == ir::Op::kGather);
  };
  return alone(op) || alone(first);
}

TEST_P(Placement, IsRefusedOrRuns) {
  std::vector<Sample> accepted;
  std::map<std::string, bool> taken;  // by shape
  for (Sample& sample : Accepted(GetParam())) {
    const auto [known, first] = taken.try_emplace(Shape(sample), true);
    if (first && ir::IsEngineOp(sample.op)) {
      known->second = PassesTake(Program(GetParam(), sample.nodes));
    }
    if (known->second) accepted.push_back(std::move(sample));
  }
  EXPECT_GT(accepted.size(), 0u);
  // Together, as far as they may stand in one block, on the engines.
  constexpr size_t kTogether = 200;
  while (!accepted.empty()) {
    std::map<std::string, size_t> count_of;  // of effects
    std::vector<Sample> rest;
    std::string nodes;
    size_t count = 0;
    for (Sample& sample : accepted) {
      bool fits = count < kTogether && MayFault(sample.op) == MayFault(accepted.front().op) &&
                  (count == 0 || !StandsAlone(GetParam(), sample.op, accepted.front().op));
      const auto effects = Effects(GetParam(), sample);
      for (const auto& [effect, most] : effects) fits = fits && count_of[effect] < most;
      if (!fits) {
        rest.push_back(std::move(sample));
        continue;
      }
      for (const auto& [effect, most] : effects) ++count_of[effect];
      absl::StrAppend(&nodes, Renamed(sample.nodes, count++));
    }
    ExpectRuns(Program(GetParam(), nodes));
    if (HasFatalFailure()) return;
    accepted = std::move(rest);
  }
}

// A pass drops such temporaries, so that compiled code has no memory for them.
TEST(Temporaries, ThatNothingReadsAreInNobodysWayAfterAFault) {
  std::string text =
      "program temporaries dt=1 seed=1\npopulation a size=3\nstate a.x : f64[a] = 1 bounds=[0, "
      "3]\n";
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&text, "temp a.t", i, " : f32[a]\n");
  absl::StrAppend(&text,
                  "step {\n  %0 = load a.x : f64[a]\n  %1 = add %0, 1 : f64[a]\n  check a.x, %1\n"
                  "  store a.x, %1\n}\n");
  const auto program = ir::Parse(text, "temporaries.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  auto reference = Compile(*program);
  auto accelerated = Compile(*program, Accelerated(2, ""));
  ASSERT_TRUE(reference.ok() && accelerated.ok());
  const absl::Status fault = reference->Step(5);
  EXPECT_TRUE(absl::IsOutOfRange(fault)) << fault;
  EXPECT_EQ(accelerated->Step(5), fault);
}

INSTANTIATE_TEST_SUITE_P(Blocks, Placement, ::testing::ValuesIn(kPlaces),
                         [](const ::testing::TestParamInfo<Place>& info) {
                           std::string name(info.param.header);
                           for (char& c : name) {
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace bnsyn::testing
