#include "common/host_port.h"

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace nascent {

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string_view::npos ||
      !absl::SimpleAtoi(absl::string_view(text.data() + colon + 1, text.size() - colon - 1),
                        &port) ||
      port < 0 || port > 65535) {
    return std::nullopt;
  }
  return HostPort{std::string(text.substr(0, colon)), port};
}

}  // namespace nascent
