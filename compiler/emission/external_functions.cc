#include "compiler/emission/external_functions.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "reference/coarse.h"
#include "reference/functions.h"
#include "reference/ops.h"

namespace bnsyn::compiler {

using ir::Op;

std::string OracleSymbol(Op op) { return absl::StrCat("bnsyn.", ir::Info(op).name); }

std::vector<ExternalFunction> ExternalFunctions() {
  namespace ref = reference;
  std::vector<ExternalFunction> functions;
  const auto oracle = [&](Op op, auto* function) {
    functions.push_back({OracleSymbol(op), reinterpret_cast<const void*>(function)});
  };
  oracle(Op::kRem, ref::ops::Rem<double>);
#define BNSYN_FUNCTION(name, ...) oracle(Op::k##name, ref::name);
#define BNSYN_FUNCTION_OF_TWO(name, ...) oracle(Op::k##name, ref::name);
#define BNSYN_DRAW(name, ...) oracle(Op::k##name, ref::name##FromBits);
#include "ir/ops.def"

  functions.push_back({kCountCoarseSymbol, reinterpret_cast<const void*>(&ref::CountCoarse)});

  // LLVM calls these where the target has no such instruction. They round correctly.
  const auto f64 = [&](const char* symbol, double (*function)(double)) {
    functions.push_back({symbol, reinterpret_cast<const void*>(function)});
  };
  const auto f32 = [&](const char* symbol, float (*function)(float)) {
    functions.push_back({symbol, reinterpret_cast<const void*>(function)});
  };
  f64("floor", ::floor);
  f32("floorf", ::floorf);
  f64("ceil", ::ceil);
  f32("ceilf", ::ceilf);
  f64("rint", ::rint);
  f64("trunc", ::trunc);
  f32("rintf", ::rintf);
  double (*fma)(double, double, double) = ::fma;
  float (*fmaf)(float, float, float) = ::fmaf;
  functions.push_back({"fma", reinterpret_cast<const void*>(fma)});
  functions.push_back({"fmaf", reinterpret_cast<const void*>(fmaf)});
  return functions;
}

}  // namespace bnsyn::compiler
