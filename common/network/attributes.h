// The attributes of an operation: a small map from names to values that is cheap to copy.

#ifndef NASCENT_COMMON_NETWORK_ATTRIBUTES_H_
#define NASCENT_COMMON_NETWORK_ATTRIBUTES_H_

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace nascent::network {

using Attribute = std::variant<int64_t, double, bool, std::string, std::vector<int64_t>>;

// Sorted by name. Copies share their content until one is written to, so that the thousands of
// nodes of a network cost no allocation each. A reference from operator[] ends with the next copy
// or write.
class Attributes {
 public:
  using value_type = std::pair<std::string, Attribute>;
  using const_iterator = std::vector<value_type>::const_iterator;

  Attributes() = default;
  Attributes(std::initializer_list<value_type> values);

  const_iterator begin() const { return items().begin(); }
  const_iterator end() const { return items().end(); }
  size_t size() const { return items().size(); }
  bool empty() const { return items().empty(); }

  const_iterator find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != end(); }
  // CHECKs that the name is there.
  const Attribute& at(std::string_view name) const;

  Attribute& operator[](std::string_view name);
  // Removes the name; whether it was there.
  bool erase(std::string_view name);

  // Equal addresses mean equal content; unequal ones say nothing.
  const void* identity() const { return content_.get(); }
  // Of names and values, the same on every platform; computed once for all copies.
  uint64_t Hash() const;

  bool operator==(const Attributes& other) const {
    return content_ == other.content_ || items() == other.items();
  }

 private:
  struct Content {
    std::vector<value_type> items;
    std::atomic<uint64_t> hash{0};  // 0: not yet computed
  };

  const std::vector<value_type>& items() const;
  std::vector<value_type>& Own();  // the items, shared with nobody

  std::shared_ptr<Content> content_;  // null: none
};

// The value of an attribute that is known to be there and to have that type (see Complete); CHECKs.
int64_t IntegerOf(const Attributes& attributes, std::string_view name);
double RealOf(const Attributes& attributes, std::string_view name);
bool FlagOf(const Attributes& attributes, std::string_view name);
const std::string& TextOf(const Attributes& attributes, std::string_view name);
const std::vector<int64_t>& IntegersOf(const Attributes& attributes, std::string_view name);

// As a person writes it: 3, 0.1, true, text, [1, 7].
std::string ToText(const Attribute& value);

}  // namespace nascent::network

#endif  // NASCENT_COMMON_NETWORK_ATTRIBUTES_H_
