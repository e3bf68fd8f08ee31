// The PyTorch source of every operation and of random networks of every preset, run by PyTorch,
// gives what the worker's module gives with the same weights.

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/network/live.h"
#include "common/pytorch/source.h"
#include "common/random.h"
#include "common/space/sampler.h"
#include "common/space/testing/small_presets.h"
#include "worker/torch/network_module.h"
#include "worker/torch/tensor_file.h"
#include "worker/torch/testing/operation_cases.h"

namespace nascent {
namespace {

constexpr uint64_t kNetworks = 30;  // of each preset

class PyTorchSource : public ::testing::TestWithParam<std::string> {};

// Writes model.py and the tensors of a network, with statistics of batch norms that are not those
// of the start.
void WriteCase(const network::Network& live, const std::filesystem::path& folder) {
  auto module = worker::NetworkModule::Create(live, 1, at::kCPU);
  ASSERT_TRUE(module.ok()) << module.status();
  at::manual_seed(5);
  std::vector<int64_t> shape = {2};
  for (const int64_t size : live.nodes.front().shape) shape.push_back(size);
  const at::Tensor x = at::randn(shape);
  RandomStream random(1, 1);
  const at::NoGradGuard no_grad;
  (*module)->Forward(x, worker::Pass{.training = true, .random = &random});
  const at::Tensor y = (*module)->Forward(x, worker::Pass()).front();

  const auto source = pytorch::ToPyTorch(live);
  ASSERT_TRUE(source.ok()) << source.status();
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "model.py") << source->text;
  worker::TensorFile file;
  for (const auto* list : {&(*module)->parameters().named(), &(*module)->buffers()}) {
    for (const worker::NamedTensor& named : *list) {
      ASSERT_TRUE(source->tensor_names.contains(named.name)) << named.name;
      file.tensors.push_back({source->tensor_names.at(named.name), named.tensor});
    }
  }
  file.tensors.push_back({"input", x});
  file.tensors.push_back({"output", y});
  const absl::Status written = worker::WriteTensors(folder / "tensors.safetensors", file);
  ASSERT_TRUE(written.ok()) << written;
}

std::filesystem::path NewFolder() {
  std::string pattern = ::testing::TempDir() + "/nascent-source-XXXXXX";
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  return pattern;
}

// Of the cases in it, which it removes.
void Compare(const std::filesystem::path& folder) {
  const std::string command =
      absl::StrCat("OMP_NUM_THREADS=1 ", NASCENT_PYTHON_WITH_TORCH, " ", NASCENT_SOURCE_DIR,
                   "/tests/compare_with_pytorch.py ", folder.string());
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing else runs here
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::filesystem::remove_all(folder);
}

TEST(PyTorchSourceOfOperations, EachGivesTheWorkersOutputs) {
  const std::filesystem::path folder = NewFolder();
  int number = 0;
  for (const worker::OperationCase& c : worker::OperationCases()) {
    SCOPED_TRACE(c.operation);
    WriteCase(worker::NetworkOf(c), folder / absl::StrCat(++number, "_", c.operation));
    if (HasFatalFailure()) return;
  }
  Compare(folder);
}

TEST_P(PyTorchSource, ThirtyNetworksGiveTheWorkersOutputs) {
  const auto space = space::testing::SmallSpace(GetParam());
  ASSERT_NE(space, nullptr);
  const std::filesystem::path folder = NewFolder();
  for (uint64_t i = 0; i < kNetworks; ++i) {
    RandomStream random(4242, i);
    const auto genotype = space::Sample(*space, random);
    ASSERT_TRUE(genotype.ok()) << genotype.status();
    SCOPED_TRACE(space->Print(*genotype));
    const auto architecture = space->BuildArchitecture(*genotype);
    ASSERT_TRUE(architecture.ok()) << architecture.status();
    WriteCase(architecture->live, folder / absl::StrCat(i));
    if (HasFatalFailure()) return;
  }
  Compare(folder);
}

INSTANTIATE_TEST_SUITE_P(AllPresets, PyTorchSource,
                         ::testing::ValuesIn(space::testing::PresetNames()),
                         [](const auto& preset) {
                           std::string name = preset.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace nascent
