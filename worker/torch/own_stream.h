// A stream of its own for the work of one training.

#ifndef NASCENT_WORKER_TORCH_OWN_STREAM_H_
#define NASCENT_WORKER_TORCH_OWN_STREAM_H_

#include <c10/core/Device.h>
#include <c10/core/StreamGuard.h>

#include <optional>

namespace nascent::worker {

// While it lives, this thread's work for a GPU goes to a stream that is not the default one, as
// StepGraph needs it: always the same of a device, since libraries keep a workspace per stream.
// Does nothing for a CPU.
class OwnStream {
 public:
  explicit OwnStream(c10::Device device);
  ~OwnStream();
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

 private:
  std::optional<c10::StreamGuard> guard_;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_OWN_STREAM_H_
