#include "compiler/emission/jit.h"

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/emission/codegen.h"
#include "compiler/emission/emit.h"
#include "compiler/emission/external_functions.h"
#include "compiler/emission/levels.h"
#include "compiler/emission/object_cache.h"
#include "compiler/emission/unless_thrown.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/ExecutionEngine/Orc/Debugging/DebuggerSupport.h"
#include "llvm/ExecutionEngine/Orc/Debugging/PerfSupportPlugin.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

namespace bnsyn::compiler {
namespace {

namespace orc = llvm::orc;

// Measures the phases of a compilation: each Lap adds the time since the last one to its phase.
class Stopwatch {
 public:
  explicit Stopwatch(CompileReport& report) : report_(report) {}
  void Lap(const char* phase) {
    const Clock::time_point now = Clock::now();
    const double elapsed = std::chrono::duration<double, std::milli>(now - last_).count();
    last_ = now;
    for (CompileReport::Phase& p : report_.phases) {
      if (p.name != phase) continue;
      p.milliseconds += elapsed;
      return;
    }
    report_.phases.push_back({phase, elapsed});
  }

 private:
  using Clock = std::chrono::steady_clock;
  CompileReport& report_;
  Clock::time_point last_ = Clock::now();
};

absl::Status ToStatus(llvm::Error error) {
  absl::Status status;
  llvm::handleAllErrors(std::move(error), [&](const llvm::ErrorInfoBase& info) {
    const bool memory = info.convertToErrorCode() == std::errc::not_enough_memory;
    status.Update(memory ? ir::OutOfMemory()
                         : absl::InternalError(absl::StrCat("LLVM: ", info.message())));
  });
  return status;
}

// A hash of everything that determines an object: the emitted module, the target, the level, and
// the code that turns a module into an object (LLVM and codegen.cc, whose hash the build defines).
std::string CacheKey(const llvm::Module& module, const Target& target, int optimization) {
  llvm::SmallString<0> key;
  llvm::raw_svector_ostream stream(key);
  stream << "llvm " << LlvmVersion() << " target " << target.triple << " " << target.cpu << " "
         << target.features << " optimization " << optimization << " codegen " << BNSYN_CODEGEN_HASH
         << (FindsRaces() ? " finds races" : "") << "\n";
  llvm::WriteBitcodeToFile(module, stream);
  return HashText({key.data(), key.size()});
}

// Keeps the first problem: what follows is mostly the same.
void NoteProblem(const absl::Status& status, CompileReport& report) {
  if (!status.ok() && report.cache_problem.empty())
    report.cache_problem = std::string(status.message());
}

absl::StatusOr<std::string> ObjectOf(llvm::Module& module, const Target& target, int optimization,
                                     Stopwatch& watch) {
  const UnlessThrown<TargetMachinePtr> machine;
  BNSYN_ASSIGN_OR_RETURN(*machine, MakeTargetMachine(target, optimization));
  watch.Lap("target");
  Optimise(module, **machine, optimization);
  watch.Lap("optimise");
  BNSYN_ASSIGN_OR_RETURN(std::string object, GenerateCode(module, **machine, CodeKind::kObject));
  watch.Lap("codegen");
  return object;
}

class JitCode : public CompiledCode {
 public:
  explicit JitCode(std::unique_ptr<orc::LLJIT> jit) : jit_(std::move(jit)) {}
  ~JitCode() override { DeleteOrLose(jit_.release()); }
  static absl::StatusOr<std::unique_ptr<JitCode>> Link(const ir::Program& program,
                                                       const Target& target,
                                                       const std::string& object, bool debugger);

  KernelFunction kernel(const std::string& code) const override {
    return reinterpret_cast<KernelFunction>(Find("kernel." + code));
  }
  DeliverFunction deliver(const std::string& code) const override {
    return reinterpret_cast<DeliverFunction>(Find("deliver." + code));
  }

 private:
  void* Find(const std::string& symbol) const {
    const auto it = functions_.find(symbol);
    return it == functions_.end() ? nullptr : it->second;
  }

