// How a process that trains on the CPU is set up before LibTorch is first used.

#ifndef NASCENT_WORKER_TORCH_PROCESS_SETUP_H_
#define NASCENT_WORKER_TORCH_PROCESS_SETUP_H_

#include <string>
#include <utility>
#include <vector>

namespace nascent::worker {

// Environment variables, with values, that LibTorch and the C library read before main.
std::vector<std::pair<std::string, std::string>> TrainingEnvironment();

// First line of main: settings that LibTorch and the C library read before it, so the program
// starts itself again with them, once. What the user has set stays.
void RestartWithTrainingEnvironment(char** argv);

// Tensors of one step have the sizes of the next one's: freed memory is kept rather than given back
// to the kernel, which would clear each page again.
void KeepFreedMemory();

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_PROCESS_SETUP_H_
