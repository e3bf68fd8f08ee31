// The list of searches, with the best trials of each.

#ifndef NASCENT_SERVER_RPC_SEARCH_LIST_H_
#define NASCENT_SERVER_RPC_SEARCH_LIST_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sync.h"
#include "nascent/v1/search_service.pb.h"
#include "server/rpc/backend.h"
#include "server/storage/records.h"

namespace nascent::rpc {

// Thread-safe. What runs is asked of the engine; the leaders of what has ended are read once and
// remembered.
class SearchList {
 public:
  explicit SearchList(const Backend& backend) : backend_(backend) {}

  // Waits for the engine, so it belongs on the work executor. The leaders of some ended searches
  // are left out where reading them would take too long for one answer.
  absl::StatusOr<v1::ListSearchesResponse> Read(const v1::ListSearchesRequest& request);

 private:
  using Leaders = google::protobuf::RepeatedPtrField<v1::Trial>;

  // The searches among `records` that the engine holds, by id.
  std::map<int64_t, v1::Search> ReadRunning(const std::vector<storage::SearchRecord>& records);
  // Reads and remembers leaders while `trials_left` lasts.
  absl::StatusOr<v1::Search> ReadEnded(const storage::SearchRecord& record, int64_t& trials_left);

  const Backend backend_;
  Mutex mutex_;
  std::map<int64_t, Leaders> leaders_ ABSL_GUARDED_BY(mutex_);  // by search id
};

}  // namespace nascent::rpc

#endif  // NASCENT_SERVER_RPC_SEARCH_LIST_H_
