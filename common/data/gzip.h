// Reading of gzip files (RFC 1952).

#ifndef NASCENT_COMMON_DATA_GZIP_H_
#define NASCENT_COMMON_DATA_GZIP_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace nascent::data {

// Whether the bytes begin as a gzip file does.
bool IsGzip(std::string_view bytes);

// The content of a gzip file of one or more members. INVALID_ARGUMENT: corrupt, truncated (the
// check sum at the end is missing or wrong), followed by other bytes, or more than `limit` bytes of
// content.
absl::StatusOr<std::string> Gunzip(std::string_view bytes, int64_t limit = int64_t{8} << 30);

// The content of a file, decompressed where it is gzip. NOT_FOUND: no such file. Messages begin
// with the path.
absl::StatusOr<std::string> ReadMaybeGzip(const std::string& path);

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_GZIP_H_
