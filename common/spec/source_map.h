// Where in a file each field of a message was written, so that an error that the service finds
// later still names the line.

#ifndef NASCENT_COMMON_SPEC_SOURCE_MAP_H_
#define NASCENT_COMMON_SPEC_SOURCE_MAP_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace nascent::spec {

// Field paths are written as in `objectives[0].metric` and `space.set.channels`.
class SourceMap {
 public:
  SourceMap() = default;
  explicit SourceMap(std::string_view file_name) : file_name_(file_name) {}

  const std::string& file_name() const { return file_name_; }
  void Add(std::string_view path, int line) { lines_.emplace(path, line); }

  // The line of the field or of its nearest parent that was written; 0 when there is none.
  int LineOf(std::string_view path) const;

  // `budget.trials: found 0` becomes `search.yaml:12: budget.trials: found 0`. A message that does
  // not begin with a field path, and a status that is not INVALID_ARGUMENT or FAILED_PRECONDITION,
  // stays as it is.
  absl::Status Locate(const absl::Status& status) const;

 private:
  std::string file_name_;
  std::map<std::string, int, std::less<>> lines_;
};

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_SOURCE_MAP_H_
