// MIG: one board split into instances. What each board offers is data; a layout says what there is.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/boards.h"
#include "simulator/fields.h"

namespace gpuring::simulator {

inline constexpr int kMigSlots = 7;

// Approximate, as boards are. An instance has one compute instance, which spans it.
struct MigProfile {
  const char* name;        // "1g.10gb"
  uint32_t slices;         // of 7 for computing
  uint32_t memory_slices;  // of 8
  uint32_t memory_mib;
  uint32_t multiprocessors;
  uint32_t copy_engines;
  uint32_t decoders;
  uint32_t jpeg_engines;
  uint32_t optical_flow_engines;
};

// Empty where the board knows no MIG.
[[nodiscard]] std::span<const MigProfile> MigProfilesOf(const Board& board);
// Null when the board has no such profile.
[[nodiscard]] const MigProfile* FindMigProfile(const Board& board, std::string_view name);
// "1g.10gb, 1g.20gb, ...", for error messages.
[[nodiscard]] std::string MigProfileNames(const Board& board);
// An array of names that a board has room for at once, as scenarios and the command "mig" have it.
[[nodiscard]] std::vector<const MigProfile*> ReadMigProfiles(const JsonValue& array,
                                                             const std::string& path,
                                                             const Board& board,
                                                             Refusals* refusals);

// "MIG-...": the same whenever the board has this instance again.
[[nodiscard]] std::string MigUuid(std::string_view parent_uuid, uint32_t gpu_instance_id,
                                  uint32_t compute_instance_id);

// A board is asked by these, while MIG is on, about what only its instances could tell.
[[nodiscard]] bool IsDeclinedWhileMigIsOn(std::string_view function);
// A MIG device answers these; any other call with its handle is NOT_SUPPORTED.
[[nodiscard]] bool IsAnsweredByInstances(std::string_view function);

struct MigInstance {
  const MigProfile* profile = nullptr;  // null: nothing in this slot
  uint32_t gpu_instance_id = 0;
  uint32_t compute_instance_id = 0;

  bool operator==(const MigInstance&) const = default;
};

// The instances of one board. Not thread-safe.
class MigLayout {
 public:
  // NVML's index of a MIG device is its slot: destroying one leaves a hole.
  static constexpr size_t kSlots = kMigSlots;

  bool operator==(const MigLayout&) const = default;

  [[nodiscard]] bool enabled() const { return enabled_; }
  [[nodiscard]] const MigInstance& at(size_t slot) const { return instances_[slot]; }
  // Changes with every instance in the slot: what tells its handles from those of earlier ones.
  [[nodiscard]] uint32_t serial(size_t slot) const { return serials_[slot]; }

  // Mode on, and these instances: those that are wanted and there stay as they are, the others
  // go, and new ones take the first empty slots. REQUIRES: a board has room for them.
  void Arrange(std::vector<const MigProfile*> wanted);
  void Disable();
  // All instances are made anew, as a reset of the board does.
  void Renew();

 private:
  void Create(size_t slot, const MigProfile& profile);

  bool enabled_ = false;
  std::array<MigInstance, kSlots> instances_;
  std::array<uint32_t, kSlots> serials_{};
};

}  // namespace gpuring::simulator
