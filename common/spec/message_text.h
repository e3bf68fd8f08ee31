// Whether the texts of a message can be sent, stored and shown.

#ifndef NASCENT_COMMON_SPEC_MESSAGE_TEXT_H_
#define NASCENT_COMMON_SPEC_MESSAGE_TEXT_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace nascent::spec {

// Returns OK when every string of `message`, names in maps and values of settings too, is UTF-8
// without a zero byte: Protocol Buffers refuse to send anything else, PostgreSQL to store it.
// Fields of bytes may hold what they like. INVALID_ARGUMENT "labels.site: found "caf\xe9", …": the
// first one that is not, by its field path, with the bytes escaped.
absl::Status CheckTexts(const google::protobuf::Message& message);

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_MESSAGE_TEXT_H_
