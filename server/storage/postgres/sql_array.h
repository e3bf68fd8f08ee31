// PostgreSQL array literals: how a whole column of values goes to the server as one parameter.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_SQL_ARRAY_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_SQL_ARRAY_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nascent::storage::postgres {

// Builds a one-dimensional array in PostgreSQL's input syntax.
class SqlArray {
 public:
  void Add(int64_t value);
  void Add(int value) { Add(static_cast<int64_t>(value)); }
  void Add(bool value);
  // Keeps every bit of the value.
  void Add(double value);
  void Add(std::string_view text);
  void Add(const std::string& text) { Add(std::string_view(text)); }
  void Add(const char* text) { Add(std::string_view(text)); }
  void AddNull();
  // Adds NULL for an empty text.
  void AddOrNull(std::string_view text);
  // Adds an element of a bytea[].
  void AddBytes(std::string_view bytes);

  // Returns the literal; the array is empty again afterwards.
  std::string Take();
  bool empty() const { return text_.empty(); }

 private:
  void Separate();

  std::string text_;
};

// These return a literal like {1,2,3}.
std::string ArrayOf(const std::vector<int64_t>& values);
std::string ArrayOf(const std::vector<std::string>& values);

// These read the values of an array of whole numbers or texts that the server sent.
std::vector<int64_t> IntegersOf(const char* literal);
std::vector<std::string> TextsOf(const char* literal);

// Returns a bytea parameter like "\x0a1b".
std::string BytesLiteral(std::string_view bytes);

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_SQL_ARRAY_H_
