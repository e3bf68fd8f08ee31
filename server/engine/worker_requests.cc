#include "server/engine/worker_requests.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/field_error.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "common/text/utf8.h"
#include "server/engine/resolve/metrics.h"
#include "server/engine/resolve/text_rules.h"

namespace nascent::engine {
namespace {

constexpr int kProtocolVersion = 1;
constexpr int kMostMeasurements = 10000;

}  // namespace

absl::Status NotRegistered(int64_t worker_id) {
  return absl::NotFoundError(absl::StrCat("worker ", worker_id, " is not registered"));
}

std::string CleanText(std::string text, size_t most) {
  text.resize(text::CutUtf8(text, most).size());
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

absl::Status CheckMeasurements(const MeasurementList& measurements) {
  if (measurements.size() > kMostMeasurements) {
    return FieldError("measurements", measurements.size(), "at most 10000");
  }
  for (int i = 0; i < measurements.size(); ++i) {
    const v1::Measurement& m = measurements[i];
    if (m.metric().empty() || m.metric().size() > 128) {
      return FieldError(absl::StrCat("measurements[", i, "].metric"),
                        absl::StrCat(m.metric().size(), " bytes"), "1 to 128 bytes");
    }
    if (m.epoch() < 0 || m.step() < 0) {
      return FieldError(absl::StrCat("measurements[", i, "]"), "a negative epoch or step",
                        "at least 0");
    }
  }
  return absl::OkStatus();
}

void PrefixFinalMetrics(std::vector<v1::Measurement>& measurements) {
  for (v1::Measurement& m : measurements) {
    if (!m.metric().starts_with("test_")) m.set_metric(absl::StrCat("final_", m.metric()));
  }
}

std::string DropNonFinite(std::vector<v1::Measurement>& measurements) {
  std::string found;
  for (const v1::Measurement& m : measurements) {
    if (!std::isfinite(m.value())) {
      found = absl::StrCat(m.metric(), " became ", m.value(), " in epoch ", m.epoch());
      break;
    }
  }
  std::erase_if(measurements, [](const auto& m) { return !std::isfinite(m.value()); });
  return found;
}

std::string DropImpossible(std::vector<v1::Measurement>& measurements) {
  constexpr double kRounding = 1e-6;
  const auto is_impossible = [](const v1::Measurement& m) {
    return IsFraction(m.metric()) && (m.value() < -kRounding || m.value() > 1 + kRounding);
  };
  const auto first = std::find_if(measurements.begin(), measurements.end(), is_impossible);
  if (first == measurements.end()) return "";
  std::string found =
      absl::StrCat("the worker measured a ", first->metric(), " of ", first->value(), " in epoch ",
                   first->epoch(), "; accuracies are fractions, [0, 1]");
  std::erase_if(measurements, is_impossible);
  return found;
}

int LastEpoch(const std::vector<v1::Measurement>& measurements) {
  int last = 0;
  for (const v1::Measurement& m : measurements) last = std::max(last, m.epoch());
  return last;
}

absl::Status CheckArtifactName(const std::string& path, const std::string& sha256) {
  if (sha256.empty() || IsSha256(sha256)) return absl::OkStatus();
  return FieldError(path, absl::StrCat(sha256.size(), " bytes"),
                    "64 lower-case hexadecimal digits or nothing");
}

absl::Status CheckAttempt(const std::string& request_id, const v1::AttemptRef& attempt) {
  NASCENT_RETURN_IF_ERROR(CheckText("request_id", request_id, 1, 64));
  if (attempt.task_id() > 0 && attempt.attempt() > 0) return absl::OkStatus();
  return FieldError("attempt",
                    absl::StrCat("task ", attempt.task_id(), ", attempt ", attempt.attempt()),
                    "those of a lease");
}

absl::Status CheckRegistration(const v1::RegisterRequest& request) {
  if (request.protocol_version() != kProtocolVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("protocol_version: found ", request.protocol_version(), ", allowed ",
                     kProtocolVersion, ": worker and coordinator are of different versions"));
  }
  absl::Status status = CheckText("request_id", request.request_id(), 1, 64);
  status.Update(CheckText("name", request.name(), 1, 128));
  status.Update(CheckText("evaluator_version", request.evaluator_version(), 0, 64));
  status.Update(CheckText("evaluator", request.evaluator(), 0, 64));
  if (request.slots_size() < 1 || request.slots_size() > 1024) {
    status.Update(FieldError("slots", absl::StrCat(request.slots_size(), " entries"), "1 to 1024"));
  }
  for (int i = 0; i < request.slots_size(); ++i) {
    const v1::Device& device = request.slots(i);
    if (device.kind() != "cpu" && device.kind() != "cuda") {
      status.Update(FieldError(absl::StrCat("slots[", i, "].kind"),
                               absl::StrCat("\"", device.kind(), "\""), "cpu, cuda"));
    }
    status.Update(CheckText(absl::StrCat("slots[", i, "].model"), device.model(), 0, 256));
  }
  if (request.labels_size() > 64) {
    status.Update(
        FieldError("labels", absl::StrCat(request.labels_size(), " entries"), "at most 64"));
  }
  for (const auto& [label, value] : request.labels()) {
    status.Update(CheckText("labels", label, 1, 128));
    status.Update(CheckText(absl::StrCat("labels.", label), value, 0, 128));
  }
  for (int i = 0; i < request.metrics_size(); ++i) {
    status.Update(CheckText(absl::StrCat("metrics[", i, "]"), request.metrics(i), 1, 128));
  }
  return status;
}

}  // namespace nascent::engine
