// Transitions as the conformance suite makes them.

#ifndef NASCENT_SERVER_STORAGE_CONFORMANCE_TRANSITIONS_H_
#define NASCENT_SERVER_STORAGE_CONFORMANCE_TRANSITIONS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "server/storage/transitions.h"

namespace nascent::storage::conformance {

constexpr absl::Duration kLease = absl::Seconds(30);
constexpr char kSha[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

// Returns a measurement; its epoch is a tenth of the step.
v1::Measurement Measured(const std::string& metric, int64_t step, double value);
// Returns the end of a trial.
EventRecord Event(int64_t sequence, int64_t number, v1::TrialState state);
RenewLease Renewal(int64_t task_id, int attempt, std::vector<v1::Measurement> measurements = {});
FinishAttempt Finish(int64_t task_id, int attempt, const std::string& request_id,
                     std::vector<v1::Measurement> measurements = {});
ReturnAttempt Return(int64_t task_id, int attempt, ReturnAttempt::How how, bool charged);
GrantLease Grant(int64_t task_id, int attempt, int64_t worker_id, const std::string& request_id);
// Returns a trial whose key and notation follow from its number.
AddTrial Proposal(int64_t search_id, int64_t number, const std::string& identity = "");
// Returns a search with all its fields set.
SearchRecord SearchNamed(const std::string& name, const std::string& project);

#define EXPECT_CODE(outcome, expected) \
  EXPECT_EQ((outcome).status.code(), absl::StatusCode::expected) << (outcome).status

}  // namespace nascent::storage::conformance

#endif  // NASCENT_SERVER_STORAGE_CONFORMANCE_TRANSITIONS_H_
