#include "server/simulate/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "server/simulate/csv.h"
#include "server/strategy/testing/hand_space.h"

namespace nascent::simulate {
namespace {

using strategy::testing::Choice;
using strategy::testing::HandSpace;
using strategy::testing::Integer;
using strategy::testing::Real;
using strategy::testing::When;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<const HandSpace> Kinds() {
  return std::make_shared<HandSpace>(
      "kinds", std::vector<space::Decision>{Choice("kind", 2), Integer("depth", 1, 2),
                                            Choice("inner", 2, {When(0, {1})})});
}

constexpr std::string_view kComplete =
    "kind,depth,inner,accuracy,remark\n"
    "option0,1,,0.1,a\n"
    "option0,2,,0.2,\"b, c\"\n"
    "option1,1,option0,0.3,\n"
    "option1,1,option1,0.4,\n"
    "option1,2,option0,0.5,\n"
    "option1,2,option1,0.6,\n";

std::string ErrorOf(std::string_view text, const space::Space& space) {
  const auto table = Table::Read(text, "t.csv", space);
  EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(table.status().message());
}

bool Anything(const space::Genotype&) { return true; }

TEST(TableTest, OneColumnPerDecisionIsRead) {
  const auto space = Kinds();
  const auto table = Table::Read(kComplete, "t.csv", *space);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->rows(), 6);
  EXPECT_THAT((*table)->metrics(), ElementsAre("accuracy", "remark"));
  const auto accuracy = (*table)->Metric("accuracy");
  ASSERT_TRUE(accuracy.ok());
  space::Genotype genotype;
  genotype.values = {int64_t{1}, int64_t{2}, int64_t{0}};
  EXPECT_EQ((*accuracy)[(*table)->Find(genotype)], 0.5);
  EXPECT_TRUE((*table)->CheckComplete(*space, Anything).ok());
}

TEST(TableTest, AMissingRowIsNamed) {
  const auto space = Kinds();
  const auto table =
      Table::Read(kComplete.substr(0, kComplete.rfind("option1,2,option0")), "t.csv", *space);
  ASSERT_TRUE(table.ok()) << table.status();
  const absl::Status status = (*table)->CheckComplete(*space, Anything);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("found no row for 1;2;0; and 1 more"));
  const auto not_deep = [](const space::Genotype& genotype) {
    return std::get<int64_t>(genotype.values[1]) == 1;
  };
  EXPECT_TRUE((*table)->CheckComplete(*space, not_deep).ok());
}

TEST(TableTest, WrongNotationNamesLineAndColumn) {
  const auto space = Kinds();
  EXPECT_THAT(ErrorOf("kind,depth,inner,x\noption0,3,,1\n", *space),
              HasSubstr("t.csv:2: depth: found \"3\""));
  EXPECT_THAT(ErrorOf("kind,depth,inner,x\noption7,1,,1\n", *space),
              HasSubstr("t.csv:2: kind: found \"option7\""));
  EXPECT_THAT(ErrorOf("kind,depth,inner,x\noption0,1,option1,1\n", *space),
              HasSubstr("inner: found \"option1\", expected nothing"));
  EXPECT_THAT(ErrorOf("kind,depth,x\noption0,1,1\n", *space), HasSubstr("\"inner\""));
  EXPECT_THAT(ErrorOf("architecture,x\nfoo,1\n", *space), HasSubstr("t.csv:2: architecture:"));
}

TEST(TableTest, AGenotypeTwiceIsTheSameNetworkTrainedAgain) {
  const auto space = Kinds();
  const auto table = Table::Read("kind,depth,inner,x\noption0,1,,1\n\noption0,2,,5\noption0,1,,2\n",
                                 "t.csv", *space);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->rows(), 2);
  EXPECT_THAT((*table)->records(0), ElementsAre(0, 2));
  EXPECT_THAT((*table)->records(1), ElementsAre(1));
  EXPECT_THAT(*(*table)->Metric("x"), ElementsAre(1, 5, 2));
}

TEST(TableTest, BlanksAroundNamesAndCellsAreNoPartOfThem) {
  const auto table = Table::Read("kind, depth, inner, x\n option0, 1, , 1\n", "t.csv", *Kinds());
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT((*table)->metrics(), ElementsAre("x"));
}

