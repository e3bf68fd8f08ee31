#include "common/spec/message_text.h"

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/text/utf8.h"

namespace nascent::spec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsSound(std::string_view text) {
  return text.find('\0') == std::string_view::npos && text::IsUtf8(text);
}

std::string Escaped(const std::string& text) {
  constexpr size_t kMostShown = 60;
  const bool cut = text.size() > kMostShown;
  return absl::StrCat(absl::CHexEscape(text.substr(0, kMostShown)), cut ? "…" : "");
}

// Settings are written without the names that google.protobuf.Value gives its parts.
bool IsUnnamed(const FieldDescriptor& field) {
  return field.containing_type()->file()->name() == "google/protobuf/struct.proto";
}

std::string PathOf(const std::string& path, const FieldDescriptor& field) {
  if (IsUnnamed(field)) return path;
  return absl::StrCat(path, path.empty() ? "" : ".", field.name());
}

absl::Status CheckText(const std::string& text, const std::string& path) {
  if (IsSound(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": found \"", Escaped(text), "\", which is no UTF-8 text"));
}

absl::Status Check(const Message& message, const std::string& path);

// An entry of a map: its key is part of the path.
absl::Status CheckEntry(const Message& entry, const std::string& path) {
  const Reflection& reflection = *entry.GetReflection();
  const FieldDescriptor& key = *entry.GetDescriptor()->map_key();
  const FieldDescriptor& value = *entry.GetDescriptor()->map_value();
  std::string inside = path;
  if (key.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    const std::string name = reflection.GetString(entry, &key);
    inside = absl::StrCat(path, path.empty() ? "" : ".", Escaped(name));
    if (!IsSound(name)) {
      return absl::InvalidArgumentError(absl::StrCat(path, path.empty() ? "" : ": ",
                                                     "found the name \"", Escaped(name),
                                                     "\", which is no UTF-8 text"));
    }
  }
  if (value.type() == FieldDescriptor::TYPE_STRING) {
    return CheckText(reflection.GetString(entry, &value), inside);
  }
  if (value.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return absl::OkStatus();
  return Check(reflection.GetMessage(entry, &value), inside);
}

absl::Status Check(const Message& message, const std::string& path) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool text = field->type() == FieldDescriptor::TYPE_STRING;
    if (!text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string field_path = PathOf(path, *field);
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      absl::Status status;
      if (field->is_map()) {
        status = CheckEntry(reflection.GetRepeatedMessage(message, field, i), field_path);
      } else if (field->is_repeated()) {
        const std::string item = absl::StrCat(field_path, "[", i, "]");
        status = text ? CheckText(reflection.GetRepeatedString(message, field, i), item)
                      : Check(reflection.GetRepeatedMessage(message, field, i), item);
      } else {
        status = text ? CheckText(reflection.GetString(message, field), field_path)
                      : Check(reflection.GetMessage(message, field), field_path);
      }
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTexts(const Message& message) { return Check(message, ""); }

}  // namespace nascent::spec
