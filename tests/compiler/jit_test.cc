#include "compiler/emission/jit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "compiler/emission/external_functions.h"
#include "compiler/emission/object_cache.h"
#include "compiler/passes/passes.h"
#include "compiler/schedule/plan_rows.h"
#include "kernel_machine.h"
#include "pass_testing.h"

namespace bnsyn::compiler {
namespace {

namespace fs = std::filesystem;

// Two populations whose kernels are equal, and one whose kernel is not.
constexpr char kProgram[] = R"(program p dt=1 seed=1
population a size=70
population b size=10
population c size=10
state a.x : f64[a] = 1
state b.x : f64[b] = 2
state c.x : f64[c] = 3
input a.g : a scale=2^-20
projection ba : b -> a rule=all_to_all weight=0.5 delay=1
on_pre ba {
  accumulate a.g, 0.5
}
kernel a : a phase=0 {
  %0 = load a.x : f64[a]
  %1 = mul %0, 0.5 : f64[a]
  store a.x, %1
}
kernel b : b phase=0 {
  %0 = load b.x : f64[b]
  %1 = mul %0, 0.5 : f64[b]
  store b.x, %1
}
kernel c : c phase=0 {
  %0 = load c.x : f64[c]
  %1 = mul %0, 0.25 : f64[c]
  store c.x, %1
}
)";

class JitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "bnsyn_jit_XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }

  CompileOptions Cached() const {
    CompileOptions options;
    options.cache_directory = directory_;
    return options;
  }

  std::string directory_;
};

CompileReport Compile(const ir::Program& program, const CompileOptions& options) {
  CompileReport report;
  const auto code = CompileKernels(program, options, report);
  EXPECT_TRUE(code.ok()) << code.status();
  return report;
}

std::set<std::string> Phases(const CompileReport& report) {
  std::set<std::string> names;
  for (const CompileReport::Phase& phase : report.phases) names.insert(phase.name);
  return names;
}

TEST_F(JitTest, FindsKernelsByTheirCode) {
  const ir::Program program = PlacedProgram(kProgram);
  CompileReport report;
  const auto code = CompileKernels(program, {}, report);
  ASSERT_TRUE(code.ok()) << code.status();
  EXPECT_EQ(program.step[0].code, program.step[1].code);
  EXPECT_NE((*code)->kernel(program.step[0].code), nullptr);
  EXPECT_NE((*code)->kernel(program.step[2].code), nullptr);
  EXPECT_NE((*code)->kernel(program.step[0].code), (*code)->kernel(program.step[2].code));
  EXPECT_NE((*code)->deliver(program.synaptic[0].code), nullptr);
  EXPECT_EQ((*code)->kernel("nothing"), nullptr);
  EXPECT_EQ((*code)->deliver(program.step[0].code), nullptr);
}

TEST_F(JitTest, EqualKernelsShareCode) {
  KernelMachine machine = *KernelMachine::Create(PlacedProgram(kProgram), {});
  machine.Step();
  EXPECT_EQ(ir::F64OfBits(machine.state("a.x").bits(69)), 0.5);
  EXPECT_EQ(ir::F64OfBits(machine.state("b.x").bits(9)), 1.0);
  EXPECT_EQ(ir::F64OfBits(machine.state("c.x").bits(9)), 0.75);
}

TEST_F(JitTest, ReportsItsPhases) {
  const CompileReport report = Compile(PlacedProgram(kProgram), {});
  EXPECT_EQ(Phases(report),
            (std::set<std::string>{"target", "cache_io", "emit", "optimise", "codegen", "link"}));
  EXPECT_EQ(report.width, HostTarget()->default_width);
}

TEST_F(JitTest, TheSecondCompilationComesFromTheCache) {
  const ir::Program program = PlacedProgram(kProgram);
  const CompileReport cold = Compile(program, Cached());
  EXPECT_FALSE(cold.cache_hit);
  const CompileReport warm = Compile(program, Cached());
  EXPECT_TRUE(warm.cache_hit);
  EXPECT_EQ(warm.key, cold.key);
  EXPECT_EQ(Phases(warm), (std::set<std::string>{"target", "emit", "cache_io", "link"}));
}

TEST_F(JitTest, CompilesWhereOthersCanWriteTheCache) {
  const ir::Program program = PlacedProgram(kProgram);
  EXPECT_EQ(Compile(program, Cached()).cache_problem, "");
  fs::permissions(directory_, fs::perms::all);
  for (int i = 0; i < 2; ++i) {
    const CompileReport report = Compile(program, Cached());
    EXPECT_FALSE(report.cache_hit);
    EXPECT_EQ(report.cache_problem, "no code is cached, since others can write " + directory_ +
                                        ": chmod go-w " + directory_);
  }
  fs::permissions(directory_, fs::perms::owner_all);
  EXPECT_TRUE(Compile(program, Cached()).cache_hit);
}

