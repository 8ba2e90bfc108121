// Programs that the tests of ir/ share.
#ifndef BNSYN_TESTS_IR_PROGRAMS_H_
#define BNSYN_TESTS_IR_PROGRAMS_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "ir/program.h"

namespace bnsyn::ir {

// In canonical form: what Print writes.
inline constexpr char kPair[] = R"(program pair dt=0.1 seed=42
population exc size=800
population inh size=200
param exc.tau : f64 = 20 unit="ms"
param exc.b : f64 = 80 tunable unit="pA"
state exc.V : f64[exc] = -65 bounds=[-100, 50] unit="mV"
state sigma : f64 = 1
state exc.left : i32[exc] = 0i32
temp exc.t0 : f64[exc]
input exc.g : exc scale=2^-33
input inh.g : inh scale=2^4
reduction exc.r0 : exc
projection ee : exc -> exc rule=bernoulli p=0.1 self=false stream=1 weight=0.5 delay=15
projection ei : exc -> inh rule=all_to_all weight=-1e-05 delay=1
init {
  %0 = normal stream=3 draw=0 : f64[exc]
  %1 = fma %0, 5, -70 : f64[exc]
  store exc.V, %1
}
on_pre ee {
  %0 = weight : f64[ee]
  accumulate exc.g, %0
}
step {
  %0 = load exc.V : f64[exc]
  %1 = take exc.g : f64[exc]
  %2 = fma %1, 0.005, %0 : f64[exc]
  %3 = ge %2, -50 : bool[exc]
  %4 = select %3, -65, %2 : f64[exc]
  check exc.V, %4
  store exc.V, %4
  spike exc, %3
  reduce exc.r0, %4
  %5 = total exc.r0 : f64
  store sigma, %5
}
)";

// A program with states and parameters of every element, over a population, its projection to
// itself and the network, with two of everything else, and a decaying input.
inline Program EveryKind() {
  Program program;
  program.name = "every_kind";
  const DomainId exc = program.populations[program.AddPopulation("exc", 3)].domain;
  Projection projection;
  projection.name = "ee";
  const DomainId ee = program.projections[program.AddProjection(projection)].domain;
  for (const Element element : kElements) {
    const std::string name(ElementName(element));
    const auto add_state = [&program, element](std::string state_name, DomainId domain) {
      State state;
      state.name = std::move(state_name);
      state.type = {element, domain};
      program.states.push_back(state);
    };
    add_state(absl::StrCat("exc.", name), exc);
    add_state(absl::StrCat("ee.", name), ee);
    add_state(absl::StrCat("net.", name), DomainId::kNetwork);
    Param param;
    param.name = absl::StrCat("param.", name);
    param.element = element;
    program.params.push_back(param);
  }
  for (const char* digit : {"0", "1"}) {
    program.tables.push_back({.name = absl::StrCat("table", digit),
                              .file = "",
                              .only = "",
                              .digest = 0,
                              .columns = {"a", "b"},
                              .values = {{1, 2}, {3, 4}}});
    program.inputs.push_back({absl::StrCat("exc.g", digit), exc});
    program.reductions.push_back({absl::StrCat("exc.r", digit), exc});
  }
  State held;
  held.name = "exc.held";
  held.type = {Element::kF64, exc};
  program.states.push_back(held);
  const auto held_id = static_cast<StateId>(program.states.size() - 1);
  program.inputs.push_back({.name = "exc.decaying",
                            .population = exc,
                            .accumulator = {.decay = 0.5, .period = 4, .state = held_id}});
  return program;
}

}  // namespace bnsyn::ir

#endif  // BNSYN_TESTS_IR_PROGRAMS_H_
