// Files in IDX format, the one of MNIST and its kin: bytes 0, 0, an element type, the number of
// dimensions, each dimension as a big-endian uint32, then the elements in row-major order
// (http://yann.lecun.com/exdb/mnist/). Unsigned bytes (type 8) and big-endian float32 (type 13) are
// read.

#ifndef NASCENT_COMMON_DATA_IDX_H_
#define NASCENT_COMMON_DATA_IDX_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace nascent::data {

// What an element is; the number that stands in the file.
enum class IdxType : uint8_t { kByte = 8, kFloat = 13 };

struct IdxHeader {
  IdxType type = IdxType::kByte;
  // 1 to 4, each at least 1; the first counts examples.
  std::vector<int64_t> dimensions;
  // Bytes before the first element.
  int64_t offset = 0;
  // Bytes of all elements.
  int64_t payload = 0;
};

struct IdxArray {
  std::vector<int64_t> dimensions;
  std::vector<uint8_t> elements;  // row-major; of floats their bytes as in the file
  IdxType type = IdxType::kByte;
};

// Reads the header from the start of a file of `file_size` bytes. INVALID_ARGUMENT says what was
// found and what is allowed: magic, type, dimensions, a file that is cut short or too long.
absl::StatusOr<IdxHeader> ParseIdxHeader(std::string_view start, int64_t file_size);

// The longest header that ParseIdxHeader reads.
inline constexpr int64_t kMaxIdxHeader = 4 + 4 * 4;

// Checks header and exact size without reading the elements. NOT_FOUND: no such file. Messages
// begin with the path.
absl::StatusOr<IdxHeader> CheckIdxFile(const std::string& path);

// Reads a whole file, which is not compressed.
absl::StatusOr<IdxArray> ReadIdxFile(const std::string& path);

// The bytes of a file in IDX format.
std::string WriteIdx(const IdxArray& array);

// The same in pieces, for what is too large to lie about twice: what stands before the elements,
// and a float32 as it stands in the file, added to `bytes`.
std::string WriteIdxHeader(IdxType type, std::span<const int64_t> dimensions);
void AppendIdxFloat(float value, std::string& bytes);

// The numbers of an array of floats.
std::vector<float> FloatsOf(const IdxArray& array);

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_IDX_H_
