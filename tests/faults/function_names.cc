#include "tests/faults/function_names.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace bnsyn::faults {
namespace {

// The table of symbols in the file of this program, which stays mapped.
struct Symbols {
  const void* base = nullptr;  // where the program is loaded
  const Elf64_Sym* begin = nullptr;
  const Elf64_Sym* end = nullptr;
  const char* names = nullptr;
};

constinit Symbols symbols;

void FindTable(const std::byte* file) {
  const auto* const header = reinterpret_cast<const Elf64_Ehdr*>(file);
  const auto* const sections = reinterpret_cast<const Elf64_Shdr*>(file + header->e_shoff);
  for (int s = 0; s < header->e_shnum; ++s) {
    const Elf64_Shdr& section = sections[s];
    if (section.sh_type != SHT_SYMTAB) continue;
    symbols.begin = reinterpret_cast<const Elf64_Sym*>(file + section.sh_offset);
    symbols.end = symbols.begin + section.sh_size / sizeof(Elf64_Sym);
    symbols.names = reinterpret_cast<const char*>(file + sections[section.sh_link].sh_offset);
  }
}

}  // namespace

void LoadFunctionNames() {
  if (symbols.begin != nullptr) return;
  Dl_info info = {};
  if (::dladdr(reinterpret_cast<const void*>(&LoadFunctionNames), &info) == 0) return;
  symbols.base = info.dli_fbase;
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  struct stat status = {};
  if (file < 0 || ::fstat(file, &status) != 0) return;
  void* const mapped =
      ::mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, file, 0);
  ::close(file);
  if (mapped != MAP_FAILED) FindTable(static_cast<const std::byte*>(mapped));
}

const char* FunctionName(const void* address) {
  Dl_info info = {};
  if (::dladdr(address, &info) == 0) return "?";
  if (info.dli_fbase == symbols.base) {
    // The program is linked for any place, so that its symbols count from where it is loaded.
    const auto offset = static_cast<Elf64_Addr>(static_cast<const std::byte*>(address) -
                                                static_cast<const std::byte*>(symbols.base));
    for (const Elf64_Sym* symbol = symbols.begin; symbol != symbols.end; ++symbol) {
      if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC) continue;
      if (offset - symbol->st_value < symbol->st_size) return symbols.names + symbol->st_name;
    }
  }
  return info.dli_sname != nullptr ? info.dli_sname : info.dli_fname;
}

}  // namespace bnsyn::faults