TEST_F(JitTest, WhatChangesTheCodeChangesTheKey) {
  const ir::Program program = PlacedProgram(kProgram);
  CompileOptions options;
  options.width = 4;
  std::set<std::string> keys = {Compile(program, options).key};
  options.optimization = 1;
  EXPECT_TRUE(keys.insert(Compile(program, options).key).second);
  options.width = 8;
  EXPECT_TRUE(keys.insert(Compile(program, options).key).second);
  ir::Program changed = program;
  changed.step[2].nodes[1].attr = ir::BitsOfF64(0.3);
  ASSERT_EQ(changed.step[2].nodes[1].op, ir::Op::kLiteral);
  EXPECT_TRUE(keys.insert(Compile(changed, options).key).second);
  // Sizes, seeds and names of populations do not.
  ir::Program same = program;
  same.seed = 99;
  same.populations[0].size = 1000;
  same.populations[0].name = "other";
  EXPECT_FALSE(keys.insert(Compile(same, options).key).second);
}

// Compiles for every option, target and set of passes there is, on one cache that compiles again
// what it finds: no two objects that differ have one key.
TEST_F(JitTest, EqualKeysMeanEqualObjects) {
  const ir::Program network = testing::SmallNetwork();
  CompileOptions options = Cached();
  options.check_cache = true;
  std::set<std::string> keys;
  const auto compile = [&](const Target& target) {
    const absl::StatusOr<ir::Program> passed = RunPasses(network, options, nullptr);
    ASSERT_TRUE(passed.ok()) << passed.status();
    CompileReport report;
    const auto code = CompileKernels(*passed, options, target, report);
    ASSERT_TRUE(code.ok()) << code.status();
    keys.insert(report.key);
  };
  const Target host = *HostTarget();
  for (int optimization = 0; optimization <= 3; ++optimization) {
    for (const int width : {1, 2, 4, 8, 16}) {
      options.optimization = optimization;
      options.width = width;
      compile(host);
    }
  }
  EXPECT_EQ(keys.size(), 20u);
  options = Cached();
  options.check_cache = true;
  compile(host);
  std::vector<std::string> names;
  for (const Pass& pass : AllPasses()) names.emplace_back(pass.name);
  for (const PlanRow& row : PlanRows()) names.emplace_back(row.name);
  for (const std::string& name : names) {
    options.disabled_passes = {name};
    const absl::StatusOr<ir::Program> passed = RunPasses(network, options, nullptr);
    if (passed.ok()) compile(host);  // some passes are needed
  }
  options.disabled_passes.clear();
  size_t before = keys.size();
  Target target = host;
  target.cpu = "generic";
  compile(target);
  EXPECT_EQ(keys.size(), ++before);
  target.features = "";
  target.native_lanes = 2;
  compile(target);
  EXPECT_EQ(keys.size(), ++before);
  // What does not reach the code does not change the key.
  options.register_with_debugger = true;
  ::setenv("JITDUMPDIR", directory_.c_str(), 1);
  options.dump_directory = directory_;
  compile(target);
  EXPECT_EQ(keys.size(), before);
}

// The kernel of the second program must check its sums although the cache holds that of the first,
// whose sums are known to fit.
TEST_F(JitTest, WhetherSumsAreKnownToFitIsPartOfTheKey) {
  ir::Program proven = PlacedProgram(R"(program p dt=1 seed=1
population a size=70
state a.x : f64[a] = 1
input a.g : a scale=2^-20
projection aa : a -> a rule=all_to_all weight=0.5 delay=1
on_pre aa {
  accumulate a.g, 0.5
}
kernel a : a phase=0 {
  %0 = take a.g : f64[a]
  store a.x, %0
}
)");
  ir::Program open = proven;
  proven.inputs[0].accumulator.bits = ir::Accumulator::kExactBits;
  for (const bool is_proven : {true, false}) {
    KernelMachine machine = *KernelMachine::Create(is_proven ? proven : open, Cached());
    machine.input(0).set_bits(3, uint64_t{1} << 62);
    machine.Step();
    EXPECT_EQ(machine.fault(), !is_proven);
  }
}

TEST_F(JitTest, ADamagedObjectIsCompiledAgain) {
  const ir::Program program = PlacedProgram(kProgram);
  const CompileReport first = Compile(program, Cached());
  const std::string path = directory_ + "/" + first.key + ".o";
  ASSERT_TRUE(fs::exists(path));
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(200);
  file.put('!');
  file.close();
  const CompileReport damaged = Compile(program, Cached());
  EXPECT_FALSE(damaged.cache_hit);
  EXPECT_EQ(damaged.cache_problem, "");
  EXPECT_TRUE(Compile(program, Cached()).cache_hit);
}

