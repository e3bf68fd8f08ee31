// What workers may send: checks that need nothing but the request.

#ifndef NASCENT_SERVER_ENGINE_WORKER_REQUESTS_H_
#define NASCENT_SERVER_ENGINE_WORKER_REQUESTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "nascent/v1/worker_service.pb.h"

namespace nascent::engine {

using MeasurementList = google::protobuf::RepeatedPtrField<v1::Measurement>;

// Each returns INVALID_ARGUMENT with the field's path, what was found and what is allowed.

// Also FAILED_PRECONDITION: worker and coordinator speak different versions of the protocol.
absl::Status CheckRegistration(const v1::RegisterRequest& request);
absl::Status CheckAttempt(const std::string& request_id, const v1::AttemptRef& attempt);
absl::Status CheckMeasurements(const MeasurementList& measurements);
// Nothing, or a SHA-256 in hexadecimal.
absl::Status CheckArtifactName(const std::string& path, const std::string& sha256);

// NOT_FOUND, which tells a worker to register again.
absl::Status NotRegistered(int64_t worker_id);

// Cuts a text between characters to at most `most` bytes and replaces NUL, which PostgreSQL can't
// store, by spaces.
std::string CleanText(std::string text, size_t most);

// Puts "final_" before all metrics but those of tests: a final test that trains again must not
// change what the trial itself measured.
void PrefixFinalMetrics(std::vector<v1::Measurement>& measurements);

// Removes the measurements that are not finite. Returns the first one, for people; empty: there was
// none.
std::string DropNonFinite(std::vector<v1::Measurement>& measurements);

// Removes the measurements that can't be values of their metrics: accuracies are fractions. Returns
// the first one, for people; empty: there was none.
std::string DropImpossible(std::vector<v1::Measurement>& measurements);

// Returns the highest epoch, 0 of none.
int LastEpoch(const std::vector<v1::Measurement>& measurements);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_WORKER_REQUESTS_H_
