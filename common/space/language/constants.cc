#include "common/space/language/constants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/spec/suggest.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

ExprValue FromConstant(const Constant& constant) {
  if (const auto* list = std::get_if<std::vector<int64_t>>(&constant)) {
    std::vector<ExprValue> values(list->begin(), list->end());
    return values;
  }
  if (const auto* whole = std::get_if<int64_t>(&constant)) return *whole;
  if (const auto* real = std::get_if<double>(&constant)) return *real;
  if (const auto* flag = std::get_if<bool>(&constant)) return *flag;
  return std::get<std::string>(constant);
}

const char* KindOf(const Constant& constant) {
  constexpr const char* kNames[] = {"a whole number", "a number", "true or false", "a text",
                                    "a list of whole numbers"};
  return kNames[constant.index()];
}

// The given value in the kind of the template's own; nothing where it does not fit.
std::optional<Constant> AsKindOf(const Constant& own, const Constant& given) {
  const ExprValue value = FromConstant(given);
  if (own.index() == given.index()) return given;
  if (std::holds_alternative<double>(own) && !std::holds_alternative<bool>(given)) {
    if (const std::optional<double> real = value.AsReal()) return *real;
  }
  if (std::holds_alternative<int64_t>(own) && std::holds_alternative<double>(given)) {
    if (const std::optional<int64_t> whole = value.AsInteger()) return *whole;
  }
  return std::nullopt;
}

absl::Status CheckConstantName(const ValueReader& e, const DocumentNode::Entry& entry) {
  absl::Status status = e.NameOf(WordAt(entry.line, entry.key), "the name of a constant").status();
  if (status.ok() && (entry.key == "classes" || entry.key == "in" || entry.key == "input")) {
    status = e.Error(entry.line, "no constant has this name, it has a meaning");
  }
  return status;
}

// A constant as the template writes it.
struct ConstantSpec {
  const DocumentNode* value = nullptr;
  std::optional<double> minimum, maximum;
  std::string description;
};

absl::StatusOr<ConstantSpec> ReadSpec(ValueReader& e, const DocumentNode::Entry& entry) {
  ConstantSpec constant{
      .value = entry.value.get(), .minimum = {}, .maximum = {}, .description = ""};
  if (entry.value->kind != DocumentNode::Kind::kMap) return constant;
  constant.value = nullptr;
  for (const DocumentNode::Entry& field : entry.value->entries) {
    if (field.key == "value") {
      constant.value = field.value.get();
    } else if (field.key == "description") {
      NASCENT_ASSIGN_OR_RETURN(constant.description, e.PlainText(*field.value));
    } else if (field.key == "minimum" || field.key == "maximum") {
      NASCENT_ASSIGN_OR_RETURN(ExprValue end, e.SettledValue(*field.value, e.RootPlace()));
      const std::optional<double> number = end.AsReal();
      if (!number) {
        return e.Error(*field.value,
                       absl::StrCat(field.key, ": found ", end.Text(), ", a number is needed"));
      }
      (field.key == "minimum" ? constant.minimum : constant.maximum) = number;
    } else {
      return e.Error(field.line, absl::StrCat("found \"", field.key,
                                              "\" in a constant, allowed "
                                              "are value, minimum, maximum, description"));
    }
  }
  if (constant.value == nullptr) return e.Error(entry.line, "value is missing");
  return constant;
}

absl::Status ReadConstant(ValueReader& e, const DocumentNode::Entry& entry, const Constants& set,
                          std::vector<ConstantInfo>& constants) {
  NASCENT_ASSIGN_OR_RETURN(ConstantSpec spec, ReadSpec(e, entry));
  absl::StatusOr<ExprValue> own = e.SettledValue(*spec.value, e.RootPlace());
  if (!own.ok()) return own.status();
  std::optional<Constant> constant = ToConstant(*own);
  if (!constant && own->AsList() == nullptr) {
    return e.Error(*spec.value, absl::StrCat("found ", own->Text(),
                                             ", a constant is a number, "
                                             "a text, true, false or a list"));
  }
  const auto given = set.find(entry.key);
  if (given != set.end()) {
    const std::string text = FromConstant(given->second).Text();
    const std::optional<Constant> fitting =
        constant ? AsKindOf(*constant, given->second) : std::nullopt;
    if (!fitting) {
      return absl::InvalidArgumentError(
          absl::StrCat("space.set.", entry.key, ": found ", text, ", allowed is ",
                       constant ? KindOf(*constant) : "nothing else than the template's own"));
    }
    constant = *fitting;
    own = FromConstant(*constant);
  }
  const std::optional<double> number = own->AsReal();
  if ((spec.minimum && (!number || *number < *spec.minimum)) ||
      (spec.maximum && (!number || *number > *spec.maximum))) {
    const std::string what = absl::StrCat("found ", own->Text(), ", allowed are numbers from ",
                                          spec.minimum ? OptionText(*spec.minimum) : "any", " to ",
                                          spec.maximum ? OptionText(*spec.maximum) : "any");
    return given == set.end()
               ? e.Error(*spec.value, what)
               : absl::InvalidArgumentError(absl::StrCat("space.set.", entry.key, ": ", what));
  }
  if (constant) constants.push_back({entry.key, *constant, spec.description});
  e.Define(entry.key, MakeLiteral(*std::move(own)));
  return absl::OkStatus();
}

}  // namespace

std::optional<Constant> ToConstant(const ExprValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value.v)) return *whole;
  if (const auto* real = std::get_if<double>(&value.v)) return *real;
  if (value.AsFlag() != nullptr) return *value.AsFlag();
  if (value.AsText() != nullptr) return *value.AsText();
  if (value.AsList() == nullptr) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const ExprValue& item : *value.AsList()) {
    const std::optional<int64_t> whole = item.AsInteger();
    if (!whole) return std::nullopt;
    numbers.push_back(*whole);
  }
  return numbers;
}

absl::StatusOr<std::vector<ConstantInfo>> ReadConstants(ValueReader& e, const DocumentNode* section,
                                                        const Constants& set) {
  const ValueReader::Trail trail(e, "constants");
  std::vector<ConstantInfo> constants;
  std::vector<std::string> names;
  for (size_t i = 0; section != nullptr && i < section->entries.size(); ++i) {
    const DocumentNode::Entry& entry = section->entries[i];
    const ValueReader::Trail name_trail(e, entry.key);
    absl::Status status = CheckConstantName(e, entry);
    if (status.ok()) status = ReadConstant(e, entry, set, constants);
    if (!status.ok()) return status;
    names.push_back(entry.key);
  }
  for (const auto& [name, value] : set) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat("space.set.", name, ": no such constant",
                                                   spec::DidYouMean(name, names), "; known are ",
                                                   absl::StrJoin(names, ", ")));
  }
  return constants;
}

}  // namespace nascent::space
