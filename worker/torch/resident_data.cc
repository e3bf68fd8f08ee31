#include "worker/torch/resident_data.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/data/dataset.h"
#include "common/data/idx.h"
#include "common/data/split.h"
#include "worker/torch/table_rows.h"

namespace nascent::worker {
namespace {

absl::StatusOr<data::IdxArray> ReadArtifact(const std::string& sha256,
                                            const std::map<std::string, std::string>& files) {
  const auto file = files.find(sha256);
  if (file == files.end()) {
    return absl::UnavailableError(absl::StrCat("no file for artifact ", sha256));
  }
  absl::StatusOr<data::IdxArray> array = data::ReadIdxFile(file->second);
  if (!array.ok()) return absl::UnavailableError(array.status().message());
  return array;
}

// [n, C, H, W] bytes in order as [n, H, W, C].
at::Tensor ImagesOf(const data::IdxArray& array, const v1::Shape& shape) {
  const std::vector<int64_t> sizes = {array.dimensions[0], shape.dimensions(0), shape.dimensions(1),
                                      shape.dimensions(2)};
  at::Tensor images = at::empty(sizes, at::kByte);
  std::copy(array.elements.begin(), array.elements.end(), images.data_ptr<uint8_t>());
  return images.permute({0, 2, 3, 1}).contiguous();
}

Normalization NormalizationOf(const at::Tensor& images) {
  const int64_t channels = images.size(3);
  const uint8_t* at = images.data_ptr<uint8_t>();
  const int64_t pixels = images.numel() / channels;
  std::vector<uint64_t> counts(static_cast<size_t>(channels) * 256);
  for (int64_t i = 0; i < pixels; ++i) {
    for (int64_t c = 0; c < channels; ++c) ++counts[c * 256 + *at++];
  }
  Normalization result;
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0;
    double squares = 0;
    for (int value = 0; value < 256; ++value) {
      const auto count = static_cast<double>(counts[c * 256 + value]);
      sum += count * value;
      squares += count * value * value;
    }
    const double mean = sum / static_cast<double>(pixels);
    const double variance = std::max(0.0, squares / static_cast<double>(pixels) - mean * mean);
    result.mean.push_back(static_cast<float>(mean));
    result.scale.push_back(variance > 0 ? static_cast<float>(1 / std::sqrt(variance)) : 1.0F);
  }
  return result;
}

at::Tensor Resize(const at::Tensor& images, int64_t resolution) {
  if (resolution == 0 || (images.size(1) == resolution && images.size(2) == resolution)) {
    return images;
  }
  // In pieces: the intermediate floats are eight times as large as the bytes.
  std::vector<at::Tensor> pieces;
  for (const at::Tensor& piece : images.split(1024)) {
    const at::Tensor values = piece.permute({0, 3, 1, 2}).to(at::kFloat);
    pieces.push_back(at::_upsample_bilinear2d_aa(values, {resolution, resolution}, false)
                         .round_()
                         .clamp_(0, 255)
                         .to(at::kByte)
                         .permute({0, 2, 3, 1})
                         .contiguous());
  }
  return at::cat(pieces);
}

at::Tensor ResizeMasks(const at::Tensor& masks, int64_t resolution) {
  if (resolution == 0 || (masks.size(1) == resolution && masks.size(2) == resolution)) return masks;
  return at::upsample_nearest2d(masks.unsqueeze(1).to(at::kFloat), {resolution, resolution})
      .squeeze(1)
      .to(at::kByte);
}

at::Tensor Choose(const at::Tensor& all, const std::vector<int64_t>& indices) {
  const at::Tensor index = at::from_blob(const_cast<int64_t*>(indices.data()),
                                         {static_cast<int64_t>(indices.size())}, at::kLong);
  return all.index_select(0, index);
}

// [n, F] floats as they stand in the file.
at::Tensor RowsOf(const data::IdxArray& array) {
  const std::vector<float> values = data::FloatsOf(array);
  at::Tensor rows = at::empty({array.dimensions[0], array.dimensions[1]}, at::kFloat);
  std::copy(values.begin(), values.end(), rows.data_ptr<float>());
  return rows;
}

// Images and labels of one split of the message, on the host.
absl::StatusOr<Examples> ReadSplit(const v1::Dataset& dataset, const std::string& name,
                                   const std::map<std::string, std::string>& files) {
  const v1::DataSplit* split = data::FindSplit(dataset, name);
  if (split == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("data.dataset: ", dataset.name(), " has no split \"", name, "\""));
  }
  absl::StatusOr<data::IdxArray> images = ReadArtifact(split->examples(), files);
  if (!images.ok()) return images.status();
  absl::StatusOr<data::IdxArray> labels = ReadArtifact(split->labels(), files);
  if (!labels.ok()) return labels.status();
  int64_t values = 1;
  for (int64_t dimension : dataset.shape().dimensions()) values *= dimension;
  const int64_t count = images->dimensions[0];
  const bool table = data::IsTable(dataset);
  const auto bytes = static_cast<int64_t>(images->elements.size());
  if (dataset.shape().dimensions_size() != (table ? 1 : 3) ||
      images->type != (table ? data::IdxType::kFloat : data::IdxType::kByte) ||
      labels->type != data::IdxType::kByte || bytes != count * values * (table ? 4 : 1) ||
      labels->dimensions[0] != count) {
    return absl::InvalidArgumentError(absl::StrCat("data.dataset: the files of split \"", name,
                                                   "\" do not fit the shape or each other"));
  }
  Examples examples;
  examples.images = table ? RowsOf(*images) : ImagesOf(*images, dataset.shape());
  examples.labels = at::empty(labels->dimensions, at::kByte);
  std::copy(labels->elements.begin(), labels->elements.end(), examples.labels.data_ptr<uint8_t>());
  return examples;
}

}  // namespace

