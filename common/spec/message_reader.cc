#include "common/spec/message_reader.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/spec/scalars.h"
#include "common/spec/suggest.h"

namespace nascent::spec {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

std::string Join(const std::string& path, const std::string& name) {
  return path.empty() ? name : absl::StrCat(path, ".", name);
}

// The value that sets a field which has a presence but nothing written: `schedule: cosine`.
const DocumentNode& EmptyMap() {
  static const DocumentNode* const node = [] {
    auto* made = new DocumentNode;
    made->kind = DocumentNode::Kind::kMap;
    return made;
  }();
  return *node;
}

const OneofDescriptor* OnlyOneof(const Descriptor& type) {
  return type.real_oneof_decl_count() == 1 ? type.oneof_decl(0) : nullptr;
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

std::vector<std::string> MemberNames(const OneofDescriptor& oneof) {
  std::vector<std::string> names;
  for (int i = 0; i < oneof.field_count(); ++i) names.push_back(oneof.field(i)->name());
  return names;
}

const EnumValueDescriptor* FindEnumValue(const EnumDescriptor& type, const std::string& word) {
  for (int i = 0; i < type.value_count(); ++i) {
    if (word == EnumWord(*type.value(i)) || word == type.value(i)->name()) return type.value(i);
  }
  return nullptr;
}

class MessageReader {
 public:
  explicit MessageReader(SourceMap& source) : source_(source) {}

  absl::Status Read(const DocumentNode& node, Message& message, const std::string& path) {
    const Descriptor& type = *message.GetDescriptor();
    if (type.full_name() == "google.protobuf.Value") {
      message.CopyFrom(ToValue(node));
      return absl::OkStatus();
    }
    if (type.full_name() == "google.protobuf.ListValue") {
      if (node.kind != DocumentNode::Kind::kList) return Wrong(node, path, "a list");
      message.CopyFrom(ToValue(node).list_value());
      return absl::OkStatus();
    }
    if (type.full_name() == "google.protobuf.Struct") {
      if (node.kind != DocumentNode::Kind::kMap) return Wrong(node, path, "a map");
      message.CopyFrom(ToValue(node).struct_value());
      return absl::OkStatus();
    }
    switch (node.kind) {
      case DocumentNode::Kind::kMap:
        return ReadFields(node, message, path);
      case DocumentNode::Kind::kList:
        return ReadInOrder(node, message, path);
      case DocumentNode::Kind::kScalar:
        return ReadWord(node, message, path);
      case DocumentNode::Kind::kNull:
        return absl::OkStatus();
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ErrorAt(int line, const std::string& path, const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrCat(source_.file_name(), ":", std::max(line, 1),
                                                   ": ", path, path.empty() ? "" : ": ", what));
  }

  absl::Status Wrong(const DocumentNode& node, const std::string& path,
                     const std::string& allowed) const {
    return ErrorAt(node.line, path, absl::StrCat("found ", Describe(node), ", expected ", allowed));
  }

  absl::Status ReadFields(const DocumentNode& node, Message& message, const std::string& path) {
    const Descriptor& type = *message.GetDescriptor();
    const Reflection& reflection = *message.GetReflection();
    for (const DocumentNode::Entry& entry : node.entries) {
      const FieldDescriptor* field = type.FindFieldByName(entry.key);
      if (field == nullptr) field = type.FindFieldByCamelcaseName(entry.key);
      if (field == nullptr) {
        const std::vector<std::string> names = FieldNames(type);
        return ErrorAt(entry.line, Join(path, entry.key),
                       absl::StrCat("no such field", DidYouMean(entry.key, names),
                                    names.empty() ? std::string("; none is allowed here")
                                                  : absl::StrCat("; allowed are ",
                                                                 absl::StrJoin(names, ", "))));
      }
      const std::string field_path = Join(path, field->name());
      const OneofDescriptor* oneof = field->real_containing_oneof();
      if (oneof != nullptr && reflection.HasOneof(message, oneof)) {
        const FieldDescriptor* set = reflection.GetOneofFieldDescriptor(message, oneof);
        return ErrorAt(entry.line, field_path,
                       absl::StrCat("found beside \"", set->name(), "\", only one of ",
                                    absl::StrJoin(MemberNames(*oneof), ", "), " is allowed"));
      }
      source_.Add(field_path, entry.line);
      const absl::Status status = ReadField(*entry.value, message, *field, field_path);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadInOrder(const DocumentNode& node, Message& message, const std::string& path) {
    const Descriptor& type = *message.GetDescriptor();
    if (type.field_count() == 1 && type.field(0)->is_repeated() && !type.field(0)->is_map()) {
      return ReadField(node, message, *type.field(0), path);
    }
    if (type.real_oneof_decl_count() > 0) return Wrong(node, path, Expected(type));
    std::vector<const FieldDescriptor*> fields;
    for (int i = 0; i < type.field_count(); ++i) fields.push_back(type.field(i));
    std::sort(fields.begin(), fields.end(),
              [](const auto* a, const auto* b) { return a->number() < b->number(); });
    std::vector<std::string> names;
    for (const FieldDescriptor* field : fields) names.push_back(field->name());
    if (node.items.size() != fields.size()) {
      return Wrong(node, path,
                   absl::StrCat("[", absl::StrJoin(names, ", "), "] or a map with these names"));
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      const std::string field_path = Join(path, fields[i]->name());
      source_.Add(field_path, node.items[i]->line);
      const absl::Status status = ReadField(*node.items[i], message, *fields[i], field_path);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadWord(const DocumentNode& node, Message& message, const std::string& path) {
    const Descriptor& type = *message.GetDescriptor();
    if (const OneofDescriptor* oneof = OnlyOneof(type)) {
      const FieldDescriptor* member = type.FindFieldByName(node.text);
      if (member == nullptr || member->real_containing_oneof() != oneof ||
          member->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        return ErrorAt(
            node.line, path,
            absl::StrCat("found ", Describe(node), DidYouMean(node.text, MemberNames(*oneof)),
                         "; allowed are ", absl::StrJoin(MemberNames(*oneof), ", ")));
      }
      return ReadField(EmptyMap(), message, *member, Join(path, member->name()));
    }
    if (type.field_count() > 0 && type.field(0)->cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
        !type.field(0)->is_repeated()) {
      const std::string field_path = Join(path, type.field(0)->name());
      source_.Add(field_path, node.line);
      return ReadField(node, message, *type.field(0), field_path);
    }
    return Wrong(node, path, Expected(type));
  }

  static std::string Expected(const Descriptor& type) {
    return absl::StrCat("a map with ", absl::StrJoin(FieldNames(type), ", "));
  }

  absl::Status ReadField(const DocumentNode& node, Message& message, const FieldDescriptor& field,
                         const std::string& path) {
    if (field.is_map()) return ReadMap(node, message, field, path);
    if (field.is_repeated()) {
      if (node.kind == DocumentNode::Kind::kNull) return absl::OkStatus();
      if (node.kind != DocumentNode::Kind::kList) return Wrong(node, path, "a list");
      for (size_t i = 0; i < node.items.size(); ++i) {
        const std::string item_path = absl::StrCat(path, "[", i, "]");
        source_.Add(item_path, node.items[i]->line);
        const absl::Status status = ReadOne(*node.items[i], message, field, item_path);
        if (!status.ok()) return status;
      }
      return absl::OkStatus();
    }
    // `recipe:` with nothing after it leaves the field unset, as in JSON.
    if (node.kind == DocumentNode::Kind::kNull) return absl::OkStatus();
    return ReadOne(node, message, field, path);
  }

  absl::Status ReadMap(const DocumentNode& node, Message& message, const FieldDescriptor& field,
                       const std::string& path) {
    if (node.kind == DocumentNode::Kind::kNull) return absl::OkStatus();
    if (node.kind != DocumentNode::Kind::kMap) return Wrong(node, path, "a map");
    const FieldDescriptor& key_field = *field.message_type()->map_key();
    const FieldDescriptor& value_field = *field.message_type()->map_value();
    for (const DocumentNode::Entry& entry : node.entries) {
      const std::string entry_path = Join(path, entry.key);
      source_.Add(entry_path, entry.line);
      Message* added = message.GetReflection()->AddMessage(&message, &field);
      DocumentNode key;
      key.kind = DocumentNode::Kind::kScalar;
      key.line = entry.line;
      key.text = entry.key;
      absl::Status status = ReadOne(key, *added, key_field, entry_path);
      if (status.ok()) status = ReadOne(*entry.value, *added, value_field, entry_path);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // One value: the field's, or one more of a repeated field.
  absl::Status ReadOne(const DocumentNode& node, Message& message, const FieldDescriptor& field,
                       const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    const bool add = field.is_repeated();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Message* child = add ? reflection.AddMessage(&message, &field)
                           : reflection.MutableMessage(&message, &field);
      return Read(node, *child, path);
    }
    const bool scalar = node.kind == DocumentNode::Kind::kScalar;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: {
        const auto value = scalar ? ParseFlag(node.text) : std::nullopt;
        if (!value) return Wrong(node, path, "true or false");
        add ? reflection.AddBool(&message, &field, *value)
            : reflection.SetBool(&message, &field, *value);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT: {
        const auto value = scalar ? ParseReal(node.text) : std::nullopt;
        if (!value) return Wrong(node, path, "a number");
        SetReal(message, field, *value);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_INT32: {
        constexpr int64_t kLow = std::numeric_limits<int32_t>::min();
        constexpr int64_t kHigh = std::numeric_limits<int32_t>::max();
        const auto value = scalar ? ParseInteger(node.text) : std::nullopt;
        if (!value || *value < kLow || *value > kHigh) {
          return Wrong(node, path, absl::StrCat("a whole number in [", kLow, ", ", kHigh, "]"));
        }
        add ? reflection.AddInt32(&message, &field, static_cast<int32_t>(*value))
            : reflection.SetInt32(&message, &field, static_cast<int32_t>(*value));
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        const auto value = scalar ? ParseInteger(node.text) : std::nullopt;
        if (!value) return Wrong(node, path, "a whole number of at most 64 bits");
        add ? reflection.AddInt64(&message, &field, *value)
            : reflection.SetInt64(&message, &field, *value);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        constexpr uint64_t kHigh = std::numeric_limits<uint32_t>::max();
        const auto value = scalar ? ParseUnsigned(node.text) : std::nullopt;
        if (!value || *value > kHigh) {
          return Wrong(node, path, absl::StrCat("a whole number in [0, ", kHigh, "]"));
        }
        add ? reflection.AddUInt32(&message, &field, static_cast<uint32_t>(*value))
            : reflection.SetUInt32(&message, &field, static_cast<uint32_t>(*value));
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_UINT64: {
        const auto value = scalar ? ParseUnsigned(node.text) : std::nullopt;
        if (!value) return Wrong(node, path, "a whole number of at least 0 and at most 64 bits");
        add ? reflection.AddUInt64(&message, &field, *value)
            : reflection.SetUInt64(&message, &field, *value);
        return absl::OkStatus();
      }
      case FieldDescriptor::CPPTYPE_STRING:
        if (!scalar) return Wrong(node, path, "a text");
        add ? reflection.AddString(&message, &field, node.text)
            : reflection.SetString(&message, &field, node.text);
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_ENUM:
        return ReadEnum(node, message, field, path);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    return absl::OkStatus();
  }

  static void SetReal(Message& message, const FieldDescriptor& field, double value) {
    const Reflection& reflection = *message.GetReflection();
    const bool add = field.is_repeated();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
      add ? reflection.AddFloat(&message, &field, static_cast<float>(value))
          : reflection.SetFloat(&message, &field, static_cast<float>(value));
      return;
    }
    add ? reflection.AddDouble(&message, &field, value)
        : reflection.SetDouble(&message, &field, value);
  }

  absl::Status ReadEnum(const DocumentNode& node, Message& message, const FieldDescriptor& field,
                        const std::string& path) const {
    const EnumDescriptor& type = *field.enum_type();
    const std::vector<std::string> words = EnumWords(type);
    const EnumValueDescriptor* value =
        node.kind == DocumentNode::Kind::kScalar ? FindEnumValue(type, node.text) : nullptr;
    if (value == nullptr) {
      return ErrorAt(node.line, path,
                     absl::StrCat("found ", Describe(node), DidYouMean(node.text, words),
                                  "; allowed are ", absl::StrJoin(words, ", ")));
    }
    const Reflection& reflection = *message.GetReflection();
    field.is_repeated() ? reflection.AddEnum(&message, &field, value)
                        : reflection.SetEnum(&message, &field, value);
    return absl::OkStatus();
  }

  SourceMap& source_;
};

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber, const std::string& text) override {
    if (what.empty()) {
      at = line + 1;
      what = text;
    }
  }
  int at = 0;
  std::string what;
};

// Walks what the text parser noted of the places.
void AddLocations(const Message& message, const google::protobuf::TextFormat::ParseInfoTree& tree,
                  const std::string& path, SourceMap& source) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const int index = field->is_repeated() ? i : -1;
      const std::string field_path = field->is_repeated() && !field->is_map()
                                         ? absl::StrCat(Join(path, field->name()), "[", i, "]")
                                         : Join(path, field->name());
      source.Add(field_path, tree.GetLocation(field, index).line + 1);
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
      const auto* nested = tree.GetTreeForNested(field, index);
      if (nested == nullptr) continue;
      AddLocations(field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                        : reflection.GetMessage(message, field),
                   *nested, field_path, source);
    }
  }
}

}  // namespace

std::string EnumWord(const EnumValueDescriptor& value) {
  // GOAL_MAXIMIZE of the enum Goal.
  std::string prefix;
  for (const char letter : value.type()->name()) {
    if (absl::ascii_isupper(static_cast<unsigned char>(letter)) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(static_cast<unsigned char>(letter));
  }
  prefix += '_';
  std::string_view name = value.name();
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  return absl::AsciiStrToLower(absl::string_view(name.data(), name.size()));
}

std::vector<std::string> EnumWords(const EnumDescriptor& type) {
  std::vector<std::string> words;
  for (int i = 0; i < type.value_count(); ++i) {
    std::string word = EnumWord(*type.value(i));
    if (word != "unspecified") words.push_back(std::move(word));
  }
  return words;
}

absl::Status ReadMessage(const DocumentNode& node, Message& message, SourceMap& source,
                         std::string_view path) {
  return MessageReader(source).Read(node, message, std::string(path));
}

absl::Status ReadTextFormat(std::string_view text, Message& message, SourceMap& source) {
  google::protobuf::TextFormat::Parser parser;
  google::protobuf::TextFormat::ParseInfoTree places;
  FirstError error;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(&places);
  parser.SetRecursionLimit(DocumentLimits().depth);
  if (!parser.ParseFromString(std::string(text), &message)) {
    return absl::InvalidArgumentError(absl::StrCat(source.file_name(), ":", std::max(error.at, 1),
                                                   ": not the text format: ", error.what));
  }
  AddLocations(message, places, "", source);
  return absl::OkStatus();
}

}  // namespace nascent::spec
