// JSON as programs get it from us: names in the order in which they were added, whole numbers as
// they are (beyond 2^53 in quotes, as most readers would round them), reals in a short form that
// reads back as the same number. The text is nlohmann's; this page keeps that library's header out
// of those who only print.

#ifndef NASCENT_COMMON_SPEC_JSON_H_
#define NASCENT_COMMON_SPEC_JSON_H_

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace nascent::spec {

class Json {
 public:
  Json();  // null
  Json(bool value);
  Json(int value);
  Json(int64_t value);
  Json(uint64_t value);
  // Makes null of what is not finite: JSON has no word for it.
  Json(double value);
  Json(std::string value);
  Json(const char* value);

  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  static Json List();
  static Json Object();

  // Sets a member of an object and gives the object, so that calls can be chained. Of equal names
  // the last value counts.
  Json& Set(const std::string& name, Json value);
  // Adds to the end of a list and gives the list.
  Json& Append(Json value);

  // Returns an object's members in order; of anything else, none.
  std::vector<std::pair<std::string, Json>> members() const;

  // Returns what a text says; of anything else, null. It lives as long as this value.
  const std::string* text() const;

  // Returns the whole as JSON. `indent` 0: on one line, without a line feed at the end; else with
  // as many spaces per level. What is not UTF-8 in a text is replaced by U+FFFD.
  std::string Print(int indent = 0) const;

 private:
  explicit Json(nlohmann::ordered_json value);

  std::unique_ptr<nlohmann::ordered_json> value_;  // never null but after a move
};

}  // namespace nascent::spec

#endif  // NASCENT_COMMON_SPEC_JSON_H_
