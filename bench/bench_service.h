// A whole coordinator for one measurement: a PostgreSQL of its own that keeps what it answers
// (fsync), nascentd, and searches that simulated workers can carry out.

#ifndef NASCENT_BENCH_BENCH_SERVICE_H_
#define NASCENT_BENCH_BENCH_SERVICE_H_

#include <memory>
#include <string>

#include "client/nascent_client.h"
#include "nascent/v1/search.pb.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/process.h"

namespace nascent::bench {

// Everything it makes goes with it. Throws std::runtime_error where something does not start.
class BenchService {
 public:
  // The database; the coordinator is not started.
  BenchService();

  // Starts nascentd, the program beside this one. Does not wait for it.
  void Start();
  // Kills it (SIGKILL).
  void Kill();
  pid_t pid() const { return coordinator_->pid(); }
  // The file to which it logs; what was logged before a restart stays.
  std::string log() const { return folder_.path() + "/nascentd.log"; }
  // Throws where it was started and ended by itself.
  void Check() const;
  // A data set of ten classes, "blank", at which nobody will look.
  void RegisterBlankData();

  std::string database() const { return cluster_->url(); }
  const std::string& address() const { return address_; }
  client::NascentClient& client() { return client_; }

 private:
  const std::unique_ptr<testing::PostgresCluster> cluster_;
  const testing::TemporaryFolder folder_;
  const std::string address_;
  client::NascentClient client_;
  std::unique_ptr<testing::Process> coordinator_;
};

// A search for small perceptrons in "blank", at random, that `workers` never finish. Small: what is
// measured is the coordinator's work for each trial, not how fast the network of one is built, sent
// and read.
v1::SearchSpec EndlessSearch(const std::string& name, int workers);

}  // namespace nascent::bench

#endif  // NASCENT_BENCH_BENCH_SERVICE_H_
