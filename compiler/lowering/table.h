// Reads tables of the network, and files, in code: NAME(t), NAME(t, i), file("x.csv")(t).
#ifndef BNSYN_COMPILER_LOWERING_TABLE_H_
#define BNSYN_COMPILER_LOWERING_TABLE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/language/code.h"
#include "compiler/lowering/code_scope.h"
#include "compiler/lowering/declarations.h"

namespace bnsyn::compiler {

// The value of a call of a table. The first argument is a time, or a row where the table has no
// times; the second, which a table of several columns needs, is the number of a column.
absl::StatusOr<TypedValue> EmitTableRead(const ir::Program& program, const LoweredTable& table,
                                         const Expr& call, const ir::SourceText& source,
                                         Scope& scope);

// The value of file("x.csv")(t), which reads a file as a table that has no name, or of
// file("x.csv")[i] if `rows`. The first read of a file adds its table to the program. With neither
// behind it, it is the number in the row of the neuron. The numbers are in the units of files.
absl::StatusOr<TypedValue> EmitFileRead(const Declarations& declared, const Expr& call, bool rows,
                                        const ir::SourceText& source, CodeScope& scope,
                                        ir::Program& program);

// The same table, read at the number of a row, whether or not its rows have times.
LoweredTable RowsOf(LoweredTable table);

// How a table is read: "course(t)", "course(t, i)", "list(row)".
std::string TableUsage(const LoweredTable& table);

// A table of the program for a value that changes at given times: rows of a step and the value from
// it on, the first of step 0 with `first`. `what` names the value, "exc.I_e", and begins the
// table's name.
absl::StatusOr<ir::TableId> DeclareCourse(const Declarations& declared, const Setting& setting,
                                          const Quantity& first, const std::string& what,
                                          ir::Program& program);
// The value of such a table in the present step.
ir::Value EmitCourse(const ir::Program& program, ir::TableId course, ir::Builder& builder);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_TABLE_H_
