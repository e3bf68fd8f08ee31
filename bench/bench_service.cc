#include "bench/bench_service.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/or_throw.h"
#include "common/data/idx.h"
#include "server/storage/migrations.h"

namespace nascent::bench {
namespace {

constexpr char kSmallSpace[] = R"yaml(
space: small-perceptron
blocks:
  layer:
    body:
      - linear: {features: {ordered: [8, 16, 32, 64]}}
      - choice: {relu: relu, tanh: tanh, gelu: gelu}
network:
  - flatten
  - {name: layers, repeat: layer, times: {ordered: [1, 2, 3, 4]}}
  - linear: {features: classes}
)yaml";

std::unique_ptr<testing::PostgresCluster> DurableCluster() {
  testing::PostgresCluster::Options options;
  options.fsync = true;
  auto cluster = OrThrow(testing::PostgresCluster::Create(options));
  OrThrow(storage::Migrate(cluster->url()));
  return cluster;
}

client::ClientOptions Patient() {
  client::ClientOptions options;
  options.patience = absl::Seconds(30);
  return options;
}

}  // namespace

BenchService::BenchService()
    : cluster_(DurableCluster()),
      address_(absl::StrCat("127.0.0.1:", testing::FreePort())),
      client_(address_, Patient()) {}

void BenchService::Start() {
  const std::string program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "nascentd";
  coordinator_ = std::make_unique<testing::Process>(
      std::vector<std::string>{program, "--listen", address_, "--database", database(),
                               "--artifacts", folder_.path() + "/artifacts"},
      log());
}

void BenchService::Kill() { coordinator_.reset(); }

void BenchService::Check() const {
  if (!coordinator_->Running()) throw std::runtime_error("nascentd ended by itself");
}

void BenchService::RegisterBlankData() {
  v1::Dataset dataset;
  dataset.set_name("blank");
  dataset.set_kind(v1::DATA_KIND_IMAGE_CLASSIFICATION);
  for (const int64_t dimension : {1, 8, 8}) dataset.mutable_shape()->add_dimensions(dimension);
  dataset.set_classes(10);
  data::IdxArray examples{{100, 8, 8}, std::vector<uint8_t>(100 * 64)};
  data::IdxArray labels{{100}, std::vector<uint8_t>(100)};
  for (size_t i = 0; i < labels.elements.size(); ++i) labels.elements[i] = i % 10;
  for (const char* name : {"train", "test"}) {
    v1::DataSplit* split = dataset.add_splits();
    split->set_name(name);
    split->set_count(100);
    split->set_examples(OrThrow(client_.PutArtifact(data::WriteIdx(examples))));
    split->set_labels(OrThrow(client_.PutArtifact(data::WriteIdx(labels))));
  }
  OrThrow(client_.RegisterDataset(dataset));
}

v1::SearchSpec EndlessSearch(const std::string& name, int workers) {
  v1::SearchSpec spec;
  spec.set_name(name);
  spec.mutable_space()->set_template_(kSmallSpace);
  spec.mutable_data()->set_dataset("blank");
  spec.mutable_data()->set_train(80);
  spec.mutable_data()->set_validation(20);
  v1::Objective* objective = spec.add_objectives();
  objective->set_metric("validation_accuracy");
  objective->set_goal(v1::GOAL_MAXIMIZE);
  spec.mutable_final()->set_top(0);
  spec.mutable_strategy()->set_string_value("random");
  spec.mutable_budget()->set_trials(10'000'000);
  spec.mutable_budget()->set_parallel(workers);
  spec.mutable_budget()->set_lookahead(std::min(1000, 2 * workers));
  spec.set_sharing(v1::SHARING_OFF);
  return spec;
}

}  // namespace nascent::bench
