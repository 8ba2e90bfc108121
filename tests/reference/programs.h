// Programs for tests: from text, with tables that need no file.
#ifndef BNSYN_TESTS_REFERENCE_PROGRAMS_H_
#define BNSYN_TESTS_REFERENCE_PROGRAMS_H_

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ir/program.h"
#include "ir/text.h"
#include "reference/interpreter.h"

namespace bnsyn::reference {

inline ir::Program ParseProgram(const std::string& text) {
  absl::StatusOr<ir::Program> program = ir::Parse(text, "test.ir");
  if (!program.ok()) {
    ADD_FAILURE() << program.status().message();
    std::abort();
  }
  return *std::move(program);
}

inline std::unique_ptr<Interpreter> Start(ir::Program program,
                                          Propagation propagation = Propagation::kCsr) {
  absl::StatusOr<std::unique_ptr<Interpreter>> interpreter =
      Interpreter::Create(std::move(program), propagation);
  if (!interpreter.ok()) {
    ADD_FAILURE() << interpreter.status().message();
    std::abort();
  }
  return *std::move(interpreter);
}

inline ir::TableId AddTable(ir::Program& program, const std::string& name,
                            std::vector<std::string> columns,
                            std::vector<std::vector<double>> values) {
  program.tables.push_back({name, name + ".csv", "", 0, std::move(columns), std::move(values)});
  return static_cast<ir::TableId>(program.tables.size() - 1);
}

// Makes the synapses of a projection those of a list: columns pre, post, weight.
inline void UseList(ir::Program& program, ir::ProjectionId projection, std::vector<double> pre,
                    std::vector<double> post, std::vector<double> weight) {
  const ir::TableId table = AddTable(program, "list", {"pre", "post", "weight"},
                                     {std::move(pre), std::move(post), std::move(weight)});
  program.projections[projection].rule.kind = ir::RuleKind::kList;
  program.projections[projection].rule.table = table;
  program.projections[projection].weight_column = ir::ColumnRef{table, 2};
}

inline double F64At(const Interpreter& interpreter, const std::string& state, size_t element = 0) {
  return ir::F64OfBits(interpreter.State(*interpreter.program().FindState(state)).bits(element));
}

// The spikes of the last step.
inline std::vector<uint32_t> Spikes(const Interpreter& interpreter,
                                    ir::PopulationId population = 0) {
  const absl::Span<const uint32_t> spikes = interpreter.LastSpikes(population);
  return {spikes.begin(), spikes.end()};
}

}  // namespace bnsyn::reference

#endif  // BNSYN_TESTS_REFERENCE_PROGRAMS_H_
