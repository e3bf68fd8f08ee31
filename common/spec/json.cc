#include "common/spec/json.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/spec/message_reader.h"

namespace nascent::spec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Bytes of the UTF-8 sequence at `i`, or 0 where there is none.
size_t SequenceLength(const std::string& text, size_t i) {
  const auto first = static_cast<unsigned char>(text[i]);
  const size_t length = first < 0x80             ? 1
                        : (first & 0xE0) == 0xC0 ? 2
                        : (first & 0xF0) == 0xE0 ? 3
                        : (first & 0xF8) == 0xF0 ? 4
                                                 : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (size_t k = 1; k < length; ++k) {
    if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return 0;
  }
  return length;
}

void WriteText(std::string& out, const std::string& text) {
  out += '"';
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text, i);
    const char letter = text[i];
    if (length == 0) {
      out += "\\ufffd";
      ++i;
      continue;
    }
    if (length > 1) {
      out.append(text, i, length);
    } else if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (letter == '\n') {
      out += "\\n";
    } else if (letter == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(letter));
    } else {
      out += letter;
    }
    i += length;
  }
  out += '"';
}

void NewLine(std::string& out, int indent, int level) {
  if (indent > 0) out.append("\n").append(static_cast<size_t>(indent * level), ' ');
}

Json FromValue(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kBoolValue:
      return value.bool_value();
    case google::protobuf::Value::kNumberValue:
      return value.number_value();
    case google::protobuf::Value::kStringValue:
      return value.string_value();
    case google::protobuf::Value::kListValue: {
      Json list = Json::List();
      for (const auto& item : value.list_value().values()) list.Append(FromValue(item));
      return list;
    }
    case google::protobuf::Value::kStructValue: {
      Json object = Json::Object();
      const auto& fields = value.struct_value().fields();
      const std::map<std::string, google::protobuf::Value> sorted(fields.begin(), fields.end());
      for (const auto& [name, field] : sorted) object.Set(name, FromValue(field));
      return object;
    }
    default:
      return {};
  }
}

// States are the words of the documentation and of SQL; what a search file holds is in lower case.
Json FromEnum(const google::protobuf::EnumValueDescriptor& value) {
  std::string word = EnumWord(value);
  const std::string& type = value.type()->name();
  if (type.ends_with("State")) word = absl::AsciiStrToUpper(word);
  return word;
}

// One value of `field`; `index` -1: it is not repeated.
Json FromField(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& reflection = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return one ? reflection.GetBool(message, &field)
                 : reflection.GetRepeatedBool(message, &field, index);
    case FieldDescriptor::CPPTYPE_INT32:
      return one ? reflection.GetInt32(message, &field)
                 : reflection.GetRepeatedInt32(message, &field, index);
    case FieldDescriptor::CPPTYPE_INT64:
      return one ? reflection.GetInt64(message, &field)
                 : reflection.GetRepeatedInt64(message, &field, index);
    case FieldDescriptor::CPPTYPE_UINT32:
      return uint64_t{one ? reflection.GetUInt32(message, &field)
                          : reflection.GetRepeatedUInt32(message, &field, index)};
    case FieldDescriptor::CPPTYPE_UINT64:
      return one ? reflection.GetUInt64(message, &field)
                 : reflection.GetRepeatedUInt64(message, &field, index);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return one ? reflection.GetDouble(message, &field)
                 : reflection.GetRepeatedDouble(message, &field, index);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return double{one ? reflection.GetFloat(message, &field)
                        : reflection.GetRepeatedFloat(message, &field, index)};
    case FieldDescriptor::CPPTYPE_STRING:
      return one ? reflection.GetString(message, &field)
                 : reflection.GetRepeatedString(message, &field, index);
    case FieldDescriptor::CPPTYPE_ENUM:
      return FromEnum(one ? *reflection.GetEnum(message, &field)
                          : *reflection.GetRepeatedEnum(message, &field, index));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ToJson(one ? reflection.GetMessage(message, &field)
                        : reflection.GetRepeatedMessage(message, &field, index));
  }
  return {};
}

