// Addresses of the form HOST:PORT.

#ifndef NASCENT_COMMON_HOST_PORT_H_
#define NASCENT_COMMON_HOST_PORT_H_

#include <optional>
#include <string>
#include <string_view>

namespace nascent {

struct HostPort {
  std::string host;  // as it stands, in brackets where it is IPv6; may be empty
  int port = 0;      // 0 to 65535
};

// Null: `text` is not of the form.
std::optional<HostPort> ParseHostPort(std::string_view text);

// What is wrong with `text` as the address of a server, with what may have been meant: "found
// \"::1:7301\", expected HOST:PORT; an IPv6 address stands in brackets: [::1]:7301". Empty:
// nothing.
std::string ExplainServer(std::string_view text);

}  // namespace nascent

#endif  // NASCENT_COMMON_HOST_PORT_H_
