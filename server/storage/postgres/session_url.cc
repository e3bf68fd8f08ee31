#include "server/storage/postgres/session_url.h"

#include <libpq-fe.h>

#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/database_url.h"

namespace nascent::storage::postgres {
namespace {

// By libpq's names; docs/operating.md lists them.
const std::map<std::string, std::string>& Limits() {
  static const auto* const limits = new std::map<std::string, std::string>{
      {"connect_timeout", "5"}, {"tcp_user_timeout", "5000"}, {"keepalives", "1"},
      {"keepalives_idle", "5"}, {"keepalives_interval", "2"}, {"keepalives_count", "3"},
  };
  return *limits;
}

std::string Word(const std::string& key, const std::string& value) {
  return absl::StrCat(key, "='", absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"'", "\\'"}}), "' ");
}

}  // namespace

absl::StatusOr<std::string> SessionUrl(const std::string& url) {
  char* trouble = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &trouble), &PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> message(trouble, &PQfreemem);
  if (options == nullptr) {
    return absl::InvalidArgumentError(
        DatabaseUrlTrouble(message != nullptr ? message.get() : "no memory"));
  }
  std::map<std::string, std::string> words = Limits();
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) words[option->keyword] = option->val;
  }
  if (words["host"].find(',') != std::string::npos ||
      words["hostaddr"].find(',') != std::string::npos) {
    words.emplace("target_session_attrs", "read-write");
  }
  std::string session;
  for (const auto& [key, value] : words) {
    if (!value.empty()) session += Word(key, value);
  }
  return session;
}

}  // namespace nascent::storage::postgres
