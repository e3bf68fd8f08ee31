#include "common/spec/message_json.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/spec/message_reader.h"

namespace nascent::spec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

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
