#include "common/network/attributes.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/network/mix.h"

namespace nascent::network {
namespace {

template <typename T>
const T& Get(const Attributes& attributes, std::string_view name) {
  const T* value = std::get_if<T>(&attributes.at(name));
  if (value == nullptr) {
    std::fprintf(stderr, "attribute %.*s has another type\n", static_cast<int>(name.size()),
                 name.data());
    std::abort();
  }
  return *value;
}

uint64_t HashOf(const Attribute& value) {
  struct Visitor {
    uint64_t operator()(int64_t v) const { return static_cast<uint64_t>(v); }
    uint64_t operator()(double v) const { return std::bit_cast<uint64_t>(v); }
    uint64_t operator()(bool v) const { return v ? 1 : 0; }
    uint64_t operator()(const std::string& v) const { return HashText(v); }
    uint64_t operator()(const std::vector<int64_t>& v) const {
      uint64_t hash = v.size();
      for (int64_t number : v) hash = Mix(hash, static_cast<uint64_t>(number));
      return hash;
    }
  };
  return Mix(value.index(), std::visit(Visitor(), value));
}

bool NameIsLess(const Attributes::value_type& item, std::string_view name) {
  return item.first < name;
}

}  // namespace

Attributes::Attributes(std::initializer_list<value_type> values) {
  for (const value_type& item : values) (*this)[item.first] = item.second;
}

const std::vector<Attributes::value_type>& Attributes::items() const {
  static const auto* const kNone = new std::vector<value_type>();
  return content_ == nullptr ? *kNone : content_->items;
}

std::vector<Attributes::value_type>& Attributes::Own() {
  if (content_ == nullptr) {
    content_ = std::make_shared<Content>();
  } else if (content_.use_count() > 1) {
    auto copy = std::make_shared<Content>();
    copy->items = content_->items;
    content_ = std::move(copy);
  }
  content_->hash.store(0, std::memory_order_relaxed);
  return content_->items;
}

uint64_t Attributes::Hash() const {
  if (content_ == nullptr) return 1;
  uint64_t hash = content_->hash.load(std::memory_order_relaxed);
  if (hash != 0) return hash;
  hash = 1;
  for (const auto& [name, value] : content_->items) {
    hash = Mix(Mix(hash, HashText(name)), HashOf(value));
  }
  content_->hash.store(hash, std::memory_order_relaxed);
  return hash;
}

Attributes::const_iterator Attributes::find(std::string_view name) const {
  const auto found = std::lower_bound(begin(), end(), name, NameIsLess);
  return found != end() && found->first == name ? found : end();
}

const Attribute& Attributes::at(std::string_view name) const {
  const auto found = find(name);
  if (found == end()) {
    std::fprintf(stderr, "no attribute %.*s\n", static_cast<int>(name.size()), name.data());
    std::abort();
  }
  return found->second;
}

Attribute& Attributes::operator[](std::string_view name) {
  auto& own = Own();
  auto found = std::lower_bound(own.begin(), own.end(), name, NameIsLess);
  if (found == own.end() || found->first != name) {
    found = own.emplace(found, std::string(name), Attribute());
  }
  return found->second;
}

bool Attributes::erase(std::string_view name) {
  if (!contains(name)) return false;
  auto& own = Own();
  own.erase(std::lower_bound(own.begin(), own.end(), name, NameIsLess));
  return true;
}

int64_t IntegerOf(const Attributes& attributes, std::string_view name) {
  return Get<int64_t>(attributes, name);
}
double RealOf(const Attributes& attributes, std::string_view name) {
  return Get<double>(attributes, name);
}
bool FlagOf(const Attributes& attributes, std::string_view name) {
  return Get<bool>(attributes, name);
}
const std::string& TextOf(const Attributes& attributes, std::string_view name) {
  return Get<std::string>(attributes, name);
}
const std::vector<int64_t>& IntegersOf(const Attributes& attributes, std::string_view name) {
  return Get<std::vector<int64_t>>(attributes, name);
}

std::string ToText(const Attribute& value) {
  struct Visitor {
    std::string operator()(int64_t v) const { return absl::StrCat(v); }
    std::string operator()(double v) const { return absl::StrCat(v); }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const std::vector<int64_t>& v) const {
      return absl::StrCat("[", absl::StrJoin(v, ", "), "]");
    }
  };
  return std::visit(Visitor(), value);
}

}  // namespace nascent::network
