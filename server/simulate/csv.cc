#include "server/simulate/csv.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace nascent::simulate {
namespace {

class Reader {
 public:
  Reader(std::string_view text, std::string_view file_name) : text_(text), file_name_(file_name) {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
  }

  absl::StatusOr<std::vector<CsvRecord>> Read() {
    std::vector<CsvRecord> records;
    while (at_ < text_.size()) {
      CsvRecord record;
      record.line = line_;
      NASCENT_RETURN_IF_ERROR(ReadRecord(record));
      if (record.fields.size() > 1 || !record.fields.front().empty()) {
        records.push_back(std::move(record));
      }
    }
    return records;
  }

 private:
  absl::Status Error(int line, std::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(file_name_), ":", line, ": ", std::string(what)));
  }

  absl::Status ReadRecord(CsvRecord& record) {
    while (true) {
      std::string& field = record.fields.emplace_back();
      if (at_ < text_.size() && text_[at_] == '"') {
        NASCENT_RETURN_IF_ERROR(ReadQuoted(field));
      } else {
        const size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
        field = std::string(text_.substr(at_, end - at_));
        at_ = end;
      }
      if (at_ == text_.size()) return absl::OkStatus();
      const char next = text_[at_++];
      if (next == ',') continue;
      if (next == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
      ++line_;
      return absl::OkStatus();
    }
  }

  absl::Status ReadQuoted(std::string& field) {
    const int opened = line_;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '"') {
        if (text_[at_] == '\n') ++line_;
        field += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        field += text_[at_++];
      } else {
        ++at_;
        if (at_ < text_.size() && text_.substr(at_, 1).find_first_of(",\r\n") != 0) {
          return Error(line_, "text behind a closing quote");
        }
        return absl::OkStatus();
      }
    }
    return Error(opened, "a quote that is not closed");
  }

  std::string_view text_;
  const std::string_view file_name_;
  size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

absl::StatusOr<std::vector<CsvRecord>> ParseCsv(std::string_view text, std::string_view file_name) {
  return Reader(text, file_name).Read();
}

}  // namespace nascent::simulate
