#include "worker/evaluate/frame.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace nascent::worker {
namespace {

constexpr size_t kPrefix = 4;

absl::Status Closed(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

uint32_t Length(const char* bytes) {
  uint32_t length = 0;
  for (int i = kPrefix - 1; i >= 0; --i)
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  return length;
}

}  // namespace

absl::Status WriteFrame(int fd, const google::protobuf::MessageLite& message) {
  std::string frame(kPrefix, '\0');
  if (!message.AppendToString(&frame) || frame.size() - kPrefix > kMaxFrame) {
    return absl::InvalidArgumentError(absl::StrCat("a message of ", frame.size() - kPrefix,
                                                   " bytes; at most ", kMaxFrame, " are sent"));
  }
  const uint32_t length = static_cast<uint32_t>(frame.size() - kPrefix);
  for (size_t i = 0; i < kPrefix; ++i) frame[i] = static_cast<char>(length >> (8 * i));
  size_t sent = 0;
  while (sent < frame.size()) {
    const ssize_t count = send(fd, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Closed("send");
    sent += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

absl::Status FrameReader::ReadSome() {
  if (taken_ > 0) {
    buffer_.erase(0, taken_);
    taken_ = 0;
  }
  char bytes[1 << 16];
  ssize_t count;
  do {
    count = recv(fd_, bytes, sizeof(bytes), 0);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return Closed("recv");
  if (count == 0) return absl::UnavailableError("the other end is closed");
  buffer_.append(bytes, static_cast<size_t>(count));
  return absl::OkStatus();
}

absl::StatusOr<bool> FrameReader::Next(google::protobuf::MessageLite& message) {
  const size_t available = buffer_.size() - taken_;
  if (available < kPrefix) return false;
  const uint32_t length = Length(buffer_.data() + taken_);
  if (length > kMaxFrame) {
    return absl::DataLossError(absl::StrCat("a frame announces ", length, " bytes"));
  }
  if (available - kPrefix < length) return false;
  if (!message.ParseFromArray(buffer_.data() + taken_ + kPrefix, static_cast<int>(length))) {
    return absl::DataLossError(absl::StrCat("a frame of ", length, " bytes is no message"));
  }
  taken_ += kPrefix + length;
  return true;
}

}  // namespace nascent::worker
