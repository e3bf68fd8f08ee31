// What the kernels of this folder can work on, and how work is shared out among LibTorch's threads.

#ifndef NASCENT_WORKER_TORCH_KERNELS_FAST_TENSORS_H_
#define NASCENT_WORKER_TORCH_KERNELS_FAST_TENSORS_H_

#include <ATen/ATen.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace nascent::worker::kernels {

// Values per piece of work: small enough to share out, large enough to be worth it. Pieces depend
// on the size alone, so sums are the same for any number of threads.
inline constexpr int64_t kPieceValues = 1 << 16;

// The kernels by what can be had of LibTorch instead.
enum class Family { kBatchNorm, kPool, kNormSum };

inline std::array<bool, 3> used_families = {true, true, true};

// All are used but where nascent-bench kernels measures what each gains.
inline void Use(Family family, bool use) { used_families[static_cast<size_t>(family)] = use; }

inline bool IsFast(Family family, const at::Tensor& x) {
  return used_families[static_cast<size_t>(family)] && x.device().is_cpu() &&
         x.scalar_type() == at::kFloat && x.numel() > 0;
}

inline at::MemoryFormat FormatOf(const at::Tensor& x) {
  return x.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
}

// Returns `x` with the channels last where it is images; itself where it is so already.
inline at::Tensor ChannelsLast(const at::Tensor& x) { return x.contiguous(FormatOf(x)); }

inline at::Tensor EmptyLike(const at::Tensor& x) {
  return at::empty(x.sizes(), x.options(), FormatOf(x));
}

}  // namespace nascent::worker::kernels

#endif  // NASCENT_WORKER_TORCH_KERNELS_FAST_TENSORS_H_
