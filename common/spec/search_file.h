// Search files: a SearchSpec in YAML, JSON or protobuf's text format.

#ifndef NASCENT_COMMON_SPEC_SEARCH_FILE_H_
#define NASCENT_COMMON_SPEC_SEARCH_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/spec/source_map.h"
#include "nascent/v1/search.pb.h"

namespace nascent::spec {

struct SearchFile {
  v1::SearchSpec spec;
  SourceMap source;
  // Of `space.file`, as opened; empty when the search names a preset or holds its template.
  std::string template_path;
};

// Reads `path` ("-": standard input) and puts the template that `space.file` names, relative to the
// search file, into `space.template`. The ending tells the format: .textproto, .txtpb, .pbtxt and
// .prototxt are protobuf's text format, all else is YAML. INVALID_ARGUMENT "file:line: field: what
// was found, what is allowed"; NOT_FOUND and PERMISSION_DENIED as the file system says. Fields are
// checked for name and type; ranges are the service's to check.
absl::StatusOr<SearchFile> ReadSearchFile(const std::string& path);

// The same from a text; `space.file` is left as it stands.
absl::StatusOr<SearchFile> ParseSearchFile(std::string_view text, std::string_view file_name);

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_SEARCH_FILE_H_
