#include "server/storage/postgres/connection_pool.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"

namespace nascent::storage::postgres {

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
    const absl::Time give_up = absl::Now() + options_.patience;
    MutexLock lock(mutex_);
    while (idle_.empty() && count_ >= options_.size) {
      const absl::Duration left = give_up - absl::Now();
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

absl::StatusOr<std::unique_ptr<Connection>> ConnectionPool::Connect() const {
  try {
    auto connection = std::make_unique<Connection>(options_.url);
    connection->session.set_client_encoding("UTF8");
    connection->process = connection->session.backendpid();
    pqxx::nontransaction work(connection->session);
    if (work.exec1("SELECT pg_is_in_recovery()")[0].as<bool>()) {
      return absl::UnavailableError("the database server is a standby, which takes no writes");
    }
    work.exec(options_.setup);
    return connection;
  } catch (const pqxx::pqxx_exception& error) {
    return absl::UnavailableError(
        absl::StrCat("can't connect to the database: ",
                     absl::StripTrailingAsciiWhitespace(error.base().what())));
  }
}

}  // namespace nascent::storage::postgres
