// Which addresses this process may call for a strategy, as any client can name one.

#ifndef NASCENT_SERVER_STRATEGY_EXTERNAL_REACH_H_
#define NASCENT_SERVER_STRATEGY_EXTERNAL_REACH_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace nascent::strategy {

// Allows the machine's own loopback interface (127.…, [::1], localhost) and `hosts`, HOST or
// HOST:PORT each, and nothing else. Called once, before anything is checked; a process that never
// calls it, as `nascent simulate`, may call every host. INVALID_ARGUMENT: an item has another form,
// or is a link-local address (169.254.…, [fe80:…]), where clouds keep their machines' secrets.
absl::Status LimitExternalStrategies(const std::vector<std::string>& hosts);

// INVALID_ARGUMENT: `address` is not HOST:PORT with a name, an IPv4 address or an IPv6 address in
// brackets, or is not allowed. The message begins with "address: ".
absl::Status CheckExternalAddress(const std::string& address);

}  // namespace nascent::strategy

#endif  // NASCENT_SERVER_STRATEGY_EXTERNAL_REACH_H_
