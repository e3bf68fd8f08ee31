#include "client/cli/weights_file.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace nascent::cli {
namespace {

using nlohmann::ordered_json;

constexpr char kMetadata[] = "__metadata__";

}  // namespace

absl::StatusOr<WeightsFile> ReadWeightsFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(path, ": cannot open"));
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  uint64_t size = 0;
  const absl::Status broken = absl::FailedPreconditionError(
      "weights: no safetensors file, as the evaluator that made them writes another format; "
      "`nascent best --weights` fetches them as they are");
  if (bytes.size() < sizeof(size)) return broken;
  std::memcpy(&size, bytes.data(), sizeof(size));  // little-endian, as we are
  if (size > bytes.size() - sizeof(size)) return broken;
  ordered_json header = ordered_json::parse(bytes.substr(sizeof(size), size), nullptr, false);
  if (!header.is_object()) return broken;
  WeightsFile file;
  if (const auto metadata = header.find(kMetadata); metadata != header.end()) {
    for (const auto& [name, value] : metadata->items()) {
      if (!value.is_string()) return broken;
      file.metadata[name] = value.get<std::string>();
    }
    header.erase(kMetadata);
  }
  file.tensors = header.dump();
  file.values = bytes.substr(sizeof(size) + size);
  return file;
}

absl::StatusOr<std::string> WithNames(const WeightsFile& file,
                                      const std::map<std::string, std::string>& names) {
  ordered_json header = ordered_json::object();
  header[kMetadata] = file.metadata;
  const ordered_json tensors = ordered_json::parse(file.tensors);
  for (const auto& [name, entry] : tensors.items()) {
    const auto renamed = names.find(name);
    if (renamed == names.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("weights: the network has no tensor ", name));
    }
    header[renamed->second] = entry;
  }
  std::string text = header.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  text.append((8 - text.size() % 8) % 8, ' ');  // Values begin aligned.
  const uint64_t size = text.size();
  std::string bytes(sizeof(size), '\0');
  std::memcpy(bytes.data(), &size, sizeof(size));
  return absl::StrCat(bytes, text, file.values);
}

}  // namespace nascent::cli
