#include "worker/torch/weights_metadata.h"

#include "common/spec/message_json.h"
#include "worker/torch/version.h"

namespace nascent::worker {
namespace {

spec::Json ListOf(const std::vector<float>& values) {
  spec::Json list = spec::Json::List();
  for (const float value : values) list.Append(static_cast<double>(value));
  return list;
}

}  // namespace

std::map<std::string, std::string> WeightsMetadata(
    const v1::TrainTask& task, const Normalization& normalization,
    const std::vector<v1::Measurement>& measurements) {
  spec::Json metrics = spec::Json::Object();
  for (const v1::Measurement& each : measurements) metrics.Set(each.metric(), each.value());
  const v1::DataRef& data = task.data();
  spec::Json about = spec::Json::Object();
  about.Set("dataset", data.dataset().name())
      .Set("fingerprint", data.dataset().fingerprint())
      .Set("shape", spec::ToJson(data.dataset().shape()))
      .Set("classes", data.dataset().classes())
      .Set("train", data.train())
      .Set("validation", data.validation());
  if (data.dataset().has_table()) about.Set("table", spec::ToJson(data.dataset().table()));
  std::map<std::string, std::string> metadata = {
      {"format", "pt"},  // for readers of other programs: names are PyTorch's
      {"data", about.Print()},
      {"evaluator", EvaluatorVersion()},
      {"fidelity", spec::ToJson(task.fidelity()).Print()},
      {"metrics", metrics.Print()},
      {"network", spec::ToJson(task.network()).Print()},
      {"normalization", spec::Json::Object()
                            .Set("mean", ListOf(normalization.mean))
                            .Set("scale", ListOf(normalization.scale))
                            .Print()},
      {"recipe", spec::ToJson(task.recipe()).Print()},
  };
  // Coordinators of older versions did not say.
  if (!task.genotype().empty()) metadata["genotype"] = task.genotype();
  if (!task.network_key().empty()) metadata["network_key"] = task.network_key();
  return metadata;
}

}  // namespace nascent::worker
