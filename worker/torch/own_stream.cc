#include "worker/torch/own_stream.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <map>
#include <mutex>

namespace nascent::worker {
namespace {

c10::Stream StreamOf(c10::Device device) {
  static auto* const mutex = new std::mutex;
  static auto* const streams = new std::map<c10::DeviceIndex, c10::Stream>;
  const std::lock_guard<std::mutex> lock(*mutex);
  const auto found = streams->find(device.index());
  if (found != streams->end()) return found->second;
  const c10::impl::VirtualGuardImpl devices(device.type());
  return streams->emplace(device.index(), devices.getStreamFromGlobalPool(device)).first->second;
}

}  // namespace

OwnStream::OwnStream(c10::Device device) {
  if (device.is_cpu()) return;
  // Streams do not wait for each other: what the default one has still to do is done first.
  c10::impl::VirtualGuardImpl(device.type()).getStream(device).synchronize();
  guard_.emplace(StreamOf(device));
}

OwnStream::~OwnStream() {
  if (guard_.has_value()) guard_->current_stream().synchronize();
}

}  // namespace nascent::worker
