#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "check.h"
#include "nvml/library.h"
#include "nvml/return_code.h"
#include "nvml_fixture.h"

namespace gpuring {
namespace {

std::string ElfHeader(uint16_t machine, unsigned char elf_class) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = elf_class;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = machine;
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header));
}

Status OpenLibrary(const std::string& path) {
  NvmlLibrary library;
  return library.Open(path);
}

bool Mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

const SymbolState* FindSymbol(const std::vector<SymbolState>& symbols, std::string_view wanted) {
  for (const SymbolState& symbol : symbols) {
    if (symbol.wanted == wanted) return &symbol;
  }
  return nullptr;
}

}  // namespace

TEST("nvml: a missing library is not found, by name and by path") {
  for (const std::string path : {"libgpuring-there-is-none.so.1", "/nowhere/libnvidia-ml.so.1"}) {
    const Status status = OpenLibrary(path);
    CHECK_EQ(status.code(), StatusCode::kLibraryNotFound);
    CHECK(Mentions(status.message(), path));
    CHECK(!status.hint().empty());
  }
}

TEST("nvml: what is no ELF file, another architecture's or no NVML gets three different hints") {
  const TemporaryFile text("#!/bin/sh\necho this is no library\n");
  const TemporaryFile empty("");
#if defined(__x86_64__)
  const TemporaryFile foreign(ElfHeader(EM_AARCH64, ELFCLASS64));
  const char* const foreign_name = "arm64";
#else
  const TemporaryFile foreign(ElfHeader(EM_X86_64, ELFCLASS64));
  const char* const foreign_name = "x86-64";
#endif
  const TemporaryFile narrow(ElfHeader(EM_386, ELFCLASS32));

  const Status no_elf = OpenLibrary(text.path());
  const Status no_content = OpenLibrary(empty.path());
  const Status other_machine = OpenLibrary(foreign.path());
  const Status other_width = OpenLibrary(narrow.path());
  const Status no_nvml = OpenLibrary(FixturePath("not_nvml"));
  for (const Status* status : {&no_elf, &no_content, &other_machine, &other_width, &no_nvml}) {
    CHECK_EQ(status->code(), StatusCode::kLibraryInvalid);
    CHECK(!status->hint().empty());
  }
  CHECK_EQ(no_content.hint(), no_elf.hint());
  CHECK(no_elf.hint() != other_machine.hint());
  CHECK(no_elf.hint() != no_nvml.hint());
  CHECK(other_machine.hint() != no_nvml.hint());
  CHECK(Mentions(other_machine.message(), foreign_name));
  CHECK(Mentions(other_width.message(), "32 bit"));
  CHECK(Mentions(no_nvml.message(), "nvmlShutdown"));
}

TEST("nvml: folders, FIFOs and broken libraries fail without blocking") {
  CHECK_EQ(OpenLibrary("/tmp/").code(), StatusCode::kLibraryInvalid);
  char folder[] = "/tmp/gpuring-fifo-XXXXXX";
  CHECK(mkdtemp(folder) != nullptr);
  const std::string fifo = std::string(folder) + "/fifo";
  CHECK_EQ(mkfifo(fifo.c_str(), 0600), 0);
  CHECK_EQ(OpenLibrary(fifo).code(), StatusCode::kLibraryInvalid);
  unlink(fifo.c_str());
  rmdir(folder);

  // Of this architecture, but nothing behind the header: the loader's own words are passed on.
#if defined(__x86_64__)
  const TemporaryFile broken(ElfHeader(EM_X86_64, ELFCLASS64));
#else
  const TemporaryFile broken(ElfHeader(EM_AARCH64, ELFCLASS64));
#endif
  const Status status = OpenLibrary(broken.path());
  CHECK_EQ(status.code(), StatusCode::kLibraryInvalid);
  CHECK(Mentions(status.message(), "does not load"));
}

TEST("nvml: every symbol is looked up on its own, older names where newer are missing") {
  NvmlLibrary library;
  CHECK(library.Open(FixturePath("legacy_driver")).ok());
  const std::vector<SymbolState> symbols = library.Symbols();

  const SymbolState* init = FindSymbol(symbols, "nvmlInitWithFlags");
  CHECK(init != nullptr && init->found == "nvmlInit" && init->required);
  const SymbolState* memory = FindSymbol(symbols, "nvmlDeviceGetMemoryInfo_v2");
  CHECK(memory != nullptr && memory->found == "nvmlDeviceGetMemoryInfo" && !memory->required);
  const SymbolState* handle = FindSymbol(symbols, "nvmlDeviceGetHandleByIndex_v2");
  CHECK(handle != nullptr && handle->found == "nvmlDeviceGetHandleByIndex");
  const SymbolState* fields = FindSymbol(symbols, "nvmlDeviceGetFieldValues");
  CHECK(fields != nullptr && fields->found.empty());
  for (const SymbolState& one : symbols) {
    int listed = 0;
    for (const SymbolState& other : symbols) listed += one.wanted == other.wanted;
    CHECK_EQ(listed, 1);
  }

  CHECK(library.functions().init != nullptr);
  CHECK(library.functions().init_with_flags == nullptr);
  CHECK(library.functions().simulator_describe == nullptr);
  library.Close();
  CHECK(library.functions().init == nullptr);
}

TEST("nvml: return codes map to states with a meaning, known or not") {
  struct Expectation {
    nvmlReturn_t result;
    StatusCode code;
  };
  constexpr Expectation kExpectations[] = {
      {NVML_ERROR_NOT_SUPPORTED, StatusCode::kNotSupported},
      {NVML_ERROR_NO_PERMISSION, StatusCode::kNoPermission},
      {NVML_ERROR_NOT_FOUND, StatusCode::kTryAgain},
      {NVML_ERROR_DRIVER_NOT_LOADED, StatusCode::kDriverNotLoaded},
      {NVML_ERROR_TIMEOUT, StatusCode::kTimeout},
      {NVML_ERROR_FUNCTION_NOT_FOUND, StatusCode::kNotSupported},
      {NVML_ERROR_GPU_IS_LOST, StatusCode::kDeviceLost},
      {NVML_ERROR_OPERATING_SYSTEM, StatusCode::kNoPermission},
      {NVML_ERROR_LIB_RM_VERSION_MISMATCH, StatusCode::kDriverMismatch},
      {NVML_ERROR_UNKNOWN, StatusCode::kDriverError},
      {static_cast<nvmlReturn_t>(77), StatusCode::kDriverError},
  };
  for (const Expectation& expectation : kExpectations) {
    const Status status = ToStatus(expectation.result, "nvmlSomething");
    CHECK_EQ(status.code(), expectation.code);
    CHECK_EQ(status.driver_return(), static_cast<uint32_t>(expectation.result));
    CHECK(Mentions(status.message(), "nvmlSomething"));
    CHECK(Mentions(status.message(), std::to_string(expectation.result)));
    CHECK_EQ(ToBareStatus(expectation.result).code(), expectation.code);
  }
  CHECK(ToStatus(NVML_SUCCESS, "nvmlSomething").ok());
  for (unsigned int code = 1; code <= 30; ++code) {
    CHECK(!ReturnName(static_cast<nvmlReturn_t>(code)).empty());
  }
}

}  // namespace gpuring
