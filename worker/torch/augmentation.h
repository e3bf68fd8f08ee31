// Which examples a step sees and how they are changed, decided by counting, so that step k of a
// training is the same after any restart; and how a batch is made of them on the CPU.

#ifndef NASCENT_WORKER_TORCH_AUGMENTATION_H_
#define NASCENT_WORKER_TORCH_AUGMENTATION_H_

#include <cstdint>
#include <span>
#include <vector>

#include "nascent/v1/recipe.pb.h"

namespace nascent::worker {

// How one example becomes one image of a batch. Order: flip, shift, normalise, cut.
struct ImageChange {
  int64_t example = 0;
  bool flip = false;
  // Output row r shows input row r + shift_y; what lies outside of the input is black.
  int32_t shift_y = 0;
  int32_t shift_x = 0;
  // Centre of the square that is cut out.
  int32_t cut_y = 0;
  int32_t cut_x = 0;
};

// Images of `height` x `width` x `channels` bytes, one after the other.
struct ImageBytes {
  const uint8_t* data = nullptr;
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
};

// A byte b of channel c becomes (b - mean[c]) * scale[c].
struct Normalization {
  std::vector<float> mean;
  std::vector<float> scale;
};

// The order of `count` examples in an epoch.
std::vector<int64_t> EpochOrder(uint64_t seed, int64_t epoch, int64_t count);

// The changes of the examples of optimizer step `step`.
std::vector<ImageChange> DrawChanges(const v1::Augmentation& augmentation, uint64_t seed,
                                     int64_t step, std::span<const int64_t> examples,
                                     int64_t height, int64_t width);

// out: [changes, height, width, channels]. `cutout`: side of the square, 0: none.
void AssembleImages(const ImageBytes& images, const Normalization& normalization,
                    std::span<const ImageChange> changes, int32_t cutout, float* out);

// Class per pixel, changed as the images are; `kIgnored` where nothing is known.
// masks: [n, height, width] bytes; out: [changes, height, width].
inline constexpr int64_t kIgnored = -100;
void AssembleMasks(const ImageBytes& masks, std::span<const ImageChange> changes, int64_t* out);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_AUGMENTATION_H_
