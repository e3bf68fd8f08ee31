#include "worker/evaluate/slot_child.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace nascent::worker {
namespace {

Result Failure(v1::FailureKind kind, std::string message) {
  Result result;
  result.failure = kind;
  result.message = std::move(message);
  return result;
}

int PollTimeout(absl::Time until) {
  const int64_t left = absl::ToInt64Milliseconds(until - MonotonicNow());
  return static_cast<int>(std::clamp<int64_t>(left + 1, 0, 60'000));
}

}  // namespace

struct SlotChild::Running {
  TaskControl& control;
  const OnProgress& on_progress;
  absl::Time last_progress = MonotonicNow();
  v1::StopReason stop_sent = v1::STOP_REASON_UNSPECIFIED;
  bool begun = false;  // the child has said something
  // The first measurement that is not finite: name of the metric.
  std::optional<std::string> diverged = std::nullopt;
};

absl::Status SlotChild::Warm() { return Ensure(); }

absl::Status SlotChild::Ensure() {
  if (process_ != nullptr && process_->HasEnded()) process_.reset();
  if (process_ != nullptr) return absl::OkStatus();
  auto started = ChildProcess::Start(options_.process);
  if (!started.ok()) return started.status();
  process_ = *std::move(started);
  // A child that never comes to read its task holds up the slot no longer than one that hangs in
  // it.
  const timeval limit = absl::ToTimeval(options_.stall_limit);
  setsockopt(process_->socket(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  frames_ = std::make_unique<FrameReader>(process_->socket());
  tasks_ = 0;
  return absl::OkStatus();
}

absl::Status SlotChild::Assign(const Assignment& assignment) {
  child::ToChild message;
  child::Assign& assign = *message.mutable_assign();
  assign.set_serial(++serial_);
  *assign.mutable_task() = assignment.task;
  assign.mutable_files()->insert(assignment.files.begin(), assignment.files.end());
  assign.set_weights_path(assignment.weights_path);
  assign.set_checkpoint_path(assignment.checkpoint_path);
  assign.set_device(assignment.device);
  assign.set_threads(assignment.threads);
  return WriteFrame(process_->socket(), message);
}

Result SlotChild::Run(const Assignment& assignment, TaskControl& control,
                      const OnProgress& on_progress) {
  // A child that dies before it began the task was lost while it was idle: the task is not to
  // blame, and gets another child once.
  for (const bool again : {true, false}) {
    kills_before_ = options_.out_of_memory_kills();
    absl::Status status = Ensure();
    if (status.ok()) {
      process_->ReadOutput();
      process_->ForgetOutput();
      status = Assign(assignment);
    }
    if (absl::IsUnavailable(status) && process_ != nullptr) {
      process_.reset();
      if (again) continue;
    }
    if (!status.ok()) {
      const bool too_long = absl::IsInvalidArgument(status);
      return Failure(too_long ? v1::FAILURE_KIND_INVALID : v1::FAILURE_KIND_UNAVAILABLE,
                     absl::StrCat("the evaluator did not get the task: ", status.message()));
    }
    ++tasks_;
    Running running{control, on_progress};
    Result result = Await(running);
    if (again && !running.begun && result.failure == v1::FAILURE_KIND_CRASHED) continue;
    return result;
  }
  return Failure(v1::FAILURE_KIND_UNAVAILABLE, "no evaluator stays alive");
}

Result SlotChild::Await(Running& running) {
  while (true) {
    const TaskControl::Request request = running.control.request();
    if (request.reason != running.stop_sent) {
      running.stop_sent = request.reason;
      child::ToChild message;
      message.mutable_stop()->set_serial(serial_);
      message.mutable_stop()->set_reason(request.reason);
      (void)WriteFrame(process_->socket(), message);  // a dead child is seen below
    }
    const absl::Time stalled_at = running.last_progress + options_.stall_limit;
    pollfd waiting[] = {{process_->socket(), POLLIN, 0},
                        {running.control.event(), POLLIN, 0},
                        {process_->output(), POLLIN, 0}};
    poll(waiting, 3, PollTimeout(std::min(stalled_at, request.kill_at)));
    if (waiting[1].revents != 0) {
      uint64_t count;
      (void)!read(running.control.event(), &count, sizeof(count));
    }
    if (waiting[2].revents != 0 && !process_->ReadOutput() && waiting[0].revents == 0) {
      // Nothing more will be printed, so the process is ending: wait for its socket alone.
      poll(waiting, 1, PollTimeout(std::min(stalled_at, request.kill_at)));
    }
    // What the child said comes first: this process may have slept past all its own times.
    if (waiting[0].revents != 0) {
      absl::Status status = frames_->ReadSome();
      child::FromChild message;
      while (status.ok()) {
        const auto next = frames_->Next(message);
        if (!next.ok()) status = next.status();
        if (!next.ok() || !*next) break;
        if (message.has_progress()) Pass(running, message.progress());
        if (message.has_done() && message.done().serial() == serial_) {
          return Finish(running, std::move(*message.mutable_done()));
        }
      }
      if (!status.ok()) {
        const Result result = absl::IsUnavailable(status) ? Explain(process_->AwaitEnd())
                                                          : Failure(v1::FAILURE_KIND_CRASHED,
                                                                    std::string(status.message()));
        process_.reset();
        return result;
      }
      continue;
    }
    const absl::Time now = MonotonicNow();
    if (now >= request.kill_at) {
      process_.reset();
      Result result;
      result.stopped = true;
      return result;
    }
    if (now >= running.last_progress + options_.stall_limit) {
      const std::string tail = process_->output_tail();
      process_.reset();
      return Failure(
          v1::FAILURE_KIND_STALLED,
          absl::StrCat("no progress for ", absl::FormatDuration(options_.stall_limit),
                       "; the evaluator was killed", tail.empty() ? "" : "; last output: ", tail));
    }
  }
}

void SlotChild::Pass(Running& running, const child::Progress& progress) {
  running.last_progress = MonotonicNow();
  running.begun = true;
  std::vector<v1::Measurement> finite;
  for (const v1::Measurement& measurement : progress.measurements()) {
    if (std::isfinite(measurement.value())) {
      finite.push_back(measurement);
    } else if (!running.diverged.has_value()) {
      running.diverged = measurement.metric();
    }
  }
  // A diverged task has nothing more to say, whatever it does with the request.
  if (running.diverged.has_value()) running.control.Stop(v1::STOP_REASON_EARLY, absl::Seconds(5));
  running.on_progress(progress.done(), finite);
}

Result SlotChild::Finish(Running& running, child::Done done) {
  Result result;
  result.failure = done.failure();
  result.message = done.message();
  result.stopped = done.stopped();
  for (const v1::Measurement& measurement : done.measurements()) {
    if (std::isfinite(measurement.value())) {
      result.measurements.push_back(measurement);
    } else if (!running.diverged.has_value()) {
      running.diverged = measurement.metric();
    }
  }
  if (running.diverged.has_value() && result.failure == v1::FAILURE_KIND_UNSPECIFIED) {
    result.failure = v1::FAILURE_KIND_DIVERGED;
    result.message = absl::StrCat(*running.diverged, " is not finite");
    result.stopped = false;
  }
  result.has_weights = done.has_weights();
  result.has_checkpoint = done.has_checkpoint();
  // An evaluator that says it crashed is in an unknown state.
  if (result.failure == v1::FAILURE_KIND_CRASHED) process_.reset();
  RecycleWhenDue(done.resident_bytes());
  return result;
}

Result SlotChild::Explain(const ChildExit& end) const {
  const std::string& tail = process_->output_tail();
  const std::string what = absl::StrCat("the evaluator was ", end.Describe(),
                                        tail.empty() ? "" : "; last output: ", tail);
  const bool kernel = end.signal == SIGKILL && options_.out_of_memory_kills() > kills_before_;
  const bool allocation = end.signal == SIGABRT && absl::StrContains(tail, "bad_alloc");
  return Failure(kernel || allocation ? v1::FAILURE_KIND_OUT_OF_MEMORY : v1::FAILURE_KIND_CRASHED,
                 what);
}

void SlotChild::RecycleWhenDue(int64_t resident_bytes) {
  if (process_ == nullptr) return;
  if (tasks_ == 1) first_resident_bytes_ = resident_bytes;
  const bool grown = resident_bytes - first_resident_bytes_ > options_.recycle_growth_bytes;
  if (tasks_ < options_.recycle_after && !grown) return;
  process_.reset();
  // At once, so that the next task finds it ready; an error shows there.
  (void)Ensure();
}

}  // namespace nascent::worker
