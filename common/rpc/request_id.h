// The name of a request, by which a repeated one is known.

#ifndef NASCENT_COMMON_RPC_REQUEST_ID_H_
#define NASCENT_COMMON_RPC_REQUEST_ID_H_

#include <string>

namespace nascent::rpc {

// Returns 32 random hexadecimal digits that nobody had before. Thread-safe.
std::string NewRequestId();

}  // namespace nascent::rpc

#endif  // NASCENT_COMMON_RPC_REQUEST_ID_H_
