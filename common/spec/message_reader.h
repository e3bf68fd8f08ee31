// Fills any protobuf message from a document, by reflection.
//
// Names are those of the .proto file. Beyond protobuf's own JSON form a file may be written
// shorter:
//   goal: maximize              an enum value in lower case without its prefix
//   schedule: cosine            a word for a message with a oneof: that member with its defaults
//   log_uniform: [0.01, 0.5]    a list for a message: its fields in number order
//   width: [0.5, 1]             a list for a message whose only field is a list: that list
//   data: fashion-mnist         a word for another message whose first field is a text: that field
//   epochs: 5e1                 a whole number in any form that is one
// google.protobuf.Value, Struct and ListValue are read as what stands there.

#ifndef NASCENT_COMMON_SPEC_MESSAGE_READER_H_
#define NASCENT_COMMON_SPEC_MESSAGE_READER_H_

#include <google/protobuf/message.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/spec/document.h"
#include "common/spec/source_map.h"

namespace nascent::spec {

// Merges `node` into `message` and adds the line of every field to `source`. INVALID_ARGUMENT
// "file:line: field.path: what was found, what is allowed" at the first error; `message` is then
// half filled. `path` is put before the field paths.
absl::Status ReadMessage(const DocumentNode& node, google::protobuf::Message& message,
                         SourceMap& source, std::string_view path = "");

// As ReadMessage, from protobuf's text format.
absl::Status ReadTextFormat(std::string_view text, google::protobuf::Message& message,
                            SourceMap& source);

// `maximize` for GOAL_MAXIMIZE.
std::string EnumWord(const google::protobuf::EnumValueDescriptor& value);

// The words of an enum but the unspecified one.
std::vector<std::string> EnumWords(const google::protobuf::EnumDescriptor& type);

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_MESSAGE_READER_H_
