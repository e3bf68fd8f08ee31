// The examples of a task, held on the device that trains: images as bytes, rows of tables as the
// floats that a network sees.

#ifndef NASCENT_WORKER_TORCH_RESIDENT_DATA_H_
#define NASCENT_WORKER_TORCH_RESIDENT_DATA_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "common/network/network.h"
#include "nascent/v1/data.pb.h"
#include "worker/torch/augmentation.h"

namespace nascent::worker {

// One part of a data set.
struct Examples {
  at::Tensor images;  // [n, H, W, C], bytes; or [n, F], float32, normalised
  at::Tensor labels;  // [n] int64; or [n, H, W] bytes, a class per pixel

  int64_t count() const { return images.size(0); }
};

struct Batch {
  at::Tensor images;  // [n, C, H, W], float32, channels last; or [n, F]
  at::Tensor labels;  // [n] or [n, H, W], int64
};

class ResidentData {
 public:
  enum class Parts { kTrainAndValidation, kTest };

  // Loads what `parts` says from the artifacts' files (by SHA-256). `resolution`: side that images
  // are resized to (bilinear, antialiased; masks nearest), 0: none. Test data come alone, so that
  // nothing else can read them. Images are normalised by mean and standard deviation per channel of
  // the whole training split, tables as NormalizeTable says by the rows of it that are trained on.
  // UNAVAILABLE: a file is missing or broken; INVALID_ARGUMENT: the message contradicts itself.
  static absl::StatusOr<ResidentData> Load(const v1::DataRef& data,
                                           const std::map<std::string, std::string>& files,
                                           int64_t resolution, Parts parts, at::Device device);

  // Undefined tensors where they were not loaded.
  const Examples& train() const { return train_; }
  const Examples& validation() const { return validation_; }
  const Examples& test() const { return test_; }

  // [C, H, W] or [F] as a network sees them.
  network::Shape shape() const;
  // Of a row of a table 1.
  int64_t height() const { return table_ ? 1 : train_or_test().images.size(1); }
  int64_t width() const { return table_ ? 1 : train_or_test().images.size(2); }
  bool table() const { return table_; }
  const Normalization& normalization() const { return normalization_; }
  bool segmentation() const { return segmentation_; }

  // Examples as a network sees them. `cutout`: side of the square, 0: none. Rows of tables are
  // chosen and never changed.
  Batch Assemble(const Examples& examples, std::span<const ImageChange> changes,
                 int32_t cutout) const;
  // The unchanged examples [first, first + count).
  Batch Assemble(const Examples& examples, int64_t first, int64_t count) const;

  // The two ways to do it, for where the bytes are; AssembleOnDevice works anywhere.
  Batch AssembleOnHost(const Examples& examples, std::span<const ImageChange> changes,
                       int32_t cutout) const;
  Batch AssembleOnDevice(const Examples& examples, std::span<const ImageChange> changes,
                         int32_t cutout) const;

  // The second way in two parts: the changes as numbers, [6, count], int64, on the host; and what
  // the device makes of them. AssembleChanged only launches work, so it can be recorded.
  static at::Tensor ToTensor(std::span<const ImageChange> changes);
  Batch AssembleChanged(const Examples& examples, const at::Tensor& changes, int32_t cutout) const;

 private:
  const Examples& train_or_test() const { return train_.images.defined() ? train_ : test_; }
  Examples train_;
  Examples validation_;
  Examples test_;
  Normalization normalization_;
  at::Tensor mean_;   // normalization_ on the device: [C], float32
  at::Tensor scale_;  // likewise
  bool segmentation_ = false;
  bool table_ = false;
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_RESIDENT_DATA_H_
