#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "check.h"

namespace gpuring::check {

// A folder of its own for a test's files, gone afterwards.
class Folder {
 public:
  Folder() { CHECK(mkdtemp(path_) != nullptr); }
  ~Folder() {
    for (const std::string& file : files_) std::remove(file.c_str());
    std::remove(path_);
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string file = std::string(path_) + "/" + name;
    if (std::find(files_.begin(), files_.end(), file) == files_.end()) files_.push_back(file);
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

 private:
  char path_[40] = "/tmp/gpuring-scenario-XXXXXX";
  std::vector<std::string> files_;
};

}  // namespace gpuring::check
