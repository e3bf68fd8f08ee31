// Removes artifacts that nothing names any more: weights of overtaken winners, checkpoints of
// deleted searches.

#ifndef NASCENT_SERVER_ARTIFACT_GARBAGE_H_
#define NASCENT_SERVER_ARTIFACT_GARBAGE_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/artifact/artifact_store.h"
#include "server/storage/trial_store.h"

namespace nascent::artifact {

// Forgets and removes every artifact that nothing names and that was put at least `age` ago (longer
// than a worker takes from its upload to naming it), and uploads that stood still for so long.
// Gives the number of artifacts. An artifact that is named at the last moment stays. Stops at the
// first error; the next call goes on.
absl::StatusOr<int> CollectGarbage(storage::TrialStore& store, int64_t term,
                                   ArtifactStore& artifacts, absl::Duration age);

}  // namespace nascent::artifact

#endif  // NASCENT_SERVER_ARTIFACT_GARBAGE_H_
