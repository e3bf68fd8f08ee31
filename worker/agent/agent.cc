#include "worker/agent/agent.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "worker/agent/artifact_transfer.h"

namespace nascent::worker {
namespace {

v1::RegisterRequest WithSlots(const AgentOptions& options) {
  v1::RegisterRequest request = options.registration;
  for (const PlannedSlot& slot : options.slots) *request.add_slots() = slot.device;
  return request;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Agent>> Agent::Make(AgentOptions options) {
  auto agent = std::unique_ptr<Agent>(new Agent(std::move(options)));
  const std::string& folder = agent->options_.cache_folder;
  Coordinator& coordinator = agent->coordinator_;
  auto cache = ArtifactCache::Open(
      absl::StrCat(folder, "/artifacts"), agent->options_.cache_bytes,
      [&coordinator](const std::string& sha256, const std::string& path, Cancellation& cancellation,
                     const std::function<void()>& on_bytes) {
        return DownloadArtifact(coordinator, sha256, path, cancellation, on_bytes);
      });
  if (!cache.ok()) return cache.status();
  agent->cache_ = *std::move(cache);
  NASCENT_ASSIGN_OR_RETURN(agent->scratch_, ScratchFolder::Make(absl::StrCat(folder, "/tasks")));
  agent->uploader_ = std::make_unique<WeightsUploader>(coordinator, agent->registration_);
  agent->context_ = std::make_unique<SlotContext>(
      SlotContext{coordinator, agent->registration_, *agent->cache_, *agent->uploader_,
                  agent->scratch_->path(), agent->options_.child});
  return agent;
}

Agent::Agent(AgentOptions options)
    : options_(std::move(options)),
      coordinator_(options_.servers),
      registration_(coordinator_, WithSlots(options_)) {}

Agent::~Agent() = default;

absl::Status Agent::Run(absl::Duration grace) {
  const absl::Status registered = registration_.Register(stop_);
  if (absl::IsCancelled(registered)) return absl::OkStatus();
  if (!registered.ok()) return registered;
  StartSlots();
  stop_.WaitFor(absl::InfiniteDuration());
  Drain(grace);
  return absl::OkStatus();
}

void Agent::StartSlots() {
  MutexLock lock(mutex_);
  for (size_t i = 0; i < options_.slots.size(); ++i) {
    const PlannedSlot& slot = options_.slots[i];
    slots_.push_back(
        std::make_unique<Slot>(*context_, static_cast<int>(i), slot.name, slot.threads));
  }
}

void Agent::AskToStop() {
  stop_.Cancel();
  MutexLock lock(mutex_);
  if (asked_) {
    for (const auto& slot : slots_) slot->Stop(absl::ZeroDuration(), absl::Seconds(1));
  }
  asked_ = true;
}

void Agent::Drain(absl::Duration grace) {
  const absl::Time start = MonotonicNow();
  spdlog::info("stopping within {}", absl::FormatDuration(grace));
  std::vector<Slot*> running;
  {
    MutexLock lock(mutex_);
    for (const auto& slot : slots_) {
      // What is left after the children's end is for the last reports.
      slot->Stop(grace * 0.6, grace * 0.8);
      running.push_back(slot.get());
    }
  }
  for (Slot* slot : running) {
    if (slot->WaitFor(start + grace * 0.95 - MonotonicNow())) continue;
    slot->Abandon();  // the coordinator is away: its lease will run out
  }
  if (MonotonicNow() > start + grace * 0.9) uploader_->Cancel();
  {
    MutexLock lock(mutex_);
    slots_.clear();  // waits for their threads
  }
  uploader_.reset();
  spdlog::info("stopped after {}", absl::FormatDuration(MonotonicNow() - start));
}

}  // namespace nascent::worker
