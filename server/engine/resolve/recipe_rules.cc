#include "server/engine/resolve/recipe_rules.h"

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "server/engine/resolve/field_error.h"

namespace nascent::engine {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Notes the first field that is out of range.
class Check {
 public:
  explicit Check(std::string_view path) : path_(path) {}

  // Written so that NaN fails.
  void Range(double value, double low, double high, std::string_view field,
             std::string_view allowed) {
    if (status_.ok() && !(value >= low && value <= high)) {
      status_ = FieldError(absl::StrCat(path_, ".", std::string(field)), value, allowed);
    }
  }
  // (low, high].
  void Above(double value, double low, double high, std::string_view field,
             std::string_view allowed) {
    Range(value, std::nextafter(low, high), high, field, allowed);
  }
  // [low, high).
  void Below(double value, double low, double high, std::string_view field,
             std::string_view allowed) {
    Range(value, low, std::nextafter(high, low), field, allowed);
  }
  void Add(absl::Status status) { status_.Update(status); }
  const absl::Status& status() const { return status_; }

 private:
  const std::string path_;
  absl::Status status_;
};

void ResolveSgd(v1::Sgd& sgd, Check& check) {
  if (!sgd.has_learning_rate()) sgd.set_learning_rate(0.1);
  if (!sgd.has_momentum()) sgd.set_momentum(0.9);
  if (!sgd.has_nesterov()) sgd.set_nesterov(sgd.momentum() > 0);
  if (!sgd.has_weight_decay()) sgd.set_weight_decay(5e-4);
  check.Above(sgd.learning_rate(), 0, 100, "optimizer.sgd.learning_rate", "(0, 100]");
  check.Below(sgd.momentum(), 0, 1, "optimizer.sgd.momentum", "[0, 1)");
  check.Range(sgd.weight_decay(), 0, 1, "optimizer.sgd.weight_decay", "[0, 1]");
}

void ResolveAdam(v1::Adam& adam, const std::string& name, double weight_decay, Check& check) {
  if (!adam.has_learning_rate()) adam.set_learning_rate(1e-3);
  if (!adam.has_beta1()) adam.set_beta1(0.9);
  if (!adam.has_beta2()) adam.set_beta2(0.999);
  if (!adam.has_epsilon()) adam.set_epsilon(1e-8);
  if (!adam.has_weight_decay()) adam.set_weight_decay(weight_decay);
  const std::string prefix = absl::StrCat("optimizer.", name, ".");
  check.Above(adam.learning_rate(), 0, 100, prefix + "learning_rate", "(0, 100]");
  check.Below(adam.beta1(), 0, 1, prefix + "beta1", "[0, 1)");
  check.Below(adam.beta2(), 0, 1, prefix + "beta2", "[0, 1)");
  check.Above(adam.epsilon(), 0, 1, prefix + "epsilon", "(0, 1]");
  check.Range(adam.weight_decay(), 0, 1, prefix + "weight_decay", "[0, 1]");
}

void ResolveRmsProp(v1::RmsProp& rms, Check& check) {
  if (!rms.has_learning_rate()) rms.set_learning_rate(0.01);
  if (!rms.has_momentum()) rms.set_momentum(0.9);
  if (!rms.has_decay()) rms.set_decay(0.9);
  if (!rms.has_epsilon()) rms.set_epsilon(1e-8);
  if (!rms.has_weight_decay()) rms.set_weight_decay(0);
  check.Above(rms.learning_rate(), 0, 100, "optimizer.rmsprop.learning_rate", "(0, 100]");
  check.Below(rms.momentum(), 0, 1, "optimizer.rmsprop.momentum", "[0, 1)");
  check.Below(rms.decay(), 0, 1, "optimizer.rmsprop.decay", "[0, 1)");
  check.Above(rms.epsilon(), 0, 10, "optimizer.rmsprop.epsilon", "(0, 10]");
  check.Range(rms.weight_decay(), 0, 1, "optimizer.rmsprop.weight_decay", "[0, 1]");
}

void ResolveOptimizer(v1::Optimizer& optimizer, Check& check) {
  switch (optimizer.kind_case()) {
    case v1::Optimizer::KIND_NOT_SET:
    case v1::Optimizer::kSgd:
      return ResolveSgd(*optimizer.mutable_sgd(), check);
    case v1::Optimizer::kAdam:
      return ResolveAdam(*optimizer.mutable_adam(), "adam", 0, check);
    case v1::Optimizer::kAdamw:
      return ResolveAdam(*optimizer.mutable_adamw(), "adamw", 0.01, check);
    case v1::Optimizer::kRmsprop:
      return ResolveRmsProp(*optimizer.mutable_rmsprop(), check);
  }
}

void ResolveSchedule(v1::Schedule& schedule, int epochs, Check& check) {
  if (schedule.kind_case() == v1::Schedule::KIND_NOT_SET) schedule.mutable_constant();
  if (schedule.has_cosine()) {
    check.Range(schedule.cosine().final_factor(), 0, 1, "schedule.cosine.final_factor", "[0, 1]");
  }
  if (schedule.has_step()) {
    v1::Step& step = *schedule.mutable_step();
    if (!step.has_every_epochs()) step.set_every_epochs(30);
    if (!step.has_factor()) step.set_factor(0.1);
    check.Range(step.every_epochs(), 1, std::numeric_limits<int>::max(),
                "schedule.step.every_epochs", "at least 1");
    check.Above(step.factor(), 0, 1, "schedule.step.factor", "(0, 1]");
  }
  check.Range(schedule.warmup_epochs(), 0, epochs, "schedule.warmup_epochs",
              absl::StrCat("[0, epochs], epochs is ", epochs));
}

absl::Status WrongType(std::string_view path, std::string_view type) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(path), ": this field takes ", std::string(type)));
}

