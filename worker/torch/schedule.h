// The learning rate over a training, as a factor of the optimizer's.

#ifndef NASCENT_WORKER_TORCH_SCHEDULE_H_
#define NASCENT_WORKER_TORCH_SCHEDULE_H_

#include <cstdint>

#include "nascent/v1/recipe.pb.h"

namespace nascent::worker {

// The factor of step `step` (from 0) in a training of `epochs` epochs with `steps_per_epoch` steps
// each. `epochs` are the full recipe's, whatever a fidelity shortens, so that a training that
// continues from a checkpoint goes on along the same curve.
//
// With t the epochs since the start (whole ones, or exact with `by_step`) and w the warm-up:
//   constant  1
//   cosine    f + (1 - f) * (1 + cos(pi * (t - w) / (epochs - w))) / 2   (Loshchilov & Hutter 2017)
//   step      factor ^ floor(t / every_epochs)
// During the warm-up, which always moves with each step, the factor is the one at its end times the
// share of its steps that are done, this one included: no step has a rate of zero.
double ScheduleFactor(const v1::Schedule& schedule, int64_t step, int64_t steps_per_epoch,
                      int64_t epochs);

}  // namespace nascent::worker

#endif  // NASCENT_WORKER_TORCH_SCHEDULE_H_
