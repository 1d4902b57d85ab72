#include "simulator/mig.h"

#include <algorithm>

#include "simulator/random.h"
#include "simulator/uuid.h"

namespace gpuring::simulator {
namespace {

constexpr uint32_t kComputeSlices = 7;
constexpr uint32_t kMemorySlices = 8;

struct BoardProfiles {
  std::string_view board;
  std::span<const MigProfile> profiles;
};

// Source: NVIDIA's MIG user guide, profile tables.
constexpr MigProfile kA100[] = {
    {"1g.5gb", 1, 1, 4864, 14, 1, 0, 0, 0},   {"2g.10gb", 2, 2, 9984, 28, 2, 1, 0, 0},
    {"3g.20gb", 3, 4, 20096, 42, 3, 2, 0, 0}, {"4g.20gb", 4, 4, 20096, 56, 4, 2, 0, 0},
    {"7g.40gb", 7, 8, 40448, 98, 7, 5, 1, 1},
};
constexpr MigProfile kH100[] = {
    {"1g.10gb", 1, 1, 9984, 16, 1, 1, 1, 0},  {"1g.20gb", 1, 2, 20096, 26, 1, 1, 1, 0},
    {"2g.20gb", 2, 2, 20096, 32, 2, 2, 2, 0}, {"3g.40gb", 3, 4, 40448, 60, 3, 3, 3, 0},
    {"4g.40gb", 4, 4, 40448, 64, 4, 4, 4, 0}, {"7g.80gb", 7, 8, 81152, 132, 8, 7, 7, 1},
};
constexpr MigProfile kH200[] = {
    {"1g.18gb", 1, 1, 16384, 16, 1, 1, 1, 0}, {"1g.35gb", 1, 2, 33280, 26, 1, 1, 1, 0},
    {"2g.35gb", 2, 2, 33280, 32, 2, 2, 2, 0}, {"3g.71gb", 3, 4, 71168, 60, 3, 3, 3, 0},
    {"4g.71gb", 4, 4, 71168, 64, 4, 4, 4, 0}, {"7g.141gb", 7, 8, 143104, 132, 8, 7, 7, 1},
};
constexpr MigProfile kGh200[] = {
    {"1g.12gb", 1, 1, 11264, 16, 1, 1, 1, 0}, {"1g.24gb", 1, 2, 23552, 26, 1, 1, 1, 0},
    {"2g.24gb", 2, 2, 23552, 32, 2, 2, 2, 0}, {"3g.48gb", 3, 4, 47616, 60, 3, 3, 3, 0},
    {"4g.48gb", 4, 4, 47616, 64, 4, 4, 4, 0}, {"7g.96gb", 7, 8, 96512, 132, 8, 7, 7, 1},
};
constexpr MigProfile kB200[] = {
    {"1g.23gb", 1, 1, 22016, 18, 1, 1, 1, 0}, {"1g.45gb", 1, 2, 45056, 30, 1, 1, 1, 0},
    {"2g.45gb", 2, 2, 45056, 36, 2, 2, 2, 0}, {"3g.90gb", 3, 4, 91136, 70, 3, 3, 3, 0},
    {"4g.90gb", 4, 4, 91136, 72, 4, 4, 4, 0}, {"7g.180gb", 7, 8, 182784, 148, 8, 7, 7, 1},
};
constexpr BoardProfiles kProfiles[] = {
    {"a100", kA100}, {"h100", kH100}, {"h200", kH200}, {"gh200", kGh200}, {"b200", kB200},
};

// Source: notes of nvml.h on calls that MIG limits.
constexpr std::string_view kDeclinedWhileOn[] = {
    "nvmlDeviceGetUtilizationRates",   "nvmlDeviceGetDynamicPstatesInfo",
    "nvmlDeviceGetEncoderUtilization", "nvmlDeviceGetDecoderUtilization",
    "nvmlDeviceGetJpgUtilization",     "nvmlDeviceGetOfaUtilization",
    "nvmlDeviceGetProcessUtilization", "nvmlDeviceGetProcessesUtilizationInfo",
    "nvmlDeviceGetRemappedRows",       "nvmlDeviceGetRemappedRows_v2",
    "nvmlDeviceGetNumGpuCores",
};
constexpr std::string_view kAnsweredByInstances[] = {
    "nvmlDeviceGetHandleByUUID",
    "nvmlDeviceGetName",
    "nvmlDeviceGetUUID",
    "nvmlDeviceGetIndex",
    "nvmlDeviceGetAttributes",
    "nvmlDeviceGetAttributes_v2",
    "nvmlDeviceGetMemoryInfo",
    "nvmlDeviceGetMemoryInfo_v2",
    "nvmlDeviceGetBAR1MemoryInfo",
    "nvmlDeviceGetComputeMode",
    "nvmlDeviceGetCudaComputeCapability",
    "nvmlDeviceGetArchitecture",
    "nvmlDeviceGetComputeRunningProcesses",
    "nvmlDeviceGetComputeRunningProcesses_v2",
    "nvmlDeviceGetComputeRunningProcesses_v3",
    "nvmlDeviceGetGraphicsRunningProcesses",
    "nvmlDeviceGetGraphicsRunningProcesses_v2",
    "nvmlDeviceGetGraphicsRunningProcesses_v3",
    "nvmlDeviceGetMPSComputeRunningProcesses",
    "nvmlDeviceGetMPSComputeRunningProcesses_v2",
    "nvmlDeviceGetMPSComputeRunningProcesses_v3",
    "nvmlDeviceGetRunningProcessDetailList",
    "nvmlDeviceIsMigDeviceHandle",
    "nvmlDeviceGetGpuInstanceId",
    "nvmlDeviceGetComputeInstanceId",
    "nvmlDeviceGetDeviceHandleFromMigDeviceHandle",
    "nvmlGpmQueryDeviceSupport",
    "nvmlGpmSampleGet",
};

// The driver numbers GPU instances by size: the whole is 0, sevenths are 7 to 13.
uint32_t FirstInstanceId(const MigProfile& profile) {
  switch (profile.slices) {
    case 1:
      return 7;
    case 2:
      return 3;
    case 3:
    case 4:
      return 1;
    default:
      return 0;
  }
}

// Whether a board has room for all of them at once.
bool Fit(const std::vector<const MigProfile*>& profiles) {
  uint32_t slices = 0, memory_slices = 0;
  for (const MigProfile* profile : profiles) {
    slices += profile->slices;
    memory_slices += profile->memory_slices;
  }
  return slices <= kComputeSlices && memory_slices <= kMemorySlices;
}

uint64_t Hash(std::string_view text) {
  uint64_t hash = text.size();
  for (const char letter : text) hash = Mix(hash, static_cast<unsigned char>(letter));
  return hash;
}

}  // namespace

std::span<const MigProfile> MigProfilesOf(const Board& board) {
  for (const BoardProfiles& known : kProfiles) {
    if (known.board == board.key) return known.profiles;
  }
  return {};
}

const MigProfile* FindMigProfile(const Board& board, std::string_view name) {
  for (const MigProfile& profile : MigProfilesOf(board)) {
    if (name == profile.name) return &profile;
  }
  return nullptr;
}

std::string MigProfileNames(const Board& board) {
  std::string names;
  for (const MigProfile& profile : MigProfilesOf(board)) {
    names += (names.empty() ? "" : ", ") + std::string(profile.name);
  }
  return names;
}

std::vector<const MigProfile*> ReadMigProfiles(const JsonValue& array, const std::string& path,
                                               const Board& board, Refusals* refusals) {
  std::vector<const MigProfile*> profiles;
  if (MigProfilesOf(board).empty()) {
    refusals->AddAt(array.place, path, "expected a board with MIG, got " + QuoteJson(board.key));
  } else if (array.kind != JsonValue::Kind::kArray) {
    refusals->Add(array, path, "an array of MIG profiles");
  }
  for (size_t i = 0; i < array.items.size() && refusals->none(); ++i) {
    profiles.push_back(FindMigProfile(board, array.items[i].string));
    if (profiles.back() != nullptr) continue;
    refusals->Add(array.items[i], path + "[" + std::to_string(i) + "]",
                  "one of " + MigProfileNames(board));
  }
  if (refusals->none() && !Fit(profiles)) {
    refusals->AddAt(array.place, path,
                    "expected instances of at most 7 slices, and of 8 slices of memory, in all");
  }
  return profiles;
}

std::string MigUuid(std::string_view parent_uuid, uint32_t gpu_instance_id,
                    uint32_t compute_instance_id) {
  const uint64_t seed =
      Mix(Hash(parent_uuid), uint64_t{gpu_instance_id} << 32 | compute_instance_id);
  return FormatUuid("MIG-", seed);
}

bool IsDeclinedWhileMigIsOn(std::string_view function) {
  return std::ranges::find(kDeclinedWhileOn, function) != std::end(kDeclinedWhileOn);
}

bool IsAnsweredByInstances(std::string_view function) {
  return std::ranges::find(kAnsweredByInstances, function) != std::end(kAnsweredByInstances);
}

void MigLayout::Arrange(std::vector<const MigProfile*> wanted) {
  enabled_ = true;
  for (MigInstance& instance : instances_) {
    const auto kept = std::find(wanted.begin(), wanted.end(), instance.profile);
    if (kept == wanted.end()) {
      instance = {};
    } else {
      wanted.erase(kept);
    }
  }
  for (size_t slot = 0; slot < kSlots && !wanted.empty(); ++slot) {
    if (instances_[slot].profile != nullptr) continue;
    Create(slot, *wanted.front());
    wanted.erase(wanted.begin());
  }
}

void MigLayout::Create(size_t slot, const MigProfile& profile) {
  const auto taken = [this](uint32_t id) {
    return std::ranges::any_of(instances_, [id](const MigInstance& other) {
      return other.profile != nullptr && other.gpu_instance_id == id;
    });
  };
  uint32_t id = FirstInstanceId(profile);
  while (taken(id)) ++id;
  instances_[slot] = {&profile, id, 0};
  ++serials_[slot];
}

void MigLayout::Disable() {
  enabled_ = false;
  instances_ = {};
}

void MigLayout::Renew() {
  for (uint32_t& serial : serials_) ++serial;
}

}  // namespace gpuring::simulator
