// The words in which both stores refuse a transition.

#ifndef NASCENT_SERVER_STORAGE_OUTCOMES_H_
#define NASCENT_SERVER_STORAGE_OUTCOMES_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/trial.pb.h"
#include "server/storage/transitions.h"

namespace nascent::storage {

// Refuses a late write, with "FENCED" in its message: the attempt is not the task's running one,
// which is `current`.
absl::Status Fenced(const AttemptId& attempt, int current);
// Refuses a late write of an attempt that the store does not have, with "FENCED" in its message.
absl::Status FencedByDeletion(const AttemptId& attempt);
// Refuses to end an attempt that was ended before, by another request.
absl::Status EndedBefore(const AttemptId& attempt, std::string_view how);
// Says that there is "no search 7".
absl::Status Unknown(std::string_view what, int64_t id);
absl::Status WrongSearchState(int64_t search_id, v1::SearchState is, v1::SearchState to);
absl::Status SearchHasEnded(int64_t search_id, v1::SearchState is, std::string_view refused);
absl::Status SearchStillRuns(int64_t search_id, v1::SearchState is);
absl::Status TermLost(int64_t term, int64_t current);
absl::Status TermHeld(std::string_view holder, absl::Time until);
absl::Status NumberTaken(int64_t search_id, int64_t number);
absl::Status TaskNotFree(int64_t task_id, int attempt, int current, bool leased, bool finished);
absl::Status TrialNotOpen(int64_t trial_id, std::string_view state, std::string_view refused);
absl::Status DatasetExists(std::string_view name, std::string_view fingerprint);
absl::Status NoDataset(std::string_view name);
absl::Status DatasetInUse(std::string_view name, int64_t search_id, std::string_view search);
absl::Status ArtifactInUse(std::string_view sha256);
absl::Status EventExists(int64_t search_id, int64_t sequence);
absl::Status RequestReused(std::string_view request_id, std::string_view used_for);

// These return the words of SQL and of messages: "RUNNING" of SEARCH_STATE_RUNNING, and so on.
std::string_view ShortName(v1::SearchState state);
std::string_view ShortName(v1::TrialState state);
std::string_view ShortName(v1::FailureKind kind);
std::string_view ShortName(v1::TaskKind kind);
std::string_view ShortName(ReturnAttempt::How how);

}  // namespace nascent::storage

#endif  // NASCENT_SERVER_STORAGE_OUTCOMES_H_
