#include "worker/torch/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nascent::worker {
namespace {

double CurveAt(const v1::Schedule& schedule, double epoch, double epochs) {
  switch (schedule.kind_case()) {
    case v1::Schedule::kCosine: {
      const double length = epochs - schedule.warmup_epochs();
      const double t =
          length > 0 ? std::clamp((epoch - schedule.warmup_epochs()) / length, 0.0, 1.0) : 1.0;
      const double low = schedule.cosine().final_factor();
      return low + (1 - low) * (1 + std::cos(std::numbers::pi * t)) / 2;
    }
    case v1::Schedule::kStep: {
      const v1::Step& step = schedule.step();
      const double every = step.has_every_epochs() ? step.every_epochs() : 30;
      return std::pow(step.has_factor() ? step.factor() : 0.1, std::floor(epoch / every));
    }
    case v1::Schedule::kConstant:
    case v1::Schedule::KIND_NOT_SET:
      return 1;
  }
  return 1;
}

}  // namespace

double ScheduleFactor(const v1::Schedule& schedule, int64_t step, int64_t steps_per_epoch,
                      int64_t epochs) {
  const double exact = static_cast<double>(step) / static_cast<double>(steps_per_epoch);
  const double warmup_steps = schedule.warmup_epochs() * static_cast<double>(steps_per_epoch);
  const double done = static_cast<double>(step) + 1;
  if (done < warmup_steps) {
    return CurveAt(schedule, schedule.warmup_epochs(), static_cast<double>(epochs)) * done /
           warmup_steps;
  }
  return CurveAt(schedule, schedule.by_step() ? exact : std::floor(exact),
                 static_cast<double>(epochs));
}

}  // namespace nascent::worker
