#include "server/storage/postgres/connection_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "server/storage/postgres/session_url.h"

namespace nascent::storage::postgres {

namespace {

// Of what is asked on a new session.
constexpr absl::Duration kSetupLimit = absl::Seconds(5);

constexpr char kStatementTimeout[] =
    "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'";

// The server's side of a network that goes silent, so that what a session holds is soon free, and
// the pool's own limits. What the URL (options=-c …), the role or the database sets stands.
std::string LimitsOf(const ConnectionPool::Options& options) {
  const auto limit = [](const char* name, absl::Duration value) {
    return value > absl::ZeroDuration()
               ? absl::StrCat(", ('", name, "', '", absl::ToInt64Milliseconds(value), "')")
               : "";
  };
  return absl::StrCat(
      "SELECT set_config(name, value, false) FROM (VALUES ('tcp_keepalives_idle', '5'),"
      " ('tcp_keepalives_interval', '2'), ('tcp_keepalives_count', '3'),"
      " ('tcp_user_timeout', '5000'), ('client_connection_check_interval', '2000')",
      limit("statement_timeout", options.statement_timeout),
      limit("lock_timeout", options.lock_timeout),
      ") AS wanted (name, value) JOIN pg_settings USING (name)"
      " WHERE source NOT IN ('client', 'user', 'database', 'database user')");
}

}  // namespace

Connection::Connection(const std::string& url)
    : session(url), socket(fcntl(session.sock(), F_DUPFD_CLOEXEC, 0)) {}

Connection::~Connection() {
  if (socket >= 0) close(socket);
}

ConnectionPool::Lease::~Lease() {
  if (connection_ != nullptr) pool_->Return(std::move(connection_));
}

void ConnectionPool::Lease::Discard() {
  if (connection_ == nullptr) return;
  connection_.reset();
  pool_->ForgetOne();
}

absl::StatusOr<ConnectionPool::Lease> ConnectionPool::Acquire() {
  {
    const absl::Duration give_up = SystemClock().Elapsed() + options_.patience;
    MutexLock lock(mutex_);
    while (idle_.empty() && count_ >= options_.size) {
      const absl::Duration left = give_up - SystemClock().Elapsed();
      if (left <= absl::ZeroDuration()) {
        return absl::ResourceExhaustedError(absl::StrCat("all ", options_.size,
                                                         " database connections were busy for ",
                                                         absl::FormatDuration(options_.patience)));
      }
      changed_.WaitFor(mutex_, left);
    }
    if (!idle_.empty()) {
      Lease lease(this, std::move(idle_.back()));
      idle_.pop_back();
      return lease;
    }
    ++count_;
  }
  auto connection = Connect();
  if (connection.ok()) return Lease(this, *std::move(connection));
  MutexLock lock(mutex_);
  --count_;
  changed_.NotifyOne();
  return connection.status();
}

void ConnectionPool::Return(std::unique_ptr<Connection> connection) {
  MutexLock lock(mutex_);
  idle_.push_back(std::move(connection));
  changed_.NotifyOne();
}

void ConnectionPool::ForgetOne() {
  std::vector<std::unique_ptr<Connection>> closed;  // outside the lock
  MutexLock lock(mutex_);
  closed.swap(idle_);
  count_ -= 1 + static_cast<int>(closed.size());
  changed_.NotifyAll();
}

absl::StatusOr<std::unique_ptr<Connection>> ConnectionPool::Connect() {
  NASCENT_ASSIGN_OR_RETURN(const std::string url, SessionUrl(options_.url));
  try {
    auto connection = std::make_unique<Connection>(url);
    SilenceWatch::Guard guard(silence_, connection->socket, kSetupLimit);
    connection->session.set_client_encoding("UTF8");
    connection->process = connection->session.backendpid();
    pqxx::nontransaction work(connection->session);
    if (work.exec1("SELECT pg_is_in_recovery()")[0].as<bool>()) {
      return absl::UnavailableError("the database server is a standby, which takes no writes");
    }
    work.exec(LimitsOf(options_));
    work.exec(options_.setup);
    const int64_t limit_ms = work.exec1(kStatementTimeout)[0].as<int64_t>();
    if (limit_ms > 0) connection->answer_limit = absl::Milliseconds(limit_ms) + absl::Seconds(1);
    return connection;
  } catch (const pqxx::pqxx_exception& error) {
    return absl::UnavailableError(
        absl::StrCat("can't connect to the database: ",
                     absl::StripTrailingAsciiWhitespace(error.base().what())));
  }
}

}  // namespace nascent::storage::postgres
