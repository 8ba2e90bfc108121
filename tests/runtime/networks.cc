#include "networks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <utility>

namespace bnsyn {

const char* const kBalanced = R"(program balanced dt=0.1 seed=7
population exc size=300
population inh size=75
param exc.drive : f64 = 2 tunable unit="mV"
param exc.leak : f64 = 0.05
state exc.V : f64[exc] = -60 bounds=[-500, 500] unit="mV"
state exc.n : i32[exc] = 0i32
state exc.last : bool[exc] = false
state inh.V : f64[inh] = -60 bounds=[-500, 500] unit="mV"
state inh.x : f32[inh] = 0f32
state rate : f64 = 0
state mean_V : f64 = 0
input exc.g : exc scale=2^-33
input inh.g : inh scale=2^-33
reduction exc.r0 : exc
projection ee : exc -> exc rule=bernoulli p=0.1 self=false stream=1 weight=0.25 delay=15
projection ei : exc -> inh rule=bernoulli p=0.2 stream=2 weight=0.5 delay=3
projection ie : inh -> exc rule=all_to_all weight=-0.125 delay=1
projection ii : inh -> inh rule=one_to_one weight=0.0625 delay=2
init {
  %0 = normal stream=10 draw=0 : f64[exc]
  %1 = fma %0, 5, -60 : f64[exc]
  store exc.V, %1
}
on_pre ee {
  %0 = weight : f64[ee]
  accumulate exc.g, %0
}
on_pre ei {
  %0 = weight : f64[ei]
  accumulate inh.g, %0
}
on_pre ie {
  %0 = weight : f64[ie]
  accumulate exc.g, %0
}
on_pre ii {
  %0 = load_pre inh.V : f64[ii]
  %1 = load_post inh.V : f64[ii]
  %2 = add %0, %1 : f64[ii]
  %3 = weight : f64[ii]
  %4 = mul %2, %3 : f64[ii]
  accumulate inh.g, %4
}
step {
  %0 = load exc.V : f64[exc]
  %1 = take exc.g : f64[exc]
  %2 = param exc.drive : f64
  %3 = uniform stream=11 draw=0 : f64[exc]
  %4 = load rate : f64
  %5 = mul %4, -0.001 : f64
  %6 = fma %3, %2, %5 : f64[exc]
  %7 = add %6, %1 : f64[exc]
  %8 = sub -60, %0 : f64[exc]
  %9 = param exc.leak : f64
  %10 = fma %8, %9, %0 : f64[exc]
  %11 = add %10, %7 : f64[exc]
  %12 = ge %11, -50 : bool[exc]
  %13 = select %12, -65, %11 : f64[exc]
  check exc.V, %13
  store exc.V, %13
  store exc.last, %12
  spike exc, %12
  %14 = load exc.n : i32[exc]
  %15 = convert %12 : i32[exc]
  %16 = add %14, %15 : i32[exc]
  store exc.n, %16
  %17 = load inh.V : f64[inh]
  %18 = take inh.g : f64[inh]
  %19 = uniform stream=12 draw=0 : f64[inh]
  %20 = sub -60, %17 : f64[inh]
  %21 = fma %20, 0.05, %17 : f64[inh]
  %22 = add %21, %19 : f64[inh]
  %23 = add %22, %18 : f64[inh]
  %24 = ge %23, -50 : bool[inh]
  %25 = select %24, -65, %23 : f64[inh]
  check inh.V, %25
  store inh.V, %25
  %26 = convert %25 : f32[inh]
  store inh.x, %26
  spike inh, %24
  %27 = load exc.V : f64[exc]
  reduce exc.r0, %27
  %28 = total exc.r0 : f64
  %29 = div %28, 300 : f64
  store mean_V, %29
  %30 = count exc : i64
  %31 = count inh : i64
  %32 = add %30, %31 : i64
  %33 = convert %32 : f64
  %34 = load rate : f64
  %35 = sub %33, %34 : f64
  %36 = fma %35, 0.1, %34 : f64
  store rate, %36
}
)";

