// What differs between the LibTorch versions that the project builds with: Debian's 1.13 and PyPI's
// 2.x.

#ifndef NASCENT_WORKER_TORCH_VERSION_H_
#define NASCENT_WORKER_TORCH_VERSION_H_

#include <ATen/autocast_mode.h>
#include <torch/version.h>

#include <string>

#if TORCH_VERSION_MAJOR >= 2 && (TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 9)
#include <c10/core/CachingDeviceAllocator.h>
#define NASCENT_TORCH_DEVICE_STATISTICS 1
#endif

namespace nascent::worker {

// "1.13.1"
inline std::string TorchVersion() { return TORCH_VERSION; }

// The evaluator's own version and LibTorch's.
inline std::string EvaluatorVersion() { return "0.1.0+torch" + TorchVersion(); }

// Mixed precision in bfloat16 on a kind of device, for as long as it lives.
class BFloat16Scope {
 public:
  BFloat16Scope(bool enabled, at::DeviceType device) : enabled_(enabled), device_(device) {
    if (!enabled_) return;
    Set(true);
    at::autocast::increment_nesting();
  }
  ~BFloat16Scope() {
    if (!enabled_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    Set(false);
  }
  BFloat16Scope(const BFloat16Scope&) = delete;
  BFloat16Scope& operator=(const BFloat16Scope&) = delete;

 private:
  void Set(bool on) const {
#if TORCH_VERSION_MAJOR >= 2 && (TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 4)
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
    at::autocast::set_autocast_enabled(device_, on);
#else
    if (device_ == at::kCUDA) {
      at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
      at::autocast::set_enabled(on);
    } else {
      at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
      at::autocast::set_cpu_enabled(on);
    }
#endif
  }

  const bool enabled_;
  const at::DeviceType device_;
};

// Peak bytes that LibTorch held on an accelerator since ResetPeakDeviceBytes; 0 where this LibTorch
// cannot tell without CUDA's own headers.
inline int64_t PeakDeviceBytes([[maybe_unused]] at::Device device) {
#ifdef NASCENT_TORCH_DEVICE_STATISTICS
  const auto statistics = at::getDeviceAllocator(device.type())->getDeviceStats(device.index());
  return statistics.allocated_bytes[0].peak;
#else
  return 0;
#endif
}

inline void ResetPeakDeviceBytes([[maybe_unused]] at::Device device) {
#ifdef NASCENT_TORCH_DEVICE_STATISTICS
  at::getDeviceAllocator(device.type())->resetPeakStats(device.index());
#endif
}

// Gives cached memory of an accelerator back, so that the next task finds it.
inline void EmptyDeviceCache([[maybe_unused]] at::Device device) {
#ifdef NASCENT_TORCH_DEVICE_STATISTICS
  at::getDeviceAllocator(device.type())->emptyCache();
#endif
}

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_VERSION_H_
