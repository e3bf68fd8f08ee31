// Messages over a stream socket: a little-endian uint32 length, then the bytes.

#ifndef NASCENT_WORKER_EVALUATE_FRAME_H_
#define NASCENT_WORKER_EVALUATE_FRAME_H_

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nascent::worker {

// Longer messages are refused on both sides.
inline constexpr uint32_t kMaxFrame = 64u << 20;

// Writes the whole message; blocks while the socket's buffer is full. UNAVAILABLE: the other end is
// closed; INVALID_ARGUMENT: too long.
absl::Status WriteFrame(int fd, const google::protobuf::MessageLite& message);

// Collects frames from a socket. Not thread-safe.
class FrameReader {
 public:
  explicit FrameReader(int fd) : fd_(fd) {}

  // Waits for bytes once and keeps them. UNAVAILABLE: the other end is closed.
  absl::Status ReadSome();

  // Takes the next whole message out of what was read: true and `message`, or false. DATA_LOSS:
  // what came is no such message.
  absl::StatusOr<bool> Next(google::protobuf::MessageLite& message);

 private:
  const int fd_;
  std::string buffer_;
  size_t taken_ = 0;  // of the buffer's start
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_EVALUATE_FRAME_H_
