// A whole service for one test, made of the real programs: PostgreSQL, coordinators, workers.

#ifndef NASCENT_TESTS_SUPPORT_SERVICE_H_
#define NASCENT_TESTS_SUPPORT_SERVICE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/postgres_cluster.h"
#include "tests/support/process.h"

namespace grpc {
class Channel;
}

namespace nascent::testing {

// Its parts are started one by one and can be killed at any time; what fails throws. Not
// thread-safe.
class Service {
 public:
  struct Options {
    int coordinators = 1;  // places for them; the first to take the term is active
    int lease_seconds = 3;
    int term_seconds = 2;
    bool fsync = false;
  };

  // An empty, migrated database; nothing else runs yet.
  explicit Service(const Options& options);
  Service() : Service(Options()) {}

  PostgresCluster& postgres() { return *postgres_; }
  const std::string& folder() const { return folder_.path(); }

  // `wrapper`: a program with arguments that starts it, e.g. with smaller limits.
  void StartCoordinator(int place = 0, const std::vector<std::string>& wrapper = {});
  Process& coordinator(int place = 0) { return *coordinators_[static_cast<size_t>(place)]; }
  // "HOST:PORT" of one place, or of all with commas.
  std::string Address(int place) const;
  std::string Addresses() const;
  // Waits until one of them is active; its place.
  int WaitUntilServing();

  // A worker with one slot of one thread. `more`: further arguments, e.g. --evaluator.
  void StartWorker(const std::string& name, const std::vector<std::string>& more = {});
  Process& worker(const std::string& name);
  // Waits until so many workers are registered.
  void WaitForWorkers(int count);

  // A new connection to the coordinator there.
  std::shared_ptr<grpc::Channel> Channel(int place = 0);
  // Whether the coordinator there answers a read within two seconds, as a standby does, too.
  bool Answers(int place);

  // The command line against this service, e.g. Run({"list", "--output", "json"}).
  Finished Run(const std::vector<std::string>& arguments, const std::string& input = "");
  // Registers a set of 28 x 28 images in two classes that are easy to tell apart: `train` and 200
  // test examples.
  void AddTinyDataset(const std::string& name, int train = 1000);
  // Writes a file into the service's folder; its path.
  std::string WriteFile(const std::string& name, const std::string& content);

  // What psql prints for a query as superuser: rows as lines, columns with |.
  std::string Sql(const std::string& query);

  // The logs of all programs, for messages of failed tests.
  std::string Logs() const;

 private:
  const Options options_;
  TemporaryFolder folder_;
  std::unique_ptr<PostgresCluster> postgres_;
  std::vector<int> ports_;
  std::vector<std::unique_ptr<Process>> coordinators_;
  std::vector<std::pair<std::string, std::unique_ptr<Process>>> workers_;
};

// Waits until `holds`, looking every 20 ms; false after `seconds`.
bool WaitFor(const std::function<bool()>& holds, double seconds);

}  // namespace nascent::testing

#endif  // NASCENT_TESTS_SUPPORT_SERVICE_H_
