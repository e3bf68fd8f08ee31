#include "common/data/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace nascent::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string WriteFile(const std::string& name, const std::string& bytes) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string MessageFor(const std::string& bytes) {
  const auto header = ParseIdxHeader(bytes, static_cast<int64_t>(bytes.size()));
  return std::string(header.status().message());
}

TEST(IdxTest, WhatWasWrittenIsRead) {
  const std::string path = WriteFile("idx_round_trip", WriteIdx({{2, 3}, {1, 2, 3, 4, 5, 255}}));
  const auto array = ReadIdxFile(path);
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_THAT(array->dimensions, ElementsAre(2, 3));
  EXPECT_THAT(array->elements, ElementsAre(1, 2, 3, 4, 5, 255));
}

TEST(IdxTest, FloatsAreBigEndianAndExact) {
  std::string bytes = WriteIdxHeader(IdxType::kFloat, std::vector<int64_t>{2, 1});
  for (const float value : {1.5F, -3e-40F}) AppendIdxFloat(value, bytes);
  EXPECT_EQ(bytes.substr(12, 4), std::string("\x3f\xc0\0\0", 4));
  const auto array = ReadIdxFile(WriteFile("idx_floats", bytes));
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->type, IdxType::kFloat);
  EXPECT_THAT(array->dimensions, ElementsAre(2, 1));
  EXPECT_THAT(FloatsOf(*array), ElementsAre(1.5F, -3e-40F));
  EXPECT_EQ(WriteIdx(*array), bytes);
}

TEST(IdxTest, DimensionsAreBigEndian) {
  std::string bytes(4 + 4 + 258, '\0');
  bytes[2] = 8;
  bytes[3] = 1;
  bytes[6] = 1;
  bytes[7] = 2;
  const auto header = ParseIdxHeader(bytes, static_cast<int64_t>(bytes.size()));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_THAT(header->dimensions, ElementsAre(258));
}

TEST(IdxTest, EveryKindOfDamageIsNamed) {
  const std::string good = WriteIdx({{2, 2}, {1, 2, 3, 4}});
  EXPECT_THAT(MessageFor(""), HasSubstr("not an IDX file"));
  EXPECT_THAT(MessageFor("PK\3\4 and so on"), HasSubstr("not an IDX file"));
  EXPECT_THAT(MessageFor("\x1f\x8b\x08 and so on"), HasSubstr("gzip"));
  EXPECT_THAT(MessageFor(good.substr(0, 9)), HasSubstr("truncated in its header: 9 of 12"));
  EXPECT_THAT(MessageFor(good.substr(0, good.size() - 1)), HasSubstr("truncated: 15 bytes"));
  EXPECT_THAT(MessageFor(good + "x"), HasSubstr("too long: 17 bytes"));
  std::string words = good;
  words[2] = 12;
  EXPECT_THAT(MessageFor(words), HasSubstr("element type is 12"));
  std::string floats = good;
  floats[2] = 13;
  EXPECT_THAT(MessageFor(floats), HasSubstr("truncated: 16 bytes, but its header (2x2) needs 28"));
  std::string flat = good;
  flat[3] = 0;
  EXPECT_THAT(MessageFor(flat), HasSubstr("0 dimensions"));
  EXPECT_THAT(MessageFor(WriteIdx({{0, 2}, {}})), HasSubstr("dimension 0"));
  const int64_t huge = 0xffffffff;
  EXPECT_THAT(MessageFor(WriteIdx({{huge, huge, huge}, {}})), HasSubstr("more than"));
}

TEST(IdxTest, ErrorsOfFilesNameThePath) {
  const std::string path = WriteFile("idx_bad", "garbage");
  EXPECT_THAT(std::string(ReadIdxFile(path).status().message()), HasSubstr(path));
  EXPECT_EQ(ReadIdxFile(path).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadIdxFile(path + "_missing").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CheckIdxFile(testing::TempDir()).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace nascent::data
