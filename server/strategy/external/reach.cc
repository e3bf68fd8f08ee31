#include "server/strategy/external/reach.h"

#include <arpa/inet.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/host_port.h"

namespace nascent::strategy {
namespace {

constexpr size_t kLongestAddress = 100;

// Null: every host may be called. Set once and never freed.
std::atomic<const std::vector<std::string>*> allowed_hosts = nullptr;

// IPv4 and IPv6 addresses as bytes; nothing for a name.
struct Numeric {
  std::optional<in_addr> v4;
  std::optional<in6_addr> v6;
};

Numeric NumericOf(const std::string& host) {
  Numeric numeric;
  in_addr v4 = {};
  in6_addr v6 = {};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) numeric.v4 = v4;
  if (host.size() > 2 && host.front() == '[' &&
      inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1) {
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      std::copy(v6.s6_addr + 12, v6.s6_addr + 16, reinterpret_cast<unsigned char*>(&v4));
      numeric.v4 = v4;
    } else {
      numeric.v6 = v6;
    }
  }
  return numeric;
}

// A name of letters, digits, dots and hyphens with a letter in it (all else is an odd way to write
// an address), or an address.
bool IsHost(const std::string& host) {
  const Numeric numeric = NumericOf(host);
  if (numeric.v4 || numeric.v6) return true;
  const bool only = std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
  });
  const std::string_view last = std::string_view(host).substr(host.rfind('.') + 1);
  return only && !last.empty() && absl::ascii_isalpha(static_cast<unsigned char>(last.front()));
}

bool IsLinkLocal(const std::string& host) {
  const Numeric numeric = NumericOf(host);
  if (numeric.v4) return ntohl(numeric.v4->s_addr) >> 16 == 0xA9FE;
  return numeric.v6 && IN6_IS_ADDR_LINKLOCAL(&*numeric.v6);
}

bool IsLoopback(const std::string& host) {
  const Numeric numeric = NumericOf(host);
  if (numeric.v4) return ntohl(numeric.v4->s_addr) >> 24 == 127;
  if (numeric.v6) return IN6_IS_ADDR_LOOPBACK(&*numeric.v6);
  return host == "localhost";
}

}  // namespace

absl::Status LimitExternalStrategies(const std::vector<std::string>& hosts) {
  for (const std::string& item : hosts) {
    const auto address = ParseHostPort(item);
    const std::string host = address ? address->host : item;
    if (!IsHost(host) || IsLinkLocal(host)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--allow-external: found \"", item, "\", expected HOST or HOST:PORT, not link-local"));
    }
  }
  allowed_hosts.store(new std::vector<std::string>(hosts));
  return absl::OkStatus();
}

absl::Status CheckExternalAddress(const std::string& address) {
  const auto parsed = ParseHostPort(address);
  if (!parsed.has_value() || parsed->port == 0 || address.size() > kLongestAddress ||
      !IsHost(parsed->host)) {
    return absl::InvalidArgumentError(
        absl::StrCat("address: found \"", address, "\", expected HOST:PORT"));
  }
  const std::vector<std::string>* allowed = allowed_hosts.load();
  if (allowed == nullptr || IsLoopback(parsed->host) ||
      std::find(allowed->begin(), allowed->end(), parsed->host) != allowed->end() ||
      std::find(allowed->begin(), allowed->end(), address) != allowed->end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("address: found \"", address,
                   "\", allowed on this coordinator are its own loopback addresses",
                   allowed->empty() ? "" : absl::StrCat(" and ", absl::StrJoin(*allowed, ", ")),
                   "; its operator can allow more with --allow-external HOST[:PORT]"));
}

}  // namespace nascent::strategy
