#include "common/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace nascent::data {

bool IsGzip(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

absl::StatusOr<std::string> Gunzip(std::string_view bytes, int64_t limit) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  z_stream stream = {};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) return absl::InternalError("inflateInit2 failed");
  const auto free_stream = absl::MakeCleanup([&stream] { inflateEnd(&stream); });

  std::string content;
  std::vector<char> buffer(1 << 18);
  size_t used = 0;  // of `bytes`
  while (true) {
    // avail_in is 32 bits wide, so a large file goes in by pieces.
    const size_t piece = std::min<size_t>(bytes.size() - used, 1 << 30);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + used));
    stream.avail_in = static_cast<uInt>(piece);
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream, Z_NO_FLUSH);
    used += piece - stream.avail_in;
    content.append(buffer.data(), buffer.size() - stream.avail_out);
    if (static_cast<int64_t>(content.size()) > limit) {
      return absl::InvalidArgumentError(absl::StrCat("gzip content is over ", limit, " bytes"));
    }
    if (code == Z_STREAM_END) {
      // Padding to whole blocks, as tapes and some disk images have it, is no content.
      if (bytes.find_first_not_of('\0', used) == std::string_view::npos) return content;
      if (!IsGzip(bytes.substr(used))) {
        return absl::InvalidArgumentError("gzip file is followed by other bytes");
      }
      inflateReset(&stream);
    } else if (code == Z_BUF_ERROR ||
               (code == Z_OK && used == bytes.size() && stream.avail_out != 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("gzip file is truncated after ", bytes.size(), " bytes"));
    } else if (code != Z_OK) {
      return absl::InvalidArgumentError(
          absl::StrCat("gzip file is corrupt near byte ", used, ": ",
                       stream.msg == nullptr ? "unknown error" : stream.msg));
    }
  }
}

absl::StatusOr<std::string> ReadMaybeGzip(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("can't open ", path));
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return absl::DataLossError(absl::StrCat("can't read all of ", path));
  if (!IsGzip(bytes)) return bytes;
  auto content = Gunzip(bytes);
  if (!content.ok()) {
    return absl::Status(content.status().code(),
                        absl::StrCat(path, ": ", content.status().message()));
  }
  return content;
}

}  // namespace nascent::data