TEST_F(JitTest, CheckModeComparesWhatTheCacheHolds) {
  const ir::Program program = PlacedProgram(kProgram);
  const std::string key = Compile(program, Cached()).key;
  CompileOptions check = Cached();
  check.check_cache = true;
  const CompileReport report = Compile(program, check);
  EXPECT_TRUE(report.cache_hit);
  EXPECT_TRUE(Phases(report).count("codegen"));

  // Whole and valid, but the code of another program.
  const ObjectCache cache(directory_, Cached().cache_bytes);
  ir::Program other = program;
  other.step[2].nodes[1].attr = ir::BitsOfF64(0.3);
  const std::string other_key = Compile(other, Cached()).key;
  ASSERT_TRUE(cache.Store(key, **cache.Load(other_key)).ok());
  CompileReport ignored;
  const auto wrong = CompileKernels(program, check, ignored);
  ASSERT_FALSE(wrong.ok());
  EXPECT_TRUE(absl::StrContains(wrong.status().message(), "differs")) << wrong.status();
}

TEST_F(JitTest, WorksWithDebuggersToldOfIt) {
  ::setenv("JITDUMPDIR", directory_.c_str(), 1);  // where perf's plugin writes
  CompileOptions options;
  options.register_with_debugger = true;
  absl::StatusOr<KernelMachine> machine = KernelMachine::Create(PlacedProgram(kProgram), options);
  ASSERT_TRUE(machine.ok()) << machine.status();
  machine->Step();
  EXPECT_EQ(ir::F64OfBits(machine->state("a.x").bits(0)), 0.5);
  EXPECT_FALSE(fs::is_empty(directory_)) << "perf was told nothing";
}

TEST_F(JitTest, RefusesOptionsThatMakeNoSense) {
  const ir::Program program = PlacedProgram(kProgram);
  CompileReport report;
  for (const int width : {-1, 3, 32}) {
    CompileOptions options;
    options.width = width;
    EXPECT_EQ(CompileKernels(program, options, report).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(DumpCode(program, options, "asm").status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  for (const int level : {-1, 4}) {
    CompileOptions options;
    options.optimization = level;
    EXPECT_EQ(CompileKernels(program, options, report).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(JitTest, RefusesAProgramThatIsNotPlaced) {
  ir::Program program = PlacedProgram(kProgram);
  program.step[0].slots.clear();
  CompileReport report;
  EXPECT_EQ(CompileKernels(program, {}, report).status().code(), absl::StatusCode::kInternal);
}

TEST_F(JitTest, DumpsEveryStage) {
  const ir::Program program = PlacedProgram(kProgram);
  CompileOptions options;
  options.width = 4;
  for (const std::string& stage : CodeStages()) {
    const auto text = DumpCode(program, options, stage);
    ASSERT_TRUE(text.ok()) << stage << text.status();
    EXPECT_FALSE(text->empty()) << stage;
  }
  const auto plan = DumpCode(program, options, "plan");
  EXPECT_TRUE(absl::StrContains(*plan, "plan of kernel ")) << *plan;
  const auto llvm = DumpCode(program, options, "llvm");
  ASSERT_TRUE(llvm.ok()) << llvm.status();
  EXPECT_TRUE(absl::StrContains(*llvm, "fmul <")) << *llvm;
  EXPECT_TRUE(absl::StrContains(*llvm, "define void @kernel.a(")) << *llvm;
  EXPECT_FALSE(absl::StrContains(*llvm, " fast ")) << *llvm;
  const auto optimised = DumpCode(program, options, "llvm-opt");
  ASSERT_TRUE(optimised.ok()) << optimised.status();
  EXPECT_FALSE(absl::StrContains(*optimised, "alloca")) << *optimised;
  const auto assembly = DumpCode(program, options, "asm");
  ASSERT_TRUE(assembly.ok()) << assembly.status();
  EXPECT_TRUE(absl::StrContains(*assembly, "kernel.a:")) << *assembly;
  EXPECT_EQ(*assembly, *DumpCode(program, options, "asm"));
  const absl::Status unknown = DumpCode(program, options, "lvm").status();
  EXPECT_TRUE(absl::StrContains(unknown.message(), "did you mean 'llvm'")) << unknown;
}

// What an op's emission calls must be there to be linked.
TEST(ExternalFunctions, HoldEveryFunctionAndDraw) {
  std::set<std::string> symbols;
  for (const ExternalFunction& function : ExternalFunctions()) {
    EXPECT_NE(function.address, nullptr);
    EXPECT_TRUE(symbols.insert(function.symbol).second) << function.symbol << " stands twice";
  }
  for (const ir::OpInfo& info : ir::AllOps()) {
    if (!ir::IsFunction(info.op) && (!ir::IsDraw(info.op) || info.op == ir::Op::kRandom)) continue;
    EXPECT_TRUE(symbols.count(OracleSymbol(info.op))) << info.name;
  }
}

}  // namespace
}  // namespace bnsyn::compiler
