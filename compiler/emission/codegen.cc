#include "compiler/emission/codegen.h"

#include <new>

#include "absl/strings/str_cat.h"
#include "compiler/emission/unless_thrown.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/OptBisect.h"
#include "llvm/IR/PassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Instrumentation/ThreadSanitizer.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/Mem2Reg.h"

#if !defined(__has_feature)
#define __has_feature(name) 0
#endif

namespace bnsyn::compiler {
namespace {

// Skips the scheduler that runs after register allocation. Processors with wide vectors reorder
// instructions themselves; as measured, the scheduler made kernels and compilation slower.
class PassGate : public llvm::OptPassGate {
 public:
  explicit PassGate(llvm::LLVMContext& context)
      : context_(context), before_(context.getOptPassGate()) {
    context.setOptPassGate(*this);
  }
  ~PassGate() override { context_.setOptPassGate(before_); }
  PassGate(const PassGate&) = delete;
  PassGate& operator=(const PassGate&) = delete;

  bool isEnabled() const override { return true; }
  bool shouldRunPass(llvm::StringRef pass, llvm::StringRef) override {
    return pass != "Post RA top-down list latency scheduler";
  }

 private:
  llvm::LLVMContext& context_;
  llvm::OptPassGate& before_;
};

// The code generators of all other machines, which takes a few milliseconds.
void InitializeAllOfLlvm() {
  static const bool initialized = [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    return true;
  }();
  static_cast<void>(initialized);
}

// What optimises a module.
struct Optimiser {
  explicit Optimiser(llvm::TargetMachine& machine) : builder(&machine) {}

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager calls;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder;
  llvm::ModulePassManager pipeline;
};

// What writes code.
struct Writer {
  llvm::SmallString<0> code;
  llvm::raw_svector_ostream stream{code};
  llvm::legacy::PassManager passes;
};

// LLVM calls it where malloc gives nothing; otherwise it would end the process.
void OnBadAlloc(void*, const char*, bool) { throw std::bad_alloc(); }

}  // namespace

bool FindsRaces() {
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
  return true;
#else
  return false;
#endif
}

void InitializeLlvm() {
  static const bool initialized = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::install_bad_alloc_error_handler(&OnBadAlloc);
    return true;
  }();
  static_cast<void>(initialized);
}

void TargetMachineDeleter::operator()(llvm::TargetMachine* machine) const { delete machine; }

absl::StatusOr<TargetMachinePtr> MakeTargetMachine(const Target& target, int optimization) {
  InitializeLlvm();
  std::string error;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(target.triple, error);
  if (found == nullptr) {
    InitializeAllOfLlvm();
    found = llvm::TargetRegistry::lookupTarget(target.triple, error);
  }
  if (found == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("LLVM has no code generator for ", target.triple, ": ", error));
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;  // R1
  const auto level = llvm::CodeGenOpt::getLevel(optimization);
  TargetMachinePtr machine(found->createTargetMachine(
      target.triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, level.value_or(llvm::CodeGenOptLevel::Default), /*JIT=*/true));
  if (machine == nullptr) {
    return absl::UnavailableError(absl::StrCat("LLVM cannot compile for ", target.cpu));
  }
  return machine;
}

void Optimise(llvm::Module& module, llvm::TargetMachine& machine, int optimization) {
  module.setDataLayout(machine.createDataLayout());
  if (optimization == 0 && !FindsRaces()) return;
  const UnlessThrown<Optimiser> optimiser(machine);
  llvm::PassBuilder& builder = optimiser->builder;
  builder.registerModuleAnalyses(optimiser->modules);
  builder.registerCGSCCAnalyses(optimiser->calls);
  builder.registerFunctionAnalyses(optimiser->functions);
  builder.registerLoopAnalyses(optimiser->loops);
  builder.crossRegisterProxies(optimiser->loops, optimiser->functions, optimiser->calls,
                               optimiser->modules);

  // Emitted code is folded, free of common subexpressions, hoisted and vectorised, so little is
  // left to do. Loop passes (vectorising, unrolling) find nothing and take as long as all others.
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::PromotePass());                        // variables of loops
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));  // loads after stores of one kernel
  if (optimization == 3)
    passes.addPass(llvm::InstCombinePass());  // slow, and finds next to nothing
  passes.addPass(llvm::SimplifyCFGPass());
  if (FindsRaces()) {
    for (llvm::Function& function : module) {
      if (!function.isDeclaration()) function.addFnAttr(llvm::Attribute::SanitizeThread);
    }
    passes.addPass(llvm::ThreadSanitizerPass());
  }
  optimiser->pipeline.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(passes)));
  optimiser->pipeline.run(module, optimiser->modules);
}

absl::StatusOr<std::string> GenerateCode(llvm::Module& module, llvm::TargetMachine& machine,
                                         CodeKind kind) {
  module.setDataLayout(machine.createDataLayout());
  const UnlessThrown<Writer> writer;
  const auto type = kind == CodeKind::kObject ? llvm::CodeGenFileType::ObjectFile
                                              : llvm::CodeGenFileType::AssemblyFile;
  if (machine.addPassesToEmitFile(writer->passes, writer->stream, nullptr, type,
                                  /*DisableVerify=*/true)) {
    return absl::UnavailableError("LLVM cannot write code for this machine");
  }
  const PassGate gate(module.getContext());
  writer->passes.run(module);
  return std::string(writer->code.data(), writer->code.size());
}

}  // namespace bnsyn::compiler
