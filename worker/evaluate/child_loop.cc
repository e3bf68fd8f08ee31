#include "worker/evaluate/child_loop.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <deque>
#include <exception>
#include <fstream>
#include <new>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "common/sync.h"
#include "worker/evaluate/child.pb.h"
#include "worker/evaluate/frame.h"
#include "worker/evaluate/text.h"

namespace nascent::worker {
namespace {

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  file >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// What the supervisor sent: read by a thread of its own, so that a stop request reaches a task that
// is running.
class Inbox {
 public:
  explicit Inbox(int fd) : fd_(fd), reader_([this] { Read(); }) {}
  // After Take gave nullopt: the thread has ended.
  ~Inbox() { reader_.join(); }

  // Waits for the next assignment. nullopt: the supervisor closed the socket.
  std::optional<child::Assign> Take() {
    MutexLock lock(mutex_);
    running_ = 0;
    while (assignments_.empty() && !closed_) changed_.Wait(mutex_);
    if (assignments_.empty()) return std::nullopt;
    child::Assign assign = std::move(assignments_.front());
    assignments_.pop_front();
    running_ = assign.serial();
    return assign;
  }

  v1::StopReason StopOf(int64_t serial) const {
    return stop_serial_.load() == serial ? stop_reason_.load() : v1::STOP_REASON_UNSPECIFIED;
  }

 private:
  void Read() {
    FrameReader frames(fd_);
    child::ToChild message;
    while (frames.ReadSome().ok()) {
      while (true) {
        const auto next = frames.Next(message);
        if (!next.ok()) return Close();
        if (!*next) break;
        if (message.has_stop()) {
          stop_reason_ = message.stop().reason();
          stop_serial_ = message.stop().serial();
        } else if (message.has_assign()) {
          MutexLock lock(mutex_);
          assignments_.push_back(std::move(*message.mutable_assign()));
          changed_.NotifyOne();
        }
      }
    }
    Close();
  }

  void Close() {
    MutexLock lock(mutex_);
    // Nobody is left to report to: a running task ends here, without destructors that might wait.
    if (running_ != 0) _exit(0);
    closed_ = true;
    changed_.NotifyOne();
  }

  const int fd_;
  std::atomic<int64_t> stop_serial_{0};
  std::atomic<v1::StopReason> stop_reason_{v1::STOP_REASON_UNSPECIFIED};
  Mutex mutex_;
  CondVar changed_;
  std::deque<child::Assign> assignments_ ABSL_GUARDED_BY(mutex_);
  int64_t running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread reader_;  // last: it uses all of the above
};

class ChildProgress : public Progress {
 public:
  ChildProgress(int fd, const Inbox& inbox, int64_t serial)
      : fd_(fd), inbox_(inbox), serial_(serial) {}

  void Report(double done, const std::vector<v1::Measurement>& measurements) override {
    child::FromChild message;
    message.mutable_progress()->set_done(done);
    for (const auto& value : measurements) *message.mutable_progress()->add_measurements() = value;
    // A supervisor that is gone ends this process through the inbox.
    (void)WriteFrame(fd_, message);
  }
  v1::StopReason StopRequested() override { return inbox_.StopOf(serial_); }

 private:
  const int fd_;
  const Inbox& inbox_;
  const int64_t serial_;
};

Assignment ToAssignment(child::Assign& assign) {
  Assignment assignment;
  assignment.task.Swap(assign.mutable_task());
  assignment.files.insert(assign.files().begin(), assign.files().end());
  assignment.weights_path = assign.weights_path();
  assignment.checkpoint_path = assign.checkpoint_path();
  assignment.device = assign.device();
  assignment.threads = assign.threads();
  return assignment;
}

// Evaluators keep exceptions inside; one that escapes still costs no more than its task.
Result RunGuarded(Evaluator& evaluator, const Assignment& assignment, Progress& progress) {
  Result result;
  try {
    return evaluator.Run(assignment, progress);
  } catch (const std::bad_alloc&) {
    result.failure = v1::FAILURE_KIND_OUT_OF_MEMORY;
    result.message = "out of host memory";
  } catch (const std::exception& error) {
    result.failure = v1::FAILURE_KIND_CRASHED;
    result.message = error.what();
  }
  return result;
}

child::FromChild ToMessage(int64_t serial, const Result& result) {
  child::FromChild message;
  child::Done& done = *message.mutable_done();
  done.set_serial(serial);
  done.set_failure(result.failure);
  done.set_message(ValidText(result.message, 8 << 10));
  done.set_stopped(result.stopped);
  for (const auto& measurement : result.measurements) *done.add_measurements() = measurement;
  done.set_has_weights(result.has_weights);
  done.set_has_checkpoint(result.has_checkpoint);
  done.set_resident_bytes(ResidentBytes());
  return message;
}

int PrintDescription(const EvaluatorDescription& description) {
  child::Description message;
  message.set_version(description.version);
  for (const auto kind : description.task_kinds) message.add_task_kinds(kind);
  for (const auto& metric : description.metrics) message.add_metrics(metric);
  for (const auto& device : description.devices) *message.add_devices() = device;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok()) return 1;
  return std::puts(json.c_str()) < 0 ? 1 : 0;
}

}  // namespace

int RunChild(Evaluator& evaluator, int fd) {
  // Programs that an evaluator starts must not hold the supervisor's socket open.
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  Inbox inbox(fd);
  while (auto assign = inbox.Take()) {
    const int64_t serial = assign->serial();
    ChildProgress progress(fd, inbox, serial);
    progress.Report(0, {});  // the task has begun: from here on a crash is its own
    const Result result = RunGuarded(evaluator, ToAssignment(*assign), progress);
    (void)WriteFrame(fd, ToMessage(serial, result));
  }
  return 0;
}

int EvaluatorMain(int argc, char** argv, const std::function<EvaluatorDescription()>& describe,
                  const std::function<std::unique_ptr<Evaluator>()>& make) {
  if (argc == 2 && std::strcmp(argv[1], "--describe") == 0) return PrintDescription(describe());
  int fd = -1;
  if (argc == 3 && std::strcmp(argv[1], "--fd") == 0) {
    const char* end = argv[2] + std::strlen(argv[2]);
    if (std::from_chars(argv[2], end, fd).ptr != end || fcntl(fd, F_GETFD) < 0) fd = -1;
  }
  if (fd < 0) {
    std::fprintf(stderr,
                 "usage: %s --describe | --fd N\n"
                 "Started by nascent-worker, which assigns tasks over the socket N.\n",
                 argv[0]);
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::unique_ptr<Evaluator> evaluator = make();
  return RunChild(*evaluator, fd);
}

}  // namespace nascent::worker
