// How a session with PostgreSQL is asked for.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_SESSION_URL_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_SESSION_URL_H_

#include <string>

#include "absl/status/statusor.h"

namespace nascent::storage::postgres {

// `url` (postgresql://… or key=value …) as libpq's key='value' words, with limits for a network
// that goes silent where the URL names none: 5 s to connect, 5 s until what was sent is
// acknowledged, and a connection that is idle is looked at after 5 s, three times within 6 s. A
// list of hosts means the one that takes writes. INVALID_ARGUMENT: it is no such text; the message
// holds nothing of it, as it may hold a password.
absl::StatusOr<std::string> SessionUrl(const std::string& url);

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_SESSION_URL_H_
