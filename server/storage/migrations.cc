#include "server/storage/migrations.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "server/storage/postgres/transaction.h"

namespace nascent::storage {
namespace {

using postgres::ConnectionPool;
using postgres::RunTransaction;
using postgres::Statement;
using postgres::Transaction;

// Any number that nothing else in the database uses for advisory locks: "nascent" in ASCII.
constexpr Statement kLock = {"lock_migrations",
                             "SELECT pg_advisory_xact_lock(x'6e617363656e74'::bigint)"};

constexpr char kSetup[] =
    "SET lock_timeout = '60s'; SET client_min_messages = 'warning'; SET timezone = 'UTC'";

constexpr char kCreateLedger[] = R"sql(
CREATE TABLE IF NOT EXISTS public.nascent_migrations (
  number integer PRIMARY KEY CHECK (number >= 1),
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)
)sql";

constexpr Statement kHasLedger = {"has_ledger",
                                  "SELECT to_regclass('public.nascent_migrations') IS NOT NULL"};

constexpr Statement kReadLedger = {
    "read_ledger", "SELECT number, checksum FROM public.nascent_migrations ORDER BY number"};

constexpr Statement kRecord = {
    "record_migration",
    "INSERT INTO public.nascent_migrations (number, name, checksum) VALUES ($1, $2, $3)"};

// What the database has: number → checksum.
std::map<int, std::string> Ledger(Transaction& transaction) {
  std::map<int, std::string> ledger;
  for (const pqxx::row& row : transaction.Execute(kReadLedger)) {
    ledger.emplace(row[0].as<int>(), row[1].c_str());
  }
  return ledger;
}

absl::Status CheckLedger(const std::map<int, std::string>& ledger) {
  const auto migrations = AllMigrations();
  for (const auto& [number, checksum] : ledger) {
    if (number > static_cast<int>(migrations.size())) {
      return absl::FailedPreconditionError(
          absl::StrCat("the database has schema ", ledger.rbegin()->first,
                       ", newer than this program's ", migrations.size()));
    }
    if (checksum != Sha256Hex(migrations[number - 1].sql)) {
      return absl::FailedPreconditionError(
          absl::StrCat("migration ", number, " in the database is not this program's (checksum ",
                       checksum, ")"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int> Migrate(const std::string& url) {
  ConnectionPool pool({.url = url, .size = 1, .setup = kSetup});
  if (absl::Status status = RunTransaction(pool,
                                           [](Transaction& transaction) {
                                             transaction.Execute(kLock);
                                             transaction.ExecuteScript(kCreateLedger);
                                             return CheckLedger(Ledger(transaction));
                                           });
      !status.ok()) {
    return status;
  }
  int carried_out = 0;
  for (const Migration& migration : AllMigrations()) {
    bool done_now = false;
    const absl::Status status = RunTransaction(pool, [&](Transaction& transaction) -> absl::Status {
      done_now = false;
      transaction.Execute(kLock);
      const std::map<int, std::string> ledger = Ledger(transaction);
      NASCENT_RETURN_IF_ERROR(CheckLedger(ledger));
      if (ledger.contains(migration.number)) return absl::OkStatus();
      transaction.ExecuteScript(std::string(migration.sql));
      transaction.Execute(kRecord, migration.number, std::string(migration.name),
                          Sha256Hex(migration.sql));
      done_now = true;
      return absl::OkStatus();
    });
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat("migration ", migration.number, " (",
                                                      absl::string_view(migration.name.data(),
                                                                        migration.name.size()),
                                                      "): ", status.message()));
    }
    if (done_now) ++carried_out;
  }
  return carried_out;
}

absl::Status CheckSchema(const std::string& url) {
  ConnectionPool pool(
      {.url = url, .size = 1, .statement_timeout = absl::Seconds(10), .setup = kSetup});
  return RunTransaction(pool, [](Transaction& transaction) -> absl::Status {
    const bool has_ledger = transaction.Execute(kHasLedger)[0][0].as<bool>();
    const auto ledger = has_ledger ? Ledger(transaction) : std::map<int, std::string>();
    NASCENT_RETURN_IF_ERROR(CheckLedger(ledger));
    if (ledger.size() == AllMigrations().size()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("the database has schema ", ledger.size(), ", this program needs ",
                     AllMigrations().size(), ": run `nascentd migrate`"));
  });
}

}  // namespace nascent::storage
