#include "worker/torch/tensor_file.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"

namespace nascent::worker {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxHeader = 100 << 20;
// No tensor has as many elements; beyond it a double no longer counts them.
constexpr uint64_t kMaxSize = uint64_t{1} << 52;

// In the order of the tensors, so that equal tensors give equal bytes and so one artifact.
std::string Header(const TensorFile& file) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  int64_t offset = 0;
  for (const NamedTensor& entry : file.tensors) {
    const int64_t end = offset + entry.tensor.numel() * static_cast<int64_t>(sizeof(float));
    header.push_back({entry.name,
                      {{"dtype", "F32"},
                       {"shape", entry.tensor.sizes().vec()},
                       {"data_offsets", {offset, end}}}});
    offset = end;
  }
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');  // Values begin aligned.
  return text;
}

absl::Status FileError(const std::string& path, const char* what) {
  const int error = errno;
  const std::string message = absl::StrCat(path, ": ", what, ": ", std::strerror(error));
  return error == ENOSPC ? absl::ResourceExhaustedError(message) : absl::UnavailableError(message);
}

absl::Status Broken(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": no safetensors file: ", what));
}

// A list of whole numbers that are not negative; nothing where it is anything else.
std::optional<std::vector<int64_t>> Sizes(const Json& entry, const char* name) {
  const auto list = entry.find(name);
  if (list == entry.end() || !list->is_array()) return std::nullopt;
  std::vector<int64_t> sizes;
  for (const Json& value : *list) {
    if (!value.is_number_unsigned() || value.get<uint64_t>() > kMaxSize) return std::nullopt;
    sizes.push_back(value.get<int64_t>());
  }
  return sizes;
}

// One tensor of the header; `values` are all bytes behind it.
absl::StatusOr<at::Tensor> Tensor(const std::string& path, const std::string& name,
                                  const Json& entry, const std::string& values) {
  if (!entry.is_object() || entry.value("dtype", Json()) != "F32") {
    return Broken(path, absl::StrCat(name, " is not of type F32"));
  }
  const auto sizes = Sizes(entry, "shape");
  const auto offsets = Sizes(entry, "data_offsets");
  if (!sizes.has_value() || !offsets.has_value() || offsets->size() != 2) {
    return Broken(path, absl::StrCat(name, " has no shape or offsets"));
  }
  double bytes = sizeof(float);
  for (const int64_t size : *sizes) bytes *= static_cast<double>(size);
  const int64_t begin = (*offsets)[0];
  const int64_t end = (*offsets)[1];
  if (end > static_cast<int64_t>(values.size()) || static_cast<double>(end - begin) != bytes) {
    return Broken(path, absl::StrCat(name, " does not fit its offsets or the file"));
  }
  at::Tensor tensor = at::empty(*sizes, at::kFloat);
  std::memcpy(tensor.data_ptr(), values.data() + static_cast<size_t>(begin),
              static_cast<size_t>(end - begin));
  return tensor;
}

}  // namespace

absl::Status WriteTensors(const std::string& path, const TensorFile& file) {
  const std::string unfinished = absl::StrCat(path, ".part");
  {
    std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
    if (!out) return FileError(unfinished, "cannot create");
    const std::string header = Header(file);
    const uint64_t size = header.size();
    out.write(reinterpret_cast<const char*>(&size), sizeof(size));  // little-endian, as we are
    out.write(header.data(), static_cast<std::streamsize>(size));
    for (const NamedTensor& entry : file.tensors) {
      const at::Tensor values = entry.tensor.detach().to(at::kCPU).contiguous();
      out.write(static_cast<const char*>(values.data_ptr()),
                static_cast<std::streamsize>(values.numel() * sizeof(float)));
    }
    out.flush();
    if (!out) return FileError(unfinished, "cannot write");
  }
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) return FileError(path, "cannot rename");
  return absl::OkStatus();
}

absl::StatusOr<TensorFile> ReadTensors(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  uint64_t size = 0;
  in.read(reinterpret_cast<char*>(&size), sizeof(size));
  if (!in || size > kMaxHeader) return Broken(path, "no header");
  std::string json(size, '\0');
  in.read(json.data(), static_cast<std::streamsize>(size));
  const Json header = in ? Json::parse(json, nullptr, /*allow_exceptions=*/false) : Json();
  if (!header.is_object()) return Broken(path, "the header is no JSON object");
  const std::string values{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  TensorFile file;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      for (const auto& [key, text] : value.items()) {
        if (text.is_string()) file.metadata[key] = text.get<std::string>();
      }
      continue;
    }
    absl::StatusOr<at::Tensor> tensor = Tensor(path, name, value, values);
    if (!tensor.ok()) return tensor.status();
    file.tensors.push_back({name, *std::move(tensor)});
  }
  return file;
}

absl::Status CopyTensors(const std::vector<NamedTensor>& from, const std::vector<NamedTensor>& to) {
  const at::NoGradGuard no_grad;
  std::unordered_map<std::string, at::Tensor> by_name;
  for (const NamedTensor& entry : from) by_name.emplace(entry.name, entry.tensor);
  for (const NamedTensor& entry : to) {
    const auto found = by_name.find(entry.name);
    if (found == by_name.end()) {
      return absl::InvalidArgumentError(absl::StrCat("weights: ", entry.name, " is missing"));
    }
    if (found->second.sizes() != entry.tensor.sizes()) {
      return absl::InvalidArgumentError(
          absl::StrCat("weights: ", entry.name, " has another shape than the network's"));
    }
    at::Tensor target = entry.tensor;
    target.copy_(found->second);
  }
  return absl::OkStatus();
}

}  // namespace nascent::worker
