// The simulated driver as a laboratory: loaded, steered, and copied without some of its functions.
#pragma once

#include <string>
#include <vector>

namespace gpuring::faults {

// Stays loaded, and initialised while Held lives: the host's time goes on when clients come and go.
class Lab {
 public:
  // So often is it initialised that a client which shuts down what it did not begin ends nothing.
  static constexpr int kInits = 16;

  explicit Lab(std::string path);
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // The reply. A refusal ends the program: it is a mistake of the sweep.
  std::string Command(const std::string& name, const std::string& argument = "") const;
  // False: refused.
  [[nodiscard]] bool Try(const std::string& name, const std::string& argument,
                         std::string* reply) const;
  void Init() const;
  void Shutdown() const;

 private:
  const std::string path_;
  void* const library_;
};

// The number after "name": in a reply; -1 where there is none.
[[nodiscard]] long NumberIn(const std::string& reply, const std::string& name, size_t from = 0);

// A function of the driver that the addon looks for, and a driver in which it is the one found.
struct UsedFunction {
  std::string name;
  std::vector<std::string> without;  // newer names that this driver must not have
};

// All of them: what NvmlLibrary::Symbols() finds, then what it finds once that is taken away, and
// so on. A function can be there twice, with different drivers.
[[nodiscard]] std::vector<UsedFunction> UsedFunctions(const std::string& path);

// A copy of the driver that lacks the functions, until DeleteCopies().
[[nodiscard]] std::string DriverWithout(const std::string& path,
                                        const std::vector<std::string>& names);

void DeleteCopies();

}  // namespace gpuring::faults