  absl::Status problem_;  // what failed first; a lookup says only that something did
  std::unique_ptr<orc::LLJIT> jit_;
  std::map<std::string, void*> functions_;
};

llvm::Error AddDebuggers(orc::LLJIT& jit) {
  if (llvm::Error error = orc::enableDebuggerSupport(jit)) return error;
  // The perf plugin looks up its functions by name among the symbols of this process.
  auto perf = orc::PerfSupportPlugin::Create(jit.getExecutionSession().getExecutorProcessControl(),
                                             *jit.getProcessSymbolsJITDylib(),
                                             /*EmitDebugInfo=*/false, /*EmitUnwindInfo=*/true);
  if (!perf) return perf.takeError();
  static_cast<orc::ObjectLinkingLayer&>(jit.getObjLinkingLayer()).addPlugin(std::move(*perf));
  return llvm::Error::success();
}

absl::StatusOr<std::unique_ptr<JitCode>> JitCode::Link(const ir::Program& program,
                                                       const Target& target,
                                                       const std::string& object, bool debugger) {
  InitializeLlvm();
  orc::LLJITBuilder builder;
  builder.setJITTargetMachineBuilder(orc::JITTargetMachineBuilder(llvm::Triple(target.triple)));
  builder.setPlatformSetUp(orc::setUpInactivePlatform);  // there is nothing to run at start
  builder.setLinkProcessSymbolsByDefault(debugger || FindsRaces());
  builder.setObjectLinkingLayerCreator(
      [](orc::ExecutionSession& session,
         const llvm::Triple&) -> llvm::Expected<std::unique_ptr<orc::ObjectLayer>> {
        return std::make_unique<orc::ObjectLinkingLayer>(session);
      });
  auto jit = builder.create();
  if (!jit) return ToStatus(jit.takeError());
  const UnlessThrown<std::unique_ptr<JitCode>> code(std::make_unique<JitCode>(std::move(*jit)));
  orc::LLJIT& linker = *(*code)->jit_;
  linker.getExecutionSession().setErrorReporter([problem = &(*code)->problem_](llvm::Error error) {
    problem->Update(ToStatus(std::move(error)));
  });
  if (debugger) {
    if (llvm::Error error = AddDebuggers(linker)) return ToStatus(std::move(error));
  }

  const UnlessThrown<orc::SymbolMap> externals;
  for (const ExternalFunction& function : ExternalFunctions()) {
    (*externals)[linker.mangleAndIntern(function.symbol)] = {
        orc::ExecutorAddr::fromPtr(function.address), llvm::JITSymbolFlags::Exported};
  }
  orc::JITDylib& library = linker.getMainJITDylib();
  if (llvm::Error error = library.define(orc::absoluteSymbols(std::move(*externals)))) {
    return ToStatus(std::move(error));
  }
  if (llvm::Error error =
          linker.addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object, "bnsyn"))) {
    return ToStatus(std::move(error));
  }
  for (const std::string& symbol : FunctionNames(program)) {
    auto address = linker.lookup(symbol);
    if (!address) {
      const absl::Status failed = ToStatus(address.takeError());
      return (*code)->problem_.ok() ? failed : (*code)->problem_;
    }
    (*code)->functions_[symbol] = address->toPtr<void*>();
  }
  return std::move(*code);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CompiledCode>> CompileKernels(const ir::Program& program,
                                                             const CompileOptions& options,
                                                             CompileReport& report) {
  Stopwatch watch(report);
  BNSYN_ASSIGN_OR_RETURN(const Target target, HostTarget());
  watch.Lap("target");
  return CompileKernels(program, options, target, report);
}

absl::StatusOr<std::unique_ptr<CompiledCode>> CompileKernels(const ir::Program& program,
                                                             const CompileOptions& options,
                                                             const Target& target,
                                                             CompileReport& report) {
  Stopwatch watch(report);
  BNSYN_ASSIGN_OR_RETURN(report.width, ChooseWidth(options, target));
  InitializeLlvm();
  const UnlessThrown<llvm::LLVMContext> context;
  context->setDiscardValueNames(true);  // only people read them
  const UnlessThrown<std::unique_ptr<llvm::Module>> module;
  BNSYN_ASSIGN_OR_RETURN(*module, EmitModule(program, options, target, report.width, *context));
  watch.Lap("emit");
  const ObjectCache cache(options.cache_directory, options.cache_bytes);
  report.key = CacheKey(**module, target, options.optimization);
  absl::StatusOr<std::optional<std::string>> loaded = cache.Load(report.key);
  NoteProblem(loaded.status(), report);
  std::optional<std::string> object = loaded.ok() ? *std::move(loaded) : std::nullopt;
  report.cache_hit = object.has_value();
  watch.Lap("cache_io");
  if (!object || options.check_cache) {
    BNSYN_ASSIGN_OR_RETURN(std::string compiled,
                           ObjectOf(**module, target, options.optimization, watch));
    if (object && *object != compiled) {
      return absl::InternalError(
          absl::StrCat("the cached object ", cache.Path(report.key),
                       " differs from what the compiler makes now; delete it, and report this"));
    }
    if (!object) NoteProblem(cache.Store(report.key, compiled), report);
    watch.Lap("cache_io");
    object = std::move(compiled);
  }
  BNSYN_ASSIGN_OR_RETURN(std::unique_ptr<CompiledCode> code,
                         JitCode::Link(program, target, *object, options.register_with_debugger));
  watch.Lap("link");
  return code;
}

absl::StatusOr<std::string> CompileObject(const ir::Program& program, const CompileOptions& options,
                                          const Target& target) {
  CompileReport report;
  Stopwatch watch(report);
  BNSYN_ASSIGN_OR_RETURN(const int width, ChooseWidth(options, target));
  InitializeLlvm();
  const UnlessThrown<llvm::LLVMContext> context;
  const UnlessThrown<std::unique_ptr<llvm::Module>> module;
  BNSYN_ASSIGN_OR_RETURN(*module, EmitModule(program, options, target, width, *context));
  return ObjectOf(**module, target, options.optimization, watch);
}

}  // namespace bnsyn::compiler