TEST(TableTest, AHeaderWithoutTheDecisionsIsAnsweredWithItsNames) {
  EXPECT_THAT(ErrorOf("kind;depth;inner;x\noption0;1;;1\n", *Kinds()),
              HasSubstr("there are kind;depth;inner;x (fields are parted by commas)"));
}

TEST(TableTest, TruthValuesMayBeWrittenAsPythonAndRDo) {
  space::Decision flip = Choice("flip", 2);
  flip.domain.options = {true, false};
  space::Decision word = Choice("word", 2);
  word.domain.options = {std::string("True"), std::string("False")};
  const HandSpace space("flags", {flip, word});
  const auto table = Table::Read("flip,word,x\nTrue,true,1\nFALSE,False,2\n", "t.csv", space);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->Find({{int64_t{0}, int64_t{0}}}), 0);
  EXPECT_EQ((*table)->Find({{int64_t{1}, int64_t{1}}}), 1);
}

TEST(TableTest, AnEndOfARangeMayBeOffByARounding) {
  const HandSpace space("real", {Real("rate", 1e-4, 0.1, /*log=*/true)});
  const auto table =
      Table::Read("rate,x\n9.999999999999999e-05,1\n0.10000000000000002,2\n", "t.csv", space);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE(space.decisions().Validate((*table)->genotype(0)).ok());
  EXPECT_TRUE(space.decisions().Validate((*table)->genotype(1)).ok());
  EXPECT_THAT(ErrorOf("rate,x\n0.00005,1\n", space), HasSubstr("allowed are 0.0001 to 0.1"));
}

TEST(TableTest, RowsOfAnotherLengthAndEmptyTablesAreRefused) {
  EXPECT_THAT(ErrorOf("kind,depth,inner,x\noption0,1,\n", *Kinds()),
              HasSubstr("t.csv:2: found 3 fields, the header has 4"));
  EXPECT_THAT(ErrorOf("", *Kinds()), HasSubstr("found no rows"));
  EXPECT_THAT(ErrorOf("kind,kind\na,b\n", *Kinds()), HasSubstr("\"kind\" twice"));
}

TEST(TableTest, ResultsMayBeMissingButNotWrong) {
  const auto space = Kinds();
  const auto table = Table::Read(
      "kind,depth,inner,x,y,z,u\noption0,1,,1,nan,inf,\noption0,2,,1,2,1,NaN\n", "t.csv", *space);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE((*table)->Metric("x").ok());
  const auto y = (*table)->Metric("y");
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_TRUE(std::isnan(y->front()));
  EXPECT_EQ(y->back(), 2);
  EXPECT_THAT(std::string((*table)->Metric("z").status().message()),
              HasSubstr("t.csv:2: z: found \"inf\", expected a finite number"));
  EXPECT_THAT(std::string((*table)->Metric("u").status().message()),
              HasSubstr("u: found no result in any row"));
  EXPECT_THAT(std::string((*table)->Metric("w").status().message()),
              HasSubstr("found no column \"w\"; there are x, y, z"));
}

TEST(TableTest, ARealValueIsTakenForTheNearest) {
  const HandSpace space("real", {Real("rate", 0, 1)});
  const auto table = Table::Read("rate,x\n0,1\n0.5,2\n1,3\n", "t.csv", space);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->Find({{0.2}}), 0);
  EXPECT_EQ((*table)->Find({{0.3}}), 1);
  EXPECT_EQ((*table)->Find({{0.99}}), 2);
}

TEST(CsvTest, QuotedFieldsHoldCommasQuotesAndLineEnds) {
  const auto records = ParseCsv(
      "\xEF\xBB\xBF"
      "a,\"b,\"\"c\"\"\nd\",e\r\nf,,\"\"\r\n",
      "t.csv");
  ASSERT_TRUE(records.ok()) << records.status();
  ASSERT_EQ(records->size(), 2u);
  EXPECT_THAT((*records)[0].fields, ElementsAre("a", "b,\"c\"\nd", "e"));
  EXPECT_THAT((*records)[1].fields, ElementsAre("f", "", ""));
  EXPECT_EQ((*records)[1].line, 3);
}

TEST(CsvTest, QuotesThatDoNotCloseAreRefused) {
  EXPECT_THAT(std::string(ParseCsv("a\n\"b\nc", "t.csv").status().message()),
              HasSubstr("t.csv:2: a quote that is not closed"));
  EXPECT_FALSE(ParseCsv("\"a\"b\n", "t.csv").ok());
}

}  // namespace
}  // namespace nascent::simulate
