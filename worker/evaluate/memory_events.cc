#include "worker/evaluate/memory_events.h"

#include <fstream>
#include <optional>
#include <string>

namespace nascent::worker {
namespace {

// The number behind "oom_kill" in a file of "name number" lines.
std::optional<int64_t> ReadCounter(const std::string& path) {
  std::ifstream file(path);
  std::string name;
  int64_t value = 0;
  while (file >> name >> value) {
    if (name == "oom_kill") return value;
  }
  return std::nullopt;
}

// The control group (version 2) of this process: the line "0::/path".
std::string ControlGroup() {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("0::", 0) == 0) return line.substr(3);
  }
  return "";
}

}  // namespace

int64_t OutOfMemoryKills() {
  const std::string group = "/sys/fs/cgroup" + ControlGroup();
  if (const auto count = ReadCounter(group + "/memory.events")) return *count;
  if (const auto count = ReadCounter("/sys/fs/cgroup/memory/memory.oom_control")) return *count;
  return ReadCounter("/proc/vmstat").value_or(0);
}

}  // namespace nascent::worker