absl::StatusOr<ResidentData> ResidentData::Load(const v1::DataRef& data,
                                                const std::map<std::string, std::string>& files,
                                                int64_t resolution, Parts parts,
                                                at::Device device) {
  const at::NoGradGuard no_grad;
  ResidentData result;
  result.segmentation_ = data.dataset().kind() == v1::DATA_KIND_IMAGE_SEGMENTATION;
  absl::StatusOr<Examples> training = ReadSplit(data.dataset(), "train", files);
  if (!training.ok()) return training.status();
  absl::StatusOr<data::SplitIndices> split =
      data::SplitTrainingData(training->count(), data.train(), data.validation());
  if (!split.ok()) return split.status();
  result.table_ = data::IsTable(data.dataset());
  if (result.table_) {
    const absl::StatusOr<Normalization> fitted =
        FitTable(data.dataset().table(), training->images, split->train);
    if (!fitted.ok()) return fitted.status();
    result.normalization_ = *fitted;
    NormalizeTable(result.normalization_, training->images);
  } else {
    result.normalization_ = NormalizationOf(training->images);
  }
  const auto per_channel = [&](const std::vector<float>& values) {
    return at::tensor(values, at::kFloat).to(device);
  };
  result.mean_ = per_channel(result.normalization_.mean);
  result.scale_ = per_channel(result.normalization_.scale);
  const auto finish = [&](const at::Tensor& images, const at::Tensor& labels) {
    Examples examples;
    examples.images = (result.table_ ? images : Resize(images, resolution)).to(device);
    examples.labels = result.segmentation_ ? ResizeMasks(labels, resolution).to(device)
                                           : labels.to(at::kLong).to(device);
    return examples;
  };
  if (parts == Parts::kTest) {
    absl::StatusOr<Examples> test = ReadSplit(data.dataset(), "test", files);
    if (!test.ok()) return test.status();
    if (result.table_) NormalizeTable(result.normalization_, test->images);
    result.test_ = finish(test->images, test->labels);
    return result;
  }
  result.train_ =
      finish(Choose(training->images, split->train), Choose(training->labels, split->train));
  result.validation_ = finish(Choose(training->images, split->validation),
                              Choose(training->labels, split->validation));
  return result;
}

network::Shape ResidentData::shape() const {
  if (table_) return {train_or_test().images.size(1)};
  return {train_or_test().images.size(3), height(), width()};
}

Batch ResidentData::Assemble(const Examples& examples, std::span<const ImageChange> changes,
                             int32_t cutout) const {
  return examples.images.is_cpu() ? AssembleOnHost(examples, changes, cutout)
                                  : AssembleOnDevice(examples, changes, cutout);
}

Batch ResidentData::Assemble(const Examples& examples, int64_t first, int64_t count) const {
  if (table_) {
    return {examples.images.narrow(0, first, count), examples.labels.narrow(0, first, count)};
  }
  std::vector<ImageChange> changes(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) changes[i].example = first + i;
  return Assemble(examples, changes, /*cutout=*/0);
}

