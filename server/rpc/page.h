// How lists are cut into pages.

#ifndef NASCENT_SERVER_RPC_PAGE_H_
#define NASCENT_SERVER_RPC_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace nascent::rpc {

// Messages stay below gRPC's default limit of 4 MiB.
inline constexpr size_t kMostBytes = 3 << 20;

// A token is the last id or number of the page before, so that it stays right while rows come.
// Empty leaves `last` as it is.
absl::Status ReadPageToken(const std::string& token, int64_t& last);

// `given` 0: `fallback`.
absl::Status ReadPageSize(int given, int most, int fallback, int& size);

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_PAGE_H_
