#include "common/data/gzip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace nascent::data {
namespace {

using ::testing::HasSubstr;

std::string Compress(const std::string& content) {
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string bytes(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

std::string Text() {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += std::to_string(i * 7919);
  return text;
}

TEST(GzipTest, ContentIsGivenBack) {
  const auto content = Gunzip(Compress(Text()));
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(*content, Text());
}

TEST(GzipTest, MembersAreJoined) {
  const auto content = Gunzip(Compress("one") + Compress("") + Compress("two"));
  ASSERT_TRUE(content.ok()) << content.status();
  EXPECT_EQ(*content, "onetwo");
}

TEST(GzipTest, AnyTruncationIsAnError) {
  const std::string bytes = Compress("a short text that is compressed");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(Gunzip(bytes.substr(0, size)).status().code(), absl::StatusCode::kInvalidArgument)
        << size;
  }
}

TEST(GzipTest, AChangedByteIsAnError) {
  std::string bytes = Compress(Text());
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_EQ(Gunzip(bytes).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(GzipTest, OtherBytesBehindItAreAnError) {
  EXPECT_THAT(std::string(Gunzip(Compress("x") + "tail").status().message()),
              HasSubstr("followed by other bytes"));
}

TEST(GzipTest, PaddingBehindItIsNoContent) {
  EXPECT_EQ(*Gunzip(Compress("x") + std::string(500, '\0')), "x");
  EXPECT_FALSE(Gunzip(Compress("x") + std::string("\0\0x", 3)).ok());
}

TEST(GzipTest, ABombIsStoppedAtTheLimit) {
  EXPECT_THAT(std::string(Gunzip(Compress(std::string(1 << 20, 'x')), 1000).status().message()),
              HasSubstr("over 1000 bytes"));
}

TEST(GzipTest, AMissingFileIsNotFound) {
  EXPECT_EQ(ReadMaybeGzip("/nonexistent").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace nascent::data
