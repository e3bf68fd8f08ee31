// nascent-evaluator: the training process of one slot. The worker starts it, see
// worker/evaluate/child_loop.h for its flags.

#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "worker/evaluate/child_loop.h"
#include "worker/torch/torch_evaluator.h"

namespace {

// Settings that LibTorch and the C library read before main: the program starts itself again with
// them. What the user has set stays.
void SetEnvironment(char** argv) {
  if (std::getenv("NASCENT_EVALUATOR_STARTED") != nullptr) return;
  setenv("NASCENT_EVALUATOR_STARTED", "1", 1);
  // Huge pages for tensors: fewer page faults and misses.
  setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1", 0);
  setenv("THP_MEM_ALLOC_ENABLE", "1", 0);
  // Every new network brings new shapes; oneDNN keeps code for each in a cache of this many.
  setenv("LRU_CACHE_CAPACITY", "512", 0);
  setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "512", 0);
  // Needed by cuBLAS where results must repeat bit by bit.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  execv("/proc/self/exe", argv);  // Where that fails the defaults do, more slowly.
}

// Tensors of one step have the sizes of the next one's: memory is kept rather than given back to
// the kernel, which would clear each page again.
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
  mallopt(M_TOP_PAD, 16 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  SetEnvironment(argv);
  KeepFreedMemory();
  return nascent::worker::EvaluatorMain(argc, argv, nascent::worker::DescribeTorchEvaluator, [] {
    return std::make_unique<nascent::worker::TorchEvaluator>();
  });
}
