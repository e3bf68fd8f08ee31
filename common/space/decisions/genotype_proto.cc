#include "common/space/decisions/genotype_proto.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

// JSON knows one kind of number: what is whole and exact becomes a whole number.
absl::StatusOr<OptionValue> OptionFromProto(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue: {
      const double number = value.number_value();
      if (number == std::floor(number) && std::abs(number) <= 9007199254740992) {
        return static_cast<int64_t>(number);
      }
      return number;
    }
    case google::protobuf::Value::kStringValue:
      return value.string_value();
    case google::protobuf::Value::kBoolValue:
      return value.bool_value();
    default:
      return absl::InvalidArgumentError("an option is neither number, string nor boolean");
  }
}

google::protobuf::Value OptionToProto(const OptionValue& option) {
  google::protobuf::Value value;
  if (const auto* text = std::get_if<std::string>(&option)) value.set_string_value(*text);
  if (const auto* flag = std::get_if<bool>(&option)) value.set_bool_value(*flag);
  if (const auto* real = std::get_if<double>(&option)) value.set_number_value(*real);
  if (const auto* whole = std::get_if<int64_t>(&option)) {
    value.set_number_value(static_cast<double>(*whole));
  }
  return value;
}

Domain RangeFromProto(Domain::Kind kind, bool log, const v1::Range& range) {
  return {.kind = kind,
          .options = {},
          .minimum = range.minimum(),
          .maximum = range.maximum(),
          .log = log};
}

// The number in whichever field the domain wants; a message from JSON may use another one.
Value ValueFromProto(const Domain& domain, const v1::DecisionValue& message) {
  switch (message.value_case()) {
    case v1::DecisionValue::kOption:
      return domain.IsList() ? Value(message.option()) : Value();
    case v1::DecisionValue::kInteger:
      if (domain.kind == Domain::Kind::kReal) return static_cast<double>(message.integer());
      return domain.IsList() ? Value() : Value(message.integer());
    case v1::DecisionValue::kReal:
      return domain.kind == Domain::Kind::kReal ? Value(message.real()) : Value();
    default:
      return {};
  }
}

}  // namespace

v1::Genotype ToProto(const DecisionSpace& space, const Genotype& genotype) {
  v1::Genotype message;
  for (int i = 0; i < space.size(); ++i) {
    const Value& value = genotype.values[i];
    if (std::holds_alternative<std::monostate>(value)) continue;
    const Decision& decision = space.decisions()[i];
    v1::DecisionValue* out = message.add_values();
    out->set_label(decision.label);
    if (const auto* real = std::get_if<double>(&value)) {
      out->set_real(*real);
    } else if (decision.domain.IsList()) {
      out->set_option(std::get<int64_t>(value));
    } else {
      out->set_integer(std::get<int64_t>(value));
    }
  }
  return message;
}

absl::StatusOr<Genotype> FromProto(const DecisionSpace& space, const v1::Genotype& message) {
  Genotype genotype;
  genotype.values.resize(space.size());
  for (const v1::DecisionValue& entry : message.values()) {
    const std::optional<int> decision = space.Find(entry.label());
    if (!decision) {
      return absl::InvalidArgumentError(absl::StrCat(entry.label(), ": no such decision"));
    }
    Value& value = genotype.values[*decision];
    if (!std::holds_alternative<std::monostate>(value)) {
      return absl::InvalidArgumentError(absl::StrCat(entry.label(), ": given twice"));
    }
    value = ValueFromProto(space.decisions()[*decision].domain, entry);
    if (std::holds_alternative<std::monostate>(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat(entry.label(), ": value is missing or not of the decision's kind"));
    }
  }
  NASCENT_RETURN_IF_ERROR(space.Validate(genotype));
  return genotype;
}

v1::Domain ToProto(const Domain& domain) {
  v1::Domain message;
  if (domain.IsList()) {
    google::protobuf::ListValue* list = domain.kind == Domain::Kind::kOrdered
                                            ? message.mutable_ordered()
                                            : message.mutable_choice();
    for (const OptionValue& option : domain.options) *list->add_values() = OptionToProto(option);
    return message;
  }
  v1::Range* range = domain.kind == Domain::Kind::kReal
                         ? (domain.log ? message.mutable_log_uniform() : message.mutable_uniform())
                         : (domain.log ? message.mutable_log_integer() : message.mutable_integer());
  range->set_minimum(domain.minimum);
  range->set_maximum(domain.maximum);
  return message;
}

absl::StatusOr<Domain> FromProto(const v1::Domain& message) {
  Domain domain;
  const google::protobuf::ListValue* list = nullptr;
  switch (message.kind_case()) {
    case v1::Domain::kChoice:
      list = &message.choice();
      break;
    case v1::Domain::kOrdered:
      domain.kind = Domain::Kind::kOrdered;
      list = &message.ordered();
      break;
    case v1::Domain::kInteger:
      domain = RangeFromProto(Domain::Kind::kInteger, false, message.integer());
      break;
    case v1::Domain::kLogInteger:
      domain = RangeFromProto(Domain::Kind::kInteger, true, message.log_integer());
      break;
    case v1::Domain::kUniform:
      domain = RangeFromProto(Domain::Kind::kReal, false, message.uniform());
      break;
    case v1::Domain::kLogUniform:
      domain = RangeFromProto(Domain::Kind::kReal, true, message.log_uniform());
      break;
    default:
      return absl::InvalidArgumentError(
          "no domain; give one of choice, ordered, integer, log_integer, uniform, log_uniform");
  }
  if (list != nullptr) {
    for (const google::protobuf::Value& value : list->values()) {
      NASCENT_ASSIGN_OR_RETURN(OptionValue option, OptionFromProto(value));
      domain.options.push_back(std::move(option));
    }
  }
  NASCENT_RETURN_IF_ERROR(ValidateDomain(domain));
  return domain;
}

}  // namespace nascent::space