Json FromMap(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor& key_field = *field.message_type()->map_key();
  const FieldDescriptor& value_field = *field.message_type()->map_value();
  std::map<std::string, Json> sorted;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    const std::string key = key_field.cpp_type() == FieldDescriptor::CPPTYPE_STRING
                                ? entry.GetReflection()->GetString(entry, &key_field)
                                : FromField(entry, key_field, -1).Print();
    sorted[key] = FromField(entry, value_field, -1);
  }
  Json object = Json::Object();
  for (auto& [key, value] : sorted) object.Set(key, std::move(value));
  return object;
}

}  // namespace

Json::Json(double value) {
  if (std::isfinite(value)) value_ = value;
}

Json Json::List() {
  Json json;
  json.value_ = Items();
  return json;
}

Json Json::Object() {
  Json json;
  json.value_ = Members();
  return json;
}

Json& Json::Set(std::string name, Json value) {
  std::get<Members>(value_).emplace_back(std::move(name), std::move(value));
  return *this;
}

const Json::Members& Json::members() const {
  static const Members kNone;
  const auto* members = std::get_if<Members>(&value_);
  return members == nullptr ? kNone : *members;
}

Json& Json::Append(Json value) {
  std::get<Items>(value_).push_back(std::move(value));
  return *this;
}

std::string Json::Print(int indent) const {
  std::string out;
  Write(out, indent, 0);
  return out;
}

void Json::Write(std::string& out, int indent, int level) const {
  if (const auto* flag = std::get_if<bool>(&value_)) {
    out += *flag ? "true" : "false";
  } else if (const auto* integer = std::get_if<int64_t>(&value_)) {
    absl::StrAppend(&out, *integer);
  } else if (const auto* natural = std::get_if<uint64_t>(&value_)) {
    absl::StrAppend(&out, *natural);
  } else if (const auto* real = std::get_if<double>(&value_)) {
    char buffer[32];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), *real).ptr);
  } else if (const auto* text = std::get_if<std::string>(&value_)) {
    WriteText(out, *text);
  } else if (const auto* items = std::get_if<Items>(&value_)) {
    out += '[';
    for (size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out += indent > 0 ? "," : ", ";
      NewLine(out, indent, level + 1);
      (*items)[i].Write(out, indent, level + 1);
    }
    if (!items->empty()) NewLine(out, indent, level);
    out += ']';
  } else if (const auto* members = std::get_if<Members>(&value_)) {
    out += '{';
    for (size_t i = 0; i < members->size(); ++i) {
      if (i > 0) out += indent > 0 ? "," : ", ";
      NewLine(out, indent, level + 1);
      WriteText(out, (*members)[i].first);
      out += ": ";
      (*members)[i].second.Write(out, indent, level + 1);
    }
    if (!members->empty()) NewLine(out, indent, level);
    out += '}';
  } else {
    out += "null";
  }
}

Json ToJson(const Message& message) {
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  if (type.full_name() == "google.protobuf.Timestamp") {
    return google::protobuf::util::TimeUtil::ToString(
        static_cast<const google::protobuf::Timestamp&>(message));
  }
  if (type.full_name() == "google.protobuf.Value") {
    return FromValue(static_cast<const google::protobuf::Value&>(message));
  }
  if (type.full_name() == "google.protobuf.ListValue") {
    Json list = Json::List();
    for (const auto& item : static_cast<const google::protobuf::ListValue&>(message).values()) {
      list.Append(FromValue(item));
    }
    return list;
  }
  Json object = Json::Object();
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::sort(fields.begin(), fields.end(),
            [](const auto* a, const auto* b) { return a->index() < b->index(); });
  for (const FieldDescriptor* field : fields) {
    if (field->is_map()) {
      object.Set(field->name(), FromMap(message, *field));
    } else if (field->is_repeated()) {
      Json list = Json::List();
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        list.Append(FromField(message, *field, i));
      }
      object.Set(field->name(), std::move(list));
    } else {
      object.Set(field->name(), FromField(message, *field, -1));
    }
  }
  return object;
}

}  // namespace nascent::spec
