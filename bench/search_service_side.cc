#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "bench/json_report.h"
#include "bench/or_throw.h"
#include "bench/search_sides.h"
#include "client/nascent_client.h"
#include "common/spec/search_file.h"
#include "nascent/v1/search_service.grpc.pb.h"

namespace nascent::bench {
namespace {

constexpr char kSearch[] = R"(name: bench
space: {preset: nas-bench-201, set: {channels: 8, cells: 1}}
data: {dataset: fashion-mnist, train: 10000, validation: 5000}
recipe: {epochs: 1, batch: 128, optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9, nesterov: true, weight_decay: 5e-4}}}
objectives: [{metric: validation_accuracy, goal: maximize}]
strategy: manual
final: {top: 0}
sharing: off
)";

void RunCommand(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

class Service : public SearchSide {
 public:
  explicit Service(const SideOptions& options)
      : slots_(options.slots),
        folder_(std::filesystem::temp_directory_path() / absl::StrCat("nascent-bench-", getpid())),
        address_(absl::StrCat("127.0.0.1:", options.port)),
        nascent_(
            absl::StrCat(std::filesystem::read_symlink("/proc/self/exe").parent_path().string(),
                         "/nascent --data-dir ", folder_.string(), " --server ", address_, " ")),
        client_(address_),
        stub_(v1::SearchService::NewStub(
            grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()))) {
    std::filesystem::create_directories(folder_);
    // The worker and its evaluators inherit it.
    setenv("NASCENT_EVALUATOR_TIMES", times_path().c_str(), 1);
    RunCommand(absl::StrCat(nascent_, "up --detach --listen ", address_, " --slots ", slots_,
                            " >/dev/null"));
    RunCommand(
        absl::StrCat(nascent_, "data add fashion-mnist --from ", options.data, " >/dev/null"));
  }

  ~Service() override {
    // The destructor of a benchmark that may have failed: what can't be ended is left to be seen.
    [[maybe_unused]] const int status = std::system((nascent_ + "down >/dev/null").c_str());
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  BlockReport Run(const std::vector<std::string>& cells) override {
    const auto start = std::chrono::steady_clock::now();
    v1::SearchRef ref;
    ref.set_id(OrThrow(client_.Submit(Spec(static_cast<int>(cells.size())))).id());
    Enqueue(ref, cells);
    const absl::Status watched =
        client_.Watch(ref, absl::Minutes(1), [](const v1::WatchSearchResponse&) { return true; });
    if (!watched.ok()) throw std::runtime_error(std::string(watched.message()));
    BlockReport report;
    report.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    for (const v1::Trial& trial : OrThrow(client_.ListTrials(ref))) {
      const auto accuracy = trial.metrics().find("validation_accuracy");
      if (accuracy == trial.metrics().end()) {
        throw std::runtime_error(absl::StrCat("trial ", trial.number(), " has no accuracy"));
      }
      report.accuracy += accuracy->second;
    }
    AddTimes(cells.size(), report);
    return report;
  }

 private:
  std::string times_path() const { return (folder_ / "evaluator-times").string(); }

  v1::SearchSpec Spec(int cells) const {
    const std::string path = (folder_ / "search.yaml").string();
    std::ofstream(path) << kSearch << "budget: {trials: " << cells << ", parallel: " << slots_
                        << "}\n";
    return OrThrow(spec::ReadSearchFile(path)).spec;
  }

  void Enqueue(const v1::SearchRef& search, const std::vector<std::string>& cells) {
    v1::EnqueueGenotypesRequest request;
    request.set_request_id(absl::StrCat("bench-", getpid(), "-", search.id()));
    *request.mutable_search() = search;
    for (const std::string& cell : cells) request.add_notations(cell);
    grpc::ClientContext context;
    v1::EnqueueGenotypesResponse response;
    const grpc::Status status = stub_->EnqueueGenotypes(&context, request, &response);
    if (!status.ok()) throw std::runtime_error("enqueue: " + status.error_message());
  }

  // The evaluators' lines since the last block.
  void AddTimes(size_t expected, BlockReport& report) {
    std::ifstream file(times_path());
    file.seekg(times_read_);
    size_t lines = 0;
    for (std::string line; std::getline(file, line); ++lines) {
      times_read_ += static_cast<std::streamoff>(line.size() + 1);
      const google::protobuf::Value times = ParseJson(line);
      for (size_t i = 0; i < kPhases.size(); ++i) {
        report.phases[i] += NumberField(times, kPhases[i]);
      }
    }
    if (lines != expected) {
      throw std::runtime_error(
          absl::StrCat("evaluators reported the times of ", lines, " of ", expected, " trials"));
    }
  }

  const int slots_;
  const std::filesystem::path folder_;
  const std::string address_;
  const std::string nascent_;
  client::NascentClient client_;
  const std::unique_ptr<v1::SearchService::Stub> stub_;
  std::streamoff times_read_ = 0;
};

}  // namespace

std::unique_ptr<SearchSide> StartService(const SideOptions& options) {
  return std::make_unique<Service>(options);
}

}  // namespace nascent::bench
