// Times compiled kernels by themselves: the AdEx update of examples/networks/bnsyn.toml for each
// vector width, the delivery of spikes for sizes of networks, and compilation with and without the
// cache.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bnsyn/network.h"
#include "compiler/emission/jit.h"
#include "compiler/lowering/lower.h"
#include "compiler/passes/passes.h"
#include "ir/text.h"
#include "reference/philox.h"

namespace {

using bnsyn::compiler::CompiledCode;
using bnsyn::compiler::CompileOptions;
using bnsyn::compiler::CompileReport;
namespace ir = bnsyn::ir;

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", std::string(value.status().message()).c_str());
  std::exit(1);
}

ir::Program Placed(const ir::Program& program) {
  return Must(bnsyn::compiler::RunPasses(program, {}, nullptr));
}

ir::Program AdexProgram() {
  const bnsyn::Network network =
      Must(bnsyn::ReadNetwork(BNSYN_SOURCE_DIR "/examples/networks/bnsyn.toml"));
  return Placed(Must(bnsyn::LowerNetwork(network)));
}

std::unique_ptr<CompiledCode> Compile(const ir::Program& program, int width) {
  CompileOptions options;
  options.width = width;
  CompileReport report;
  return Must(bnsyn::compiler::CompileKernels(program, options, report));
}

// Aligned memory of `count` elements of 8 bytes, padded to a group.
using Memory = std::unique_ptr<double, void (*)(void*)>;
Memory Allocate(size_t count, double value) {
  constexpr size_t kGroup = bnsyn::compiler::kGroup;
  const size_t padded = (count + kGroup - 1) / kGroup * kGroup;
  Memory memory(static_cast<double*>(std::aligned_alloc(64, padded * sizeof(double))), &std::free);
  std::fill_n(memory.get(), padded, value);
  return memory;
}

// One step of a population of 4000 neurons that spike.
void AdexUpdate(benchmark::State& state) {
  constexpr uint32_t kNeurons = 4000;
  const ir::Program program = AdexProgram();
  const auto code = Compile(program, static_cast<int>(state.range(0)));
  const ir::Block& block = program.step[0];
  std::vector<Memory> arrays;
  std::vector<void*> slots;
  for (const ir::Slot& slot : block.slots) {
    const bool voltage =
        slot.kind == ir::AttrKind::kState && program.states[slot.index].name == "exc.V";
    const bool gain =
        slot.kind == ir::AttrKind::kState && program.states[slot.index].name == "gain";
    arrays.push_back(Allocate(kNeurons, voltage ? -65 : gain ? 1 : 0));
    slots.push_back(arrays.back().get());
  }
  std::vector<uint32_t> spikes(kNeurons);
  bnsyn::compiler::KernelArgs args = {};
  args.slots = slots.data();
  args.seed = program.seed;
  args.end = kNeurons;
  bnsyn::compiler::SpikeOutput output = {spikes.data(), 0};
  args.spikes = &output;
  const auto kernel = code->kernel(block.code);
  uint64_t spiked = 0;
  for (auto _ : state) {
    output.count = 0;
    kernel(&args);
    ++args.step;
    spiked += output.count;
  }
  if (args.step > 10000 && spiked == 0) state.SkipWithError("the neurons must spike");
  if (args.fault != 0) state.SkipWithError("the neurons must stay within bounds");
  state.SetItemsProcessed(state.iterations() * kNeurons);
}
BENCHMARK(AdexUpdate)->ArgName("width")->Arg(1)->Arg(2)->Arg(4)->Arg(8)->Arg(16);

// The spikes of one step in 200 of a population whose neurons have `synapses` targets each.
void Delivery(benchmark::State& state) {
  const auto neurons = static_cast<uint32_t>(state.range(0));
  const auto synapses = static_cast<uint32_t>(state.range(1));
  const ir::Program program = Placed(Must(ir::Parse(R"(program delivery dt=1 seed=0
population p size=1
input p.g : p scale=2^-31
projection pp : p -> p rule=all_to_all weight=0.5 delay=1
on_pre pp {
  accumulate p.g, 0.5
}
step {
  %0 = take p.g : f64[p]
}
)",
                                                    "delivery")));
  const auto code = Compile(program, 0);
  const auto random = [](uint32_t i, uint32_t draw) {
    return bnsyn::reference::RandomBits(0, 0, i, 0, draw);
  };
  std::vector<uint32_t> rows = {0};
  std::vector<uint32_t> targets;
  for (uint32_t i = 0; i < neurons; ++i) {
    for (uint32_t k = 0; k < synapses; ++k) targets.push_back(random(i, k) % neurons);
    std::sort(targets.end() - synapses, targets.end());
    rows.push_back(static_cast<uint32_t>(targets.size()));
  }
  const Memory input = Allocate(neurons, 0);
  void* const slots[] = {input.get()};
  std::vector<uint32_t> spikes(neurons / 200);
  bnsyn::compiler::DeliverArgs args = {};
  args.slots = slots;
  args.spikes = spikes.data();
  args.spike_count = static_cast<uint32_t>(spikes.size());
  args.row_begin = rows.data();
  args.row_stride = 1;
  args.others = targets.data();
  const auto deliver = code->deliver(program.synaptic[0].code);
  uint32_t step = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (uint32_t i = 0; i < spikes.size(); ++i) spikes[i] = i * 200 + random(step, i) % 200;
    ++step;
    state.ResumeTiming();
    deliver(&args);
  }
  state.SetItemsProcessed(state.iterations() *
                          static_cast<int64_t>(spikes.size() * static_cast<size_t>(synapses)));
}
BENCHMARK(Delivery)->ArgNames({"neurons", "synapses"})->Args({4000, 200})->Args({20000, 1000});

// Emits, optimises and compiles all kernels of the network, or takes them from the cache.
void Compilation(benchmark::State& state, bool cached) {
  const ir::Program program = AdexProgram();
  CompileOptions options;
  std::string directory = (std::filesystem::temp_directory_path() / "bnsyn_XXXXXX").string();
  if (cached) {
    if (::mkdtemp(directory.data()) == nullptr) std::exit(1);
    options.cache_directory = directory;
  }
  for (auto _ : state) {
    CompileReport report;
    benchmark::DoNotOptimize(Must(bnsyn::compiler::CompileKernels(program, options, report)));
  }
  if (cached) std::filesystem::remove_all(directory);
}
BENCHMARK_CAPTURE(Compilation, cold, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Compilation, warm, true)->Unit(benchmark::kMillisecond);

}  // namespace
