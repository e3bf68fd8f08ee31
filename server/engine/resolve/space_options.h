// From the messages of a search to the options of its space.

#ifndef NASCENT_SERVER_ENGINE_RESOLVE_SPACE_OPTIONS_H_
#define NASCENT_SERVER_ENGINE_RESOLVE_SPACE_OPTIONS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/space/space.h"
#include "google/protobuf/struct.pb.h"
#include "nascent/v1/search.pb.h"
#include "nascent/v1/space.pb.h"
#include "nascent/v1/trial.pb.h"

namespace nascent::engine {

// A number, flag, text or list of whole numbers. INVALID_ARGUMENT that starts with `path`.
absl::StatusOr<space::Constant> ToConstant(const google::protobuf::Value& value,
                                           const std::string& path);

// The space of `spec` (resolved but for what follows from the space) for inputs [C, H, W] as in
// `input`, with the constants and the resolution of `fidelity`, where the networks' output keeps
// `output`. Equal ones are one object. INVALID_ARGUMENT with the field path. Whether the recipe can
// hold what is decided of it is not looked at.
absl::StatusOr<std::shared_ptr<const space::Space>> MakeSpace(const v1::SearchSpec& spec,
                                                              const v1::Shape& input,
                                                              int64_t classes,
                                                              const v1::Fidelity& fidelity,
                                                              space::OutputRule output);

}  // namespace nascent::engine

#endif  // NASCENT_SERVER_ENGINE_RESOLVE_SPACE_OPTIONS_H_
