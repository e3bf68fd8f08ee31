#include "server/storage/outcomes.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace nascent::storage {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::string_view After(std::string_view prefix, const std::string& name) {
  return name.size() > prefix.size() ? std::string_view(name).substr(prefix.size()) : "";
}

}  // namespace

std::string_view ShortName(v1::SearchState state) {
  return After("SEARCH_STATE_", v1::SearchState_Name(state));
}
std::string_view ShortName(v1::TrialState state) {
  return After("TRIAL_STATE_", v1::TrialState_Name(state));
}
std::string_view ShortName(v1::FailureKind kind) {
  return After("FAILURE_KIND_", v1::FailureKind_Name(kind));
}
std::string_view ShortName(v1::TaskKind kind) {
  return After("TASK_KIND_", v1::TaskKind_Name(kind));
}

absl::Status Fenced(const AttemptId& attempt, int current) {
  return absl::FailedPreconditionError(
      absl::StrCat("FENCED: attempt ", attempt.attempt, " of task ", attempt.task_id,
                   " does not hold the lease any more (last attempt: ", current, ")"));
}

absl::Status FencedByDeletion(const AttemptId& attempt) {
  return absl::FailedPreconditionError(
      absl::StrCat("FENCED: there is no task ", attempt.task_id,
                   ", or not any more, as its search was deleted"));
}

absl::Status EndedBefore(const AttemptId& attempt, std::string_view how) {
  return absl::AlreadyExistsError(absl::StrCat("attempt ", attempt.attempt, " of task ",
                                               attempt.task_id, " was reported before as ",
                                               View(how)));
}

absl::Status Unknown(std::string_view what, int64_t id) {
  return absl::NotFoundError(absl::StrCat("no ", View(what), " ", id));
}

absl::Status WrongSearchState(int64_t search_id, v1::SearchState is, v1::SearchState to) {
  return absl::FailedPreconditionError(absl::StrCat("search ", search_id, " is ",
                                                    View(ShortName(is)), " and can't become ",
                                                    View(ShortName(to))));
}

absl::Status SearchHasEnded(int64_t search_id, v1::SearchState is, std::string_view refused) {
  return absl::FailedPreconditionError(
      absl::StrCat("search ", search_id, " is ", View(ShortName(is)), ": ", View(refused)));
}

absl::Status SearchStillRuns(int64_t search_id, v1::SearchState is) {
  return absl::FailedPreconditionError(absl::StrCat(
      "search ", search_id, " is ", View(ShortName(is)), ": only an ended search can be deleted"));
}

absl::Status TermLost(int64_t term, int64_t current) {
  return absl::AbortedError(
      absl::StrCat("term ", term, " has ended (newest term: ", current, "); nothing was stored"));
}

absl::Status TermHeld(std::string_view holder, absl::Time until) {
  return absl::FailedPreconditionError(
      absl::StrCat("coordinator ", View(holder), " is active until ", absl::FormatTime(until)));
}

absl::Status NumberTaken(int64_t search_id, int64_t number) {
  return absl::AlreadyExistsError(
      absl::StrCat("search ", search_id, " has another trial ", number));
}

absl::Status TaskNotFree(int64_t task_id, int attempt, int current, bool leased, bool finished) {
  return absl::FailedPreconditionError(absl::StrCat(
      "task ", task_id, " can't be leased as attempt ", attempt, ": it is at attempt ", current,
      finished ? ", finished"
      : leased ? ", leased"
               : ", free"));
}

absl::Status TrialNotOpen(int64_t trial_id, std::string_view state, std::string_view refused) {
  return absl::FailedPreconditionError(
      absl::StrCat("trial ", trial_id, " is ", View(state), ": ", View(refused)));
}

absl::Status DatasetExists(std::string_view name, std::string_view fingerprint) {
  return absl::AlreadyExistsError(absl::StrCat("data set \"", View(name),
                                               "\" exists with other content (fingerprint ",
                                               View(fingerprint), ")"));
}

absl::Status NoDataset(std::string_view name) {
  return absl::NotFoundError(absl::StrCat("no data set is called \"", View(name), "\""));
}

absl::Status DatasetInUse(std::string_view name, int64_t search_id, std::string_view search) {
  return absl::FailedPreconditionError(absl::StrCat("data set \"", View(name),
                                                    "\" is needed by search ", search_id, " (",
                                                    View(search), "), which has not ended"));
}

absl::Status ArtifactInUse(std::string_view sha256) {
  return absl::FailedPreconditionError(absl::StrCat("artifact ", View(sha256), " is in use"));
}

absl::Status EventExists(int64_t search_id, int64_t sequence) {
  return absl::AlreadyExistsError(
      absl::StrCat("search ", search_id, " already has event ", sequence));
}

absl::Status RequestReused(std::string_view request_id, std::string_view used_for) {
  return absl::AlreadyExistsError(
      absl::StrCat("request id \"", View(request_id), "\" was used before, for ", View(used_for)));
}

std::string_view ShortName(ReturnAttempt::How how) {
  switch (how) {
    case ReturnAttempt::How::kExpired:
      return "EXPIRED";
    case ReturnAttempt::How::kReleased:
      return "RELEASED";
    case ReturnAttempt::How::kCrashed:
      return "CRASHED";
  }
  return "";
}

}  // namespace nascent::storage
