#include "worker/torch/phase_times.h"

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_format.h"

namespace nascent::worker {

void AppendPhaseTimes(const std::string& path, const PhaseTimes& times) {
  const std::string line = absl::StrFormat(
      "{\"build\": %.6f, \"data\": %.6f, \"forward\": %.6f, \"backward\": %.6f, "
      "\"optimizer\": %.6f, \"validation\": %.6f, \"total\": %.6f}\n",
      times.build, times.data, times.forward, times.backward, times.optimizer, times.validation,
      times.total);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return;
  // One call, so that lines of several processes do not mix.
  (void)!write(fd, line.data(), line.size());
  close(fd);
}

}  // namespace nascent::worker
