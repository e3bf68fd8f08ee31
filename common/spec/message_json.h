// Messages as JSON.

#ifndef NASCENT_COMMON_SPEC_MESSAGE_JSON_H_
#define NASCENT_COMMON_SPEC_MESSAGE_JSON_H_

#include <google/protobuf/message.h>

#include "common/spec/json.h"

namespace nascent::spec {

// Returns `message` with the names of its .proto file. Fields that are unset are absent, enum
// values are words (`maximize`; states, kinds of failure and the like are in capitals:
// `SUCCEEDED`), times are RFC 3339 in UTC. A search file may be written so.
Json ToJson(const google::protobuf::Message& message);

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_MESSAGE_JSON_H_
