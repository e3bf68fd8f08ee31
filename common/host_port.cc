#include "common/host_port.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace nascent {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  int port = 0;
  if (colon == std::string_view::npos ||
      !absl::SimpleAtoi(absl::string_view(text.data() + colon + 1, text.size() - colon - 1),
                        &port) ||
      port < 0 || port > 65535) {
    return std::nullopt;
  }
  const std::string_view host = text.substr(0, colon);
  const bool brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (!brackets && host.find_first_of(":/[] \t") != std::string_view::npos) return std::nullopt;
  return HostPort{std::string(host), port};
}

std::string ExplainServer(std::string_view text) {
  const auto address = ParseHostPort(text);
  if (address.has_value() && !address->host.empty() && address->port > 0) return "";
  const std::string found = absl::StrCat("found \"", View(text), "\", expected HOST:PORT");
  if (const size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    std::string_view rest = text.substr(scheme + 3);
    rest = rest.substr(0, rest.find('/'));
    return absl::StrCat(found, " without ", View(text.substr(0, scheme + 3)),
                        ParseHostPort(rest) ? absl::StrCat(": ", View(rest)) : "");
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.find(':') == colon) return found;
  const std::string bracketed =
      absl::StrCat("[", View(text.substr(0, colon)), "]", View(text.substr(colon)));
  if (!ParseHostPort(bracketed)) return found;
  return absl::StrCat(found, "; an IPv6 address stands in brackets: ", bracketed);
}

}  // namespace nascent
