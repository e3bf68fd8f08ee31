// The database's schema, in numbered steps that are part of the program.

#ifndef NASCENT_SERVER_STORAGE_MIGRATIONS_H_
#define NASCENT_SERVER_STORAGE_MIGRATIONS_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nascent::storage {

struct Migration {
  int number = 0;  // from 1, dense
  std::string_view name;
  std::string_view sql;
};

// In order.
std::span<const Migration> AllMigrations();

// Brings the database behind `url` to this program's schema and gives the number of steps that were
// carried out. Each step is one transaction; a lock keeps two programs from doing it at once; what
// was interrupted is continued by the next call. FAILED_PRECONDITION: a step that was carried out
// differs from this program's (its checksum does), or the schema is newer than this program;
// nothing is changed then. Other codes are those of postgres/transaction.h.
absl::StatusOr<int> Migrate(const std::string& url);

// OK when the schema is this program's; FAILED_PRECONDITION says what to do otherwise.
absl::Status CheckSchema(const std::string& url);

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_MIGRATIONS_H_
