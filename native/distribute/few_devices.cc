#include "distribute/few_devices.h"

#include <bit>
#include <cstring>

namespace gpuring {
namespace {

// 0 after the last one.
double CostOf(const Items& items, size_t turn) {
  return turn < items.count() ? items.costs[items.PlaceOf(turn)] : 0;
}

#define GPURING_KERNEL "distribute/few_devices.inc"
#include "core/each_instruction_set.inc"

}  // namespace

void AssignToFew(const Items& items, const FewDevices& devices, InstructionSet set,
                 uint32_t* owners) {
  using Assign = void (*)(const Items&, const FewDevices&, uint32_t*);
  constexpr Assign kAssign[][3] = {GPURING_EACH(Assign<8>), GPURING_EACH(Assign<16>),
                                   GPURING_EACH(Assign<32>), GPURING_EACH(Assign<64>)};
  const size_t eights = (devices.count + 7) / 8;
  const auto size = static_cast<size_t>(std::bit_width(eights - 1));
  kAssign[size][static_cast<size_t>(set)](items, devices, owners);
}

}  // namespace gpuring
