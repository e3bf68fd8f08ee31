// What the fake evaluator does with a task. The behaviour is named by the recipe's
// augmentation.cutout, which a search can also make a decision of its genotypes.

#ifndef NASCENT_WORKER_EVALUATE_TESTING_FAKE_BEHAVIOUR_H_
#define NASCENT_WORKER_EVALUATE_TESTING_FAKE_BEHAVIOUR_H_

namespace nascent::worker {

// It "trains" for recipe.epochs epochs of NASCENT_FAKE_EPOCH_MS milliseconds (default 0), with a
// measurement of validation_accuracy each, and writes weights. It stops when asked.
enum FakeBehaviour : int {
  kFakeSucceed = 0,
  kFakeSegfault = 1,        // after the first epoch
  kFakeHang = 2,            // after the first epoch, deaf to stop requests
  kFakeBadAlloc = 3,        // allocates until std::bad_alloc
  kFakeDiverge = 4,         // reports NaN after the first epoch, and goes on
  kFakeExit = 5,            // exits with status 3 after printing "about to exit"
  kFakeInvalid = 6,         // says INVALID
  kFakeThrow = 7,           // an exception leaves the evaluator
  kFakeForkAndHang = 8,     // starts a process that outlives a crash, writes its id to weights_path
  kFakeReadFile = 9,        // fails with INVALID where a file of the task is not as its hash says
  kFakeAbortBadAlloc = 10,  // dies by abort() with std::bad_alloc printed
  kFakeKillSelf = 11,       // SIGKILL, as the kernel does it
  kFakeKeepMemory = 12,     // keeps 64 MiB after the task
};

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_EVALUATE_TESTING_FAKE_BEHAVIOUR_H_
