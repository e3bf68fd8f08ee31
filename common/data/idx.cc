#include "common/data/idx.h"

#include <sys/stat.h>

#include <bit>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status_macros.h"

namespace nascent::data {
namespace {

constexpr int64_t kMaxPayload = int64_t{64} << 30;

int64_t SizeOf(IdxType type) { return type == IdxType::kFloat ? 4 : 1; }

uint32_t BigEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

void AppendBigEndian(uint32_t value, std::string& bytes) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
}

absl::Status InFile(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

struct OpenIdx {
  IdxHeader header;
  std::ifstream stream;
};

absl::StatusOr<OpenIdx> Open(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return absl::NotFoundError(absl::StrCat("no file ", path));
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a regular file"));
  }
  OpenIdx file;
  file.stream.open(path, std::ios::binary);
  if (!file.stream) return absl::PermissionDeniedError(absl::StrCat("can't open ", path));
  std::string start(kMaxIdxHeader, '\0');
  file.stream.read(start.data(), kMaxIdxHeader);
  start.resize(static_cast<size_t>(file.stream.gcount()));
  file.stream.clear();
  auto header = ParseIdxHeader(start, info.st_size);
  if (!header.ok()) return InFile(path, header.status());
  file.header = *std::move(header);
  return file;
}

}  // namespace

absl::StatusOr<IdxHeader> ParseIdxHeader(std::string_view start, int64_t file_size) {
  if (start.size() >= 2 && start[0] == '\x1f' && start[1] == '\x8b') {
    return absl::InvalidArgumentError("compressed with gzip; an uncompressed IDX file is needed");
  }
  if (start.size() < 4 || start[0] != 0 || start[1] != 0) {
    return absl::InvalidArgumentError("not an IDX file: it must start with two zero bytes");
  }
  const int type = static_cast<unsigned char>(start[2]);
  if (type != static_cast<int>(IdxType::kByte) && type != static_cast<int>(IdxType::kFloat)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "IDX element type is ", type, "; only 8 (unsigned byte) and 13 (float32) are read"));
  }
  const int rank = static_cast<unsigned char>(start[3]);
  if (rank < 1 || rank > 4) {
    return absl::InvalidArgumentError(
        absl::StrCat("IDX file of ", rank, " dimensions; allowed: 1 to 4"));
  }
  IdxHeader header;
  header.type = static_cast<IdxType>(type);
  header.offset = 4 + 4 * rank;
  if (static_cast<int64_t>(start.size()) < header.offset) {
    return absl::InvalidArgumentError(
        absl::StrCat("truncated in its header: ", start.size(), " of ", header.offset, " bytes"));
  }
  header.payload = SizeOf(header.type);
  for (int i = 0; i < rank; ++i) {
    const int64_t size = BigEndian(start.substr(static_cast<size_t>(4 + 4 * i), 4));
    header.dimensions.push_back(size);
    if (size == 0) {
      return absl::InvalidArgumentError(absl::StrCat("dimension ", i, " of the IDX file is 0"));
    }
    if (size > kMaxPayload / header.payload) {
      return absl::InvalidArgumentError(
          absl::StrCat("IDX file declares more than ", kMaxPayload, " bytes"));
    }
    header.payload *= size;
  }
  const int64_t expected = header.offset + header.payload;
  if (file_size != expected) {
    return absl::InvalidArgumentError(absl::StrCat(
        file_size < expected ? "truncated" : "too long", ": ", file_size,
        " bytes, but its header (", absl::StrJoin(header.dimensions, "x"), ") needs ", expected));
  }
  return header;
}

absl::StatusOr<IdxHeader> CheckIdxFile(const std::string& path) {
  NASCENT_ASSIGN_OR_RETURN(auto file, Open(path));
  return std::move(file.header);
}

absl::StatusOr<IdxArray> ReadIdxFile(const std::string& path) {
  NASCENT_ASSIGN_OR_RETURN(auto file, Open(path));
  IdxArray array;
  array.dimensions = file.header.dimensions;
  array.type = file.header.type;
  array.elements.resize(static_cast<size_t>(file.header.payload));
  file.stream.seekg(file.header.offset);
  file.stream.read(reinterpret_cast<char*>(array.elements.data()), file.header.payload);
  if (file.stream.gcount() != file.header.payload) {
    return absl::DataLossError(absl::StrCat("can't read all of ", path));
  }
  return array;
}

std::string WriteIdx(const IdxArray& array) {
  std::string bytes = WriteIdxHeader(array.type, array.dimensions);
  bytes.append(reinterpret_cast<const char*>(array.elements.data()), array.elements.size());
  return bytes;
}

std::string WriteIdxHeader(IdxType type, std::span<const int64_t> dimensions) {
  std::string bytes = {0, 0, static_cast<char>(type), static_cast<char>(dimensions.size())};
  for (const int64_t size : dimensions) AppendBigEndian(static_cast<uint32_t>(size), bytes);
  return bytes;
}

void AppendIdxFloat(float value, std::string& bytes) {
  AppendBigEndian(std::bit_cast<uint32_t>(value), bytes);
}

std::vector<float> FloatsOf(const IdxArray& array) {
  const std::string_view bytes(reinterpret_cast<const char*>(array.elements.data()),
                               array.elements.size());
  std::vector<float> values(bytes.size() / 4);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = std::bit_cast<float>(BigEndian(bytes.substr(4 * i, 4)));
  }
  return values;
}

}  // namespace nascent::data
