#include "simulator/handles.h"

#include <atomic>
#include <mutex>

#include "simulator/world.h"

namespace gpuring::simulator {
namespace {

constexpr unsigned kKindShift = 40;
constexpr unsigned kGenerationShift = 16;
constexpr uintptr_t kGenerationMask = 0xffffff;
constexpr uintptr_t kIndexMask = 0xffff;

// Lives are numbered from 1; the count of lives outlasts each of them.
std::mutex& LifeMutex() {
  static std::mutex* mutex = new std::mutex;  // never destroyed: late callers stay defined
  return *mutex;
}
int initializations = 0;
uint32_t lives = 0;
std::atomic<uint32_t> generation{0};

uint32_t SerialsOf(uint32_t life, uint32_t serial) {
  return (life & kHandleSerialMask) << kHandleSerialBits | (serial & kHandleSerialMask);
}

}  // namespace

uintptr_t EncodeHandle(HandleKind kind, uint32_t generation, uint32_t index) {
  return static_cast<uintptr_t>(kind) << kKindShift |
         (generation & kGenerationMask) << kGenerationShift | (index & kIndexMask);
}

int DecodeHandle(uintptr_t handle, HandleKind kind, uint32_t generation) {
  const auto index = static_cast<uint32_t>(handle & kIndexMask);
  return handle == EncodeHandle(kind, generation, index) ? static_cast<int>(index) : -1;
}

nvmlReturn_t InitializeWorld(uint32_t flags) {
  const std::lock_guard lock(LifeMutex());
  const nvmlReturn_t result = World::Get().Init(flags);
  if (result == NVML_SUCCESS && initializations++ == 0) generation.store(++lives);
  return result;
}

nvmlReturn_t ShutdownWorld() {
  const std::lock_guard lock(LifeMutex());
  const nvmlReturn_t result = World::Get().Shutdown();
  if (initializations > 0 && --initializations == 0) generation.store(0);
  return result;
}

uint32_t Generation() { return generation.load(); }

nvmlDevice_t DeviceHandle(int device) {
  const uint32_t serials = SerialsOf(Generation(), World::Get().SerialOf(device));
  return reinterpret_cast<nvmlDevice_t>(
      EncodeHandle(HandleKind::kDevice, serials, static_cast<uint32_t>(device)));
}

int DeviceIndex(nvmlDevice_t handle) {
  const uint32_t life = Generation();
  if (life == 0) return -1;
  const auto number = reinterpret_cast<uintptr_t>(handle);
  const auto serial = static_cast<uint32_t>(number >> kGenerationShift & kHandleSerialMask);
  const int device = DecodeHandle(number, HandleKind::kDevice, SerialsOf(life, serial));
  return device >= 0 && World::Get().HasHandle(device, serial) ? device : -1;
}

bool IsStaleHandle(nvmlDevice_t handle) {
  const auto number = reinterpret_cast<uintptr_t>(handle);
  const auto serials = static_cast<uint32_t>(number >> kGenerationShift & kGenerationMask);
  const bool ours = DecodeHandle(number, HandleKind::kDevice, serials) >= 0;
  return ours && serials >> kHandleSerialBits != 0 && DeviceIndex(handle) < 0;
}

}  // namespace gpuring::simulator
