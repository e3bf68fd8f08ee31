#include "common/data/table/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace nascent::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Row = std::pair<int64_t, std::vector<std::string>>;

struct Read {
  std::vector<Row> rows;
  std::string error;
};

// The text in pieces of `size` bytes.
Read ReadText(const std::string& text, char separator = ',', size_t size = 1 << 20) {
  Read read;
  CsvReader reader(separator, [&](int64_t line, std::span<const std::string> fields) {
    read.rows.emplace_back(line, std::vector<std::string>(fields.begin(), fields.end()));
    return absl::OkStatus();
  });
  absl::Status status;
  for (size_t at = 0; at < text.size() && status.ok(); at += size) {
    status = reader.Feed(std::string_view(text).substr(at, size));
  }
  status = reader.Finish();
  read.error = std::string(status.message());
  return read;
}

Row R(int64_t line, std::vector<std::string> fields) { return {line, std::move(fields)}; }

TEST(CsvReaderTest, RowsKnowTheirLinesWhateverEndsThem) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const std::string text = "a,b" + end + "1,2" + end + end + "3,4";
    for (const size_t size : {1, 2, 3, 100}) {
      EXPECT_THAT(ReadText(text, ',', size).rows,
                  ElementsAre(R(1, {"a", "b"}), R(2, {"1", "2"}), R(4, {"3", "4"})))
          << size;
    }
  }
}

TEST(CsvReaderTest, QuotedFieldsHoldSeparatorsLinesAndQuotes) {
  const std::string text =
      "name,note\n\"Doe, J.\",\"says \"\"hi\"\"\nand goes\"\nx,  y z  \n\"\",\n";
  for (const size_t size : {1, 7, 100}) {
    EXPECT_THAT(ReadText(text, ',', size).rows,
                ElementsAre(R(1, {"name", "note"}), R(2, {"Doe, J.", "says \"hi\"\nand goes"}),
                            R(4, {"x", "y z"}), R(5, {"", ""})));
  }
}

TEST(CsvReaderTest, AByteOrderMarkIsNoPartOfTheFirstName) {
  for (const size_t size : {1, 2, 100}) {
    EXPECT_THAT(ReadText("\xef\xbb\xbf"
                         "a;b\n1;2\n",
                         ';', size)
                    .rows,
                ElementsAre(R(1, {"a", "b"}), R(2, {"1", "2"})));
  }
  EXPECT_THAT(ReadText(std::string("\xff\xfe"
                                   "a\0,\0",
                                   6))
                  .error,
              StartsWith("1: the text is UTF-16"));
  EXPECT_THAT(ReadText("a").rows, ElementsAre(R(1, {"a"})));
}

TEST(CsvReaderTest, TabsSeparateAndEmptyFieldsCount) {
  EXPECT_THAT(ReadText("a\tb\tc\n\t\t\n1\t\t3\n", '\t').rows,
              ElementsAre(R(1, {"a", "b", "c"}), R(2, {"", "", ""}), R(3, {"1", "", "3"})));
}

TEST(CsvReaderTest, EachKindOfDamageIsNamedWithItsLine) {
  EXPECT_THAT(ReadText("a,b\n1,2\n5\" pipe,3\n").error, StartsWith("3: a quote stands where none"));
  EXPECT_THAT(ReadText("a,b\n\"x\"y,3\n").error, StartsWith("2: a quote stands where none"));
  EXPECT_THAT(ReadText("a,b\n1,\"never ends\n2,3\n").error,
              StartsWith("2: a field of this row has no closing quote"));
  EXPECT_THAT(ReadText("a,b\n1,2\n\xe9t\xe9,3\n").error, StartsWith("3: field 1 is not UTF-8"));
  EXPECT_THAT(ReadText(std::string("a,b\n1,\0\n", 8)).error, StartsWith("2: field 2 is not UTF-8"));
  EXPECT_THAT(ReadText("a\n\"" + std::string(3 << 20, 'x')).error,
              HasSubstr("its closing quote seems to be missing"));
}

TEST(CsvReaderTest, WhatTheTakerRefusesEndsTheReading) {
  int rows = 0;
  CsvReader reader(',', [&](int64_t, std::span<const std::string>) {
    return ++rows == 2 ? absl::InvalidArgumentError("enough") : absl::OkStatus();
  });
  EXPECT_EQ(reader.Feed("a\nb\nc\nd\n").message(), "2: enough");
  EXPECT_EQ(reader.Feed("e\n").message(), "2: enough");
  EXPECT_EQ(reader.Finish().message(), "2: enough");
  EXPECT_EQ(rows, 2);
}

TEST(CsvReaderTest, TheSeparatorIsWhatTheFirstRowHasMostOf) {
  EXPECT_EQ(DetectSeparator("a,b;c,d\n;;;;\n"), ',');
  EXPECT_EQ(DetectSeparator("a;\"b,c,d,e\";f\n"), ';');
  EXPECT_EQ(DetectSeparator("\n\na\tb"), '\t');
  EXPECT_EQ(DetectSeparator("alone"), ',');
}

TEST(CsvReaderTest, FilesMayBeCompressedAndErrorsNameThem) {
  const std::string path = testing::TempDir() + "rows.csv.gz";
  const std::string text = "a;b\n1;2\n\"";
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  int rows = 0;
  const auto count = [&](int64_t, std::span<const std::string> fields) {
    EXPECT_EQ(fields.size(), 2u);
    ++rows;
    return absl::OkStatus();
  };
  EXPECT_THAT(std::string(ReadCsvFile(path, 0, count).message()), StartsWith(path + ":3: "));
  EXPECT_EQ(rows, 2);
  EXPECT_EQ(ReadCsvFile(path + "-none", 0, count).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ReadCsvFile(testing::TempDir(), 0, count).message()),
              HasSubstr("is a folder"));
}

}  // namespace
}  // namespace nascent::data
