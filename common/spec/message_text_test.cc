#include "common/spec/message_text.h"

#include <gtest/gtest.h>

#include <string>

#include "nascent/v1/artifact_service.pb.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/worker_service.pb.h"

namespace nascent::spec {
namespace {

std::string TextError(const google::protobuf::Message& message) {
  return std::string(CheckTexts(message).message());
}

TEST(MessageText, UnicodeOfEveryLengthIsText) {
  v1::SearchSpec spec;
  spec.set_name("größe \u20AC \U0001F600\n\t");
  (*spec.mutable_requirements()->mutable_labels())["größe"] = "ß";
  EXPECT_TRUE(CheckTexts(spec).ok());
  EXPECT_TRUE(CheckTexts(v1::SearchSpec()).ok());
}

TEST(MessageText, TheFirstThatIsNoTextIsNamedByItsPath) {
  v1::SearchSpec spec;
  spec.add_objectives()->set_metric("fine");
  spec.add_objectives()->set_metric("caf\xE9");
  EXPECT_EQ(TextError(spec), "objectives[1].metric: found \"caf\\xe9\", which is no UTF-8 text");
  spec.mutable_objectives()->RemoveLast();
  spec.mutable_space()->set_template_(std::string("a\0z", 3));
  EXPECT_EQ(TextError(spec), "space.template: found \"a\\x00z\", which is no UTF-8 text");
}

// A search whose external strategy has these settings: one name, and one text in a list.
v1::SearchSpec WithSettings(const std::string& name, const std::string& text) {
  v1::SearchSpec spec;
  auto& settings = *spec.mutable_strategy()->mutable_struct_value()->mutable_fields();
  auto& inner = *settings["external"].mutable_struct_value()->mutable_fields();
  auto& list = *inner[name].mutable_list_value();
  list.add_values()->set_string_value("fine");
  list.add_values()->set_string_value(text);
  return spec;
}

TEST(MessageText, SettingsAndLabelsHavePathsAsTheyAreWritten) {
  EXPECT_TRUE(CheckTexts(WithSettings("names", "fine")).ok());
  EXPECT_EQ(TextError(WithSettings("names", "\xFF")),
            "strategy.external.names[1]: found \"\\xff\", which is no UTF-8 text");
  EXPECT_EQ(TextError(WithSettings("\xC0\xAF", "fine")),
            "strategy.external: found the name \"\\xc0\\xaf\", which is no UTF-8 text");

  v1::RegisterRequest worker;
  (*worker.mutable_labels())["site"] = "Z\xFCrich";
  EXPECT_EQ(TextError(worker), "labels.site: found \"Z\\xfcrich\", which is no UTF-8 text");
}

TEST(MessageText, BytesMayBeAnything) {
  v1::PutRequest request;
  request.set_chunk("\xFF\xFE");
  EXPECT_TRUE(CheckTexts(request).ok());
}

}  // namespace
}  // namespace nascent::spec
