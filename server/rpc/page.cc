#include "server/rpc/page.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/field_error.h"

namespace nascent::rpc {

absl::Status ReadPageToken(const std::string& token, int64_t& last) {
  if (token.empty()) return absl::OkStatus();
  if (absl::SimpleAtoi(token, &last) && last > 0) return absl::OkStatus();
  return FieldError("page_token", absl::StrCat("\"", token.substr(0, 32), "\""),
                    "the token of the last answer");
}

absl::Status ReadPageSize(int given, int most, int fallback, int& size) {
  size = given == 0 ? fallback : given;
  if (size >= 1 && size <= most) return absl::OkStatus();
  return FieldError("page_size", given, absl::StrCat("[1, ", most, "]"));
}

}  // namespace nascent::rpc
