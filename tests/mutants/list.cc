// Prints the mutants that are made from tables, one a line; all others stand in the sources
// (ir/mutant.h).
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "compiler/passes/passes.h"
#include "compiler/passes/prepare.h"
#include "compiler/schedule/plan_rows.h"
#include "ir/mutant_flip.h"

namespace bnsyn {
namespace {

void Print(const std::string& name) { std::printf("%s\n", name.c_str()); }

void PrintAll() {
  for (const absl::string_view who : ir::kFlippers) {
    for (const ir::Flip& flip : ir::FlipsOf(who)) Print(absl::StrCat(who, ".", flip.name));
  }
  for (const ir::OpInfo& op : ir::AllOps()) {
    if (ir::IsFunction(op.op)) Print(absl::StrCat("R2.", op.name));
  }
  for (const auto& pass : compiler::AllPreparePasses()) {
    Print(absl::StrCat("pass.", pass.name, ".omit"));
  }
  for (const auto& pass : compiler::AllPasses()) Print(absl::StrCat("pass.", pass.name, ".omit"));
  for (const auto& row : compiler::PlanRows()) Print(absl::StrCat("plan.", row.name, ".omit"));
}

}  // namespace
}  // namespace bnsyn

int main() { bnsyn::PrintAll(); }