// The number that an option is, where it is one.
template <typename T>
absl::StatusOr<T> Number(const space::OptionValue& value, std::string_view path) {
  double number = 0;
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    number = static_cast<double>(*integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    number = *real;
  } else {
    return WrongType(path, "a number");
  }
  if constexpr (std::is_integral_v<T>) {
    if (number != std::floor(number) ||
        number < static_cast<double>(std::numeric_limits<T>::min()) ||
        number > static_cast<double>(std::numeric_limits<T>::max())) {
      return WrongType(path, "a whole number");
    }
  }
  return static_cast<T>(number);
}

absl::Status SetEnum(Message& message, const FieldDescriptor& field, std::string_view path,
                     const space::OptionValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return WrongType(path, "a name");
  std::string allowed;
  for (int i = 0; i < field.enum_type()->value_count(); ++i) {
    const auto* candidate = field.enum_type()->value(i);
    // PRECISION_FLOAT32 is written float32 in a search file.
    std::string name = candidate->name();
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    const size_t cut = name.find('_');
    const std::string word = cut == std::string::npos ? name : name.substr(cut + 1);
    if (*text == word || *text == candidate->name()) {
      message.GetReflection()->SetEnum(&message, &field, candidate);
      return absl::OkStatus();
    }
    absl::StrAppend(&allowed, allowed.empty() ? "" : ", ", word);
  }
  return FieldError(path, *text, allowed);
}

absl::Status SetScalar(Message& message, const FieldDescriptor& field, std::string_view path,
                       const space::OptionValue& value) {
  const auto& reflection = *message.GetReflection();
  const auto set = [&](auto number, auto setter) -> absl::Status {
    if (!number.ok()) return number.status();
    (reflection.*setter)(&message, &field, *number);
    return absl::OkStatus();
  };
  using Reflection = google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return set(Number<int32_t>(value, path), &Reflection::SetInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return set(Number<int64_t>(value, path), &Reflection::SetInt64);
    case FieldDescriptor::CPPTYPE_UINT64:
      return set(Number<uint64_t>(value, path), &Reflection::SetUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return set(Number<double>(value, path), &Reflection::SetDouble);
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(message, field, path, value);
    case FieldDescriptor::CPPTYPE_BOOL: {
      const auto* flag = std::get_if<bool>(&value);
      if (flag == nullptr) return WrongType(path, "true or false");
      reflection.SetBool(&message, &field, *flag);
      return absl::OkStatus();
    }
    default:
      return WrongType(path, "no value in a search");
  }
}

}  // namespace

