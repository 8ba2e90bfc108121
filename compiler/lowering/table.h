// Tables of a network as code reads them: NAME(t), NAME(t, i).
#ifndef BNSYN_COMPILER_LOWERING_TABLE_H_
#define BNSYN_COMPILER_LOWERING_TABLE_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/language/code.h"
#include "compiler/lowering/lowering.h"

namespace bnsyn::compiler {

// The value of a call of a table, to be used by every Scope::Call: nullopt when `call` names none.
// The first argument is a time, or a row where the table has no times; the second, which a table of
// several columns needs, is the number of a column.
absl::StatusOr<std::optional<TypedValue>> CallTable(const Lowering& lowering, const Expr& call,
                                                    const ir::SourceText& source, Scope& scope);

// How a table is read: "course(t)", "course(t, i)", "list(row)".
std::string TableUsage(const LoweredTable& table);
// Whether an expression reads a table.
bool CallsTable(const Lowering& lowering, const Expr& expr);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_TABLE_H_
