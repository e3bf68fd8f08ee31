#include "server/storage/postgres/sql_array.h"

#include <charconv>
#include <pqxx/pqxx>

namespace nascent::storage::postgres {
namespace {

void AppendHex(std::string_view bytes, std::string& text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const char byte : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(byte) & 15]);
  }
}

template <typename Number>
void AppendNumber(Number value, std::string& text) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  text.append(buffer, end);
}

}  // namespace

void SqlArray::Separate() { text_.push_back(text_.empty() ? '{' : ','); }

void SqlArray::Add(int64_t value) {
  Separate();
  AppendNumber(value, text_);
}

void SqlArray::Add(bool value) {
  Separate();
  text_.push_back(value ? 't' : 'f');
}

void SqlArray::Add(double value) {
  Separate();
  AppendNumber(value, text_);
}

void SqlArray::Add(std::string_view text) {
  Separate();
  text_.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') text_.push_back('\\');
    text_.push_back(c);
  }
  text_.push_back('"');
}

void SqlArray::AddNull() {
  Separate();
  text_.append("NULL");
}

void SqlArray::AddOrNull(std::string_view text) {
  if (text.empty()) {
    AddNull();
  } else {
    Add(text);
  }
}

void SqlArray::AddBytes(std::string_view bytes) {
  Separate();
  text_.append("\"\\\\x");
  AppendHex(bytes, text_);
  text_.push_back('"');
}

std::string SqlArray::Take() {
  if (text_.empty()) text_.push_back('{');
  text_.push_back('}');
  return std::exchange(text_, {});
}

std::string ArrayOf(const std::vector<int64_t>& values) {
  SqlArray array;
  for (const int64_t value : values) array.Add(value);
  return array.Take();
}

std::string ArrayOf(const std::vector<std::string>& values) {
  SqlArray array;
  for (const std::string& value : values) array.Add(value);
  return array.Take();
}

std::vector<std::string> TextsOf(const char* literal) {
  std::vector<std::string> values;
  pqxx::array_parser parser(literal);
  for (auto next = parser.get_next(); next.first != pqxx::array_parser::done;
       next = parser.get_next()) {
    if (next.first == pqxx::array_parser::string_value) values.push_back(next.second);
  }
  return values;
}

std::vector<int64_t> IntegersOf(const char* literal) {
  std::vector<int64_t> values;
  for (const std::string& text : TextsOf(literal)) {
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    values.push_back(value);
  }
  return values;
}

std::string BytesLiteral(std::string_view bytes) {
  std::string text = "\\x";
  text.reserve(2 + 2 * bytes.size());
  AppendHex(bytes, text);
  return text;
}

}  // namespace nascent::storage::postgres
