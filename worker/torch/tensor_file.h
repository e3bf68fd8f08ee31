// Tensors in a file that other programs read: the safetensors format (a JSON header of names,
// types, shapes and offsets, then the values; https://github.com/huggingface/safetensors). In
// Python:
//
//   from safetensors.torch import load_file
//   model.load_state_dict(load_file("winner.safetensors"))

#ifndef NASCENT_WORKER_TORCH_TENSOR_FILE_H_
#define NASCENT_WORKER_TORCH_TENSOR_FILE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/torch/parameters.h"

namespace nascent::worker {

struct TensorFile {
  std::vector<NamedTensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Writes float32 tensors of any device and layout; the file appears whole or not at all.
// RESOURCE_EXHAUSTED: no space left; UNAVAILABLE: anything else that goes wrong with the file.
absl::Status WriteTensors(const std::string& path, const TensorFile& file);

// Reads float32 tensors to the host. NOT_FOUND; INVALID_ARGUMENT: not such a file, or cut short.
absl::StatusOr<TensorFile> ReadTensors(const std::string& path);

// Copies the values of `from` into `to`, by name. INVALID_ARGUMENT names a tensor of `to` that is
// missing or has another shape; tensors that `to` lacks are ignored.
absl::Status CopyTensors(const std::vector<NamedTensor>& from, const std::vector<NamedTensor>& to);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_TENSOR_FILE_H_