absl::StatusOr<v1::Recipe> ResolveRecipe(v1::Recipe recipe, std::string_view path) {
  Check check(path);
  if (recipe.epochs() == 0) recipe.set_epochs(1);
  if (recipe.batch() == 0) recipe.set_batch(128);
  check.Range(recipe.epochs(), 1, 100000, "epochs", "[1, 100000]");
  check.Range(recipe.batch(), 1, 65536, "batch", "[1, 65536]");
  ResolveOptimizer(*recipe.mutable_optimizer(), check);
  ResolveSchedule(*recipe.mutable_schedule(), recipe.epochs(), check);
  const v1::Augmentation& augmentation = *recipe.mutable_augmentation();
  check.Range(augmentation.crop_padding(), 0, 64, "augmentation.crop_padding", "[0, 64]");
  check.Range(augmentation.cutout(), 0, 4096, "augmentation.cutout", "[0, 4096]");
  check.Below(recipe.label_smoothing(), 0, 1, "label_smoothing", "[0, 1)");
  check.Range(recipe.gradient_clip(), 0, std::numeric_limits<double>::max(), "gradient_clip",
              "at least 0");
  check.Below(recipe.drop_path(), 0, 1, "drop_path", "[0, 1)");
  check.Range(recipe.auxiliary_weight(), 0, 10, "auxiliary_weight", "[0, 10]");
  check.Range(recipe.resolution(), 0, 4096, "resolution", "[0, 4096]");
  if (!v1::Precision_IsValid(recipe.precision())) {
    check.Add(FieldError(absl::StrCat(std::string(path), ".precision"), recipe.precision(),
                         "auto, float32, bfloat16"));
  }
  if (!v1::Loss_IsValid(recipe.loss())) {
    check.Add(FieldError(absl::StrCat(std::string(path), ".loss"), recipe.loss(),
                         "cross_entropy, pixel_cross_entropy"));
  }
  if (!check.status().ok()) return check.status();
  return recipe;
}

absl::Status SetRecipeField(v1::Recipe& recipe, std::string_view path,
                            const space::OptionValue& value) {
  const std::vector<std::string> names =
      absl::StrSplit(absl::string_view(path.data(), path.size()), '.');
  if (names.size() < 2 || names[0] != "recipe") {
    return FieldError(path, "another start", "a path that starts with \"recipe.\"");
  }
  Message* message = &recipe;
  for (size_t i = 1; i < names.size(); ++i) {
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(names[i]);
    if (field == nullptr || field->is_repeated()) {
      return absl::InvalidArgumentError(
          absl::StrCat(std::string(path), ": the recipe has no field \"", names[i], "\" here"));
    }
    const bool last = i + 1 == names.size();
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (last == is_message) {
      return absl::InvalidArgumentError(absl::StrCat(
          std::string(path), ": ", names[i],
          is_message ? " holds fields of its own; name one of them" : " holds no further fields"));
    }
    if (last) return SetScalar(*message, *field, path, value);
    if (const auto* oneof = field->containing_oneof(); oneof != nullptr) {
      const auto* present = message->GetReflection()->GetOneofFieldDescriptor(*message, oneof);
      if (present != nullptr && present != field) {
        return absl::InvalidArgumentError(absl::StrCat(std::string(path), ": the recipe has ",
                                                       present->name(), ", not ", field->name()));
      }
    }
    message = message->GetReflection()->MutableMessage(message, field);
  }
  return absl::OkStatus();
}

}  // namespace nascent::engine
