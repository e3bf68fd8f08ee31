#include "common/space/language/known.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/space/language/constants.h"
#include "common/status_macros.h"

namespace nascent::space {
namespace {

using Kind = DocumentNode::Kind;

// The labels and values of a genotype that the template writes as a map.
std::string JsonOf(const DocumentNode& map) {
  std::string text = "{";
  for (const DocumentNode::Entry& entry : map.entries) {
    absl::StrAppend(&text, text.size() > 1 ? ", " : "", "\"", entry.key, "\": \"",
                    entry.value->text, "\"");
  }
  return text + "}";
}

// Constants by name.
absl::Status ReadSet(ValueReader& e, const DocumentNode& set,
                     const std::vector<ConstantInfo>& constants, Constants& values) {
  if (set.kind != Kind::kMap) {
    return e.Error(set, "set: constants by name are needed");
  }
  for (const DocumentNode::Entry& constant : set.entries) {
    NASCENT_ASSIGN_OR_RETURN(ExprValue value, e.SettledValue(*constant.value, e.RootPlace()));
    const std::optional<Constant> fitting = ToConstant(value);
    if (!fitting) return e.Error(*constant.value, "this is no constant's value");
    if (std::none_of(constants.begin(), constants.end(),
                     [&](const ConstantInfo& own) { return own.name == constant.key; })) {
      return e.Error(constant.line,
                     absl::StrCat("set: no constant is called \"", constant.key, "\""));
    }
    values[constant.key] = *fitting;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<KnownArchitecture>> ReadKnown(
    ValueReader& e, const DocumentNode* section, const std::vector<ConstantInfo>& constants) {
  std::vector<KnownArchitecture> all;
  const ValueReader::Trail trail(e, "known");
  for (size_t i = 0; section != nullptr && i < section->entries.size(); ++i) {
    const DocumentNode::Entry& entry = section->entries[i];
    const ValueReader::Trail name_trail(e, entry.key);
    if (entry.value->kind != Kind::kMap) {
      return e.Error(*entry.value, "a known architecture is {genotype: …, set: …, source: …}");
    }
    KnownArchitecture known{.name = entry.key, .notation = "", .set = {}, .source = ""};
    for (const DocumentNode::Entry& field : entry.value->entries) {
      if (field.key == "genotype") {
        known.notation = field.value->kind == Kind::kMap ? JsonOf(*field.value) : field.value->text;
      } else if (field.key == "source") {
        NASCENT_ASSIGN_OR_RETURN(known.source, e.PlainText(*field.value));
      } else if (field.key == "set") {
        NASCENT_RETURN_IF_ERROR(ReadSet(e, *field.value, constants, known.set));
      } else {
        return e.Error(field.line, absl::StrCat("found \"", field.key,
                                                "\", allowed are "
                                                "genotype, set, source"));
      }
    }
    if (known.notation.empty()) return e.Error(entry.line, "genotype is missing");
    all.push_back(std::move(known));
  }
  return all;
}

}  // namespace nascent::space
