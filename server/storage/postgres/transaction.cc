#include "server/storage/postgres/transaction.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"

namespace nascent::storage::postgres {
namespace {

constexpr int kMostRuns = 5;

std::string Text(const std::exception& error) {
  return std::string(absl::StripTrailingAsciiWhitespace(error.what()));
}

// What became of one run.
struct Result {
  absl::Status status;
  bool run_again = false;
  bool broken = false;  // the session must not be used again
};

// Appendix A of PostgreSQL's manual; the first two characters are the class.
Result FromSqlState(const std::string& state, const std::string& text) {
  if (state == "40001" || state == "40P01") {
    return {absl::AbortedError(text), /*run_again=*/true, false};
  }
  if (state == "23505") return {absl::AlreadyExistsError(text)};
  // Violations, data, limits: the sender's fault.
  if (absl::StartsWith(state, "22") || absl::StartsWith(state, "23") ||
      absl::StartsWith(state, "54")) {
    return {absl::InvalidArgumentError(text)};
  }
  if (state == "42501") return {absl::PermissionDeniedError(text)};
  // A server that stops, starts or has become a standby: another session may find a better one.
  if (absl::StartsWith(state, "08") || absl::StartsWith(state, "57P") || state == "25006") {
    return {absl::UnavailableError(text), /*run_again=*/true, /*broken=*/true};
  }
  // Disk, memory or connections used up; a statement or lock timeout: later, perhaps.
  if (absl::StartsWith(state, "53") || absl::StartsWith(state, "58") || state == "57014" ||
      state == "55P03" || state == "25P03") {
    return {absl::UnavailableError(text), false, /*broken=*/state == "25P03"};
  }
  return {absl::InternalError(absl::StrCat(text, " (SQLSTATE ", state, ")"))};
}

Result RunGuarded(Connection& connection, SilenceWatch::Guard& guard,
                  const std::function<absl::Status(Transaction&)>& body) {
  bool committing = false;
  try {
    pqxx::work work(connection.session);
    if (connection.session.backendpid() != connection.process) {
      return {absl::UnavailableError("the database session was replaced"), true, true};
    }
    Transaction transaction(connection, work, guard);
    if (absl::Status status = body(transaction); !status.ok()) return {status};
    guard.Asked();
    committing = true;
    work.commit();
    return {};
  } catch (const pqxx::in_doubt_error& error) {
    return {absl::UnknownError(Text(error)), false, true};
  } catch (const pqxx::statement_completion_unknown& error) {
    // A kind of transaction_rollback to libpqxx, but nothing that may be run again blindly.
    return {absl::UnknownError(Text(error)), false, true};
  } catch (const pqxx::transaction_rollback& error) {
    return {absl::AbortedError(Text(error)), /*run_again=*/true};
  } catch (const pqxx::broken_connection& error) {
    return {absl::UnavailableError(Text(error)), /*run_again=*/true, /*broken=*/true};
  } catch (const pqxx::sql_error& error) {
    // Without a state it is not the server that speaks: the connection broke under the statement,
    // which libpqxx does not always notice.
    if (error.sqlstate().empty()) {
      if (committing) return {absl::UnknownError(Text(error)), false, true};
      return {absl::UnavailableError(Text(error)), /*run_again=*/true, /*broken=*/true};
    }
    Result result = FromSqlState(error.sqlstate(), Text(error));
    if (!connection.session.is_open()) result.broken = true;
    return result;
  } catch (const pqxx::pqxx_exception& error) {
    return {absl::InternalError(Text(error.base())), false, true};
  }
}

Result RunOnce(ConnectionPool& pool, Connection& connection,
               const std::function<absl::Status(Transaction&)>& body) {
  SilenceWatch::Guard guard(pool.silence(), connection.socket, connection.answer_limit);
  Result result = RunGuarded(connection, guard, body);
  if (!guard.silent()) return result;
  result.broken = true;
  if (!result.status.ok()) {
    result.status = absl::Status(
        result.status.code(),
        absl::StrCat("the database did not answer within ",
                     absl::FormatDuration(connection.answer_limit), ": ", result.status.message()));
  }
  return result;
}

}  // namespace

void Transaction::Prepare(const Statement& statement) {
  if (connection_.prepared.insert(statement.name).second) {
    guard_.Asked();
    connection_.session.prepare(statement.name, statement.sql);
  }
}

absl::Status Transaction::Attempt(const std::function<absl::Status()>& body) {
  try {
    pqxx::subtransaction savepoint(work_);
    absl::Status status = body();
    if (status.ok()) savepoint.commit();
    return status;
  } catch (const pqxx::sql_error& error) {
    const Result result = FromSqlState(error.sqlstate(), Text(error));
    if (absl::IsAlreadyExists(result.status) || absl::IsInvalidArgument(result.status)) {
      return result.status;
    }
    throw;
  }
}

absl::Status RunTransaction(ConnectionPool& pool,
                            const std::function<absl::Status(Transaction&)>& body) {
  Result result;
  int breaks = 0;
  for (int run = 0; run < kMostRuns; ++run) {
    NASCENT_ASSIGN_OR_RETURN(auto connection, pool.Acquire());
    result = RunOnce(pool, *connection, body);
    if (result.broken) {
      connection.Discard();
      ++breaks;
    }
    if (!result.run_again || breaks > 1) break;
  }
  return result.status;
}

}  // namespace nascent::storage::postgres