const char* const kNoisy = R"(program noisy dt=0.1 seed=3
population exc size=400
population dice size=1500
param exc.drive : f64 = 2 tunable unit="mV"
state exc.V : f64[exc] = -60 bounds=[-500, 500] unit="mV"
state exc.n : f64[exc] = 0 bounds=[0, 1000000]
state age : f64 = 0
input exc.g : exc scale=2^-33
projection ee : exc -> exc rule=bernoulli p=0.1 self=false stream=1 weight=0.25 delay=15
projection de : dice -> exc rule=bernoulli p=0.02 stream=2 weight=-0.125 delay=20
on_pre ee {
  %0 = weight : f64[ee]
  accumulate exc.g, %0
}
on_pre de {
  %0 = weight : f64[de]
  accumulate exc.g, %0
}
step {
  %0 = load exc.V : f64[exc]
  %1 = take exc.g : f64[exc]
  %2 = param exc.drive : f64
  %3 = uniform stream=11 draw=0 : f64[exc]
  %4 = fma %3, %2, %1 : f64[exc]
  %5 = sub -60, %0 : f64[exc]
  %6 = fma %5, 0.05, %0 : f64[exc]
  %7 = add %6, %4 : f64[exc]
  %8 = ge %7, -50 : bool[exc]
  %9 = select %8, -65, %7 : f64[exc]
  check exc.V, %9
  store exc.V, %9
  spike exc, %8
  %10 = load exc.n : f64[exc]
  %11 = convert %8 : f64[exc]
  %12 = add %10, %11 : f64[exc]
  check exc.n, %12
  store exc.n, %12
  %13 = uniform stream=12 draw=0 : f64[dice]
  %14 = lt %13, 0.02 : bool[dice]
  spike dice, %14
  %15 = load age : f64
  %16 = add %15, 1 : f64
  store age, %16
}
)";

const char* const kRing = R"(program ring dt=0.5 seed=1
population a size=200
population b size=200
param a.threshold : f64 = 1 tunable unit="nS"
state a.sum : f64[a] = 0 unit="nS"
state b.sum : f64[b] = 0 unit="nS"
input a.g : a scale=2^-30
input b.g : b scale=2^-30
projection ab : a -> b rule=one_to_one weight=1.5 delay=3
projection ba : b -> a rule=one_to_one weight=1.5 delay=2
on_pre ab {
  %0 = weight : f64[ab]
  accumulate b.g, %0
}
on_pre ba {
  %0 = weight : f64[ba]
  accumulate a.g, %0
}
step {
  %0 = take a.g : f64[a]
  %1 = load a.sum : f64[a]
  %2 = add %1, %0 : f64[a]
  check a.sum, %2
  store a.sum, %2
  %3 = param a.threshold : f64
  %4 = ge %0, %3 : bool[a]
  spike a, %4
  %5 = take b.g : f64[b]
  %6 = load b.sum : f64[b]
  %7 = add %6, %5 : f64[b]
  check b.sum, %7
  store b.sum, %7
  %8 = ge %5, %3 : bool[b]
  spike b, %8
}
)";

namespace {

// A test whose network does not compile has nothing to go on with.
template <typename T>
T OrAbort(absl::StatusOr<T> value) {
  if (!value.ok()) {
    ADD_FAILURE() << value.status().message();
    std::abort();
  }
  return *std::move(value);
}

}  // namespace

ir::Program Parsed(const std::string& text, const std::string& directory) {
  return OrAbort(ir::Parse(text, "test.ir", directory));
}

Simulation Compiled(const std::string& text, const EngineOptions& options) {
  return OrAbort(Compile(Parsed(text), options));
}

Network ParsedNetwork(const std::string& text, const std::string& directory) {
  return OrAbort(ParseNetwork(text, "test.toml", directory));
}

Simulation CompiledNetwork(const Network& network, const EngineOptions& options) {
  return OrAbort(Compile(network, options));
}

Simulation CompiledNetwork(const std::string& text, const EngineOptions& options) {
  return CompiledNetwork(ParsedNetwork(text), options);
}

double FirstOf(const Simulation& simulation, const std::string& state) {
  const absl::StatusOr<std::vector<double>> values = simulation.StateByName(state);
  EXPECT_TRUE(values.ok()) << values.status().message();
  return values.ok() ? values->at(0) : NAN;
}

std::vector<double> TimesOf(const Simulation& simulation, const std::string& population) {
  return simulation.SpikeTimes(*simulation.Population(population));
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "no '" << from << "' in the network";
  for (; at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

EngineOptions Reference() { return {}; }

EngineOptions Accelerated(int threads, int width) {
  EngineOptions options;
  options.backend = Backend::kAccelerated;
  options.threads = threads;
  options.compile.width = width;
  return options;
}

}  // namespace bnsyn
