#include "worker/torch/augmentation.h"

#include <algorithm>
#include <numeric>

#include "common/random.h"

namespace nascent::worker {
namespace {

// Streams of one seed that must not meet.
constexpr uint64_t kOrderStream = uint64_t{1} << 62;
constexpr uint64_t kChangeStream = uint64_t{2} << 62;

// Columns [first, last) of the output that show the input.
struct Range {
  int64_t first, last;
};

Range Visible(int64_t shift, int64_t size) {
  return {std::clamp<int64_t>(-shift, 0, size), std::clamp<int64_t>(size - shift, 0, size)};
}

void AssembleRow(const uint8_t* row, int64_t width, int64_t channels, const ImageChange& change,
                 const Normalization& n, float* out) {
  const Range columns = Visible(change.shift_x, width);
  if (channels == 1) {
    // The usual case of grey images: one stretch that the compiler makes vectors of.
    const float mean = n.mean[0];
    const float scale = n.scale[0];
    const float black = -mean * scale;
    std::fill_n(out, columns.first, black);
    std::fill(out + columns.last, out + width, black);
    if (change.flip) {
      const uint8_t* from = row + width - 1 - change.shift_x;
      for (int64_t c = columns.first; c < columns.last; ++c) out[c] = (from[-c] - mean) * scale;
    } else {
      const uint8_t* from = row + change.shift_x;
      for (int64_t c = columns.first; c < columns.last; ++c) out[c] = (from[c] - mean) * scale;
    }
    return;
  }
  for (int64_t c = 0; c < width; ++c) {
    const bool inside = c >= columns.first && c < columns.last;
    const int64_t at = c + change.shift_x;
    const uint8_t* pixel = row + (change.flip ? width - 1 - at : at) * channels;
    for (int64_t k = 0; k < channels; ++k) {
      const float value = inside ? static_cast<float>(pixel[k]) : 0.0F;
      out[c * channels + k] = (value - n.mean[k]) * n.scale[k];
    }
  }
}

void Cut(const ImageBytes& images, const ImageChange& change, int32_t side, float* out) {
  const int64_t top = std::max<int64_t>(0, change.cut_y - side / 2);
  const int64_t bottom = std::min<int64_t>(images.height, change.cut_y - side / 2 + side);
  const int64_t left = std::max<int64_t>(0, change.cut_x - side / 2);
  const int64_t right = std::min<int64_t>(images.width, change.cut_x - side / 2 + side);
  for (int64_t r = top; r < bottom && left < right; ++r) {
    std::fill_n(out + (r * images.width + left) * images.channels, (right - left) * images.channels,
                0.0F);
  }
}

}  // namespace

std::vector<int64_t> EpochOrder(uint64_t seed, int64_t epoch, int64_t count) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  RandomStream random(seed, kOrderStream + static_cast<uint64_t>(epoch));
  for (int64_t i = count - 1; i > 0; --i) {
    std::swap(order[i], order[random.Below(static_cast<uint64_t>(i) + 1)]);
  }
  return order;
}

std::vector<ImageChange> DrawChanges(const v1::Augmentation& augmentation, uint64_t seed,
                                     int64_t step, std::span<const int64_t> examples,
                                     int64_t height, int64_t width) {
  RandomStream random(seed, kChangeStream + static_cast<uint64_t>(step));
  const int64_t padding = augmentation.crop_padding();
  std::vector<ImageChange> changes;
  changes.reserve(examples.size());
  for (int64_t example : examples) {
    ImageChange change;
    change.example = example;
    // All are drawn always, so that switching one kind on leaves the others as they are.
    const bool flip = random.Below(2) == 1;
    const uint64_t span = static_cast<uint64_t>(2 * padding + 1);
    const auto shift_y = static_cast<int32_t>(static_cast<int64_t>(random.Below(span)) - padding);
    const auto shift_x = static_cast<int32_t>(static_cast<int64_t>(random.Below(span)) - padding);
    change.flip = flip && augmentation.flip();
    change.shift_y = shift_y;
    change.shift_x = shift_x;
    change.cut_y = static_cast<int32_t>(random.Below(static_cast<uint64_t>(height)));
    change.cut_x = static_cast<int32_t>(random.Below(static_cast<uint64_t>(width)));
    changes.push_back(change);
  }
  return changes;
}

void AssembleImages(const ImageBytes& images, const Normalization& normalization,
                    std::span<const ImageChange> changes, int32_t cutout, float* out) {
  const int64_t row_values = images.width * images.channels;
  for (const ImageChange& change : changes) {
    const uint8_t* image = images.data + change.example * images.height * row_values;
    for (int64_t r = 0; r < images.height; ++r) {
      const int64_t at = r + change.shift_y;
      float* row = out + r * row_values;
      if (at >= 0 && at < images.height) {
        AssembleRow(image + at * row_values, images.width, images.channels, change, normalization,
                    row);
        continue;
      }
      for (int64_t i = 0; i < row_values; ++i) {
        const auto channel = static_cast<size_t>(i % images.channels);
        row[i] = -normalization.mean[channel] * normalization.scale[channel];
      }
    }
    if (cutout > 0) Cut(images, change, cutout, out);
    out += images.height * row_values;
  }
}

void AssembleMasks(const ImageBytes& masks, std::span<const ImageChange> changes, int64_t* out) {
  for (const ImageChange& change : changes) {
    const uint8_t* mask = masks.data + change.example * masks.height * masks.width;
    for (int64_t r = 0; r < masks.height; ++r) {
      const int64_t y = r + change.shift_y;
      for (int64_t c = 0; c < masks.width; ++c, ++out) {
        const int64_t x = c + change.shift_x;
        const bool inside = y >= 0 && y < masks.height && x >= 0 && x < masks.width;
        *out = inside ? mask[y * masks.width + (change.flip ? masks.width - 1 - x : x)] : kIgnored;
      }
    }
  }
}

}  // namespace nascent::worker
