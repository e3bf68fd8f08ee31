// A YAML document as a tree whose nodes know where they stand. JSON is read as the YAML that it is.

#ifndef NASCENT_COMMON_SPEC_DOCUMENT_H_
#define NASCENT_COMMON_SPEC_DOCUMENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace nascent::spec {

struct DocumentNode;
using DocumentNodePtr = std::shared_ptr<const DocumentNode>;

struct DocumentNode {
  enum class Kind { kNull, kScalar, kList, kMap };
  struct Entry {
    std::string key;
    int line = 0;
    DocumentNodePtr value;
  };

  Kind kind = Kind::kNull;
  int line = 0;                        // from 1
  bool quoted = false;                 // a scalar in quotes is text, whatever it looks like
  std::string text;                    // of a scalar
  std::vector<DocumentNodePtr> items;  // of a list
  std::vector<Entry> entries;          // of a map, in the file's order; keys are unique
  int64_t size = 1;                    // nodes in this tree, aliases counted as what they stand for

  // The value at `key` of a map; null where there is none or this is no map.
  const DocumentNode* Find(std::string_view key) const;
};

struct DocumentLimits {
  int64_t bytes = int64_t{4} << 20;
  int64_t nodes = 200000;  // with aliases expanded
  int depth = 64;
};

// INVALID_ARGUMENT "file:line: found the byte 0xFC, …": `text` is not UTF-8, or holds a zero byte.
absl::Status CheckPlainText(std::string_view text, std::string_view file_name);

// `text` holds one document. INVALID_ARGUMENT "file:line: what was found": no plain text, not YAML,
// a key twice, a key that is no scalar, more than one document, or a limit that is passed. Time and
// memory are bounded by the limits whatever the text is.
absl::StatusOr<DocumentNodePtr> ParseDocument(std::string_view text, std::string_view file_name,
                                              const DocumentLimits& limits = {});

// The content of a file; "-" is standard input. NOT_FOUND, PERMISSION_DENIED, or INVALID_ARGUMENT
// when it has more than `bytes` bytes (no more than that is read) or is a directory.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, int64_t bytes);

// What a person would call the node: `"fast"`, `a list of 3`, `nothing`.
std::string Describe(const DocumentNode& node);

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_DOCUMENT_H_
