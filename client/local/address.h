// Addresses to listen on.

#ifndef NASCENT_CLIENT_LOCAL_ADDRESS_H_
#define NASCENT_CLIENT_LOCAL_ADDRESS_H_

#include <string>

#include "absl/status/status.h"

namespace nascent::local {

// HOST:PORT at which a client on this machine reaches what listens on `listen`.
std::string ReachableAddress(const std::string& listen);

// INVALID_ARGUMENT: it is not HOST:PORT.
absl::Status CheckAddress(const std::string& listen);

// Whether a program could listen on HOST:PORT now. INVALID_ARGUMENT: it is no address;
// FAILED_PRECONDITION: the port is in use, or the address is not this machine's.
absl::Status CheckFree(const std::string& listen);

}  // namespace nascent::local

#endif  // NASCENT_CLIENT_LOCAL_ADDRESS_H_
