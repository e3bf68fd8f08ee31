// Times as messages carry them.

#ifndef NASCENT_SERVER_ENGINE_VIEW_TIMESTAMPS_H_
#define NASCENT_SERVER_ENGINE_VIEW_TIMESTAMPS_H_

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace nascent::engine {

inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  const int64_t seconds = absl::ToUnixSeconds(time);  // rounds down, so that nanos is not negative
  google::protobuf::Timestamp message;
  message.set_seconds(seconds);
  message.set_nanos(static_cast<int32_t>((micros - seconds * 1000000) * 1000));
  return message;
}

inline google::protobuf::Duration ToMessage(absl::Duration duration) {
  const int64_t nanos = absl::ToInt64Nanoseconds(duration);
  google::protobuf::Duration message;
  message.set_seconds(nanos / 1000000000);
  message.set_nanos(static_cast<int32_t>(nanos % 1000000000));
  return message;
}

inline absl::Duration FromMessage(const google::protobuf::Duration& message) {
  return absl::Seconds(message.seconds()) + absl::Nanoseconds(message.nanos());
}

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_VIEW_TIMESTAMPS_H_