Batch ResidentData::AssembleOnHost(const Examples& examples, std::span<const ImageChange> changes,
                                   int32_t cutout) const {
  const at::Tensor& images = examples.images;
  const auto count = static_cast<int64_t>(changes.size());
  if (table_) {
    at::Tensor chosen = at::empty({count}, at::kLong);
    for (int64_t i = 0; i < count; ++i) chosen.data_ptr<int64_t>()[i] = changes[i].example;
    return {images.index_select(0, chosen), examples.labels.index_select(0, chosen)};
  }
  const ImageBytes bytes = {images.data_ptr<uint8_t>(), images.size(1), images.size(2),
                            images.size(3)};
  Batch batch;
  batch.images = at::empty({count, bytes.channels, bytes.height, bytes.width}, at::kFloat, {}, {},
                           {}, at::MemoryFormat::ChannelsLast);
  AssembleImages(bytes, normalization_, changes, cutout, batch.images.data_ptr<float>());
  if (segmentation_) {
    batch.labels = at::empty({count, bytes.height, bytes.width}, at::kLong);
    const ImageBytes masks = {examples.labels.data_ptr<uint8_t>(), bytes.height, bytes.width, 1};
    AssembleMasks(masks, changes, batch.labels.data_ptr<int64_t>());
    return batch;
  }
  batch.labels = at::empty({count}, at::kLong);
  const int64_t* labels = examples.labels.data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i)
    batch.labels.data_ptr<int64_t>()[i] = labels[changes[i].example];
  return batch;
}

at::Tensor ResidentData::ToTensor(std::span<const ImageChange> changes) {
  const auto count = static_cast<int64_t>(changes.size());
  at::Tensor host = at::empty({6, count}, at::kLong);
  for (int64_t i = 0; i < count; ++i) {
    const ImageChange& c = changes[i];
    const int64_t row[] = {c.example, c.flip, c.shift_y, c.shift_x, c.cut_y, c.cut_x};
    for (int64_t k = 0; k < 6; ++k) host.data_ptr<int64_t>()[k * count + i] = row[k];
  }
  return host;
}

Batch ResidentData::AssembleOnDevice(const Examples& examples, std::span<const ImageChange> changes,
                                     int32_t cutout) const {
  // One transfer for all.
  return AssembleChanged(
      examples, ToTensor(changes).to(examples.images.device(), /*non_blocking=*/true), cutout);
}

Batch ResidentData::AssembleChanged(const Examples& examples, const at::Tensor& changed,
                                    int32_t cutout) const {
  const at::Tensor& images = examples.images;
  if (table_) {
    return {images.index_select(0, changed[0]), examples.labels.index_select(0, changed[0])};
  }
  const int64_t count = changed.size(1);
  const int64_t height = images.size(1);
  const int64_t width = images.size(2);
  const int64_t channels = images.size(3);
  const auto column = [&](int64_t k) { return changed[k].view({count, 1}); };
  const at::TensorOptions whole = changed.options();
  const at::Tensor rows = at::arange(height, whole).view({1, height});
  const at::Tensor columns = at::arange(width, whole).view({1, width});
  const at::Tensor y = rows + column(2);  // [count, height]
  at::Tensor x = columns + column(3);     // [count, width]
  const at::Tensor inside =
      (y.ge(0) & y.lt(height)).unsqueeze(2) & (x.ge(0) & x.lt(width)).unsqueeze(1);
  x = at::where(column(1).ne(0), width - 1 - x, x);
  const at::Tensor at = (y.clamp(0, height - 1) * width).unsqueeze(2) +
                        x.clamp(0, width - 1).unsqueeze(1);  // [count, height, width]
  const at::Tensor flat_at = at.view({count, height * width, 1});
  at::Tensor values = images.index_select(0, changed[0])
                          .view({count, height * width, channels})
                          .gather(1, flat_at.expand({count, height * width, channels}))
                          .view({count, height, width, channels})
                          .to(at::kFloat);
  values = values * inside.unsqueeze(3);
  values = (values - mean_) * scale_;
  if (cutout > 0) {
    const at::Tensor top = column(4) - cutout / 2;
    const at::Tensor left = column(5) - cutout / 2;
    const at::Tensor in_rows = rows.ge(top) & rows.lt(top + cutout);
    const at::Tensor in_columns = columns.ge(left) & columns.lt(left + cutout);
    values.masked_fill_((in_rows.unsqueeze(2) & in_columns.unsqueeze(1)).unsqueeze(3), 0);
  }
  Batch batch;
  batch.images = values.permute({0, 3, 1, 2});
  if (segmentation_) {
    const at::Tensor masks = examples.labels.index_select(0, changed[0])
                                 .view({count, height * width})
                                 .gather(1, flat_at.squeeze(2))
                                 .view({count, height, width})
                                 .to(at::kLong);
    batch.labels = at::where(inside, masks, at::full({}, kIgnored, whole));
  } else {
    batch.labels = examples.labels.index_select(0, changed[0]);
  }
  return batch;
}

}  // namespace nascent::worker
