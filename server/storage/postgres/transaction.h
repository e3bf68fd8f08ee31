// The one door between libpqxx's exceptions and Status.

#ifndef NASCENT_SERVER_STORAGE_POSTGRES_TRANSACTION_H_
#define NASCENT_SERVER_STORAGE_POSTGRES_TRANSACTION_H_

#include <functional>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/storage/postgres/connection_pool.h"

namespace nascent::storage::postgres {

// An SQL statement with its name among a session's prepared ones.
struct Statement {
  const char* name;
  const char* sql;
};

// A transaction that RunTransaction runs. What its methods throw, RunTransaction catches.
class Transaction {
 public:
  Transaction(Connection& connection, pqxx::work& work, SilenceWatch::Guard& guard)
      : connection_(connection), work_(work), guard_(guard) {}

  // Values go to the server as parameters; text must be UTF-8 without NUL, a nullptr is NULL.
  template <typename... Values>
  pqxx::result Execute(const Statement& statement, Values&&... values) {
    Prepare(statement);
    guard_.Asked();
    return work_.exec_prepared(statement.name, std::forward<Values>(values)...);
  }

  // As Execute, with as many parameters as there are values.
  pqxx::result ExecuteWith(const Statement& statement, const std::vector<std::string>& values) {
    Prepare(statement);
    guard_.Asked();
    return work_.exec_prepared(statement.name, pqxx::prepare::make_dynamic_params(values));
  }

  // Runs `body` behind a savepoint: what it violates (a constraint, a type, a limit) undoes it
  // alone and is returned. ALREADY_EXISTS: a unique constraint; INVALID_ARGUMENT: anything else.
  absl::Status Attempt(const std::function<absl::Status()>& body);

  // For migrations: a text of several statements, without parameters.
  void ExecuteScript(const std::string& sql) {
    guard_.Asked();
    work_.exec(sql);
  }

 private:
  void Prepare(const Statement& statement);

  Connection& connection_;
  pqxx::work& work_;
  SilenceWatch::Guard& guard_;
};

// Runs `body` in a transaction and commits, unless it returns an error. Deadlocks and serialization
// failures are run again, a session that broke before the commit once: `body` must be fit for that.
// A server that does not answer within the session's limit counts as a session that broke.
//
// Codes beyond those of `body`: UNAVAILABLE (connection lost, server starting or stopping,
// read-only or full: nothing was done), ABORTED (retries used up: nothing was done), UNKNOWN (the
// connection was lost while the commit was under way), ALREADY_EXISTS and INVALID_ARGUMENT as in
// Attempt, RESOURCE_EXHAUSTED (no free connection), PERMISSION_DENIED, INTERNAL.
absl::Status RunTransaction(ConnectionPool& pool,
                            const std::function<absl::Status(Transaction&)>& body);

}  // namespace nascent::storage::postgres

#endif  // NASCENT_SERVER_STORAGE_POSTGRES_TRANSACTION_H_
