// Messages as bytes that can be compared.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_STABLE_BYTES_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_STABLE_BYTES_H_

#include <string>

#include "google/protobuf/message.h"

namespace nascent::engine {

// Returns `message` as bytes: equal messages give equal ones, maps included.
std::string StableBytes(const google::protobuf::Message& message);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_STABLE_BYTES_H_
