#include "nvml/elf_header.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace gpuring {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kOwnMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kOwnMachine = EM_AARCH64;
#else
#error "gpuring is built for x86-64 and arm64 only"
#endif

std::string MachineName(uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "arm64";
    case EM_386:
      return "x86 (32 bit)";
    case EM_ARM:
      return "ARM (32 bit)";
    case EM_PPC64:
      return "POWER";
    case EM_S390:
      return "s390";
    case EM_RISCV:
      return "RISC-V";
    default:
      return "ELF machine " + std::to_string(machine);
  }
}

// The first bytes of a file; `size` < sizeof(bytes) when it is shorter.
struct FileHead {
  unsigned char bytes[EI_NIDENT + 2 * sizeof(uint16_t)] = {};  // e_ident, e_type, e_machine
  size_t size = 0;
};

Status ReadHead(const std::string& path, FileHead* head) {
  const auto fail = [&path](int error) {
    const std::string message = "\"" + path + "\": " + std::strerror(error);
    if (error == ENOENT || error == ENOTDIR) {
      return Status::Error(StatusCode::kLibraryNotFound, message,
                           "Check the path of the driver library.");
    }
    return Status::Error(StatusCode::kNoPermission, message,
                         "Make the driver library readable for this user.");
  };
  // O_NONBLOCK: opening a FIFO without a writer would wait for one.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return fail(errno);
  struct stat facts {};
  const bool regular = fstat(file, &facts) == 0 && S_ISREG(facts.st_mode);
  const ssize_t got = regular ? read(file, head->bytes, sizeof(head->bytes)) : 0;
  const int error = errno;
  close(file);
  if (got < 0) return fail(error);
  head->size = static_cast<size_t>(got);
  return Status::Ok();
}

uint16_t Machine(const FileHead& head) {
  const unsigned char* at = head.bytes + EI_NIDENT + sizeof(uint16_t);
  const bool big = head.bytes[EI_DATA] == ELFDATA2MSB;
  return static_cast<uint16_t>(big ? at[0] << 8 | at[1] : at[1] << 8 | at[0]);
}

}  // namespace

Status CheckElfFile(const std::string& path) {
  FileHead head;
  if (Status status = ReadHead(path, &head); !status.ok()) return status;
  if (head.size < sizeof(head.bytes) || std::memcmp(head.bytes, ELFMAG, SELFMAG) != 0) {
    return Status::Error(StatusCode::kLibraryInvalid,
                         "\"" + path + "\" is not a shared library (no ELF file)",
                         "Name the driver's own library, usually libnvidia-ml.so.1; the file may "
                         "also be empty or cut off: reinstall the driver.");
  }
  const uint16_t machine = Machine(head);
  const bool same_order =
      (head.bytes[EI_DATA] == ELFDATA2LSB) == (std::endian::native == std::endian::little);
  if (machine != kOwnMachine || head.bytes[EI_CLASS] != ELFCLASS64 || !same_order) {
    return Status::Error(StatusCode::kLibraryInvalid,
                         "\"" + path + "\" is built for " + MachineName(machine) +
                             ", this process runs on " + MachineName(kOwnMachine),
                         "Install the driver library for " + MachineName(kOwnMachine) +
                             ", or run a Node.js of the library's architecture.");
  }
  return Status::Ok();
}

}  // namespace gpuring
