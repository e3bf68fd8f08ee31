// From CSV files to a data set.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/data/idx.h"
#include "common/data/table/encode_table.h"
#include "common/data/table/read_table.h"
#include "common/sha256.h"

namespace nascent::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string Write(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

TableFiles Files(const std::string& text) {
  TableFiles files;
  files.paths = {Write("table.csv", text)};
  return files;
}

TableFiles TwoFiles(const std::string& training, const std::string& test) {
  TableFiles files = Files(training);
  files.paths.push_back(Write("test.csv", test));
  return files;
}

// Reads and encodes; the status is what went wrong in either.
absl::StatusOr<EncodedTable> Encode(const TableFiles& files, const TableDivision& division = {}) {
  auto table = ReadTable(files);
  if (!table.ok()) return table.status();
  return EncodeTable(*table, division);
}

std::string ErrorOf(const TableFiles& files) {
  const auto encoded = Encode(files);
  return encoded.ok() ? "" : std::string(encoded.status().message());
}

IdxArray Artifact(const EncodedTable& table, const std::string& sha256) {
  for (const std::string& bytes : table.artifacts) {
    if (Sha256Hex(bytes) != sha256) continue;
    auto array = ReadIdxFile(Write("artifact", bytes));
    EXPECT_TRUE(array.ok()) << array.status();
    return *array;
  }
  ADD_FAILURE() << "no artifact " << sha256;
  return {};
}

std::vector<float> RowsOf(const EncodedTable& table, int split) {
  return FloatsOf(Artifact(table, table.dataset.splits(split).examples()));
}

std::vector<uint8_t> LabelsOf(const EncodedTable& table, int split) {
  return Artifact(table, table.dataset.splits(split).labels()).elements;
}

TEST(TableTest, NumbersCategoriesAndMissingValuesBecomeFeatures) {
  const auto encoded = Encode(
      TwoFiles("age,colour,size,class\n30,red,1.5,no\n,blue,2.5,yes\n50,NA,3.5,no\n40,red,-1,yes\n",
               "class,colour,age,size\nyes,green,20,?\n"));
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  const v1::Dataset& dataset = encoded->dataset;
  const v1::TableLayout& table = dataset.table();
  EXPECT_EQ(dataset.kind(), v1::DATA_KIND_TABLE_CLASSIFICATION);
  EXPECT_THAT(dataset.shape().dimensions(), ElementsAre(6));
  ASSERT_EQ(table.columns_size(), 3);
  EXPECT_EQ(table.columns(0).type(), v1::COLUMN_TYPE_NUMBER);
  EXPECT_EQ(table.columns(0).missing(), 1);
  EXPECT_EQ(table.columns(0).minimum(), 30);
  EXPECT_EQ(table.columns(0).maximum(), 50);
  EXPECT_EQ(table.columns(0).mean(), 40);
  EXPECT_EQ(table.columns(1).type(), v1::COLUMN_TYPE_CATEGORY);
  EXPECT_THAT(table.columns(1).categories(), ElementsAre("blue", "red"));
  EXPECT_EQ(table.columns(1).missing(), 1);
  EXPECT_EQ(table.columns(2).missing(), 0);  // of the test row nothing is learned
  EXPECT_THAT(table.target().categories(), ElementsAre("no", "yes"));
  EXPECT_EQ(dataset.classes(), 2);
  ASSERT_EQ(dataset.splits_size(), 2);
  EXPECT_EQ(dataset.splits(0).count(), 4);

  // age, age is missing, colour = blue, = red, is missing, size
  const std::vector<float> rows = RowsOf(*encoded, 0);
  ASSERT_EQ(rows.size(), 4u * 6);
  EXPECT_THAT(std::vector<float>(rows.begin(), rows.begin() + 6), ElementsAre(30, 0, 0, 1, 0, 1.5));
  EXPECT_TRUE(std::isnan(rows[6]));
  EXPECT_THAT(std::vector<float>(rows.begin() + 7, rows.begin() + 12),
              ElementsAre(1, 1, 0, 0, 2.5));
  EXPECT_THAT(std::vector<float>(rows.begin() + 12, rows.begin() + 18),
              ElementsAre(50, 0, 0, 0, 1, 3.5));
  EXPECT_THAT(LabelsOf(*encoded, 0), ElementsAre(0, 1, 0, 1));
  // An unknown category is none of those that are known, and not missing either.
  const std::vector<float> test = RowsOf(*encoded, 1);
  EXPECT_THAT(std::vector<float>(test.begin(), test.begin() + 5), ElementsAre(20, 0, 0, 0, 0));
  EXPECT_TRUE(std::isnan(test[5]));
  EXPECT_THAT(LabelsOf(*encoded, 1), ElementsAre(1));
}

// `rows` rows of three classes, "b" as often as the others together.
std::string ThreeClasses(int rows) {
  std::string text = "x,class\n";
  const char* const kClasses[] = {"c", "b", "a", "b"};
  for (int i = 0; i < rows; ++i) absl::StrAppend(&text, (i * 37) % 101, ",", kClasses[i % 4], "\n");
  return text;
}

TEST(TableTest, TheTestPartIsDrawnFromEachClassAlikeByTheSeed) {
  const TableFiles files = Files(ThreeClasses(200));
  const auto encoded = Encode(files, {.test_share = 0.3, .seed = 5});
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_THAT(encoded->dataset.table().target().categories(), ElementsAre("a", "b", "c"));
  std::vector<int> counts(3);
  for (const uint8_t label : LabelsOf(*encoded, 1)) ++counts[label];
  EXPECT_THAT(counts, ElementsAre(15, 30, 15));
  EXPECT_EQ(encoded->dataset.splits(0).count(), 140);
  const auto again = Encode(files, {.test_share = 0.3, .seed = 5});
  EXPECT_EQ(again->artifacts, encoded->artifacts);
  const auto other = Encode(files, {.test_share = 0.3, .seed = 6});
  EXPECT_NE(other->artifacts, encoded->artifacts);
  const auto whole = Encode(files, {.test_share = 0});
  EXPECT_EQ(whole->dataset.splits_size(), 1);
}

TEST(TableTest, ColumnsAreChosenByName) {
  TableFiles files = Files("id,code,class,x\na1,10,p,1\nb2,20,q,2\nc3,10,p,3\nd4,20,q,9\n");
  files.target = "class";
  files.ignored = {"id"};
  files.categorical = {"code"};
  const auto encoded = Encode(files, {.test_share = 0});
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  const v1::TableLayout& table = encoded->dataset.table();
  ASSERT_EQ(table.columns_size(), 2);
  EXPECT_THAT(table.columns(0).categories(), ElementsAre("10", "20"));
  EXPECT_EQ(table.columns(1).name(), "x");
  EXPECT_THAT(table.target().categories(), ElementsAre("p", "q"));
}

TEST(TableTest, WholeNumbersOfFewKindsAreClassesByTheirText) {
  const auto encoded = Encode(Files("x,y\n1,10\n2,9\n3,10\n4,9\n"), {.test_share = 0});
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_THAT(encoded->dataset.table().target().categories(), ElementsAre("10", "9"));
  EXPECT_THAT(LabelsOf(*encoded, 0), ElementsAre(0, 1, 0, 1));
}

TEST(TableTest, SeparatorsAndDecimalCommasAreReadAsSaid) {
  TableFiles files = Files("x;class\n1,5;a\n2,5;b\n");
  EXPECT_THAT(ErrorOf(files), HasSubstr("table.csv:2: column \"x\": found \"1,5\", a number with a "
                                        "decimal comma; write it with a point, give "
                                        "--decimal-comma"));
  files.rules.decimal_comma = true;
  const auto encoded = Encode(files, {.test_share = 0});
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_THAT(RowsOf(*encoded, 0), ElementsAre(1.5, 2.5));
  files = Files("x|class\n1|a\n2|b\n");
  EXPECT_THAT(ErrorOf(files), HasSubstr("found no column beside the target"));
  files.separator = '|';
  EXPECT_TRUE(Encode(files, {.test_share = 0}).ok());
}

struct BadTable {
  const char* name;
  std::string text;
  std::string message;
};

class RefusedTable : public ::testing::TestWithParam<BadTable> {};

TEST_P(RefusedTable, NamesFileLineColumnAndWhatToDo) {
  EXPECT_THAT(ErrorOf(Files(GetParam().text)),
              StartsWith(testing::TempDir() + "table.csv" + GetParam().message));
}

// A column of more than 256 different values.
std::string Many(const std::string& letter, const std::string& last) {
  std::string text = "x,class\n";
  for (int i = 0; i < 300; ++i)
    absl::StrAppend(&text, letter, i, ",", i % 2 == 0 ? "a" : "b", "\n");
  return text + last;
}

INSTANTIATE_TEST_SUITE_P(
    Tables, RefusedTable,
    ::testing::Values(
        BadTable{"Empty", "", ": is empty"},
        BadTable{"OnlyNames", "x,class\n", ": found 0 rows below the names"},
        BadTable{"ShortRow", "x,y,class\n1,2,a\n1,b\n", ":3: found 2 fields, the header has 3"},
        BadTable{
            "LongRow", "x,class\n1,a\n2,b,c\n",
            ":3: found 3 fields, the header has 2; a field with separators in it needs quotes"},
        BadTable{"NoHeader", "1,2,3\n4,5,6\n", ":1: found only numbers; the first row must name"},
        BadTable{"NameTwice", "x,x,class\n1,2,a\n", ":1: two columns are called \"x\""},
        BadTable{"NotFinite", "x,class\n1,a\ninf,b\n",
                 ":3: column \"x\": found \"inf\", which is no finite number"},
        BadTable{"NaN", "x,class\n1,a\nNaN,b\n", ":3: column \"x\": found \"NaN\""},
        BadTable{"TooLarge", "x,class\n1,a\n1e300,b\n", ":3: column \"x\": found \"1e300\""},
        BadTable{"NoTarget", "x,class\n1,a\n2,\n", ":3: column \"class\": found \"\", no value"},
        BadTable{"OneClass", "x,class\n1,a\n2,a\n",
                 ": column \"class\": all rows are of the class"},
        BadTable{"MostlyNumbers", "x,class\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n7,a\n8,b\n9,a\n1O,b\n",
                 ":11: column \"x\": found \"1O\", but 9 of 10 values are numbers; mend it, give "
                 "--missing 1O"},
        BadTable{"TextAmongManyNumbers", Many("", "oops,a\n"),
                 ":302: column \"x\": found \"oops\", which is no number, after more than 256"},
        BadTable{"TooManyCategories", Many("n", ""),
                 ":258: column \"x\": found \"n256\" after 256 other values"},
        BadTable{"QuoteInside", "x,class\n5\" pipe,a\n", ":2: a quote stands where none may"}),
    [](const auto& bad) { return bad.param.name; });

TEST(TableTest, ColumnsThatAreNotThereAreNamedWithThoseThatAre) {
  TableFiles files = Files("x,class\n1,a\n2,b\n");
  files.target = "churn";
  EXPECT_THAT(ErrorOf(files),
              HasSubstr("--target: there is no column \"churn\"; the columns are x, class"));
  files.target = "";
  files.ignored = {"y"};
  EXPECT_THAT(ErrorOf(files), HasSubstr("--ignore: there is no column \"y\""));
  files.ignored = {"class"};
  EXPECT_THAT(ErrorOf(files), HasSubstr("\"class\" is the target, as the last column"));
}

TEST(TableTest, ASecondFileMustFitTheFirst) {
  const std::string training = "x,colour,class\n1,red,a\n2,blue,b\n";
  const std::string place = testing::TempDir() + "test.csv";
  const auto error = [&](const std::string& test) { return ErrorOf(TwoFiles(training, test)); };
  EXPECT_THAT(error("x,colour,class\n3,red,c\n"),
              StartsWith(place + ":2: column \"class\": found \"c\", a class that "));
  EXPECT_THAT(error("x,colour,class\nmany,red,a\n"),
              StartsWith(place + ":2: column \"x\": found \"many\", which is no number"));
  EXPECT_THAT(error("x,class\n3,a\n"), StartsWith(place + ":1: there is no column \"colour\""));
  EXPECT_THAT(error("x,colour,class,y\n3,red,a,1\n"),
              StartsWith(place + ":1: column \"y\" is not in "));
  EXPECT_THAT(error("x,colour,class\n"), StartsWith(place + ": found 0 rows below the names"));
}

TEST(TableTest, AClassThatCannotBeInBothPartsIsRefused) {
  EXPECT_THAT(ErrorOf(Files("x,class\n1,a\n2,b\n3,b\n")),
              HasSubstr("column \"class\": the class \"a\" has one row, so it cannot be in both"));
}

TEST(TableTest, ColumnsThatSayTooMuchOrNothingAreRemarkedOn) {
  std::string text = ",leak,same,empty,stamp,x,class\n";
  for (int i = 0; i < 40; ++i) {
    absl::StrAppend(&text, i, ",", i % 2 == 0 ? "no" : "yes", ",1,,", 1'700'000'000 + i, ",",
                    (i * 37) % 7, ",", i % 2, "\n");
  }
  const auto encoded = Encode(Files(text));
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_THAT(
      encoded->warnings,
      ElementsAre(StartsWith("column \"empty\" is left out: no row for training"),
                  StartsWith("column \"column 1\" counts the rows"),
                  StartsWith("column \"leak\" tells \"class\" of every row for training; if "
                             "it is not known"),
                  StartsWith("column \"same\" is the same in all rows"),
                  StartsWith("column \"stamp\" counts the rows"),
                  StartsWith("column \"stamp\" holds numbers whose differences are lost")));
  EXPECT_EQ(encoded->dataset.table().columns_size(), 5);
  const auto quiet = Encode(Files(ThreeClasses(200)));
  EXPECT_THAT(quiet->warnings, IsEmpty());
}

TEST(TableTest, CategoriesAndClassesOfOnePartAloneAreRemarkedOn) {
  const auto encoded = Encode(TwoFiles("k,class\nu,a\nu,b\nv,a\nv,b\n", "k,class\nw,a\nw,a\n"));
  ASSERT_TRUE(encoded.ok()) << encoded.status();
  EXPECT_THAT(encoded->warnings,
              ElementsAre(HasSubstr("has categories that only rows for the test have, 2 of them"),
                          "no row for the test is of the class \"b\""));
}

}  // namespace
}  // namespace nascent::data
