#include "common/spec/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace nascent::spec {
namespace {

using ::testing::HasSubstr;

std::string DocumentError(std::string_view text, const DocumentLimits& limits = {}) {
  const auto document = ParseDocument(text, "f.yaml", limits);
  return document.ok() ? "" : std::string(document.status().message());
}

TEST(Document, KeepsOrderLinesAndQuotes) {
  const auto document = ParseDocument("b: 1\na:\n  - \"2\"\n  - x\n", "f.yaml");
  ASSERT_TRUE(document.ok()) << document.status();
  const DocumentNode& root = **document;
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[0].key, "b");
  EXPECT_FALSE(root.entries[0].value->quoted);
  const DocumentNode& list = *root.entries[1].value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_TRUE(list.items[0]->quoted);
  EXPECT_EQ(list.items[1]->line, 4);
}

TEST(Document, ReadsJson) {
  const auto document = ParseDocument("{\"a\": [1, null, {\"b\": true}]}", "f.json");
  ASSERT_TRUE(document.ok()) << document.status();
  const DocumentNode& list = *(*document)->entries[0].value;
  EXPECT_EQ(list.items[1]->kind, DocumentNode::Kind::kNull);
  EXPECT_EQ(list.items[2]->entries[0].key, "b");
}

TEST(Document, NamesTheLineOfASyntaxError) {
  EXPECT_THAT(DocumentError("a: 1\nb: [1, 2\nc: 3\n"), HasSubstr("f.yaml:3: not YAML"));
}

TEST(Document, RefusesAKeyThatStandsTwice) {
  EXPECT_EQ(DocumentError("a: 1\nb: 2\na: 3\n"), "f.yaml:3: \"a\" stands here twice");
}

TEST(Document, RefusesAKeyThatIsNoName) {
  EXPECT_THAT(DocumentError("[1, 2]: 3\n"), HasSubstr("a name is expected before the colon"));
}

TEST(Document, RefusesAnEmptyFileAndASecondDocument) {
  EXPECT_EQ(DocumentError(""), "f.yaml:1: the file is empty");
  EXPECT_THAT(DocumentError("a: 1\n---\nb: 1\n"), HasSubstr("a second document"));
}

TEST(Document, RefusesBytesThatAreNoText) {
  EXPECT_EQ(DocumentError(std::string("a: 1\nb: \0", 9)),
            "f.yaml:2: found a zero byte, so this is no text");
}

TEST(Document, RefusesTextThatIsNotUtf8AndNamesTheByte) {
  EXPECT_EQ(DocumentError("a: 1\n# Gr\xFC\xDF"
                          "e\n"),
            "f.yaml:2: found the byte 0xFC, which is no UTF-8: save the file as UTF-8");
  EXPECT_EQ(DocumentError("a: \xED\xA0\x80\n").substr(0, 9), "f.yaml:1:");
  EXPECT_EQ(DocumentError("a: größe\n"), "");
}

TEST(Document, RefusesAZeroByteThatAnEscapeNames) {
  EXPECT_EQ(DocumentError("a: 1\nb: \"x\\0y\"\n"), "f.yaml:2: found a zero byte in a text");
  EXPECT_NE(DocumentError("a: \"\\ud800\"\n"), "");
}

TEST(Document, WhatIsDescribedIsCutBetweenCharacters) {
  DocumentNode node;
  node.kind = DocumentNode::Kind::kScalar;
  node.text = std::string(59, 'a') + "\u20AC and more";
  EXPECT_EQ(Describe(node), "\"" + std::string(59, 'a') + "…\"");
}

TEST(Document, RefusesDepthBeyondTheLimit) {
  EXPECT_THAT(DocumentError(std::string(100000, '[')),
              HasSubstr("nested more than 64 levels deep"));
  std::string maps;
  for (int i = 0; i < 100; ++i) absl::StrAppend(&maps, std::string(i, ' '), "a:\n");
  EXPECT_THAT(DocumentError(maps), HasSubstr("nested more than 64 levels deep"));
}

TEST(Document, MergeKeysTakeWhatIsNotWritten) {
  const auto root = ParseDocument(
      "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\none: {<<: *b, y: 5}\n"
      "two: {z: 6, <<: [*b, *m]}\n",
      "f.yaml");
  ASSERT_TRUE(root.ok()) << root.status();
  const DocumentNode& one = *(*root)->Find("one");
  EXPECT_EQ(one.entries.size(), 2u);
  EXPECT_EQ(one.Find("x")->text, "1");
  EXPECT_EQ(one.Find("y")->text, "5");
  const DocumentNode& two = *(*root)->Find("two");
  EXPECT_EQ(two.entries.size(), 3u);
  EXPECT_EQ(two.Find("y")->text, "2");
  EXPECT_EQ(two.Find("z")->text, "6");
  EXPECT_THAT(DocumentError("a: {<<: 3}\n"), HasSubstr("f.yaml:1: <<: found \"3\", a map or"));
}

TEST(Document, RefusesAliasesThatGrowWithoutEnd) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string alias = absl::StrCat("*a", i - 1, ",");
    absl::StrAppend(&text, "a", i, ": &a", i, " [", alias, alias, alias, alias, alias, alias, alias,
                    alias, "]\n");
  }
  EXPECT_THAT(DocumentError(text), HasSubstr("aliases counted as what they stand for"));
}

TEST(Document, RefusesAnAliasOfItself) {
  EXPECT_THAT(DocumentError("a: &a [*a]\n"), HasSubstr("f.yaml:1: "));
}

TEST(Document, RefusesFilesBeyondTheLimit) {
  EXPECT_THAT(DocumentError(std::string(101, ' '), {.bytes = 100}), HasSubstr("found 101 bytes"));
}

TEST(ReadTextFile, SaysWhatIsWrongWithAPath) {
  EXPECT_TRUE(absl::IsNotFound(ReadTextFile("/nonexistent/search.yaml", 100).status()));
  EXPECT_FALSE(ReadTextFile("/", 100).ok());
}

TEST(ReadTextFile, StopsReadingAtTheLimit) {
  const auto content = ReadTextFile("/dev/zero", 1000);
  EXPECT_THAT(std::string(content.status().message()), HasSubstr("found more than 1000 bytes"));
}

}  // namespace
}  // namespace nascent::spec
