// The table against the messages, docs/search-file.md and the comments of recipe.proto.

#include "common/recipe/recipe_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "google/protobuf/descriptor.h"

namespace nascent::recipe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

std::string Read(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void CollectScalars(const Descriptor& type, const std::string& prefix,
                    std::map<std::string, const FieldDescriptor*>& fields) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string path = prefix + field.name();
    if (field.message_type() == nullptr) {
      fields[path] = &field;
    } else {
      CollectScalars(*field.message_type(), path + ".", fields);
    }
  }
}

std::map<std::string, const FieldDescriptor*> Scalars() {
  std::map<std::string, const FieldDescriptor*> fields;
  CollectScalars(*v1::Recipe::descriptor(), "", fields);
  return fields;
}

// "1 to 65,536", "above 0, at most 100", "0 to below 1", "at least 1".
std::string Words(const RecipeField& field) {
  const auto number = [](double value) {
    const std::string digits = std::to_string(static_cast<int64_t>(value));
    std::string text;
    for (size_t i = 0; i < digits.size(); ++i) {
      if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
      text += digits[i];
    }
    return text;
  };
  if (field.maximum_of != nullptr) return "0 to `" + std::string(field.maximum_name) + "`";
  if (field.maximum == kNoLimit) return "at least " + number(field.minimum);
  if (field.above_minimum) {
    return "above " + number(field.minimum) + ", at most " + number(field.maximum);
  }
  return number(field.minimum) + (field.below_maximum ? " to below " : " to ") +
         number(field.maximum);
}

// The cell "type, range, default" of a field in docs/search-file.md; the page says of adamw what it
// says of adam.
std::string Cell(const std::string& page, const std::string& path) {
  const std::string start = "\n| `recipe." + path + "` | ";
  const size_t begin = page.find(start);
  if (begin == std::string::npos) return "";
  const size_t cell = begin + start.size();
  return page.substr(cell, page.find(" |", cell) - cell);
}

TEST(RecipeFields, HaveEveryFieldOfTheMessageOnceAndEachHasPresence) {
  std::set<std::string> seen;
  const auto scalars = Scalars();
  for (const RecipeField& field : RecipeFields()) {
    EXPECT_TRUE(seen.insert(std::string(field.path)).second) << field.path;
    ASSERT_TRUE(scalars.contains(std::string(field.path))) << field.path;
  }
  for (const auto& [path, field] : scalars) {
    EXPECT_TRUE(seen.contains(path)) << path << " is in no row of recipe_fields.cc";
    // Else what was written as 0 could not be told from what was not written.
    EXPECT_TRUE(field->has_presence()) << path << " must be optional in recipe.proto";
  }
}

TEST(RecipeFields, DefaultsAreInTheirRanges) {
  v1::Recipe recipe;
  recipe.set_epochs(1);
  for (const RecipeField& field : RecipeFields()) {
    EXPECT_TRUE(IsInRange(field, recipe, field.default_value)) << field.path;
    EXPECT_FALSE(IsInRange(field, recipe, std::nan(""))) << field.path;
    EXPECT_FALSE(IsInRange(field, recipe, kNoLimit)) << field.path;
    EXPECT_EQ(IsInRange(field, recipe, field.minimum), !field.above_minimum) << field.path;
    EXPECT_FALSE(IsInRange(field, recipe, std::nextafter(field.minimum, -kNoLimit))) << field.path;
    if (field.maximum == kNoLimit || field.maximum_of != nullptr) continue;
    EXPECT_EQ(IsInRange(field, recipe, field.maximum), !field.below_maximum) << field.path;
    EXPECT_FALSE(IsInRange(field, recipe, std::nextafter(field.maximum, kNoLimit))) << field.path;
  }
}

TEST(RecipeFields, AreExplainedWhereTrainingIs) {
  const std::string page = Read(NASCENT_DOCS "/training.md");
  const std::string table = page.substr(0, page.find("**Schedules**"));
  const auto* recipe = v1::Recipe::descriptor();
  for (int i = 0; i < recipe->field_count(); ++i) {
    const std::string& name = recipe->field(i)->name();
    EXPECT_NE(table.find("| `" + name + "`"), std::string::npos)
        << name << " has no row in docs/training.md";
  }
}

TEST(RecipeFields, StandInTheManualWithTheirRangesAndDefaults) {
  const std::string page = Read(NASCENT_DOCS "/search-file.md");
  const auto scalars = Scalars();
  for (const RecipeField& field : RecipeFields()) {
    std::string path(field.path);
    const bool adamw = path.starts_with("optimizer.adamw.");
    if (adamw) path = "optimizer.adam." + path.substr(path.rfind('.') + 1);
    const std::string cell = Cell(page, path);
    ASSERT_FALSE(cell.empty()) << path << " has no row";
    const FieldDescriptor& descriptor = *scalars.at(std::string(field.path));
    const bool is_number = descriptor.cpp_type() != FieldDescriptor::CPPTYPE_BOOL &&
                           descriptor.cpp_type() != FieldDescriptor::CPPTYPE_ENUM;
    if (is_number) {
      EXPECT_NE(cell.find(Words(field)), std::string::npos)
          << path << ": the page says \"" << cell << "\", the table \"" << Words(field) << "\"";
    }
    std::string marked = adamw && cell.find("`adamw` ") != std::string::npos
                             ? cell.substr(cell.find("`adamw` ") + 8)
                             : cell.substr(cell.rfind("; ") + 2);
    if (is_number) {
      EXPECT_EQ(std::strtod(marked.c_str(), nullptr), field.default_value) << path << ": " << cell;
    } else if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
      EXPECT_TRUE(marked.starts_with(field.default_value != 0 ? "`true`" : "`false`")) << cell;
    } else {
      std::string word =
          descriptor.enum_type()->FindValueByNumber(static_cast<int>(field.default_value))->name();
      word = word.substr(word.find('_') + 1);
      for (char& c : word) c = static_cast<char>(std::tolower(c));
      EXPECT_TRUE(marked.starts_with("`" + word + "`")) << cell;
    }
  }
}

TEST(RecipeFields, StandInTheProtoWithTheirRanges) {
  const std::string proto = Read(NASCENT_PROTO "/nascent/v1/recipe.proto");
  v1::Recipe recipe;
  for (const RecipeField& field : RecipeFields()) {
    const FieldDescriptor& descriptor = *Scalars().at(std::string(field.path));
    if (field.maximum == kNoLimit || descriptor.cpp_type() == FieldDescriptor::CPPTYPE_BOOL ||
        descriptor.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      continue;
    }
    const size_t message = proto.find("message " + descriptor.containing_type()->name() + " {");
    const size_t line = proto.find(" " + descriptor.name() + " = ", message);
    ASSERT_NE(line, std::string::npos) << field.path;
    const size_t before = proto.rfind(';', line);
    const std::string comment = proto.substr(before, line - before);
    std::string range = RangeText(field, recipe);
    if (field.maximum_of != nullptr) range = "[0, " + std::string(field.maximum_name) + "]";
    EXPECT_NE(comment.find(range), std::string::npos)
        << field.path << ": the proto says" << comment << ", the table " << range;
  }
}

}  // namespace
}  // namespace nascent::recipe
