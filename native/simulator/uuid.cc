#include "simulator/uuid.h"

#include <array>
#include <cstdio>

#include "simulator/random.h"

namespace gpuring::simulator {

std::string FormatUuid(const char* prefix, uint64_t seed) {
  const uint64_t high = Mix(seed, 0);
  const uint64_t low = Mix(seed, 1);
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), "%s%08x-%04x-%04x-%04x-%012llx", prefix,
                static_cast<unsigned>(high >> 32), static_cast<unsigned>(high >> 16 & 0xFFFF),
                static_cast<unsigned>(high & 0xFFFF), static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xFFFF'FFFF'FFFF));
  return text.data();
}

}  // namespace gpuring::simulator
