// Reading of CSV (RFC 4180) as it comes, row by row: the bytes may arrive in any pieces, and no
// more than a row of them is kept.

#ifndef NASCENT_COMMON_DATA_TABLE_CSV_READER_H_
#define NASCENT_COMMON_DATA_TABLE_CSV_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace nascent::data {

// Takes the fields of one row, which begins in line `line` of the text (from 1). An error ends the
// reading.
using TakeCsvRow = std::function<absl::Status(int64_t line, std::span<const std::string> fields)>;

// Fields may stand in double quotes, and then hold separators, line ends and doubled quotes; spaces
// around a field do not belong to it. Lines end in LF, CRLF or CR; those with nothing in them are
// left out. A byte order mark is left out. Text is UTF-8. Errors are INVALID_ARGUMENT and begin
// with the line: "12: …".
class CsvReader {
 public:
  CsvReader(char separator, TakeCsvRow take);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // After an error all further calls give the same one.
  absl::Status Feed(std::string_view bytes);
  // The text has ended; the last row may lack its line end.
  absl::Status Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of comma, semicolon and tab the one that stands most often in the first row outside of quotes;
// a comma where none does.
char DetectSeparator(std::string_view start);

// Reads a file, compressed with gzip or not. `separator` 0: the one that is detected. Errors begin
// with path and line: "customers.csv:12: …". NOT_FOUND: no such file.
absl::Status ReadCsvFile(const std::string& path, char separator, const TakeCsvRow& take);

}  // namespace nascent::data

#endif  // NASCENT_COMMON_DATA_TABLE_CSV_READER_H_
