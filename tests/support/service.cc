#include "tests/support/service.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "common/random.h"
#include "nascent/v1/search_service.grpc.pb.h"

namespace nascent::testing {
namespace {

constexpr double kStartSeconds = 60;

std::string Program(const std::string& name) { return ProgramFolder() + "/" + name; }

void AppendBigEndian(std::string& bytes, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((value >> shift) & 0xFF));
  }
}

// Two classes: bright above or bright below, with noise.
void WriteImages(const std::string& folder, const std::string& split, int count) {
  std::string images, labels;
  AppendBigEndian(images, 0x00000803);
  AppendBigEndian(images, static_cast<uint32_t>(count));
  AppendBigEndian(images, 28);
  AppendBigEndian(images, 28);
  AppendBigEndian(labels, 0x00000801);
  AppendBigEndian(labels, static_cast<uint32_t>(count));
  RandomStream random(1, static_cast<uint64_t>(count));
  for (int i = 0; i < count; ++i) {
    const int label = i % 2;
    labels.push_back(static_cast<char>(label));
    for (int pixel = 0; pixel < 28 * 28; ++pixel) {
      const bool bright = (pixel < 14 * 28) == (label == 0);
      images.push_back(static_cast<char>((bright ? 60 : 0) + random.Below(160)));
    }
  }
  std::ofstream(folder + "/" + split + "-images", std::ios::binary) << images;
  std::ofstream(folder + "/" + split + "-labels", std::ios::binary) << labels;
}

}  // namespace

bool WaitFor(const std::function<bool()>& holds, double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

Service::Service(const Options& options) : options_(options) {
  PostgresCluster::Options cluster;
  cluster.fsync = options.fsync;
  auto created = PostgresCluster::Create(cluster);
  if (!created.ok()) throw std::runtime_error(created.status().ToString());
  postgres_ = *std::move(created);
  for (int i = 0; i < options.coordinators; ++i) ports_.push_back(FreePort());
  coordinators_.resize(ports_.size());
  const Finished migrated =
      RunToEnd({Program("nascentd"), "migrate", "--database", postgres_->url()});
  if (migrated.exit_code != 0) throw std::runtime_error("migrate: " + migrated.err);
}

void Service::StartCoordinator(int place, const std::vector<std::string>& wrapper) {
  std::vector<std::string> command = wrapper;
  command.insert(command.end(), {Program("nascentd"), "--database", postgres_->url(), "--listen",
                                 Address(place), "--artifacts", folder() + "/artifacts",
                                 "--lease-seconds", std::to_string(options_.lease_seconds),
                                 "--term-seconds", std::to_string(options_.term_seconds)});
  coordinators_[static_cast<size_t>(place)].reset();
  coordinators_[static_cast<size_t>(place)] = std::make_unique<Process>(
      command, folder() + "/coordinator" + std::to_string(place) + ".log");
}

std::string Service::Address(int place) const {
  return "127.0.0.1:" + std::to_string(ports_[static_cast<size_t>(place)]);
}

std::string Service::Addresses() const {
  std::string addresses;
  for (size_t i = 0; i < ports_.size(); ++i) {
    addresses += (i == 0 ? "" : ",") + Address(static_cast<int>(i));
  }
  return addresses;
}

std::shared_ptr<grpc::Channel> Service::Channel(int place) {
  return grpc::CreateChannel(Address(place), grpc::InsecureChannelCredentials());
}

bool Service::Answers(int place) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
  v1::ListSearchesResponse response;
  return v1::SearchService::NewStub(Channel(place))->ListSearches(&context, {}, &response).ok();
}

int Service::WaitUntilServing() {
  int serving = -1;
  const bool found = WaitFor(
      [&] {
        for (size_t i = 0; i < ports_.size(); ++i) {
          if (coordinators_[i] == nullptr || !coordinators_[i]->Running()) continue;
          if (!Answers(static_cast<int>(i))) continue;
          serving = static_cast<int>(i);
          return true;
        }
        return false;
      },
      kStartSeconds);
  if (!found) throw std::runtime_error("no coordinator serves\n" + Logs());
  return serving;
}

void Service::StartWorker(const std::string& name, const std::vector<std::string>& more) {
  std::erase_if(workers_, [&](const auto& worker) { return worker.first == name; });
  std::vector<std::string> arguments = {Program("nascent-worker"),
                                        "--server",
                                        Addresses(),
                                        "--name",
                                        name,
                                        "--slots",
                                        "1",
                                        "--threads",
                                        "1",
                                        "--cache",
                                        folder() + "/cache-" + name};
  arguments.insert(arguments.end(), more.begin(), more.end());
  workers_.emplace_back(
      name, std::make_unique<Process>(arguments, folder() + "/worker-" + name + ".log"));
}

Process& Service::worker(const std::string& name) {
  for (const auto& [known, process] : workers_) {
    if (known == name) return *process;
  }
  throw std::runtime_error("no worker " + name);
}

void Service::WaitForWorkers(int count) {
  const auto stub = v1::SearchService::NewStub(Channel(WaitUntilServing()));
  const bool found = WaitFor(
      [&] {
        grpc::ClientContext context;
        v1::ListWorkersResponse response;
        return stub->ListWorkers(&context, {}, &response).ok() && response.workers_size() >= count;
      },
      kStartSeconds);
  if (!found) throw std::runtime_error("workers do not register\n" + Logs());
}

Finished Service::Run(const std::vector<std::string>& arguments, const std::string& input) {
  std::vector<std::string> all = {Program("nascent"), "--server",
                                  Address(ports_.size() == 1 ? 0 : WaitUntilServing())};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return RunToEnd(all, input);
}

void Service::AddTinyDataset(const std::string& name, int train) {
  WriteImages(folder(), "train", train);
  WriteImages(folder(), "test", 200);
  const Finished added = Run(
      {"data", "add", name, "--kind", "image-classification", "--train-examples",
       folder() + "/train-images", "--train-labels", folder() + "/train-labels", "--test-examples",
       folder() + "/test-images", "--test-labels", folder() + "/test-labels"});
  if (added.exit_code != 0) throw std::runtime_error("data add: " + added.err + Logs());
}

std::string Service::WriteFile(const std::string& name, const std::string& content) {
  const std::string path = folder() + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string Service::Sql(const std::string& query) {
  const Finished finished =
      RunToEnd({"/usr/bin/psql", postgres_->url(), "-XAtc", query, "-v", "ON_ERROR_STOP=1"});
  if (finished.exit_code != 0) throw std::runtime_error("psql: " + finished.err);
  std::string out = finished.out;
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string Service::Logs() const {
  std::ostringstream logs;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() != ".log") continue;
    logs << "--- " << entry.path().filename().string() << "\n"
         << std::ifstream(entry.path()).rdbuf() << "\n";
  }
  return logs.str();
}

}  // namespace nascent::testing
