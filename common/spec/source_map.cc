#include "common/spec/source_map.h"

#include "absl/strings/str_cat.h"

namespace nascent::spec {

int SourceMap::LineOf(std::string_view path) const {
  while (!path.empty()) {
    const auto found = lines_.find(path);
    if (found != lines_.end()) return found->second;
    const size_t end = path.find_last_of(".[");
    if (end == std::string_view::npos) return 0;
    path = path.substr(0, end);
  }
  return 0;
}

absl::Status SourceMap::Locate(const absl::Status& status) const {
  if (!absl::IsInvalidArgument(status) && !absl::IsFailedPrecondition(status)) return status;
  const std::string message(status.message());
  const size_t colon = message.find(": ");
  if (colon == std::string::npos || message.find(' ') < colon) return status;
  const int line = LineOf(std::string_view(message).substr(0, colon));
  // A field that was not written belongs to the file as a whole.
  return {status.code(), line == 0 ? absl::StrCat(file_name_, ": ", message)
                                   : absl::StrCat(file_name_, ":", line, ": ", message)};
}

}  // namespace nascent::spec
