// What may be said of a database's URL, which may hold a password.

#ifndef NASCENT_COMMON_DATABASE_URL_H_
#define NASCENT_COMMON_DATABASE_URL_H_

#include <string>
#include <string_view>

namespace nascent {

// Says what is wrong with a URL that libpq could not read, from libpq's `message` but without
// anything of the URL, which libpq quotes after a colon or in quotation marks.
inline std::string DatabaseUrlTrouble(std::string_view message) {
  const std::string_view kind = message.substr(0, message.find_first_of(":\""));
  return std::string("the database URL can't be read (") + std::string(kind) +
         "), allowed postgresql://USER@HOST:PORT/DATABASE or key=value …, with % in names and "
         "passwords written as %25";
}

}  // namespace nascent

#endif  // NASCENT_COMMON_DATABASE_URL_H_
