// JSON as programs get it from us: names in the order in which they were added, whole numbers as
// they are, reals in the shortest form that reads back as the same number.

#ifndef NASCENT_COMMON_SPEC_JSON_H_
#define NASCENT_COMMON_SPEC_JSON_H_

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nascent::spec {

class Json {
 public:
  Json() = default;  // null
  Json(bool value) : value_(value) {}
  Json(int value) : value_(int64_t{value}) {}
  Json(int64_t value) : value_(value) {}
  Json(uint64_t value) : value_(value) {}
  // What is not finite is null: JSON has no word for it.
  Json(double value);
  Json(std::string value) : value_(std::move(value)) {}
  Json(const char* value) : value_(std::string(value)) {}

  static Json List();
  static Json Object();

  // Of an object: adds a member. Gives the object, so that calls can be chained.
  Json& Set(std::string name, Json value);
  // Of a list.
  Json& Append(Json value);

  // Of an object: its members in order; of anything else: none.
  const std::vector<std::pair<std::string, Json>>& members() const;

  // `indent` 0: one line, without a line feed at the end; else spaces per level. Text that is not
  // UTF-8 is replaced where it is not.
  std::string Print(int indent = 0) const;

 private:
  using Items = std::vector<Json>;
  using Members = std::vector<std::pair<std::string, Json>>;

  void Write(std::string& out, int indent, int level) const;

  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Items, Members> value_;
};

// A message with the names of its .proto file; fields that are unset are absent, enum values are
// words
// (`maximize`; states, kinds of failure and the like are in capitals: `SUCCEEDED`), times are RFC
// 3339 in UTC. A search file may be written so.
Json ToJson(const google::protobuf::Message& message);

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_JSON_H_
