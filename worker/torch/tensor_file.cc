#include "worker/torch/tensor_file.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace nascent::worker {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

constexpr uint64_t kMaxHeader = 100 << 20;

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(&quoted, "\\u00", absl::Hex(static_cast<int>(c), absl::kZeroPad2));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

// In the order of the tensors, so that equal tensors give equal bytes and so one artifact.
std::string Header(const TensorFile& file) {
  std::vector<std::string> fields;
  if (!file.metadata.empty()) {
    const auto field = [](std::string* out, const auto& entry) {
      absl::StrAppend(out, Quoted(entry.first), ":", Quoted(entry.second));
    };
    fields.push_back(
        absl::StrCat("\"__metadata__\":{", absl::StrJoin(file.metadata, ",", field), "}"));
  }
  int64_t offset = 0;
  for (const NamedTensor& entry : file.tensors) {
    const int64_t end = offset + entry.tensor.numel() * static_cast<int64_t>(sizeof(float));
    fields.push_back(absl::StrCat(Quoted(entry.name), ":{\"dtype\":\"F32\",\"shape\":[",
                                  absl::StrJoin(entry.tensor.sizes(), ","), "],\"data_offsets\":[",
                                  offset, ",", end, "]}"));
    offset = end;
  }
  std::string json = absl::StrCat("{", absl::StrJoin(fields, ","), "}");
  json.append((8 - json.size() % 8) % 8, ' ');  // Values begin aligned.
  return json;
}

absl::Status FileError(const std::string& path, const char* what) {
  const int error = errno;
  const std::string message = absl::StrCat(path, ": ", what, ": ", std::strerror(error));
  return error == ENOSPC ? absl::ResourceExhaustedError(message) : absl::UnavailableError(message);
}

absl::Status Broken(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": no safetensors file: ", what));
}

const Value* Field(const Struct& message, const std::string& name) {
  const auto found = message.fields().find(name);
  return found == message.fields().end() ? nullptr : &found->second;
}

// One tensor of the header; `values` are all bytes behind it.
absl::StatusOr<at::Tensor> Tensor(const std::string& path, const std::string& name,
                                  const Struct& entry, const std::string& values) {
  const Value* dtype = Field(entry, "dtype");
  const Value* shape = Field(entry, "shape");
  const Value* offsets = Field(entry, "data_offsets");
  if (dtype == nullptr || dtype->string_value() != "F32") {
    return Broken(path, absl::StrCat(name, " is not of type F32"));
  }
  if (shape == nullptr || offsets == nullptr || offsets->list_value().values_size() != 2) {
    return Broken(path, absl::StrCat(name, " has no shape or offsets"));
  }
  std::vector<int64_t> sizes;
  double count = 1;
  for (const Value& dimension : shape->list_value().values()) {
    if (dimension.number_value() < 0) return Broken(path, absl::StrCat(name, " has a bad shape"));
    sizes.push_back(static_cast<int64_t>(dimension.number_value()));
    count *= dimension.number_value();
  }
  const double begin = offsets->list_value().values(0).number_value();
  const double end = offsets->list_value().values(1).number_value();
  if (begin < 0 || end > static_cast<double>(values.size()) ||
      end - begin != count * sizeof(float)) {
    return Broken(path, absl::StrCat(name, " does not fit its offsets or the file"));
  }
  at::Tensor tensor = at::empty(sizes, at::kFloat);
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
  Struct header;
  if (!in || !google::protobuf::util::JsonStringToMessage(json, &header).ok()) {
    return Broken(path, "the header is no JSON object");
  }
  const std::string values{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  TensorFile file;
  for (const auto& [name, value] : header.fields()) {
    if (name == "__metadata__") {
      for (const auto& [key, text] : value.struct_value().fields()) {
        file.metadata[key] = text.string_value();
      }
      continue;
    }
    absl::StatusOr<at::Tensor> tensor = Tensor(path, name, value.struct_value(), values);
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
