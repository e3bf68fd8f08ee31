#include "worker/torch/process_setup.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdlib>

namespace nascent::worker {

std::vector<std::pair<std::string, std::string>> TrainingEnvironment() {
  return {
      // Huge pages for tensors: fewer page faults and misses.
      {"GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"},
      {"THP_MEM_ALLOC_ENABLE", "1"},
      // Every new network brings new shapes; oneDNN keeps code for each in a cache of this many.
      {"LRU_CACHE_CAPACITY", "512"},
      {"ONEDNN_PRIMITIVE_CACHE_CAPACITY", "512"},
      // Needed by cuBLAS where results must repeat bit by bit.
      {"CUBLAS_WORKSPACE_CONFIG", ":4096:8"},
  };
}

void RestartWithTrainingEnvironment(char** argv) {
  constexpr char kDone[] = "NASCENT_TRAINING_ENVIRONMENT";
  if (std::getenv(kDone) != nullptr) return;
  setenv(kDone, "1", 1);
  for (const auto& [name, value] : TrainingEnvironment()) setenv(name.c_str(), value.c_str(), 0);
  execv("/proc/self/exe", argv);  // Where that fails the defaults do, more slowly.
}

void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
  mallopt(M_TOP_PAD, 16 << 20);
}

}  // namespace nascent::worker
